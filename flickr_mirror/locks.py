"""What processes share: one run at a time on a mirror, one count of the hour's calls for a key."""

from __future__ import annotations

import array
import errno
import json
import os
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from flickr_mirror.disk import PART_SUFFIX, disk_errors, make_folder, write_file
from flickr_mirror.errors import CacheError, CacheLockedError
from flickr_mirror.folders import opened, warn_once
from flickr_mirror.limiter import last_hour, seconds_until_free

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}
"""What network file systems answer that have no locks."""


@contextmanager
def locked(path: Path, top: Path | None = None) -> Iterator[None]:
    """Hold the lock at `path`: the kernel frees it when the process ends, however it ends.

    Links below `top`, the folder of the mirror, are refused. Raises `CacheLockedError`, which names the process
    that holds it, where there is one.
    """
    top = top or path.parent
    make_folder(top)
    with disk_errors(path), opened(path.parent, top, make=True):
        pass
    holder = path.with_suffix(".json")
    lock = FileLock(path, timeout=0)
    try:
        _acquire(lock, path)
    except Timeout as error:
        raise CacheLockedError(
            f"Another run works on this mirror{_describe(path)}. Wait for it to end, or stop it.", path
        ) from error
    try:
        who = {"pid": os.getpid(), "host": socket.gethostname(), "since": int(time.time())}
        write_file(holder, json.dumps(who).encode(), top=top)
        yield
    finally:
        with suppress(OSError, CacheError), opened(holder.parent, top) as folder:
            os.unlink(holder.name, dir_fd=folder)
        lock.release()


def _acquire(lock: BaseFileLock, path: Path) -> None:
    """Take a lock, or go on without one where the file system knows none. Raises `CacheError`."""
    try:
        lock.acquire()
    except Timeout:
        raise
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            with disk_errors(path):
                raise
        warn_once(f"{path.parent} cannot be locked: see to it that only one run at a time uses it.")


def holder_of(path: Path) -> dict[str, Any] | None:
    """Return who holds the lock at `path`, as `pid`, `host` and `since` (UTC seconds), as far as that is known."""
    try:
        who = json.loads(path.with_suffix(".json").read_bytes())
        if who["host"] == socket.gethostname():
            # a run that was killed leaves its word, until the next one has written its own
            with suppress(PermissionError):
                os.kill(who["pid"], 0)
        time.localtime(who["since"])
        return {"pid": int(who["pid"]), "host": str(who["host"]), "since": int(who["since"])}
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _describe(path: Path) -> str:
    who = holder_of(path)
    if who is None:
        return ""
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(who["since"]))
    return f" (process {who['pid']} on {who['host']}, since {since})"


class CallLedgerFile:
    """The times of the last hour's API calls, in one file for all processes that use one key."""

    def __init__(self, path: Path) -> None:
        self.used = 0
        self._path = path

    def take(self, now: float, calls_per_hour: int) -> float:
        """Note a call at `now` and return 0, or return the seconds until one is free. Raises `CacheError`."""
        make_folder(self._path.parent)
        path = self._path.with_suffix(".lock")
        lock = FileLock(path)
        _acquire(lock, path)
        try:
            return self._take(now, calls_per_hour)
        finally:
            lock.release()

    def _take(self, now: float, calls_per_hour: int) -> float:
        with disk_errors(self._path):
            stamps = last_hour(self._read(), now)
            delay = seconds_until_free(stamps, now, calls_per_hour)
            if not delay:
                stamps.append(now)
                # Not durable on purpose: after a loss of power, a few calls too many are no harm.
                temporary = self._path.with_suffix(PART_SUFFIX)
                temporary.write_bytes(array.array("d", stamps).tobytes())
                temporary.replace(self._path)
        self.used = len(stamps)
        return delay

    def _read(self) -> array.array[float]:
        stamps = array.array("d")
        with suppress(FileNotFoundError):
            data = self._path.read_bytes()
            stamps.frombytes(data[: len(data) // stamps.itemsize * stamps.itemsize])
        return stamps
