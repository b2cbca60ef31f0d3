"""Files on their way to the disk, in groups: whole and durable under their final names, or not at all.

What is here blocks: it is for threads, and for the process of `flickr_mirror.offload`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror import disk
from flickr_mirror.disk import disk_errors
from flickr_mirror.errors import PlaceTakenError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Part:
    """A file that is being written under a temporary name, and comes into being with its first block."""

    def __init__(self, path: Path, block: bytearray | memoryview) -> None:
        self.path = path
        self.size = len(block)
        self.block = block
        """The bytes that are not written yet, as far as they came."""
        self.digest = hashlib.sha256()
        self.descriptor: int | None = None
        self.is_closed = False
        # A task that is cancelled past anyio closes the file while a thread may still write to it.
        self.turn = threading.Lock()

    def write_block(self) -> int:
        """Write the block; return the descriptor. To be called in one's `turn`. Raises `OSError`."""
        if self.is_closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(self.path))
        if self.descriptor is None:
            self.descriptor = disk.new_file(self.path)
        self.digest.update(self.block)
        disk.write(self.descriptor, self.block)
        return self.descriptor

    def name(self, final: Path) -> bytes:
        """Give the file its final name, and close it; return its SHA-256. To be called in one's `turn`."""
        disk.replace(self.path, final)
        self.is_closed = True
        if self.descriptor is not None:
            disk.drop(self.descriptor)
        return self.digest.digest()

    def drop(self) -> None:
        """Close the file, and remove it where it has no final name. To be called in one's `turn`."""
        if self.descriptor is not None and not self.is_closed:
            disk.drop(self.descriptor, self.path)
        self.is_closed = True


class Keeping:
    """One file on its way to its final name, which another file may have if `check` raises nothing."""

    def __init__(self, part: Part, final: Path, check: Callable[[], object] | None) -> None:
        self.part = part
        self.final = final
        self.sha256 = b""
        self.error: BaseException | None = None
        self._check = check
        self._descriptor = -1
        self._folders: list[str] = []

    def write(self) -> None:
        """Write what is not written yet."""
        self._descriptor = self.part.write_block()
        disk.begin_sync(self._descriptor)

    def make_folders(self) -> None:
        """Make the folders that the final name needs."""
        self._folders = disk.make_folders(str(self.final.parent), disk.top_of(self.part.path, self.final))

    def sync(self) -> None:
        """Wait until the bytes are durable."""
        disk.sync(self._descriptor, self.part.size)

    def name(self) -> None:
        """Give the file its final name."""
        # only now, because another file of this group may have had the same name
        if self._check is not None and os.path.lexists(self.final):
            self._check()
        self.sha256 = self.part.name(self.final)

    def settle(self, sync: Callable[[str], None]) -> None:
        """Make the name durable."""
        disk.settle(self._folders, sync)
        sync(str(self.final.parent))


def keep_all(group: Sequence[Keeping]) -> None:
    """Make files durable, and give them their names; what fails has its `error`. To be called in their turns.

    Each step is taken for all files before the next one: what the disk does for the first, it did for many.
    Errors are `CacheError`, `PlaceTakenError` where something is in the way, and whatever a check raised.
    """
    settle = partial(Keeping.settle, sync=_once(disk.sync_folder))
    for step in (Keeping.write, Keeping.make_folders, Keeping.sync, Keeping.name, settle):
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


def _attempt(step: Callable[[Keeping], None], keeping: Keeping) -> None:
    try:
        with disk_errors(keeping.final, PlaceTakenError):
            step(keeping)
    except BaseException as error:  # noqa: BLE001 - it is raised in the task that waits for this file
        keeping.error = error
