"""The upload times that are listed, and the shortfalls in which Flickr counts more photos than it lists.

Flickr's page numbers shift whenever the owner uploads or deletes, so a page number does not show which photos were
listed. The upload time of a photo does not change. A walk therefore records the seconds whose photos are all listed,
and the next one lists only the gaps (`models.intervals`).

Flickr's totals can also include photos that it never lists to a visitor who is not logged in, and single pages can be
short (reported in https://github.com/markdoliner/flickrmirrorer/issues/21). One answer does not show which of the two
it is. So a stretch that is short stays open, and is listed again by the next runs. After `RUNS_UNTIL_HIDDEN` runs
with the same result, its photos are assumed to be hidden, and the stretch counts as listed: otherwise a photostream
with one hidden photo would never be complete, and would cost calls in every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.intervals import Coverage, Interval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.database import Database

RUNS_UNTIL_HIDDEN = 3
"""Photos that Flickr counts and does not list in this many runs in a row are assumed to be hidden."""
ALWAYS_PLAUSIBLE = 10
"""More photos than this are assumed to be hidden only if at least as many are listed beside them."""
UNLOCATED = Interval(-1, -1)
"""Stands for photos that Flickr counts in the whole photostream but in no part of it."""
_COVERED, _SCANNED = 0, 1


class CoverageStore:
    """Coverage and shortfalls of the caller of the run. Call methods that change them inside of a transaction.

    A shortfall is a stretch of upload time with the number of photos missing in it (`None` if Flickr's answers cannot
    be true), the number of runs in a row that found it, and the last run that did.
    """

    def __init__(self, database: Database, callers: Callers) -> None:
        self._database = database
        self._query = database.query
        self._callers = callers

    @property
    def _caller(self) -> int:
        return self._callers.bit

    # Coverage

    def listed(self, *, scan: bool = False, caller: int | None = None) -> Coverage:
        """Return the upload times whose photos are all listed: by any walk, or by the full `scan` under way.

        `caller` is the bit of another caller than that of the run.
        """
        rows = self._query(
            "SELECT low, high FROM coverage WHERE caller = ? AND scan = ?",
            (caller or self._caller, _SCANNED if scan else _COVERED),
        )
        return Coverage.of(Interval(*row) for row in rows)

    def mark_complete(self, stretch: Interval, *, scanning: bool) -> None:
        """Record that all photos of a stretch are listed, and delete the shortfalls in it."""
        self._query(
            "DELETE FROM shortfalls WHERE caller = ? AND low >= ? AND high <= ?",
            (self._caller, stretch.low, stretch.high),
        )
        self.mark_listed(stretch, scanning=scanning)

    def mark_listed(self, stretch: Interval, *, scanning: bool) -> None:
        """Record that the photos of a stretch are listed, except hidden ones; `scanning` is as in a full scan."""
        for scan in (False, True) if scanning else (False,):
            self._write(self.listed(scan=scan).with_interval(stretch), self._caller, scan=scan)

    def clear(self) -> None:
        """Delete all coverage of all callers."""
        self._query("DELETE FROM coverage")

    def clear_scan(self) -> None:
        """Delete the coverage of the caller's full scan."""
        self._query("DELETE FROM coverage WHERE caller = ? AND scan = ?", (self._caller, _SCANNED))

    def reopen(self, stretches: Iterable[Interval], *, for_all: bool = False) -> None:
        """Record that the caller, or each caller (`for_all`), must list stretches again."""
        stretches = list(stretches)
        for caller in self._callers.bits() if for_all else (self._caller,):
            for scan in (False, True):
                coverage = self.listed(scan=scan, caller=caller)
                for stretch in stretches:
                    coverage = coverage.without(stretch)
                self._write(coverage, caller, scan=scan)

    def _write(self, coverage: Coverage, caller: int, *, scan: bool) -> None:
        key = _SCANNED if scan else _COVERED
        self._query("DELETE FROM coverage WHERE caller = ? AND scan = ?", (caller, key))
        self._database.query_many(
            "INSERT INTO coverage VALUES (?, ?, ?, ?)",
            [(caller, key, interval.low, interval.high) for interval in coverage.intervals],
        )

    # Shortfalls

    def record_shortfall(self, stretch: Interval, missing: int | None, *, run: int, listed: int) -> int:
        """Record a shortfall found in a `run`; return how many photos are newly assumed to be hidden.

        `listed` is how many photos are known in the stretch. A stretch that lacks most of its photos is never taken to
        be listed: then the listing is wrong, for example with an empty page and a total of 600.
        """
        # Borders of a stretch move with the pages, so an earlier shortfall that overlaps counts as the same one.
        (before,) = self._query(
            "SELECT total(runs) FROM (SELECT max(runs) AS runs FROM shortfalls WHERE caller = ? AND run < ?"
            " AND low <= ? AND high >= ? AND missing >= ?)",
            (self._caller, run, stretch.high, stretch.low, missing),
        ).fetchone()
        is_possible = missing is not None and missing <= max(ALWAYS_PLAUSIBLE, listed)
        runs = int(before) + 1 if is_possible else 0
        self._query(
            "INSERT OR REPLACE INTO shortfalls VALUES (?, ?, ?, ?, ?, ?)",
            (self._caller, stretch.low, stretch.high, missing, runs, run),
        )
        return missing if runs == RUNS_UNTIL_HIDDEN and missing is not None else 0

    def is_hidden(self, stretch: Interval) -> bool:
        """Return whether the photos missing in a stretch are assumed to be hidden."""
        row = self._query(
            "SELECT runs FROM shortfalls WHERE caller = ? AND low = ?", (self._caller, stretch.low)
        ).fetchone()
        return row is not None and int(row[0]) >= RUNS_UNTIL_HIDDEN

    def delete_shortfalls(self, before: int, *, scanning: bool, window: Interval | None) -> None:
        """Delete the shortfalls that the run `before` did not find again, within a `window` of upload time if given.

        Photos assumed to be hidden stay so until a full scan ends, because other walks do not list their stretch again.
        """
        condition = "caller = ? AND low >= 0 AND run < ?"
        if not scanning:
            condition += f" AND runs < {RUNS_UNTIL_HIDDEN}"
        if window is not None:
            condition += f" AND low >= {window.low} AND high <= {window.high}"
        self._query(f"DELETE FROM shortfalls WHERE {condition}", (self._caller, before))

    def delete_unlocated(self) -> None:
        """Record that Flickr counts no more photos in the whole photostream than in its parts."""
        self._query("DELETE FROM shortfalls WHERE caller = ? AND low = ?", (self._caller, UNLOCATED.low))

    def shortfalls(self, *, since: int = 0) -> list[tuple[Interval, int | None]]:
        """Return the open shortfalls that the run `since` or a later one found, oldest upload time first."""
        rows = self._query(
            f"SELECT low, high, missing FROM shortfalls WHERE caller = ? AND runs < {RUNS_UNTIL_HIDDEN} AND run >= ?"
            " ORDER BY low",
            (self._caller, since),
        ).fetchall()
        return [(Interval(low, high), missing) for low, high, missing in rows]

    def count_hidden(self, stretch: Interval | None = None) -> int:
        """Return how many photos are assumed to be hidden: in all, or in the shortfalls within a stretch."""
        row = self._query(
            f"SELECT total(missing) FROM shortfalls WHERE caller = ? AND runs >= {RUNS_UNTIL_HIDDEN} AND low >= ?"
            " AND high <= ?",
            (self._caller, *((stretch.low, stretch.high) if stretch else (UNLOCATED.low, 1 << 62))),
        ).fetchone()
        return int(row[0])
