"""Every write and rename in a mirror: a file appears whole and durable, or not at all.

Whatever changes the disk goes through the name `os` of this module, so that tests can put faults in its place.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
import zlib
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import CacheError, CacheFullError, PlaceTakenError
from flickr_mirror.storage.directories import make_folders, opened, settle, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PART_SUFFIX = ".part"

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
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND


@contextmanager
def disk_errors(path: Path, kind: type[CacheError] = CacheError) -> Iterator[None]:
    """Turn an `OSError` into the `CacheError` that says what failed, and what to do.

    It is of this `kind` where something else is in the place of a file.
    """
    try:
        yield
    except OSError as error:
        name = error.filename2 or error.filename  # of a renaming, the name that it was to get
        # below an open folder, the system names a file without its folder
        place = Path(os.fsdecode(name)) if name and os.path.isabs(name) else path
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
    """Return the absolute path of a cache, which may begin with `~` or in the working folder.

    Raises `CacheError` where there is no home folder, or no working folder any more, or where something else than a
    folder is at the path or above it.
    """
    try:
        found = path.expanduser().absolute()
    except FileNotFoundError as error:
        place = os.environ.get("PWD", "")
        raise CacheError(
            f"{path}: the working folder {place} does not exist any more. Change to one that does (`cd`), or give an "
            "absolute path.",
            path,
        ) from error
    except RuntimeError as error:
        raise CacheError(
            f"{path}: there is no home folder. Set HOME, or choose a folder with --cache-path.", path
        ) from error
    there = next((part for part in (found, *found.parents) if os.path.exists(part)), found)
    if os.path.exists(there) and not os.path.isdir(there):
        raise CacheError(f"{there} is not a folder: use another --cache-path.", there)
    return found


def make_folder(path: Path) -> None:
    """Make a folder and its parents, durably; those that are there may be links. Raises `CacheError`."""
    with disk_errors(path):
        settle(make_folders(str(path.absolute())))


def new_file(name: str, folder: int, *, private: bool = False) -> int:
    """Return the descriptor of a new file in an open folder, which its owner alone may read where it is `private`."""
    return os.open(name, _NEW, 0o600 if private else 0o666, dir_fd=folder)


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


def replace(name: str, folder: int, target: str, target_folder: int) -> None:
    """Move a file from one open folder to its final name in another, which another file may have had."""
    os.replace(name, target, src_dir_fd=folder, dst_dir_fd=target_folder)


def is_taken(name: str, folder: int) -> bool:
    """Return whether something in an open folder has this name."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def drop(descriptor: int) -> None:
    """Close a file; what that could report, `sync` has reported."""
    with suppress(OSError):
        os.close(descriptor)


def discard(path: Path, top: Path) -> None:
    """Remove a temporary file below `top`. Where that fails, the next run sweeps it away."""
    with suppress(OSError, CacheError), opened(path.parent, top) as folder:
        os.unlink(path.name, dir_fd=folder)


def top_of(temporary: Path, final: Path) -> str:
    """Return the folder that a file and its temporary one have in common, which is in the same mirror."""
    return os.path.commonpath((temporary.parent, final.parent))


def write_file(
    path: Path, data: bytes, *, folder: Path | None = None, private: bool = False, top: Path | None = None
) -> None:
    """Write a small file durably: whole under its name, or not at all. Raises `CacheError`.

    Until then it has a temporary name in `folder`, which must be in the same mirror, on the same file system
    (by default the folder of `path`). Links below `top`, the folder of the mirror, are refused; without it the
    folder of `path` is made, and may be reached through links. A `private` file is readable by its owner alone
    from its first byte on. Raises `PlaceTakenError` where something else than a file is in its place.
    """
    if folder is None and top is None:
        make_folder(path.parent)
        top = path.parent
    top = top or Path(top_of(folder / path.name if folder else path, path))
    name = f".{secrets.token_hex(8)}{PART_SUFFIX}"  # process ids repeat, and a killed run leaves its file
    with disk_errors(path, PlaceTakenError), ExitStack() as stack:
        target = stack.enter_context(opened(path.parent, top, make=True))
        source = stack.enter_context(opened(folder, top)) if folder else target
        descriptor = new_file(name, source, private=private)
        try:
            write(descriptor, data)
            sync(descriptor, len(data))
            replace(name, source, path.name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(name, dir_fd=source)
            raise
        finally:
            drop(descriptor)
        sync_folder(str(path.parent), target)


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

    The run that wrote them may have been killed before it came to that. Raises `PlaceTakenError` where a file
    is a link.
    """
    with disk_errors(folder, PlaceTakenError), opened(folder, top, make=True) as opened_folder:
        for name in names:
            with disk_errors(folder / name, PlaceTakenError):
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=opened_folder)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        sync_folder(str(folder), opened_folder)


def move(path: Path, target: Path) -> bool:
    """Move a file within a mirror durably, and return whether it was there. Raises `CacheError`."""
    top = Path(top_of(path, target))
    with disk_errors(path), ExitStack() as stack:
        try:
            source = stack.enter_context(opened(path.parent, top))
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not is_taken(path.name, source):
            return False
        folder = stack.enter_context(opened(target.parent, top, make=True))
        try:
            replace(path.name, source, target.name, folder)
        except FileNotFoundError:
            return False
        sync_folder(str(target.parent), folder)
        sync_folder(str(path.parent), source)
    return True


def remove(path: Path, top: Path | None = None) -> None:
    """Remove a file durably; one that is not there need not be removed. Raises `CacheError`.

    Links below `top`, the folder of the mirror, are refused.
    """
    with disk_errors(path), suppress(FileNotFoundError), opened(path.parent, top) as folder:
        os.unlink(path.name, dir_fd=folder)
        sync_folder(str(path.parent), folder)


def check_writable(folder: Path, top: Path | None = None) -> None:
    """Make `folder` where it is missing, and prove that files can be written to it. Raises `CacheError`.

    Links below `top`, the folder of the mirror, are refused.
    """
    make_folder(top or folder)
    name = f".writable{PART_SUFFIX}"  # always the same, so that one that was left goes
    with disk_errors(folder), opened(folder, top, make=True) as opened_folder:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=opened_folder)
        try:
            write(descriptor, b"1")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):  # another run was faster
                os.unlink(name, dir_fd=opened_folder)


def keep_private(path: Path) -> None:
    """Take a file or folder of this user away from all other users; one that is not there, or not ours, stays."""
    with suppress(OSError):
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        if mode & 0o077 and not os.path.islink(path):
            os.chmod(path, mode & 0o700)


def sweep(folder: Path, top: Path | None = None) -> int:
    """Remove the temporary files that a killed run left in `folder`; return how many there were.

    Links below `top`, the folder of the mirror, are refused. To be called under the mirror's lock only.
    """
    with disk_errors(folder), opened(folder, top) as opened_folder:
        parts = [
            entry.name
            for entry in os.scandir(opened_folder)
            if Path(entry.name).suffix == PART_SUFFIX and not entry.is_dir(follow_symlinks=False)
        ]
        for name in parts:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=opened_folder)
    return len(parts)
