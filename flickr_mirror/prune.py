"""What is gone from Flickr, moved to the trash folder of its mirror: the only way out of a mirror, and by request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from flickr_mirror.cache import PhotoCache
    from flickr_mirror.catalogue import Catalogue

BATCH = 100


async def prune(cache: PhotoCache, catalogue: Catalogue) -> int:
    """Move the files of all photos that are marked as gone to the trash, and return how many files that were.

    To be called after a full scan that came to its end. A photo that is listed again is mirrored anew. Raises
    `CacheError` where a file cannot be moved.
    """
    await to_thread.run_sync(catalogue.sync_commits)  # else a row could claim what was moved away
    moved = 0
    losses = catalogue.losses
    while photo_ids := await to_thread.run_sync(losses.gone, BATCH):
        await to_thread.run_sync(losses.begin_to_forget, photo_ids)
        for photo_id in photo_ids:
            files = await to_thread.run_sync(catalogue.files.of, photo_id)
            for extension in [*(file.extension for file in files), "json"]:
                moved += await to_thread.run_sync(cache.throw_away, photo_id, extension)
        # the rows go last: after a kill in between, the next run finds them, and moves the rest
        await to_thread.run_sync(losses.forget, photo_ids)
    return moved
