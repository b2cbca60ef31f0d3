"""Gets a file of a photo to disk: finds it there whole, or downloads it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from flickr_mirror.catalogue.rows import Stale, StoredFile
from flickr_mirror.errors import BadImageError
from flickr_mirror.models.events import Notice
from flickr_mirror.models.sizes import same_pixels
from flickr_mirror.storage.media_formats import PHOTO_EXTENSIONS, VIDEO_EXTENSIONS
from flickr_mirror.storage.media_inspection import inspect
from flickr_mirror.storage.store import sha256_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.engine.dispatcher import Dispatcher
    from flickr_mirror.flickr.downloader import Fetched, ImageFetcher
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.reports import MirrorReport
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.storage.store import NewFile, Store

FILES_IN_COMMIT = 32
"""Extra downloads, so that downloads continue while finished files are committed to disk."""
EXTENSIONS = {"image": PHOTO_EXTENSIONS, "video": VIDEO_EXTENSIONS}


@dataclass(frozen=True, slots=True)
class Copy:
    """A file on disk. `fetched` is the number of bytes received for it, 0 if nothing on disk changed."""

    file: StoredFile
    path: Path
    fetched: int = 0


@dataclass(frozen=True, slots=True)
class CopyContext:
    """Where files are downloaded and stored, and where that is reported."""

    store: Store
    dispatcher: Dispatcher
    fetcher: ImageFetcher
    report: MirrorReport
    emit: Observer


class FileCopies:
    """Finds and downloads the files of photos.

    `adopting` is whether there can be files on disk that the catalogue does not know: those of a run that was killed,
    or from before the catalogue was lost.
    """

    def __init__(self, context: CopyContext, *, adopting: bool) -> None:
        self.fetcher = context.fetcher
        self.adopting = adopting
        self.on_received: Callable[[], None] = lambda: None
        """Called after bytes of an image were added to the report."""
        self.path_of = context.store.path
        self._store = context.store
        self._work = context.dispatcher
        self._files = context.dispatcher.catalogue.files
        self._report = context.report
        self._emit = context.emit

    @property
    def parallel(self) -> int:
        """How many files may be downloaded or committed at once."""
        return self.fetcher.most + FILES_IN_COMMIT

    def stop(self) -> None:
        """Start no more downloads; raise `StoppedError` in those that have not begun."""
        self.fetcher.stop()

    async def download(
        self,
        stored: StoredPhoto,
        kind: str,
        size: FlickrPhotoSize,
        refresh: Callable[[], Awaitable[FlickrPhotoSize]],
        started: Callable[[], None],
    ) -> Copy:
        """Download a file of this size, and return it once it is durable.

        `refresh` returns the size with its current address. `started` is called when the download begins. If a
        second download returns the same bytes, or damaged ones, the file on disk stays. Raises like
        `ImageFetcher.fetch_verified`, and `CacheError`.
        """
        known = await self.kept(stored, kind) if stored.is_second_best else None
        known_bytes = known.file.sha256 if known else b""
        async with self._store.new_file() as part:
            async with self.fetcher.photo_slots:
                self.fetcher.check_open()  # there must be no event for a download that does not begin
                started()
                fetched = await self.fetcher.fetch_verified(size, part, refresh, self.received, known_bytes)
            if known and (fetched.suspicion or await part.sha256() == known_bytes):
                return known
            copy = await self._keep(stored, kind, size, fetched, part)
        replaces = bool(stored.stale & Stale.IMAGE or known)
        await self.finish(stored.photo.id, kind, copy, fetched.suspicion, replaces=replaces)
        return copy

    def received(self, count: int) -> None:
        """Count received bytes."""
        self._report.bytes += count
        self.on_received()

    async def finish(self, photo_id: str, kind: str, copy: Copy, suspicion: str, *, replaces: bool) -> None:
        """Remove the file that a new one `replaces`, and report why the new one is suspicious, if it is."""
        if replaces:
            await anyio.to_thread.run_sync(self._remove_others, photo_id, kind, copy.path)
        if suspicion:
            self._emit(Notice(f"The image of photo {photo_id} is kept as Flickr serves it: {suspicion}"))

    async def _keep(
        self, stored: StoredPhoto, kind: str, size: FlickrPhotoSize, fetched: Fetched, part: NewFile
    ) -> Copy:
        photo_id, extension = stored.photo.id, fetched.picture.extension
        if (
            stored.stale & Stale.IMAGE
        ):  # after a kill, this alone distinguishes the new file from an outdated one
            await self._work.call(self._announce, photo_id, kind, await part.sha256())
        path = self._store.path(photo_id, extension)
        sha256 = await part.commit(path, partial(self._store.check_name, photo_id))
        note = fetched.suspicion or (size.label if kind == "video" else "")
        e_tag = self._store.e_tag(path)
        return Copy(StoredFile(kind, extension, fetched.size, sha256, note, e_tag), path, fetched.size)

    def _announce(self, photo_id: str, kind: str, sha256: bytes) -> None:
        with self._work.catalogue.transaction():
            self._files.set_replacement(photo_id, kind, sha256)

    async def adopt(self, stored: StoredPhoto, kind: str, size: FlickrPhotoSize | None) -> Copy | None:
        """Return the file of this size that is on disk whole, but not in the catalogue; `None` if there is none.

        If the image was replaced at Flickr, the outdated file is as whole as the new one. Then only the file that an
        earlier run announced is returned.
        """
        if not self.adopting:
            return None
        photo_id = stored.photo.id
        found = await anyio.to_thread.run_sync(self._find_whole, photo_id, kind, size)
        if found is None:
            return None
        if stored.stale & Stale.IMAGE:
            if found.file.sha256 != await self._work.call(self._files.replacement, photo_id, kind):
                return None
            await anyio.to_thread.run_sync(self._remove_others, photo_id, kind, found.path)
        elif stored.is_second_best:
            known = await self.kept(stored, kind)
            if known and known.file.sha256 == found.file.sha256:  # a better one is wanted
                return None
        self._report.adopted += 1
        return found

    async def kept(self, stored: StoredPhoto, kind: str) -> Copy | None:
        """Return the file that the catalogue knows, if it is on disk and the image was not replaced at Flickr."""
        return None if stored.stale & Stale.IMAGE else await self._known(stored.photo.id, kind)

    async def longest_side(self, stored: StoredPhoto) -> int:
        """Return the longest side of the image on disk in pixels, outdated or not; 0 if there is none."""
        known = await self._known(stored.photo.id, "image")
        if known is None:
            return 0
        try:
            return await anyio.to_thread.run_sync(self._measure, known.path)
        except (BadImageError, OSError):
            return 0

    def _measure(self, path: Path) -> int:
        with self._store.open_file(path) as file:
            picture = inspect(file)
        return max(picture.width, picture.height)

    async def _known(self, photo_id: str, kind: str) -> Copy | None:
        for file in await self._work.call(self._files.of, photo_id):
            if file.kind == kind:
                path = self._store.path(photo_id, file.extension)
                if await anyio.to_thread.run_sync(self._has_size, path, file.size):
                    return Copy(file, path)
        return None

    def _find_whole(self, photo_id: str, kind: str, size: FlickrPhotoSize | None) -> Copy | None:
        """Return the photo's file that is already on disk, durably, if it is whole and of this size."""
        path = self._store.find(photo_id, EXTENSIONS[kind])
        if path is None:
            return None
        self._store.check_name(photo_id)
        try:
            with self._store.open_file(path) as file:
                picture = inspect(file, (size.width, size.height) if size else None)
                if not picture.ends or (size and not same_pixels((picture.width, picture.height), size)):
                    return None
                found = StoredFile(kind, picture.extension, self._store.size(path), sha256_of(file))
        except (BadImageError, OSError):
            return None
        self._store.make_durable([path])  # the run that wrote it can have been killed before that
        return Copy(found, path)

    def _remove_others(self, photo_id: str, kind: str, kept: Path) -> None:
        """Remove the photo's older file, if the new one, which is durable by now, has another extension."""
        for extension in EXTENSIONS[kind]:
            path = self._store.path(photo_id, extension)
            if path != kept:
                self._store.remove(path)

    def _has_size(self, path: Path, size: int) -> bool:
        try:
            return self._store.size(path) == size
        except OSError:
            return False
