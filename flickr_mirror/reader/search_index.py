"""The index that searches a mirror: SQLite's FTS5 over titles, descriptions, comments, tags, notes and albums.

It is derived from the mirror and can be deleted at any time. It stores words as they are spelled. SQLite folds marks
when it indexes, which merges different words (`án`, `an`), and does not fold `đ` at all; so a table maps each word
without marks to its spellings, and only a word typed without marks is expanded.
"""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from flickr_mirror.errors import CacheError, PhotostreamError
from flickr_mirror.reader.filters import ALL_PHOTOS, PhotoFilter, conditions, filter_row
from flickr_mirror.reader.folding import fold
from flickr_mirror.reader.index_file import FILE_NAME, collect_words, open_index, remove_index
from flickr_mirror.reader.index_texts import COLUMNS, pack, texts_of, unpack, version_of
from flickr_mirror.reader.mirror_reader import MirrorReader
from flickr_mirror.reader.search_query import expression, parse_query
from flickr_mirror.reader.search_statements import statements
from flickr_mirror.storage.owner import read_owner
from flickr_mirror.storage.sidecar import stored_comments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flickr_mirror.storage.mirror_folder import MirrorFolder

BATCH = 500
"""How many photos are read and written at once."""
READERS = 8
"""How many sidecar files are read at the same time."""


