"""The forgotten photos: their rows are cleared, and listings do not add them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.rows import Status
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.tombstones import Tombstone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from flickr_mirror.catalogue.coverage import CoverageStore
    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.details import Details
    from flickr_mirror.catalogue.files import Files

_STATUS = int(Status.FORGOTTEN)


class Forgotten:
    """The photos that were erased on request, and are not mirrored again.

    Each of them keeps a row in `photos` with its id and its upload time only, because Flickr still counts it.
    """

    def __init__(self, database: Database, coverage: CoverageStore, files: Files, details: Details) -> None:
        self._database = database
        self._coverage = coverage
        self._files = files
        self._details = details
        self._query = database.query

    def all(self) -> dict[str, Tombstone]:
        """Return the forgotten photos by their ids."""
        rows = self._query("SELECT photo_id, uploaded, since FROM forgotten")
        return {str(photo_id): Tombstone(str(photo_id), *more) for photo_id, *more in rows}

    def uploads_and_titles(self, photo_ids: Iterable[str]) -> dict[str, tuple[int, str | None]]:
        """Return the upload times of known photos, and their titles if they have one, by their ids."""
        found = {}
        for photo_id in photo_ids:
            for row in self._query(
                "SELECT uploaded, title FROM photos LEFT JOIN listed USING (id) WHERE id = ?", (photo_id,)
            ):
                found[photo_id] = int(row[0]), row[1]
        return found

    def erase(self, tombstones: Iterable[Tombstone]) -> None:
        """Erase photos whose files are deleted, and record them as forgotten.

        Their texts are then in no part of the file or its write-ahead log. The record comes last: a run that finds
        none after an interruption erases the photos again.
        """
        stones = list(tombstones)
        # VACUUM shortens the file. Without this, the texts would stay in the freed blocks of the disk.
        self._query("PRAGMA secure_delete = ON")
        with self._database.transaction():
            for stone in stones:
                self._files.delete(stone.photo_id)
                self._details.delete(stone.photo_id)
                for table, key in (("failures", "photo_id"), ("listed", "id"), ("imported", "photo_id")):
                    self._query(f"DELETE FROM {table} WHERE {key} = ?", (stone.photo_id,))
                self._clear_row(stone.photo_id, stone.uploaded)
            self._query("DELETE FROM notes WHERE name LIKE 'check %'")  # interrupted checks list broken files
        self._database.vacuum()
        with self._database.transaction():
            self._database.query_many(
                "INSERT OR REPLACE INTO forgotten VALUES (?,"
                " coalesce(?, (SELECT uploaded FROM photos WHERE id = ?)), ?)",
                [(int(stone.photo_id), stone.uploaded, int(stone.photo_id), stone.since) for stone in stones],
            )

    def _clear_row(self, photo_id: str, uploaded: int | None) -> None:
        """Clear the row of a photo except for its id and its upload time; insert one if that time is known."""
        self._query(
            "UPDATE photos SET uploaded = coalesce(?, uploaded), video = 0, size_label = NULL, width = NULL,"
            f" height = NULL, url = NULL, proof = 0, image_status = {_STATUS}, info_status = {_STATUS},"
            " info_level = -1, stale = 0, reduced = NULL, damaged = 0, looks = 0, look_again = NULL WHERE id = ?",
            (uploaded, photo_id),
        )
        if uploaded is not None:
            self._query(
                "INSERT OR IGNORE INTO photos (id, uploaded, video, proof, image_status, info_status)"
                f" VALUES (?, ?, 0, 0, {_STATUS}, {_STATUS})",
                (photo_id, uploaded),
            )
        self._query("DELETE FROM absences WHERE photo_id = ?", (photo_id,))

    def exclude(self, listed: dict[int, Any]) -> None:
        """Remove the forgotten photos from a page, a dictionary by id, and record that Flickr lists them.

        Call it inside of a transaction.
        """
        marks = ", ".join("?" * len(listed))
        rows = self._query(f"SELECT photo_id FROM forgotten WHERE photo_id IN ({marks})", listed).fetchall()
        for (key,) in rows:
            uploaded = listed.pop(key).facts.uploaded or 0
            self._clear_row(str(key), uploaded)
            self._query("UPDATE photos SET gone = NULL WHERE id = ?", (key,))
            self._query("UPDATE forgotten SET uploaded = ? WHERE photo_id = ?", (uploaded, key))

    def remove(self, photo_ids: Collection[str]) -> None:
        """Remove photos from the forgotten ones: the next run lists their upload times again, and mirrors them."""
        with self._database.transaction():
            for photo_id in photo_ids:
                (uploaded,) = self._query(
                    "DELETE FROM forgotten WHERE photo_id = ? RETURNING uploaded", (photo_id,)
                ).fetchone()
                for table, key in (("photos", "id"), ("absences", "photo_id"), ("imported", "photo_id")):
                    self._query(f"DELETE FROM {table} WHERE {key} = ?", (photo_id,))
                if uploaded:
                    self._coverage.reopen([Interval(uploaded, uploaded)], for_all=True)
