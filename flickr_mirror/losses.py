"""The photos that are gone from a photostream, in the database of a catalogue: marked, and forgotten by request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.records import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.database import Database
    from flickr_mirror.files import Files


class Losses:
    """The photos that a full scan did not find any more.

    A part of the catalogue, like which it blocks. Every method raises `CatalogueError` or `CacheFullError`
    where SQLite fails.
    """

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files
        self._query = database.query
        self._transaction = database.transaction

    def mark(self, photo_ids: Iterable[str], now: int) -> None:
        """Mark photos as gone since `now`; to be called inside of a transaction.

        What of them was not mirrored yet is no work any more, and no failure.
        """
        unfinished = f"NOT IN ({int(Status.DONE)}, {int(Status.GONE)})"
        for photo_id in photo_ids:
            self._query(
                f"UPDATE photos SET gone = ?, revision = revision + 1,"
                f" image_status = iif(image_status {unfinished}, 7, image_status),"
                f" info_status = iif(info_status {unfinished}, 7, info_status) WHERE id = ?",
                (now, photo_id),
            )
            self._query("DELETE FROM failures WHERE photo_id = ?", (photo_id,))

    def gone(self, limit: int) -> list[str]:
        """Return the ids of up to `limit` photos that are gone."""
        rows = self._query("SELECT id FROM photos WHERE gone IS NOT NULL LIMIT ?", (limit,))
        return [str(row[0]) for row in rows]

    def begin_to_forget(self, photo_ids: Iterable[str]) -> None:
        """Note, in one step, that files of these photos may not be in the mirror any more."""
        with self._transaction():
            self._database.query_many(
                f"UPDATE photos SET image_status = {int(Status.GONE)}, info_status = {int(Status.GONE)} WHERE id = ?",
                [(photo_id,) for photo_id in photo_ids],
            )

    def forget(self, photo_ids: Iterable[str]) -> None:
        """Forget photos altogether, in one step; one that is listed again will be new."""
        ids = [(photo_id,) for photo_id in photo_ids]
        with self._transaction():
            for (photo_id,) in ids:
                self._files.forget(photo_id)
            self._database.query_many("DELETE FROM failures WHERE photo_id = ?", ids)
            self._database.query_many("DELETE FROM listed WHERE id = ?", ids)
            self._database.query_many("DELETE FROM photos WHERE id = ?", ids)
