"""Asks Flickr for each photo that a full scan did not list. Only its own answer marks a photo as gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.gone_photos import MAX_VERIFIED
from flickr_mirror.engine.workers.logins import check_login, withdrawn_sentence
from flickr_mirror.errors import FlickrApiError, PermissionDeniedError, PhotoNotFoundError, TransportError
from flickr_mirror.models.events import Notice, PhotoGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.engine.workers.jobs import JobContext

MISSES_IN_A_ROW = 3
"""The number of photos in a row without an answer that ends a run."""


async def ask_for_absent(context: JobContext, *, pruning: bool, is_stopping: Callable[[], bool]) -> set[str]:
    """Ask Flickr for the photos that a full scan did not list, one call each; return the ids of those that are gone.

    A listing can omit a photo that exists: a page was short, a date was changed, a total was wrong. The proof is
    codes 1 and 2 of `photos.getSizes` (not found, permission denied), unless another login has listed the photo: it can
    be private now. `pruning` also verifies the photos that earlier runs marked as gone, so that none is moved that has
    come back. Raises what ends a run.
    """
    gone_photos, callers = context.catalogue.gone_photos, context.catalogue.callers
    dispatcher = context.dispatcher
    gone: set[str] = set()
    misses = withdrawn = 0
    photo_ids = await dispatcher.call(gone_photos.to_verify, MAX_VERIFIED, gone=pruning)
    await check_login(context.api, photo_ids)
    for photo_id in photo_ids:
        if is_stopping():
            break
        try:
            is_gone = await _is_gone(context, photo_id)
        except (FlickrApiError, TransportError):
            misses += 1
            if misses == MISSES_IN_A_ROW:
                raise
            continue  # the next run asks for it again
        misses = 0
        if not is_gone:
            await dispatcher.call(gone_photos.mark_found, photo_id)
            dispatcher.wake()
        elif await dispatcher.call(gone_photos.leave_to_others, photo_id):
            withdrawn += 1
        else:
            gone.add(photo_id)
            await _mark_gone(context, photo_id)
    if withdrawn:
        context.emit(Notice(withdrawn_sentence(withdrawn, await dispatcher.call(callers.other_logins))))
    left = await dispatcher.call(gone_photos.count_absent)
    if left:
        context.emit(
            Notice(
                f"Photos that the full scan did not list, and that Flickr must still be asked about: {left:,}. Each of "
                f"the next runs asks about {MAX_VERIFIED}; until then, none of them is marked as gone."
            )
        )
    return gone


async def _mark_gone(context: JobContext, photo_id: str) -> None:
    if await context.dispatcher.call(context.catalogue.gone_photos.mark_gone, photo_id, int(time.time())):
        context.report.gone += 1
        context.emit(PhotoGone(photo_id))


async def _is_gone(context: JobContext, photo_id: str) -> bool:
    try:
        await context.api.get_photo_sizes(photo_id)
    except (PhotoNotFoundError, PermissionDeniedError):
        return True
    return False
