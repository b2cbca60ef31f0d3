"""The lock of a mirror, which allows one run at a time."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from flickr_mirror.errors import CacheError, CacheLockedError
from flickr_mirror.storage.directories import opened, warn_once
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.filesystem import make_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}
"""Error numbers of network file systems without locks."""
PRIVATE = 0o600
"""The mode of files that only their owner may read and write."""
PROBE = 0.2
"""Seconds to wait for a lock, because `holder_of` may hold it for a moment."""


@contextmanager
def locked(path: Path, base: Path | None = None) -> Iterator[None]:
    """Hold the lock at `path` for a `with` block. The kernel releases it when the process ends, also by a kill.

    Links below `base`, the folder of the mirror, are refused. Raises `CacheLockedError`, which names the process
    that holds the lock.
    """
    base = base or path.parent
    make_folder(base)
    with disk_errors(path), opened(path.parent, base, make=True):
        pass
    holder = path.with_suffix(".json")
    lock = FileLock(path, timeout=PROBE, mode=PRIVATE)
    try:
        acquire(lock, path)
    except Timeout as error:
        raise CacheLockedError(
            f"Another run works on this mirror{_describe(path)}. Wait for it to end, or stop it.", path
        ) from error
    try:
        who = {"pid": os.getpid(), "host": socket.gethostname(), "since": int(time.time())}
        write_file(holder, json.dumps(who).encode(), base=base, private=True)
        yield
    finally:
        with suppress(OSError, CacheError), opened(holder.parent, base) as folder:
            os.unlink(holder.name, dir_fd=folder)
        lock.release()


def acquire(lock: BaseFileLock, path: Path) -> None:
    """Acquire a lock, or log a warning if the file system has no locks. Raises `CacheError` and `Timeout`."""
    try:
        lock.acquire()
    except Timeout:
        raise
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            with disk_errors(path):
                raise
        warn_once(f"{path.parent} cannot be locked: make sure that only one run at a time uses it.")


def holder_of(path: Path) -> dict[str, Any] | None:
    """Return the `pid`, `host` and `since` (UTC seconds) of the process that holds the lock; `None` if it is free.

    Values that are not known are `None`.
    """
    is_held = _is_held(path)
    who = None if is_held is False else _named_holder(path)
    return who or ({"pid": None, "host": None, "since": None} if is_held else None)


def _is_held(path: Path) -> bool | None:
    """Return whether a process holds the lock at `path`; `None` if the system cannot determine that."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def _named_holder(path: Path) -> dict[str, Any] | None:
    """Return the process named in the JSON file beside a lock, unless that process is known to have ended."""
    try:
        who = json.loads(path.with_suffix(".json").read_bytes())
        named: dict[str, Any] = {"pid": int(who["pid"]), "host": str(who["host"]), "since": int(who["since"])}
        if named["host"] == socket.gethostname():
            # a killed run leaves its file until the next run writes its own
            with suppress(PermissionError):
                os.kill(who["pid"], 0)
        time.localtime(named["since"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return named


def _describe(path: Path) -> str:
    who = _named_holder(path)
    if who is None:
        return ""
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(who["since"]))
    return f" (process {who['pid']} on {who['host']}, since {since})"
