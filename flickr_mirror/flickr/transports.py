"""Create the connections to Flickr and to a monitor, with TLS, proxies and the API key, which only this module adds."""

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
"""The buffer of an image's connection, in bytes. With less, most images would fill it and pause their connection,
and each further piece costs another pass of the event loop."""


def _open_session() -> aiohttp.ClientSession:
    # the download slots limit the number of connections
    connector = aiohttp.TCPConnector(ssl=tls_context(), limit=0, keepalive_timeout=30)
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=READ_AHEAD
    )


def _with_password_in_header(proxy: httpx.Proxy) -> httpx.Proxy:
    # aiohttp would put the password into the address, which its errors show
    if proxy.auth is None:
        return proxy
    return httpx.Proxy(proxy.url, headers={"Proxy-Authorization": f"Basic {_basic(*proxy.auth)}"})


def _http_transport(proxy: EnvironmentProxy | None, retries: int = 0) -> httpx.AsyncBaseTransport:
    transport = httpx.AsyncHTTPTransport(
        verify=tls_context(), proxy=proxy.address if proxy else None, retries=retries
    )
    return ProxiedTransport(transport, proxy) if proxy else transport


def _basic(name: str, password: str) -> str:
    """Return the credentials of HTTP basic authentication."""
    return base64.b64encode(f"{name}:{password}".encode()).decode()


def api_transport(
    api_key: str, url: httpx.URL, inner: httpx.AsyncBaseTransport | None = None
) -> KeyedTransport:
    """Return the transport for the API at `url`, which adds the key; `inner` replaces the connections.

    Raises `TransportError` for an unusable proxy.
    """
    proxy = None if inner else proxy_for(url)
    logins = [(url.username, url.password), (proxy and proxy.address.auth) or ("", "")]
    secrets = [secret for login in logins if login[1] for secret in (login[1], _basic(*login))]
    return KeyedTransport(inner or _http_transport(proxy), api_key, *secrets)


def image_transport(url: httpx.URL) -> httpx.AsyncBaseTransport:
    """Return the transport for images at `url`; each request raises `TransportError` if the proxy is unusable."""
    try:
        proxy = proxy_for(url)
    except TransportError as error:
        return UnavailableTransport(error)
    address = _with_password_in_header(proxy.address) if proxy else None
    transport = _ImageTransport(client=_open_session, verify=tls_context(), proxy=address)
    return ProxiedTransport(transport, proxy) if proxy else transport


def ping_transport(url: httpx.URL) -> httpx.AsyncBaseTransport:
    """Return the transport for pings to `url`. Raises `TransportError` for an unusable proxy."""
    return _http_transport(proxy_for(url), retries=1)


class _ImageTransport(AiohttpTransport):
    """Passes on all received bytes of an image at once; its parent class divides them into pieces of 16 kB."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        cast("AiohttpResponseStream", response.stream).CHUNK_SIZE = READ_AHEAD
        return response


class UnavailableTransport(httpx.AsyncBaseTransport):
    """Raises the same error for each request."""

    def __init__(self, error: TransportError) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error


class KeyedTransport(httpx.AsyncBaseTransport):
    """Adds the API key to each request just before it is sent, and removes it from the response.

    Errors, headers and the reason phrase of a response contain neither the key nor `secrets`, the logins that are
    sent too. A body may be compressed, so the caller applies `redact` after decompressing it.
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
    """The body of a response, whose errors contain no secrets."""

    def __init__(self, stream: httpx.AsyncByteStream, redact: Redactor) -> None:
        self._stream = stream
        self._redact = redact

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._redact.errors():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
