"""What Flickr has listed of a photostream, and what that says: new photos, edits, losses, what does not add up.

A part of the catalogue: it shares its database, and like it blocks. `begin`, `add_page` for each page and `end`
make one walk of the page producer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.changes import Change, State, refresh
from flickr_mirror.catalogue.coverage import UNLOCATED, CoverageStore
from flickr_mirror.catalogue.rows import STORED, Status, reduced_text, state_row, stored_photo, text_row
from flickr_mirror.catalogue.walk_result import PageChanges, WalkResult
from flickr_mirror.models.intervals import Coverage, Interval

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.files import Files
    from flickr_mirror.catalogue.forgotten import Forgotten
    from flickr_mirror.catalogue.gone_photos import GonePhotos
    from flickr_mirror.catalogue.refetches import Refetches
    from flickr_mirror.catalogue.rows import RestoredPhoto, StateRow
    from flickr_mirror.models.photos import FlickrPhoto

SCAN_TTL = 7 * 86_400
"""A full scan that was interrupted goes on within so many seconds, and else begins anew."""


class ListingStore:
    """The photos that Flickr has listed, in the database of a catalogue.

    Every method raises `CatalogueError` or `CacheFullError` where SQLite fails.
    """

    def __init__(
        self,
        database: Database,
        files: Files,
        losses: GonePhotos,
        forgotten: Forgotten,
        second_looks: Refetches,
    ) -> None:
        self._database = database
        self._files = files
        self._losses = losses
        self._forgotten = forgotten
        self._second_looks = second_looks
        self._query = database.query
        self._store = CoverageStore(database)
        self.coverage = self._store.coverage
        self.reopen = self._store.reopen
        self.shortfalls = self._store.shortfalls
        self.count_hidden = self._store.count_hidden
        self._now = self._settled_until = self._run = self._newest = 0
        self._scan: int | None = None
        self._is_resumed = self._has_absences = False
        self._hidden = 0

    def last_scan(self) -> int | None:
        """Return when the whole photostream was last listed, in seconds since 1970; `None` if never."""
        return self._database.number("scanned")

    def is_untouched(self) -> bool:
        """Return whether the catalogue is of no use yet: nothing was ever listed, nor restored from disk."""
        return self.is_unlisted() and self._database.text("restored") is None

    def is_unlisted(self) -> bool:
        """Return whether nothing was listed since the catalogue was made."""
        return self._database.number("walks") is None

    def restore(self, photos: Collection[RestoredPhoto]) -> None:
        """Store photos as their files on disk tell of them; those known already are left as they are."""
        found = {int(restored.photo.id): restored for restored in photos}
        with self._database.transaction():
            for known in self._known(found):
                del found[known[0]]
            self._add(
                {key: restored.photo for key, restored in found.items()},
                {key: restored.row for key, restored in found.items()},
            )
            self._database.query_many(
                "UPDATE photos SET info_level = ?, reduced = ? WHERE id = ?",
                [
                    (restored.info_level, reduced_text(restored.reduced), key)
                    for key, restored in found.items()
                ],
            )
            for restored in found.values():
                for file in restored.files:
                    self._files.put(restored.photo.id, file)

    def end_restoring(self) -> None:
        """Note that everything on disk is restored."""
        with self._database.transaction():
            self._database.note("restored", 1)

    def begin(self, now: int, *, fields: Collection[str], full: bool) -> Coverage:
        """Begin a walk up to `now`, and return the upload times that need not be listed in it.

        `fields` are what listings are asked for: where earlier ones were not asked for one of them, they
        do not count. A `full` walk lists everything, but for what an interrupted one has listed already.
        """
        with self._database.transaction():
            self._now, self._settled_until, self._hidden = now, 0, 0
            self._newest = self.newest_upload()
            self._has_absences = self._losses.count_absent() > 0
            self._run = (self._database.number("walks") or 0) + 1
            self._database.note("walks", self._run)
            known = set((self._database.text("fields") or "").split())
            if not known >= set(fields):
                self._store.forget()
                self._database.note("fields", " ".join(sorted(known | set(fields))))
            self._scan = self._begin_scan() if full else None
            return self.coverage(scan=full)

    def drop_future(self, present: int) -> int | None:
        """Forget coverage beyond the newest upload known, and beyond the `present`, which clocks that were wrong left.

        Returns the last second that was covered, if that is beyond the `present`.
        """
        with self._database.transaction():
            covered = self.coverage().intervals
            last = covered[-1].high if covered else -1
            bound = min(self.newest_upload(), present)
            if last > bound:
                self.reopen([Interval(bound + 1, last)])
            return last if last > present else None

    def newest_upload(self) -> int:
        """Return the second of the newest upload that is known, 0 where none is."""
        (newest,) = self._query("SELECT max(uploaded) FROM photos").fetchone()
        return int(newest or 0)

    def _begin_scan(self) -> int:
        begun = self._database.number("scan_begun")
        self._is_resumed = True
        if begun is None or not 0 <= self._now - begun <= SCAN_TTL:
            begun = self._now
            self._is_resumed = False
            self._database.note("scan_begun", begun)
            self._store.forget(scan=True)
            self._query("UPDATE photos SET seen = 0 WHERE seen")
        return begun

    def answered(self) -> set[str]:
        """Return the labels of sizes that listings have shown."""
        return {row[0] for row in self._query("SELECT label FROM size_evidence WHERE listed")}

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
        """Store a page's photos with the upload time that it covers, in one step.

        Nothing after `settled_until`, or after the newest upload that is known, is covered. `missing` is how many
        photos are counted in that time beyond
        those listed (`None`: that cannot be known). `info_waits` is whether information waits for a proved
        size, `comments` whether comments are mirrored.
        """
        self._newest = max(self._newest, *(photo.facts.uploaded or 0 for photo in photos), 0)
        self._settled_until = min(settled_until, self._newest)
        unique = {int(photo.id): photo for photo in photos}
        result = PageChanges()
        with self._database.transaction():
            self._database.query_many(
                "INSERT INTO size_evidence (label, listed) VALUES (?, 1) ON CONFLICT DO UPDATE SET listed = 1",
                [(label,) for label in {size.label for photo in photos for size in photo.sizes}],
            )
            self._forgotten.pass_over(unique)
            answered = self.answered()
            rows = {
                key: state_row(photo, answered, info_waits=info_waits, now=self._now)
                for key, photo in unique.items()
            }
            if self._has_absences:
                self._losses.dismiss(unique)
            for known in self._known(unique):
                key = known[0]
                self._refresh(known, unique.pop(key), rows.pop(key), result, comments=comments)
            self._add(unique, rows)
            result.new.extend(map(str, unique))
            if self._scan is not None:
                self._second_looks.take_seen(photo.id for photo in photos)
                self._database.query_many(
                    "UPDATE photos SET seen = 1 WHERE id = ?", [(photo.id,) for photo in photos]
                )
            if covered is not None:
                self._cover(covered, missing)
        return result

    def _known(self, ids: Collection[int]) -> list[tuple[Any, ...]]:
        """Return the rows of those photos that were listed before."""
        marks = ", ".join("?" * len(ids))
        return self._query(
            f"SELECT {STORED}, uploaded, image_status, info_status, gone IS NOT NULL FROM photos"
            f" JOIN listed USING (id) WHERE id IN ({marks})",
            ids,
        ).fetchall()

    def _add(self, photos: Mapping[int, FlickrPhoto], rows: Mapping[int, StateRow]) -> None:
        self._database.query_many(
            "INSERT INTO photos (id, uploaded, video, size_label, width, height, url, proof, image_status,"
            " info_status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows.values(),
        )
        self._database.query_many(
            "INSERT INTO listed VALUES (?, ?, ?, ?)", [text_row(photo) for photo in photos.values()]
        )

    def _refresh(
        self,
        known: tuple[Any, ...],
        photo: FlickrPhoto,
        fresh: StateRow,
        result: PageChanges,
        *,
        comments: bool,
    ) -> None:
        """Bring the row of a photo that was listed before up to date, and put what changed on the work list."""
        *columns, uploaded, image_status, info_status, is_gone = known
        with self._database.reading():
            old = stored_photo(tuple(columns))
            before = State(uploaded, Status(image_status), Status(info_status), old.stale, bool(is_gone))
        now = refresh(old, before, photo, fresh, comments=comments, scanning=self._scan is not None)
        if now.is_update and not is_gone:
            result.updated[photo.id] = now.change
        texts = text_row(photo)
        if now.state == before and texts == text_row(old.photo):
            return
        self._query(
            "UPDATE photos SET uploaded = ?, image_status = ?, info_status = ?, stale = ?, gone = NULL,"
            " revision = revision + ? WHERE id = ?",
            (
                now.state.uploaded,
                now.state.image_status,
                now.state.info_status,
                now.state.stale,
                bool(now.change),
                photo.id,
            ),
        )
        if Change.IMAGE in now.change:
            self._files.retract(photo.id)
        if now.takes_size:
            self._query(
                "UPDATE photos SET video = ?, size_label = ?, width = ?, height = ?, url = ?, proof = ?"
                " WHERE id = ?",
                (*fresh[2:8], photo.id),
            )
        self._query(
            "UPDATE listed SET title = ?, description = ?, facts = ? WHERE id = ?", (*texts[1:], photo.id)
        )

    def _cover(self, stretch: Interval, missing: int | None) -> None:
        scanning = self._scan is not None
        settled = Interval(stretch.low, min(stretch.high, self._settled_until))
        if missing == 0:
            self._store.add(settled, scanning=scanning)
            return
        past = Interval(stretch.low, max(min(stretch.high, self._now), stretch.low))
        self._hidden += self._store.add_short(past, missing, run=self._run, listed=self._count_listed(past))
        if self._store.is_hidden(past):
            self._store.cover(settled, scanning=scanning)

    # How many photos Flickr counts, and how many are known

    def _count_listed(self, stretch: Interval) -> int:
        row = self._query(
            "SELECT count(*) FROM photos WHERE gone IS NULL AND uploaded BETWEEN ? AND ?",
            (stretch.low, stretch.high),
        ).fetchone()
        return int(row[0])

    def count_known(self, stretch: Interval) -> int:
        """Return how many photos Flickr must count in a stretch: those known, and those taken to be hidden."""
        return self._count_listed(stretch) + self.count_hidden(stretch)

    def middle(self, stretch: Interval) -> int:
        """Return a second before and after which about as many known photos were uploaded in a stretch."""
        row = self._query(
            "SELECT uploaded FROM photos WHERE gone IS NULL AND uploaded BETWEEN ? AND ? ORDER BY uploaded"
            " LIMIT 1 OFFSET ?",
            (stretch.low, stretch.high, self._count_listed(stretch) // 2),
        ).fetchone()
        return int(row[0]) if row else (stretch.low + stretch.high) // 2

    def expected(self) -> int:
        """Return how many photos Flickr counted in the whole photostream, as far as earlier walks explain that."""
        absent = self._losses.count_absent()
        difference = min(self._database.number("difference") or 0, 0)
        return self._count_all() + self.count_hidden() - absent + difference

    def _count_all(self) -> int:
        return int(self._query("SELECT count(*) FROM photos WHERE gone IS NULL").fetchone()[0])

    def unexplained(self, total: int) -> int:
        """Return how many photos of a `total` are neither known, nor hidden, nor missing in a stretch that is open.

        That is less than 0 where Flickr counts fewer photos than are known.
        """
        open_here = self._store.shortfalls(since=self._run)
        explained = self.count_hidden() + sum(missing or 0 for _, missing in open_here)
        return total - self._count_all() - explained

    def end(
        self, total: int | None, *, accept_loss: bool = False, window: Interval | None = None
    ) -> WalkResult:
        """End a walk that came to its end, where Flickr counts `total` photos in the whole photostream.

        `window` are the seconds that it was for, where it was not for all; a `total` is not known then. A full
        scan that lacks more than a tenth of the photos known is believed only if `accept_loss`.
        """
        scanning = self._scan is not None
        with self._database.transaction():
            self._store.forget_shortfalls(self._run, scanning=scanning, window=window)
            is_short = bool(self._store.shortfalls(since=self._run))
            if total and not window and not is_short:
                self._weigh(total)
            short = [row for row in self.shortfalls() if not window or row[0] in window]
            result = WalkResult(short, self._hidden)
            if not scanning:
                # where no page came, nothing is settled, and that cannot be known
                is_all = self._settled_until > 0 and not self.coverage().gaps(self._settled_until)
                if self.last_scan() is None and is_all and window is None:
                    self._database.note("scanned", self._now)
            elif not is_short:
                result.scanned, result.resumed = True, self._is_resumed
                result.lost, result.absent = self._end_scan(accept_loss=accept_loss)
            if total and not window and not short:
                fewer = self._note_fewer(total)
                result.fewer = 0 if result.lost else fewer
        return result

    def _weigh(self, total: int) -> None:
        """Note how many photos Flickr counts in the whole photostream that no stretch of it explains."""
        known = self._count_all()
        missing = total - known - self.count_hidden(Interval(0, 1 << 62))
        if missing <= 0:
            self._store.forget_unlocated()
        else:
            # no page was short of these: a false total is more likely than many hidden photos
            self._hidden += self._store.add_short(UNLOCATED, missing, run=self._run, listed=known // 100)

    def _note_fewer(self, total: int) -> int:
        """Return how many photos Flickr counts fewer than are known, unless that was so before."""
        difference = min(self.unexplained(total) + self._losses.count_absent(), 0)
        is_news = difference != (self._database.number("difference") or 0)
        self._database.note("difference", difference)
        return -difference if is_news else 0

    def _end_scan(self, *, accept_loss: bool) -> tuple[int, int]:
        """Return how many photos a full scan did not list where that is not believed, and where it is."""
        self._database.note("scanned", self._scan)
        self._database.note("scan_begun", None)
        self._store.forget(scan=True)
        missed = [row[0] for row in self._query("SELECT id FROM photos WHERE gone IS NULL AND NOT seen")]
        if len(missed) * 10 > self._count_all() and not accept_loss:
            return len(missed), 0
        self._losses.note_absent(missed, self._now)
        return 0, len(missed)
