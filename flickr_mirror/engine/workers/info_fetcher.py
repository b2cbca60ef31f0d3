"""The info fetcher: writes the information of a photo with its comments and the languages of its texts."""

from __future__ import annotations

import hashlib
import logging
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from flickr_mirror.catalogue.rows import NOT_STALE, Stale, StoredFile
from flickr_mirror.engine.workers.jobs import InfoJob
from flickr_mirror.errors import FlickrApiError, InvalidKeyError, PhotoError
from flickr_mirror.models.events import InfoCached, InfoStarted
from flickr_mirror.models.job_kinds import JobKind
from flickr_mirror.models.languages import Label
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.storage.sidecar import info_document, info_level_of, parts_of, stored_comments

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.languages import Locale
    from flickr_mirror.models.photos import FlickrComment

logger = logging.getLogger("flickr_mirror")

SLICE = 1000
"""The most texts whose languages are detected in one call."""


class InfoFetcher:
    """Writes the information of photos, at the level of the options or the higher level that a photo already has."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._level = context.options.info_level

    async def detect_languages(self, batch: list[StoredPhoto]) -> list[InfoJob]:
        """Return a job for each photo of a batch, after one detection for all their titles and descriptions."""
        count = 2 if self._level else 1
        texts = [_texts(stored)[:count] for stored in batch]
        locales = iter(await self._context.detector.detect([text for pair in texts for text in pair]))
        return [
            InfoJob(stored, tuple(islice(locales, len(pair))))
            for stored, pair in zip(batch, texts, strict=True)
        ]

    async def fetch(self, job: InfoJob) -> None:
        """Write the photo's information to disk, with the comments if its level includes them."""
        context, stored = self._context, job.stored
        photo = stored.photo
        context.emit(InfoStarted(photo.id))
        level = max(self._level, stored.info_level)
        known = None
        if stored.info_level == COMMENTS_LEVEL or (context.copies.adopting and stored.info_level != level):
            # the file can have more than the catalogue knows, which may have been rebuilt
            known = await anyio.to_thread.run_sync(context.store.read_sidecar, photo.id)
            level = max(level, info_level_of(known))
        is_asked = self._level == COMMENTS_LEVEL and bool(stored.stale & Stale.COMMENTS)
        comments = None
        try:
            if level == COMMENTS_LEVEL:
                comments = await self._comments(stored, None if is_asked else known)
        except InvalidKeyError:
            raise
        except (
            FlickrApiError,
            PhotoError,
        ):  # refused, or gone since it was listed: keep the listed texts
            kept = await _stored_comments(known)
            await self._write_info(job, 1 if kept is None else COMMENTS_LEVEL, kept)
            raise
        path = await self._write_info(job, level, comments)
        # a lower level leaves outdated comments to the next run that requests comments
        stale = NOT_STALE if is_asked else stored.stale
        done = partial(context.catalogue.outcomes.mark_info_done, stored, level, stale=stale)
        context.dispatcher.finish(JobKind.INFO, photo.id, done)
        context.report.infos += 1
        context.emit(InfoCached(photo.id, path))

    async def _comments(
        self, stored: StoredPhoto, info: dict[str, Any] | None
    ) -> list[tuple[FlickrComment, Label]]:
        photo = stored.photo
        if (known := await _stored_comments(info)) is not None:
            return known
        if photo.facts.comment_count == 0:
            return []
        comments = await self._context.api.get_comments(photo.id)
        locales = await self._locales(photo.id, [comment.content for comment in comments])
        return [(comment, Label(comment.content, locales[comment.content])) for comment in comments]

    async def _locales(self, photo_id: str, texts: list[str]) -> dict[str, Locale]:
        """Return the locale of each text, detected slice by slice: 100,000 comments take minutes."""
        different = list(dict.fromkeys(texts))
        locales: dict[str, Locale] = {}
        for start in range(0, len(different), SLICE):
            part = different[start : start + SLICE]
            locales.update(zip(part, await self._context.detector.detect(part), strict=True))
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
        # the file on disk can have a higher level than the options
        locales = (
            job.locales if len(job.locales) >= len(texts) else await self._context.detector.detect(texts)
        )
        labels = [Label(text, locale) for text, locale in zip(texts, locales, strict=False)]
        document = info_document(
            photo,
            self._context.user,
            stored.size if stored.proof else None,
            title=labels[0],
            description=labels[1] if level else None,
            comments=comments,
            reduced=stored.reduced,
        )
        may_exist = stored.info_level >= 0 or self._context.copies.adopting
        catalogue, note = self._context.catalogue, self._context.dispatcher.note
        async with self._context.sidecar_turns.of(photo.id):
            path, data = await self._context.store.write_sidecar(photo.id, document, may_exist=may_exist)
            e_tag = self._context.store.e_tag(path)
            file = StoredFile("info", "json", len(data), hashlib.sha256(data).digest(), e_tag=e_tag)
            note(partial(catalogue.files.put, photo.id, file))
        if stored.info_level >= 0:  # the file before this one may have been lost, with its details
            parts = await anyio.to_thread.run_sync(parts_of, data)
            note(partial(catalogue.details.keep_only, photo.id, parts))
        return path


async def _stored_comments(info: dict[str, Any] | None) -> list[tuple[FlickrComment, Label]] | None:
    if info is None:
        return None
    # in a thread, because 100,000 comments take more than a second
    return await anyio.to_thread.run_sync(stored_comments, info)


def _texts(stored: StoredPhoto) -> list[str]:
    return [stored.photo.raw_title, stored.photo.raw_description or ""]
