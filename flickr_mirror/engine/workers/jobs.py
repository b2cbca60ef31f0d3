"""What is done for one photo: its image, and its information with the languages of its texts."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from flickr_mirror.catalogue.rows import NOT_STALE, Stale, StoredFile, StoredPhoto
from flickr_mirror.engine.workers.image_jobs import ImageJobs
from flickr_mirror.errors import FlickrApiError, InvalidKeyError, PhotoError
from flickr_mirror.models.events import InfoCached, InfoStarted
from flickr_mirror.models.languages import Label
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.storage.sidecar import info_document, info_level_of, stored_comments

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.engine.language_detector import LanguageDetector
    from flickr_mirror.models.languages import Locale
    from flickr_mirror.models.photos import FlickrComment
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.free_space import FreeSpace
    from flickr_mirror.storage.mirror_folder import MirrorFolder

logger = logging.getLogger("flickr_mirror")

SLICE = 1000
"""The languages of so many texts are asked for at once."""


@dataclass(frozen=True, slots=True)
class InfoJob:
    """A photo whose information is to be written; `locales` are those of its title and, maybe, its description."""

    stored: StoredPhoto
    locales: tuple[Locale, ...]


@dataclass(slots=True, kw_only=True)
class PhotoJobs(ImageJobs):
    """What the worker pools do for a photo; each result is handed to the work list.

    The methods raise a `PhotoError` or a `TransportError` where a photo fails, anything else where the run must end.
    """

    user: FlickrUser
    detector: LanguageDetector
    cache: MirrorFolder
    info_level: int
    space: FreeSpace | None = None
    """What keeps a part of the disk free, where that is asked for."""

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
        self.emit(InfoStarted(photo.id))
        level = max(self.info_level, stored.info_level)
        known = None
        if stored.info_level == COMMENTS_LEVEL or (self.copies.adopting and stored.info_level != level):
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
            kept = await _stored_comments(known)
            await self._write_info(job, 1 if kept is None else COMMENTS_LEVEL, kept)
            raise
        path = await self._write_info(job, level, comments)
        # a lower level leaves outdated comments to the next run that asks for comments
        stale = NOT_STALE if is_asked else stored.stale
        self.work.finish(
            "info", photo.id, partial(self.catalogue.outcomes.mark_info_done, stored, level, stale=stale)
        )
        self.report.infos += 1
        self.emit(InfoCached(photo.id, path))

    async def _comments(
        self, stored: StoredPhoto, info: dict[str, Any] | None
    ) -> list[tuple[FlickrComment, Label]]:
        photo = stored.photo
        if (known := await _stored_comments(info)) is not None:
            return known
        if photo.facts.comment_count == 0:
            return []
        comments = await self.api.get_comments(photo.id)
        locales = await self._locales(photo.id, [comment.content for comment in comments])
        return [(comment, Label(comment.content, locales[comment.content])) for comment in comments]

    async def _locales(self, photo_id: str, texts: list[str]) -> dict[str, Locale]:
        """Return the locale of each text, slice by slice: a photo with 100,000 comments takes minutes."""
        different = list(dict.fromkeys(texts))
        locales: dict[str, Locale] = {}
        for start in range(0, len(different), SLICE):
            part = different[start : start + SLICE]
            locales.update(zip(part, await self.detector.detect(part), strict=True))
            if len(different) > SLICE:
                logger.info(
                    "Languages of the comments on photo %s: %d of %d.", photo_id, len(locales), len(different)
                )
        return locales

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
            reduced=stored.reduced,
        )
        is_there = stored.info_level >= 0 or self.copies.adopting
        path, data = await self.cache.write_info(photo.id, document, is_there=is_there)
        file = StoredFile("info", "json", len(data), hashlib.sha256(data).digest())
        self.work.note(partial(self.catalogue.files.put, photo.id, file))
        return path


async def _stored_comments(info: dict[str, Any] | None) -> list[tuple[FlickrComment, Label]] | None:
    if info is None:
        return None
    # of 100,000 comments it takes more than a second
    return await anyio.to_thread.run_sync(stored_comments, info)


def _texts(stored: StoredPhoto) -> list[str]:
    return [stored.photo.raw_title, stored.photo.raw_description or ""]
