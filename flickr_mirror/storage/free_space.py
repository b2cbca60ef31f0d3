"""The free space of a disk: how much there is, and whether another download fits beside those in flight."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from flickr_mirror.errors import CacheError
from flickr_mirror.storage.filesystem import disk_errors
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
"""Seconds for which a look at the disk is current enough to begin a photo; a download looks anew."""


def free_space(path: Path) -> int | None:
    """Return how many bytes this user may still write to the disk that holds `path`; `None` where it does not say.

    Of a path that does not exist yet, the nearest folder above it counts. Raises `CacheError`.
    """
    with disk_errors(path):
        while not path.exists():
            path = path.parent
        found = os.statvfs(path)
    return found.f_bavail * found.f_frsize if found.f_blocks else None


class FreeSpace:
    """Keeps `least` bytes free on the disk that holds `folder`.

    What downloads in flight still need is counted as used. `on_full` is called with the figures when something does
    not fit any more.
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
        """What was to be written of each file at the last look at the disk."""

    async def is_left(self) -> bool:
        """Return whether there is space to begin a photo with. Raises `CacheError`."""
        async with self._turn:
            if self._clock() >= self._current_until:
                await self._measure()
            return self._fits(0)

    async def takes(self, file: File, length: int) -> bool:
        """Return whether the `length` bytes that `file` will have fit; if so, they count as used from now on.

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
        # Before the look, so that what is written meanwhile counts. The last block is in memory to the end.
        self._needs = {
            file: max(length - file.size, min(length, BLOCK_SIZE)) for file, length in self._lengths.items()
        }
        free = await to_thread.run_sync(free_space, self._folder)
        if free is None:
            raise CacheError(
                f"{self._folder}: this disk does not report its free space. Leave --min-free out.",
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
