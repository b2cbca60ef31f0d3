"""The image downloader: downloads the best image of a photo that the servers deliver, and the film of a video."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.catalogue.rows import Stale
from flickr_mirror.engine.workers.served_sizes import ServedSizes, size_of
from flickr_mirror.errors import ImageGoneError, NoSizeError, NotAnImageError, TransportError
from flickr_mirror.flickr.image_servers import REFUSALS
from flickr_mirror.models.events import ImageCached, ImageStarted
from flickr_mirror.models.job_kinds import JobKind
from flickr_mirror.models.sizes import Reduced

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.engine.workers.file_copies import Copy
    from flickr_mirror.engine.workers.jobs import ImageJob, JobContext
    from flickr_mirror.engine.workers.size_resolver import SizeResolver
    from flickr_mirror.models.sizes import FlickrPhotoSize


@dataclass(frozen=True, slots=True)
class _MirroredFile:
    """A file on disk. `reduced` names the better file that the server refused, if any.

    `is_due_soon` is whether the better file is requested again before the next full scan.
    """

    copy: Copy
    reduced: Reduced | None = None
    is_due_soon: bool = True


class ImageDownloader:
    """Downloads images and films, in the largest sizes that the servers deliver.

    It learns from refusals which sizes the servers deliver, so one downloader is used for all rounds of a watch.
    """

    def __init__(self, context: JobContext, sizes: SizeResolver) -> None:
        self._context = context
        self._copies = context.copies
        self._sizes = sizes
        self._served = ServedSizes()
        # held while smaller sizes are tried, so that the next photo need not meet the same refusals
        self._learning = anyio.Lock()

    async def download(self, job: ImageJob) -> None:
        """Write the photo's image to disk; for a video, its poster and the best film that is served."""
        if not job.size.url:  # the catalogue was rebuilt from files, which do not have the address
            job = await self._sizes.ask(job.stored)
        image = await self._image(job)
        served, partly = {"image": image}, ""
        if job.stored.photo.facts.media == "video":
            film, partly = await self._film(job)
            if film:
                served["video"] = film
        ready = not partly or bool(job.films) or not self._sizes.may_be_processing(job.stored)
        done = partial(
            self._context.catalogue.outcomes.mark_image_done,
            job.stored,
            [one.copy.file for one in served.values()],
            reduced={kind: one.reduced for kind, one in served.items() if one.reduced},
            is_due_soon=image.is_due_soon,
            partly=partly,
            ready=ready,
            now=int(time.time()),
        )
        self._context.dispatcher.finish(JobKind.IMAGE, job.photo_id, done)
        if not ready:
            return
        if partly:
            raise NoSizeError(partly)
        fetched = sum(one.copy.fetched for one in served.values())
        self._context.report.images += bool(fetched)
        self._context.emit(ImageCached(job.photo_id, image.copy.path, fetched))

    async def _image(self, job: ImageJob) -> _MirroredFile:
        """Write the image to disk in its best size, or in the largest that is served."""
        stored, best = job.stored, job.size
        started = partial(self._context.emit, ImageStarted(job.photo_id))
        if adopted := await self._copies.adopt(stored, "image", best):
            started()
            return _MirroredFile(adopted)
        reduced = stored.reduced.get("image")
        kept = await self._copies.kept(stored, "image") if stored.is_second_best else None
        if kept and not (reduced or kept.file.is_damaged):  # only the film is requested again
            return _MirroredFile(kept)
        label = "" if kept else self._served.label_for(stored.photo, best)
        if label and (served := await self._by_label(job, label, started)):
            return served
        try:
            copy = await self._copies.download(
                stored, "image", best, partial(self._refreshed, job, best), started
            )
        except ImageGoneError as error:
            if there := await self._copies.kept(stored, "image"):
                return _MirroredFile(there, reduced)
            if job.sizes and error.status not in REFUSALS:
                raise
            return await self._refused(job, error, tried=label)
        self._served.note(stored.photo, best, best)
        return _MirroredFile(copy)

    async def _refused(self, job: ImageJob, refusal: ImageGoneError, tried: str) -> _MirroredFile:
        """Write the image to disk in a smaller size, because the server refused the best one."""
        async with self._learning:
            if (
                not tried and refusal.status in REFUSALS
            ):  # other photos may have shown meanwhile what is served
                label = self._served.label_for(job.stored.photo, job.size)
                if label and (served := await self._by_label(job, label)):
                    return served
            return await self._largest_served(job, refusal)

    async def _by_label(
        self, job: ImageJob, label: str, started: Callable[[], None] = lambda: None
    ) -> _MirroredFile | None:
        """Write the image to disk in the size with this label; return `None` if that is refused."""
        stored = job.stored
        size = size_of(label, stored.photo, job.size, job.sizes)
        if size is None and not job.sizes:
            job = await self._sizes.ask(stored)
            size = size_of(label, stored.photo, job.size, job.sizes)
        if size is None:
            return None
        try:
            copy = await self._adopt_or_download(job, size, started)
        except ImageGoneError:
            return None
        return _MirroredFile(copy, Reduced(size, job.size), is_due_soon=False)

    async def _largest_served(self, job: ImageJob, refusal: ImageGoneError) -> _MirroredFile:
        """Write the image to disk in the largest size that is served. Raises `refusal` if none is."""
        stored, sizes = job.stored, job.sizes[1:]
        if not job.sizes:  # the address may have changed since it was listed
            job = await self._sizes.ask(stored)
            sizes = job.sizes
        best = job.sizes[0]
        # never replace an outdated file by a smaller one
        least = await self._copies.longest_side(stored) if stored.stale & Stale.IMAGE else 0
        for size in sizes:
            if size is not best and max(size.width, size.height) < least:
                break
            try:
                copy = await self._adopt_or_download(job, size)
            except ImageGoneError as error:
                if error.status not in REFUSALS:  # a placeholder can have the pixels of a smaller size
                    raise
                continue
            self._served.note(stored.photo, best, size)
            return _MirroredFile(copy, None if size is best else Reduced(size, best))
        raise refusal

    async def _adopt_or_download(
        self, job: ImageJob, size: FlickrPhotoSize, started: Callable[[], None] = lambda: None
    ) -> Copy:
        if adopted := await self._copies.adopt(job.stored, "image", size):
            return adopted
        return await self._copies.download(
            job.stored, "image", size, partial(self._refreshed, job, size), started
        )

    async def _refreshed(self, job: ImageJob, size: FlickrPhotoSize) -> FlickrPhotoSize:
        """Return the size with its current address: asks Flickr, unless the job was made from such an answer."""
        if any(size is one for one in (*job.sizes, *job.films)):
            return size
        sizes = (await self._sizes.ask(job.stored)).sizes
        return next((one for one in sizes if one.label == size.label), sizes[0])

    async def _film(self, job: ImageJob) -> tuple[_MirroredFile | None, str]:
        """Write the best film that is served to disk, or return why there is none: often only the owner may have it."""
        stored = job.stored
        if adopted := await self._copies.adopt(stored, "video", None):
            return _MirroredFile(adopted), ""
        kept, reduced = await self._copies.kept(stored, "video"), stored.reduced.get("video")
        films = job.films or ([reduced.best] if reduced else [])
        refusals, temporary = [], None
        for size in _films_to_try(films, kept, reduced):
            try:
                copy = await self._copies.download(
                    stored, "video", size, partial(self._refreshed, job, size), lambda: None
                )
            except ImageGoneError as error:
                refusals.append(f"{size.label}: HTTP {error.status}")
            except (NotAnImageError, TransportError) as error:
                if isinstance(error, TransportError) and not error.status:
                    raise  # the connection failed, not this film
                temporary = temporary or error
            else:
                return _MirroredFile(copy, None if size is films[0] else Reduced(size, films[0])), ""
        if kept:
            return _MirroredFile(kept, reduced), ""
        if temporary:
            raise temporary
        reason = ", ".join(refusals) or "Flickr lists no file of it"
        return None, f"The poster is mirrored, the film is not ({reason})."


def _films_to_try(
    films: list[FlickrPhotoSize], kept: Copy | None, reduced: Reduced | None
) -> list[FlickrPhotoSize]:
    """Return the films that may be better than the one on disk, best first."""
    if kept is None:
        return films
    label = reduced.size.label if reduced else films[0].label if films else ""
    better = next((number for number, film in enumerate(films) if film.label == label), len(films))
    return films[: better + kept.file.is_damaged]
