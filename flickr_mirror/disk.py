"""Every write and rename in a mirror: a file appears whole and durable, or not at all.

Whatever changes the disk goes through the name `os` of this module, so that tests can put faults in its place.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import secrets
import stat
import zlib
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import CacheError, CacheFullError, PlaceTakenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PART_SUFFIX = ".part"

logger = logging.getLogger("flickr_mirror")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMLINK}
_TAKEN = {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENOTEMPTY}
_MORE_FILES = (
    "Allow more of them (`ulimit -n 256`) and run the same command again: it goes on where it stopped."
)
_CURES = {
    errno.EIO: "Check the disk and its cable, then run the same command again.",
    errno.EMFILE: _MORE_FILES,
    errno.ENFILE: _MORE_FILES,
}
_UNKNOWN = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
"""What network file systems answer when they are asked to sync a folder, and cannot."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND
_KNOWN_FOLDERS = 100_000
_durable: set[str] = set()
"""Folders whose names a loss of power does not take any more, as far as this process knows."""


@contextmanager
def disk_errors(path: Path, kind: type[CacheError] = CacheError) -> Iterator[None]:
    """Turn an `OSError` into the `CacheError` that says what failed, and what to do.

    It is of this `kind` where something else is in the place of a file.
    """
    try:
        yield
    except OSError as error:
        name = error.filename2 or error.filename  # of a renaming, the name that it was to get
        place = Path(os.fsdecode(name)) if name else path
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            raise CacheFullError(
                f"{place}: {reason}. Make room and run the same command again: it goes on where it stopped.",
                place,
            ) from error
        if error.errno in _TAKEN and kind is not CacheError:
            raise kind(
                f"{place} is in the way: {reason}. Move it away, and run the same command again.", place
            ) from error
        cure = _CURES.get(error.errno or 0, "Check that the folder exists, is yours and can be written to.")
        raise CacheError(f"{place}: {reason}. {cure}", place) from error


def home(path: Path) -> Path:
    """Return a path with `~` replaced by the home folder. Raises `CacheError` where nobody knows that."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise CacheError(
            f"{path}: there is no home folder. Set HOME, or choose a folder with --cache-path.", path
        ) from error


def make_folder(path: Path) -> None:
    """Make a folder and its parents, durably; those that are there may be links. Raises `CacheError`."""
    with disk_errors(path):
        settle(make_folders(str(path.absolute())))


def make_folders(path: str, top: str | None = None) -> list[str]:
    """Make a folder and its parents; return those whose names a loss of power may still take, for `settle`.

    That they are there proves nothing: a run that was killed, or another worker, may not have come to syncing
    them. Those below `top` must not be links, which might lead out of the mirror; `top` itself is not made,
    because where it is missing the disk is. Raises `OSError`.
    """
    if len(_durable) > _KNOWN_FOLDERS:
        _durable.clear()
    unsettled = []
    for folder in reversed(list(_doubtful(path, top))):
        if _made_folder(folder, is_likely=top is None) or _is_folder(folder):
            unsettled.append(folder)
        elif top is not None and os.path.islink(folder):
            raise OSError(errno.ELOOP, "this link to elsewhere is not followed", folder)
        elif not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
    return unsettled


def _made_folder(path: str, *, is_likely: bool) -> bool:
    """Make a folder unless something has its name, and return whether that was done.

    Where it `is_likely` to be there, it is looked for first: not every system says so of a folder of others.
    """
    if is_likely and os.path.lexists(path):
        return False
    try:
        os.mkdir(path)
    except FileExistsError:
        return False
    return True


def _doubtful(path: str, top: str | None) -> Iterator[str]:
    """Yield the folders, innermost first, that may be missing, or that a loss of power may take."""
    parent = ""
    while path != top and path != parent and not (path in _durable and _is_folder(path)):
        parent = os.path.dirname(path)
        if top is None and os.path.isdir(path) and not os.access(parent, os.R_OK | os.W_OK):
            return  # nobody who is us has made it
        yield path
        path, parent = parent, path


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def sync_folder(path: str) -> None:
    """Let no loss of power take the names in a folder. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        warn_once("This file system cannot sync folders: a loss of power may cost the latest files.")
    finally:
        os.close(descriptor)


def settle(folders: Iterable[str], sync: Callable[[str], None] = sync_folder) -> None:
    """Let no loss of power take the names of folders that `make_folders` returned. Raises `OSError`."""
    for folder in folders:
        sync(os.path.dirname(folder))
        _durable.add(folder)


@cache
def warn_once(text: str) -> None:
    """Tell what the file system cannot do, once in the life of a process."""
    logger.warning(text)


def new_file(path: Path, *, private: bool = False) -> int:
    """Return the descriptor of a file that nobody had before, and that nobody else may read where it is `private`."""
    return os.open(path, _NEW, 0o600 if private else 0o666)


