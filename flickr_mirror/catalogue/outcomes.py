"""The outcomes of the photos on the work list: done, failed, unavailable or still processed by Flickr.

A listing can show a photo changed while a worker has it. Most changes here therefore apply only if the row still has
the `revision` that the worker was given: otherwise the result is outdated, and the photo stays on the work list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.catalogue.row_encoding import reduced_text
from flickr_mirror.catalogue.rows import NOT_STALE, STATUS_COLUMNS, Stale, Status
from flickr_mirror.models.job_kinds import DETAIL_KEYS, JobKind
from flickr_mirror.models.sizes import SizeEvidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.details import Details
    from flickr_mirror.catalogue.files import Files
    from flickr_mirror.catalogue.refetches import Refetches
    from flickr_mirror.catalogue.rows import StoredFile, StoredPhoto
    from flickr_mirror.catalogue.size_evidence import SizeEvidenceStore
    from flickr_mirror.models.sizes import FlickrPhotoSize, Reduced


class Outcomes:
    """Records the outcomes of jobs. Call its methods inside of a transaction, many in one."""

    def __init__(
        self,
        database: Database,
        files: Files,
        refetches: Refetches,
        sizes: SizeEvidenceStore,
        details: Details,
    ) -> None:
        self._query = database.query
        self._files = files
        self._refetches = refetches
        self._sizes = sizes
        self._details = details

    def set_best_size(self, stored: StoredPhoto, size: FlickrPhotoSize) -> None:
        """Record the best size of a photo, which was requested from Flickr."""
        now = (stored.photo.id, stored.revision)
        row = self._query("SELECT size_label FROM photos WHERE id = ? AND revision = ?", now).fetchone()
        # A sidecar that was written without this size is written again.
        self._query(
            "UPDATE photos SET info_status = iif(info_status = 0 OR info_status = 2 AND (NOT proof OR"
            " (size_label, width, height) IS NOT (?, ?, ?)), 1, info_status), size_label = ?, width = ?,"
            " height = ?, url = ?, proof = ?, image_status = iif(video OR image_status <> 0, image_status, 1)"
            " WHERE id = ? AND revision = ?",
            (*(size.label, size.width, size.height) * 2, size.url, SizeEvidence.ASKED, *now),
        )
        if row and row[0]:
            self._sizes.add_answer(row[0], is_confirmed=row[0] == size.label)

    def mark_image_done(
        self,
        stored: StoredPhoto,
        files: Iterable[StoredFile],
        *,
        reduced: Mapping[str, Reduced] | None = None,
        is_due_soon: bool = True,
        partly: str = "",
        ready: bool = True,
        now: int = 0,
    ) -> None:
        """Record the files of a photo that are durable at `now`.

        `reduced` names the files that are mirrored in place of better ones, and `is_due_soon` is whether the better
        ones are looked for before the next full scan. `partly` is the reason why the film of a video is missing,
        `ready` whether Flickr has processed the photo.
        """
        noted = [self._files.put(stored.photo.id, file) for file in files]
        is_damaged = any(file.is_damaged for file in noted)
        self._refetches.record(
            stored, reduced or {}, is_damaged=is_damaged, is_due_soon=is_due_soon or is_damaged, now=now
        )
        if stored.stale & Stale.IMAGE:
            self._files.clear_replacements(stored.photo.id)
        if not ready:
            self.mark_not_ready(stored)
            return
        if partly:
            self.mark_unavailable(stored, JobKind.IMAGE, partly)
            return
        self._query(
            "UPDATE photos SET image_status = 2, info_status = iif(info_status = 0, 1, info_status),"
            f" stale = stale & ~{int(Stale.IMAGE)} WHERE id = ?"
            # a change of its texts does not outdate the image
            f" AND (revision = ? OR NOT stale & {int(Stale.IMAGE)})",
            (stored.photo.id, stored.revision),
        )
        self._delete_failure(stored.photo.id, JobKind.IMAGE)

    def mark_info_done(self, stored: StoredPhoto, level: int, *, stale: Stale = NOT_STALE) -> None:
        """Record that the sidecar of a photo is on disk, at this level; `stale` names its outdated parts."""
        self._query(
            "UPDATE photos SET info_level = ?,"
            f" stale = stale & {int(Stale.IMAGE)} | ?,"
            # a size that was settled meanwhile is not in the file yet
            " info_status = iif((size_label, width, height, proof > 0, reduced) IS (?, ?, ?, ?, ?), 2, 1)"
            " WHERE id = ? AND revision = ?",
            (
                level,
                stale & Stale.COMMENTS,
                *((size.label, size.width, size.height) if (size := stored.size) else (None, None, None)),
                stored.proof > 0,
                reduced_text(stored.reduced),
                stored.photo.id,
                stored.revision,
            ),
        )
        self._delete_failure(stored.photo.id, JobKind.INFO)

    def _delete_failure(self, photo_id: str, job: str) -> None:
        self._query("DELETE FROM failures WHERE photo_id = ? AND job = ?", (photo_id, job))

    def mark_failed(self, stored: StoredPhoto, job: str, reason: str) -> None:
        """Record a failure that is tried again, at the end of this run or by a later one."""
        self._fail(stored, job, reason, Status.RETRY)

    def mark_unavailable(self, stored: StoredPhoto, job: str, reason: str) -> None:
        """Record a failure that lasts until something changes at Flickr."""
        self._fail(stored, job, reason, Status.UNAVAILABLE)

    def mark_refused(self, stored: StoredPhoto, job: str, reason: str) -> None:
        """Record that a server refuses a photo: as a failure at first, as unavailable if it did in an earlier run."""
        (runs,) = self._query(
            "SELECT total(runs) FROM failures WHERE photo_id = ? AND job = ?", (stored.photo.id, job)
        ).fetchone()
        self._fail(stored, job, reason, Status.UNAVAILABLE if runs else Status.RETRY)

    def mark_not_ready(self, stored: StoredPhoto) -> None:
        """Record that Flickr is still processing a photo; the next run tries again."""
        self._query(
            f"UPDATE photos SET image_status = {int(Status.NOT_READY)} WHERE id = ? AND revision = ?",
            (stored.photo.id, stored.revision),
        )

    def _fail(self, stored: StoredPhoto, job: str, reason: str, status: Status) -> None:
        photo_id = stored.photo.id
        if job in DETAIL_KEYS:
            is_changed = self._details.set_status(photo_id, job, status)
        else:
            is_changed = bool(
                self._query(
                    f"UPDATE photos SET {STATUS_COLUMNS[job]} = ? WHERE id = ? AND revision = ?",
                    (status, photo_id, stored.revision),
                ).rowcount
            )
        if not is_changed:
            return
        if job == JobKind.IMAGE:  # the sidecar no longer waits for a size that does not come
            self._query("UPDATE photos SET info_status = 1 WHERE id = ? AND info_status = 0", (photo_id,))
        self._query(
            "INSERT INTO failures VALUES (?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET reason = excluded.reason",
            (photo_id, job, reason),
        )
