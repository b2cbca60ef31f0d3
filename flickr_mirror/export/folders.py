"""Exports photos to folders with readable names, optionally with XMP beside or inside of them."""

from __future__ import annotations

import calendar
import json
from contextlib import suppress
from dataclasses import dataclass, field
from errno import EIO
from pathlib import Path
from time import strptime
from typing import TYPE_CHECKING

from flickr_mirror.export.names import unique_paths
from flickr_mirror.export.target import (
    MARKER,
    check_space,
    check_target,
    is_other_disk,
    read_marker,
)
from flickr_mirror.export.xmp import embed, packet
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.placing import Placer, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.export.names import NameTemplate
    from flickr_mirror.reader.mirror_reader import ArchivedFile, ArchivedPhoto, MirrorReader

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """How photos are exported. `xmp` writes `NAME.jpg.xmp` beside each file; `embeds` writes it into copies of JPEG
    files. With `only_xmp` the files themselves are left out, and names are those of the mirror."""

    way: Way = Way.LINK
    xmp: bool = False
    embeds: bool = False
    only_xmp: bool = False


@dataclass(slots=True)
class ExportReport:
    """The result of an export.

    `photos` were exported, `absent` have no file in the mirror, and `failures` could not be exported, for a reason.
    `hidden` documents were left out because the public does not see them. Files were linked, copied (with their
    bytes), unchanged or removed, and XMP files written.
    """

    photos: int = 0
    absent: int = 0
    hidden: int = 0
    linked: int = 0
    copied: int = 0
    bytes: int = 0
    unchanged: int = 0
    removed: int = 0
    written: int = 0
    failures: dict[str, str] = field(default_factory=dict)


class FolderExport:
    """An export of some photos of a mirror to a folder, which a later export updates."""

    def __init__(
        self,
        reader: MirrorReader,
        target: Path,
        template: NameTemplate,
        options: FolderOptions,
        albums: Mapping[str, Sequence[str]],
    ) -> None:
        self._reader = reader
        self._target = target
        self._template = template
        self._options = options
        self._albums = albums
        self._placer = Placer(target, Way.COPY if options.embeds else options.way)
        self._names: set[str] = set()
        self.report = ExportReport()

    def run(self, photo_ids: Sequence[int], on_photo: Callable[[int], None] = lambda _: None) -> ExportReport:
        """Export these photos; `on_photo` is called with the number of photos that are done.

        Files of an earlier export that are no longer wanted are removed. Raises `CacheError` if the target cannot be
        used; a photo whose files cannot be read is in the report.
        """
        check_target(self._target, self._reader)
        before = names_before(self._target)
        earlier = _by_stem(before)
        paths = self._paths(photo_ids)
        if self._copies:
            check_space(self._target, self._size(photo_ids), before)
        write_marker(self._target, before, self._reader)
        for number, photo in enumerate(self._reader.photos(photo_ids), 1):
            if not self._is_exported(photo, paths[photo.id]):
                for stem in self._stems(photo, paths[photo.id]):  # what was exported may be the last copy
                    self._names |= earlier.get(stem, set())
            on_photo(number)
        self._remove(before - self._names)
        write_marker(self._target, self._names, self._reader)
        placer = self._placer
        self.report.linked, self.report.copied = placer.linked, placer.copied
        self.report.unchanged, self.report.bytes = placer.unchanged, placer.bytes
        return self.report

    @property
    def _copies(self) -> bool:
        is_copy = self._options.embeds or self._options.way is Way.COPY
        return not self._options.only_xmp and (is_copy or is_other_disk(self._target, self._reader.folder))

    def _size(self, photo_ids: Sequence[int]) -> int:
        return sum(
            file.bytes
            for photo in self._reader.photos(photo_ids)
            for file in photo.files
            if file.kind != "info"
        )

    def _paths(self, photo_ids: Sequence[int]) -> dict[str, list[str]]:
        """Return the paths of each photo, one for each of its albums if the template names them."""
        wanted: dict[str, str] = {}
        for photo in self._reader.photos(photo_ids):
            albums = self._titles(photo) or [""]
            for number, album in enumerate(albums if self._template.has_album else albums[:1]):
                key = f"{photo.id} {number}"
                wanted[key] = self._template.path(
                    photo, album, self._reader.username, self._reader.owner_of(photo).name
                )
        found: dict[str, list[str]] = {}
        for key, path in unique_paths(wanted).items():
            found.setdefault(key.partition(" ")[0], []).append(path)
        return found

    def _titles(self, photo: ArchivedPhoto) -> list[str]:
        return list(self._albums.get(photo.id, ()))

    def _is_exported(self, photo: ArchivedPhoto, paths: list[str]) -> bool:
        """Export a photo, and return whether that was possible."""
        try:
            has_file = self._export(photo, paths)
        except OSError as error:  # of a file in the mirror; those of the target are a `CacheError`
            self.report.failures[photo.id] = f"{error.filename or photo.id}: {error.strerror or error}"
            return False
        self.report.photos += has_file
        self.report.absent += not has_file
        return has_file

    def _stems(self, photo: ArchivedPhoto, paths: list[str]) -> list[str]:
        """Return the names of a photo in the export, without their endings."""
        if not self._options.only_xmp:
            return paths
        return [str(file.path.relative_to(self._reader.folder).with_suffix("")) for file in photo.files]

    def _export(self, photo: ArchivedPhoto, paths: list[str]) -> bool:
        """Export the files of a photo, and return whether it has an image or a film."""
        xmp = (
            packet(photo, self._reader.owner_of(photo).name, self._titles(photo)) if self._writes_xmp else b""
        )
        files = [file for file in photo.files if file.kind != "info"]
        for file in files:
            check_size(file)
            if self._options.only_xmp:
                self._write(f"{file.path.relative_to(self._reader.folder)}.xmp", xmp, photo)
                continue
            for path in paths:
                name = f"{path}{file.path.suffix}"
                is_embedded = self._options.embeds and self._embed(file, name, xmp, photo)
                if not is_embedded:
                    self._placer.place(file.path, name, moment=moment_of(photo))
                    self._names.add(name)
                if self._options.xmp or (self._options.embeds and not is_embedded):
                    self._write(f"{name}.xmp", xmp, photo)
        return bool(files)

    @property
    def _writes_xmp(self) -> bool:
        return self._options.xmp or self._options.embeds or self._options.only_xmp

    def _embed(self, file: ArchivedFile, name: str, xmp: bytes, photo: ArchivedPhoto) -> bool:
        """Write a copy of a JPEG file with the packet in it; return whether that was possible."""
        data = embed(file.path.read_bytes(), xmp) if file.path.suffix == ".jpg" else None
        if data is not None:
            self._write(name, data, photo)
        return data is not None

    def _write(self, name: str, data: bytes, photo: ArchivedPhoto) -> None:
        self.report.written += self._placer.write(name, data, moment=moment_of(photo))
        self._names.add(name)

    def _remove(self, names: set[str]) -> None:
        """Remove files of an earlier export, and folders that are then empty."""
        for name in sorted(names):
            path = self._target / name
            with disk_errors(path):
                path.unlink(missing_ok=True)
            self.report.removed += 1
            for folder in path.relative_to(self._target).parents:
                with suppress(OSError):  # it has other files
                    if folder != Path():
                        (self._target / folder).rmdir()


