"""Create the connections to Flickr and to a monitor, with TLS and proxies.

Only this module adds the API key, or the signature of a login, to a request.
"""

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

    from flickr_mirror.flickr.oauth_signature import RequestSigner

_REDACTOR = "flickr_mirror.redactor"  # the extension of a response that holds its redactor
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
    api_key: str,
    url: httpx.URL,
    inner: httpx.AsyncBaseTransport | None = None,
    signer: RequestSigner | None = None,
) -> KeyedTransport:
    """Return the transport for the API at `url`, which adds the key or signs; `inner` replaces the connections.

    Raises `TransportError` for an unusable proxy.
    """
    if signer and url.userinfo:
        raise ValueError(
            "An api_url with a name or password cannot be used with a login: both need the same header."
        )
    proxy = None if inner else proxy_for(url)
    logins = [(url.username, url.password), (proxy and proxy.address.auth) or ("", "")]
    secrets = [secret for login in logins if login[1] for secret in (login[1], _basic(*login))]
    return KeyedTransport(inner or _http_transport(proxy), api_key, *secrets, signer=signer)


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

    With `signer`, a request is signed instead, and the key is sent in the `Authorization` header: each attempt is
    another request here, so it has another nonce and another time.

    Errors, headers and the reason phrase of a response contain neither the key, nor `secrets`, nor the signature.
    A body may be compressed, so the caller applies `redactor_of` the response after decompressing it.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        api_key: str,
        *secrets: str,
        signer: RequestSigner | None = None,
    ) -> None:
        self._api_key = api_key
        self._inner = inner
        self._signer = signer
        self._redact = Redactor(api_key, *secrets, *(signer.credentials.secrets if signer else ()))
        self._redact.guard_logs()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url, headers, redact = request.url, request.headers.copy(), self._redact
        if self._signer is None:
            url = url.copy_merge_params({"api_key": self._api_key})
        else:
            signed = self._signer.sign(request.method, url)
            url, headers["Authorization"] = signed.url, signed.header
            redact = redact.including(signed.signature)
            redact.guard_logs()
        keyed = httpx.Request(request.method, url, headers=headers, extensions=request.extensions)
        with redact.errors():
            response = await self._inner.handle_async_request(keyed)
        response.headers = httpx.Headers(
            [(name, bytes(redact.data(value))) for name, value in response.headers.raw]
        )
        if phrase := response.extensions.get("reason_phrase"):
            response.extensions["reason_phrase"] = bytes(redact.data(phrase))
        response.extensions[_REDACTOR] = redact
        response.stream = _Body(cast("httpx.AsyncByteStream", response.stream), redact)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def redactor_of(response: httpx.Response) -> Redactor:
    """Return what removes the secrets of a request from the body of its response."""
    redact: Redactor = response.extensions[_REDACTOR]
    return redact


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
