"""What is done for one photo: its best size settled, its image fetched, its information written."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from flickr_mirror import pictures
from flickr_mirror.errors import (
    BadImageError,
    FlickrApiError,
    ImageGoneError,
    InvalidKeyError,
    NoSizeError,
    PhotoError,
)
from flickr_mirror.information import info_document, info_level_of, stored_comments
from flickr_mirror.languages import Label
from flickr_mirror.options import COMMENTS_LEVEL
from flickr_mirror.progress import ImageCached, ImageStarted, InfoCached, InfoStarted, Notice
from flickr_mirror.records import NOT_STALE, PROCESSING, Stale, StoredFile, StoredPhoto
from flickr_mirror.sizes import best_picture, playable_files, same_pixels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.api import AsyncFlickrApi
    from flickr_mirror.cache import PhotoCache
    from flickr_mirror.catalogue import Catalogue
    from flickr_mirror.detection import LanguageDetector
    from flickr_mirror.images import ImageFetcher
    from flickr_mirror.languages import Locale
    from flickr_mirror.models import FlickrComment, FlickrPhotoSize, FlickrUser
    from flickr_mirror.progress import MirrorReport, Observer
    from flickr_mirror.space import FreeSpace
    from flickr_mirror.worklist import WorkList


EXTENSIONS = {"image": pictures.PHOTO_EXTENSIONS, "video": pictures.VIDEO_EXTENSIONS}


@dataclass(frozen=True, slots=True)
class ImageJob:
    """A photo whose image is to be fetched in this size; `films` are the files of a video, best first.

    `asked` is whether Flickr named the sizes a moment ago, so that asking again would tell nothing new.
    """

    stored: StoredPhoto
    size: FlickrPhotoSize
    films: list[FlickrPhotoSize] = field(default_factory=list)
    asked: bool = False

    @property
    def photo_id(self) -> str:
        """The id of the photo."""
        return self.stored.photo.id


@dataclass(frozen=True, slots=True)
class InfoJob:
    """A photo whose information is to be written; `locales` are those of its title and, maybe, its description."""

    stored: StoredPhoto
    locales: tuple[Locale, ...]


@dataclass(slots=True)
class Jobs:
    """What the worker pools do for a photo; each result is handed to the work list.

    `adopting` is whether files may be on disk that the catalogue does not know: of a run that was killed,
    or from before the catalogue was lost. The methods raise a `PhotoError` or a `TransportError` where a
    photo fails, anything else where the run must end.
    """

    user: FlickrUser
    api: AsyncFlickrApi
    fetcher: ImageFetcher
    detector: LanguageDetector
    cache: PhotoCache
    catalogue: Catalogue
    work: WorkList
    report: MirrorReport
    tell: Observer
    info_level: int
    adopting: bool
    space: FreeSpace | None = None
    """What keeps a part of the disk free, where that is asked for."""
    on_received: Callable[[], None] = lambda: None
    """Told when bytes of an image were added to the report."""

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
            self.work.finish("image", stored.photo.id, partial(self.catalogue.not_ready, stored))
            return None

    async def _ask_sizes(self, stored: StoredPhoto) -> ImageJob:
        sizes = await self.api.get_photo_sizes(stored.photo.id)
        best = best_picture(sizes)
        if best is None:
            raise NoSizeError("Flickr lists no image of this photo.")
        self.work.note(partial(self.catalogue.settle, stored, best))
        await self.work.flush()  # it may settle others, for which no call is spent then
        return ImageJob(stored, best, playable_files(sizes), asked=True)

    def _may_come(self, stored: StoredPhoto) -> bool:
        """Return whether Flickr may still be processing a video."""
        facts = stored.photo.facts
        now = self.api.server_time or time.time()
        return facts.media == "video" and now - (facts.uploaded or 0) < PROCESSING

    # Images

    async def cache_image(self, job: ImageJob) -> None:
        """Bring the photo's image to disk: of a video its poster, and the best film that is served."""
        fetched: list[int] = []
        image, path = await self._image(job, fetched)
        files, partly = [image], ""
        if job.stored.photo.facts.media == "video":
            film, partly = await self._film(job, fetched)
            files += film
        ready = not partly or bool(job.films) or not self._may_come(job.stored)
        done = partial(self.catalogue.image_done, job.stored, files, partly=partly, ready=ready)
        self.work.finish("image", job.photo_id, done)
        if not ready:
            return
        if partly:
            raise NoSizeError(partly)
        self.report.images += bool(fetched)
        self.tell(ImageCached(job.photo_id, path, sum(fetched)))

    async def _image(self, job: ImageJob, fetched_sizes: list[int]) -> tuple[StoredFile, Path]:
        if adopted := await self._adopt(job.stored, "image", job.size):
            self.tell(ImageStarted(job.photo_id))
            return adopted
        started = partial(self.tell, ImageStarted(job.photo_id))
        try:
            return await self._download(job, "image", job.size, fetched_sizes, started)
        except ImageGoneError:
            if job.asked:
                raise
        job = await self._ask_sizes(job.stored)  # the address may have changed since it was listed
        return await self._download(job, "image", job.size, fetched_sizes)

    async def _film(self, job: ImageJob, fetched_sizes: list[int]) -> tuple[list[StoredFile], str]:
        """Return the film's file, or why there is none: the original is often the owner's alone."""
        if adopted := await self._adopt(job.stored, "video", None):
            return [adopted[0]], ""
        refusals = []
        for size in job.films:
            try:
                film, _ = await self._download(job, "video", size, fetched_sizes)
            except ImageGoneError as error:
                refusals.append(f"{size.label}: HTTP {error.status}")
            else:
                return [film], ""
        reason = ", ".join(refusals) or "Flickr lists no file of it"
        return [], f"The poster is mirrored, the film is not ({reason})."

    async def _download(
        self,
        job: ImageJob,
        kind: str,
        size: FlickrPhotoSize,
        fetched_sizes: list[int],
        started: Callable[[], None] = lambda: None,
    ) -> tuple[StoredFile, Path]:
        async def where_now() -> FlickrPhotoSize:
            return size if job.asked else (await self._ask_sizes(job.stored)).size

        def received(count: int) -> None:
            fetched_sizes.append(count)
            self.report.bytes += count
            self.on_received()

        async with self.cache.part_file() as part:
            async with self.fetcher.turns:
                self.fetcher.check_open()  # what is not begun is not told either
                started()
                fetched = await self.fetcher.fetch_for_sure(size, part, where_now, received)
            path = self.cache.path(job.photo_id, fetched.picture.extension)
            sha256 = await part.keep_as(path, partial(self.cache.check_place, job.photo_id))
        if job.stored.stale & Stale.IMAGE:
            await anyio.to_thread.run_sync(self.cache.remove_others, job.photo_id, path, EXTENSIONS[kind])
        if fetched.doubt:
            self.tell(Notice(f"Flickr's own image of photo {job.photo_id} is kept as it is: {fetched.doubt}"))
        note = fetched.doubt or (size.label if kind == "video" else "")
        return StoredFile(kind, fetched.picture.extension, fetched.size, sha256, note), path

    async def _adopt(
        self, stored: StoredPhoto, kind: str, size: FlickrPhotoSize | None
    ) -> tuple[StoredFile, Path] | None:
        if not self.adopting:
            return None
        adopted = await anyio.to_thread.run_sync(self._find_whole, stored.photo.id, kind, size)
        if adopted is None:
            return None
        if stored.stale & Stale.IMAGE:  # the file that was replaced at Flickr is as whole as the new one
            files = await self.work.call(self.catalogue.files.of, stored.photo.id)
            old = [file.sha256 for file in files if file.kind == kind]
            if not old or adopted[0].sha256 in old:
                return None
            await anyio.to_thread.run_sync(
                self.cache.remove_others, stored.photo.id, adopted[1], EXTENSIONS[kind]
            )
        self.report.adopted += 1
        return adopted

    def _find_whole(
        self, photo_id: str, kind: str, size: FlickrPhotoSize | None
    ) -> tuple[StoredFile, Path] | None:
        """Return the photo's file that is already on disk, durably, if it is whole and of this size."""
        path = self.cache.find(photo_id, EXTENSIONS[kind])
        if path is None:
            return None
        self.cache.check_place(photo_id)
        try:
            picture = pictures.inspect(path)
            if not picture.ends or (size and not same_pixels((picture.width, picture.height), size)):
                return None
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256")
            found = StoredFile(kind, picture.extension, path.stat().st_size, digest.digest())
        except (BadImageError, OSError):
            return None
        self.cache.make_durable(path)  # the run that wrote it may have been killed before that
        return found, path

    # Information

    async def tell_languages(self, batch: list[StoredPhoto]) -> list[InfoJob]:
        """Find out the languages of the titles and descriptions of many photos at once, each text's once."""
        count = 2 if self.info_level else 1
        texts = [_texts(stored)[:count] for stored in batch]
        locales = iter(await self.detector.detect([text for pair in texts for text in pair]))
        return [
            InfoJob(stored, tuple(islice(locales, len(pair))))
            for stored, pair in zip(batch, texts, strict=True)
        ]

    async def cache_info(self, job: InfoJob) -> None:
        """Bring the photo's information to disk, at the level asked for or the higher one it already has."""
        stored = job.stored
        photo = stored.photo
        self.tell(InfoStarted(photo.id))
        level = max(self.info_level, stored.info_level)
        known = None
        if stored.info_level == COMMENTS_LEVEL or (self.adopting and stored.info_level != level):
            # what is on disk can know more than the catalogue, which may have been lost
            known = await anyio.to_thread.run_sync(self.cache.read_info, photo.id)
            level = max(level, info_level_of(known))
        is_asked = self.info_level == COMMENTS_LEVEL and bool(stored.stale & Stale.COMMENTS)
        comments = None
        try:
            if level == COMMENTS_LEVEL:
                comments = await self._comments(stored, None if is_asked else known)
        except InvalidKeyError:
            raise
        except (FlickrApiError, PhotoError):  # refused, or gone since it was listed: what that told is kept
            kept = stored_comments(known)
            await self._write_info(job, 1 if kept is None else COMMENTS_LEVEL, kept)
            raise
        path = await self._write_info(job, level, comments)
        # a lower level leaves outdated comments to the next run that asks for comments
        stale = NOT_STALE if is_asked else stored.stale
        self.work.finish("info", photo.id, partial(self.catalogue.info_done, stored, level, stale=stale))
        self.report.infos += 1
        self.tell(InfoCached(photo.id, path))

    async def _comments(
        self, stored: StoredPhoto, info: dict[str, Any] | None
    ) -> list[tuple[FlickrComment, Label]]:
        photo = stored.photo
        if (known := stored_comments(info)) is not None:
            return known
        if photo.facts.comment_count == 0:
            return []
        comments = await self.api.get_comments(photo.id)
        locales = await self.detector.detect([comment.content for comment in comments])
        return [
            (comment, Label(comment.content, locale))
            for comment, locale in zip(comments, locales, strict=True)
        ]

    async def _write_info(
        self, job: InfoJob, level: int, comments: list[tuple[FlickrComment, Label]] | None
    ) -> Path:
        stored, photo = job.stored, job.stored.photo
        texts = _texts(stored)[: 2 if level else 1]
        # what is on disk can be of a higher level than was asked for
        locales = job.locales if len(job.locales) >= len(texts) else await self.detector.detect(texts)
        labels = [Label(text, locale) for text, locale in zip(texts, locales, strict=False)]
        document = info_document(
            photo,
            self.user,
            stored.size if stored.proof else None,
            title=labels[0],
            description=labels[1] if level else None,
            comments=comments,
        )
        is_there = stored.info_level >= 0 or self.adopting
        path, data = await self.cache.write_info(photo.id, document, is_there=is_there)
        file = StoredFile("info", "json", len(data), hashlib.sha256(data).digest())
        self.work.note(partial(self.catalogue.files.put, photo.id, file))
        return path


def _texts(stored: StoredPhoto) -> list[str]:
    return [stored.photo.raw_title, stored.photo.raw_description or ""]
