"""Writes the pages and the data of a gallery while the photos are read once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flickr_mirror.web.gallery.albums import albums_of, collections_of
from flickr_mirror.web.gallery.columns import GONE, VIDEO, Columns
from flickr_mirror.web.gallery.data_file import script
from flickr_mirror.web.gallery.directions import is_right_to_left
from flickr_mirror.web.gallery.month_pages import MonthPages, month_of
from flickr_mirror.web.gallery.search_files import merge, search_files
from flickr_mirror.web.gallery.texts import PHOTOS, make_shard, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flickr_mirror.catalogue.archive import ArchiveRow
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto, MirrorReader
    from flickr_mirror.web.gallery.options import GalleryOptions
    from flickr_mirror.web.gallery.output import GalleryOutput

NEWEST = 200
"""How many photos the first data file has."""
MOST_TAGS = 5000
MOST_PEOPLE = 1000


class Pages:
    """Writes pages and data while the photos are read once, oldest upload first."""

    def __init__(
        self, reader: MirrorReader, options: GalleryOptions, output: GalleryOutput, base: str, code: bytes
    ) -> None:
        self.columns = Columns()
        self._reader = reader
        self._options = options
        self._output = output
        self._base = base
        self._code = code
        self._months = MonthPages(reader.username, reader.folder, base, thumbnails=options.thumbnails > 0)
        self._tags: Counter[str] = Counter()
        self._versions = hashlib.blake2b(code, digest_size=12)
        self._is_changed = False
        self._shards = 0
        self._real_name = ""

    def read(self, photos: Iterator[ArchiveRow]) -> Iterator[ArchiveRow]:
        """Write the data of each photo, and yield it."""
        batch, batch_version = [], hashlib.blake2b(self._code, digest_size=12)
        for month, group in groupby(photos, month_of):
            members, month_version = [], hashlib.blake2b(self._code, digest_size=12)
            for photo in group:
                self.columns.add(photo)
                self._tags.update(photo.facts.tags.split())
                self._real_name = photo.facts.real_name or self._real_name
                version = version_of(photo)
                month_version.update(version)
                batch_version.update(version)
                members.append(photo)
                batch.append(photo)
                if len(batch) == PHOTOS:
                    self._write_shard(batch, batch_version.digest())
                    batch, batch_version = [], hashlib.blake2b(self._code, digest_size=12)
                yield photo
            month_version.update(f"{self._base} {self._options.thumbnails > 0}".encode())
            self._write_month(month, members, month_version.digest())
        if batch:
            self._write_shard(batch, batch_version.digest())

    def _write_shard(self, photos: list[ArchiveRow], version: bytes) -> None:
        self._versions.update(version)
        number, output = self._shards, self._output
        self._shards += 1
        if not output.has(f"data/text/{number}.js", version):
            shard = make_shard(self._reader, number, self._full(photos))
            output.write(f"data/text/{number}.js", shard.data, version)
            output.state.set_shard(number, shard.postings, shard.people)
            self._is_changed = True

    def _write_month(self, month: str, photos: list[ArchiveRow], version: bytes) -> None:
        self._months.counts[month] = len(photos)
        self._output.once(f"list/{month}.html", version, lambda: self._months.page(month, self._full(photos)))

    def _full(self, photos: list[ArchiveRow]) -> list[ArchivedPhoto]:
        """Return photos with all of their files, which takes longer."""
        return list(self._reader.photos([photo.photo_id for photo in photos]))

    def finish(self) -> None:
        """Write the data that depend on all photos."""
        output, columns = self._output, self.columns
        output.write("list/index.html", self._months.index())
        self._write_search()
        versions = [self._versions.digest()]
        versions.append(output.write("data/columns.js", script("columns", columns.table())))
        versions.append(output.write("data/titles.js", script("titles", columns.titles)))
        places = {photo_id: place for place, photo_id in enumerate(columns.ids)}
        albums = albums_of(self._reader, places)
        tree = collections_of(self._reader, {album[0] for album in albums})
        data = {"albums": albums, "collections": tree}
        versions.append(output.write("data/albums.js", script("albums", data)))
        versions.append(output.write("data/tags.js", script("tags", self._tags.most_common(MOST_TAGS))))
        versions.append(output.write("data/people.js", script("people", self._people())))
        for name, content in asset_files():
            versions.append(output.write(name, content))
        build = hashlib.blake2b(b"".join(versions), digest_size=8).hexdigest()
        output.write("data/first.js", script("first", self._first(build, len(albums))))

    def _write_search(self) -> None:
        """Write the search index if a text has changed, or a file of it is missing."""
        output = self._output
        output.state.cut_shards(self._shards)
        known = [name for name in output.state.files() if name.startswith("data/search")]
        is_whole = bool(known) and all((output.folder / name).is_file() for name in known)
        version = self._versions.digest()
        if is_whole and not self._is_changed and output.has("data/search.js", version):
            output.keep("data/search/")
            return
        merged = merge((number, packed) for number, packed, _ in output.state.shards())
        for name, data in search_files(merged):
            output.write(name, data, version if name == "data/search.js" else b"")

    def _people(self) -> list[list[object]]:
        """Return the accounts with the most comments: NSID, name, number of comments."""
        counts: Counter[str] = Counter()
        names: dict[str, str] = {}
        for _, _, people in self._output.state.shards():
            for author, name, count in json.loads(people):
                counts[author] += count
                names[author] = name or names.get(author, "")
        return [[author, names[author], count] for author, count in counts.most_common(MOST_PEOPLE)]

    def _first(self, build: str, albums: int) -> dict[str, Any]:
        columns = self.columns
        total = len(columns.ids)
        start = max(0, total - NEWEST)
        return {
            "owner": self._reader.username,
            "realName": "" if self._reader.source else self._real_name,
            "nsid": self._reader.nsid,
            "source": self._reader.url if self._reader.source else "",
            "total": total,
            "build": build,
            "base": self._base,
            "depth": self._reader.store.depth,
            "thumbnails": self._options.thumbnails,
            "private": self._options.private,
            "rightToLeft": is_right_to_left(columns.titles),
            "albums": albums,
            "films": columns.count(VIDEO),
            "gone": columns.count(GONE),
            "shardSize": PHOTOS,
            "licenseCounts": list(columns.license_counts().values()),
            "columns": columns.table(start),
            "titles": columns.titles[start:],
        }


def asset_files() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each page, style and script."""
    root = resources.files("flickr_mirror.web.gallery").joinpath("assets")
    for folder, prefix in ((root, ""), (root.joinpath("js"), "js/")):
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.is_file():
                yield prefix + entry.name, entry.read_bytes()


def code_version() -> bytes:
    """Return a stamp that changes with this program, so that another version makes the files again."""
    version = hashlib.blake2b(digest_size=12)
    root = resources.files("flickr_mirror.web.gallery")
    for entry in sorted(root.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            version.update(entry.read_bytes())
    for _, data in asset_files():
        version.update(data)
    return version.digest()
