"""Moves photos that are gone from Flickr to the trash folder of their mirror. Happens only on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Collection

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.storage.store import Store

BATCH = 100


async def prune(store: Store, catalogue: Catalogue, gone: Collection[str]) -> int:
    """Move the files of the photos that are `gone`, as Flickr just confirmed, to the trash; return how many files.

    A photo that is listed again is mirrored anew. Raises `CacheError` if a file cannot be moved.
    """
    await to_thread.run_sync(catalogue.sync_commits)  # otherwise, a row could name a file that was moved away
    moved = 0
    left = sorted(gone)
    while left:
        photo_ids, left = left[:BATCH], left[BATCH:]
        await to_thread.run_sync(catalogue.gone_photos.begin_deletion, photo_ids)
        for photo_id in photo_ids:
            # all of them, because a run that was killed can have left a file that the catalogue does not know
            moved += await to_thread.run_sync(store.trash, photo_id)
        # the rows last: after a kill in between, the next run finds them, and moves the rest
        await to_thread.run_sync(catalogue.gone_photos.delete, photo_ids)
    return moved
