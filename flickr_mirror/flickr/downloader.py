"""Fetch one image or film into a file that is handed in, and check that it is one whole file."""

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
from flickr_mirror.flickr.concurrency import BandwidthLimiter, StoppedError
from flickr_mirror.models.media import Picture
from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.sizes import same_pixels

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable
    from pathlib import Path

    import httpx

    from flickr_mirror.flickr.concurrency import DownloadSlots
    from flickr_mirror.flickr.http_client import Transport
    from flickr_mirror.models.sizes import FlickrPhotoSize

LARGEST = {"photo": 1 << 30, "video": 8 << 30}
"""A longer body, in bytes, is no photo (Flickr takes 200 MB) and no film (1 GB)."""


class ImageFile(Protocol):
    """A file that can be written from its start once more."""

    path: Path
    size: int
    is_closed: bool

    async def write(self, data: bytes) -> None:
        """Append `data`."""
        ...

    async def inspect(self, listed: tuple[int, int] | None = None) -> Picture:
        """Return what the header and the end of the file say; `listed` are the pixels that Flickr lists.

        Raises `BadImageError`.
        """
        ...

    async def extension(self, media: str) -> str:
        """Return the extension for a file of a `photo` or a `video` that `inspect` refuses."""
        ...

    async def decode(self) -> None:
        """Read the whole file as a viewer would. Raises `BadImageError` where it is not one whole image."""
        ...

    async def sha256(self) -> bytes:
        """Return the SHA-256 of what was written."""
        ...

    async def restart(self) -> None:
        """Forget what was written."""
        ...


class Space(Protocol):
    """The free space that files are written to."""

    async def takes(self, file: ImageFile, length: int) -> bool:
        """Return whether `file` may have `length` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was received: what it is, its size in bytes; `doubt` is why it may not be what Flickr has,
    and is empty where there is none."""

    picture: Picture
    size: int
    suspicion: str = ""


class ImageFetcher:
    """Fetches images through one transport, all of them under one brake."""

    def __init__(
        self,
        transport: Transport,
        brake: DownloadSlots,
        bandwidth: BandwidthLimiter | None = None,
        space: Space | None = None,
    ) -> None:
        self._transport = transport
        self._brake = brake
        self._space = space
        self.check_open = brake.check_open
        self._bandwidth = bandwidth or BandwidthLimiter(None)
        self.turns = anyio.Semaphore(brake.most, fast_acquire=True)
        """To be held while a photo is fetched, with all its tries: so few wait for another try at once that a
        short outage costs no photo all its tries."""

    @property
    def seconds(self) -> float:
        """For how many seconds images were being downloaded, pauses left out."""
        return self._brake.seconds

    def stop(self) -> None:
        """Let no more downloads begin: whoever waits for a place gets a `StoppedError`."""
        self._brake.close()

    async def fetch(self, size: FlickrPhotoSize, file: ImageFile) -> Fetched:
        """Fetch the file of a size into `file`, trying again as the transport's policy says.

        A pause that the server asks for is waited for and is no failed try. Raises `ImageGoneError` where the
        server does not serve this file, `BadImageError` where what comes is none, `TransportError` when no
        whole file came, `ThrottledError` after pauses of more than `Limits.max_wait`, `StoppedError` after `stop`
        and where the file does not fit into the free space.
        """
        async for attempt in self._transport.retrying(BadImageError):
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
        """Fetch like `fetch`, and what is odd once more, from where Flickr has it now, as `refresh` tells.

        The same bytes again are what Flickr has; `known` is the SHA-256 of those that came in an earlier run.
        `received` is told the bytes of each file. Raises `BadImageError` for what is odd in another way then, and
        like `fetch`.
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
            async with self._brake as started:
                try:
                    fetched = await self._fetch_once(size, file)
                except ThrottledError as error:
                    self._brake.record_throttling(started, error.retry_after)
                    self._transport.check_patience(self._brake.throttled_for, error)
                else:
                    self._brake.record_success()
                    return fetched

    async def _fetch_once(self, size: FlickrPhotoSize, file: ImageFile) -> Fetched:
        if file.size:
            await file.restart()
        asked = time.monotonic()
        async with self._transport.stream(size.url) as (response, note):
            self._brake.answered(time.monotonic() - asked)
            proved = await self._receive(response, note, size.media, file)
        try:
            picture = await file.inspect((size.width, size.height))
        except BadImageError as error:
            if isinstance(error, NotAnImageError) or not proved:
                raise
            # a whole file, as far as the line goes: the same bytes again are what Flickr has
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
                if not proved:  # it may just have been cut on its way
                    raise
                suspicion = str(error)
        return Fetched(picture, file.size, suspicion)

    async def _receive(
        self, response: httpx.Response, note: Callable[[int], None], media: str, file: ImageFile
    ) -> bool:
        """Write the body into `file`; return whether it is proved to be complete."""
        length = announced_length(response)
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if length is not None and length > LARGEST[media]:
            raise _too_large(media)
        if self._space and not await self._space.takes(file, length or 0):
            raise StoppedError("The image does not fit into the free space.")
        # a response that is whole already, as embedders' transports may return, has no raw bytes any more
        async for chunk in cast("AsyncIterable[bytes]", response.stream):
            await file.write(chunk)
            if file.size > LARGEST[media]:
                raise _too_large(media)
            self._brake.received(len(chunk))
            for piece in self._bandwidth.pieces(len(chunk)):
                note(piece)
                await self._bandwidth.take(piece)
        if length is not None and length != file.size:
            raise TransportError(f"{response.url.host} sent {file.size} bytes of {length}.")
        return length is not None or chunked


def announced_length(response: httpx.Response) -> int | None:
    """Return how many bytes the body of an answer has, `None` where its headers do not say."""
    # Flickr's image servers send chunks, and the length in a header of their own (recorded in 2024)
    hint = to_int(response.headers.get("x-ttdb-l"))
    return to_int(response.headers.get("Content-Length", hint))


def _too_large(media: str) -> ImageGoneError:
    # another try would take in as many bytes again
    return ImageGoneError(f"The file is larger than {LARGEST[media]} bytes, which no {media} is.", 200)


def _other_pixels(picture: Picture, size: FlickrPhotoSize) -> str:
    """Return in words that a picture has other pixels than Flickr lists; an empty text where it has not."""
    if picture.media == "video" or not size.area or same_pixels((picture.width, picture.height), size):
        return ""
    return (
        f"{picture.width}x{picture.height} pixels came where Flickr lists {size.width}x{size.height} "
        f"({size.label})."
    )
