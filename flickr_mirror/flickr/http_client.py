"""The HTTP exchanges with Flickr: its API and its image servers, with one policy for retries and pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import anyio
import httpx

from flickr_mirror.errors import ThrottledError
from flickr_mirror.flickr.api_endpoint import ApiEndpoint
from flickr_mirror.flickr.image_servers import ImageServers
from flickr_mirror.flickr.rate_limiter import Priority
from flickr_mirror.flickr.retry import RetryPolicy
from flickr_mirror.models.options import FLICKR_API_URL, Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from flickr_mirror.flickr.outage import OutageMonitor
    from flickr_mirror.flickr.rate_limiter import ApiBudget
    from flickr_mirror.models.access_token import AccessToken


class HttpClient:
    """The connections to Flickr's API and to its image servers; an async context manager.

    `call` and `stream` raise `TransportError` if no usable answer came, `CertificateError` if the server does not
    prove its identity. `api_transport` and `image_transport` replace the connections, and are closed with them.
    `login`, the secret of the API key and a token, signs the calls of the API.
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
        try:
            url = httpx.URL(api_url)
        except httpx.InvalidURL:  # its text may quote a password
            raise ValueError("api_url is not a valid address.") from None
        self.budget = budget
        self._max_wait = limits.max_wait
        self._retries = RetryPolicy(limits.attempts, limits.timing.longest_retry_wait, sleep)
        self.retrying = self._retries.attempts
        timeout = httpx.Timeout(limits.timeout, pool=None)
        timing = limits.timing
        self._api = ApiEndpoint(
            api_key, url, budget, timeout, timing, self.check_max_wait, api_transport, login
        )
        self._images = ImageServers(self._api.url, timeout, timing, image_transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await self._api.aclose()
            await self._images.aclose()

    @property
    def calls(self) -> dict[str, int]:
        """How many calls of each method of the API were sent."""
        return self._api.calls

    @property
    def bytes_received(self) -> int:
        """How many bytes of images and videos were received, including incomplete ones."""
        return self._images.bytes_received

    @property
    def server_time(self) -> float | None:
        """Flickr's clock (UTC seconds), from its latest response; `None` before that."""
        return self._api.server_time

    @property
    def api_silence(self) -> OutageMonitor:
        """For how long the API has not answered."""
        return self._api.outage

    @property
    def image_silence(self) -> OutageMonitor:
        """For how long the image servers have not answered."""
        return self._images.outage

    def stop(self, *, retries: bool) -> None:
        """Raise `StoppedError` in all calls that wait for the hour's limit or a pause, now and from now on.

        With `retries`, raise it also in all requests that wait for another attempt. Requests in flight continue.
        """
        self._api.stop()
        if retries:
            self._retries.stop()

    def check_max_wait(self, seconds: float, error: ThrottledError) -> None:
        """Raise `ThrottledError` if a server has refused everything for longer than `Limits.max_wait`."""
        if seconds > self._max_wait:
            raise ThrottledError(
                f"{error} The server kept refusing for {_duration(seconds)}, longer than the limit. Nothing is lost: "
                "run the same command again later."
            ) from error

    async def call(self, method: str, priority: Priority = Priority.LISTING, **arguments: str) -> Any:  # noqa: ANN401
        """Return the JSON object that Flickr answers to one call of `method`; see `ApiEndpoint.call`."""
        return await self._api.call(method, priority, arguments)

    def stream(self, url: str) -> AbstractAsyncContextManager[tuple[httpx.Response, Callable[[int], None]]]:
        """Open the image or video at `url`; see `ImageServers.stream`."""
        return self._images.stream(url)

    def image_transport_for(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """Return the transport that fetches the image at `url`."""
        return self._images.transport_for(url)


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.0f} minutes"
