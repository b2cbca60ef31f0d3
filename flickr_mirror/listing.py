"""What Flickr has listed of a photostream, and what that says: new photos, edits, losses, what does not add up.

A part of the catalogue: it shares its database, and like it blocks. `begin`, `add_page` for each page and `end`
make one walk of the page producer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flickr_mirror.coverage import Coverage, Interval
from flickr_mirror.records import STORED, Change, Stale, Status, changes, state_row, stored_photo, text_row
from flickr_mirror.sizes import Proof

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from flickr_mirror.database import Database
    from flickr_mirror.models import FlickrPhoto

PATIENCE = 3
"""A stretch that Flickr lists short in so many runs is taken for listed: the rest is hidden from strangers."""
SCAN_TTL = 7 * 86_400
"""A full scan that was interrupted goes on within so many seconds, and else begins anew."""
COMMENTS_LEVEL = 2
_COVERED, _SCANNED = 0, 1


@dataclass(frozen=True, slots=True)
class PageChanges:
    """What a page showed: the ids of new photos, and of those that changed with what is to be refreshed."""

    new: list[str] = field(default_factory=list)
    updated: dict[str, Change] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WalkResult:
    """What a walk of the photostream came to.

    `short` are the stretches left open: the seconds, and how many photos are missing there (`None`: Flickr's
    answer could not be true); `hidden` how many photos Flickr counted in vain for the third time in this run.
    `gone` are the ids that a full scan did not find any more. `scanned` is whether a full scan came to its
    end; `lost` how many photos it did not find where that is not believed, and `surplus` how many more it
    counts than it lists where that is why; `resumed` whether an earlier run began it. `difference` is how many
    photos Flickr counts more than are known (less, where it is negative), where that is news.
    """

    short: list[tuple[Interval, int | None]]
    hidden: int = 0
    gone: list[str] = field(default_factory=list)
    scanned: bool = False
    resumed: bool = False
    lost: int = 0
    surplus: int = 0
    difference: int = 0


class Listing:
    """The photos that Flickr has listed, in the database of a catalogue.

    Every method raises `CatalogueError` or `CacheFullError` where SQLite fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.query
        self._now = self._settled_until = self._run = 0
        self._scan: int | None = None
        self._is_resumed = False
        self._hidden = 0

    def last_scan(self) -> int | None:
        """Return when the whole photostream was last listed, in seconds since 1970; `None` if never."""
        return self._number("scanned")

    def begin(self, now: int, *, fields: Collection[str], full: bool) -> Coverage:
        """Begin a walk up to `now`, and return the upload times that need not be listed in it.

        `fields` are what listings are asked to tell: where earlier ones were not asked for one of them, they
        do not count. A `full` walk lists everything, but for what an interrupted one has listed already.
        """
        with self._database.transaction():
            self._now, self._hidden = now, 0
            self._run = (self._number("walks") or 0) + 1
            self._note("walks", self._run)
            known = set((self._text("fields") or "").split())
            if not known >= set(fields):
                self._query("DELETE FROM coverage")
                self._note("fields", " ".join(sorted(known | set(fields))))
            self._scan = self._begin_scan() if full else None
            return self.coverage(scan=full)

    def _begin_scan(self) -> int:
        begun = self._number("scan_begun")
        self._is_resumed = True
        if begun is None or not 0 <= self._now - begun <= SCAN_TTL:
            begun = self._now
            self._is_resumed = False
            self._note("scan_begun", begun)
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
            marks = ", ".join("?" * len(unique))
            rows = self._query(
                f"SELECT {STORED}, uploaded, image_status, info_status, gone IS NOT NULL FROM photos"
                f" JOIN listed USING (id) WHERE id IN ({marks})",
                unique,
            ).fetchall()
            for row in rows:
                photo = unique.pop(row[0])
                fresh = state_row(photo, answered, info_waits=info_waits)
                self._refresh(row, photo, fresh, result, comments=comments)
            result.new.extend(map(str, unique))
            self._database.query_many(
                "INSERT INTO photos (id, uploaded, video, size_label, width, height, url, proof, image_status,"
                " info_status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [state_row(photo, answered, info_waits=info_waits) for photo in unique.values()],
            )
            self._database.query_many(
                "INSERT INTO listed VALUES (?, ?, ?, ?)", [text_row(photo) for photo in unique.values()]
            )
            if self._scan is not None:
                self._database.query_many(
                    "UPDATE photos SET seen = 1 WHERE id = ?", [(photo.id,) for photo in photos]
                )
            if covered is not None:
                self._cover(Interval(covered.low, min(covered.high, settled_until)), missing)
        return result

    def _refresh(
        self,
        row: tuple[int, ...],
        photo: FlickrPhoto,
        fresh: tuple[object, ...],
        result: PageChanges,
        *,
        comments: bool,
    ) -> None:
        """Bring the row of a photo that was listed before up to date, and put what changed on the work list."""
        *columns, uploaded, image_status, info_status, gone = row
        old = stored_photo(tuple(columns))
        change = changes(old, photo)
        stale = old.stale
        if Change.COMMENTS in change:
            stale |= Stale.COMMENTS
        retry = {Status.GONE, Status.UNAVAILABLE} if self._scan is not None else {Status.GONE}
        is_other = Change.IMAGE in change
        if is_other:
            stale |= Stale.IMAGE
        is_fresh = is_other or image_status == Status.NOT_READY
        if is_fresh:
            image_status = int(fresh[8])  # type: ignore[call-overload]
        elif image_status in retry:
            settled = old.proof is not Proof.NONE and photo.facts.media != "video"
            image_status = Status.PENDING if settled else Status.UNSETTLED
        has_comments = comments and old.info_level == COMMENTS_LEVEL
        rewrite = bool(change & ~Change.COMMENTS) or (Change.COMMENTS in change and has_comments)
        if is_other:
            info_status = int(fresh[9])  # type: ignore[call-overload]
        elif info_status in retry or ((rewrite or gone) and info_status != Status.UNSETTLED):
            info_status = Status.PENDING
        if rewrite and not gone:
            result.updated[photo.id] = change
        texts = text_row(photo)
        state = (photo.facts.uploaded or 0, image_status, info_status, stale, bool(gone))
        if state == (uploaded, row[-3], row[-2], old.stale, False) and texts == text_row(old.photo):
            return
        self._query(
            "UPDATE photos SET uploaded = ?, image_status = ?, info_status = ?, stale = ?, gone = NULL,"
            " revision = revision + ? WHERE id = ?",
            (*state[:4], bool(change), photo.id),
        )
        if is_fresh:
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

    def end(self, total: int | None, *, accept_loss: bool) -> WalkResult:
        """End a walk that came to its end, where Flickr counts `total` photos in the whole photostream.

        A full scan that lacks more than a tenth of the photos known is believed only if `accept_loss`.
        """
        with self._database.transaction():
            stale_rows = "run < ?" if self._scan is not None else f"run < ? AND runs < {PATIENCE}"
            self._query(f"DELETE FROM shortfalls WHERE {stale_rows}", (self._run,))
            short = [
                (Interval(low, high), missing)
                for low, high, missing in self._query(
                    f"SELECT low, high, missing FROM shortfalls WHERE runs < {PATIENCE} ORDER BY low"
                )
            ]
            scanned, lost, surplus, gone = False, 0, 0, list[str]()
            if self._scan is None:
                if self.last_scan() is None and not self.coverage().gaps(self._settled_until):
                    self._note("scanned", self._now)
            elif not short:
                scanned = True
                lost, surplus, gone = self._end_scan(total, accept_loss=accept_loss)
            difference = self._difference(total) if not (short or lost) else 0
        return WalkResult(
            short, self._hidden, gone, scanned, scanned and self._is_resumed, lost, surplus, difference
        )

    def _end_scan(self, total: int | None, *, accept_loss: bool) -> tuple[int, int, list[str]]:
        self._note("scanned", self._scan)
        self._query("DELETE FROM notes WHERE name = 'scan_begun'")
        self._query("DELETE FROM coverage WHERE scan = ?", (_SCANNED,))
        seen, known = self._query("SELECT total(seen), count(*) FROM photos WHERE gone IS NULL").fetchone()
        missed = [str(row[0]) for row in self._query("SELECT id FROM photos WHERE gone IS NULL AND NOT seen")]
        surplus = max((total or 0) - int(seen), 0)
        explained = max(self._count_hidden(), self._number("surplus") or 0)
        self._note("surplus", surplus)
        if missed and surplus > explained:
            return len(missed), surplus, []
        if len(missed) * 10 > known and not accept_loss:
            return len(missed), 0, []
        self._mark_gone(missed)
        return 0, 0, missed

    def _mark_gone(self, photo_ids: Iterable[str]) -> None:
        unfinished = f"NOT IN ({int(Status.DONE)}, {int(Status.GONE)})"
        for photo_id in photo_ids:
            self._query(
                f"UPDATE photos SET gone = ?, revision = revision + 1,"
                f" image_status = iif(image_status {unfinished}, 7, image_status),"
                f" info_status = iif(info_status {unfinished}, 7, info_status) WHERE id = ?",
                (self._now, photo_id),
            )
            self._query("DELETE FROM failures WHERE photo_id = ?", (photo_id,))

    def _difference(self, total: int | None) -> int:
        """Return how many photos Flickr counts more than are known, unless that was so before."""
        if not total:
            return 0
        (known,) = self._query("SELECT count(*) FROM photos WHERE gone IS NULL").fetchone()
        explained = max(self._count_hidden(), self._number("surplus") or 0)
        difference = total - int(known)
        difference = max(difference - explained, 0) if difference > 0 else difference
        is_news = difference != (self._number("difference") or 0)
        self._note("difference", difference)
        return difference if is_news else 0

    def _count_hidden(self) -> int:
        row = self._query(f"SELECT total(missing) FROM shortfalls WHERE runs >= {PATIENCE}").fetchone()
        return int(row[0])

    def _number(self, name: str) -> int | None:
        text = self._text(name)
        return None if text is None else int(text)

    def _text(self, name: str) -> str | None:
        row = self._query("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _note(self, name: str, value: object) -> None:
        self._query("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, str(value)))


def sentences(result: WalkResult) -> list[str]:
    """Return what a user should know of a walk."""
    texts = []
    for stretch, missing in result.short:
        when = f"uploaded between {_day(stretch.low)} and {_day(stretch.high)}"
        if missing is None:
            texts.append(f"What Flickr lists cannot be true for what was {when}. The next run asks again.")
        else:
            texts.append(
                f"Flickr counts {_photos(missing)} more than it lists, {when}. The next run asks again."
            )
    if result.hidden:
        texts.append(
            f"Flickr counts {_photos(result.hidden)} that it does not list, {PATIENCE} runs in a row: taken for "
            "hidden from visitors who are not logged in."
        )
    if result.surplus:
        texts.append(
            f"The full scan does not find {_photos(result.lost)}, but Flickr counts {result.surplus} more than it "
            "lists: nothing is marked as gone. A further full scan that says the same is believed."
        )
    elif result.lost:
        texts.append(
            f"The full scan does not find {_photos(result.lost)}, more than a tenth of the mirror: that is not "
            "believed, and nothing is marked as gone. If the owner did remove them, add --accept-loss."
        )
    if result.difference < 0:
        texts.append(
            f"Flickr shows {_photos(-result.difference)} fewer than are mirrored here. --full-scan tells what is "
            "gone."
        )
    elif result.difference:
        texts.append(
            f"Flickr counts {_photos(result.difference)} more than it has listed so far: published late, perhaps. "
            "--full-scan looks for them."
        )
    return texts


def _photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count:,} photos"


def _day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
