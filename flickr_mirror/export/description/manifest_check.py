"""Compares the manifest of a mirror with its catalogue and its files."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError
from flickr_mirror.export.description.describe import MANIFEST
from flickr_mirror.export.description.tables import account_files
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flickr_mirror.reader.mirror_reader import MirrorReader

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")

_NEW = "is not in the manifest, which is older. Run `mirror_flickr describe`."
_UNKNOWN = "is in the manifest, but not in the catalogue."
_GONE = (
    "is in the manifest, but neither in the catalogue nor on the disk. If `mirror_flickr check` has found it broken or "
    "missing, the next run of the mirror restores it."
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A file about which manifest, catalogue and disk do not agree; `text` is the sentence for the user."""

    path: str
    text: str


def compare_manifest(reader: MirrorReader) -> Iterator[Difference]:
    """Yield the files whose hash in the manifest is not that of the catalogue, and state which two agree.

    A file that only the catalogue knows was mirrored after the manifest was written. Documents about the account, which
    the catalogue does not know, are compared with the manifest. Raises `CacheError` if there is no manifest.
    """
    path = reader.folder / MANIFEST
    content = filesystem.content(path)
    if content is None:
        raise CacheError(f"{path} is missing: run `mirror_flickr describe`.", path)
    listed = {
        match[2]: match[1]
        for line in content.decode(errors="replace").splitlines()
        if (match := _LINE.fullmatch(line))
    }
    for photo in reader.photos():
        for file in photo.files:
            name = file.path.relative_to(reader.folder).as_posix()
            digest = listed.pop(name, None)
            if digest is None:
                yield Difference(name, _NEW)
            elif digest != file.sha256:
                yield Difference(name, _verdict(_digest(reader, name), digest, file.sha256))
    for path in account_files(reader.folder):
        name = path.relative_to(reader.folder).as_posix()
        digest = listed.pop(name, None)
        if digest is None:
            yield Difference(name, _NEW)
        elif digest != _digest(reader, name):
            yield Difference(name, "and the manifest differ: the file, or the manifest, was changed.")
    for name in listed:
        yield Difference(name, _UNKNOWN if (reader.folder / name).is_file() else _GONE)


def _digest(reader: MirrorReader, name: str) -> str | None:
    content = filesystem.content(reader.folder / name)
    return None if content is None else hashlib.sha256(content).hexdigest()


def _verdict(disk: str | None, manifest: str, catalogue: str) -> str:
    if disk is None:
        return "is missing, and the manifest and the catalogue differ."
    if disk == catalogue:
        return "and the catalogue agree, but the manifest differs: it is older, or was changed."
    if disk == manifest:
        return "and the manifest agree, but the catalogue differs: the next check downloads the file again."
    return "the manifest and the catalogue all differ."
