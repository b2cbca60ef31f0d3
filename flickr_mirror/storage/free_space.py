"""Free space of a disk: its size, and whether another download fits in addition to those in progress."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from flickr_mirror.errors import CacheError
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.partial_file import BLOCK_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Protocol

    class File(Protocol):
        """A file that is being written: `size` bytes so far, until it `is_closed`."""

        size: int
        is_closed: bool


CURRENT = 1.0
"""Seconds for which a measurement is recent enough to begin a photo. Each download measures again."""


def free_space(path: Path) -> int | None:
    """Return the number of bytes that this user may still write to the disk of `path`; `None` if it is not reported.

    If `path` does not exist, its nearest existing parent counts. Raises `CacheError`.
    """
    with disk_errors(path):
        while not path.exists():
            path = path.parent
        found = os.statvfs(path)
    return found.f_bavail * found.f_frsize if found.f_blocks else None


class FreeSpace:
    """Reserves `least` free bytes on the disk of `folder`.

    The bytes that downloads in progress still need count as used. `on_full` is called with a message when a file
    does not fit.
    """

    def __init__(
        self,
        folder: Path,
        least: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.on_full: Callable[[str], None] = lambda _: None
        self._folder = folder
        self._least = least
        self._clock = clock
        self._turn = anyio.Lock()
        self._free = 0
        self._current_until = clock()
        self._lengths: dict[File, int] = {}
        self._needs: dict[File, int] = {}
        """The bytes that each file still needed at the last measurement."""

    async def is_left(self) -> bool:
        """Return whether there is space to begin another photo. Raises `CacheError`."""
        async with self._turn:
            if self._clock() >= self._current_until:
                await self._measure()
            return self._fits(0)

    async def takes(self, file: File, length: int) -> bool:
        """Return whether a `file` of `length` bytes fits; if so, count them as used.

        Raises `CacheError`.
        """
        async with self._turn:
            self._lengths.pop(file, None)
            await self._measure()
            if fits := self._fits(length):
                self._lengths[file] = self._needs[file] = length
            return fits

    async def _measure(self) -> None:
        self._lengths = {file: length for file, length in self._lengths.items() if not file.is_closed}
        # Before the measurement, so that bytes written during it count. The last block is in memory to the end.
        self._needs = {
            file: max(length - file.size, min(length, BLOCK_SIZE)) for file, length in self._lengths.items()
        }
        free = await to_thread.run_sync(free_space, self._folder)
        if free is None:
            raise CacheError(
                f"{self._folder}: this disk does not report its free space. Leave out --min-free.",
                self._folder,
            )
        self._free = free
        self._current_until = self._clock() + CURRENT

    def _fits(self, length: int) -> bool:
        needed = length + sum(self._needs.values())
        if self._free - needed >= self._least:
            return True
        needs = f", downloads need {_size(needed)}" if needed else ""
        self.on_full(
            f"{_size(self._free)} are free in {self._folder}{needs}, {_size(self._least)} are to stay free"
        )
        return False


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB"
