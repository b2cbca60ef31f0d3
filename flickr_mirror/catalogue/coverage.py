"""The upload times that are listed, and those where Flickr counts more photos than it lists, in a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.intervals import Coverage, Interval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.database import Database

RUNS_UNTIL_HIDDEN = 3
"""Photos that Flickr counts and does not list in as many runs in a row are taken to be hidden from this caller."""
ALWAYS_PLAUSIBLE = 10
"""More photos than these are taken to be hidden only where as many are listed beside them."""
UNLOCATED = Interval(-1, -1)
"""Stands for photos that Flickr counts in the whole photostream and in no part of it."""
_COVERED, _SCANNED = 0, 1


class CoverageStore:
    """Coverage and shortfalls, in the database of a catalogue.

    A shortfall is a stretch of upload time in which Flickr counts more photos than it lists: by how many (`None`
    where its answers cannot be true), in how many runs in a row, and in which run that was noted last. What changes
    is to be called inside of a transaction. Every method raises `CatalogueError` or `CacheFullError` where
    SQLite fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.query

    def listed(self, *, scan: bool = False) -> Coverage:
        """Return the upload times whose photos are all listed, at all or by the full `scan` under way."""
        rows = self._query("SELECT low, high FROM coverage WHERE scan = ?", (_SCANNED if scan else _COVERED,))
        return Coverage.of(Interval(*row) for row in rows)

    def mark_complete(self, stretch: Interval, *, scanning: bool) -> None:
        """Note that a stretch is listed, where `scanning` by a full scan; shortfalls within it are forgotten."""
        self._query("DELETE FROM shortfalls WHERE low >= ? AND high <= ?", (stretch.low, stretch.high))
        self.mark_listed(stretch, scanning=scanning)

    def mark_listed(self, stretch: Interval, *, scanning: bool) -> None:
        """Note that a stretch is listed, but for what is hidden."""
        for scan in (False, True) if scanning else (False,):
            self._write(self.listed(scan=scan).with_interval(stretch), scan=scan)

    def clear(self, *, scan: bool = False) -> None:
        """Forget all coverage, or that of a full `scan` only."""
        self._query("DELETE FROM coverage WHERE scan >= ?", (_SCANNED if scan else _COVERED,))

    def reopen(self, stretches: Iterable[Interval]) -> None:
        """Note that stretches are to be listed again."""
        stretches = list(stretches)
        for scan in (False, True):
            coverage = self.listed(scan=scan)
            for stretch in stretches:
                coverage = coverage.without(stretch)
            self._write(coverage, scan=scan)

    def _write(self, coverage: Coverage, *, scan: bool) -> None:
        key = _SCANNED if scan else _COVERED
        self._query("DELETE FROM coverage WHERE scan = ?", (key,))
        self._database.query_many(
            "INSERT INTO coverage VALUES (?, ?, ?)",
            [(key, interval.low, interval.high) for interval in coverage.intervals],
        )

    def record_shortfall(self, stretch: Interval, missing: int | None, *, run: int, listed: int) -> int:
        """Note a shortfall in a `run`; return how many photos are newly taken to be hidden.

        `listed` is how many photos are known there: a stretch of which most is missing is not taken to be listed,
        however often that is so.
        """
        (before,) = self._query(
            "SELECT total(runs) FROM (SELECT max(runs) AS runs FROM shortfalls WHERE run < ? AND low <= ?"
            " AND high >= ? AND missing >= ?)",
            (run, stretch.high, stretch.low, missing),
        ).fetchone()
        is_possible = missing is not None and missing <= max(ALWAYS_PLAUSIBLE, listed)
        runs = int(before) + 1 if is_possible else 0
        self._query(
            "INSERT OR REPLACE INTO shortfalls VALUES (?, ?, ?, ?, ?)",
            (stretch.low, stretch.high, missing, runs, run),
        )
        return missing if runs == RUNS_UNTIL_HIDDEN and missing is not None else 0

    def is_hidden(self, stretch: Interval) -> bool:
        """Return whether the photos that are missing in a stretch are taken to be hidden."""
        row = self._query("SELECT runs FROM shortfalls WHERE low = ?", (stretch.low,)).fetchone()
        return row is not None and int(row[0]) >= RUNS_UNTIL_HIDDEN

    def delete_shortfalls(self, before: int, *, scanning: bool, window: Interval | None) -> None:
        """Forget the shortfalls with a place that runs before a run have found, and it has not.

        Photos taken to be hidden stay so until a full scan is over. `window` limits that to a stretch of time.
        """
        condition = "low >= 0 AND run < ?"
        if not scanning:
            condition += f" AND runs < {RUNS_UNTIL_HIDDEN}"
        if window is not None:
            condition += f" AND low >= {window.low} AND high <= {window.high}"
        self._query(f"DELETE FROM shortfalls WHERE {condition}", (before,))

    def delete_unlocated(self) -> None:
        """Note that Flickr counts as many photos in the whole photostream as in its parts."""
        self._query("DELETE FROM shortfalls WHERE low = ?", (UNLOCATED.low,))

    def shortfalls(self, *, since: int = 0) -> list[tuple[Interval, int | None]]:
        """Return the stretches that are open because Flickr counts more there than it lists, oldest first.

        Only those that the run `since` or a later one has noted.
        """
        rows = self._query(
            f"SELECT low, high, missing FROM shortfalls WHERE runs < {RUNS_UNTIL_HIDDEN} AND run >= ? ORDER BY low",
            (since,),
        ).fetchall()
        return [(Interval(low, high), missing) for low, high, missing in rows]

    def count_hidden(self, stretch: Interval | None = None) -> int:
        """Return how many photos are taken to be hidden: in all, or those whose places are within a stretch."""
        row = self._query(
            f"SELECT total(missing) FROM shortfalls WHERE runs >= {RUNS_UNTIL_HIDDEN} AND low >= ? AND high <= ?",
            (stretch.low, stretch.high) if stretch else (UNLOCATED.low, 1 << 62),
        ).fetchone()
        return int(row[0])
