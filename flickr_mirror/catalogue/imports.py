"""The photos of account exports: the outcome of each, and whether a listing has shown it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.catalogue.row_encoding import text_row

if TYPE_CHECKING:
    from collections.abc import Collection

    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.photo_rows import KnownPhoto, PhotoRows
    from flickr_mirror.catalogue.rows import StateRow
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.users import FlickrUser


class ImportedPhoto(NamedTuple):
    """The state of a photo after an import.

    `mark` is that of the files it came from, `outcome` the outcome of its media. `listed` is whether a listing has
    shown it, so that its facts are those of Flickr and not those of the export.
    """

    mark: str
    outcome: str
    listed: bool


class Imports:
    """The table `imported`. Call methods that change it inside of a transaction."""

    def __init__(self, database: Database, callers: Callers, photos: PhotoRows) -> None:
        self._database = database
        self._callers = callers
        self._query = database.query
        self._photos = photos
        self._has_unlisted: bool | None = None

    def begin(self) -> None:
        """Record that photos come from an import, so that a catalogue without a listing does not count as lost."""
        with self._database.transaction():
            if self._database.get_note("restored") is None:
                self._database.set_note("restored", 0)

    def find(self, photo_id: str) -> tuple[KnownPhoto | None, ImportedPhoto | None]:
        """Return what the catalogue knows of a photo, and how it was imported before."""
        known = self._photos.known([int(photo_id)]).get(int(photo_id))
        row = self._query(
            "SELECT mark, outcome, listed FROM imported WHERE photo_id = ?", (photo_id,)
        ).fetchone()
        return known, ImportedPhoto(row[0], row[1], bool(row[2])) if row else None

    def outcome_of(self, photo_id: str, mark: str) -> str | None:
        """Return the outcome of a photo imported from files with this mark; `None` if one of its files is missing."""
        row = self._query(
            "SELECT outcome FROM imported WHERE photo_id = ? AND mark = ?"
            " AND NOT EXISTS (SELECT 1 FROM files WHERE kind IN ('image', 'info', 'video') AND files.photo_id = ?"
            " AND bytes < 0)",
            (photo_id, mark, photo_id),
        ).fetchone()
        return None if row is None else str(row[0])

    def put(self, photo: FlickrPhoto, row: StateRow, imported: ImportedPhoto, owner: FlickrUser) -> None:
        """Store a photo as an export of `owner` describes it, or the larger image of a known photo."""
        key = int(photo.id)
        known = self._photos.known([key])
        if not known:
            self._photos.insert({key: photo}, {key: row})
        else:
            self._query(
                "UPDATE photos SET video = ?, size_label = ?, width = ?, height = ?, url = ?, proof = ?,"
                " image_status = ?, info_status = ? WHERE id = ?",
                (*row[2:], key),
            )
        if known and not imported.listed:
            self._query("UPDATE photos SET uploaded = ? WHERE id = ?", (row.uploaded, key))
            self._query(
                "UPDATE listed SET title = ?, description = ?, facts = ? WHERE id = ?",
                (*text_row(photo)[1:], key),
            )
        if not imported.listed:
            self._callers.add_exported(photo, owner)
        self._put(key, imported)

    def _put(self, key: int, imported: ImportedPhoto) -> None:
        self._query("INSERT OR REPLACE INTO imported VALUES (?, ?, ?, ?)", (key, *imported))

    def mark_listed(self, ids: Collection[int]) -> set[int]:
        """Record that a listing shows photos; return those that were imported and are listed for the first time."""
        if self._has_unlisted is None:  # asked once, because most mirrors have no imported photos
            unlisted = "SELECT 1 FROM imported WHERE NOT listed LIMIT 1"
            self._has_unlisted = self._query(unlisted).fetchone() is not None
        if not self._has_unlisted:
            return set()
        marks = ", ".join("?" * len(ids))
        rows = self._query(
            f"UPDATE imported SET listed = 1 WHERE NOT listed AND photo_id IN ({marks}) RETURNING photo_id",
            tuple(ids),
        ).fetchall()
        return {row[0] for row in rows}
