"""The exchanges with Flickr's image servers: retries and the limit on pauses. It has no API key and calls no API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import anyio
import httpx

from flickr_mirror.errors import ThrottledError
from flickr_mirror.flickr.image_servers import ImageServers
from flickr_mirror.flickr.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from flickr_mirror.flickr.outage import OutageMonitor
    from flickr_mirror.models.options import Limits


class ImageClient:
    """The connections to the image servers; an async context manager.

    `stream` raises `TransportError` if no usable answer came, `CertificateError` if the server does not prove its
    identity. `image_transport` replaces the connections, and is closed with them. The server of the API may serve
    images too if it is not Flickr's.
    """

    def __init__(
        self,
        api_url: str,
        limits: Limits,
        image_transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        try:
            self._api_url = httpx.URL(api_url)
        except httpx.InvalidURL:  # its text may quote a password
            raise ValueError("api_url is not a valid address.") from None
        self._max_wait = limits.max_wait
        self._timeout = httpx.Timeout(limits.timeout, pool=None)
        self._retries = RetryPolicy(limits.attempts, limits.timing.longest_retry_wait, sleep)
        self.retrying = self._retries.attempts
        server = self._api_url.copy_with(username="", password="")
        self._images = ImageServers(server, self._timeout, limits.timing, image_transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await self._images.aclose()

    @property
    def bytes_received(self) -> int:
        """How many bytes of images and videos were received, including incomplete ones."""
        return self._images.bytes_received

    @property
    def image_silence(self) -> OutageMonitor:
        """For how long the image servers have not answered."""
        return self._images.outage

    def check_max_wait(self, seconds: float, error: ThrottledError) -> None:
        """Raise `ThrottledError` if a server has refused everything for longer than `Limits.max_wait`."""
        if seconds > self._max_wait:
            raise ThrottledError(
                f"{error} The server kept refusing for {_duration(seconds)}, longer than the limit. Nothing is lost: "
                "run the same command again later."
            ) from error

    def stream(self, url: str) -> AbstractAsyncContextManager[tuple[httpx.Response, Callable[[int], None]]]:
        """Open the image or video at `url`; see `ImageServers.stream`."""
        return self._images.stream(url)

    def image_transport_for(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """Return the transport that fetches the image at `url`."""
        return self._images.transport_for(url)


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.0f} minutes"
