"""The details of photos that need a call for each one: notes, faves, EXIF. Which are fetched and which are left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.catalogue.row_encoding import STORED, stored_photo
from flickr_mirror.catalogue.rows import Status
from flickr_mirror.models.job_kinds import DETAIL_KEYS, JobKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.catalogue.scope import Scope

STATUS_OF_JOB = (
    "CASE job WHEN 'image' THEN image_status WHEN 'info' THEN info_status"
    " ELSE (SELECT status FROM details WHERE details.kind = job AND details.photo_id = photos.id) END"
)
"""The status of the job of a row of `failures` joined with `photos`."""
_FAVES = "json_extract(facts, '$.faves')"
_IS_ORIGINAL = "ifnull(size_label, '') = 'Original' AND reduced IS NULL"
_HAS_ORIGINAL = {True: f"{_IS_ORIGINAL} AND image_status <> 5", False: f"{_IS_ORIGINAL} AND image_status = 2"}
"""Photos whose original is mirrored, or will be in a run with images (`True`)."""


class _Kind(NamedTuple):
    """SQL about one kind: which photos have such details, the calls for one, and what changes when they change."""

    exists: str
    calls: str
    version: str
    is_outdated: str


_KINDS = {
    JobKind.NOTES: _Kind(
        "TRUE",
        "1",
        "json_extract(facts, '$.updated')",
        "json_extract(facts, '$.updated') > CAST(version AS INTEGER)",
    ),
    JobKind.FAVES: _Kind(
        # those whose last one was taken back, too
        f"({_FAVES} IS NOT 0 OR id IN (SELECT photo_id FROM details WHERE kind = 'faves' AND count))",
        f"max(1, (ifnull({_FAVES}, 1) + 49) / 50)",
        _FAVES,
        f"{_FAVES} <> CAST(version AS INTEGER)",
    ),
    # the camera's data change only with the image, and then its secret changes
    JobKind.EXIF: _Kind(
        "NOT video",
        "1",
        "json_extract(facts, '$.secret')",
        "json_extract(facts, '$.secret') <> version",
    ),
}


class Details:
    """The table `details`: a row for each photo and kind that was requested. The content is in the sidecars.

    Call the methods about outcomes inside of a transaction.
    """

    def __init__(self, database: Database, scope: Scope) -> None:
        self._database = database
        self._query = database.query
        self._scope = scope

    def is_known(self, photo_id: str, kind: JobKind) -> bool:
        """Return whether a photo was ever on the work list of this kind. If not, its sidecar has no such details."""
        query = "SELECT 1 FROM details WHERE photo_id = ? AND kind = ?"
        return self._query(query, (int(photo_id), kind)).fetchone() is not None

    def plan(self, kinds: Iterable[JobKind], *, images: bool) -> None:
        """Put photos on the work list that lack details of these kinds, or whose details are outdated.

        `images` is whether images are mirrored too: then EXIF of a photo is left out if its original is expected.
        """
        with self._database.transaction():
            for kind in kinds:
                of_kind = _KINDS[kind]
                self._query(
                    f"INSERT OR IGNORE INTO details (photo_id, kind, status) SELECT id, ?, 1 FROM photos"
                    f" JOIN listed USING (id) WHERE {self._needed(kind, images=images)}",
                    (kind,),
                )
                version = f"(SELECT {of_kind.version} FROM listed WHERE id = photo_id)"
                # details that were restored from a sidecar, which does not state all versions
                self._query(
                    f"UPDATE details SET version = {version} WHERE kind = ? AND status = 2 AND version IS NULL",
                    (kind,),
                )
                self._query(
                    f"UPDATE details SET status = 1 WHERE kind = ? AND status IN (2, 5) AND photo_id IN"
                    f" (SELECT id FROM photos JOIN listed USING (id) WHERE {self._needed(kind, images=images)}"
                    f" AND details.photo_id = id AND {of_kind.is_outdated})",
                    (kind,),
                )

    def to_fetch(
        self,
        kind: JobKind,
        *,
        images: bool,
        newest_first: bool,
        busy: Collection[str],
        limit: int,
        **_: object,
    ) -> list[StoredPhoto]:
        """Return up to `limit` photos, in order, whose sidecar is on disk and lacks the details of this kind."""
        direction = "DESC" if newest_first else "ASC"
        order = f"ORDER BY uploaded {direction}, id {direction}"
        rows = self._query(
            f"SELECT {STORED} FROM photos JOIN listed USING (id) WHERE id IN"
            f" (SELECT id FROM {self._pending(kind, images=images)} {order} LIMIT ?) {order}",
            (limit + len(busy),),
        ).fetchall()
        with self._database.reading():
            free = [stored_photo(row) for row in rows if str(row[0]) not in busy]
        return self._scope.admit(free[:limit])

    def has_work(self, kind: JobKind, *, images: bool) -> bool:
        """Return whether photos are on the work list of this kind, including those that are being worked on."""
        return (
            self._query(f"SELECT 1 FROM {self._pending(kind, images=images)} LIMIT 1").fetchone() is not None
        )

    def _needed(self, kind: JobKind, *, images: bool) -> str:
        """Return the condition for photos that have details of this kind which a run should fetch."""
        return f"{_KINDS[kind].exists} AND {_is_open(kind, images=images)} AND {self._scope.window}"

    def _pending(self, kind: JobKind, *, images: bool) -> str:
        settled = " AND image_status NOT IN (0, 1)" if kind is JobKind.EXIF and images else ""
        return (
            "details JOIN photos ON id = photo_id"
            f" WHERE details.kind = '{kind}' AND details.status < 2 AND info_status = 2{settled}"
            f" AND {_is_open(kind, images=images)} AND {self._scope.open}"
        )

    def lacking(self, kind: JobKind, *, images: bool) -> str:
        """Return the condition for photos whose details of this kind are left to fetch now, planned or not."""
        return (
            f"({self._needed(kind, images=images)} AND NOT EXISTS (SELECT 1 FROM details WHERE photo_id = id"
            f" AND details.kind = '{kind}' AND status NOT IN (0, 1, 3)"
            f" AND NOT (status IN (2, 5) AND ifnull({_KINDS[kind].is_outdated}, 0))))"
        )

    def left(self, kinds: Iterable[JobKind], *, images: bool) -> tuple[int, int]:
        """Return how many details of these kinds are left to fetch, and how many calls that takes."""
        found = calls = 0
        for kind in kinds:
            row = self._query(
                f"SELECT count(*), total({_KINDS[kind].calls}) FROM photos JOIN listed USING (id)"
                f" WHERE {self.lacking(kind, images=images)}"
            ).fetchone()
            found, calls = found + int(row[0]), calls + int(row[1])
        return found, calls

    # A run

    def requeue_due(self, now: int, latest: int) -> None:
        """Put failures that are due at `now` back on the work list; a time after `latest` is wrong: it is due."""
        self._query(
            "UPDATE details SET status = 1 WHERE status IN (3, 4) AND EXISTS (SELECT 1 FROM failures"
            " WHERE failures.photo_id = details.photo_id AND job = kind AND runs AND (due <= ? OR due > ?))"
            f" AND photo_id IN (SELECT id FROM photos WHERE {self._scope.window})",
            (now, latest),
        )

    def requeue(self, kind: str) -> int:
        """Put what failed in this run back on the work list; return the number of photos."""
        return self._query(
            f"UPDATE details SET status = 1 WHERE kind = ? AND status = 3 AND {self._in_scope}", (kind,)
        ).rowcount

    def end_run(self, due: Callable[[int], int]) -> None:
        """Schedule what still fails; `due` returns the next time for a number of failed runs."""
        failed = (
            "FROM details JOIN failures ON failures.photo_id = details.photo_id AND job = kind"
            f" WHERE status = 3 AND details.{self._in_scope}"
        )
        for photo_id, kind, runs in self._query(f"SELECT details.photo_id, kind, runs {failed}").fetchall():
            self._query(
                "UPDATE failures SET runs = runs + 1, due = ? WHERE photo_id = ? AND job = ?",
                (due(runs), photo_id, kind),
            )
            self._query("UPDATE details SET status = 4 WHERE photo_id = ? AND kind = ?", (photo_id, kind))

    def is_unfinished(self, kind: JobKind, *, images: bool) -> bool:
        """Return whether a run that ended early leaves details of this kind to the next one."""
        return bool(
            self._query(
                f"SELECT 1 FROM photos JOIN listed USING (id) WHERE {self.lacking(kind, images=images)} LIMIT 1"
            ).fetchone()
        )

    @property
    def _in_scope(self) -> str:
        return f"photo_id IN (SELECT id FROM photos WHERE {self._scope.open})"

    # Outcomes

    def begin_writing(self, photo_id: str, kind: JobKind) -> None:
        """Record that the sidecar is about to be replaced: until `mark_done`, it may differ from the file as noted."""
        self._query(
            f"UPDATE details SET status = {int(Status.UNSETTLED)} WHERE kind = ? AND photo_id = ?",
            (kind, photo_id),
        )

    def mark_done(self, photo_id: str, kind: JobKind, *, count: int, now: int, version: int | None) -> None:
        """Record that details are in the sidecar: `count` entries at `now`; without a `version`, as listed."""
        self._query(
            "UPDATE details SET status = 2, count = ?, fetched = ?,"
            f" version = coalesce(?, (SELECT {_KINDS[kind].version} FROM listed WHERE id = photo_id))"
            " WHERE kind = ? AND photo_id = ?",
            (count, now, version, kind, photo_id),
        )
        self._query("DELETE FROM failures WHERE photo_id = ? AND job = ?", (photo_id, kind))

    def set_status(self, photo_id: str, kind: str, status: Status) -> bool:
        """Record a failure; return whether the photo is on the work list of this kind."""
        version = _KINDS[JobKind(kind)].version
        return bool(
            self._query(
                f"UPDATE details SET status = ?, version = (SELECT {version} FROM listed WHERE id = photo_id)"
                " WHERE kind = ? AND photo_id = ?",
                (status, kind, photo_id),
            ).rowcount
        )

    def keep_only(self, photo_id: str, keys: Collection[str]) -> None:
        """Put details back on the work list that are not among the `keys` of a sidecar that was written."""
        for kind, key in DETAIL_KEYS.items():
            if key not in keys:
                self._query(
                    "UPDATE details SET status = 1 WHERE kind = ? AND photo_id = ? AND status = 2",
                    (kind, photo_id),
                )

    def restore(self, photo_id: str, versions: Iterable[tuple[JobKind, int, int | None]]) -> None:
        """Insert the details that a sidecar has: their kinds, their numbers of entries, and versions."""
        for kind, count, version in versions:
            self._query(
                "INSERT OR IGNORE INTO details (photo_id, kind, status, count, version) VALUES (?, ?, 2, ?, ?)",
                (photo_id, kind, count, version),
            )

    def reset(self, photo_id: str) -> None:
        """Put what failed back on the work list, because the failures of a photo are deleted."""
        self._query("UPDATE details SET status = 1 WHERE photo_id = ? AND status <> 2", (photo_id,))

    def delete(self, photo_id: str) -> None:
        """Delete all rows on details of a photo."""
        self._query("DELETE FROM details WHERE photo_id = ?", (photo_id,))


def _is_open(kind: JobKind, *, images: bool) -> str:
    """Return the condition for rows of `photos` that may need details of this kind."""
    condition = f"gone IS NULL AND image_status <> {int(Status.FORGOTTEN)}"
    return f"{condition} AND NOT ({_HAS_ORIGINAL[images]})" if kind is JobKind.EXIF else condition
