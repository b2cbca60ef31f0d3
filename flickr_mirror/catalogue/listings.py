"""Stores the pages of a walk through the photostream, and finds photos that they do not explain.

A walk is one call of `begin`, one of `add_page` for each page, and one of `end`.

Flickr has no snapshot of a photostream. Between two calls the owner can upload, delete, hide or redate photos. Pages
lack photos (reported in https://github.com/markdoliner/flickrmirrorer/issues/21), and totals disagree with pages. So:

- A walk is stored page by page, each with the upload time that it covers. An interrupted walk loses nothing, and the
  next one lists only what is not covered.
- A photo that a walk did not show need not be gone. Photos that a full scan missed are verified one by one (see
  `gone_photos`), and stretches in which Flickr counts more photos than it lists stay open (see `coverage`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.coverage import UNLOCATED
from flickr_mirror.catalogue.row_encoding import state_row
from flickr_mirror.catalogue.walk_result import PageChanges, WalkResult
from flickr_mirror.models.intervals import Coverage, Interval

if TYPE_CHECKING:
    from collections.abc import Collection

    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.coverage import CoverageStore
    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.forgotten import Forgotten
    from flickr_mirror.catalogue.gone_photos import GonePhotos
    from flickr_mirror.catalogue.imports import Imports
    from flickr_mirror.catalogue.photo_rows import PhotoRows
    from flickr_mirror.catalogue.photo_totals import PhotoTotals
    from flickr_mirror.catalogue.refetches import Refetches
    from flickr_mirror.catalogue.size_evidence import SizeEvidenceStore
    from flickr_mirror.models.photos import FlickrPhoto

SCAN_TTL = 7 * 86_400
"""An interrupted full scan is continued within this many seconds. After that, a new one begins."""


@dataclass(slots=True)
class _Walk:
    """The walk under way.

    `run` is its number, `newest` the newest upload known, `settled_until` the last second whose photos are all
    visible by now. `scan` is when the full scan began, `None` in any other walk; `is_resumed` is whether an earlier
    run began it. `has_absent` is whether photos are waiting to be verified, `hidden` how many photos were newly taken
    to be hidden.
    """

    now: int = 0
    run: int = 0
    newest: int = 0
    settled_until: int = 0
    scan: int | None = None
    is_resumed: bool = False
    has_absent: bool = False
    hidden: int = 0

    @property
    def is_scan(self) -> bool:
        """Whether this is a full scan."""
        return self.scan is not None


class ListingStore:
    """Stores what Flickr lists, in one transaction for each page."""

    def __init__(
        self,
        database: Database,
        *,
        callers: Callers,
        photos: PhotoRows,
        coverage: CoverageStore,
        totals: PhotoTotals,
        gone_photos: GonePhotos,
        forgotten: Forgotten,
        imports: Imports,
        refetches: Refetches,
        sizes: SizeEvidenceStore,
    ) -> None:
        self._database = database
        self._query = database.query
        self._callers = callers
        self._photos = photos
        self._coverage = coverage
        self._totals = totals
        self._gone_photos = gone_photos
        self._forgotten = forgotten
        self._imports = imports
        self._refetches = refetches
        self._sizes = sizes
        self._walk = _Walk()

    def last_scan(self) -> int | None:
        """Return when the caller last listed the whole photostream, in seconds since 1970; `None` if it never did."""
        return self._callers.get_number("scanned")

    def is_untouched(self) -> bool:
        """Return whether nothing was listed yet, and nothing restored from disk."""
        return self.is_unlisted() and self._database.get_note("restored") is None

    def is_unlisted(self) -> bool:
        """Return whether nothing was listed since the catalogue was created."""
        return self._database.get_number("walks") is None

    def begin(self, now: int, *, fields: Collection[str], full: bool) -> Coverage:
        """Begin a walk at `now`, and return the upload times that it need not list.

        `fields` are the requested extras. If an earlier walk did not request all of them, nothing
        counts as listed. A `full` scan lists everything, except what it listed before it was interrupted.
        """
        with self._database.transaction():
            self._callers.store()
            run = (self._database.get_number("walks") or 0) + 1
            self._database.set_note("walks", run)
            known = set((self._database.get_note("fields") or "").split())
            if not known >= set(fields):
                self._coverage.clear()
                self._database.set_note("fields", " ".join(sorted(known | set(fields))))
            self._walk = _Walk(
                now=now,
                run=run,
                newest=self._totals.newest_upload(),
                has_absent=self._gone_photos.has_absent(),
            )
            if full:
                self._begin_scan()
            return self._coverage.listed(scan=full)

    def _begin_scan(self) -> None:
        now = self._walk.now
        begun = self._callers.get_number("scan_begun")
        if begun is not None and 0 <= now - begun <= SCAN_TTL:
            self._walk.scan, self._walk.is_resumed = begun, True
            return
        self._walk.scan = now
        self._callers.set_number("scan_begun", now)
        self._coverage.clear_scan()
        caller = self._callers.bit
        self._query(f"UPDATE photos SET seen = seen & ~{caller} WHERE seen & {caller}")

    def drop_future(self, present: int) -> int | None:
        """Remove coverage beyond the newest known upload and beyond the `present`.

        Such coverage remains from a run whose clock was ahead: photos uploaded since then would never be listed.
        Return the last second that was covered, if it is beyond the `present`.
        """
        with self._database.transaction():
            covered = self._coverage.listed().intervals
            last = covered[-1].high if covered else -1
            bound = min(self._totals.newest_upload(), present)
            if last > bound:
                self._coverage.reopen([Interval(bound + 1, last)])
            return last if last > present else None

    def add_page(
        self,
        photos: Collection[FlickrPhoto],
        covered: Interval | None,
        missing: int | None = 0,
        *,
        settled_until: int,
        info_waits: bool,
        comments: bool,
    ) -> PageChanges:
        """Store the photos of a page and the upload time that it covers, in one transaction.

        `missing` is how many more photos Flickr counts in that time than it lists (`None` if its answer cannot be
        true). `info_waits` is whether sidecars wait for a proved size, `comments` whether comments are mirrored.

        No time after `settled_until` is covered, because a photo can become visible some time after its upload. No
        time after the newest known upload is covered either: if both clocks are ahead, only an upload proves that a
        second is past.
        """
        walk = self._walk
        walk.newest = max(walk.newest, *(photo.facts.uploaded or 0 for photo in photos), 0)
        walk.settled_until = min(settled_until, walk.newest)
        with self._database.transaction():
            self._sizes.add_listed({size.label for photo in photos for size in photo.sizes})
            result = self._store(photos, info_waits=info_waits, comments=comments)
            if walk.is_scan:
                caller, ids = self._callers.bit, [(photo.id,) for photo in photos]
                self._refetches.requeue_seen((photo.id for photo in photos), caller)
                self._database.query_many(f"UPDATE photos SET seen = seen | {caller} WHERE id = ?", ids)
            if covered is not None:
                self._cover(covered, missing)
        return result

    def _store(self, photos: Collection[FlickrPhoto], *, info_waits: bool, comments: bool) -> PageChanges:
        """Insert the new photos of a page and refresh the known ones."""
        # A photo can be on a page twice: uploads between two calls move photos to the next page.
        new = {int(photo.id): photo for photo in photos}
        result = PageChanges()
        self._forgotten.exclude(new)
        labels = self._sizes.listed_labels()
        rows = {
            key: state_row(photo, labels, info_waits=info_waits, now=self._walk.now)
            for key, photo in new.items()
        }
        if self._walk.has_absent:
            self._gone_photos.clear_absent(new)
        listed_first = self._imports.mark_listed(new)
        for key, known in self._photos.known(new).items():
            photo = new.pop(key)
            refreshed = self._photos.refresh(
                known, photo, rows.pop(key), comments=comments, scanning=self._walk.is_scan
            )
            if refreshed.is_update and not known.state.is_gone and key not in listed_first:
                result.updated[photo.id] = refreshed.change
        self._photos.insert(new, rows)
        self._callers.add(photos)
        result.new.extend(map(str, new))
        return result

    def _cover(self, stretch: Interval, missing: int | None) -> None:
        walk = self._walk
        settled = Interval(stretch.low, min(stretch.high, walk.settled_until))
        if missing == 0:
            self._coverage.mark_complete(settled, scanning=walk.is_scan)
            return
        past = Interval(stretch.low, max(min(stretch.high, walk.now), stretch.low))
        known = self._totals.known_in(past)
        walk.hidden += self._coverage.record_shortfall(past, missing, run=walk.run, listed=known)
        if self._coverage.is_hidden(past):
            self._coverage.mark_listed(settled, scanning=walk.is_scan)

    def end(
        self, total: int | None, *, accept_loss: bool = False, window: Interval | None = None
    ) -> WalkResult:
        """End a complete walk, and return its result.

        `total` is how many photos Flickr counts in the whole photostream; it is not known if the walk was only for
        a `window` of upload times. A full scan that misses more than a tenth of the known photos is accepted only
        if `accept_loss`: an outage of Flickr looks the same as an owner who deletes most of the photostream.
        """
        scanning = self._walk.is_scan
        with self._database.transaction():
            self._coverage.delete_shortfalls(self._walk.run, scanning=scanning, window=window)
            is_short = bool(self._coverage.shortfalls(since=self._walk.run))
            if total and not window and not is_short:
                self._record_unlocated(total)
            short = [row for row in self._coverage.shortfalls() if not window or row[0] in window]
            others, is_visitor = self._callers.other_logins(), self._callers.is_visitor
            result = WalkResult(short, self._walk.hidden, logins=others, is_visitor=is_visitor)
            if not scanning:
                if window is None:
                    self._note_first_scan()
            elif not is_short:
                result.scanned, result.resumed = True, self._walk.is_resumed
                result.lost, result.absent = self._end_scan(accept_loss=accept_loss)
            if total and not window and not short:
                fewer = self._record_difference(total)
                result.fewer = 0 if result.lost else fewer
        return result

    def _note_first_scan(self) -> None:
        """Record the first walk that listed the whole photostream as a full scan."""
        settled = self._walk.settled_until
        # Without any page, no upload time is settled, and the range to cover is unknown.
        is_all = settled > 0 and not self._coverage.listed().gaps(settled)
        if is_all and self.last_scan() is None:
            self._callers.set_number("scanned", self._walk.now)

    def _record_unlocated(self, total: int) -> None:
        """Record how many photos Flickr counts in the whole photostream but in no stretch of it."""
        known = self._totals.known()
        missing = total - known - self._coverage.count_hidden(Interval(0, 1 << 62))
        if missing <= 0:
            self._coverage.delete_unlocated()
        else:
            # No page was short of these. A wrong total is more likely than many hidden photos, hence the hundredth.
            self._walk.hidden += self._coverage.record_shortfall(
                UNLOCATED, missing, run=self._walk.run, listed=known // 100
            )

    def _record_difference(self, total: int) -> int:
        """Record how many photos Flickr counts fewer than are known; return them if the difference is new."""
        difference = min(self._totals.unexplained(total) + self._gone_photos.count_absent(), 0)
        is_news = difference != (self._callers.get_number("difference") or 0)
        self._callers.set_number("difference", difference)
        return -difference if is_news else 0

    def _end_scan(self, *, accept_loss: bool) -> tuple[int, int]:
        """End a full scan; return how many missed photos are too many to be gone, and how many may be."""
        self._callers.set_number("scanned", self._walk.scan)
        self._callers.set_number("scan_begun", None)
        self._coverage.clear_scan()
        missing = f"gone IS NULL AND NOT seen & {self._callers.bit} AND {self._callers.listed}"
        missed = [row[0] for row in self._query(f"SELECT id FROM photos WHERE {missing}")]
        if len(missed) * 10 > self._totals.known() and not accept_loss:
            return len(missed), 0
        self._gone_photos.set_absent(missed, self._walk.now)
        return 0, len(missed)
