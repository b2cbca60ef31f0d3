"""Imports Flickr's account export into a mirror: without a key, without a call, and without an unpacked copy."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from flickr_mirror.engine.dispatcher import Dispatcher
from flickr_mirror.engine.export_albums import store_albums
from flickr_mirror.engine.export_lists import store_lists
from flickr_mirror.engine.export_media import KEPT, MISSING, SMALLER
from flickr_mirror.engine.export_owner import check_owner_of_photos, owner_of
from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.engine.photo_import import PhotoImporter
from flickr_mirror.engine.rebuild import open_catalogue
from flickr_mirror.errors import BadImageError, PhotoError, one_error
from flickr_mirror.models.account_export import albums_of, photo_of
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import Imported
from flickr_mirror.models.options import DEFAULT_CACHE_PATH
from flickr_mirror.models.timing import Timing
from flickr_mirror.reader.mirror_reader import require_files
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.export_archive import open_export
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import read_owner
from flickr_mirror.storage.tombstones import read_tombstones

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Iterator, Sequence
    from pathlib import Path

    from flickr_mirror.engine.export_media import Media
    from flickr_mirror.models.account_export import ExportAlbum
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.export_archive import ExportArchive, ExportEntry

SIDE_BY_SIDE = min(os.cpu_count() or 1, 4)
"""The number of photos that are read at once: decoding an image can take hundreds of megabytes."""
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_UNTITLED = re.compile(r"[0-9]+_[0-9a-f]{10}_o\.", re.ASCII)


@dataclass(slots=True)
class ImportReport:
    """The result of an import.

    `photos` of `total` are in the mirror: `new` ones that it did not know, and `earlier` ones that an earlier import
    had brought from the same files. `images`, `videos` and `bytes` were brought. `kept` counts the photos whose files
    in the mirror were the same or larger, `forgotten` those that were erased on request and stay so.

    `missing` are ids without a file in the export and in the mirror, `unmatched` files whose name has no id of the
    export, `smaller` ids whose file is smaller than that of the mirror. `damaged` are files that are in the mirror as
    the export has them, `failed` files that could not be brought, each with the reason; `ignored` are zips inside of
    zips. `lists` has the numbers of favourites and contacts that are in the mirror from exports, `kept_lists` names
    those that it has from Flickr's API, `unread` are JSON files that no import reads. It has one attribute for each
    figure that is reported.
    """

    username: str = ""
    user_id: str = ""
    folder: Path | None = None
    total: int = 0
    photos: int = 0
    new: int = 0
    earlier: int = 0
    images: int = 0
    videos: int = 0
    bytes: int = 0
    kept: int = 0
    forgotten: int = 0
    albums: int = 0
    missing: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    smaller: list[str] = field(default_factory=list)
    damaged: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    lists: dict[str, int] = field(default_factory=dict)
    kept_lists: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    seconds: float = 0.0
    complete: bool = False

    def add_media(self, photo_id: str, media: Media) -> None:
        """Count the files that were brought for a photo, and note those that are damaged or could not be read."""
        for kind, file in media.brought.items():
            self.images += kind == "image"
            self.videos += kind == "video"
            self.bytes += file.stored.size
            if file.fault:
                self.damaged.append((photo_id, file.fault))
        self.failed += media.failures

    def add(self, photo_id: str, word: str) -> None:
        """Count a photo by the outcome for its media."""
        self.photos += 1
        self.kept += word in (KEPT, SMALLER)
        if word == MISSING:
            self.missing.append(photo_id)
        elif word == SMALLER:
            self.smaller.append(photo_id)


async def import_export(
    paths: Sequence[Path],
    cache_path: Path = DEFAULT_CACHE_PATH,
    *,
    username: str = "",
    observer: Observer = log_events,
    report: ImportReport | None = None,
) -> ImportReport:
    """Import an account export, zips or folders, into the mirror of its account below `cache_path`.

    Flickr is not asked. Each file is checked as a download is; the mirror keeps a file that is as large. `username` is
    the mirror or the NSID of the account, for an export without its profile. `report` is filled in as the import goes
    on. An interrupted import continues where it stopped. Raises `ExportError` if the files are not one usable export of
    one account, `CacheOwnerError` if they are for another mirror, and `CacheError` if the mirror cannot be used.
    """
    report = report or ImportReport()
    root = filesystem.home(cache_path)
    started = time.monotonic()
    try:
        with closing(await to_thread.run_sync(open_export, paths)) as archive:
            user = await to_thread.run_sync(owner_of, archive, root, username.strip())
            await to_thread.run_sync(filesystem.check_writable, root)
            cache = MirrorFolder.of(root, user, None)
            require_files(cache)
            report.username, report.user_id, report.folder = user.username, user.user_id, cache.folder
            with locked(cache.lock, cache.folder):
                owner = read_owner(cache.folder)
                cache.prepare(user, owner["asked_for"] if owner else user.username)
                await _import_into(cache, archive, user, observer, report)
    finally:
        report.seconds = time.monotonic() - started
    return report


async def _import_into(
    cache: MirrorFolder, archive: ExportArchive, user: FlickrUser, observer: Observer, report: ImportReport
) -> None:
    async with open_catalogue(cache, observer) as catalogue, LanguageDetector() as detector:
        alias = await to_thread.run_sync(catalogue.imports.path_alias)
        await to_thread.run_sync(check_owner_of_photos, archive, user, alias)
        await to_thread.run_sync(catalogue.imports.begin)
        dispatcher = Dispatcher(catalogue, Timing().catalogue_flush)
        importer = PhotoImporter(cache, dispatcher, detector, user, observer)
        keep = partial(store_albums, user=user, store=cache, dispatcher=dispatcher, detector=detector)
        lists = await to_thread.run_sync(store_lists, archive, cache)
        report.lists, report.kept_lists, report.unread = lists.stored, lists.kept, lists.unread
        report.failed += lists.failed
        forgotten = set(read_tombstones(cache.state))
        await _Import(archive, dispatcher, importer, keep, forgotten, observer, report).run()


class _Import:
    """Imports the photos of an export, except the `forgotten` ones, and fills in the report."""

    def __init__(
        self,
        archive: ExportArchive,
        dispatcher: Dispatcher,
        importer: PhotoImporter,
        store_albums: Callable[[Sequence[ExportAlbum]], Awaitable[int]],
        forgotten: set[str],
        emit: Observer,
        report: ImportReport,
    ) -> None:
        self._archive = archive
        self._dispatcher = dispatcher
        self._importer = importer
        self._store_albums = store_albums
        self._forgotten = forgotten
        self._emit = emit
        self._report = report
        self._media = self._matched()
        self._done = 0

    def _matched(self) -> dict[str, list[ExportEntry]]:
        """Return the media files by the id in their name."""
        found = defaultdict(list)
        for entry in self._archive.media:
            if photo_id := id_in(entry.name, self._archive.photos):
                found[photo_id].append(entry)
            else:
                self._report.unmatched.append(str(entry))
        return found

    async def run(self) -> None:
        """Import all photos. Photos imported before a cancellation or a failure stay imported."""
        report, archive = self._report, self._archive
        report.total, report.ignored = len(archive.photos), archive.ignored
        albums = await to_thread.run_sync(self._albums)
        report.albums = len(albums)
        await self._store_albums(albums)
        ids = iter(sorted(archive.photos, key=int))
        with one_error():
            async with anyio.create_task_group() as flushing:
                flushing.start_soon(self._dispatcher.keep_flushing)
                try:
                    async with anyio.create_task_group() as workers:
                        for _ in range(SIDE_BY_SIDE):
                            workers.start_soon(self._work, ids)
                finally:
                    await self._dispatcher.flush()
                    flushing.cancel_scope.cancel()
        for found in (report.missing, report.smaller):
            found.sort(key=int)
        report.complete = True

    def _albums(self) -> list[ExportAlbum]:
        """Return the albums, and note a file of them that cannot be read as failed."""
        albums = {}
        for entry in self._archive.others.get("albums.json", ()):
            try:
                albums.update({album.id: album for album in albums_of(entry.read_json())})
            except BadImageError as error:
                self._report.failed.append((entry.name, str(error)))
        return list(albums.values())

    async def _work(self, ids: Iterator[str]) -> None:
        for photo_id in ids:
            if photo_id in self._forgotten:
                self._report.forgotten += 1
            else:
                try:
                    await self._import(photo_id)
                except PhotoError as error:
                    self._report.failed.append((photo_id, str(error)))
            self._done += 1
            self._emit(Imported(self._done, self._report.total))

    async def _import(self, photo_id: str) -> None:
        entry, media = self._archive.photos[photo_id], self._media.get(photo_id, [])
        mark = _mark([entry, *media])
        word = await self._dispatcher.call(self._dispatcher.catalogue.imports.outcome_of, photo_id, mark)
        if word is not None:
            self._report.add(photo_id, word)
            self._report.earlier += 1
            return
        document = await to_thread.run_sync(entry.read_json)
        try:
            export = photo_of(document, photo_id)
        except ValueError as error:
            raise BadImageError(f"{entry}: {error}") from error
        outcome = await self._importer.import_photo(export, media, mark)
        self._report.new += outcome.is_new
        self._report.add(photo_id, outcome.media.word)
        self._report.add_media(photo_id, outcome.media)


def id_in(name: str, ids: Container[str]) -> str | None:
    """Return which of these ids a file name has; `None` if it has none.

    A name is `<slug>_<id>_o.<ext>`, `<id>_<secret>_o.<ext>` or `video_<id>.<ext>`. A slug can have digits, and a secret
    can be all digits, so the first id counts in a name of the second kind, and otherwise the last one.
    """
    found = [run for run in _DIGITS.findall(name) if run in ids]
    if not found:
        return None
    return str(found[0] if _UNTITLED.match(name) else found[-1])


def _mark(entries: list[ExportEntry]) -> str:
    """Return a text that differs if the files of a photo differ."""
    text = "\n".join(sorted(f"{entry.name} {entry.size} {entry.mark}" for entry in entries))
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).hexdigest()
