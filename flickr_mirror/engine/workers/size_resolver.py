"""The size resolver: asks Flickr for the sizes of a photo that its listing did not prove."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.row_encoding import PROCESSING
from flickr_mirror.engine.workers.jobs import ImageJob
from flickr_mirror.errors import NoSizeError
from flickr_mirror.models.job_kinds import JobKind
from flickr_mirror.models.sizes import playable_files, whole_pictures

if TYPE_CHECKING:
    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.engine.workers.jobs import Job, JobContext


class SizeResolver:
    """Turns photos whose best size is unknown into image jobs, at one API call each."""

    def __init__(self, context: JobContext) -> None:
        self._api = context.api
        self._catalogue = context.catalogue
        self._dispatcher = context.dispatcher

    async def resolve(self, job: Job) -> ImageJob | None:
        """Return the job to download the photo's image; `None` if Flickr is still processing the photo.

        Raises `NoSizeError` if there is no image to download.
        """
        try:
            return await self.ask(job.stored)
        except NoSizeError:
            if not self.may_be_processing(job.stored):
                raise
            not_ready = partial(self._catalogue.outcomes.mark_not_ready, job.stored)
            self._dispatcher.finish(JobKind.IMAGE, job.photo_id, not_ready)
            return None

    async def ask(self, stored: StoredPhoto) -> ImageJob:
        """Return the job with the sizes that Flickr lists now, and note the best one. Raises `NoSizeError`."""
        sizes = await self._api.get_photo_sizes(stored.photo.id)
        images = whole_pictures(sizes)
        if not images:
            raise NoSizeError("Flickr lists no image of this photo.")
        self._dispatcher.note(partial(self._catalogue.outcomes.set_best_size, stored, images[0]))
        await self._dispatcher.flush()  # this answer can settle other photos, which then need no call
        return ImageJob(stored, images[0], playable_files(sizes), images)

    def may_be_processing(self, stored: StoredPhoto) -> bool:
        """Return whether the photo is a video that Flickr may still be processing."""
        facts = stored.photo.facts
        now = self._api.server_time or time.time()
        return facts.media == "video" and now - (facts.uploaded or 0) < PROCESSING
