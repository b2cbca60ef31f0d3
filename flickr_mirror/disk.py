"""Every write and rename in a mirror: a file appears whole and durable, or not at all.

Whatever changes the disk goes through the name `os` of this module, so that tests can put faults in its place.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import stat
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import aiofiles.os
import anyio
import anyio.lowlevel
import anyio.to_thread

from flickr_mirror.errors import CacheError, CacheFullError, PlaceTakenError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

T = TypeVar("T")

PART_SUFFIX = ".part"
BLOCK_SIZE = 1 << 20
"""Bytes are handed to the disk in blocks of this size, because each hand-over is a hop to a thread."""

logger = logging.getLogger("flickr_mirror")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMLINK}
_TAKEN = {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENOTEMPTY}
_UNKNOWN = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
"""What network file systems answer when they are asked to sync a folder, and cannot."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND
_KNOWN_FOLDERS = 100_000
_NUMBERS = count()
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
        if error.errno == errno.EIO:
            raise CacheError(
                f"{place}: {reason}. Check the disk and its cable, then run the same command again.", place
            ) from error
        if error.errno in _TAKEN and kind is not CacheError:
            raise kind(
                f"{place} is in the way: {reason}. Move it away, and run the same command again.", place
            ) from error
        raise CacheError(
            f"{place}: {reason}. Check that the folder exists, is yours and can be written to.", place
        ) from error


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
        _make_folders(path.absolute())


def _make_folders(path: Path, top: Path | None = None) -> None:
    """Make a folder and its parents, and let no loss of power take their names.

    That they are there proves nothing: a run that was killed, or another worker, may not have come to syncing
    them. Those below `top` must not be links, which might lead out of the mirror; `top` itself is not made,
    because where it is missing the disk is.
    """
    if len(_durable) > _KNOWN_FOLDERS:
        _durable.clear()
    for folder in reversed(list(_doubtful(path, top))):
        if not os.path.lexists(folder):
            with suppress(FileExistsError):  # another worker was faster
                os.mkdir(folder)
        if _is_folder(folder):
            _sync_folder(folder.parent)
            _durable.add(str(folder))
        elif top is not None and folder.is_symlink():
            raise OSError(errno.ELOOP, "this link to elsewhere is not followed", str(folder))
        elif not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def _doubtful(path: Path, top: Path | None) -> Iterator[Path]:
    """Yield the folders, innermost first, that may be missing, or that a loss of power may take."""
    for folder in (path, *path.parents):
        if folder == top or (str(folder) in _durable and _is_folder(folder)):
            return
        if top is None and folder.is_dir() and not os.access(folder.parent, os.R_OK | os.W_OK):
            return  # nobody who is us has made it
        yield folder


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        warn_once("This file system cannot sync folders: a loss of power may cost the latest files.")
    finally:
        os.close(descriptor)


@cache
def warn_once(text: str) -> None:
    """Tell what the file system cannot do, once in the life of a process."""
    logger.warning(text)


