"""Durable reads, writes, moves and deletions of single files.

A file appears whole and durable or not at all. Changes to the disk go through the name `os` of this module, so that
tests can inject faults.
"""

from __future__ import annotations

import errno
import io
import json
import os
import secrets
import stat
import zlib
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import CacheError, PlaceTakenError
from flickr_mirror.storage.directories import is_private, make_folders, opened, sync_folder, sync_parents
from flickr_mirror.storage.disk_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

PART_SUFFIX = ".part"

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND


def home(path: Path, option: str = "--cache-path") -> Path:
    """Return the absolute path of a folder given with `option`, which may begin with `~` or be relative.

    Raises `CacheError` if there is no home folder, if the working folder was deleted, or if the path or one of its
    parents is not a folder.
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
            f"{path}: there is no home folder. Set HOME, or choose a folder with {option}.", path
        ) from error
    there = next((part for part in (found, *found.parents) if os.path.exists(part)), found)
    if os.path.exists(there) and not os.path.isdir(there):
        raise CacheError(f"{there} is not a folder: use another {option}.", there)
    return found


def make_folder(path: Path) -> None:
    """Create a folder and its parents durably. Existing ones may be links. Raises `CacheError`."""
    with disk_errors(path):
        sync_parents(make_folders(str(path.absolute())))


def new_file(name: str, folder: int, *, private: bool = False) -> int:
    """Create a file in an open folder; return its descriptor.

    Only its owner may read a `private` file, and a file in a folder that only its owner may enter.
    """
    return os.open(name, _NEW, 0o600 if private or is_private(folder) else 0o666, dir_fd=folder)


def write(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all bytes. An almost full disk accepts some of them first and refuses the rest with the next call."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def begin_sync(descriptor: int) -> None:
    """Start writing a file to the disk without waiting for it, on systems that support that."""
    if hasattr(os, "posix_fadvise"):  # not on macOS
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def sync(descriptor: int, size: int) -> None:
    """Make the bytes of a file durable. Raises `OSError`, also if the file does not have `size` bytes."""
    if (found := os.fstat(descriptor).st_size) != size:
        raise OSError(errno.EIO, f"{found} of {size} bytes are there")
    os.fsync(descriptor)


def truncate(descriptor: int) -> None:
    """Make a file empty."""
    os.ftruncate(descriptor, 0)


def replace(name: str, folder: int, target: str, target_folder: int) -> None:
    """Move a file from one open folder to a name in another, and replace a file that has the name."""
    os.replace(name, target, src_dir_fd=folder, dst_dir_fd=target_folder)


def is_taken(name: str, folder: int) -> bool:
    """Return whether a file, folder or link in an open folder has this name."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def close(descriptor: int) -> None:
    """Close a file. Errors are ignored, because `sync` has reported them."""
    with suppress(OSError):
        os.close(descriptor)


def discard(path: Path, base: Path) -> None:
    """Delete a temporary file below `base`. If that fails, the next run deletes it."""
    with suppress(OSError, CacheError), opened(path.parent, base) as folder:
        os.unlink(path.name, dir_fd=folder)


def common_folder(temporary: Path, final: Path) -> str:
    """Return the innermost folder that contains both a file and its temporary file."""
    return os.path.commonpath((temporary.parent, final.parent))


def write_file(
    path: Path, data: bytes, *, folder: Path | None = None, private: bool = False, base: Path | None = None
) -> None:
    """Write a small file durably and atomically. Raises `CacheError`.

    `folder` is for the temporary file and must be in the same mirror and on the same file system; by default it is
    the folder of `path`. Links below `base`, the folder of the mirror, are refused. Without `base` the folder of
    `path` is created, and links are followed. Only its owner may read a `private` file, from its first byte on.
    Raises `PlaceTakenError` if something other than a file has the name.
    """
    if folder is None and base is None:
        make_folder(path.parent)
        base = path.parent
    base = base or Path(common_folder(folder / path.name if folder else path, path))
    name = f".{secrets.token_hex(8)}{PART_SUFFIX}"  # random, because process ids repeat and killed runs leave files
    with disk_errors(path, PlaceTakenError), ExitStack() as stack:
        target = stack.enter_context(opened(path.parent, base, make=True))
        source = stack.enter_context(opened(folder, base)) if folder else target
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
            close(descriptor)
        sync_folder(str(path.parent), target)