def write(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of it: a disk that is almost full takes a part at first, and refuses the rest then."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def begin_sync(descriptor: int) -> None:
    """Have the system send a file to the disk, without waiting for it; where it does not know how, nothing is lost."""
    if hasattr(os, "posix_fadvise"):  # not on macOS
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def sync(descriptor: int, size: int) -> None:
    """Make the bytes of a file durable. Raises `OSError`, also where there are not so many as were written."""
    if (found := os.fstat(descriptor).st_size) != size:
        raise OSError(errno.EIO, f"{found} of {size} bytes are there")
    os.fsync(descriptor)


def truncate(descriptor: int) -> None:
    """Make a file empty."""
    os.ftruncate(descriptor, 0)


def replace(path: Path, target: str | Path) -> None:
    """Give a file its final name, which another file may have had."""
    os.replace(path, target)


def drop(descriptor: int, path: Path | None = None) -> None:
    """Close a file, and remove it where a path is given; what that could tell, `sync` has told."""
    with suppress(OSError):
        os.close(descriptor)
    if path is not None:
        with suppress(OSError):  # the next run sweeps it away
            os.unlink(path)


def top_of(temporary: Path, final: Path) -> str:
    """Return the folder that a file and its temporary one have in common, which is in the same mirror."""
    return os.path.commonpath((temporary.parent, final.parent))


def write_file(path: Path, data: bytes, *, folder: Path | None = None, private: bool = False) -> None:
    """Write a small file durably: whole under its name, or not at all. Raises `CacheError`.

    Until then it has a temporary name in `folder`, which must be in the same mirror, on the same file system
    (by default the folder of `path`, which is made then). A `private` file is readable by its owner alone from
    its first byte on. Raises `PlaceTakenError` where something else than a file is in its place.
    """
    if folder is None:
        make_folder(path.parent)
    with disk_errors(path, PlaceTakenError):
        # process ids repeat, in containers above all, and a killed run leaves its file
        temporary = (folder or path.parent) / f".{secrets.token_hex(8)}{PART_SUFFIX}"
        descriptor = new_file(temporary, private=private)
        try:
            write(descriptor, data)
            sync(descriptor, len(data))
            folders = make_folders(str(path.parent), top_of(temporary, path))
            replace(temporary, path)
        except BaseException:
            drop(descriptor, temporary)
            raise
        drop(descriptor)
        settle(folders)
        sync_folder(str(path.parent))


def read(path: Path) -> bytes:
    """Return the content of a small file that is no link. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def checksum(document: dict[str, Any]) -> str:
    """Return the CRC-32 of a JSON document, which is kept in it as "checksum", as eight hexadecimal digits."""
    return f"{zlib.crc32(json.dumps({**document, 'checksum': None}, sort_keys=True).encode()):08x}"


def make_durable(folder: Path, names: Iterable[str], top: Path) -> None:
    """Let no loss of power take these files of a folder below `top`. Raises `CacheError`.

    The run that wrote them may have been killed before it came to that. Raises `PlaceTakenError` where a link
    leads to one.
    """
    with disk_errors(folder, PlaceTakenError):
        for name in names:
            descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        settle(make_folders(str(folder), str(top)))
        sync_folder(str(folder))


def move(path: Path, target: Path) -> bool:
    """Move a file durably, and return whether it was there. Raises `CacheError`."""
    with disk_errors(path):
        if not os.path.lexists(path):
            return False
        settle(make_folders(str(target.parent), top_of(path, target)))
        try:
            os.replace(path, target)
        except FileNotFoundError:
            return False
        sync_folder(str(target.parent))
        sync_folder(str(path.parent))
    return True


def remove(path: Path) -> None:
    """Remove a file durably; one that is not there need not be removed. Raises `CacheError`."""
    with disk_errors(path), suppress(FileNotFoundError):
        os.unlink(path)
        sync_folder(str(path.parent))


def check_writable(folder: Path) -> None:
    """Make `folder` where it is missing, and prove that files can be written to it. Raises `CacheError`."""
    make_folder(folder)
    with disk_errors(folder):
        path = folder / f".writable{PART_SUFFIX}"  # always the same, so that one that was left goes
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            write(descriptor, b"1")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):  # another run was faster
                os.unlink(path)


def keep_private(path: Path) -> None:
    """Take a file or folder of this user away from all other users; one that is not there, or not ours, stays."""
    with suppress(OSError):
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        if mode & 0o077 and not os.path.islink(path):
            os.chmod(path, mode & 0o700)


def sweep(folder: Path) -> int:
    """Remove the temporary files that a killed run left in `folder`; return how many there were.

    To be called under the mirror's lock only.
    """
    with disk_errors(folder):
        parts = [
            path for path in folder.iterdir() if path.suffix == PART_SUFFIX and not _is_folder(str(path))
        ]
        for path in parts:
            with suppress(FileNotFoundError):
                os.unlink(path)
    return len(parts)
