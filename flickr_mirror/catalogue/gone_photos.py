"""The photos that are gone from a photostream, and the absent ones, which may be gone.

A photo that a full scan does not list need not be gone: the page can be short, or the owner can have changed the upload
date. So each absent photo is verified with one call before it is marked as gone. A photo that another login has listed
can have become private: only that login, or the owner's, can mark it as gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.catalogue.callers import VISITOR
from flickr_mirror.catalogue.rows import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.details import Details
    from flickr_mirror.catalogue.files import Files

MAX_VERIFIED = 500
"""How many absent photos a run verifies at most, with one call each."""


class GonePhotos:
    """The photos that a full scan did not list, and those that Flickr confirmed to be gone."""

    def __init__(self, database: Database, callers: Callers, files: Files, details: Details) -> None:
        self._database = database
        self._callers = callers
        self._files = files
        self._details = details
        self._query = database.query
        self._transaction = database.transaction

    def set_absent(self, photo_ids: Iterable[int], now: int) -> None:
        """Record, inside of a transaction, the photos that a full scan that ended at `now` did not list."""
        caller = self._callers.bit
        self._query("DELETE FROM absences WHERE caller = ?", (caller,))
        self._database.query_many(
            "INSERT INTO absences VALUES (?, ?, ?)", [(caller, photo_id, now) for photo_id in photo_ids]
        )

    def clear_absent(self, photo_ids: Iterable[int]) -> None:
        """Record, inside of a transaction, that photos are not absent for any caller."""
        self._database.query_many(
            "DELETE FROM absences WHERE photo_id = ?", [(photo_id,) for photo_id in photo_ids]
        )

    def has_absent(self) -> bool:
        """Return whether any caller has absent photos that are not verified yet."""
        return self._query("SELECT 1 FROM absences LIMIT 1").fetchone() is not None

    def count_absent(self) -> int:
        """Return how many absent photos of the caller are not verified yet."""
        row = self._query("SELECT count(*) FROM absences WHERE caller = ?", (self._callers.bit,)).fetchone()
        return int(row[0])

    def to_verify(self, limit: int, *, gone: bool) -> list[str]:
        """Return the ids of up to `limit` absent photos, followed by those of `gone` photos if these are requested.

        Gone photos that another login has listed are left out.
        """
        rows = self._query(
            "SELECT photo_id FROM absences WHERE caller = ? LIMIT ?", (self._callers.bit, limit)
        ).fetchall()
        if gone:
            rows += self._query(
                f"SELECT id FROM photos WHERE gone IS NOT NULL AND NOT {self._callers.others} LIMIT ?",
                (limit - len(rows),),
            ).fetchall()
        return [str(row[0]) for row in rows]

    def mark_found(self, photo_id: str) -> bool:
        """Record that Flickr has a photo; return whether it was marked as gone, and must be mirrored again."""
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

    def leave_to_others(self, photo_id: str) -> bool:
        """Record that the caller does not see a photo any more if another login has listed it; return whether it has.

        The photo is then private or deleted, and only a run with that login can find out which.
        """
        with self._transaction():
            is_left = self._query(
                f"UPDATE photos SET callers = callers & ~{self._callers.bit | VISITOR}"
                f" WHERE id = ? AND gone IS NULL AND {self._callers.others}",
                (photo_id,),
            ).rowcount
            if is_left:
                self.clear_absent([int(photo_id)])
        return bool(is_left)

    def mark_gone(self, photo_id: str, now: int) -> bool:
        """Mark a photo as gone since `now`; return whether it was not marked before.

        A file that was not mirrored yet leaves the work list, and does not count as a failure.
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
            self._details.reset(photo_id)
        return bool(is_new)

    def ids(self, limit: int) -> list[str]:
        """Return the ids of up to `limit` gone photos."""
        rows = self._query("SELECT id FROM photos WHERE gone IS NOT NULL LIMIT ?", (limit,))
        return [str(row[0]) for row in rows]

    def begin_deletion(self, photo_ids: Iterable[str]) -> None:
        """Record, in one transaction, that files of these photos may no longer be in the mirror."""
        with self._transaction():
            self._database.query_many(
                f"UPDATE photos SET image_status = {int(Status.GONE)}, info_status = {int(Status.GONE)} WHERE id = ?"
                f" AND image_status <> {int(Status.FORGOTTEN)}",
                [(photo_id,) for photo_id in photo_ids],
            )

    def delete(self, photo_ids: Iterable[str]) -> None:
        """Delete photos in one transaction. A photo that is listed again will be new."""
        ids = [(photo_id,) for photo_id in photo_ids]
        with self._transaction():
            for (photo_id,) in ids:
                self._files.delete(photo_id)
                self._details.delete(photo_id)
            self._database.query_many("DELETE FROM failures WHERE photo_id = ?", ids)
            self._database.query_many("DELETE FROM imported WHERE photo_id = ?", ids)
            self._database.query_many("DELETE FROM listed WHERE id = ?", ids)
            self._database.query_many("DELETE FROM photos WHERE id = ?", ids)
