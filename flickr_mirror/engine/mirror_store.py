"""Opens the store of a mirror for a run: its folder, or a bucket with its lease and the snapshot of the catalogue."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.errors import CacheError, one_error
from flickr_mirror.models.events import Notice
from flickr_mirror.models.timing import Timing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.bucket import Bucket
    from flickr_mirror.storage.mirror_folder import MirrorFolder


class MirrorStore:
    """The open store of a mirror. `bucket` is `None` if the photos are in the folder; then there are no snapshots."""

    def __init__(self, mirror: MirrorFolder, bucket: Bucket | None, emit: Observer) -> None:
        self._mirror = mirror
        self._bucket = bucket
        self._emit = emit
        self._saving = anyio.Lock()

    async def restore(self) -> None:
        """Restore a catalogue that is lost from the snapshot; without one, it is rebuilt when it is opened."""
        mirror, bucket = self._mirror, self._bucket
        if bucket is None or mirror.catalogue.exists():
            return
        from flickr_mirror.storage.snapshot import restore_snapshot

        try:
            saved = await to_thread.run_sync(restore_snapshot, bucket, mirror.catalogue, mirror.parts)
        except CacheError as error:
            self._emit(Notice(f"The snapshot of the catalogue cannot be used: {error}"))
        else:
            if saved:
                self._emit(
                    Notice(f"The catalogue was restored from the snapshot of {saved:%Y-%m-%d %H:%M:%S} UTC.")
                )

    async def save(self) -> None:
        """Save a snapshot of the catalogue in the bucket; a failure is reported, and ends nothing."""
        if self._bucket is None:
            return
        async with self._saving:
            try:
                await to_thread.run_sync(_save, self._mirror, self._bucket)
            except CacheError as error:
                self._emit(Notice(f"The snapshot of the catalogue was not saved: {error}"))

    async def save_every(self, interval: float) -> None:
        """Save a snapshot at this interval."""
        while True:
            await anyio.sleep(interval)
            await self.save()


@asynccontextmanager
async def open_store(
    mirror: MirrorFolder,
    user: FlickrUser,
    emit: Observer,
    *,
    asked_for: str = "",
    wanted: str = "",
    timing: Timing | None = None,
) -> AsyncIterator[MirrorStore]:
    """Connect a mirror, whose lock the caller holds, with its bucket, if it has one, and hold the lease.

    `asked_for` is the name that the user was requested by, `wanted` the address of the bucket if one was requested.
    Raises `CacheOwnerError`, `CacheLockedError` and `CacheError`.
    """
    if not (wanted or mirror.address):
        yield MirrorStore(mirror, None, emit)
        return
    from flickr_mirror.storage.lease import held
    from flickr_mirror.storage.store_connection import find_bucket, use_bucket

    timing = timing or Timing()
    bucket, moved = await to_thread.run_sync(find_bucket, mirror, user.user_id, wanted)
    async with held(bucket, mirror.state, timing):
        use = partial(use_bucket, mirror, bucket, user, asked_for or user.username, timing.store_patience)
        warning = await to_thread.run_sync(use)
        for sentence in filter(None, (moved, warning)):
            emit(Notice(sentence))
        store = MirrorStore(mirror, bucket, emit)
        with one_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(store.save_every, timing.snapshot_interval)
                yield store
                tasks.cancel_scope.cancel()


def connect_for_reading(mirror: MirrorFolder) -> None:
    """Connect a mirror with its bucket, if it has one, without a lease, to read its files. Raises `CacheError`."""
    if mirror.address:
        from flickr_mirror.storage.store_connection import read_bucket

        read_bucket(mirror)


def discard_snapshot(mirror: MirrorFolder) -> None:
    """Delete the snapshot in the bucket of a mirror, before photos are erased whose texts it has."""
    if mirror.files is not mirror:
        from flickr_mirror.storage.snapshot import delete_snapshot
        from flickr_mirror.storage.store_connection import bucket_of

        delete_snapshot(bucket_of(mirror))


def _save(mirror: MirrorFolder, bucket: Bucket) -> None:
    from flickr_mirror.storage.snapshot import uploaded_copy

    with (
        uploaded_copy(bucket, mirror.parts) as path,
        Catalogue(mirror.catalogue, for_reading=True) as catalogue,
    ):
        catalogue.copy_to(path)
