"""Coverage and gaps: together they contain every second once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.models.intervals import Coverage, Interval

INTERVALS = st.lists(st.builds(Interval, st.integers(0, 60), st.integers(0, 60)), max_size=8)


def seconds(intervals: list[Interval] | tuple[Interval, ...]) -> list[int]:
    """Return every second of the intervals, once for each."""
    return [second for interval in intervals for second in range(interval.low, interval.high + 1)]


@given(INTERVALS, st.integers(0, 70))
def test_coverage_and_gaps_are_all_of_time(intervals: list[Interval], until: int) -> None:
    """Every second is either in the coverage or in a gap."""
    coverage = Coverage.of(intervals)
    covered = [second for second in seconds(coverage.intervals) if second <= until]

    assert sorted(covered + seconds(coverage.gaps(until))) == list(range(until + 1))
    assert set(seconds(coverage.intervals)) == set(seconds(intervals))


@given(INTERVALS)
def test_a_coverage_has_few_stretches(intervals: list[Interval]) -> None:
    """Stretches that overlap or touch are merged, in ascending order, so the set stays small."""
    kept = Coverage.of(intervals).intervals

    assert all(one.high + 1 < other.low for one, other in pairwise(kept))
    assert all(interval.low <= interval.high for interval in kept)


@given(INTERVALS, st.randoms(use_true_random=False))
def test_the_order_of_listing_does_not_matter(intervals: list[Interval], random: object) -> None:
    """Newest first, oldest first or mixed: the same pages result in the same coverage."""
    shuffled = list(intervals)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    grown = Coverage()
    for interval in shuffled:
        grown = grown.with_interval(interval)

    assert grown == Coverage.of(intervals)


@given(INTERVALS, st.integers(0, 70))
def test_listing_the_gaps_leaves_none(intervals: list[Interval], until: int) -> None:
    """After a run has listed every gap, the next one has nothing to list."""
    coverage = Coverage.of(intervals)
    gaps = coverage.gaps(until)
    for gap in gaps:
        coverage = coverage.with_interval(gap)

    assert gaps == sorted(gaps, reverse=True)
    assert coverage.gaps(until) == []


def test_touching_stretches_are_one() -> None:
    """Adjacent pages become one stretch; a second between them stays a gap."""
    assert Coverage.of([Interval(5, 9), Interval(0, 4)]).intervals == (Interval(0, 9),)
    assert Coverage.of([Interval(6, 9), Interval(0, 4)]).gaps(9) == [Interval(5, 5)]


def test_a_new_mirror_is_one_gap() -> None:
    """Without any listing, all times are a gap."""
    assert Coverage().gaps(100) == [Interval(0, 100)]
    assert Coverage.of([Interval(9, 3)]) == Coverage()
    assert Coverage.of([Interval(0, 200)]).gaps(100) == []


def test_gaps_of_a_stretch_of_time() -> None:
    """Only the gaps between two seconds, both included, newest first; none if the first is after the second."""
    coverage = Coverage.of([Interval(10, 20), Interval(40, 50)])
    assert coverage.gaps(100, 5) == [Interval(51, 100), Interval(21, 39), Interval(5, 9)]
    assert coverage.gaps(45, 15) == [Interval(21, 39)]
    assert coverage.gaps(30, 30) == [Interval(30, 30)]
    assert coverage.gaps(50, 40) == []
    assert coverage.gaps(60, 70) == []
