"""Erases photos from a mirror on request, and keeps later runs from mirroring them again until that is undone."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.engine.erasure import erase, old_catalogues
from flickr_mirror.engine.mirror_store import connect_for_reading, open_store
from flickr_mirror.engine.rebuild import open_catalogue
from flickr_mirror.errors import CatalogueDamagedError
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.identifiers import is_photo_id
from flickr_mirror.models.options import DEFAULT_CACHE_PATH
from flickr_mirror.models.tombstones import Tombstone
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.mirror_lookup import get_mirror
from flickr_mirror.storage.tombstones import read_tombstones, write_tombstones

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from flickr_mirror.models.events import Observer
    from flickr_mirror.storage.mirror_folder import MirrorFolder

    _Rows = dict[str, tuple[int, str | None]]


@dataclass(slots=True)
class ForgottenPhoto:
    """A photo that is, or would be, erased, with its `files` and their size in `bytes`.

    `title` is `None` if the mirror does not know it. `is_known` is whether the mirror had anything of the photo,
    `was_forgotten` whether it was forgotten before.
    """

    photo_id: str
    title: str | None = None
    is_known: bool = False
    was_forgotten: bool = False
    files: list[Path] = field(default_factory=list)
    bytes: int = 0


@dataclass(slots=True)
class ForgetReport:
    """The photos that `forget_photos` has erased, or would erase.

    `catalogues` are old, damaged catalogues that were set aside; they are erased because they hold the texts of all
    photos.
    """

    username: str
    user_id: str
    folder: Path
    photos: list[ForgottenPhoto]
    catalogues: list[Path]


async def forget_photos(
    username: str,
    photo_ids: Iterable[str],
    cache_path: Path = DEFAULT_CACHE_PATH,
    *,
    dry_run: bool = False,
    trash: bool = False,
    observer: Observer = log_events,
) -> ForgetReport:
    """Erase photos from a mirror permanently, and keep every later run from mirroring them again.

    Their files are deleted, also in `.flickr_mirror/trash` and `broken`, and their texts leave the catalogue.
    `username` is the username, the NSID or the folder of the mirror below `cache_path`. Photos that the mirror does
    not know are never mirrored either. `dry_run` changes nothing. With `trash`, the files are moved to
    `.flickr_mirror/trash` and kept there; a later call without it erases them. Flickr is not asked. If this is
    interrupted, the next run or the same call finishes it. Raises `ValueError` for an id that is not a number,
    `PhotostreamError` if there is no such mirror, and `CacheError` if it cannot be used.
    """
    ids = _checked(photo_ids)
    find = partial(get_mirror, filesystem.home(cache_path), username.strip())
    cache, owner = await to_thread.run_sync(find)
    report = ForgetReport(owner["username"], owner["nsid"], cache.folder, [], [])
    if dry_run:
        await to_thread.run_sync(connect_for_reading, cache)
        await to_thread.run_sync(_report_only, cache, ids, report)
        return report
    async with _opened(cache, owner, observer) as catalogue:
        await to_thread.run_sync(partial(_forget, cache, catalogue, ids, report, trash=trash))
    return report


async def undo_forget(
    username: str,
    photo_ids: Iterable[str],
    cache_path: Path = DEFAULT_CACHE_PATH,
    *,
    observer: Observer = log_events,
) -> list[str]:
    """Let the next run mirror forgotten photos again, and return the ids of those that were forgotten.

    The run needs one more call for each, to list the second of its upload. Raises like `forget_photos`.
    """
    ids = _checked(photo_ids)
    find = partial(get_mirror, filesystem.home(cache_path), username.strip())
    cache, owner = await to_thread.run_sync(find)
    async with _opened(cache, owner, observer) as catalogue:
        return await to_thread.run_sync(_undo, cache, catalogue, ids)


@asynccontextmanager
async def _opened(cache: MirrorFolder, owner: dict[str, Any], emit: Observer) -> AsyncIterator[Catalogue]:
    """Lock a mirror, and open its store and its catalogue."""
    user = FlickrUser(owner["nsid"], owner["username"])
    with locked(cache.lock, cache.folder):
        async with open_store(cache, user, emit) as store:
            await store.restore()
            async with open_catalogue(cache, emit) as catalogue:
                yield catalogue
            await store.save()


def forgotten_photos(username: str, cache_path: Path = DEFAULT_CACHE_PATH) -> list[Tombstone]:
    """Return the photos that a mirror has forgotten, the latest first.

    Raises `PhotostreamError` if there is no such mirror, and `CacheError` if it cannot be read.
    """
    cache, _ = get_mirror(filesystem.home(cache_path), username.strip())
    return sorted(read_tombstones(cache.state).values(), key=lambda stone: stone.since, reverse=True)


def _checked(photo_ids: Iterable[str]) -> list[str]:
    ids = list(dict.fromkeys(photo_ids))
    for photo_id in ids:
        if not is_photo_id(photo_id):
            raise ValueError(f"Invalid photo id {photo_id!r}: use a number such as 54000000001.")
    return ids


def _report_only(cache: MirrorFolder, ids: list[str], report: ForgetReport) -> None:
    """Fill in the report with the files of the photos. Changes nothing."""
    rows: _Rows = {}
    with suppress(CatalogueDamagedError):  # the next run rebuilds it
        if cache.catalogue.exists():
            with Catalogue(cache.catalogue, for_reading=True) as catalogue:
                rows = catalogue.forgotten.uploads_and_titles(ids)
    _describe(cache, ids, rows, report)


def _describe(cache: MirrorFolder, ids: list[str], rows: _Rows, report: ForgetReport) -> None:
    found, tombstones = cache.files.find_copies(ids), read_tombstones(cache.state)
    for photo_id, files in found.items():
        report.photos.append(
            ForgottenPhoto(
                photo_id,
                title=rows[photo_id][1] if photo_id in rows else None,
                is_known=photo_id in rows or bool(files),
                was_forgotten=photo_id in tombstones,
                files=list(files),
                bytes=sum(files.values()),
            )
        )
    report.catalogues = old_catalogues(cache)


def _forget(
    cache: MirrorFolder, catalogue: Catalogue, ids: list[str], report: ForgetReport, *, trash: bool
) -> None:
    """Erase photos: first the old catalogues, then, once the tombstones are durable, the files, then the rows."""
    rows = catalogue.forgotten.uploads_and_titles(ids)
    _describe(cache, ids, rows, report)
    for path in () if trash else report.catalogues:
        filesystem.remove(path, cache.folder)
    tombstones = read_tombstones(cache.state)
    now = int(time.time())
    for photo_id in ids:
        uploaded = rows[photo_id][0] if photo_id in rows else None
        known = tombstones.get(photo_id, Tombstone(photo_id, uploaded, now))
        tombstones[photo_id] = replace(known, trashed=trash)
    write_tombstones(cache.state, tombstones.values())
    erase(cache, catalogue, [tombstones[photo_id] for photo_id in ids])


def _undo(cache: MirrorFolder, catalogue: Catalogue, ids: list[str]) -> list[str]:
    tombstones = read_tombstones(cache.state)
    undone = [photo_id for photo_id in ids if photo_id in tombstones]
    if undone:
        catalogue.sync_commits()
        catalogue.forgotten.remove(undone)
        # last, so that an interruption leaves the photos forgotten, as before
        write_tombstones(
            cache.state, (stone for photo_id, stone in tombstones.items() if photo_id not in undone)
        )
    return undone
