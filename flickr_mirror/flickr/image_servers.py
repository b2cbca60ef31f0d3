"""Flickr's image servers: which hosts are allowed, redirects between them, and what each refusal means."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import anyio
import httpx

from flickr_mirror.errors import ImageGoneError
from flickr_mirror.flickr import transports
from flickr_mirror.flickr.network_errors import failure
from flickr_mirror.flickr.outage import OutageMonitor
from flickr_mirror.flickr.responses import (
    FAILURES,
    USER_AGENT,
    check_encoding,
    check_status,
    minimum_speed,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from flickr_mirror.models.timing import Timing

IMAGE_SERVER = httpx.URL("https://live.staticflickr.com")
MAX_REDIRECTS = 3
REFUSALS = (401, 403, 404, 410)
"""With one of these statuses a server refuses to serve a file."""
_IMAGE_HOSTS = (".staticflickr.com", ".static.flickr.com", ".flickr.com")
_LOGIN_HOST = re.compile(r"(identity|login|signin|auth)\.", re.IGNORECASE)
_LOGIN_PATH = re.compile(r"/(sign-?in|log-?in)(/|$)", re.IGNORECASE)
_HEADERS = httpx.Headers({"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"})


class ImageServers:
    """The image servers: Flickr's, and the server of the API if that is not Flickr's.

    They are used without httpx's client, whose cookies, logins and history would take half of the time of an image.
    """

    def __init__(
        self,
        api_url: httpx.URL,
        timeout: httpx.Timeout,
        timing: Timing,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.outage = OutageMonitor("images", timing)
        self.bytes_received = 0
        """Bytes of images and videos, including incomplete ones."""
        self._stall_time = timing.stall_time
        self._api_url = api_url
        self._extensions = {"timeout": timeout.as_dict()}
        self._flickr = transport or transports.image_transport(IMAGE_SERVER)
        # a custom endpoint may serve images too, and may need no proxy where Flickr does
        self._custom = transport or transports.image_transport(api_url)

    @asynccontextmanager
    async def stream(self, url: str) -> AsyncIterator[tuple[httpx.Response, Callable[[int], None]]]:
        """Open the file at `url`, following redirects between allowed hosts.

        Yields the response, and a function to call with the count of each arrival of bytes, so that a transfer that
        is too slow is given up. Raises `ImageGoneError` for 401, 403, 404 and 410, for a redirect to a login (as
        401), and for an address or a redirect to another host (a placeholder), `ThrottledError` for 429,
        `TransportError` for everything else that is not a file.
        """
        with self.outage.asking() as alive:
            async with self._stream(url) as (response, record):

                def received(count: int) -> None:
                    record(count)
                    alive()
                    self.bytes_received += count

                yield response, received

    @asynccontextmanager
    async def _stream(self, url: str) -> AsyncIterator[tuple[httpx.Response, Callable[[int], None]]]:
        address: httpx.URL | str = url
        for _ in range(MAX_REDIRECTS + 1):
            target = self._check_host(address)
            try:
                with minimum_speed(self._stall_time) as record:  # headers can arrive slowly too
                    response = await self._open(target)
                    try:
                        if not response.has_redirect_location:
                            _check_served(response)
                            check_encoding(response)
                            yield response, record
                            return
                        address = _redirect_target(target, response)
                    finally:
                        with anyio.move_on_after(1, shield=True):
                            await response.aclose()
            except FAILURES as error:
                raise failure(target.host, error) from error
        raise ImageGoneError(f"{target.host} redirects more than {MAX_REDIRECTS} times.", 302)

    async def _open(self, url: httpx.URL) -> httpx.Response:
        request = httpx.Request("GET", url, headers=_HEADERS, extensions=self._extensions)
        response = await self.transport_for(url).handle_async_request(request)
        response.request = request
        return response

    def transport_for(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """Return the transport that fetches the image at `url`."""
        return self._custom if url.host == self._api_url.host else self._flickr

    def _check_host(self, address: httpx.URL | str) -> httpx.URL:
        try:
            url = httpx.URL(address)
            url.host.encode("idna")
        except (httpx.InvalidURL, UnicodeError):
            raise ImageGoneError("The address of the image is invalid.", 400) from None
        is_custom = url.scheme == self._api_url.scheme and url.netloc == self._api_url.netloc
        is_flickr = url.scheme == "https" and url.port is None and f".{url.host}".endswith(_IMAGE_HOSTS)
        if url.userinfo or not (is_custom or is_flickr):
            raise ImageGoneError(f"The address leads to {url.host!r}, not to an image server of Flickr.", 302)
        return url

    async def aclose(self) -> None:
        """Close the connections."""
        await self._flickr.aclose()
        if self._custom is not self._flickr:
            await self._custom.aclose()


def _redirect_target(source: httpx.URL, response: httpx.Response) -> httpx.URL:
    try:
        address = httpx.URL(urljoin(str(source), response.headers["Location"]))
    except (ValueError, httpx.InvalidURL):
        raise ImageGoneError(f"{source.host} redirects to an invalid address.", 302) from None
    if _LOGIN_HOST.match(address.host) or _LOGIN_PATH.match(address.path):
        raise ImageGoneError(f"{source.host} asks for a login for this image.", 401)
    return address


def _check_served(response: httpx.Response) -> None:
    host, status = response.url.host, response.status_code
    if status in REFUSALS:
        raise ImageGoneError(f"{host} answers HTTP {status} for this image.", status)
    check_status(response, host)
