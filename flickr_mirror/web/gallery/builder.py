"""Builds a gallery: the pages and their data first, so that they can be used at once, then the thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.web.gallery.columns import PRIVATE
from flickr_mirror.web.gallery.options import GalleryOptions, GalleryReport
from flickr_mirror.web.gallery.output import GalleryOutput, check_folder
from flickr_mirror.web.gallery.pages import Pages, code_version
from flickr_mirror.web.gallery.state import STATE_FILE, GalleryState
from flickr_mirror.web.gallery.thumbnails import Picture, Thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flickr_mirror.reader.mirror_reader import ArchivedPhoto, MirrorReader

FOLDER = "gallery"
"""The folder in the mirror, unless another one is chosen."""
COPIES = "photos"
"""The folder for the photos in a gallery outside of the mirror."""


class GalleryBuilder:
    """Builds the gallery of a mirror. `on_progress(what, done, total)` is called now and then."""

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
            self._write_pages(state, report)
            self._make_thumbnails(state, report)
        return report

    def plan(self) -> list[Picture]:
        """Return the pictures that a build would make thumbnails of. Writes nothing."""
        for photo in self._photos():
            self._add_picture(photo)
        pictures = self._pictures[::-1] if self._options.thumbnails else []
        if not (self.folder / STATE_FILE).exists():
            return pictures
        with GalleryState(self.folder) as state:
            return Thumbnails(self.folder, state, self._options.thumbnails).missing(pictures)

    def ids(self) -> list[int]:
        """Return the ids of the photos to show, oldest upload first."""
        rows = self._reader.catalogue.archive.uploads(public_only=not self._options.private)
        return [photo_id for photo_id, _ in reversed(rows)]

    def _photos(self) -> Iterator[ArchivedPhoto]:
        return self._reader.photos(self.ids())

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
                state.set_note("private", str(int(self._options.private)))
            finally:
                report.written, report.removed, report.bytes = output.written, output.removed, output.bytes
        report.photos, report.placed = len(pages.columns.ids), output.placer.linked + output.placer.copied
        report.private = pages.columns.count(PRIVATE)
        report.reserved = pages.columns.license_counts().get("0", 0)

    def _add_picture(self, photo: ArchivedPhoto) -> None:
        if picture := photo.file("image"):
            version = bytes.fromhex(picture.sha256[:24]) + self._options.thumbnails.to_bytes(2, "big")
            self._pictures.append(Picture(int(photo.id), picture.path, picture.bytes, version))

    def _place(self, output: GalleryOutput, photo: ArchivedPhoto) -> None:
        """Put the files of a photo into a gallery outside of the mirror."""
        for file in photo.files if self._options.target else ():
            if file.kind != "info" and file.path.is_file() and not file.path.is_symlink():
                name = f"{COPIES}/{file.path.relative_to(self._reader.folder).as_posix()}"
                output.placer.place(file.path, name)
                output.add(name, file.bytes)

    def _make_thumbnails(self, state: GalleryState, report: GalleryReport) -> None:
        thumbnails = Thumbnails(self.folder, state, self._options.thumbnails)
        pictures = self._pictures[::-1] if self._options.thumbnails else []
        report.removed += thumbnails.remove_others({picture.photo_id for picture in pictures})
        missing = thumbnails.missing(pictures)
        if missing:
            total = len(missing)
            report.failures = thumbnails.make(
                missing, self._options.jobs, lambda done: self._on_progress("thumbnails", done, total)
            )
        report.thumbnails = len(missing) - len(report.failures)
