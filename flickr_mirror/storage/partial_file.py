"""A file that is being written to a mirror under a temporary name."""

from __future__ import annotations

import hashlib
import os
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Protocol, TypeVar

import aiofiles.os
import anyio
import anyio.lowlevel
import anyio.to_thread

from flickr_mirror.storage import filesystem, media_decoding, media_inspection
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.durable_write import TemporaryFile
from flickr_mirror.storage.filesystem import PART_SUFFIX
from flickr_mirror.storage.group_committer import GroupCommitter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from flickr_mirror.models.media import Picture

    class Committer(Protocol):
        """Gives files their final names: `GroupCommitter` on a disk, `Uploader` in a bucket."""

        async def commit(self, file: TemporaryFile, final: Path, check: Callable[[], object] | None) -> bytes:
            """See `PartialFile.commit`."""
            ...


T = TypeVar("T")

BLOCK_SIZE = 1 << 20
"""The size in bytes of the blocks that are passed to a thread for writing, because each pass costs time."""
_NUMBERS = count()


class PartialFile(TemporaryFile):
    """A file that is being written under a temporary name until `commit` gives it its final one.

    Implements `flickr_mirror.storage.store.NewFile`. The file is created with its first block, so a file smaller
    than a block needs one thread, which writes, hashes and commits it together with others.
    """

    def __init__(self, path: Path, committer: Committer, base: Path | None = None) -> None:
        self._memory = bytearray()
        super().__init__(path, self._memory, base)
        self._committer = committer
        self._was_in_thread = False
        """Whether a thread may have created the file."""

    async def write(self, data: bytes) -> None:
        """Append `data`. Raises `CacheError`."""
        self.size += len(data)
        self._memory += data
        if len(self._memory) >= BLOCK_SIZE:
            await self.flush()

    async def flush(self) -> None:
        """Write everything to the file, so that other processes can read it. Raises `CacheError`."""
        if self._memory or self.descriptor is None:
            await anyio.lowlevel.checkpoint_if_cancelled()
            self._was_in_thread = True
            with anyio.CancelScope(shield=True), disk_errors(self.path):
                await aiofiles.os.wrap(self._append)()

    async def inspect(self, listed: tuple[int, int] | None = None) -> Picture:
        """Return what the header and the end of the file show, like `media_inspection.inspect`.

        Raises `BadImageError` and `CacheError`.
        """
        return await self._examine(partial(media_inspection.inspect, listed=listed))

    async def extension(self, media: str) -> str:
        """Return the extension of the file, like `media_inspection.extension_of`. Raises `CacheError`."""
        return await self._examine(partial(media_inspection.extension_of, media=media))

    async def decode(self) -> None:
        """Decode the whole file in a thread, like `media_decoding.decode`. Raises `BadImageError`, `CacheError`."""
        await self.flush()
        await anyio.to_thread.run_sync(media_decoding.decode, self.path)

    async def _examine(self, inspect: Callable[[Path | bytearray], T]) -> T:
        """Return the result of `inspect` for the file, or for its bytes while all of them are in memory.

        `inspect` must be fast for bytes, because it then blocks the event loop.
        """

        def write_and_inspect() -> T:
            with disk_errors(self.path):
                self._append()
                return inspect(self.path)

        if self.descriptor is None:
            return inspect(self._memory)
        await anyio.lowlevel.checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True):
            seen: T = await aiofiles.os.wrap(write_and_inspect)()
        return seen

    async def sha256(self) -> bytes:
        """Return the SHA-256 of everything written so far. Raises `CacheError`."""
        await self.flush()
        return self.digest.digest()

    async def restart(self) -> None:
        """Discard everything written so far. Raises `CacheError`."""
        self._memory.clear()
        self.digest = hashlib.sha256()
        self.size = 0
        if self.descriptor is not None:
            with anyio.CancelScope(shield=True), disk_errors(self.path):
                await aiofiles.os.wrap(filesystem.truncate)(self.descriptor)

    async def commit(self, final: Path, check: Callable[[], object] | None = None) -> bytes:
        """Make the bytes durable, then give the file its final name; return their SHA-256. Raises `CacheError`.

        When this returns, neither the bytes nor the name can be lost in a power failure. Until then the final name
        is missing or still the previous file, which `check`, called in a thread, may refuse to replace by raising
        an exception. Raises `PlaceTakenError` if the final name is a folder or one of its folders is a file, and
        `CacheError` if one of its folders is a link.
        """
        self._was_in_thread = True
        return await self._committer.commit(self, final, check)

    async def close(self) -> None:
        """Close the file, and delete it unless it was committed."""
        if not self._was_in_thread:
            self.is_closed = True
        elif not self.is_closed:
            await anyio.to_thread.run_sync(self._discard)

    def _append(self) -> None:
        with self.lock:
            self.write_block()
            self._memory.clear()

    def _discard(self) -> None:
        with self.lock:
            self.discard()


@asynccontextmanager
async def open_partial_file(
    folder: Path, committer: Committer | None = None, base: Path | None = None
) -> AsyncIterator[PartialFile]:
    """Create a temporary file in `folder`, which is deleted at the end unless it was committed.

    `folder` must be in the same mirror and on the same file system as the final name. `base` is the mirror's
    folder: a link between it and `folder` is refused.
    """
    file = PartialFile(
        folder / f"{os.getpid()}-{next(_NUMBERS)}{PART_SUFFIX}", committer or GroupCommitter(), base
    )
    try:
        yield file
    finally:
        if not file.is_closed:
            with anyio.CancelScope(shield=True):  # a cancelled close leaves a descriptor
                await file.close()
