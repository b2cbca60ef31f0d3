"""Folders: created durably, and opened without following links out of a mirror.

A folder of a mirror is opened by descriptor, level by level. Check and use are one step, so a folder that is
replaced by a link during a run is refused. All functions raise `OSError` if the system fails. Changes to the disk
go through the name `os` of this module, so that tests can inject faults.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from flickr_mirror.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

logger = logging.getLogger("flickr_mirror")

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_UNKNOWN = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
"""Error numbers of network file systems that cannot sync folders."""
_KNOWN_FOLDERS = 100_000
_durable: set[str] = set()
"""Folders that this process knows to survive a power failure."""


def make_folders(path: str) -> list[str]:
    """Create a folder and its parents; return those that may not survive a power failure yet, for `sync_parents`.

    That includes existing folders, because a killed run may not have synced them. Existing folders may be links.
    """
    created = []
    for folder in reversed(list(_doubtful(path))):
        if not os.path.lexists(folder):  # some systems report another error for a foreign folder
            _make(folder)
            created.append(folder)
        elif is_folder(folder):
            created.append(folder)
        elif not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
    return created


def _doubtful(path: str) -> Iterator[str]:
    """Yield the folders, innermost first, that may be missing or may not survive a power failure."""
    parent = ""
    while path != parent and not (path in _durable and is_folder(path)):
        parent = os.path.dirname(path)
        if os.path.isdir(path) and not os.access(parent, os.R_OK | os.W_OK):
            return  # this user cannot have created it
        yield path
        path, parent = parent, path


def _make(name: str, parent: int | None = None) -> None:
    try:
        # a folder inside of a private one stays private if it is moved, or was opened before
        os.mkdir(name, 0o700 if parent is not None and is_private(parent) else 0o777, dir_fd=parent)
    except FileExistsError:  # another worker created it first
        return


def is_private(folder: int) -> bool:
    """Return whether only its owner may enter an open folder."""
    return not os.fstat(folder).st_mode & 0o077


def is_folder(path: str) -> bool:
    """Return whether this is a folder and not a link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def open_folder(path: str, base: str, *, make: bool = False) -> tuple[int, list[str]]:
    """Open `base` or a folder below; return its descriptor and the folders whose parents must be synced.

    `make` creates it and its parents below `base`. `base` itself is not created, because if it is missing, so is
    the disk; it may be a link. Raises `CacheError` if a folder below `base` is a link.
    """
    created: list[str] = []
    descriptor, place = os.open(base, _FOLDER), base
    for name in path[len(base) :].split("/") if path != base else ():
        if not name:
            continue
        place = f"{place}/{name}" if place != "/" else f"/{name}"
        outer = descriptor
        try:
            descriptor = _enter(place, name, outer, make=make)
        except OSError as error:
            _refuse(place, name, outer, error)
        finally:
            os.close(outer)
        if place not in _durable:
            created.append(place)
    return descriptor, created


def _enter(place: str, name: str, parent: int, *, make: bool) -> int:
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    except FileNotFoundError:
        if not make:
            raise
    _durable.discard(place)
    _make(name, parent)
    return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)


def _refuse(place: str, name: str, parent: int, error: OSError) -> NoReturn:
    """Raise the error for a folder that cannot be opened. Systems report different errors for a link."""
    is_odd = error.errno in (errno.ELOOP, errno.ENOTDIR)
    if is_odd and stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        raise link_error(Path(place)) from None
    raise OSError(error.errno, error.strerror, place) from None


def link_error(path: Path) -> CacheError:
    """Return the error for a link in the place of a folder or file of the mirror."""
    return CacheError(f"{path} is a link, which is not followed: put what it leads to in its place.", path)


@contextmanager
def opened(path: Path, base: Path | None = None, *, make: bool = False) -> Iterator[int]:
    """Open a folder like `open_folder` for a `with` block, and sync what is created.

    Without `base` the folder may be a link.
    """
    descriptor, created = open_folder(str(path), str(base or path), make=make)
    try:
        if make:
            sync_parents(created)
        yield descriptor
    finally:
        os.close(descriptor)


def sync_folder(path: str, descriptor: int | None = None) -> None:
    """Make the names in a folder durable; `descriptor` is its descriptor if it is open."""
    own = descriptor is None
    if descriptor is None:
        descriptor = os.open(path, _FOLDER)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        warn_once("This file system cannot sync folders: a loss of power may cost the latest files.")
    finally:
        if own:
            os.close(descriptor)


def sync_parents(folders: Iterable[str], sync: Callable[[str], None] = sync_folder) -> None:
    """Make the names of these folders durable by syncing their parents."""
    if len(_durable) > _KNOWN_FOLDERS:
        _durable.clear()
    for folder in folders:
        sync(os.path.dirname(folder))
        _durable.add(folder)


@cache
def warn_once(text: str) -> None:
    """Log a warning once per process."""
    logger.warning(text)
