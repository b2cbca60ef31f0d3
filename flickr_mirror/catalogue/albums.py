"""The albums of the account with their photos in order, and the collections that hold albums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flickr_mirror.models.albums import FlickrAlbum, FlickrCollection

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from flickr_mirror.catalogue.database import Database

_TREE = "collections"
"""The note with the full scan for which the tree of collections was stored; it is missing if the tree may be old."""
_COLUMNS = (
    "id, title, description, cover, created, updated, photos, videos, comments, position, comments_stored, missing,"
    " walks, scan, caller, gone"
)
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumState:
    """The facts of an album in the catalogue that Flickr does not state.

    `position` is its place among the albums of the account, from 1; `None` before they were listed.
    `comments_stored` is how many comments Flickr counted when they were mirrored, `None` if they never were. `missing`
    is how many photos Flickr counts in the album and did not list, in `walks` runs in a row. `scan` is the time of the
    last full scan of the photostream before the photos were listed, `None` if there was none. `caller` is the account
    that was logged in then, empty for none. `gone` is when Flickr no longer had the album, in seconds since 1970.
    """

    position: int | None = None
    comments_stored: int | None = None
    missing: int = 0
    walks: int = 1
    scan: int | None = None
    caller: str = ""
    gone: int | None = None


@dataclass(frozen=True, slots=True)
class StoredAlbum:
    """An album in the catalogue."""

    album: FlickrAlbum
    state: AlbumState


class Albums:
    """The tables of albums and collections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.query

    def store(
        self, album: FlickrAlbum, member_ids: Collection[str] | None, state: AlbumState | None = None
    ) -> None:
        """Store an album and the ids of its photos, in their order, in one transaction.

        `None` as `member_ids` keeps the stored ids. The photos need not be known. The position of a stored
        album is kept if `state` has none.
        """
        state = state or AlbumState()
        with self._database.transaction():
            self._query(
                f"INSERT OR REPLACE INTO albums ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,"
                " coalesce(?, (SELECT position FROM albums WHERE id = ?)), ?, ?, ?, ?, ?, ?)",
                (
                    *(
                        int(album.id),
                        album.title,
                        album.description,
                        int(album.cover) if album.cover else None,
                    ),
                    *(
                        album.created,
                        album.updated,
                        album.photo_count,
                        album.video_count,
                        album.comment_count,
                    ),
                    *(
                        state.position,
                        int(album.id),
                        state.comments_stored,
                        state.missing,
                        state.walks,
                        state.scan,
                    ),
                    *(state.caller, state.gone),
                ),
            )
            if member_ids is not None:
                self._query("DELETE FROM album_photos WHERE album_id = ?", (album.id,))
                self._database.query_many(
                    "INSERT INTO album_photos VALUES (?, ?, ?)",
                    (
                        (int(album.id), position, int(photo_id))
                        for position, photo_id in enumerate(dict.fromkeys(member_ids), 1)
                    ),
                )
            self._database.set_note(_TREE, None)

    def place(self, album_ids: Iterable[str], scan: int | None) -> None:
        """Store the order of the albums; `scan` is the last full scan, for albums that were walked before the first."""
        with self._database.transaction():
            moved = self._database.query_many(
                "UPDATE albums SET position = ? WHERE id = ? AND position IS NOT ?",
                ((position, int(album_id), position) for position, album_id in enumerate(album_ids, 1)),
            )
            if moved:
                self._database.set_note(_TREE, None)
            if scan is not None:
                self._query("UPDATE albums SET scan = ? WHERE scan IS NULL", (scan,))

    def find(self, album_ids: Iterable[str]) -> dict[str, StoredAlbum]:
        """Return those of some albums that are stored, by their ids."""
        ids = list(album_ids)
        found: dict[str, StoredAlbum] = {}
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            marks = ", ".join("?" * len(part))
            for row in self._query(f"SELECT {_COLUMNS} FROM albums WHERE id IN ({marks})", part):
                stored = _stored(row)
                found[stored.album.id] = stored
        return found

    def ids(self, callers: Collection[str] | None = None) -> list[str]:
        """Return the ids of the albums that are not gone, in the owner's order; those of some `callers` only."""
        rows = self._query(
            "SELECT id, caller FROM albums WHERE gone IS NULL ORDER BY position IS NULL, position, id"
        )
        return [str(album_id) for album_id, caller in rows if callers is None or caller in callers]

    def members(self, album_id: str) -> list[str]:
        """Return the ids of the photos of an album, in their order."""
        rows = self._query(
            "SELECT photo_id FROM album_photos WHERE album_id = ? ORDER BY position", (album_id,)
        )
        return [str(row[0]) for row in rows]

    def all(self) -> list[StoredAlbum]:
        """Return all albums, in the order of the owner; those without a position are last."""
        rows = self._query(f"SELECT {_COLUMNS} FROM albums ORDER BY position IS NULL, position, id")
        return [_stored(row) for row in rows]

    def titles_by_photo(self) -> dict[int, list[str]]:
        """Return the titles of the albums of each photo that is in one, in the order of the owner."""
        found: dict[int, list[str]] = {}
        for photo_id, title in self._query(
            "SELECT photo_id, title FROM album_photos JOIN albums ON albums.id = album_id"
            " ORDER BY albums.position IS NULL, albums.position, album_id"
        ):
            found.setdefault(photo_id, []).append(title)
        return found

    def counts(self) -> tuple[int, int]:
        """Return how many albums there are, and how many of them are gone."""
        albums, gone = self._query("SELECT count(*), total(gone IS NOT NULL) FROM albums").fetchone()
        return int(albums), int(gone)

    def unlisted(self, limit: int) -> tuple[int, list[str]]:
        """Return how many photos of albums no listing has shown, and the ids of the newest of them."""
        where = "FROM album_photos WHERE photo_id NOT IN (SELECT id FROM photos)"
        (count,) = self._query(f"SELECT count(DISTINCT photo_id) {where}").fetchone()
        rows = self._query(f"SELECT DISTINCT photo_id {where} ORDER BY photo_id DESC LIMIT ?", (limit,))
        return int(count), [str(row[0]) for row in rows]

    def incomplete(self) -> tuple[int, int]:
        """Return how many albums lack photos that Flickr counts, and the number of these photos."""
        albums, photos = self._query(
            "SELECT count(*), total(missing) FROM albums WHERE missing > 0 AND gone IS NULL"
        ).fetchone()
        return int(albums), int(photos)

    # The tree of collections

    def is_tree_current(self, scan: int | None) -> bool:
        """Return whether no album has changed, and no full scan ended, since the tree was stored."""
        note = self._database.get_number(_TREE)
        return note is not None and note >= (scan or 0)

    def collection_ids(self) -> set[str]:
        """Return the ids of all collections."""
        return {row[0] for row in self._query("SELECT id FROM collections")}

    def store_tree(self, tree: Sequence[FlickrCollection], scan: int | None) -> None:
        """Replace all collections, in one transaction; `scan` is the last full scan."""
        with self._database.transaction():
            self._query("DELETE FROM collections")
            self._query("DELETE FROM collection_albums")
            self._store_level(tree, None)
            self._database.set_note(_TREE, scan or 0)

    def _store_level(self, collections: Sequence[FlickrCollection], parent: str | None) -> None:
        for position, collection in enumerate(collections, 1):
            self._query(
                "INSERT OR IGNORE INTO collections VALUES (?, ?, ?, ?, ?)",
                (collection.id, parent, position, collection.title, collection.description),
            )
            self._database.query_many(
                "INSERT OR IGNORE INTO collection_albums VALUES (?, ?, ?)",
                (
                    (collection.id, place, int(album_id))
                    for place, album_id in enumerate(collection.album_ids, 1)
                ),
            )
            self._store_level(collection.children, collection.id)


def _stored(row: Sequence[Any]) -> StoredAlbum:
    (album_id, title, description, cover, created, updated, photos, videos, comments, *state) = row
    position, comments_stored, missing, walks, scan, caller, gone = state
    return StoredAlbum(
        FlickrAlbum(
            id=str(album_id),
            title=title,
            description=description,
            cover="" if cover is None else str(cover),
            created=created,
            updated=updated,
            photo_count=photos,
            video_count=videos,
            comment_count=comments,
        ),
        AlbumState(
            position=position,
            comments_stored=comments_stored,
            missing=missing,
            walks=walks,
            scan=scan,
            caller=caller,
            gone=gone,
        ),
    )
