"""The lease of a mirror in a bucket: an object that one run at a time holds and renews, on any machine.

The times are those of the store, so the clocks of the machines do not matter.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from flickr_mirror.errors import CacheError, CacheLockedError, StoreUnavailableError, one_error
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from flickr_mirror.models.timing import Timing
    from flickr_mirror.storage.bucket import Bucket, ObjectInfo

KEY = ".flickr_mirror/lease.json"
PROBE = ".flickr_mirror/probe"
_NOTE = "held-lease.json"
_TRIES = 3
_RELEASE = 10.0
"""The longest time to wait for the store when a run ends."""


class Lease:
    """The lease on the mirror in `bucket`, for a run whose state folder is `state`, locked by its caller.

    A lease that an earlier run of the same folder and machine holds is taken over at once, because that run has ended.
    """

    def __init__(self, bucket: Bucket, state: Path, expiry: float) -> None:
        self._bucket = bucket
        self._note = state / _NOTE
        self._expiry = timedelta(seconds=expiry)
        self._renewals = 0
        self._seen: ObjectInfo | None = None
        self._holder: dict[str, Any] = {
            "id": uuid.uuid4().hex,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": int(time.time()),
        }

    def acquire(self) -> None:
        """Acquire the lease, and find out what the store can do. Raises `CacheLockedError`, `CacheError`."""
        now = self._bucket.probe(f"{PROBE}-{self._holder['id']}")
        earlier = filesystem.content(self._note)
        for _ in range(_TRIES):
            if self._bucket.create(KEY, self._data()) is None and (found := self._bucket.read(KEY)):
                data, seen = found
                if not self._has_ended(data, seen, earlier, now):
                    raise CacheLockedError(_locked(self._bucket.place, data, self._expiry))
                self._bucket.replace(seen, self._data())
            if self._is_held():
                filesystem.write_file(self._note, self._data(), base=self._note.parent, private=True)
                return
        raise CacheLockedError(_locked(self._bucket.place, b"", self._expiry))

    def _has_ended(self, data: bytes, seen: ObjectInfo, earlier: bytes | None, now: datetime) -> bool:
        """Return whether the run that wrote the lease has ended: this folder has its note, or it has expired."""
        holder, noted = _parse(data), _parse(earlier or b"")
        is_ours = holder.get("id") is not None and holder.get("id") == noted.get("id")
        return (is_ours and holder.get("host") == socket.gethostname()) or now - seen.modified > self._expiry

    def renew(self) -> None:
        """Renew the lease. Raises `CacheLockedError` if another run has it."""
        self._renewals += 1
        # the answer to a renewal can be lost: what counts is whose lease it is
        if (
            self._seen is None or self._bucket.replace(self._seen, self._data()) is None
        ) and not self._is_held():
            raise CacheLockedError(
                f"Another run has taken over the mirror in {self._bucket.place}, because this one did not renew its "
                "lease in time. Wait for it to end, and run the same command again."
            )
        self._is_held()

    def release(self) -> None:
        """Give up the lease, if this run has it."""
        if self._seen is not None and self._is_held():
            self._bucket.delete(KEY)

    def _is_held(self) -> bool:
        found = self._bucket.read(KEY)
        if found and _parse(found[0]).get("id") == self._holder["id"]:
            self._seen = found[1]
            return True
        return False

    def _data(self) -> bytes:
        # the number makes each version differ: the version mark of equal bytes is the same
        return json.dumps({**self._holder, "renewals": self._renewals}).encode() + b"\n"


@asynccontextmanager
async def held(bucket: Bucket, state: Path, timing: Timing) -> AsyncIterator[None]:
    """Hold the lease on the mirror in `bucket` for the duration of the context, which ends if the lease is lost.

    Raises `CacheLockedError` if another run has it.
    """
    lease = Lease(bucket, state, timing.lease_expiry)
    try:
        await to_thread.run_sync(lease.acquire)
        with one_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_keep, lease, timing)
                yield
                tasks.cancel_scope.cancel()
    finally:
        with suppress(CacheError), anyio.move_on_after(_RELEASE, shield=True):
            await to_thread.run_sync(lease.release, abandon_on_cancel=True)


async def _keep(lease: Lease, timing: Timing) -> None:
    renewed = time.monotonic()
    while True:
        await anyio.sleep(timing.lease_renewal)
        begun = time.monotonic()
        try:
            await to_thread.run_sync(lease.renew)
        except StoreUnavailableError:
            if time.monotonic() - renewed > timing.lease_expiry - timing.lease_renewal:
                raise
        else:
            renewed = begun


def _parse(data: bytes) -> dict[str, Any]:
    try:
        holder = json.loads(data)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _locked(place: str, data: bytes, expiry: timedelta) -> str:
    holder, who = _parse(data), ""
    with suppress(KeyError, TypeError, ValueError, OverflowError, OSError):
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(int(holder["since"])))
        who = f" (process {int(holder['pid'])} on {holder['host']!s:.100}, since {since})"
    return (
        f"Another run works on the mirror in {place}{who}. Wait for it to end, or stop it; a run that was killed keeps "
        f"the mirror for {expiry.total_seconds() / 60:.0f} minutes."
    )
