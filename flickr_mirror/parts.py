"""Files that are being written, and their keeping in groups: whole and durable, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import aiofiles.os
import anyio
import anyio.lowlevel
import anyio.to_thread

from flickr_mirror import disk
from flickr_mirror.disk import PART_SUFFIX, disk_errors
from flickr_mirror.errors import PlaceTakenError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

T = TypeVar("T")

BLOCK_SIZE = 1 << 20
"""Bytes are handed to the disk in blocks of this size, because each hand-over is a hop to a thread."""
_MOST_GROUPS = 2
_NUMBERS = count()


class PartFile:
    """A file that is being written under a temporary name, and is nobody's until `keep_as` is called.

    It comes into being with its first block, so that a small one costs one hop to a thread, in which it is
    written, hashed and kept, and others with it.
    """

    def __init__(self, path: Path, keeper: Keeper) -> None:
        self.path = path
        self.size = 0
        self._keeper = keeper
        self._block = bytearray()
        self._digest = hashlib.sha256()
        self._descriptor: int | None = None
        self._has_begun = False
        """Whether a thread was ever handed this file."""
        self._closed = False
        # A task that is cancelled past anyio closes the file while a thread may still write to it.
        self.turn = threading.Lock()

    async def write(self, data: bytes) -> None:
        """Append `data`. Raises `CacheError`."""
        self.size += len(data)
        self._block += data
        if len(self._block) >= BLOCK_SIZE:
            await self.flush()

    async def flush(self) -> None:
        """Hand what was written to the operating system, so that others can read it. Raises `CacheError`."""
        if self._block or self._descriptor is None:
            await anyio.lowlevel.checkpoint_if_cancelled()
            self._has_begun = True
            with anyio.CancelScope(shield=True), disk_errors(self.path):
                await aiofiles.os.wrap(self._append)()

    async def look(self, inspect: Callable[[Path | bytearray], T]) -> T:
        """Return what `inspect` makes of the file, or of its bytes while all are in memory. Raises `CacheError`.

        It is to be quick with bytes, and to keep none of them.
        """

        def write_and_inspect() -> T:
            with disk_errors(self.path):
                self._append()
            return inspect(self.path)

        await anyio.lowlevel.checkpoint_if_cancelled()
        if self._descriptor is None:
            return inspect(self._block)
        with anyio.CancelScope(shield=True):
            seen: T = await aiofiles.os.wrap(write_and_inspect)()
        return seen

    async def sha256(self) -> bytes:
        """Return the SHA-256 of what was written. Raises `CacheError`."""
        await self.flush()
        return self._digest.digest()

    async def restart(self) -> None:
        """Forget what was written. Raises `CacheError`."""
        self._block.clear()
        self._digest = hashlib.sha256()
        self.size = 0
        if self._descriptor is not None:
            with anyio.CancelScope(shield=True), disk_errors(self.path):
                await aiofiles.os.wrap(disk.truncate)(self._descriptor)

    async def keep_as(self, final: Path, check: Callable[[], None] | None = None) -> bytes:
        """Make the bytes durable, then give them their final name; return their SHA-256. Raises `CacheError`.

        When this returns, a loss of power takes neither the bytes nor the name; before, the final name is
        either absent or still the file that had it, which `check`, called in a thread, may refuse to replace.
        Raises `PlaceTakenError` where that is a folder, or where one of its folders is a file or a link.
        """
        self._has_begun = True
        return await self._keeper.keep(self, final, check)

    async def close(self) -> None:
        """Close the file, and remove it where it was not kept."""
        if not self._has_begun:
            self._closed = True
        elif not self._closed:
            await anyio.to_thread.run_sync(self._drop)

    def _append(self) -> None:
        with self.turn:
            self.write_block()

    def write_block(self) -> int:
        """Write what is left; return the descriptor. To be called in one's `turn`. Raises `OSError`."""
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(self.path))
        if self._descriptor is None:
            self._descriptor = disk.new_file(self.path)
        block, self._block = self._block, bytearray()
        self._digest.update(block)
        disk.write(self._descriptor, block)
        return self._descriptor

    def name(self, final: Path) -> bytes:
        """Give the file its final name, and close it; return its SHA-256. To be called in one's `turn`."""
        disk.replace(self.path, final)
        self._closed = True
        if self._descriptor is not None:
            disk.drop(self._descriptor)
        return self._digest.digest()

    def _drop(self) -> None:
        with self.turn:
            if self._descriptor is not None and not self._closed:
                disk.drop(self._descriptor, self.path)
            self._closed = True