class CommentRow(NamedTuple):
    """A comment without its text: the author's NSID and name, and its date in seconds since 1970 (UTC)."""

    author: str
    name: str
    date: int | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The photos that a search found: their ids in the requested order, and the total."""

    photo_ids: list[int]
    total: int


class SearchIndex:
    """The search index of a mirror, which `update` makes equal to the mirror.

    If the folder of the mirror cannot be written to, the index is built in memory.
    """

    def __init__(self, reader: MirrorReader) -> None:
        self._reader = reader
        self._collects_words = False
        path = reader.store.state / FILE_NAME
        try:
            self._database = open_index(path)
        except sqlite3.DatabaseError:  # damaged, of another version, or in a folder that is read-only
            with suppress(OSError):
                remove_index(reader.store.state)
            try:
                self._database = open_index(path)
            except sqlite3.DatabaseError:
                self._database = open_index(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    # Updating

    def update(self) -> int:
        """Read the changes of the mirror since the last update; return the number of photos that were read.

        It may be interrupted: the next call continues. Raises `CacheError` if the disk is full.
        """
        stamp, before = self._stamp(), self._note("stamp")
        if stamp and stamp == before:
            return 0
        versions = dict(self._database.execute("SELECT id, version FROM photos"))
        albums = self._album_titles()
        changed, present = [], set()
        for photo_id, sha256 in self._reader.catalogue.archive.sidecar_hashes():
            present.add(photo_id)
            version = version_of(sha256, albums.get(photo_id, ""))
            if not sha256 or versions.get(photo_id) != version:
                changed.append((photo_id, version))
        with self._errors():
            # an update that was interrupted left no stamp, and perhaps words that only the whole index has
            self._collects_words = before is not None
            if self._collects_words:
                collect_words(self._database)
            self._remove([photo_id for photo_id in versions if photo_id not in present])
            count = self._write(changed, versions, albums)
            with self._transaction():
                self._add_spellings()
                self._database.execute("INSERT OR REPLACE INTO notes VALUES ('stamp', ?)", (stamp,))
        return count

    def _stamp(self) -> str:
        """Return a stamp that changes with every commit to the catalogue: sizes and times of its files."""
        path = self._reader.store.catalogue
        stamps = []
        for name in (path, path.with_name(f"{path.name}-wal")):
            with suppress(OSError):
                status = name.stat()
                stamps.append(f"{status.st_size}:{status.st_mtime_ns}")
        return " ".join(stamps)

    def _note(self, name: str) -> str | None:
        row = self._database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def _album_titles(self) -> dict[int, str]:
        titles = self._reader.catalogue.albums.titles_by_photo()
        return {photo_id: "\n".join(found) for photo_id, found in titles.items()}

    def _write(
        self, changed: list[tuple[int, bytes]], versions: dict[int, bytes], albums: dict[int, str]
    ) -> int:
        """Write the changed photos in batches; return how many were written."""
        count = 0
        rest = iter(changed)
        with ThreadPoolExecutor(READERS) as pool:
            while batch := dict(islice(rest, BATCH)):
                photos = list(self._reader.photos(list(batch)))
                documents = list(pool.map(self._reader.document, [photo.id for photo in photos]))
                with self._transaction():
                    for photo, document in zip(photos, documents, strict=True):
                        key = int(photo.id)
                        texts = texts_of(photo, document, albums.get(key, ""))
                        row = filter_row(photo, document)
                        if document is None:
                            batch[key] = version_of(repr((texts, row)).encode(), "")
                        if versions.get(key) != batch[key]:
                            self._delete(key)
                            self._insert(key, batch[key], row, texts)
                            self._insert_comments(key, document)
                            count += 1
        return count

    def _remove(self, photo_ids: list[int]) -> None:
        with self._transaction():
            for photo_id in photo_ids:
                self._delete(photo_id)

    def _insert(self, photo_id: int, version: bytes, row: tuple[object, ...], texts: tuple[str, ...]) -> None:
        packed = pack(texts)
        marks = ", ".join("?" * (len(row) + 3))
        self._database.execute(f"INSERT INTO photos VALUES ({marks})", (photo_id, version, *row, packed))
        for table in ("words", "new_words") if self._collects_words else ("words",):
            self._database.execute(
                f"INSERT INTO {table} (rowid, {', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (photo_id, *texts),
            )

    def _insert_comments(self, photo_id: int, document: dict[str, Any] | None) -> None:
        comments = stored_comments(document) or []
        self._database.executemany(
            "INSERT INTO comments VALUES (?, ?, ?, ?)",
            [(photo_id, comment.author, comment.author_name, comment.date) for comment, _ in comments],
        )

    def _delete(self, photo_id: int) -> None:
        # FTS5 needs the texts that it indexed to remove them, because it does not keep them itself
        found = self._database.execute("SELECT texts FROM photos WHERE id = ?", (photo_id,)).fetchone()
        if found is None:
            return
        self._database.execute(
            f"INSERT INTO words (words, rowid, {', '.join(COLUMNS)}) VALUES ('delete', ?, ?, ?, ?, ?, ?, ?)",
            (photo_id, *unpack(found[0])),
        )
        self._database.execute("DELETE FROM photos WHERE id = ?", (photo_id,))
        self._database.execute("DELETE FROM comments WHERE photo_id = ?", (photo_id,))

    def _add_spellings(self) -> None:
        """Add the words that are new in the index to the table of spellings."""
        vocabulary = "new_vocabulary" if self._collects_words else "vocabulary"
        new = self._database.execute(
            f"SELECT term FROM {vocabulary} WHERE term NOT IN (SELECT spelling FROM spellings)"
        )
        rows = [(fold(term), term) for (term,) in new]
        self._database.executemany("INSERT OR IGNORE INTO spellings VALUES (?, ?)", rows)

    # Searching

    def search(
        self,
        text: str,
        photo_filter: PhotoFilter = ALL_PHOTOS,
        *,
        order: str = "newest",
        limit: int | None = None,
    ) -> SearchResult:
        """Return the photos that match the query `text` and the filter, at most `limit` of them."""
        query = expression(parse_query(text), self._spellings)
        where, parameters = conditions(self._within_album(photo_filter))
        for column, phrase in query.phrases:
            where.append("has_phrase(texts, ?, ?)")
            parameters += [column, phrase]
        counting, reading, matches = statements(query, where, order)
        parameters[:0] = matches
        (total,) = self._database.execute(counting, parameters).fetchone()
        rows = self._database.execute(reading, [*parameters, -1 if limit is None else limit])
        return SearchResult([photo_id for (photo_id,) in rows], total)

    def _within_album(self, photo_filter: PhotoFilter) -> PhotoFilter:
        """Return the filter with the photos of its albums. Raises `PhotostreamError` if there is no such album."""
        if not photo_filter.album:
            return photo_filter
        wanted, albums = photo_filter.album.strip().casefold(), self._reader.albums()
        chosen = [album for album in albums if wanted in (album.id, album.title.casefold())]
        if not chosen:
            titles = ", ".join(repr(album.title) for album in albums[:10])
            there = f"There are: {titles}." if titles else "Mirror the albums with --include albums."
            raise PhotostreamError(
                f"There is no album {photo_filter.album!r} in the mirror {self._reader.username!r}. {there}"
            )
        return replace(photo_filter, photo_ids={int(name) for album in chosen for name in album.photo_ids})

    def _spellings(self, folded: str, is_prefix: bool) -> list[str]:  # noqa: FBT001
        if is_prefix:
            rows = self._database.execute(
                "SELECT spelling FROM spellings WHERE folded >= ? AND folded < ?",
                (folded, f"{folded}\U0010ffff"),
            )
        else:
            rows = self._database.execute("SELECT spelling FROM spellings WHERE folded = ?", (folded,))
        return [spelling for (spelling,) in rows]

    def comments(self, photo_ids: Iterable[int]) -> Iterator[CommentRow]:
        """Yield the comments on these photos, without their texts."""
        chosen = set(photo_ids)
        for photo_id, *row in self._database.execute("SELECT photo_id, author, name, date FROM comments"):
            if photo_id in chosen:
                yield CommentRow(*row)

    def title_languages(self, photo_ids: Iterable[int]) -> Iterator[str]:
        """Yield the language of the title of each of these photos, if it is known, as a code of ISO 639-3."""
        chosen = set(photo_ids)
        for photo_id, languages in self._database.execute("SELECT id, languages FROM photos"):
            if photo_id in chosen and languages.strip():
                yield languages.split()[0]

    # SQLite

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            path = self._reader.store.state / FILE_NAME
            raise CacheError(
                f"Cannot write the search index {path} ({error}). Make room on the disk, or delete the file; it is "
                "built again.",
                path,
            ) from error


def update_index(store: MirrorFolder) -> None:
    """Update the index of a mirror if a search has built one. Raises `CacheError`."""
    owner = read_owner(store.folder)
    if owner and (store.state / FILE_NAME).exists():
        with MirrorReader(store, owner) as reader, SearchIndex(reader) as index:
            index.update()
