"""What Flickr has listed of a photostream, and what that says: new photos, edits, losses, what does not add up.

A part of the catalogue: it shares its database, and like it blocks. `begin`, `add_page` for each page and `end`
make one walk of the page producer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.changes import State, refresh
from flickr_mirror.coverage import Coverage, Interval
from flickr_mirror.findings import PATIENCE, PageChanges, WalkResult
from flickr_mirror.records import STORED, Status, state_row, stored_photo, text_row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flickr_mirror.database import Database
    from flickr_mirror.files import Files
    from flickr_mirror.losses import Losses
    from flickr_mirror.models import FlickrPhoto
    from flickr_mirror.records import RestoredPhoto, StateRow

SCAN_TTL = 7 * 86_400
"""A full scan that was interrupted goes on within so many seconds, and else begins anew."""
_COVERED, _SCANNED = 0, 1


class Listing:
    """The photos that Flickr has listed, in the database of a catalogue.

    Every method raises `CatalogueError` or `CacheFullError` where SQLite fails.
    """

    def __init__(self, database: Database, files: Files, losses: Losses) -> None:
        self._database = database
        self._files = files
        self._losses = losses
        self._query = database.query
        self._now = self._settled_until = self._run = 0
        self._scan: int | None = None
        self._is_resumed = False
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
                "UPDATE photos SET info_level = ? WHERE id = ?",
                [(restored.info_level, key) for key, restored in found.items()],
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

        `fields` are what listings are asked to tell: where earlier ones were not asked for one of them, they
        do not count. A `full` walk lists everything, but for what an interrupted one has listed already.
        """
        with self._database.transaction():
            self._now, self._settled_until, self._hidden = now, 0, 0
            self._run = (self._database.number("walks") or 0) + 1
            self._database.note("walks", self._run)
            known = set((self._database.text("fields") or "").split())
            if not known >= set(fields):
                self._query("DELETE FROM coverage")
                self._database.note("fields", " ".join(sorted(known | set(fields))))
            self._scan = self._begin_scan() if full else None
            return self.coverage(scan=full)

    def _begin_scan(self) -> int:
        begun = self._database.number("scan_begun")
        self._is_resumed = True
        if begun is None or not 0 <= self._now - begun <= SCAN_TTL:
            begun = self._now
            self._is_resumed = False
            self._database.note("scan_begun", begun)
            self._query("DELETE FROM coverage WHERE scan = ?", (_SCANNED,))
            self._query("UPDATE photos SET seen = 0 WHERE seen")
        return begun

    def coverage(self, *, scan: bool = False) -> Coverage:
        """Return the upload times whose photos are all listed, at all or by the full `scan` under way."""
        rows = self._query("SELECT low, high FROM coverage WHERE scan = ?", (_SCANNED if scan else _COVERED,))
        return Coverage.of(Interval(*row) for row in rows)

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

        Nothing after `settled_until` is covered. `missing` is how many photos are counted in that time beyond
        those listed (`None`: that cannot be known). `info_waits` is whether information waits for a proved
        size, `comments` whether comments are mirrored.
        """
        self._settled_until = settled_until
        unique = {int(photo.id): photo for photo in photos}
        result = PageChanges()
        with self._database.transaction():
            self._database.query_many(
                "INSERT INTO size_evidence (label, listed) VALUES (?, 1) ON CONFLICT DO UPDATE SET listed = 1",
                [(label,) for label in {size.label for photo in photos for size in photo.sizes}],
            )
            answered = self.answered()
            rows = {key: state_row(photo, answered, info_waits=info_waits) for key, photo in unique.items()}
            for known in self._known(unique):
                key = known[0]
                self._refresh(known, unique.pop(key), rows.pop(key), result, comments=comments)
            self._add(unique, rows)
            result.new.extend(map(str, unique))
            if self._scan is not None:
                self._database.query_many(
                    "UPDATE photos SET seen = 1 WHERE id = ?", [(photo.id,) for photo in photos]
                )
            if covered is not None:
                self._cover(Interval(covered.low, min(covered.high, settled_until)), missing)
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
        if stretch.low > stretch.high:
            return
        if missing != 0 and not self._is_hidden(stretch, missing):
            return
        for scan in (_COVERED, _SCANNED) if self._scan is not None else (_COVERED,):
            coverage = self.coverage(scan=bool(scan)).with_interval(stretch)
            self._query("DELETE FROM coverage WHERE scan = ?", (scan,))
            self._database.query_many(
                "INSERT INTO coverage VALUES (?, ?, ?)",
                [(scan, interval.low, interval.high) for interval in coverage.intervals],
            )

    def _is_hidden(self, stretch: Interval, missing: int | None) -> bool:
        """Note a stretch that does not add up; return whether it has been so for long enough."""
        (before,) = self._query(
            "SELECT total(runs) FROM (SELECT max(runs) AS runs FROM shortfalls WHERE run < ? AND low <= ?"
            " AND high >= ? AND missing >= ?)",
            (self._run, stretch.high, stretch.low, missing),
        ).fetchone()
        runs = int(before) + 1 if missing is not None else 0
        self._query(
            "INSERT OR REPLACE INTO shortfalls VALUES (?, ?, ?, ?, ?)",
            (stretch.low, stretch.high, missing, runs, self._run),
        )
        if runs == PATIENCE:
            self._hidden += missing or 0
        return runs >= PATIENCE

    def end(
        self, total: int | None, *, accept_loss: bool = False, window: Interval | None = None
    ) -> WalkResult:
        """End a walk that came to its end, where Flickr counts `total` photos in the whole photostream.

        `window` are the seconds that it was for, where it was not for all; nobody knows a `total` then. A full
        scan that lacks more than a tenth of the photos known is believed only if `accept_loss`.
        """
        with self._database.transaction():
            stale_rows = "run < ?" if self._scan is not None else f"run < ? AND runs < {PATIENCE}"
            if window is not None:
                stale_rows += f" AND low >= {window.low} AND high <= {window.high}"
            self._query(f"DELETE FROM shortfalls WHERE {stale_rows}", (self._run,))
            short = [
                (Interval(low, high), missing)
                for low, high, missing in self._query(
                    f"SELECT low, high, missing FROM shortfalls WHERE run = ? AND runs < {PATIENCE} ORDER BY low",
                    (self._run,),
                )
            ]
            scanned, lost, surplus, gone = False, 0, 0, list[str]()
            if self._scan is None:
                # where no page came, nothing is settled, and nobody knows
                is_all = self._settled_until > 0 and not self.coverage().gaps(self._settled_until)
                if self.last_scan() is None and is_all:
                    self._database.note("scanned", self._now)
            elif not short:
                scanned = True
                lost, surplus, gone = self._end_scan(total, accept_loss=accept_loss)
            difference = self._difference(total) if not (short or lost) else 0
        return WalkResult(
            short, self._hidden, gone, scanned, scanned and self._is_resumed, lost, surplus, difference
        )

    def _end_scan(self, total: int | None, *, accept_loss: bool) -> tuple[int, int, list[str]]:
        self._database.note("scanned", self._scan)
        self._query("DELETE FROM notes WHERE name = 'scan_begun'")
        self._query("DELETE FROM coverage WHERE scan = ?", (_SCANNED,))
        seen, known = self._query("SELECT total(seen), count(*) FROM photos WHERE gone IS NULL").fetchone()
        missed = [str(row[0]) for row in self._query("SELECT id FROM photos WHERE gone IS NULL AND NOT seen")]
        surplus = max((total or 0) - int(seen), 0)
        explained = max(self._count_hidden(), self._database.number("surplus") or 0)
        self._database.note("surplus", surplus)
        if missed and surplus > explained:
            return len(missed), surplus, []
        if len(missed) * 10 > known and not accept_loss:
            return len(missed), 0, []
        self._losses.mark(missed, self._now)
        return 0, 0, missed

    def _difference(self, total: int | None) -> int:
        """Return how many photos Flickr counts more than are known, unless that was so before."""
        if not total:
            return 0
        (known,) = self._query("SELECT count(*) FROM photos WHERE gone IS NULL").fetchone()
        explained = max(self._count_hidden(), self._database.number("surplus") or 0)
        difference = total - int(known)
        difference = max(difference - explained, 0) if difference > 0 else difference
        is_news = difference != (self._database.number("difference") or 0)
        self._database.note("difference", difference)
        return difference if is_news else 0

    def _count_hidden(self) -> int:
        row = self._query(f"SELECT total(missing) FROM shortfalls WHERE runs >= {PATIENCE}").fetchone()
        return int(row[0])
