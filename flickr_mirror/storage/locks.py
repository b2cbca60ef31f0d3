"""What processes share: one run at a time on a mirror, one count of the hour's calls for a key."""

from __future__ import annotations

import array
import errno
import fcntl
import hashlib
import json
import os
import socket
import struct
import time
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from filelock import FileLock, Timeout

from flickr_mirror.errors import CacheError, CacheLockedError
from flickr_mirror.models.sliding_window import HOUR, last_hour, seconds_until_free
from flickr_mirror.steady_clock import boot_id, uptime
from flickr_mirror.storage.directories import opened, warn_once
from flickr_mirror.storage.filesystem import PART_SUFFIX, disk_errors, make_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from filelock import BaseFileLock

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}
"""What network file systems answer that have no locks."""
PRIVATE = 0o600
"""The mode of files that only their owner may read and write."""
PROBE = 0.2
"""Seconds that are waited for a lock: `holder_of` holds it for a moment."""
MOST_CALLS = 1 << 17
"""No ledger holds more calls than this, and no more are allowed in an hour."""
_MARK = b"FMC1"
_HEADER = struct.Struct("=4sI8sd")
"""The mark, the CRC-32 of what follows it, the start of the machine, the origin of the times."""
_CHECKED = 8
_FIRST = 1e9
"""Times before this one (2001) are none."""


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
    lock = FileLock(path, timeout=PROBE, mode=PRIVATE)
    try:
        _acquire(lock, path)
    except Timeout as error:
        raise CacheLockedError(
            f"Another run works on this mirror{_describe(path)}. Wait for it to end, or stop it.", path
        ) from error
    try:
        who = {"pid": os.getpid(), "host": socket.gethostname(), "since": int(time.time())}
        write_file(holder, json.dumps(who).encode(), top=top, private=True)
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
    """Return who holds the lock at `path`, as `pid`, `host` and `since` (UTC seconds); `None` where nobody does.

    The lock itself decides that. What is not known of its holder is `None`.
    """
    is_held = _is_held(path)
    who = None if is_held is False else _named_holder(path)
    return who or ({"pid": None, "host": None, "since": None} if is_held else None)


def _is_held(path: Path) -> bool | None:
    """Return whether a process holds the lock at `path`; `None` where the system does not tell."""
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
    """Return the process that the file beside a lock names, unless it is known to have ended."""
    try:
        who = json.loads(path.with_suffix(".json").read_bytes())
        named: dict[str, Any] = {"pid": int(who["pid"]), "host": str(who["host"]), "since": int(who["since"])}
        if named["host"] == socket.gethostname():
            # a run that was killed leaves its word, until the next one has written its own
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


class _Record(NamedTuple):
    """What a ledger holds: `origin` is when the machine was started as `boot`, `stamps` are the times of calls."""

    boot: bytes
    origin: float
    stamps: Sequence[float]


class CallLedgerFile:
    """The times of the last hour's API calls, in one file for all processes that use one key.

    A file that is empty, damaged or too long counts as a full hour of calls, made when it was last changed.
    """

    def __init__(self, path: Path) -> None:
        self.stamps: list[float] = []
        self._path = path
        self._boot, self._origin = bytes(8), 0.0

    def now(self) -> float:
        """Return the seconds since 1970 (UTC) by which calls are noted. Raises `CacheError`.

        They go on with the uptime of the machine, from an origin that its processes share: setting the clock of the
        day makes no hour shorter.
        """
        if not self._origin:
            with self._locked():
                self._boot, self._origin = self._shared_origin()
        return self._origin + uptime()

    @property
    def used(self) -> int:
        """How many calls there were in the hour before the latest `take`, this one included."""
        return len(self.stamps)

    def take(self, now: float, calls_per_hour: int) -> float:
        """Note a call at `now` and return 0, or return the seconds until one is free. Raises `CacheError`."""
        with self._locked():
            return self._take(now, min(calls_per_hour, MOST_CALLS))

    def give_back(self, stamp: float) -> None:
        """Remove a call that was not sent. Raises `CacheError`."""
        with self._locked(), suppress(ValueError):  # of a damaged ledger
            stamps = list(self._read().stamps)
            stamps.remove(stamp)
            self._write(stamps)
            self.stamps = stamps

    @contextmanager
    def _locked(self) -> Iterator[None]:
        make_folder(self._path.parent)
        path = self._path.with_suffix(".lock")
        lock = FileLock(path, mode=PRIVATE)
        _acquire(lock, path)
        try:
            with disk_errors(self._path):
                yield
        finally:
            lock.release()

    def _shared_origin(self) -> tuple[bytes, float]:
        boot = hashlib.sha256(boot_id().encode()).digest()[:8]
        try:
            record = self._read()
        except ValueError:
            return boot, time.time() - uptime()
        if record.boot == boot and boot_id():
            return boot, record.origin
        return boot, max([time.time(), *record.stamps]) - uptime()

    def _take(self, now: float, calls_per_hour: int) -> float:
        try:
            stamps = last_hour(self._read().stamps, now)
        except ValueError:
            if delay := HOUR - self._age(now):
                self.stamps = [now + delay - HOUR] * calls_per_hour
                return delay
            stamps = []
        delay = seconds_until_free(stamps, now, calls_per_hour)
        if not delay:
            stamps.append(now)
            self._write(stamps)
        self.stamps = stamps
        return delay

    def _age(self, now: float) -> float:
        """Return for how many seconds the file has not been changed, an hour at most."""
        changed, clock = self._path.stat().st_mtime, time.time()
        if changed > max(now, clock):  # by a clock that was wrong: the hour begins now
            os.utime(self._path, (clock, clock))
            return 0
        return min(HOUR, *(found - changed for found in (now, clock) if found >= changed))

    def _read(self) -> _Record:
        """Return what is noted. Raises `ValueError` where that cannot be read."""
        stamps = array.array("d")
        try:
            with self._path.open("rb") as file:
                data = file.read(_HEADER.size + MOST_CALLS * stamps.itemsize + 1)
        except FileNotFoundError:
            return _Record(b"", 0.0, stamps)
        if not data.startswith(_MARK):  # earlier versions wrote the bare times
            stamps.frombytes(data)
            if not stamps or list(stamps) != last_hour(stamps, stamps[-1]) or stamps[0] < _FIRST:
                raise ValueError("This is no ledger.")
            return _Record(b"", 0.0, stamps)
        if len(data) < _HEADER.size:
            raise ValueError("The ledger is cut off.")
        _, checksum, boot, origin = _HEADER.unpack_from(data)
        stamps.frombytes(data[_HEADER.size :])
        if checksum != zlib.crc32(data[_CHECKED:]) or len(stamps) > MOST_CALLS:
            raise ValueError("The ledger is damaged.")
        return _Record(boot, origin, stamps)

    def _write(self, stamps: Sequence[float]) -> None:
        body = array.array("d", stamps[-MOST_CALLS:]).tobytes()
        checksum = zlib.crc32(_HEADER.pack(_MARK, 0, self._boot, self._origin)[_CHECKED:] + body)
        # Not durable on purpose: after a loss of power, a few calls too many are no harm.
        temporary = self._path.with_suffix(PART_SUFFIX)
        temporary.unlink(missing_ok=True)
        temporary.touch(PRIVATE)
        temporary.write_bytes(_HEADER.pack(_MARK, checksum, self._boot, self._origin) + body)
        temporary.replace(self._path)