def open_file(path: Path) -> io.FileIO:
    """Open a file for reading, unbuffered. Raises `OSError`, also for a link."""
    return io.FileIO(path, opener=_open_without_following)


def _open_without_following(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def size(path: Path) -> int:
    """Return the size of a file in bytes. Raises `OSError`, also for a link."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return found.st_size


def content(path: Path) -> bytes | None:
    """Return the content of a small file; `None` if it is missing, a link or unreadable."""
    try:
        return read(path)
    except OSError:
        return None


def read(path: Path) -> bytes:
    """Return the content of a small file. Raises `OSError`, also for a link."""
    with open_file(path) as file:
        return file.readall()


def checksum(document: dict[str, Any]) -> str:
    """Return the CRC-32 for the "checksum" of a JSON document, as eight hexadecimal digits."""
    return f"{zlib.crc32(json.dumps({**document, 'checksum': None}, sort_keys=True).encode()):08x}"


def make_durable(folder: Path, names: Iterable[str], base: Path) -> None:
    """Make existing files of a folder below `base` durable. Raises `CacheError`, and `PlaceTakenError` for a link."""
    with disk_errors(folder, PlaceTakenError), opened(folder, base, make=True) as opened_folder:
        for name in names:
            with disk_errors(folder / name, PlaceTakenError):
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=opened_folder)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        sync_folder(str(folder), opened_folder)


def move(path: Path, target: Path) -> bool:
    """Move a file within a mirror durably; return whether it existed. Raises `CacheError`."""
    base = Path(common_folder(path, target))
    with disk_errors(path), ExitStack() as stack:
        try:
            source = stack.enter_context(opened(path.parent, base))
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not is_taken(path.name, source):
            return False
        folder = stack.enter_context(opened(target.parent, base, make=True))
        try:
            replace(path.name, source, target.name, folder)
        except FileNotFoundError:
            return False
        sync_folder(str(target.parent), folder)
        sync_folder(str(path.parent), source)
    return True


def remove(path: Path, base: Path | None = None) -> None:
    """Delete a file durably. A missing file is not an error. Raises `CacheError`.

    Links below `base`, the folder of the mirror, are refused.
    """
    with disk_errors(path), suppress(FileNotFoundError), opened(path.parent, base) as folder:
        os.unlink(path.name, dir_fd=folder)
        sync_folder(str(path.parent), folder)


def check_writable(folder: Path, base: Path | None = None) -> None:
    """Create `folder` if it is missing, and write and delete a test file in it. Raises `CacheError`.

    Links below `base`, the folder of the mirror, are refused.
    """
    make_folder(base or folder)
    name = f".writable{PART_SUFFIX}"  # always the same name, so that a leftover file is deleted
    with disk_errors(folder), opened(folder, base, make=True) as opened_folder:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=opened_folder)
        try:
            write(descriptor, b"1")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):  # another run deleted it
                os.unlink(name, dir_fd=opened_folder)


def keep_private(path: Path) -> None:
    """Remove other users' permissions for a file or folder, if it exists and belongs to this user."""
    with suppress(OSError):
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        if mode & 0o077 and not os.path.islink(path):
            os.chmod(path, mode & 0o700)


def is_private_folder(path: Path) -> bool:
    """Return whether only its owner may enter a folder. Raises `CacheError`."""
    with disk_errors(path), opened(path) as folder:
        return is_private(folder)


def sweep(folder: Path, base: Path | None = None) -> int:
    """Delete the temporary files that a killed run left in `folder`; return their number.

    Links below `base`, the folder of the mirror, are refused. Requires the mirror's lock.
    """
    with disk_errors(folder), opened(folder, base) as opened_folder:
        parts = [
            entry.name
            for entry in os.scandir(opened_folder)
            if Path(entry.name).suffix == PART_SUFFIX and not entry.is_dir(follow_symlinks=False)
        ]
        for name in parts:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=opened_folder)
    return len(parts)
