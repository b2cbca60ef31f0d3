"""Download one image or video into a given file, and check that it arrived complete."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import anyio

from flickr_mirror.errors import (
    BadImageError,
    ImageGoneError,
    NotAnImageError,
    ThrottledError,
    TransportError,
)
from flickr_mirror.flickr.bandwidth import BandwidthLimiter
from flickr_mirror.flickr.interruption import StoppedError
from flickr_mirror.models.media import Picture
from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.sizes import same_pixels

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable
    from pathlib import Path

    import httpx

    from flickr_mirror.flickr.concurrency import DownloadSlots
    from flickr_mirror.flickr.image_client import ImageClient
    from flickr_mirror.models.sizes import FlickrPhotoSize

LARGEST = {"photo": 1 << 30, "video": 8 << 30}
"""The longest accepted body, in bytes. Flickr accepts photos up to 200 MB and videos up to 1 GB."""


class ImageFile(Protocol):
    """A file that receives a download, and can be restarted for another attempt."""

    path: Path
    size: int
    is_closed: bool

    async def write(self, data: bytes) -> None:
        """Append `data`."""
        ...

    async def inspect(self, listed: tuple[int, int] | None = None) -> Picture:
        """Return what the header and the end of the file state; `listed` are the pixels that Flickr lists.

        Raises `BadImageError`.
        """
        ...

    async def extension(self, media: str) -> str:
        """Return the extension for a file of a `photo` or a `video` that `inspect` rejects."""
        ...

    async def decode(self) -> None:
        """Decode the whole file as a viewer would. Raises `BadImageError` if it is not one complete image."""
        ...

    async def sha256(self) -> bytes:
        """Return the SHA-256 of the bytes written."""
        ...

    async def restart(self) -> None:
        """Discard the bytes written."""
        ...


class Space(Protocol):
    """The free space of the file system that files are written to."""

    async def takes(self, file: ImageFile, length: int) -> bool:
        """Return whether `file` fits with `length` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A received file: what it is, and its size in bytes.

    `suspicion` is why it may differ from Flickr's file; it is empty if there is no reason.
    """

    picture: Picture
    size: int
    suspicion: str = ""


class ImageFetcher:
    """Downloads images through one client, within the limits of `slots`, `bandwidth` and `space`."""

    def __init__(
        self,
        client: ImageClient,
        slots: DownloadSlots,
        bandwidth: BandwidthLimiter | None = None,
        space: Space | None = None,
    ) -> None:
        self._client = client
        self._slots = slots
        self._space = space
        self.check_open = slots.check_open
        self.most = slots.most
        self._bandwidth = bandwidth or BandwidthLimiter(None)
        self.photo_slots = anyio.Semaphore(slots.most, fast_acquire=True)
        """Hold one while a photo is fetched, including its waits between attempts: in a short outage, few photos wait
        for another attempt at once, so that no photo runs out of attempts."""

    @property
    def seconds(self) -> float:
        """For how many seconds images were being downloaded, without pauses."""
        return self._slots.seconds

    def limit(self, bandwidth: float | None, images_per_second: float | None) -> int:
        """Change the limits on all downloads together, and return how many of them can run at once."""
        self._bandwidth.limit = bandwidth
        self._slots.limit(images_per_second)
        return self._bandwidth.max_parallel(self.most)

    def stop(self) -> None:
        """Start no more downloads; raise `StoppedError` in those that wait for a slot."""
        self._slots.close()

    async def fetch(self, size: FlickrPhotoSize, file: ImageFile) -> Fetched:
        """Download the file of a size into `file`, with the retries of the client's policy.

        A pause that the server requests does not count as a failed attempt. Raises `ImageGoneError` if the server
        does not serve this file, `BadImageError` if the response is not an image, `TransportError` if no complete
        file came, `ThrottledError` after pauses of more than `Limits.max_wait`, `StoppedError` after `stop` or if
        the file does not fit into the free space.
        """
        async for attempt in self._client.retrying(BadImageError):
            with attempt:
                fetched = await self._fetch_unthrottled(size, file)
        return fetched

    async def fetch_verified(
        self,
        size: FlickrPhotoSize,
        file: ImageFile,
        refresh: Callable[[], Awaitable[FlickrPhotoSize]],
        received: Callable[[int], None] = lambda _: None,
        known: bytes = b"",
    ) -> Fetched:
        """Download like `fetch`; download a suspicious file again, from the address that `refresh` returns.

        If the same bytes come again, they are Flickr's own; `known` is the SHA-256 of those from an earlier run.
        `received` is called with the bytes of each file. Raises `BadImageError` if the second file is suspicious
        with other bytes, and like `fetch`.
        """
        fetched = await self.fetch(size, file)
        received(fetched.size)
        if not fetched.suspicion:
            return fetched
        first = await file.sha256()
        if first == known:
            return fetched
        fetched = await self.fetch(await refresh(), file)
        received(fetched.size)
        if fetched.suspicion and await file.sha256() != first:
            raise BadImageError(fetched.suspicion)
        return fetched

    async def _fetch_unthrottled(self, size: FlickrPhotoSize, file: ImageFile) -> Fetched:
        while True:
            async with self._slots as started:
                try:
                    fetched = await self._fetch_once(size, file)
                except ThrottledError as error:
                    self._slots.record_throttling(started, error.retry_after)
                    self._client.check_max_wait(self._slots.throttled_for, error)
                else:
                    self._slots.record_success()
                    return fetched

    async def _fetch_once(self, size: FlickrPhotoSize, file: ImageFile) -> Fetched:
        if file.size:
            await file.restart()
        asked = time.monotonic()
        async with self._client.stream(size.url) as (response, received):
            self._slots.record_latency(time.monotonic() - asked)
            proved = await self._receive(response, received, size.media, file)
        try:
            picture = await file.inspect((size.width, size.height))
        except BadImageError as error:
            if isinstance(error, NotAnImageError) or not proved:
                raise
            # the transfer was complete, so if the same bytes come again, they are Flickr's own
            extension = await file.extension(size.media)
            return Fetched(Picture(extension, size.media, 0, 0, ends=False), file.size, str(error))
        if picture.media != size.media:
            raise BadImageError(f"A {picture.media} came instead of a {size.media}.")
        suspicion = _other_pixels(picture, size)
        if suspicion and picture.extension not in size.url:
            raise ImageGoneError(f"A placeholder came instead of the image: {suspicion}", 200)
        if suspicion or not proved or not picture.ends:
            try:
                await file.decode()
            except BadImageError as error:
                if not proved:  # the transfer may have been cut
                    raise
                suspicion = str(error)
        return Fetched(picture, file.size, suspicion)

    async def _receive(
        self, response: httpx.Response, received: Callable[[int], None], media: str, file: ImageFile
    ) -> bool:
        """Write the body into `file`; return whether the headers prove that it is complete."""
        length = announced_length(response)
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if length is not None and length > LARGEST[media]:
            raise _too_large(media)
        if self._space and not await self._space.takes(file, length or 0):
            raise StoppedError("The image does not fit into the free space.")
        # a response that was read already, as custom transports may return it, has no raw bytes any more
        async for chunk in cast("AsyncIterable[bytes]", response.stream):
            await file.write(chunk)
            if file.size > LARGEST[media]:
                raise _too_large(media)
            self._slots.record_bytes(len(chunk))
            for piece in self._bandwidth.pieces(len(chunk)):
                received(piece)
                await self._bandwidth.take(piece)
        if length is not None and length != file.size:
            raise TransportError(f"{response.url.host} sent {file.size} bytes of {length}.")
        return length is not None or chunked


def announced_length(response: httpx.Response) -> int | None:
    """Return how many bytes the body of a response has; `None` if its headers do not state it."""
    # Flickr's image servers send chunks, and the length in their own header x-ttdb-l (recorded in 2024)
    hint = to_int(response.headers.get("x-ttdb-l"))
    return to_int(response.headers.get("Content-Length", hint))


def _too_large(media: str) -> ImageGoneError:
    # not a temporary error: another attempt would receive as many bytes again
    return ImageGoneError(f"The file is larger than {LARGEST[media]} bytes, too large for a {media}.", 200)


def _other_pixels(picture: Picture, size: FlickrPhotoSize) -> str:
    """Return a sentence if a picture has other pixels than Flickr lists, else an empty string."""
    if picture.media == "video" or not size.area or same_pixels((picture.width, picture.height), size):
        return ""
    return (
        f"{picture.width}x{picture.height} pixels came where Flickr lists {size.width}x{size.height} "
        f"({size.label})."
    )
