"""Folders: made durably, and opened so that no link leads out of a mirror.

A folder of a mirror is opened by descriptor, one level after the other: the check and the use are one step, so a
folder that is replaced by a link while a run works is refused, not followed. Everything here raises `OSError`
where the system fails. What changes the disk goes through the name `os` of this module, so that tests can put
faults in its place.
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
"""What network file systems answer when they are asked to sync a folder, and cannot."""
_KNOWN_FOLDERS = 100_000
_durable: set[str] = set()
"""Folders whose names a loss of power does not take any more, as far as this process knows."""


def make_folders(path: str) -> list[str]:
    """Make a folder and its parents; return those whose names a loss of power may still take, for `settle`.

    Those that exist may be links, and prove nothing: a run that was killed may not have come to syncing them.
    """
    unsettled = []
    for folder in reversed(list(_doubtful(path))):
        if not os.path.lexists(folder):  # not every system says so of a folder of others
            _make(folder)
            unsettled.append(folder)
        elif is_folder(folder):
            unsettled.append(folder)
        elif not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
    return unsettled


def _doubtful(path: str) -> Iterator[str]:
    """Yield the folders, innermost first, that may be missing, or that a loss of power may take."""
    parent = ""
    while path != parent and not (path in _durable and is_folder(path)):
        parent = os.path.dirname(path)
        if os.path.isdir(path) and not os.access(parent, os.R_OK | os.W_OK):
            return  # nobody who is us has made it
        yield path
        path, parent = parent, path


def _make(name: str, parent: int | None = None) -> None:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:  # another worker was faster
        return


def is_folder(path: str) -> bool:
    """Return whether this is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def open_folder(path: str, top: str, *, make: bool = False) -> tuple[int, list[str]]:
    """Open a folder in `top`, or `top` itself; return its descriptor, and the folders that `settle` must sync.

    With `make` it and its parents below `top` are made. `top` is not made, because where it is missing the disk
    is, and it may be reached through links. Raises `CacheError` where a link stands in the place of a folder below.
    """
    unsettled: list[str] = []
    descriptor, place = os.open(top, _FOLDER), top
    for name in path[len(top) :].split("/") if path != top else ():
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
            unsettled.append(place)
    return descriptor, unsettled


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
    """Raise what tells why a folder cannot be opened; systems have different errors for a link."""
    is_odd = error.errno in (errno.ELOOP, errno.ENOTDIR)
    if is_odd and stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        raise link_error(Path(place)) from None
    raise OSError(error.errno, error.strerror, place) from None


def link_error(path: Path) -> CacheError:
    """Return the error for a link that stands where the mirror has a folder or a file of its own."""
    return CacheError(f"{path} is a link, which is not followed: put what it leads to in its place.", path)


@contextmanager
def opened(path: Path, top: Path | None = None, *, make: bool = False) -> Iterator[int]:
    """Open a folder like `open_folder` for a `with` block, and settle what is made; without `top` it may be a link."""
    descriptor, unsettled = open_folder(str(path), str(top or path), make=make)
    try:
        if make:
            settle(unsettled)
        yield descriptor
    finally:
        os.close(descriptor)


def sync_folder(path: str, descriptor: int | None = None) -> None:
    """Let no loss of power take the names in a folder, which may be open already."""
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


def settle(folders: Iterable[str], sync: Callable[[str], None] = sync_folder) -> None:
    """Let no loss of power take the names of these folders."""
    if len(_durable) > _KNOWN_FOLDERS:
        _durable.clear()
    for folder in folders:
        sync(os.path.dirname(folder))
        _durable.add(folder)


@cache
def warn_once(text: str) -> None:
    """Tell what the file system cannot do, once in the life of a process."""
    logger.warning(text)
