"""Every write, rename and lock of the project: a file appears whole and durable, or not at all."""

from __future__ import annotations

import array
import errno
import json
import os
import secrets
import socket
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiofiles
import anyio
from filelock import FileLock, Timeout

from flickr_mirror.errors import CacheError, CacheFullError, CacheLockedError
from flickr_mirror.limiter import last_hour, seconds_until_free

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PART_SUFFIX = ".part"
BLOCK_SIZE = 1 << 20
"""Bytes are handed to the disk in blocks of this size, because each hand-over is a hop to a thread."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMLINK}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` into the `CacheError` that says what failed, and what to do."""
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
    """Make a folder and its parents, durably; do nothing where it is there. Raises `CacheError`."""
    if path.is_dir():
        return
    with disk_errors(path):
        missing = [path]
        while not missing[-1].parent.exists():
            missing.append(missing[-1].parent)
        for folder in reversed(missing):
            with suppress(FileExistsError):  # another worker was faster
                folder.mkdir()
            _sync_folder(folder.parent)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)


class PartFile:
    """A file that is being written under a temporary name, and is nobody's until `keep_as` is called."""

    def __init__(self, path: Path, file: Any) -> None:  # noqa: ANN401 - aiofiles names no public type
        self.path = path
        self.size = 0
        self._file = file
        self._block = bytearray()

    async def write(self, data: bytes) -> None:
        """Append `data`. Raises `CacheError`."""
        self.size += len(data)
        self._block += data
        if len(self._block) >= BLOCK_SIZE:
            await self.flush()

    async def flush(self) -> None:
        """Hand what was written to the operating system, so that others can read it. Raises `CacheError`."""
        if self._block:
            block, self._block = self._block, bytearray()
            with disk_errors(self.path):
                await self._file.write(block)

    async def restart(self) -> None:
        """Forget what was written. Raises `CacheError`."""
        self._block.clear()
        self.size = 0
        with disk_errors(self.path):
            await self._file.seek(0)
            await self._file.truncate(0)

    async def keep_as(self, final: Path) -> None:
        """Make the bytes durable, then give them their final name. Raises `CacheError`.

        When this returns, a loss of power takes neither the bytes nor the name; before, the final name is
        either absent or still the file that had it.
        """
        await self.flush()
        await anyio.to_thread.run_sync(self._keep, final)

    def _keep(self, final: Path) -> None:
        with disk_errors(final):
            os.fsync(self._file.fileno())
            make_folder(final.parent)
            self.path.replace(final)
            _sync_folder(final.parent)

    async def close(self) -> None:
        """Close the file, and remove it where it was not kept."""
        with suppress(OSError):
            await self._file.close()
        self.path.unlink(missing_ok=True)


@asynccontextmanager
async def part_file(folder: Path) -> AsyncIterator[PartFile]:
    """Open a new temporary file in `folder`; it is gone at the end unless `keep_as` gave it a name.

    `folder` must be on the file system of the final name. Raises `CacheError`.
    """
    path = folder / f"{os.getpid()}-{next(_NUMBERS)}{PART_SUFFIX}"
    # A cancelled open would leave a file that nobody holds; a cancelled close a descriptor (hence the shields).
    with anyio.CancelScope(shield=True), disk_errors(path):
        part = PartFile(path, await aiofiles.open(path, "xb", buffering=0))
    try:
        yield part
    finally:
        with anyio.CancelScope(shield=True):
            await part.close()


_NUMBERS = count()


def write_file(path: Path, data: bytes, *, folder: Path | None = None, private: bool = False) -> None:
    """Write a small file durably: whole under its name, or not at all. Raises `CacheError`.

    Until then it has a temporary name in `folder`, which must be on the same file system (by default the
    folder of `path`). A `private` file is readable by its owner alone from its first byte on.
    """
    make_folder(path.parent)
    with disk_errors(path):
        mode = 0o600 if private else 0o666
        # process ids repeat, in containers above all, and a killed run leaves its file
        temporary = (folder or path.parent) / f".{secrets.token_hex(8)}{PART_SUFFIX}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def move(path: Path, target: Path) -> bool:
    """Move a file durably, and return whether it was there. Raises `CacheError`."""
    make_folder(target.parent)
    with disk_errors(path):
        try:
            path.replace(target)
        except FileNotFoundError:
            return False
        _sync_folder(target.parent)
    return True


def remove(path: Path) -> None:
    """Remove a file; one that is not there need not be removed. Raises `CacheError`."""
    with disk_errors(path):
        path.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Make `folder` where it is missing, and prove that files can be written to it. Raises `CacheError`."""
    make_folder(folder)
    with disk_errors(folder), tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"1")
        file.flush()
        os.fsync(file.fileno())


def sweep(folder: Path) -> int:
    """Remove the temporary files that a killed run left in `folder`; return how many there were.

    To be called under the mirror's lock only.
    """
    with disk_errors(folder):
        parts = [path for path in folder.iterdir() if path.suffix == PART_SUFFIX and not path.is_dir()]
        for path in parts:
            path.unlink(missing_ok=True)
    return len(parts)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock at `path`: the kernel frees it when the process ends, however it ends.

    Raises `CacheLockedError`, which names the process that holds it, where there is one.
    """
    make_folder(path.parent)
    holder = path.with_suffix(".json")
    lock = FileLock(path, timeout=0)
    with disk_errors(path):
        try:
            lock.acquire()
        except Timeout as error:
            raise CacheLockedError(
                f"Another run works on this mirror{_describe(holder)}. Wait for it to end, or stop it.", path
            ) from error
    try:
        who = {"pid": os.getpid(), "host": socket.gethostname(), "since": int(time.time())}
        write_file(holder, json.dumps(who).encode())
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _describe(holder: Path) -> str:
    try:
        who = json.loads(holder.read_bytes())
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(who["since"]))
        return f" (process {who['pid']} on {who['host']}, since {since})"
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return ""


class CallLedgerFile:
    """The times of the last hour's API calls, in one file for all processes that use one key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self, now: float, calls_per_hour: int) -> float:
        """Note a call at `now` and return 0, or return the seconds until one is free. Raises `CacheError`."""
        make_folder(self._path.parent)
        with disk_errors(self._path), FileLock(self._path.with_suffix(".lock")):
            stamps = last_hour(self._read(), now)
            delay = seconds_until_free(stamps, now, calls_per_hour)
            if not delay:
                stamps.append(now)
                # Not durable on purpose: after a loss of power, a few calls too many are no harm.
                temporary = self._path.with_suffix(PART_SUFFIX)
                temporary.write_bytes(array.array("d", stamps).tobytes())
                temporary.replace(self._path)
        return delay

    def _read(self) -> array.array[float]:
        stamps = array.array("d")
        with suppress(FileNotFoundError):
            data = self._path.read_bytes()
            stamps.frombytes(data[: len(data) // stamps.itemsize * stamps.itemsize])
        return stamps
