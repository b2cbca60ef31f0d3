"""What is gone from Flickr, moved to the trash folder of its mirror: the only way out of a mirror, and by request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Collection

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.storage.mirror_folder import MirrorFolder

BATCH = 100


async def prune(cache: MirrorFolder, catalogue: Catalogue, gone: Collection[str]) -> int:
    """Move the files of photos that are `gone`, as Flickr has just said, to the trash; return how many files.

    A photo that is listed again is mirrored anew. Raises `CacheError` where a file cannot be moved.
    """
    await to_thread.run_sync(catalogue.sync_commits)  # else a row could claim what was moved away
    moved = 0
    gone_photos = catalogue.gone_photos
    left = sorted(gone)
    while left:
        photo_ids, left = left[:BATCH], left[BATCH:]
        await to_thread.run_sync(gone_photos.begin_deletion, photo_ids)
        for photo_id in photo_ids:
            # as the folder has them: a run that was killed may have left a file that the catalogue does not know
            for extension in await to_thread.run_sync(cache.extensions_of, photo_id):
                moved += await to_thread.run_sync(cache.throw_away, photo_id, extension)
        # the rows go last: after a kill in between, the next run finds them, and moves the rest
        await to_thread.run_sync(gone_photos.delete, photo_ids)
    return moved
