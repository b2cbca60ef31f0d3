"""Builds a gallery: the pages and their data first, so that they can be used at once, then the thumbnails."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.web.gallery.columns import PRIVATE
from flickr_mirror.web.gallery.options import GalleryOptions, GalleryPlan, GalleryReport
from flickr_mirror.web.gallery.output import GalleryOutput, check_folder
from flickr_mirror.web.gallery.pages import Pages, code_version
from flickr_mirror.web.gallery.state import STATE_FILE, GalleryState
from flickr_mirror.web.gallery.thumbnails import Picture, Thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flickr_mirror.catalogue.archive import ArchiveRow
    from flickr_mirror.reader.mirror_reader import MirrorReader

FOLDER = "gallery"
"""The folder in the mirror, unless another one is chosen."""
FIXED_FILES, FIXED_BYTES = 30, 180_000
PAGE_BYTES, PAGE_SECONDS = 900, 0.0007
THUMBNAIL_BYTES, THUMBNAIL_SECONDS = 20_000, 0.04
"""The bytes and seconds for a photo, for `plan`: measured with 100,000 photos, and with images of 6 megapixels."""
COPIES = "photos"
"""The folder for the photos in a gallery outside of the mirror."""


class GalleryBuilder:
    """Builds the gallery of a mirror. `on_progress(what, done, total)` is called at intervals."""

    def __init__(
        self,
        reader: MirrorReader,
        options: GalleryOptions,
        on_progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
    ) -> None:
        self._reader = reader
        self._options = options
        self._on_progress = on_progress
        self.folder = options.target or reader.folder / FOLDER
        self._base = "../" if options.target is None else f"{COPIES}/"
        self._code = code_version()
        self._pictures: list[Picture] = []

    def build(self) -> GalleryReport:
        """Build what is missing or has changed. Raises `CacheError`."""
        check_folder(self.folder, self._reader.folder, is_inside=self._options.target is None)
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        report = GalleryReport(str(self.folder))
        with GalleryState(self.folder) as state:
            self._check_mirror(state)
            stamp = self._stamp()
            if self._is_up_to_date(state, stamp):
                return GalleryReport(**{**json.loads(state.note("report")), "folder": str(self.folder)})
            self._write_pages(state, report)
            self._make_thumbnails(state, report)
            if not report.failures:
                # a published gallery does not state where it was made
                done = {"written": 0, "removed": 0, "placed": 0, "thumbnails": 0, "folder": ""}
                with state.transaction():
                    state.set_note("report", json.dumps({**asdict(report), **done}))
                    state.set_note("stamp", stamp)
        return report

    def _check_mirror(self, state: GalleryState) -> None:
        """Raise `CacheError` if this is the gallery of another mirror, all of whose files a build would remove."""
        if state.note("mirror") not in ("", self._reader.key):
            raise CacheError(
                f"{self.folder} is the gallery of another mirror: use another folder with --to.", self.folder
            )

    def _stamp(self) -> str:
        """Return a stamp that changes with each commit to the catalogue, with the options, and with this program."""
        path = self._reader.store.catalogue
        parts = [self._code.hex(), self._base, f"{self._options.thumbnails} {self._options.private}"]
        for name in (path, path.with_name(f"{path.name}-wal")):
            with suppress(OSError):
                status = name.stat()
                parts.append(f"{status.st_size}:{status.st_mtime_ns}")
        return " ".join(parts)

    def _is_up_to_date(self, state: GalleryState, stamp: str) -> bool:
        """Return whether nothing has changed since the last build, and all of its files are there."""
        if state.note("stamp") != stamp:
            return False
        return GalleryOutput(self.folder, state).is_intact() and self._thumbnails(state).is_intact()

    def _thumbnails(self, state: GalleryState) -> Thumbnails:
        return Thumbnails(self.folder, state, self._reader.store.path, self._options.thumbnails)

    def plan(self) -> GalleryPlan:
        """Return what a build would write. Writes nothing. Raises `CacheError`."""
        check_folder(self.folder, self._reader.folder, is_inside=self._options.target is None)
        photos = 0
        for photo in self._photos():
            photos += 1
            self._add_picture(photo)
        missing = self._pictures if self._options.thumbnails else []
        if (self.folder / STATE_FILE).exists():
            with GalleryState(self.folder) as state:
                self._check_mirror(state)
                if self._is_up_to_date(state, self._stamp()):
                    return GalleryPlan(
                        photos=photos, files=0, bytes=0, thumbnails=0, thumbnail_bytes=0, minutes=0
                    )
                missing = self._thumbnails(state).missing(missing)
        count = len(missing)
        seconds = photos * PAGE_SECONDS + count * THUMBNAIL_SECONDS / self._options.jobs
        area = (self._options.thumbnails / 320) ** 2
        return GalleryPlan(
            photos=photos,
            files=FIXED_FILES + photos // 110,
            bytes=FIXED_BYTES + photos * PAGE_BYTES,
            thumbnails=count,
            thumbnail_bytes=round(count * THUMBNAIL_BYTES * area),
            minutes=max(1, round(seconds / 60)),
        )

    def ids(self) -> list[int]:
        """Return the ids of the photos to show, oldest upload first."""
        rows = self._reader.catalogue.archive.uploads(public_only=not self._options.private)
        return [photo_id for photo_id, _ in reversed(rows)]

    def _photos(self) -> Iterator[ArchiveRow]:
        return self._reader.catalogue.archive.photos(self.ids())

    def _write_pages(self, state: GalleryState, report: GalleryReport) -> None:
        output = GalleryOutput(self.folder, state)
        with state.transaction():
            try:
                pages = Pages(self._reader, self._options, output, self._base, self._code)
                for number, photo in enumerate(pages.read(self._photos())):
                    self._add_picture(photo)
                    self._place(output, photo)
                    if number % 1000 == 0:
                        self._on_progress("photos", number, len(self._reader))
                pages.finish()
                output.remove_others()
                state.set_note("mirror", self._reader.key)
                state.set_note("private", str(int(self._options.private)))
                state.set_note("thumbnails", str(self._options.thumbnails))
            finally:
                report.written, report.removed, report.bytes = output.written, output.removed, output.bytes
        report.photos, report.placed = len(pages.columns.ids), output.placer.linked + output.placer.copied
        report.hidden = max(0, len(self._reader) - report.photos)
        report.private = pages.columns.count(PRIVATE)
        report.reserved = pages.columns.license_counts().get("0", 0)

    def _add_picture(self, photo: ArchiveRow) -> None:
        for file in photo.files:
            if file.kind == "image":
                version = bytes.fromhex(file.sha256[:24]) + self._options.thumbnails.to_bytes(2, "big")
                self._pictures.append(Picture(int(photo.photo_id), file.extension, version))

    def _place(self, output: GalleryOutput, photo: ArchiveRow) -> None:
        """Put the files of a photo into a gallery outside of the mirror."""
        for file in photo.files if self._options.target else ():
            path = self._reader.store.path(photo.photo_id, file.extension)
            name = f"{COPIES}/{path.relative_to(self._reader.folder).as_posix()}"
            if file.kind == "info":
                continue
            is_whole = path.is_file() and not path.is_symlink() and path.stat().st_size == file.bytes
            if is_whole:
                output.placer.place(path, name)
            if is_whole or (self.folder / name).is_file():  # it may be the last copy
                output.add(name, file.bytes)

    def _make_thumbnails(self, state: GalleryState, report: GalleryReport) -> None:
        thumbnails = self._thumbnails(state)
        pictures = self._pictures[::-1] if self._options.thumbnails else []
        report.removed += thumbnails.remove_others({picture.photo_id for picture in pictures})
        missing = thumbnails.missing(pictures)
        if missing:
            total = len(missing)
            report.failures = thumbnails.make(
                missing, self._options.jobs, lambda done: self._on_progress("thumbnails", done, total)
            )
        report.thumbnails = len(missing) - len(report.failures)


def options_of(folder: Path) -> GalleryOptions | None:
    """Return the options that the gallery in a mirror was built with; `None` if there is none."""
    if not (folder / STATE_FILE).is_file():
        return None
    with GalleryState(folder) as state:
        thumbnails = state.note("thumbnails")
        return GalleryOptions(thumbnails=int(thumbnails or 0), private=state.note("private") == "1")
