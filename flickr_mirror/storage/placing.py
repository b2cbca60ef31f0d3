"""Puts files of a mirror into another folder: by reflink, hard link or copy. The file in the mirror is not changed."""

from __future__ import annotations

import os
import shutil
from enum import StrEnum
from typing import TYPE_CHECKING

from flickr_mirror.storage.disk_errors import disk_errors

if TYPE_CHECKING:
    from pathlib import Path

_FICLONE = 0x40049409
"""The ioctl of Linux that makes a file share the blocks of another one (`man ioctl_ficlone`)."""


class Way(StrEnum):
    """How files are put into the target."""

    LINK = "link"
    """A hard link: no space, and the file has the times of the mirror's."""
    COPY = "copy"
    """A file of its own; a reflink where the file system can, which takes no space until one of them changes."""


class Placer:
    """Puts files into a folder. A file that is there already and equal is left as it is.

    `linked` and `copied` count the files, `unchanged` those that were there, `bytes` those that were copied.
    """

    def __init__(self, folder: Path, way: Way) -> None:
        self.folder = folder
        self._way = way
        self.linked = self.copied = self.unchanged = self.bytes = 0

    def place(self, source: Path, name: str, *, moment: float | None = None) -> Path:
        """Put a file at `name` below the folder; `moment` is the modification time of a copy.

        Raises `CacheError` if it cannot be written, and `OSError` if the file in the mirror is missing.
        """
        path = self.folder / name
        stored = source.stat()  # raises OSError: the file in the mirror is missing
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if _is_same(path, stored, moment):
                self.unchanged += 1
                return path
            part = path.with_name(f".{path.name[:100]}.part")
            part.unlink(missing_ok=True)
            if self._way is Way.LINK and _link(source, part):
                self.linked += 1
            else:
                _copy(source, part)
                self.copied += 1
                self.bytes += stored.st_size
                time = stored.st_mtime if moment is None else moment
                os.utime(part, (time, time))
            part.replace(path)
        return path

    def write(self, name: str, data: bytes, *, moment: float | None = None) -> bool:
        """Write a file below the folder unless it has these bytes; return whether it was written."""
        path = self.folder / name
        with disk_errors(path):
            if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name[:100]}.part")
            part.write_bytes(data)
            if moment is not None:
                os.utime(part, (moment, moment))
            part.replace(path)
        return True


def _is_same(path: Path, stored: os.stat_result, moment: float | None) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    is_link = (there.st_dev, there.st_ino) == (stored.st_dev, stored.st_ino)
    time = stored.st_mtime if moment is None else moment
    return is_link or (there.st_size == stored.st_size and abs(there.st_mtime - time) < 2)


def _link(source: Path, target: Path) -> bool:
    """Make a hard link; return whether that was possible: not to another disk, and not on every file system."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as file, target.open("xb") as copy:
        try:
            import fcntl

            fcntl.ioctl(copy.fileno(), _FICLONE, file.fileno())
        except (ImportError, OSError):
            shutil.copyfileobj(file, copy, 1 << 20)
