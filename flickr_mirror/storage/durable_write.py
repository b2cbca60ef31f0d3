"""Files on their way to the disk, in groups: whole and durable under their final names, or not at all.

What is here blocks: it is for threads, and for the process of `flickr_mirror.storage.writer_process`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError, PlaceTakenError
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.directories import open_folder, opened, settle, sync_folder
from flickr_mirror.storage.filesystem import disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class PendingFile:
    """A file that is being written under a temporary name, and comes into being with its first block.

    `top` is the mirror's folder: a link between it and the file is refused. By default it is the file's own folder.
    """

    def __init__(self, path: Path, block: bytearray | memoryview, top: Path | None = None) -> None:
        self.path = path
        self.top = top or path.parent
        self.size = len(block)
        self.block = block
        """The bytes that are not written yet, as far as they came."""
        self.digest = hashlib.sha256()
        self.descriptor: int | None = None
        self.is_closed = False
        # A task that is cancelled past anyio closes the file while a thread may still write to it.
        self.turn = threading.Lock()

    def write_block(self, folder: int | None = None) -> int:
        """Write the block; return the descriptor. To be called in one's `turn`. Raises `OSError`, `CacheError`.

        `folder` is the folder of the file where that is open already.
        """
        if self.is_closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(self.path))
        if self.descriptor is None:
            if folder is None:
                with opened(self.path.parent, self.top) as folder:
                    self.descriptor = filesystem.new_file(self.path.name, folder)
            else:
                self.descriptor = filesystem.new_file(self.path.name, folder)
        self.digest.update(self.block)
        filesystem.write(self.descriptor, self.block)
        return self.descriptor

    def name(self, folder: int, final: str, final_folder: int) -> bytes:
        """Move the file from its open folder to its final name, and close it; return its SHA-256.

        To be called in one's `turn`. Raises `OSError`.
        """
        filesystem.replace(self.path.name, folder, final, final_folder)
        self.is_closed = True
        if self.descriptor is not None:
            filesystem.drop(self.descriptor)
        return self.digest.digest()

    def drop(self) -> None:
        """Close the file, and remove it where it has no final name. To be called in one's `turn`."""
        if self.descriptor is not None and not self.is_closed:
            filesystem.drop(self.descriptor)
            filesystem.discard(self.path, self.top)
        self.is_closed = True


class FileCommit:
    """One file on its way to its final name, which another file may have if `check` raises nothing."""

    def __init__(self, part: PendingFile, final: Path, check: Callable[[], object] | None) -> None:
        self.part = part
        self.final = final
        self.top = Path(filesystem.top_of(part.path, final))
        """The mirror's folder."""
        self.sha256 = b""
        self.error: BaseException | None = None
        self._check = check
        self._descriptor = -1
        self._folder: int | None = None
        self._unsettled: list[str] = []

    def write(self, folder: int) -> None:
        """Write what is not written yet; `folder` is the open folder of the temporary file."""
        self._descriptor = self.part.write_block(folder)
        filesystem.begin_sync(self._descriptor)

    def sync(self) -> None:
        """Wait until the bytes are durable."""
        filesystem.sync(self._descriptor, self.part.size)

    def name(self, folder: int) -> None:
        """Move the file from its open folder to its final name, in folders that are made where they are missing."""
        self._folder, self._unsettled = open_folder(str(self.final.parent), str(self.top), make=True)
        # only now, because another file of this group may have had the same name
        if self._check is not None and filesystem.is_taken(self.final.name, self._folder):
            self._check()
        self.sha256 = self.part.name(folder, self.final.name, self._folder)

    def settle(self, sync: Callable[[str, int | None], None]) -> None:
        """Make the name durable."""
        settle(self._unsettled, lambda folder: sync(folder, None))
        sync(str(self.final.parent), self._folder)

    def close(self) -> None:
        """Close the folder of the final name."""
        if self._folder is not None:
            os.close(self._folder)


def commit_all(group: Sequence[FileCommit]) -> None:
    """Make files of one mirror durable, and give them their names; what fails has its `error`.

    To be called in their turns. Each step is taken for all files before the next one: what the disk does for the
    first, it did for many. Errors are `CacheError`, `PlaceTakenError` where something is in the way, and whatever
    a check raised.
    """
    if not group:
        return
    first = group[0]
    try:
        with disk_errors(first.part.path), opened(first.part.path.parent, first.top) as folder:
            _take_steps(group, folder)
    except CacheError as error:
        for keeping in group:
            keeping.error = error
    finally:
        for keeping in group:
            keeping.close()


def _take_steps(group: Sequence[FileCommit], folder: int) -> None:
    settle_all = partial(FileCommit.settle, sync=_once(sync_folder))
    write, name = partial(FileCommit.write, folder=folder), partial(FileCommit.name, folder=folder)
    for step in (write, FileCommit.sync, name, settle_all):
        for keeping in group:
            if keeping.error is None:
                _attempt(step, keeping)


def _once(sync: Callable[[str, int | None], None]) -> Callable[[str, int | None], None]:
    """Return what syncs each folder once, and tells all who want that how it ended: the system tells it once."""
    outcomes: dict[str, OSError | None] = {}

    def sync_once(folder: str, descriptor: int | None) -> None:
        if folder not in outcomes:
            outcomes[folder] = None
            try:
                sync(folder, descriptor)
            except OSError as error:
                outcomes[folder] = error
        if error_of_all := outcomes[folder]:
            raise error_of_all

    return sync_once


def _attempt(step: Callable[[FileCommit], None], keeping: FileCommit) -> None:
    try:
        with disk_errors(keeping.final, PlaceTakenError):
            step(keeping)
    except BaseException as error:  # noqa: BLE001 - it is raised in the task that waits for this file
        keeping.error = error
