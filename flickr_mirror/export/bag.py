"""Exports a mirror as a BagIt bag (RFC 8493): the files as they are, with manifests that standard tools verify."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flickr_mirror.export.description.tables import account_files
from flickr_mirror.export.folders import ExportReport, check_size, names_before, write_marker
from flickr_mirror.export.target import check_space, check_target, is_other_disk
from flickr_mirror.storage.album_document import GROUP, TREE
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.documents import ACCOUNT_FOLDER, read_json
from flickr_mirror.storage.placing import Placer, Way
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set
    from pathlib import Path

    from flickr_mirror.reader.mirror_reader import ArchivedPhoto, MirrorReader

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_TAG_FILES = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt")


def export_bag(
    reader: MirrorReader,
    target: Path,
    photo_ids: Sequence[int],
    way: Way,
    on_photo: Callable[[int], None] = lambda _: None,
    *,
    includes_private: bool = False,
) -> ExportReport:
    """Write a bag with the files of these photos and the documents about the account, or update one.

    Documents that have what the public does not see are left out unless it `includes_private`.
    The hashes in the manifest are those that the files were written with: a validation shows whether they still are.
    Raises `CacheError` if the target cannot be used; a photo whose files cannot be read is in the report.
    """
    check_target(target, reader)
    before, report = names_before(target), ExportReport()
    payload = _Payload(reader, target, way, before, report)
    if way is Way.COPY or is_other_disk(target, reader.folder):
        sizes = (file.bytes for photo in reader.photos(photo_ids) for file in photo.files)
        check_space(target, sum(sizes), before)
    write_marker(target, before, reader)
    for number, photo in enumerate(reader.photos(photo_ids), 1):
        payload.add_photo(photo)
        on_photo(number)
    hidden = set() if includes_private else _hidden_documents(reader)
    for path in account_files(reader.folder):
        if path in hidden:
            report.hidden += 1
        else:
            payload.add_document(path)
    placer, manifest = payload.placer, payload.manifest
    for name in sorted(before - manifest.keys() - {*_TAG_FILES, "tagmanifest-sha256.txt"}):
        (target / name).unlink(missing_ok=True)
        report.removed += 1
    _write_tags(reader, placer, manifest, payload.size)
    write_marker(target, {*manifest, *_TAG_FILES, "tagmanifest-sha256.txt"}, reader)
    report.linked, report.copied = placer.linked, placer.copied
    report.unchanged, report.bytes = placer.unchanged, placer.bytes
    return report


class _Payload:
    """Places the files of a bag; `manifest` has their hashes by name, and `size` is the sum of their bytes."""

    def __init__(
        self, reader: MirrorReader, target: Path, way: Way, before: Set[str], report: ExportReport
    ) -> None:
        self.placer = Placer(target, way)
        self.manifest: dict[str, str] = {}
        self.size = 0
        self._folder, self._target = reader.folder, target
        self._before, self._report = before, report

    def add_photo(self, photo: ArchivedPhoto) -> None:
        """Add the files of a photo; those that cannot be read are failures, and an earlier copy stays."""
        for file in photo.files:
            name = self._name(file.path)
            try:
                check_size(file)
                self.placer.place(file.path, name)
            except OSError as error:
                self._report.failures.setdefault(photo.id, f"{error.filename}: {error.strerror}")
                if name not in self._before or not (self._target / name).is_file():
                    continue  # else what was exported may be the last copy
            self._add(name, file.sha256, (self._target / name).stat().st_size)
        self._report.photos += photo.id not in self._report.failures

    def add_document(self, path: Path) -> None:
        """Add a document about the account. Raises `CacheError`."""
        with disk_errors(path):
            data = path.read_bytes()
        self.placer.place(path, self._name(path))
        self._add(self._name(path), hashlib.sha256(data).hexdigest(), len(data))

    def _name(self, path: Path) -> str:
        return f"data/{path.relative_to(self._folder).as_posix()}"

    def _add(self, name: str, digest: str, size: int) -> None:
        self.manifest[name] = digest
        self.size += size


def _hidden_documents(reader: MirrorReader) -> set[Path]:
    """Return the documents of lists that only a login or an account export showed, and of albums without public photos.

    The tree of collections names such albums, and is hidden with them.
    """
    found: set[Path] = set()
    shown = {GROUP: True}
    for file in account_files(reader.folder):
        name = file.relative_to(reader.folder / ACCOUNT_FOLDER).parts[0].removesuffix(".json")
        if name not in shown:
            # without a header, and with a broken one, it is not known who sees the list
            header = read_json(reader.folder / ACCOUNT_FOLDER / f"{name}.json")
            shown[name] = header is not None and header.get("listed_as", "public") == "public"
        if not shown[name]:
            found.add(file)
    path = reader.store.document_path
    public = set(map(str, reader.public_ids()))
    for name in reader.account_documents(GROUP):
        document = reader.account_document(name) or {}
        if public.isdisjoint(document.get("photos") or ()) and (document.get("flickr") or {}).get("caller"):
            found |= {path(name), path(TREE)}
    return found


def _write_tags(reader: MirrorReader, placer: Placer, manifest: dict[str, str], size: int) -> None:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(manifest.items()))
    kind = "account" if reader.source is None else "list"
    info = {
        "Source-Organization": f"Flickr {kind} {reader.username} ({reader.nsid})",
        "External-Identifier": reader.url,
        "Bagging-Date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "Bag-Software-Agent": f"flickr_mirror {__version__}",
        "Payload-Oxum": f"{size}.{len(manifest)}",
    }
    text = "".join(f"{key}: {' '.join(value.split())}\n" for key, value in info.items())
    tags = {"bagit.txt": DECLARATION, "bag-info.txt": text.encode(), "manifest-sha256.txt": lines.encode()}
    for name, data in tags.items():
        placer.write(name, data)
    listed = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(tags.items()))
    placer.write("tagmanifest-sha256.txt", listed.encode())
