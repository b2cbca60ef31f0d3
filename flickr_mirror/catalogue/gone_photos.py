"""The photos that are gone from a photostream, or may be, in the database of a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.catalogue.rows import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.files import Files

MAX_VERIFIED = 500
"""How many photos that a full scan did not list are asked for in one run at most, at one call each."""


class GonePhotos:
    """The photos that a full scan did not list, and of these the ones that Flickr says it does not have any more.

    A part of the catalogue, like which it blocks. Every method raises `CatalogueError` or `CacheFullError`
    where SQLite fails.
    """

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files
        self._query = database.query
        self._transaction = database.transaction

    def set_absent(self, photo_ids: Iterable[int], now: int) -> None:
        """Note, inside of a transaction, the photos that a full scan which ended at `now` did not list."""
        self._query("DELETE FROM absences")
        self._database.query_many(
            "INSERT INTO absences VALUES (?, ?)", [(photo_id, now) for photo_id in photo_ids]
        )

    def clear_absent(self, photo_ids: Iterable[int]) -> None:
        """Note, inside of a transaction, that photos are listed."""
        self._database.query_many(
            "DELETE FROM absences WHERE photo_id = ?", [(photo_id,) for photo_id in photo_ids]
        )

    def count_absent(self) -> int:
        """Return how many photos were not listed by a full scan and are still to be asked for."""
        return int(self._query("SELECT count(*) FROM absences").fetchone()[0])

    def to_verify(self, limit: int, *, gone: bool) -> list[str]:
        """Return the ids of up to `limit` absent photos and, where `gone`, of those marked as gone, in this order."""
        rows = self._query("SELECT photo_id FROM absences LIMIT ?", (limit,)).fetchall()
        if gone:
            rows += self._query(
                "SELECT id FROM photos WHERE gone IS NOT NULL LIMIT ?", (limit - len(rows),)
            ).fetchall()
        return [str(row[0]) for row in rows]

    def mark_found(self, photo_id: str) -> bool:
        """Note that Flickr has a photo; return whether it was marked as gone, and is to be mirrored again."""
        with self._transaction():
            self.clear_absent([int(photo_id)])
            return bool(
                self._query(
                    "UPDATE photos SET gone = NULL, revision = revision + 1,"
                    f" image_status = iif(image_status = {int(Status.GONE)}, 0, image_status),"
                    f" info_status = iif(info_status = {int(Status.GONE)}, 1, info_status)"
                    " WHERE id = ? AND gone IS NOT NULL",
                    (photo_id,),
                ).rowcount
            )

    def mark_gone(self, photo_id: str, now: int) -> bool:
        """Mark a photo as gone since `now`; return whether it was not yet.

        What of it was not mirrored yet is not to be done any more, and is not a failure.
        """
        unfinished = f"NOT IN ({int(Status.DONE)}, {int(Status.GONE)}, {int(Status.FORGOTTEN)})"
        with self._transaction():
            self.clear_absent([int(photo_id)])
            is_new = self._query(
                f"UPDATE photos SET gone = ?, revision = revision + 1,"
                f" image_status = iif(image_status {unfinished}, 7, image_status),"
                f" info_status = iif(info_status {unfinished}, 7, info_status) WHERE id = ? AND gone IS NULL",
                (now, photo_id),
            ).rowcount
            self._query("DELETE FROM failures WHERE photo_id = ?", (photo_id,))
        return bool(is_new)

    def ids(self, limit: int) -> list[str]:
        """Return the ids of up to `limit` photos that are gone."""
        rows = self._query("SELECT id FROM photos WHERE gone IS NOT NULL LIMIT ?", (limit,))
        return [str(row[0]) for row in rows]

    def begin_deletion(self, photo_ids: Iterable[str]) -> None:
        """Note, in one step, that files of these photos may not be in the mirror any more."""
        with self._transaction():
            self._database.query_many(
                f"UPDATE photos SET image_status = {int(Status.GONE)}, info_status = {int(Status.GONE)} WHERE id = ?"
                f" AND image_status <> {int(Status.FORGOTTEN)}",
                [(photo_id,) for photo_id in photo_ids],
            )

    def delete(self, photo_ids: Iterable[str]) -> None:
        """Forget photos altogether, in one step; one that is listed again will be new."""
        ids = [(photo_id,) for photo_id in photo_ids]
        with self._transaction():
            for (photo_id,) in ids:
                self._files.delete(photo_id)
            self._database.query_many("DELETE FROM failures WHERE photo_id = ?", ids)
            self._database.query_many("DELETE FROM listed WHERE id = ?", ids)
            self._database.query_many("DELETE FROM photos WHERE id = ?", ids)
