"""The work list: which photos of the catalogue still need an image or a sidecar.

There is no queue that could be lost. The rows of the photos are the work list: the same queries find new photos,
photos that an interrupted run left, failures that are due and files that lack something that a run requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.details import STATUS_OF_JOB
from flickr_mirror.catalogue.row_encoding import STORED, stored_photo
from flickr_mirror.catalogue.rows import STATUS_COLUMNS, Status
from flickr_mirror.models.job_kinds import DETAIL_KEYS, JobKind
from flickr_mirror.models.options import COMMENTS_LEVEL

if TYPE_CHECKING:
    from collections.abc import Collection

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.details import Details
    from flickr_mirror.catalogue.refetches import Refetches
    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.catalogue.scope import Scope
    from flickr_mirror.catalogue.size_evidence import SizeEvidenceStore

RETRY_AFTER = (3600, 86_400, 7 * 86_400)
"""Seconds until a photo that failed is due again: after its first failed run, its second, and each later one."""

_FETCH_OR_ASK = "iif(proof AND NOT video, 1, 0)"
_FAILING = "id IN (SELECT photo_id FROM failures)"


class WorkList:
    """The photos that a run works on, limited to its `Scope`."""

    def __init__(
        self,
        database: Database,
        scope: Scope,
        refetches: Refetches,
        sizes: SizeEvidenceStore,
        details: Details,
    ) -> None:
        self._database = database
        self._query = database.query
        self._scope = scope
        self._refetches = refetches
        self._sizes = sizes
        self._details = details
        self._images = True

    # A run

    def begin_run(self, now: int, *, images: bool, info_level: int | None) -> None:
        """Put on the work list what is due at `now`, and photos without the images or the level that is requested.

        `info_level` is `None` if no sidecars are requested. Failures of a run that was interrupted wait for the
        end of this run, so that photos that cannot be fetched do not delay the others.
        """
        self._images = images
        with self._database.transaction():
            self._requeue_due(now)
            # Failures that an earlier run found to be permanent are known, and not reported as new again.
            self._query(
                f"UPDATE failures SET runs = 1 WHERE runs = 0 AND 5 = (SELECT {STATUS_OF_JOB} FROM photos"
                " WHERE id = failures.photo_id)"
            )
            if info_level is not None:
                self._requeue_infos("info_level < ?", info_level)
            if info_level == COMMENTS_LEVEL:
                self._requeue_infos("stale & 1 AND info_level = ?", info_level)
            # A sidecar waits until the best size is settled, unless no images are requested.
            waiting, pending = (1, 0) if images else (0, 1)
            self._query(
                f"UPDATE photos SET info_status = {pending} WHERE info_status = {waiting} AND image_status = 0"
                f" AND {self._scope.window}"
            )

    def _requeue_due(self, now: int) -> None:
        """Put failures, photos in processing and refetches that are due back on the work list."""
        window = self._scope.window
        # A due time beyond the longest delay was written while the clock was wrong: it counts as due.
        latest = now + RETRY_AFTER[-1]
        due = "id IN (SELECT photo_id FROM failures WHERE job = ? AND runs AND (due <= ? OR due > ?))"
        self._query(
            f"UPDATE photos SET image_status = {_FETCH_OR_ASK} WHERE image_status IN (3, 4) AND {due}"
            f" AND {window}",
            (JobKind.IMAGE, now, latest),
        )
        self._query(
            f"UPDATE photos SET info_status = 1 WHERE info_status IN (3, 4) AND {due} AND {window}",
            (JobKind.INFO, now, latest),
        )
        self._details.requeue_due(now, latest)
        self._query(f"UPDATE photos SET image_status = 0 WHERE image_status = 6 AND {window}")
        self._refetches.requeue_due(now, window)

    def _requeue_infos(self, condition: str, level: int) -> None:
        self._query(
            f"UPDATE photos SET info_status = 1 WHERE info_status = 2 AND {condition} AND gone IS NULL"
            f" AND {self._scope.window}",
            (level,),
        )

    def recheck_sizes(self) -> int:
        """Settle the sizes that the whole listing proves; return how many Flickr must still be asked for."""
        with self._database.transaction():
            self._sizes.settle_proved()
        left = f"SELECT count(*) FROM photos WHERE image_status = 0 AND {self._scope.window}"
        return int(self._query(left).fetchone()[0])

    def requeue(self, job: str) -> int:
        """Put what failed for a job in this run back on the work list; return the number of photos."""
        if job in DETAIL_KEYS:
            with self._database.transaction():
                return self._details.requeue(job)
        pending = {JobKind.IMAGE: _FETCH_OR_ASK, JobKind.INFO: str(int(Status.PENDING))}[JobKind(job)]
        column = STATUS_COLUMNS[JobKind(job)]
        with self._database.transaction():
            return self._query(
                f"UPDATE photos SET {column} = {pending} WHERE {column} = {int(Status.RETRY)} AND {_FAILING}"
                f" AND {self._scope.open}"
            ).rowcount

    def end_run(self, now: int) -> None:
        """Schedule what still fails for later runs."""
        with self._database.transaction():
            self._details.end_run(lambda runs: now + RETRY_AFTER[min(runs, len(RETRY_AFTER) - 1)])
            for job, column in STATUS_COLUMNS.items():
                rows = self._query(
                    "SELECT id, runs FROM photos JOIN failures ON id = photo_id AND job = ?"
                    f" WHERE {column} = 3 AND {self._scope.open}",
                    (job,),
                ).fetchall()
                for photo_id, runs in rows:
                    due = now + RETRY_AFTER[min(runs, len(RETRY_AFTER) - 1)]
                    self._query(
                        "UPDATE failures SET runs = runs + 1, due = ? WHERE photo_id = ? AND job = ?",
                        (due, photo_id, job),
                    )
                self._query(
                    f"UPDATE photos SET {column} = 4 WHERE {column} = 3 AND {_FAILING} AND {self._scope.open}"
                )

    # Photos to work on

    def images_to_fetch(self, **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        """Return photos whose best size is settled and whose image is missing; see `_page`."""
        return self._page("image_status = 1", **page)

    def sizes_to_resolve(self, *, videos_only: bool = False, **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        """Return photos whose best size must be requested; see `_page`."""
        return self._page("image_status = 0 AND video" if videos_only else "image_status = 0", **page)

    def infos_to_write(self, **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        """Return photos whose sidecar is missing or has too low a level; see `_page`."""
        return self._page("info_status = 1", **page)

    def _page(
        self, condition: str, *, newest_first: bool, frontier: int | None, busy: Collection[str], limit: int
    ) -> list[StoredPhoto]:
        """Return up to `limit` photos, in order, without the `busy` ones.

        `frontier` is how far the listing has come. Photos uploaded at that time or beyond it are left out, because
        photos that come before them may not be listed yet.
        """
        beyond = "" if frontier is None else f"AND uploaded {'>' if newest_first else '<'} {int(frontier)}"
        order = "DESC" if newest_first else "ASC"
        rows = self._query(
            f"SELECT {STORED} FROM photos JOIN listed USING (id) WHERE {condition} AND {self._scope.open} {beyond}"
            f" ORDER BY uploaded {order}, id {order} LIMIT ?",
            (limit + len(busy),),
        ).fetchall()
        with self._database.reading():
            free = [stored_photo(row) for row in rows if str(row[0]) not in busy]
        return self._scope.admit(free[:limit])

    def has_work(self, job: str) -> bool:
        """Return whether photos for a job are on the work list, including those that are being worked on."""
        if job in DETAIL_KEYS:
            return self._details.has_work(JobKind(job), images=self._images)
        conditions: dict[str, tuple[str, str]] = {
            JobKind.IMAGE: ("image_status = 0", "image_status = 1"),
            JobKind.INFO: ("info_status = 1", "image_status = 0 AND info_status = 0"),
        }
        return any(self._is_any(f"{condition} AND {self._scope.open}") for condition in conditions[job])

    def is_unfinished(self, *, images: bool, info: bool, details: Collection[JobKind] = ()) -> bool:
        """Return whether a run that ended early leaves photos to the next one, including those that failed once."""
        if any(self._details.is_unfinished(kind, images=images) for kind in details):
            return True
        return (images and self._is_any(f"image_status IN (0, 1, 3) AND {self._scope.window}")) or (
            info and self._is_any(f"info_status IN (1, 3) AND {self._scope.window}")
        )

    def _is_any(self, condition: str) -> bool:
        return self._query(f"SELECT 1 FROM photos WHERE {condition} LIMIT 1").fetchone() is not None
