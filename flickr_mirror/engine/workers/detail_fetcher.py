"""The detail fetchers: add the details that need a call for each photo to its sidecar: notes, faves, EXIF."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from flickr_mirror.catalogue.rows import StoredFile
from flickr_mirror.errors import PhotoError
from flickr_mirror.flickr.photo_calls import get_exif, get_faves, get_photo
from flickr_mirror.models.events import DetailCached
from flickr_mirror.models.job_kinds import DETAIL_KEYS, JobKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from flickr_mirror.engine.workers.jobs import Job, JobContext
    from flickr_mirror.flickr.http_client import HttpClient


@dataclass(frozen=True, slots=True)
class Detail:
    """Flickr's answer: the part of the sidecar, its number of entries, and the version if the answer states it."""

    content: dict[str, Any] | None
    count: int
    version: int | None = None


async def _notes(http_client: HttpClient, photo_id: str) -> Detail:
    details = (await get_photo(http_client, photo_id)).details
    return Detail(details, len(details["notes"]), details["updated"])


async def _faves(http_client: HttpClient, photo_id: str) -> Detail:
    people = await get_faves(http_client, photo_id)
    return Detail({"people": people}, len(people))


async def _exif(http_client: HttpClient, photo_id: str) -> Detail:
    exif = await get_exif(http_client, photo_id)
    return Detail(exif, len(exif["tags"]) if exif else 0)


_FETCH: dict[JobKind, Callable[[HttpClient, str], Awaitable[Detail]]] = {
    JobKind.NOTES: _notes,
    JobKind.FAVES: _faves,
    JobKind.EXIF: _exif,
}


class DetailFetcher:
    """Fetches the details of one kind, and adds them to the sidecars of photos."""

    def __init__(self, context: JobContext, kind: JobKind) -> None:
        self._context = context
        self._kind = kind

    async def fetch(self, job: Job) -> None:
        """Fetch the details of a photo, and write them to its sidecar. Raises `PhotoError` if that is missing."""
        context, kind = self._context, self._kind
        detail = await _FETCH[kind](context.api.http_client, job.photo_id)
        path = await self._add(job.photo_id, detail)
        done = partial(
            context.catalogue.details.mark_done,
            job.photo_id,
            kind,
            count=detail.count,
            now=int(time.time()),
            version=detail.version,
        )
        context.dispatcher.finish(kind, job.photo_id, done)
        context.report.details += 1
        context.emit(DetailCached(job.photo_id, kind.value, path))

    def _begin_writing(self, photo_id: str) -> None:
        with self._context.catalogue.transaction():
            self._context.catalogue.details.begin_writing(photo_id, self._kind)

    async def _add(self, photo_id: str, detail: Detail) -> Path:
        store, dispatcher = self._context.store, self._context.dispatcher
        async with self._context.sidecar_turns.of(photo_id):
            document = await anyio.to_thread.run_sync(store.read_sidecar, photo_id)
            more = document.get("flickr") if document else None
            if document is None or not isinstance(more, dict) or more.get("id") != photo_id:
                raise PhotoError(
                    "Its JSON file is missing or damaged: `mirror_flickr check` finds and restores it."
                )
            whole = {**document, "flickr": {**more, DETAIL_KEYS[self._kind]: detail.content}}
            await dispatcher.call(self._begin_writing, photo_id)
            path, data = await store.write_sidecar(photo_id, whole)
            file = StoredFile("info", "json", len(data), hashlib.sha256(data).digest())
            dispatcher.note(partial(dispatcher.catalogue.files.put, photo_id, file))
        return path
