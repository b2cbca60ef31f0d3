"""The lines of the tables and of the manifest. They are yielded one by one, because mirrors are large."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.models.licenses import LICENSES
from flickr_mirror.storage.documents import ACCOUNT_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flickr_mirror.reader.mirror_reader import ArchivedPhoto, MirrorReader
    from flickr_mirror.reader.search_index import CommentRow

PHOTO_COLUMNS = (
    *("id", "path", "sha256", "bytes", "uploaded", "taken", "granularity", "title", "licence", "owner"),
    *("latitude", "longitude", "tags", "comments", "privacy", "gone", "page"),
)


def photo_lines(reader: MirrorReader) -> Iterator[str]:
    """Yield the lines of `photos.tsv`, newest upload first."""
    yield _line(PHOTO_COLUMNS)
    prefix = len(reader.folder.as_posix()) + 1
    for photo in reader.photos():
        yield _line(_photo(photo, reader, prefix))


def _photo(photo: ArchivedPhoto, reader: MirrorReader, prefix: int) -> tuple[object, ...]:
    facts = photo.facts
    file = photo.file("video") or photo.file("image") or photo.files[0]
    return (
        photo.id,
        file.path.as_posix()[prefix:],  # `relative_to` takes ten times as long
        file.sha256,
        file.bytes,
        datetime.fromtimestamp(photo.uploaded, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "" if photo.taken is None else facts.taken,
        facts.taken_granularity,
        photo.title,
        photo.license.name,
        reader.owner_of(photo).name,
        facts.latitude,
        facts.longitude,
        facts.tags,
        facts.comment_count,
        facts.privacy,
        "yes" if photo.gone is not None else "",
        photo.url,
    )


def people_lines(reader: MirrorReader, comments: Iterable[CommentRow]) -> Iterator[str]:
    """Yield the lines of `people.tsv`: the owners of photos and the authors of comments, those with the most first."""
    photos: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    for comment in comments:
        counts[comment.author] += 1
        names[comment.author] = comment.name or names.get(comment.author, "")
    for photo in reader.photos():
        owner = reader.owner_of(photo)
        photos[owner.nsid] += 1
        names[owner.nsid] = owner.name
    yield _line(("nsid", "name", "comments", "page", "photos"))
    for nsid in sorted(names, key=lambda nsid: (-photos[nsid], -counts[nsid], nsid)):
        page = f"https://www.flickr.com/photos/{nsid}/"
        yield _line((nsid, names[nsid], counts[nsid], page, photos[nsid]))


def album_lines(reader: MirrorReader) -> Iterator[str]:
    """Yield the lines of `albums.tsv`: a line for each photo of each album, in the order of the owner."""
    yield _line(("album", "title", "description", "position", "photo", "page"))
    for album in reader.albums():
        page = f"https://www.flickr.com/photos/{reader.nsid}/albums/{album.id}"
        for position, photo_id in enumerate(album.photo_ids, 1):
            yield _line((album.id, album.title, album.description, position, photo_id, page))


def license_lines(photos: Counter[str]) -> Iterator[str]:
    """Yield the lines of `licences.txt`: Flickr's licences, with the number of photos under each."""
    yield "Flickr's licences, by number, with the photos of this folder under each.\n\n"
    for entry in LICENSES.values():
        yield f"{entry.id}  {entry.name}: {photos[entry.id]:,} photos\n"
        if entry.url:
            yield f"    {entry.url}\n"
    for number in sorted(photos.keys() - LICENSES.keys()):
        yield f"{number or '?'}  unknown: {photos[number]:,} photos\n"


def manifest_lines(reader: MirrorReader) -> Iterator[str]:
    """Yield the lines of `manifest-sha256.txt`, in the order of the paths, for `sha256sum -c` and `shasum -c`.

    The hashes are those that the catalogue records. It records none of documents about the account, which are read.
    """
    name = reader.store.name
    files = [
        (name(str(photo_id), "json" if kind == "info" else extension), digest)
        for photo_id, kind, extension, digest in reader.catalogue.archive.files()
    ]
    files += [
        (path.relative_to(reader.folder).as_posix(), hashlib.sha256(path.read_bytes()).digest())
        for path in account_files(reader.folder)
    ]
    for path, digest in sorted(files):
        yield f"{digest.hex()}  {path}\n"


def account_files(folder: Path) -> Iterator[Path]:
    """Yield the paths of the documents about the account in a mirror, in order. A link is none of them."""
    for place, _, names in sorted(os.walk(folder / ACCOUNT_FOLDER)):
        paths = (Path(place) / name for name in sorted(names) if name.endswith(".json"))
        yield from (path for path in paths if not path.is_symlink())


def _line(values: Iterable[object]) -> str:
    return "\t".join(_cell(value) for value in values) + "\n"


def _cell(value: object) -> str:
    """Return a value as the text of a cell; a backslash, a tab and the ends of lines are escaped."""
    text = "" if value is None else str(value)
    escaped = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
    if escaped.isprintable():
        return escaped
    return "".join(char if char.isprintable() else "\ufffd" for char in escaped)
