"""Files that are being written, and their keeping in groups: whole and durable, or not at all."""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import aiofiles.os
import anyio
import anyio.lowlevel
import anyio.to_thread

from flickr_mirror.storage import filesystem, media_decoding, media_inspection
from flickr_mirror.storage.durable_write import FileCommit, PendingFile, commit_all
from flickr_mirror.storage.filesystem import PART_SUFFIX, disk_errors
from flickr_mirror.storage.writer_process import ProcessLostError, WriterProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from flickr_mirror.models.media import Picture

T = TypeVar("T")

logger = logging.getLogger("flickr_mirror")

BLOCK_SIZE = 1 << 20
"""Bytes are handed to the disk in blocks of this size, because each hand-over is a hop to a thread."""
_MOST_GROUPS = 2
_MANY = 4
"""A group of so many small files is worth a process: where files come that fast, threads hold up the event loop."""
_NUMBERS = count()


class PartialFile(PendingFile):
    """A file that is being written under a temporary name, and is nobody's until `commit` is called.

    It comes into being with its first block, so that a small one costs one hop to a thread, in which it is
    written, hashed and kept, and others with it.
    """

    def __init__(self, path: Path, keeper: GroupCommitter, top: Path | None = None) -> None:
        self._memory = bytearray()
        super().__init__(path, self._memory, top)
        self._keeper = keeper
        self._has_begun = False
        """Whether a thread was ever handed this file."""

    async def write(self, data: bytes) -> None:
        """Append `data`. Raises `CacheError`."""
        self.size += len(data)
        self._memory += data
        if len(self._memory) >= BLOCK_SIZE:
            await self.flush()

    async def flush(self) -> None:
        """Hand what was written to the operating system, so that others can read it. Raises `CacheError`."""
        if self._memory or self.descriptor is None:
            await anyio.lowlevel.checkpoint_if_cancelled()
            self._has_begun = True
            with anyio.CancelScope(shield=True), disk_errors(self.path):
                await aiofiles.os.wrap(self._append)()

    async def inspect(self, listed: tuple[int, int] | None = None) -> Picture:
        """Return what the header and the end of the file say, like `media_inspection.inspect`.

        Raises `BadImageError` and `CacheError`.
        """
        return await self._examine(partial(media_inspection.inspect, listed=listed))

    async def extension(self, media: str) -> str:
        """Return the extension of the file, like `media_inspection.extension_of`. Raises `CacheError`."""
        return await self._examine(partial(media_inspection.extension_of, media=media))

    async def decode(self) -> None:
        """Read the whole file in a thread, like `media_decoding.decode`. Raises `BadImageError` and `CacheError`."""
        await self.flush()
        await anyio.to_thread.run_sync(media_decoding.decode, self.path)

    async def _examine(self, inspect: Callable[[Path | bytearray], T]) -> T:
        """Return what `inspect` returns for the file, or for its bytes while all are in memory.

        `inspect` must be quick with bytes, because it blocks the event loop then.
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
        """Return the SHA-256 of what was written. Raises `CacheError`."""
        await self.flush()
        return self.digest.digest()

    async def restart(self) -> None:
        """Forget what was written. Raises `CacheError`."""
        self._memory.clear()
        self.digest = hashlib.sha256()
        self.size = 0
        if self.descriptor is not None:
            with anyio.CancelScope(shield=True), disk_errors(self.path):
                await aiofiles.os.wrap(filesystem.truncate)(self.descriptor)

    async def commit(self, final: Path, check: Callable[[], object] | None = None) -> bytes:
        """Make the bytes durable, then give them their final name; return their SHA-256. Raises `CacheError`.

        When this returns, a loss of power takes neither the bytes nor the name; before, the final name is
        either absent or still the file that had it, which `check`, called in a thread, may refuse to replace.
        Raises `PlaceTakenError` where that is a folder, or where one of its folders is a file, `CacheError` where
        one of its folders is a link.
        """
        self._has_begun = True
        return await self._keeper.keep(self, final, check)

    async def close(self) -> None:
        """Close the file, and remove it where it was not kept."""
        if not self._has_begun:
            self.is_closed = True
        elif not self.is_closed:
            await anyio.to_thread.run_sync(self._drop)

    def _append(self) -> None:
        with self.turn:
            self.write_block()
            self._memory.clear()

    def _drop(self) -> None:
        with self.turn:
            self.drop()


@asynccontextmanager
async def open_partial_file(
    folder: Path, keeper: GroupCommitter | None = None, top: Path | None = None
) -> AsyncIterator[PartialFile]:
    """Begin a new temporary file in `folder`; it is gone at the end unless `commit` gave it a name.

    `folder` must be in the mirror of the final name, and on its file system. `top` is the mirror's folder: a link
    between it and `folder` is refused.
    """
    part = PartialFile(
        folder / f"{os.getpid()}-{next(_NUMBERS)}{PART_SUFFIX}", keeper or GroupCommitter(), top
    )
    try:
        yield part
    finally:
        if not part.is_closed:
            with anyio.CancelScope(shield=True):  # a cancelled close leaves a descriptor
                await part.close()


class GroupCommitter:
    """Makes files of one mirror durable in groups: what comes while some are on their way goes to the disk together.

    Databases call this a group commit. It spares the disk the syncing of a folder for each of its files, and
    the event loop the turns of as many threads.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._groups = 0
        self._idle: list[WriterProcess] = []

    @contextmanager
    def processes(self) -> Iterator[None]:
        """Have groups of many small files kept by processes inside of this; the first such group starts one.

        Everything else is done in threads. Nothing may be on its way at the end, which blocks for a moment.
        """
        processes = [WriterProcess() for _ in range(_MOST_GROUPS)]
        self._idle = [*processes]
        try:
            yield
        finally:
            self._idle = []
            for process in processes:
                process.close()

    async def keep(self, part: PartialFile, final: Path, check: Callable[[], object] | None) -> bytes:
        """See `PartialFile.commit`."""
        waiting = _Waiting(part, final, check)
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._waiting.append(waiting)
        with anyio.CancelScope(shield=True):  # another task may have this file in its group
            while not waiting.is_done:
                if waiting in self._waiting and self._groups < _MOST_GROUPS:
                    await self._lead()
                else:
                    await waiting.news.wait()
                    waiting.news = anyio.Event()
        if waiting.error is not None:
            raise waiting.error
        return waiting.sha256

    async def _lead(self) -> None:
        """Keep all files that wait now, then let one of those that came meanwhile lead the next group."""
        group, self._waiting = self._waiting, []
        self._groups += 1
        try:
            await anyio.to_thread.run_sync(self._commit_all, group)
        except BaseException as error:  # no thread could be started
            for waiting in group:
                waiting.error = waiting.error or error
            raise
        finally:
            self._groups -= 1
            for waiting in group:
                waiting.is_done = True
            for waiting in group + self._waiting[:1]:
                waiting.news.set()

    def _commit_all(self, group: list[_Waiting]) -> None:
        with ExitStack() as turns:
            for waiting in group:
                turns.enter_context(waiting.part.turn)
            large: list[FileCommit] = [waiting for waiting in group if waiting.part.descriptor is not None]
            small: list[FileCommit] = [waiting for waiting in group if waiting.part.descriptor is None]
            if len(small) >= _MANY and self._idle:
                small = self._hand_over(small, self._idle.pop())
            commit_all(large + small)

    def _hand_over(self, group: list[FileCommit], process: WriterProcess) -> list[FileCommit]:
        """Have a process keep files; return those that it left undone. One that is lost is used no more."""
        try:
            undone = process.commit_all(group)
        except ProcessLostError as error:
            logger.warning("A process that writes files was lost (%s): a thread writes them.", error)
            return group
        self._idle.append(process)
        return undone


class _Waiting(FileCommit):
    """One file that a task waits for; `news` tells it to look whether it is kept, or its turn to lead."""

    def __init__(self, part: PartialFile, final: Path, check: Callable[[], object] | None) -> None:
        super().__init__(part, final, check)
        self.news = anyio.Event()
        self.is_done = False