def _write(descriptor: int, data: bytes | bytearray) -> None:
    """Write all of it: a disk that is almost full takes a part at first, and refuses the rest then."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _keep(descriptor: int, temporary: Path, final: Path) -> None:
    """Make the bytes of a file durable, then give it its final name, then make that durable."""
    os.fsync(descriptor)
    _make_folders(final.parent, Path(os.path.commonpath((temporary.parent, final.parent))))
    os.replace(temporary, final)
    _sync_folder(final.parent)


class PartFile:
    """A file that is being written under a temporary name, and is nobody's until `keep_as` is called.

    It comes into being with its first block, so that a small one costs two hops to a thread: one to be
    written, one to be kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._block = bytearray()
        self._descriptor: int | None = None
        self._closed = False
        # A task that is cancelled past anyio closes the file while a thread may still write to it.
        self._turn = threading.Lock()

    async def write(self, data: bytes) -> None:
        """Append `data`. Raises `CacheError`."""
        self.size += len(data)
        self._block += data
        if len(self._block) >= BLOCK_SIZE:
            await self.flush()

    async def flush(self) -> None:
        """Hand what was written to the operating system, so that others can read it. Raises `CacheError`."""
        if self._block or self._descriptor is None:
            await anyio.lowlevel.checkpoint_if_cancelled()
            with anyio.CancelScope(shield=True), disk_errors(self.path):
                await aiofiles.os.wrap(self._append)()

    async def look(self, inspect: Callable[[Path], T]) -> T:
        """Write what is left, and return what `inspect` makes of the file, in one hop. Raises `CacheError`."""

        def write_and_inspect() -> T:
            with disk_errors(self.path):
                self._append()
            return inspect(self.path)

        await anyio.lowlevel.checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True):
            seen: T = await aiofiles.os.wrap(write_and_inspect)()
        return seen

    async def restart(self) -> None:
        """Forget what was written. Raises `CacheError`."""
        self._block.clear()
        self.size = 0
        if self._descriptor is not None:
            with anyio.CancelScope(shield=True), disk_errors(self.path):
                await aiofiles.os.wrap(os.ftruncate)(self._descriptor, 0)

    async def keep_as(self, final: Path, check: Callable[[], None] | None = None) -> None:
        """Make the bytes durable, then give them their final name. Raises `CacheError`.

        When this returns, a loss of power takes neither the bytes nor the name; before, the final name is
        either absent or still the file that had it, which `check` may refuse to replace. Raises
        `PlaceTakenError` where that is a folder, or where one of its folders is a file or a link.
        """
        with disk_errors(final, PlaceTakenError):
            await anyio.to_thread.run_sync(self._keep, final, check)

    async def close(self) -> None:
        """Close the file, and remove it where it was not kept."""
        if not self._closed:
            await anyio.to_thread.run_sync(self._drop)

    def _append(self) -> None:
        with self._turn:
            self._write_block()

    def _write_block(self) -> int:
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(self.path))
        if self._descriptor is None:
            self._descriptor = os.open(self.path, _NEW, 0o666)
        block, self._block = self._block, bytearray()
        _write(self._descriptor, block)
        return self._descriptor

    def _keep(self, final: Path, check: Callable[[], None] | None) -> None:
        with self._turn:
            if check and os.path.lexists(final):
                check()
            descriptor = self._write_block()
            if (size := os.fstat(descriptor).st_size) != self.size:
                raise OSError(errno.EIO, f"{size} of {self.size} bytes are there", str(self.path))
            _keep(descriptor, self.path, final)
            self._close(descriptor)

    def _drop(self) -> None:
        with self._turn:
            if self._descriptor is not None and not self._closed:
                self._close(self._descriptor)
                with suppress(OSError):  # the next run sweeps it away
                    os.unlink(self.path)
            self._closed = True

    def _close(self, descriptor: int) -> None:
        self._closed = True
        with suppress(OSError):  # what it could tell, fsync has told
            os.close(descriptor)


@asynccontextmanager
async def part_file(folder: Path) -> AsyncIterator[PartFile]:
    """Begin a new temporary file in `folder`; it is gone at the end unless `keep_as` gave it a name.

    `folder` must be in the mirror of the final name, and on its file system.
    """
    part = PartFile(folder / f"{os.getpid()}-{next(_NUMBERS)}{PART_SUFFIX}")
    try:
        yield part
    finally:
        with anyio.CancelScope(shield=True):  # a cancelled close leaves a descriptor
            await part.close()


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
        descriptor = os.open(temporary, _NEW, 0o600 if private else 0o666)
        try:
            _write(descriptor, data)
            _keep(descriptor, temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        finally:
            with suppress(OSError):
                os.close(descriptor)


def read(path: Path) -> bytes:
    """Return the content of a small file that is no link. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


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
        _make_folders(folder, top)
        _sync_folder(folder)


def move(path: Path, target: Path) -> bool:
    """Move a file durably, and return whether it was there. Raises `CacheError`."""
    with disk_errors(path):
        if not os.path.lexists(path):
            return False
        _make_folders(target.parent, Path(os.path.commonpath((path.parent, target.parent))))
        try:
            os.replace(path, target)
        except FileNotFoundError:
            return False
        _sync_folder(target.parent)
        _sync_folder(path.parent)
    return True


def remove(path: Path) -> None:
    """Remove a file durably; one that is not there need not be removed. Raises `CacheError`."""
    with disk_errors(path), suppress(FileNotFoundError):
        os.unlink(path)
        _sync_folder(path.parent)


def check_writable(folder: Path) -> None:
    """Make `folder` where it is missing, and prove that files can be written to it. Raises `CacheError`."""
    make_folder(folder)
    with disk_errors(folder):
        path = folder / f".writable{PART_SUFFIX}"  # always the same, so that one that was left goes
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            _write(descriptor, b"1")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):  # another run was faster
                os.unlink(path)


def sweep(folder: Path) -> int:
    """Remove the temporary files that a killed run left in `folder`; return how many there were.

    To be called under the mirror's lock only.
    """
    with disk_errors(folder):
        parts = [path for path in folder.iterdir() if path.suffix == PART_SUFFIX and not _is_folder(path)]
        for path in parts:
            with suppress(FileNotFoundError):
                os.unlink(path)
    return len(parts)
