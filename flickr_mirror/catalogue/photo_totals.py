"""How many photos are known, in all and in a stretch of upload time, to compare with Flickr's own counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.coverage import CoverageStore
    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.gone_photos import GonePhotos
    from flickr_mirror.models.intervals import Interval


class PhotoTotals:
    """Counts of the photos that are known for the caller of the run and are not gone."""

    def __init__(
        self, database: Database, callers: Callers, coverage: CoverageStore, gone_photos: GonePhotos
    ) -> None:
        self._database = database
        self._query = database.query
        self._callers = callers
        self._coverage = coverage
        self._gone_photos = gone_photos

    @property
    def _known(self) -> str:
        return f"gone IS NULL AND {self._callers.listed}"

    def known(self) -> int:
        """Return how many photos are known."""
        row = self._query(f"SELECT count(*) FROM photos WHERE {self._known}").fetchone()
        return int(row[0])

    def known_in(self, stretch: Interval) -> int:
        """Return how many photos are known that were uploaded in a stretch."""
        row = self._query(
            f"SELECT count(*) FROM photos WHERE {self._known} AND uploaded BETWEEN ? AND ?",
            (stretch.low, stretch.high),
        ).fetchone()
        return int(row[0])

    def count_in(self, stretch: Interval) -> int:
        """Return how many photos Flickr should count in a stretch: those known and those assumed to be hidden."""
        return self.known_in(stretch) + self._coverage.count_hidden(stretch)

    def median_upload(self, stretch: Interval) -> int:
        """Return a second that halves the known photos of a stretch, or the stretch itself if none is known."""
        row = self._query(
            f"SELECT uploaded FROM photos WHERE {self._known} AND uploaded BETWEEN ? AND ? ORDER BY uploaded"
            " LIMIT 1 OFFSET ?",
            (stretch.low, stretch.high, self.known_in(stretch) // 2),
        ).fetchone()
        return int(row[0]) if row else (stretch.low + stretch.high) // 2

    def newest_upload(self) -> int:
        """Return the second of the newest upload that is known; 0 if none is."""
        (newest,) = self._query("SELECT max(uploaded) FROM photos").fetchone()
        return int(newest or 0)

    def expected(self) -> int:
        """Return the total that Flickr should show for the whole photostream, judging by earlier walks."""
        difference = min(self._callers.get_number("difference") or 0, 0)
        return self.known() + self._coverage.count_hidden() - self._gone_photos.count_absent() + difference

    def unexplained(self, total: int) -> int:
        """Return how many photos of Flickr's `total` are not known, not hidden and not in a shortfall of this walk.

        The result is negative if Flickr counts fewer photos than are known.
        """
        walk = self._database.get_number("walks") or 0
        in_shortfalls = sum(missing or 0 for _, missing in self._coverage.shortfalls(since=walk))
        return total - self.known() - self._coverage.count_hidden() - in_shortfalls
