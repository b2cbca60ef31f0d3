"""The connections to Flickr and to a monitor: TLS, the environment's proxies, and the API key, added here alone."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from flickr_mirror.errors import TransportError
from flickr_mirror.flickr.proxies import EnvironmentProxy, ProxiedTransport, proxy_for
from flickr_mirror.flickr.redaction import Redactor
from flickr_mirror.flickr.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from httpx_aiohttp.transport import AiohttpResponseStream


READ_AHEAD = 512 * 1024
"""So many bytes of an image may wait for their reader, who takes them at once: with less, most images would stop
their connection, and each piece costs a turn of the whole chain."""


def _open_session() -> aiohttp.ClientSession:
    # how many connections there are is the business of the worker pool and the brake
    connector = aiohttp.TCPConnector(ssl=tls_context(), limit=0, keepalive_timeout=30)
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=READ_AHEAD
    )


def _with_password_in_header(proxy: httpx.Proxy) -> httpx.Proxy:
    # aiohttp would have it in the address, and show that in its errors
    if proxy.auth is None:
        return proxy
    return httpx.Proxy(proxy.url, headers={"Proxy-Authorization": f"Basic {_basic(*proxy.auth)}"})


def _http_transport(proxy: EnvironmentProxy | None, retries: int = 0) -> httpx.AsyncBaseTransport:
    transport = httpx.AsyncHTTPTransport(
        verify=tls_context(), proxy=proxy.address if proxy else None, retries=retries
    )
    return ProxiedTransport(transport, proxy) if proxy else transport


def _basic(name: str, password: str) -> str:
    """Return what a login is sent as."""
    return base64.b64encode(f"{name}:{password}".encode()).decode()


def api_transport(
    api_key: str, url: httpx.URL, inner: httpx.AsyncBaseTransport | None = None
) -> KeyedTransport:
    """Return what sends requests to the API at `url`, with its key, through `inner` where that is given.

    Raises `TransportError` for a bad proxy.
    """
    proxy = None if inner else proxy_for(url)
    logins = [(url.username, url.password), (proxy and proxy.address.auth) or ("", "")]
    secrets = [secret for login in logins if login[1] for secret in (login[1], _basic(*login))]
    return KeyedTransport(inner or _http_transport(proxy), api_key, *secrets)


def image_transport(url: httpx.URL) -> httpx.AsyncBaseTransport:
    """Return what fetches images from the server at `url`; a proxy that cannot be used is told by each request."""
    try:
        proxy = proxy_for(url)
    except TransportError as error:
        return UnavailableTransport(error)
    address = _with_password_in_header(proxy.address) if proxy else None
    transport = _ImageTransport(client=_open_session, verify=tls_context(), proxy=address)
    return ProxiedTransport(transport, proxy) if proxy else transport


def ping_transport(url: httpx.URL) -> httpx.AsyncBaseTransport:
    """Return what sends a ping to `url`. Raises `TransportError` for a bad proxy."""
    return _http_transport(proxy_for(url), retries=1)


class _ImageTransport(AiohttpTransport):
    """Gives out what has come of an image at once, where its parent makes pieces of 16 kB."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        cast("AiohttpResponseStream", response.stream).CHUNK_SIZE = READ_AHEAD
        return response


class UnavailableTransport(httpx.AsyncBaseTransport):
    """Tells why a server cannot be reached, when somebody tries."""

    def __init__(self, error: TransportError) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error


class KeyedTransport(httpx.AsyncBaseTransport):
    """Adds the API key to each request just before it is sent, and takes it out of what comes back.

    Errors, headers and the reason phrase of an answer are free of it, and of `secrets`, the logins that are sent
    too. A body may be packed, so `redact` is for whoever has unpacked it.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, api_key: str, *secrets: str) -> None:
        self._api_key = api_key
        self._inner = inner
        self.redact = Redactor(api_key, *secrets)
        self.redact.guard_logs()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        keyed = httpx.Request(
            request.method,
            request.url.copy_merge_params({"api_key": self._api_key}),
            headers=request.headers,
            extensions=request.extensions,
        )
        with self.redact.errors():
            response = await self._inner.handle_async_request(keyed)
        response.headers = httpx.Headers(
            [(name, bytes(self.redact.data(value))) for name, value in response.headers.raw]
        )
        if phrase := response.extensions.get("reason_phrase"):
            response.extensions["reason_phrase"] = bytes(self.redact.data(phrase))
        response.stream = _Body(cast("httpx.AsyncByteStream", response.stream), self.redact)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an answer, whose errors are free of secrets."""

    def __init__(self, stream: httpx.AsyncByteStream, redact: Redactor) -> None:
        self._stream = stream
        self._redact = redact

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._redact.errors():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
