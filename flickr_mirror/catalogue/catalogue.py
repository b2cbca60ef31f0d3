"""The SQLite index of one mirror: its photos, what of them is done, what failed and why.

The rows are the work list: whatever is new, was interrupted, is due for another try or lacks something that
the run asks for is found by the same query. It blocks: event loops call it in a thread, one call at a time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from flickr_mirror.catalogue.database import Database
from flickr_mirror.catalogue.files import Files
from flickr_mirror.catalogue.forgotten import Forgotten
from flickr_mirror.catalogue.gone_photos import GonePhotos
from flickr_mirror.catalogue.listings import ListingStore
from flickr_mirror.catalogue.refetches import Refetches
from flickr_mirror.catalogue.rows import (
    NOT_STALE,
    STORED,
    Stale,
    Status,
    StoredFile,
    StoredPhoto,
    reduced_text,
    stored_photo,
)
from flickr_mirror.catalogue.scope import Scope
from flickr_mirror.catalogue.statistics import Statistics
from flickr_mirror.catalogue.value_checks import check
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.models.sizes import SAMPLE, FlickrPhotoSize, SizeEvidence, listing_proves

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from flickr_mirror.models.sizes import Reduced

RETRY_AFTER = (3600, 86_400, 7 * 86_400)
"""Seconds until a photo that failed in a run is due again: after its first, second, third and later run."""

_FETCH_OR_ASK = "iif(proof AND NOT video, 1, 0)"
_FAILING = "id IN (SELECT photo_id FROM failures)"


class Catalogue:
    """The index of one mirror. Every method raises `CatalogueError` or `CacheFullError` where SQLite fails.

    One that is opened `for_reading` changes nothing, and may be used while a run works.
    What is given out, counted and named is what the `selection` holds: at first everything.
    The methods that note what became of a photo are to be called inside of `transaction`, many at a time.
    """

    def __init__(self, path: Path, *, for_reading: bool = False) -> None:
        self._database = Database(path, for_reading=for_reading)
        self._query = self._database.query
        self.transaction = self._database.transaction
        self.check = partial(check, self._database)
        self.close = self._database.close
        self.note = self._database.note
        self.sync_commits = self._database.sync_commits
        self.text = self._database.text
        self.selection = Scope(self._database)
        self.files = Files(self._database, self.selection)
        self.losses = GonePhotos(self._database, self.files)
        self.forgotten = Forgotten(self._database, self.files)
        self._second_looks = Refetches(self._database)
        self.listing = ListingStore(
            self._database, self.files, self.losses, self.forgotten, self._second_looks
        )
        self.overview = Statistics(self._database, self.selection)
        self.counts = self.overview.counts
        self.failures = self.overview.failures

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_damaged(self) -> bool:
        """Whether a `CatalogueDamagedError` was raised."""
        return self._database.is_damaged

    def begin_run(self, now: int, *, images: bool, info_level: int | None) -> None:
        """Put back on the work list what is due at `now`, lacks the level asked for, or was waiting.

        What failed in a run that did not come to its end is tried at the end of this one, so that a few photos
        that cannot be had never hold up the rest.

        `info_level` is `None` where no information is asked for, `images` whether images are.
        """
        here = self.selection.window
        # what is due later than any failure can be was noted while the clock was wrong
        never = now + RETRY_AFTER[-1]
        due = "id IN (SELECT photo_id FROM failures WHERE job = ? AND runs AND (due <= ? OR due > ?))"
        with self.transaction():
            self._query(
                f"UPDATE photos SET image_status = {_FETCH_OR_ASK} WHERE image_status IN (3, 4) AND {due}"
                f" AND {here}",
                ("image", now, never),
            )
            self._query(
                f"UPDATE photos SET info_status = 1 WHERE info_status IN (3, 4) AND {due} AND {here}",
                ("info", now, never),
            )
            self._query(f"UPDATE photos SET image_status = 0 WHERE image_status = 6 AND {here}")
            self._second_looks.take_due(now, here)
            self._query(  # what was out of reach before this run is no news
                "UPDATE failures SET runs = 1 WHERE runs = 0 AND 5 = (SELECT iif(job = 'image', image_status,"
                " info_status) FROM photos WHERE id = photo_id)"
            )
            if info_level is not None:
                self._query(
                    "UPDATE photos SET info_status = 1 WHERE info_status = 2 AND info_level < ?"
                    f" AND gone IS NULL AND {here}",
                    (info_level,),
                )
            if info_level == COMMENTS_LEVEL:
                self._query(
                    "UPDATE photos SET info_status = 1 WHERE stale & 1 AND info_status = 2 AND info_level = ?"
                    f" AND gone IS NULL AND {here}",
                    (COMMENTS_LEVEL,),
                )
            # Information waits for the best size to be settled, unless no image is asked for.
            waiting, going = (1, 0) if images else (0, 1)
            self._query(
                f"UPDATE photos SET info_status = {going} WHERE info_status = {waiting} AND image_status = 0"
                f" AND {here}"
            )

    def recheck_sizes(self) -> int:
        """Settle what the whole listing proves but a single page could not; return how many are left to ask."""
        answered = self.listing.answered()

        def proved(label: str | None, width: int, height: int) -> bool:
            size = FlickrPhotoSize(label, width, height, "") if label else None
            return listing_proves(size, original_listed=False, answered=answered)

        self._database.define("proved", proved, 3)
        with self.transaction():
            self._settle_alike(SizeEvidence.LISTING, "proved(size_label, width, height)")
        left = f"SELECT count(*) FROM photos WHERE image_status = 0 AND {self.selection.window}"
        return int(self._query(left).fetchone()[0])

    def _settle_alike(self, proof: SizeEvidence, condition: str, parameters: tuple[object, ...] = ()) -> None:
        # Information that was written without a size is written again.
        self._query(
            f"UPDATE photos SET proof = {int(proof)}, image_status = 1, info_status = iif(info_status IN (0, 2),"
            f" 1, info_status) WHERE image_status = 0 AND NOT video AND NOT proof AND {condition}",
            parameters,
        )

    # The work list

    def images_to_fetch(self, **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        """Return photos whose best size is settled and whose image is missing; see `_page`."""
        return self._page("image_status = 1", **page)

    def images_to_ask(self, *, videos_only: bool = False, **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        """Return photos whose best size Flickr must be asked for; see `_page`."""
        return self._page("image_status = 0 AND video" if videos_only else "image_status = 0", **page)

    def infos_to_write(self, **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        """Return photos whose information is missing or of too low a level; see `_page`."""
        return self._page("info_status = 1", **page)

    def _page(
        self, condition: str, *, newest_first: bool, frontier: int | None, busy: Collection[str], limit: int
    ) -> list[StoredPhoto]:
        """Return up to `limit` photos, in order, without the `busy` ones.

        `frontier` leaves out what is uploaded then or beyond it: there may be photos not listed yet before.
        """
        beyond = "" if frontier is None else f"AND uploaded {'>' if newest_first else '<'} {int(frontier)}"
        order = "DESC" if newest_first else "ASC"
        rows = self._query(
            f"SELECT {STORED} FROM photos JOIN listed USING (id) WHERE {condition} AND {self.selection.open} {beyond}"
            f" ORDER BY uploaded {order}, id {order} LIMIT ?",
            (limit + len(busy),),
        ).fetchall()
        with self._database.reading():
            free = [stored_photo(row) for row in rows if str(row[0]) not in busy]
        return self.selection.admit(free[:limit])

    # What became of it: a photo that a listing showed changed since it was taken from the work list stays on it.

    def settle(self, stored: StoredPhoto, size: FlickrPhotoSize) -> None:
        """Note the best size of a photo, as Flickr told it when it was asked."""
        now = (stored.photo.id, stored.revision)
        row = self._query("SELECT size_label FROM photos WHERE id = ? AND revision = ?", now).fetchone()
        # Information already written names no size, or another: it is written again.
        self._query(
            "UPDATE photos SET info_status = iif(info_status = 0 OR info_status = 2 AND (NOT proof OR"
            " (size_label, width, height) IS NOT (?, ?, ?)), 1, info_status), size_label = ?, width = ?,"
            " height = ?, url = ?, proof = ?, image_status = iif(video OR image_status <> 0, image_status, 1)"
            " WHERE id = ? AND revision = ?",
            (*(size.label, size.width, size.height) * 2, size.url, SizeEvidence.ASKED, *now),
        )
        if row and row[0]:
            self._weigh(row[0], confirmed=row[0] == size.label)

    def _weigh(self, label: str, *, confirmed: bool) -> None:
        """Take the listing's word for the rest of a label once enough of it was confirmed."""
        verdict = "confirmed" if confirmed else "contradicted"
        confirmations, contradictions = self._query(
            f"INSERT INTO size_evidence (label, {verdict}) VALUES (?, 1) ON CONFLICT DO UPDATE"
            f" SET {verdict} = {verdict} + 1 RETURNING confirmed, contradicted",
            (label,),
        ).fetchone()
        if confirmations >= SAMPLE and not contradictions:
            self._settle_alike(SizeEvidence.ASSUMED, "size_label = ?", (label,))

    def image_done(
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
        """Note the files of a photo that are durable at `now`.

        `reduced` is what of them came in place of a better file, and `is_due_soon` whether that is looked for again
        before the next full scan. `partly` is why its film is missing, where it has one; `ready` is whether Flickr has
        processed it.
        """
        noted = [self.files.put(stored.photo.id, file) for file in files]
        is_damaged = any(file.is_damaged for file in noted)
        self._second_looks.note(
            stored, reduced or {}, is_damaged=is_damaged, is_due_soon=is_due_soon or is_damaged, now=now
        )
        if stored.stale & Stale.IMAGE:
            self.files.retract(stored.photo.id)
        if not ready:
            self.not_ready(stored)
            return
        if partly:
            self.give_up(stored, "image", partly)
            return
        self._query(
            "UPDATE photos SET image_status = 2, info_status = iif(info_status = 0, 1, info_status),"
            f" stale = stale & ~{int(Stale.IMAGE)} WHERE id = ?"
            # a change of its texts says nothing against the image
            f" AND (revision = ? OR NOT stale & {int(Stale.IMAGE)})",
            (stored.photo.id, stored.revision),
        )
        self._forget_failure(stored.photo.id, "image")

    def info_done(self, stored: StoredPhoto, level: int, *, stale: Stale = NOT_STALE) -> None:
        """Note that the information of a photo is on disk, at this level; `stale` is what of it is older."""
        self._query(
            "UPDATE photos SET info_level = ?,"
            f" stale = stale & {int(Stale.IMAGE)} | ?,"
            # what was settled meanwhile is not in the file yet
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
        self._forget_failure(stored.photo.id, "info")

    def _forget_failure(self, photo_id: str, job: str) -> None:
        self._query("DELETE FROM failures WHERE photo_id = ? AND job = ?", (photo_id, job))

    def retry_later(self, stored: StoredPhoto, job: str, reason: str) -> None:
        """Note a failure; the photo is tried again at the end of this run, or by the next one."""
        self._fail(stored, job, reason, Status.RETRY)

    def requeue(self, job: str) -> int:
        """Put what failed for a job in this run back on the work list, and return how many photos that are."""
        if job == "image":
            change = f"UPDATE photos SET image_status = {_FETCH_OR_ASK} WHERE image_status = 3 AND {_FAILING}"
        else:
            change = f"UPDATE photos SET info_status = 1 WHERE info_status = 3 AND {_FAILING}"
        with self.transaction():
            return self._query(f"{change} AND {self.selection.open}").rowcount

    def has_left(self, job: str) -> bool:
        """Return whether the work list holds anything for a job that may be given out, be it waiting or out."""
        conditions = {
            "image": ("image_status = 0", "image_status = 1"),
            "info": ("info_status = 1", "image_status = 0 AND info_status = 0"),
        }
        return any(self._is_any(f"{condition} AND {self.selection.open}") for condition in conditions[job])

    def has_more(self, *, images: bool, info: bool) -> bool:
        """Return whether a run that was ended early leaves anything to the next one, also what failed once."""
        return (images and self._is_any(f"image_status IN (0, 1, 3) AND {self.selection.window}")) or (
            info and self._is_any(f"info_status IN (1, 3) AND {self.selection.window}")
        )

    def _is_any(self, condition: str) -> bool:
        return self._query(f"SELECT 1 FROM photos WHERE {condition} LIMIT 1").fetchone() is not None

    def close_run(self, now: int) -> None:
        """Turn what still fails into failures that a later run tries again."""
        with self.transaction():
            for column, job in (("image_status", "image"), ("info_status", "info")):
                rows = self._query(
                    "SELECT id, runs FROM photos JOIN failures ON id = photo_id AND job = ?"
                    f" WHERE {column} = 3 AND {self.selection.open}",
                    (job,),
                ).fetchall()
                for photo_id, runs in rows:
                    due = now + RETRY_AFTER[min(runs, len(RETRY_AFTER) - 1)]
                    self._query(
                        "UPDATE failures SET runs = runs + 1, due = ? WHERE photo_id = ? AND job = ?",
                        (due, photo_id, job),
                    )
                self._query(
                    f"UPDATE photos SET {column} = 4 WHERE {column} = 3 AND {_FAILING} AND {self.selection.open}"
                )

    def give_up(self, stored: StoredPhoto, job: str, reason: str) -> None:
        """Note that something is out of reach until Flickr changes it."""
        self._fail(stored, job, reason, Status.UNAVAILABLE)

    def refuse(self, stored: StoredPhoto, job: str, reason: str) -> None:
        """Note that a server refuses a photo: for a while, and for good where it refused it in an earlier run."""
        (runs,) = self._query(
            "SELECT total(runs) FROM failures WHERE photo_id = ? AND job = ?", (stored.photo.id, job)
        ).fetchone()
        self._fail(stored, job, reason, Status.UNAVAILABLE if runs else Status.RETRY)

    def not_ready(self, stored: StoredPhoto) -> None:
        """Note that Flickr is still processing a photo; the next run looks again."""
        self._query(
            f"UPDATE photos SET image_status = {int(Status.NOT_READY)} WHERE id = ? AND revision = ?",
            (stored.photo.id, stored.revision),
        )

    def _fail(self, stored: StoredPhoto, job: str, reason: str, status: Status) -> None:
        column = "image_status" if job == "image" else "info_status"
        photo_id = stored.photo.id
        if not self._query(
            f"UPDATE photos SET {column} = ? WHERE id = ? AND revision = ?",
            (status, photo_id, stored.revision),
        ).rowcount:
            return
        if job == "image":  # information waits no longer for a size that does not come
            self._query("UPDATE photos SET info_status = 1 WHERE id = ? AND info_status = 0", (photo_id,))
        self._query(
            "INSERT INTO failures VALUES (?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET reason = excluded.reason",
            (photo_id, job, reason),
        )
