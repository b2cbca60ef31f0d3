"""Brings one photo of an account export into the mirror: its media, its sidecar and its rows in the catalogue."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from flickr_mirror.catalogue.imports import ImportedPhoto
from flickr_mirror.catalogue.rows import NOT_STALE, Stale, StateRow, Status, StoredFile, StoredPhoto
from flickr_mirror.engine.export_media import ExportMedia, Media
from flickr_mirror.engine.workers.logins import close_to_others
from flickr_mirror.models.languages import Label
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import ORIGINAL, FlickrPhotoSize, Reduced, SizeEvidence, same_pixels
from flickr_mirror.models.visibility import is_public
from flickr_mirror.storage.sidecar import exported_details, info_document, stored_comments, with_export

if TYPE_CHECKING:
    from flickr_mirror.catalogue.photo_rows import KnownPhoto
    from flickr_mirror.engine.dispatcher import Dispatcher
    from flickr_mirror.engine.export_media import MediaFile
    from flickr_mirror.engine.language_detector import LanguageDetector
    from flickr_mirror.models.account_export import ExportPhoto
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.photos import FlickrComment
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.export_archive import ExportEntry
    from flickr_mirror.storage.store import Store


@dataclass(frozen=True, slots=True)
class _Before:
    """The state of a photo in the mirror before its import."""

    known: KnownPhoto | None
    imported: ImportedPhoto | None
    recorded: list[StoredFile]
    sidecar: dict[str, Any]

    @property
    def is_listed(self) -> bool:
        """Whether its facts are from a listing, which is to be trusted more than the export."""
        return self.known is not None and (self.imported is None or self.imported.listed)

    @property
    def reduced(self) -> dict[str, Reduced]:
        """The sizes that are mirrored in place of better ones."""
        return dict(self.known.stored.reduced) if self.known else {}


@dataclass(frozen=True, slots=True)
class _After:
    """The state of a photo in the mirror after its import."""

    photo: FlickrPhoto
    row: StateRow
    comments: list[tuple[FlickrComment, Label]]
    stale: Stale
    reduced: dict[str, Reduced] = field(default_factory=dict)

    @property
    def size(self) -> FlickrPhotoSize | None:
        """The best known size of the image."""
        row = self.row
        if row.size_label is None:
            return None
        return FlickrPhotoSize(row.size_label, row.width or 0, row.height or 0, row.url or "")


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """The outcome for a photo and its media; `is_new` is whether the mirror did not know the photo."""

    media: Media
    is_new: bool


class PhotoImporter:
    """Brings photos of an account export into the mirror of `user`. Many tasks may call `import_photo` at once."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        detector: LanguageDetector,
        user: FlickrUser,
        emit: Observer,
    ) -> None:
        self._store = store
        self._media = ExportMedia(store)
        self._dispatcher = dispatcher
        self._catalogue = dispatcher.catalogue
        self._detector = detector
        self._user = user
        self._emit = emit
        self._is_closed = False
        self._closing = anyio.Lock()

    async def import_photo(self, export: ExportPhoto, entries: list[ExportEntry], mark: str) -> PhotoOutcome:
        """Bring a photo into the mirror, and record it soon; `mark` identifies the files of the export it comes from.

        Its files are durable before. Raises `PlaceTakenError` if another photo has its name, and `CacheError`.
        """
        photo_id = export.photo.id
        if not is_public(export.photo):
            await self._close_to_others()
        before = await self._before(photo_id)
        # if the image was replaced at Flickr, the export can have the outdated one
        is_outdated = before.known is not None and bool(before.known.stored.stale & Stale.IMAGE)
        media = await self._media.bring(photo_id, [] if is_outdated else entries, before.recorded)
        after = await self._after(export, before, media)
        info = await self._write_sidecar(export, entries, before, after)
        noted = ImportedPhoto("" if media.failures else mark, media.word, before.is_listed)
        self._dispatcher.note(partial(self._record, before, after, [*media.brought.values()], info, noted))
        return PhotoOutcome(media, before.known is None)

    async def _close_to_others(self) -> None:
        async with self._closing:
            if not self._is_closed:
                await close_to_others(self._store, self._dispatcher, self._emit)
                self._is_closed = True

    async def _before(self, photo_id: str) -> _Before:
        await to_thread.run_sync(self._store.check_name, photo_id)
        known, imported = await self._dispatcher.call(self._catalogue.imports.find, photo_id)
        recorded = await self._dispatcher.call(self._catalogue.files.of, photo_id)
        sidecar = await to_thread.run_sync(self._store.read_sidecar, photo_id)
        return _Before(known, imported, recorded, sidecar or {})

    async def _after(self, export: ExportPhoto, before: _Before, media: Media) -> _After:
        photo = _photo(export, before, media)
        row = _row(photo, before, media)
        comments, stale = stored_comments(before.sidecar), NOT_STALE
        if comments is not None and (before.is_listed or len(comments) >= len(export.comments)):
            stale = before.known.stored.stale & Stale.COMMENTS if before.known else NOT_STALE
        else:
            locales = await self._detector.detect([comment.content for comment in export.comments])
            labels = map(Label, (comment.content for comment in export.comments), locales)
            comments = list(zip(export.comments, labels, strict=True))
            if photo.facts.comment_count not in (None, len(comments)):  # there are more or fewer by now
                stale = Stale.COMMENTS
        after = _After(photo, row, comments, stale, before.reduced)
        if media.brought and row.image_status is Status.DONE:
            reduced = {kind: one for kind, one in before.reduced.items() if kind not in media.brought}
            image, best = media.brought.get("image"), after.size
            if image and best and not _is_as_large(image, best):
                reduced["image"] = Reduced(_size_of(image), best)
            after = replace(after, reduced=reduced)
        return after

    async def _write_sidecar(
        self, export: ExportPhoto, entries: list[ExportEntry], before: _Before, after: _After
    ) -> StoredFile:
        """Write the sidecar as a run with comments does, with what only the export states in a part of its own."""
        photo = after.photo
        title, description = photo.raw_title, photo.raw_description or ""
        locales = await self._detector.detect([title, description])
        document = info_document(
            photo,
            self._user,
            after.size if after.row.proof else None,
            title=Label(title, locales[0]),
            description=Label(description, locales[1]),
            comments=after.comments,
            reduced=after.reduced,
        )
        details = {**export.details}
        # an export without the media does not know their names
        earlier = (exported_details(before.sidecar) or {}).get("files")
        if names := [entry.name for entry in entries] or earlier:
            details["files"] = names
        path, data = await self._store.write_sidecar(photo.id, with_export(document, details))
        return StoredFile("info", path.suffix[1:], len(data), hashlib.sha256(data).digest())

    def _record(
        self,
        before: _Before,
        after: _After,
        brought: list[MediaFile],
        info: StoredFile,
        noted: ImportedPhoto,
    ) -> None:
        """Record a photo whose files are durable, inside of a transaction."""
        catalogue, photo, row = self._catalogue, after.photo, after.row
        catalogue.imports.put(photo, row, noted, self._user)
        old = before.known.stored if before.known else StoredPhoto(photo, after.size, row.proof, -1)
        stored = replace(old, photo=photo, size=after.size, proof=row.proof)
        files = [file.stored for file in brought]
        if files and row.image_status is Status.DONE:
            catalogue.outcomes.mark_image_done(stored, files, reduced=after.reduced, now=int(time.time()))
            stored = replace(stored, reduced=after.reduced)
        else:
            for file in files:
                catalogue.files.put(photo.id, file)
        catalogue.files.put(photo.id, info)
        catalogue.outcomes.mark_info_done(stored, COMMENTS_LEVEL, stale=after.stale)


