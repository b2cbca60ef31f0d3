"""The proxies of the environment: which one an address needs, and errors that name its variable."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

from flickr_mirror.errors import ProxyLoginError, TransportError
from flickr_mirror.flickr.network_errors import causes_of, failure

LOGIN_NEEDED = 407


@dataclass(frozen=True, slots=True)
class EnvironmentProxy:
    """A proxy, and the environment variable that names it."""

    address: httpx.Proxy
    variable: str


def proxy_for(url: httpx.URL) -> EnvironmentProxy | None:
    """Return the proxy that the environment names for an address, such as `http://proxy.corp:3128`.

    The password is kept out of the address, because errors show addresses. Servers on this machine are never
    accessed through a proxy. Raises `TransportError` for an unusable proxy.
    """
    if proxy_bypass(url.host) or url.host == "localhost" or url.host.startswith("127.") or url.host == "::1":
        return None
    proxies = getproxies()
    scheme = url.scheme if proxies.get(url.scheme, "").strip() else "all"
    proxy = proxies.get(scheme, "").strip()
    if not proxy:
        return None
    variable = _variable_of(scheme)
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        raise TransportError(
            f"The proxy of {variable} is a {proxy.partition(':')[0]}:// one. Only http:// and https:// proxies are "
            "supported: change the variable, or unset it."
        )
    try:
        return EnvironmentProxy(httpx.Proxy(proxy), variable)
    except (httpx.InvalidURL, ValueError):  # its text may quote a part of a password
        raise TransportError(
            f"The proxy of {variable} is not a valid address. In its password, write %23 for #, %2F for / and %40 "
            "for @."
        ) from None


def _variable_of(scheme: str) -> str:
    name = f"{scheme}_proxy"
    found = [variable for variable in os.environ if variable.lower() == name]
    # the lower-case name has precedence; without a variable, the proxy is from the desktop's settings
    return name if name in found else next(iter(found), "the system settings")


class ProxiedTransport(httpx.AsyncBaseTransport):
    """Sends requests through a proxy; an error of the proxy names the variable that it is set in."""

    def __init__(self, inner: httpx.AsyncBaseTransport, proxy: EnvironmentProxy) -> None:
        self._inner = inner
        self._variable = proxy.variable
        self._host = proxy.address.url.host

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._inner.handle_async_request(request)
        except (httpx.ProxyError, httpx.ConnectError) as error:
            # TLS is between this machine and the server, so the proxy did not fail
            if any(isinstance(cause, ssl.SSLError) for cause in causes_of(error)):
                raise
            raise self._failure(error, request.url.host) from error
        if response.status_code == LOGIN_NEEDED:
            await response.aclose()
            raise self._login_needed()
        return response

    def _failure(self, error: httpx.TransportError, host: str) -> TransportError:
        status = _status_of(error)
        if status == LOGIN_NEEDED:
            return self._login_needed()
        if status:
            return TransportError(
                f"The proxy of {self._variable} ({self._host}) answered HTTP {status} for {host}."
            )
        return failure(self._host, error, f"The proxy of {self._variable}: ")

    def _login_needed(self) -> ProxyLoginError:
        return ProxyLoginError(
            f"The proxy of {self._variable} ({self._host}) asks for a login (HTTP 407): write name:password@ before "
            "its host, or correct them."
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def _status_of(error: httpx.TransportError) -> int | None:
    """Return the status that a proxy answered to `CONNECT`; `None` without an answer."""
    if isinstance(error.__cause__, aiohttp.ClientHttpProxyError):
        return error.__cause__.status
    word = str(error).partition(" ")[0]  # "407 Proxy Authentication Required"
    return int(word) if isinstance(error, httpx.ProxyError) and word.isdecimal() else None
