"""Intervals of upload time: those that have been listed, and the gaps between them.

Progress is recorded as upload times because page numbers shift whenever the owner uploads a photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The time from second `low` to second `high` since 1970 (UTC), both included."""

    low: int
    high: int

    def __contains__(self, other: Interval) -> bool:
        """Return whether another interval lies completely in this one."""
        return self.low <= other.low and other.high <= self.high


@dataclass(frozen=True, slots=True)
class Coverage:
    """A set of seconds, stored as disjoint intervals in ascending order that do not touch each other."""

    intervals: tuple[Interval, ...] = ()

    @staticmethod
    def of(intervals: Iterable[Interval]) -> Coverage:
        """Return the union of intervals, which may overlap and be in any order; empty ones are ignored."""
        merged: list[Interval] = []
        for interval in sorted(interval for interval in intervals if interval.low <= interval.high):
            if merged and interval.low <= merged[-1].high + 1:
                merged[-1] = Interval(merged[-1].low, max(merged[-1].high, interval.high))
            else:
                merged.append(interval)
        return Coverage(tuple(merged))

    def with_interval(self, interval: Interval) -> Coverage:
        """Return this coverage with the seconds of `interval` added."""
        return Coverage.of((*self.intervals, interval))

    def without(self, gap: Interval) -> Coverage:
        """Return this coverage without the seconds of `gap`."""
        left = []
        for interval in self.intervals:
            left += [
                Interval(interval.low, min(interval.high, gap.low - 1)),
                Interval(max(interval.low, gap.high + 1), interval.high),
            ]
        return Coverage.of(left)

    def gaps(self, until: int, since: int = 0) -> list[Interval]:
        """Return the intervals between `since` and `until` that are not covered, newest first."""
        gaps: list[Interval] = []
        low = since
        for interval in self.intervals:
            if interval.low > low:
                gaps.append(Interval(low, min(interval.low - 1, until)))
            low = max(low, interval.high + 1)
        gaps.append(Interval(low, until))
        return [gap for gap in reversed(gaps) if gap.low <= gap.high]
