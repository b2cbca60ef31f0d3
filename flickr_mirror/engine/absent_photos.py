"""Asks Flickr for each photo that a full scan did not list: only its own answer marks a photo as gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.gone_photos import MAX_VERIFIED
from flickr_mirror.errors import FlickrApiError, PermissionDeniedError, PhotoNotFoundError, TransportError
from flickr_mirror.models.events import Notice, PhotoGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.engine.workers.jobs import PhotoJobs

MISSES_IN_A_ROW = 3
"""Photos in a row without an answer that end a run."""


async def ask_for_absent(jobs: PhotoJobs, *, pruning: bool, is_stopping: Callable[[], bool]) -> set[str]:
    """Ask Flickr for the photos that a full scan did not list, one call each; return the ids of those that are gone.

    A listing can leave out a photo that is there: a page came short, a date was changed, a total was wrong. Codes
    1 and 2 of `photos.getSizes` (not found, or not for this caller) are the proof. Where `pruning`, the photos that
    earlier runs marked as gone are asked for too, so that none is moved that has come back. Raises what ends a run.
    """
    gone_photos, work = jobs.catalogue.gone_photos, jobs.work
    gone: set[str] = set()
    misses = 0
    for photo_id in await work.call(gone_photos.to_verify, MAX_VERIFIED, gone=pruning):
        if is_stopping():
            break
        try:
            is_gone = await _is_gone(jobs, photo_id)
        except (FlickrApiError, TransportError):
            misses += 1
            if misses == MISSES_IN_A_ROW:
                raise
            continue  # it is asked for again by the next run
        misses = 0
        if not is_gone:
            await work.call(gone_photos.mark_found, photo_id)
            work.wake()
            continue
        gone.add(photo_id)
        if await work.call(gone_photos.mark_gone, photo_id, int(time.time())):
            jobs.report.gone += 1
            jobs.emit(PhotoGone(photo_id))
    left = await work.call(gone_photos.count_absent)
    if left:
        jobs.emit(
            Notice(
                f"Not listed by the full scan, and still to be asked for: {left:,} of the photos. The next runs ask "
                f"for {MAX_VERIFIED} each; none is marked as gone before."
            )
        )
    return gone


async def _is_gone(jobs: PhotoJobs, photo_id: str) -> bool:
    try:
        await jobs.api.get_photo_sizes(photo_id)
    except (PhotoNotFoundError, PermissionDeniedError):
        return True
    return False
