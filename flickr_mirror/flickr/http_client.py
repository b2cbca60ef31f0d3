"""The HTTP exchanges with Flickr: its API and its image servers, with one policy for retries and pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from flickr_mirror.flickr.api_endpoint import ApiEndpoint
from flickr_mirror.flickr.image_client import ImageClient
from flickr_mirror.flickr.rate_limiter import Priority
from flickr_mirror.models.options import FLICKR_API_URL, Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from flickr_mirror.flickr.outage import OutageMonitor
    from flickr_mirror.flickr.rate_limiter import ApiBudget
    from flickr_mirror.models.access_token import AccessToken


class HttpClient(ImageClient):
    """The connections to Flickr's API and to its image servers; an async context manager.

    `call` raises `TransportError` if no usable answer came, `CertificateError` if the server does not prove its
    identity. `api_transport` replaces the connections to the API, and is closed with them. `login`, the secret of the
    API key and a token, signs the calls of the API.
    """

    def __init__(
        self,
        api_key: str,
        *,
        budget: ApiBudget,
        api_url: str = FLICKR_API_URL,
        limits: Limits | None = None,
        api_transport: httpx.AsyncBaseTransport | None = None,
        image_transport: httpx.AsyncBaseTransport | None = None,
        login: tuple[str, AccessToken] | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        limits = limits or Limits()
        super().__init__(api_url, limits, image_transport, sleep)
        self.budget = budget
        self._api = ApiEndpoint(
            api_key,
            self._api_url,
            budget,
            self._timeout,
            limits.timing,
            self.check_max_wait,
            api_transport,
            login,
        )

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await self._api.aclose()
            await super().__aexit__()

    @property
    def calls(self) -> dict[str, int]:
        """How many calls of each method of the API were sent."""
        return self._api.calls

    @property
    def server_time(self) -> float | None:
        """Flickr's clock (UTC seconds), from its latest response; `None` before that."""
        return self._api.server_time

    @property
    def api_silence(self) -> OutageMonitor:
        """For how long the API has not answered."""
        return self._api.outage

    def stop(self, *, retries: bool) -> None:
        """Raise `StoppedError` in all calls that wait for the hour's limit or a pause, now and from now on.

        With `retries`, raise it also in all requests that wait for another attempt. Requests in flight continue.
        """
        self._api.stop()
        if retries:
            self._retries.stop()

    async def call(self, method: str, priority: Priority = Priority.LISTING, **arguments: str) -> Any:  # noqa: ANN401
        """Return the JSON object that Flickr answers to one call of `method`; see `ApiEndpoint.call`."""
        return await self._api.call(method, priority, arguments)
