"""The record of API calls that all processes with the same key share."""

from __future__ import annotations

import array
import hashlib
import os
import struct
import time
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from filelock import FileLock

from flickr_mirror.models.sliding_window import HOUR, last_hour, seconds_until_free
from flickr_mirror.steady_clock import boot_id, uptime
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.filesystem import PART_SUFFIX, make_folder
from flickr_mirror.storage.locks import PRIVATE, acquire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_CALLS = 1 << 17
"""The largest number of calls in a ledger, and so the largest that may be allowed in an hour."""
_MARK = b"FMC1"
_HEADER = struct.Struct("=4sI8sd")
"""The mark, the CRC-32 of the bytes after it, a hash of the boot id, and the origin of the times."""
_CHECKED = 8
_FIRST, _LAST = 1e9, 4_102_444_800.0
"""The earliest and the latest valid time (2001 and 2100): damaged bytes can read as any number."""


class _Record(NamedTuple):
    """The content of a ledger: the times of calls, and the time `origin` at which the system `boot` was started."""

    boot: bytes
    origin: float
    stamps: Sequence[float]


class CallLedgerFile:
    """The times of the API calls of the last hour, in one file for all processes with the same key.

    An empty, damaged or too long file counts as an hour's worth of calls at the time of its last change.
    """

    def __init__(self, path: Path) -> None:
        self.stamps: list[float] = []
        self._path = path
        self._boot, self._origin = bytes(8), 0.0

    def now(self) -> float:
        """Return the current time in seconds since 1970 (UTC), for `take`. Raises `CacheError`.

        It is the uptime plus an origin that all processes share, so setting the system clock does not shorten an hour.
        """
        if not self._origin:
            with self._locked():
                self._boot, self._origin = self._shared_origin()
        return self._origin + uptime()

    @property
    def used(self) -> int:
        """The number of calls in the hour up to the latest `take`, which counts too."""
        return len(self.stamps)

    def take(self, now: float, calls_per_hour: int) -> float:
        """Record a call at `now` and return 0, or return the seconds until one is allowed. Raises `CacheError`."""
        with self._locked():
            return self._take(now, min(calls_per_hour, MAX_CALLS))

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
        acquire(lock, path)
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
        """Return the seconds since the last change of the file, an hour at most."""
        changed, clock = self._path.stat().st_mtime, time.time()
        if changed > max(now, clock):  # with a wrong clock: the hour begins now
            os.utime(self._path, (clock, clock))
            return 0
        return min(HOUR, *(found - changed for found in (now, clock) if found >= changed))

    def _read(self) -> _Record:
        """Return the recorded calls. Raises `ValueError` if the file is damaged."""
        stamps = array.array("d")
        try:
            with self._path.open("rb") as file:
                data = file.read(_HEADER.size + MAX_CALLS * stamps.itemsize + 1)
        except FileNotFoundError:
            return _Record(b"", 0.0, stamps)
        if not data.startswith(_MARK):  # earlier versions wrote the bare times
            stamps.frombytes(data)
            if not stamps or list(stamps) != last_hour(stamps, stamps[-1]) or not _FIRST <= stamps[0] < _LAST:
                raise ValueError("This is not a ledger.")
            return _Record(b"", 0.0, stamps)
        if len(data) < _HEADER.size:
            raise ValueError("The ledger is cut off.")
        _, checksum, boot, origin = _HEADER.unpack_from(data)
        stamps.frombytes(data[_HEADER.size :])
        if checksum != zlib.crc32(data[_CHECKED:]) or len(stamps) > MAX_CALLS:
            raise ValueError("The ledger is damaged.")
        return _Record(boot, origin, stamps)

    def _write(self, stamps: Sequence[float]) -> None:
        body = array.array("d", stamps[-MAX_CALLS:]).tobytes()
        checksum = zlib.crc32(_HEADER.pack(_MARK, 0, self._boot, self._origin)[_CHECKED:] + body)
        # Not durable on purpose: after a power failure, a few extra calls are harmless.
        temporary = self._path.with_suffix(PART_SUFFIX)
        temporary.unlink(missing_ok=True)
        temporary.touch(PRIVATE)
        temporary.write_bytes(_HEADER.pack(_MARK, checksum, self._boot, self._origin) + body)
        temporary.replace(self._path)