def moment_of(photo: ArchivedPhoto) -> float:
    """Return when a photo was taken as a modification time, by the camera's clock as if it were UTC.

    Without a time it is that of the upload. Times before 1901 become 1901, the first that file systems hold.
    """
    taken = photo.taken or ""
    try:
        moment = calendar.timegm(strptime(taken + "0000-01-01 00:00:00"[len(taken) :], "%Y-%m-%d %H:%M:%S"))
    except ValueError:
        moment = photo.uploaded
    return max(moment, -(2**31))


def check_size(file: ArchivedFile) -> None:
    """Raise `OSError` if a file of the mirror is missing, or has not the size with which it was written."""
    size = file.path.stat().st_size
    if size != file.bytes:
        raise OSError(
            EIO, f"It has {size:,} bytes, and had {file.bytes:,} when it was written", str(file.path)
        )


def names_before(target: Path) -> set[str]:
    """Return the names of the files that an earlier export wrote."""
    try:
        names = read_marker(target)["names"]
        return {name for name in names if ".." not in Path(name).parts and not Path(name).is_absolute()}
    except (KeyError, TypeError):
        return set()


def _by_stem(names: set[str]) -> dict[str, set[str]]:
    """Return names by what comes before their endings, such as `Boat 1` of `Boat 1.jpg` and `Boat 1.jpg.xmp`."""
    found: dict[str, set[str]] = {}
    for name in names:
        found.setdefault(str(Path(name.removesuffix(".xmp")).with_suffix("")), set()).add(name)
    return found


def write_marker(target: Path, names: set[str], reader: MirrorReader) -> None:
    """Mark a folder as an export of this mirror with these files, unless it is. Raises `CacheError`."""
    marker = {"format": FORMAT, "mirror": reader.key, "names": sorted(names)}
    text = json.dumps(marker, ensure_ascii=False, indent=0)
    if filesystem.content(target / MARKER) == text.encode():
        return
    with disk_errors(target):
        target.mkdir(parents=True, exist_ok=True)
        part = target / f"{MARKER}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(target / MARKER)