def _photo(export: ExportPhoto, before: _Before, media: Media) -> FlickrPhoto:
    """Return the photo as its listing describes it or, if there was none, the export and the bytes of its files."""
    if before.known and before.is_listed:
        return before.known.stored.photo
    facts = export.photo.facts
    # a time ahead of this clock would look as if the clock were wrong; it is ahead if the export is not in UTC
    uploaded = None if facts.uploaded is None else min(facts.uploaded, int(time.time()))
    facts = replace(facts, media="video" if "video" in media.files else "photo", uploaded=uploaded)
    return FlickrPhoto(
        export.photo.id, export.photo.raw_title, description=export.photo.raw_description, facts=facts
    )


def _row(photo: FlickrPhoto, before: _Before, media: Media) -> StateRow:
    """Return the row of the photo: the image of the export is its best size unless a listing has a larger one."""
    video, image, new = photo.facts.media == "video", media.files.get("image"), media.brought.get("image")
    status = Status.UNSETTLED
    size, proof = None, SizeEvidence.NONE
    if before.known:
        status, stored = before.known.state.image_status, before.known.stored
        size, proof = stored.size, stored.proof
    if new and new.extent and (size is None or not _is_within(new, size)):
        size, proof = _size_of(new), SizeEvidence.ASKED
    is_whole = (
        image and size and proof and _is_as_large(image, size) and (not video or "video" in media.files)
    )
    if media.brought and is_whole:
        status = Status.DONE
    return StateRow(
        int(photo.id),
        photo.facts.uploaded or 0,
        video,
        size.label if size else None,
        size.width if size else None,
        size.height if size else None,
        size.url if size else None,
        proof,
        status,
        Status.DONE,
    )


def _size_of(image: MediaFile) -> FlickrPhotoSize:
    return FlickrPhotoSize(ORIGINAL, image.picture.width, image.picture.height, "")


def _is_as_large(image: MediaFile, size: FlickrPhotoSize) -> bool:
    return same_pixels((image.picture.width, image.picture.height), size)


def _is_within(image: MediaFile, size: FlickrPhotoSize) -> bool:
    return _is_as_large(image, size) or image.extent <= size.area
