"""The files of a mirror as they were written: their sizes, their hashes, and notes on damaged or unusual ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.rows import Status, StoredFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.scope import Scope

KINDS = ("image", "info", "video")
_KINDS = "kind IN ('broken', 'image', 'info', 'video')"
_REQUEUED = -1
"""The size of a file that must be fetched or written again."""
_STATUS = "iif(kind = 'info', info_status, image_status)"
_PENDING = "0, 1, 3"
"""Photos in these states can have a newer file than the catalogue knows, from a run that was killed."""


class Files:
    """The table of the files on disk. Call methods that change it inside of a transaction."""

    def __init__(self, database: Database, scope: Scope) -> None:
        self._query = database.query
        self._scope = scope

    def put(self, photo_id: str, file: StoredFile) -> StoredFile:
        """Record a file that is durable, and return it as it was recorded.

        If its bytes are those that were found broken before, Flickr serves them like this, and the file gets
        their note.
        """
        key = (photo_id, file.kind)
        (note,) = self._query(
            "INSERT OR REPLACE INTO files (photo_id, kind, extension, bytes, sha256, e_tag, note)"
            " VALUES (?, ?, ?, ?, ?, ?, coalesce((SELECT note FROM files WHERE kind = 'broken' AND photo_id = ?"
            " AND sha256 = ?), ?)) RETURNING note",
            (*key, file.extension, file.size, file.sha256, file.e_tag, photo_id, file.sha256, file.note),
        ).fetchone()
        return replace(file, note=note)

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yield the photo, the kind and the extension of each file that is on disk."""
        for photo_id, kind, extension in self._query(
            "SELECT photo_id, kind, extension FROM files WHERE kind IN ('image', 'info', 'video') AND bytes >= 0"
        ):
            yield str(photo_id), kind, extension

    def of(self, photo_id: str) -> list[StoredFile]:
        """Return the image and the film of a photo that are on disk."""
        rows = self._query(
            "SELECT kind, extension, bytes, sha256, note, e_tag FROM files WHERE kind IN ('image', 'video')"
            " AND photo_id = ?",
            (photo_id,),
        )
        return [StoredFile(*row) for row in rows]

    def set_replacement(self, photo_id: str, kind: str, sha256: bytes) -> None:
        """Record the bytes that are about to replace a file of this kind.

        If the run is killed after the rename, the next run recognizes the new file by this hash.
        """
        self._query("INSERT OR REPLACE INTO arrivals VALUES (?, ?, ?)", (photo_id, kind, sha256))

    def replacement(self, photo_id: str, kind: str) -> bytes | None:
        """Return the SHA-256 of the bytes that were about to replace a file of this kind, if any."""
        row = self._query(
            "SELECT sha256 FROM arrivals WHERE photo_id = ? AND kind = ?", (photo_id, kind)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def clear_replacements(self, photo_id: str) -> None:
        """Delete the hashes of files that were about to replace those of a photo."""
        self._query("DELETE FROM arrivals WHERE photo_id = ?", (photo_id,))

    def page(
        self,
        after: tuple[str, int],
        limit: int,
        *,
        kinds: Collection[str] = KINDS,
        part: tuple[int, int] = (1, 1),
    ) -> list[tuple[int, bool, StoredFile]]:
        """Return up to `limit` files that follow `after`, a kind and a photo id, in this order.

        Each comes with the id of its photo, and whether Flickr no longer has it. `part` is (i, n) for the i-th of n
        parts of about the same number of photos; each photo is always in the same part.
        """
        condition, parameters = _selected(kinds, part)
        rows = self._query(
            f"SELECT photo_id, gone IS NOT NULL OR {_STATUS} = {int(Status.UNAVAILABLE)}, kind, extension, bytes,"
            " sha256, note, e_tag FROM files"
            f" JOIN photos ON id = photo_id WHERE {condition} AND {self._scope.window}"
            " AND (kind, photo_id) > (?, ?)"
            " ORDER BY kind, photo_id LIMIT ?",
            (*parameters, *after, limit),
        )
        return [(row[0], bool(row[1]), StoredFile(*row[2:])) for row in rows]

    def count(self, *, kinds: Collection[str] = KINDS, part: tuple[int, int] = (1, 1)) -> int:
        """Return how many files `page` returns in all."""
        condition, parameters = _selected(kinds, part)
        row = self._query(
            f"SELECT count(*) FROM files JOIN photos ON id = photo_id"
            f" WHERE {condition} AND {self._scope.window}",
            parameters,
        ).fetchone()
        return int(row[0])

    def count_requeued(self) -> int:
        """Return how many files were found broken or missing, and were not fetched or written again yet."""
        row = self._query(f"SELECT count(*) FROM files WHERE bytes = {_REQUEUED}").fetchone()
        return int(row[0])

    def requeue(self, photo_id: str, kind: str, *, seen: tuple[bytes, str] | None = None) -> None:
        """Put a photo whose file of this kind is broken or missing back on the work list.

        `seen` is the hash of a broken file and its defect. If Flickr serves these bytes again, they are
        accepted.
        """
        self._query("UPDATE files SET bytes = ? WHERE kind = ? AND photo_id = ?", (_REQUEUED, kind, photo_id))
        if seen is not None:
            self._query(
                "INSERT OR REPLACE INTO files (photo_id, kind, extension, bytes, sha256, note)"
                " VALUES (?, 'broken', '', 0, ?, ?)",
                (photo_id, *seen),
            )
        change = "info_status = 1" if kind == "info" else "image_status = iif(proof AND NOT video, 1, 0)"
        self._query(f"UPDATE photos SET {change} WHERE id = ?", (photo_id,))

    def delete(self, photo_id: str) -> None:
        """Delete all rows on files of a photo."""
        self.clear_replacements(photo_id)
        self._query(f"DELETE FROM files WHERE {_KINDS} AND photo_id = ?", (photo_id,))


def _selected(kinds: Collection[str], part: tuple[int, int]) -> tuple[str, list[Any]]:
    marks = ", ".join("?" * len(kinds))
    number, count = part
    state = f"{_STATUS} NOT IN ({_PENDING})"
    # All ids of an owner can be multiples of one number. Hashing spreads them over the parts.
    share = "photo_id % 1000003 * 48271 % 1000003 % ? = ?"
    # a run that was killed while it added details may have written a newer sidecar
    written = (
        "NOT (kind = 'info' AND EXISTS (SELECT 1 FROM details WHERE details.photo_id = id AND status = 0))"
    )
    return f"kind IN ({marks}) AND {state} AND {written} AND {share}", [*kinds, count, number - 1]