@asynccontextmanager
async def part_file(folder: Path, keeper: Keeper | None = None) -> AsyncIterator[PartFile]:
    """Begin a new temporary file in `folder`; it is gone at the end unless `keep_as` gave it a name.

    `folder` must be in the mirror of the final name, and on its file system.
    """
    part = PartFile(folder / f"{os.getpid()}-{next(_NUMBERS)}{PART_SUFFIX}", keeper or Keeper())
    try:
        yield part
    finally:
        with anyio.CancelScope(shield=True):  # a cancelled close leaves a descriptor
            await part.close()


class Keeper:
    """Makes files durable in groups: what comes while some are on their way to the disk goes there together.

    Databases call this a group commit. It spares the disk the syncing of a folder for each of its files, and
    the event loop the turns of as many threads.
    """

    def __init__(self) -> None:
        self._waiting: list[_Keeping] = []
        self._groups = 0

    async def keep(self, part: PartFile, final: Path, check: Callable[[], None] | None) -> bytes:
        """See `PartFile.keep_as`."""
        keeping = _Keeping(part, final, check)
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._waiting.append(keeping)
        with anyio.CancelScope(shield=True):  # another task may have this file in its group
            while not keeping.is_done:
                if keeping in self._waiting and self._groups < _MOST_GROUPS:
                    await self._lead()
                else:
                    await keeping.turn.wait()
                    keeping.turn = anyio.Event()
        if keeping.error is not None:
            raise keeping.error
        return keeping.sha256

    async def _lead(self) -> None:
        """Keep all files that wait now, then let one of those that came meanwhile lead the next group."""
        group, self._waiting = self._waiting, []
        self._groups += 1
        try:
            await anyio.to_thread.run_sync(_keep_all, group)
        except BaseException as error:  # no thread could be started
            for keeping in group:
                keeping.error = keeping.error or error
            raise
        finally:
            self._groups -= 1
            for keeping in group:
                keeping.is_done = True
            for keeping in group + self._waiting[:1]:
                keeping.turn.set()


class _Keeping:
    """One file on its way to its final name; `turn` tells its task to look whether it is there, or its turn."""

    def __init__(self, part: PartFile, final: Path, check: Callable[[], None] | None) -> None:
        self.part = part
        self.final = final
        self.turn = anyio.Event()
        self.is_done = False
        self.sha256 = b""
        self.error: BaseException | None = None
        self._check = check
        self._descriptor = -1
        self._folders: list[str] = []

    def write(self) -> None:
        self._descriptor = self.part.write_block()
        disk.begin_sync(self._descriptor)

    def make_folders(self) -> None:
        self._folders = disk.make_folders(str(self.final.parent), disk.top_of(self.part.path, self.final))

    def sync(self) -> None:
        disk.sync(self._descriptor, self.part.size)

    def name(self) -> None:
        # only now, because another file of this group may have had the same name
        if self._check is not None and os.path.lexists(self.final):
            self._check()
        self.sha256 = self.part.name(self.final)

    def settle(self, sync: Callable[[str], None]) -> None:
        disk.settle(self._folders, sync)
        sync(str(self.final.parent))


def _keep_all(group: list[_Keeping]) -> None:
    """Take each step for all files before the next one: what the disk does for the first, it did for many."""
    with ExitStack() as turns:
        for keeping in group:
            turns.enter_context(keeping.part.turn)
        settle = partial(_Keeping.settle, sync=_once(disk.sync_folder))
        for step in (_Keeping.write, _Keeping.make_folders, _Keeping.sync, _Keeping.name, settle):
            for keeping in group:
                if keeping.error is None:
                    _attempt(step, keeping)


def _once(sync: Callable[[str], None]) -> Callable[[str], None]:
    """Return what syncs each folder once, and tells all who want that how it ended: the system tells it once."""
    outcomes: dict[str, OSError | None] = {}

    def sync_once(folder: str) -> None:
        if folder not in outcomes:
            outcomes[folder] = None
            try:
                sync(folder)
            except OSError as error:
                outcomes[folder] = error
        if error_of_all := outcomes[folder]:
            raise error_of_all

    return sync_once


def _attempt(step: Callable[[_Keeping], None], keeping: _Keeping) -> None:
    try:
        with disk_errors(keeping.final, PlaceTakenError):
            step(keeping)
    except BaseException as error:  # noqa: BLE001 - it is raised in the task that waits for this file
        keeping.error = error
