"""Durable writes of groups of files: each file gets its final name with all of its bytes, or not at all.

All functions block. They run in threads and in the process of `flickr_mirror.storage.writer_process`.
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
from flickr_mirror.storage.directories import open_folder, opened, sync_folder, sync_parents
from flickr_mirror.storage.disk_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class TemporaryFile:
    """A file under a temporary name, created when its first block is written.

    `base` is the mirror's folder: a link between it and the file is refused. By default it is the file's own folder.
    """

    def __init__(self, path: Path, block: bytearray | memoryview, base: Path | None = None) -> None:
        self.path = path
        self.base = base or path.parent
        self.size = len(block)
        self.block = block
        """The bytes that have been received and not yet written."""
        self.digest = hashlib.sha256()
        self.descriptor: int | None = None
        self.is_closed = False
        # A task that is cancelled outside of anyio closes the file while a thread may still write to it.
        self.lock = threading.Lock()

    def write_block(self, folder: int | None = None) -> int:
        """Write the block; return the descriptor. Requires `lock`. Raises `OSError`, `CacheError`.

        `folder` is the descriptor of the file's folder, if that is open already.
        """
        if self.is_closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(self.path))
        if self.descriptor is None:
            if folder is None:
                with opened(self.path.parent, self.base) as folder:
                    self.descriptor = filesystem.new_file(self.path.name, folder)
            else:
                self.descriptor = filesystem.new_file(self.path.name, folder)
        self.digest.update(self.block)
        filesystem.write(self.descriptor, self.block)
        return self.descriptor

    def rename(self, folder: int, final: str, final_folder: int) -> bytes:
        """Move the file from its open folder to its final name, and close it; return its SHA-256.

        Requires `lock`. Raises `OSError`.
        """
        filesystem.replace(self.path.name, folder, final, final_folder)
        self.is_closed = True
        if self.descriptor is not None:
            filesystem.close(self.descriptor)
        return self.digest.digest()

    def discard(self) -> None:
        """Close the file, and delete it unless it was renamed. Requires `lock`."""
        if self.descriptor is not None and not self.is_closed:
            filesystem.close(self.descriptor)
            filesystem.discard(self.path, self.base)
        self.is_closed = True


class FileCommit:
    """The steps that give one file its final name, and their result: `sha256` or `error`.

    `check` is called if another file has the name; that file is replaced unless `check` raises.
    """

    def __init__(self, file: TemporaryFile, final: Path, check: Callable[[], object] | None) -> None:
        self.file = file
        self.final = final
        self.base = Path(filesystem.common_folder(file.path, final))
        """A folder of the mirror above both names. Links below it are refused."""
        self.sha256 = b""
        self.error: BaseException | None = None
        self._check = check
        self._descriptor = -1
        self._folder: int | None = None
        self._created: list[str] = []

    def write(self, folder: int) -> None:
        """Write the bytes that are still in memory; `folder` is the open folder of the temporary file."""
        self._descriptor = self.file.write_block(folder)
        filesystem.begin_sync(self._descriptor)

    def sync(self) -> None:
        """Wait until the bytes are durable."""
        filesystem.sync(self._descriptor, self.file.size)

    def rename(self, folder: int) -> None:
        """Move the file from its open folder to its final name, and create missing folders."""
        self._folder, self._created = open_folder(str(self.final.parent), str(self.base), make=True)
        # as late as this, because another file of the group may have had the same name
        if self._check is not None and filesystem.is_taken(self.final.name, self._folder):
            self._check()
        self.sha256 = self.file.rename(folder, self.final.name, self._folder)

    def sync_name(self, sync: Callable[[str, int | None], None]) -> None:
        """Make the final name durable."""
        sync_parents(self._created, lambda folder: sync(folder, None))
        sync(str(self.final.parent), self._folder)

    def close(self) -> None:
        """Close the folder of the final name."""
        if self._folder is not None:
            os.close(self._folder)


def commit_all(group: Sequence[FileCommit]) -> None:
    """Make files of one mirror durable and give them their names; set the `error` of those that fail.

    Requires the locks of all files. Each step is done for all files before the next one, because syncing the first
    file often makes others durable too. Errors are `CacheError`, `PlaceTakenError` if something other than a file
    has the name, and any exception of a check.
    """
    if not group:
        return
    first = group[0]
    try:
        with disk_errors(first.file.path), opened(first.file.path.parent, first.base) as folder:
            _take_steps(group, folder)
    except CacheError as error:
        for commit in group:
            commit.error = error
    finally:
        for commit in group:
            commit.close()


def _take_steps(group: Sequence[FileCommit], folder: int) -> None:
    sync_name = partial(FileCommit.sync_name, sync=_once(sync_folder))
    write, rename = partial(FileCommit.write, folder=folder), partial(FileCommit.rename, folder=folder)
    for step in (write, FileCommit.sync, rename, sync_name):
        for commit in group:
            if commit.error is None:
                _attempt(step, commit)


def _once(sync: Callable[[str, int | None], None]) -> Callable[[str, int | None], None]:
    """Return a function that syncs each folder once and raises its error for every file of that folder.

    The system reports a failed sync only once.
    """
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


def _attempt(step: Callable[[FileCommit], None], commit: FileCommit) -> None:
    try:
        with disk_errors(commit.final, PlaceTakenError):
            step(commit)
    except BaseException as error:  # noqa: BLE001 - it is raised in the task that waits for this file
        commit.error = error
