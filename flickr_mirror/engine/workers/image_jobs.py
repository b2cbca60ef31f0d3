"""What is done for the image of a photo: its best size settled, then the largest one fetched that is served."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.catalogue.row_encoding import PROCESSING
from flickr_mirror.catalogue.rows import Stale, StoredPhoto
from flickr_mirror.engine.workers.served_sizes import ServedSizes, size_of
from flickr_mirror.errors import ImageGoneError, NoSizeError, NotAnImageError, TransportError
from flickr_mirror.flickr.image_servers import REFUSALS
from flickr_mirror.models.events import ImageCached, ImageStarted
from flickr_mirror.models.sizes import Reduced, playable_files, whole_pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.engine.dispatcher import Dispatcher
    from flickr_mirror.engine.workers.file_copies import Copy, FileCopies
    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.reports import MirrorReport
    from flickr_mirror.models.sizes import FlickrPhotoSize


@dataclass(frozen=True, slots=True)
class ImageJob:
    """A photo whose image is to be fetched in this size.

    `films` are the files of a video and `sizes` the images, best first, where Flickr was asked for them a moment ago.
    """

    stored: StoredPhoto
    size: FlickrPhotoSize
    films: list[FlickrPhotoSize] = field(default_factory=list)
    sizes: list[FlickrPhotoSize] = field(default_factory=list)

    @property
    def photo_id(self) -> str:
        """The id of the photo."""
        return self.stored.photo.id


@dataclass(frozen=True, slots=True)
class _Served:
    """A file that is on disk, what it stands for where it is not the best one, and whether that is soon looked for."""

    copy: Copy
    reduced: Reduced | None = None
    is_due_soon: bool = True


@dataclass(slots=True, kw_only=True)
class ImageJobs:
    """The jobs for images and films; `served` is what a run has learned of the sizes that are served."""

    api: AsyncFlickrApi
    copies: FileCopies
    catalogue: Catalogue
    work: Dispatcher
    report: MirrorReport
    emit: Observer
    served: ServedSizes = field(default_factory=ServedSizes)
    learning: anyio.Lock = field(default_factory=anyio.Lock)
    """To be held while smaller sizes are tried: what is learned of one photo spares the next one its refusals."""

    # Sizes

    async def resolve_size(self, stored: StoredPhoto) -> ImageJob | None:
        """Ask Flickr which files the photo has; return `None` where it is still being processed.

        Raises `NoSizeError` where there is none to keep.
        """
        try:
            return await self._ask_sizes(stored)
        except NoSizeError:
            if not self._may_come(stored):
                raise
            self.work.finish(
                "image", stored.photo.id, partial(self.catalogue.outcomes.mark_not_ready, stored)
            )
            return None

    async def _ask_sizes(self, stored: StoredPhoto) -> ImageJob:
        sizes = await self.api.get_photo_sizes(stored.photo.id)
        images = whole_pictures(sizes)
        if not images:
            raise NoSizeError("Flickr lists no image of this photo.")
        self.work.note(partial(self.catalogue.outcomes.set_best_size, stored, images[0]))
        await self.work.flush()  # it may settle others, for which no call is spent then
        return ImageJob(stored, images[0], playable_files(sizes), images)

    def _may_come(self, stored: StoredPhoto) -> bool:
        """Return whether Flickr may still be processing a video."""
        facts = stored.photo.facts
        now = self.api.server_time or time.time()
        return facts.media == "video" and now - (facts.uploaded or 0) < PROCESSING

    # Images

    async def cache_image(self, job: ImageJob) -> None:
        """Bring the photo's image to disk: of a video its poster, and the best film that is served."""
        if not job.size.url:  # the catalogue was rebuilt, and no file tells the address
            job = await self._ask_sizes(job.stored)
        image = await self._image(job)
        served, partly = {"image": image}, ""
        if job.stored.photo.facts.media == "video":
            film, partly = await self._film(job)
            if film:
                served["video"] = film
        ready = not partly or bool(job.films) or not self._may_come(job.stored)
        done = partial(
            self.catalogue.outcomes.mark_image_done,
            job.stored,
            [one.copy.file for one in served.values()],
            reduced={kind: one.reduced for kind, one in served.items() if one.reduced},
            is_due_soon=image.is_due_soon,
            partly=partly,
            ready=ready,
            now=int(time.time()),
        )
        self.work.finish("image", job.photo_id, done)
        if not ready:
            return
        if partly:
            raise NoSizeError(partly)
        fetched = sum(one.copy.fetched for one in served.values())
        self.report.images += bool(fetched)
        self.emit(ImageCached(job.photo_id, image.copy.path, fetched))

    async def _image(self, job: ImageJob) -> _Served:
        """Bring the image to disk in its best size, or else in the largest that is served."""
        stored, best = job.stored, job.size
        started = partial(self.emit, ImageStarted(job.photo_id))
        if adopted := await self.copies.adopt(stored, "image", best):
            started()
            return _Served(adopted)
        reduced = stored.reduced.get("image")
        kept = await self.copies.kept(stored, "image") if stored.is_second_best else None
        if kept and not (reduced or kept.file.is_damaged):  # it is the film that is looked for again
            return _Served(kept)
        label = "" if kept else self.served.label_for(stored.photo, best)
        if label and (served := await self._by_label(job, label, started)):
            return served
        try:
            copy = await self.copies.download(stored, "image", best, partial(self._now, job, best), started)
        except ImageGoneError as error:
            if there := await self.copies.kept(stored, "image"):
                return _Served(there, reduced)
            if job.sizes and error.status not in REFUSALS:
                raise
            return await self._smaller(job, error, tried=label)
        self.served.note(stored.photo, best, best)
        return _Served(copy)

    async def _smaller(self, job: ImageJob, refusal: ImageGoneError, tried: str) -> _Served:
        """Bring the image to disk in a smaller size than its best one, which was refused."""
        async with self.learning:
            if not tried and refusal.status in REFUSALS:  # meanwhile, others may have shown what is served
                label = self.served.label_for(job.stored.photo, job.size)
                if label and (served := await self._by_label(job, label)):
                    return served
            return await self._largest_served(job, refusal)

    async def _by_label(
        self, job: ImageJob, label: str, started: Callable[[], None] = lambda: None
    ) -> _Served | None:
        """Bring the image to disk in the size of this label, unless that is refused."""
        stored = job.stored
        size = size_of(label, stored.photo, job.size, job.sizes)
        if size is None and not job.sizes:
            job = await self._ask_sizes(stored)
            size = size_of(label, stored.photo, job.size, job.sizes)
        if size is None:
            return None
        try:
            copy = await self._adopt_or_download(job, size, started)
        except ImageGoneError:
            return None
        return _Served(copy, Reduced(size, job.size), is_due_soon=False)

    async def _largest_served(self, job: ImageJob, refusal: ImageGoneError) -> _Served:
        """Bring the image to disk in the largest size that is served, after its best one was refused."""
        stored, sizes = job.stored, job.sizes[1:]
        if not job.sizes:  # the address may have changed since it was listed
            job = await self._ask_sizes(stored)
            sizes = job.sizes
        best = job.sizes[0]
        # a file that the owner replaced is not replaced by a smaller one
        least = await self.copies.longest_side(stored) if stored.stale & Stale.IMAGE else 0
        for size in sizes:
            if size is not best and max(size.width, size.height) < least:
                break
            try:
                copy = await self._adopt_or_download(job, size)
            except ImageGoneError as error:
                if error.status not in REFUSALS:  # a placeholder can have the pixels of a smaller size
                    raise
                continue
            self.served.note(stored.photo, best, size)
            return _Served(copy, None if size is best else Reduced(size, best))
        raise refusal

    async def _adopt_or_download(
        self, job: ImageJob, size: FlickrPhotoSize, started: Callable[[], None] = lambda: None
    ) -> Copy:
        if adopted := await self.copies.adopt(job.stored, "image", size):
            return adopted
        return await self.copies.download(job.stored, "image", size, partial(self._now, job, size), started)

    async def _now(self, job: ImageJob, size: FlickrPhotoSize) -> FlickrPhotoSize:
        """Return where Flickr has a size of the image now, which it is asked for unless that was done a moment ago."""
        if any(size is one for one in (*job.sizes, *job.films)):
            return size
        sizes = (await self._ask_sizes(job.stored)).sizes
        return next((one for one in sizes if one.label == size.label), sizes[0])

    async def _film(self, job: ImageJob) -> tuple[_Served | None, str]:
        """Bring the best film to disk that is served, or return why there is none: it is often the owner's alone."""
        stored = job.stored
        if adopted := await self.copies.adopt(stored, "video", None):
            return _Served(adopted), ""
        kept, reduced = await self.copies.kept(stored, "video"), stored.reduced.get("video")
        films = job.films or ([reduced.best] if reduced else [])
        refusals, passing = [], None
        for size in _worth_a_look(films, kept, reduced):
            try:
                copy = await self.copies.download(
                    stored, "video", size, partial(self._now, job, size), lambda: None
                )
            except ImageGoneError as error:
                refusals.append(f"{size.label}: HTTP {error.status}")
            except (NotAnImageError, TransportError) as error:
                if isinstance(error, TransportError) and not error.status:
                    raise  # of the line, and not of this film
                passing = passing or error
            else:
                return _Served(copy, None if size is films[0] else Reduced(size, films[0])), ""
        if kept:
            return _Served(kept, reduced), ""
        if passing:
            raise passing
        reason = ", ".join(refusals) or "Flickr lists no file of it"
        return None, f"The poster is mirrored, the film is not ({reason})."


def _worth_a_look(
    films: list[FlickrPhotoSize], kept: Copy | None, reduced: Reduced | None
) -> list[FlickrPhotoSize]:
    """Return which films may be better than the one that is kept, best first."""
    if kept is None:
        return films
    label = reduced.size.label if reduced else films[0].label if films else ""
    better = next((number for number, film in enumerate(films) if film.label == label), len(films))
    return films[: better + kept.file.is_damaged]
