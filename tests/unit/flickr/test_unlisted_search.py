"""The search for photos that Flickr counts, but no listing has shown."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from random import Random

import pytest

from flickr_mirror.flickr.unlisted_search import MAX_CALLS, locate
from flickr_mirror.models.intervals import Interval

WHOLE = Interval(0, 1_000_000)


class Counts:
    """Upload times at Flickr, and those in the mirror."""

    def __init__(self, flickr: list[int], known: list[int]) -> None:
        self.flickr = sorted(flickr)
        self.mirror = sorted(known)
        self.calls = 0

    async def count(self, low: int, high: int) -> int:
        """Return Flickr's count."""
        self.calls += 1
        return bisect_right(self.flickr, high) - bisect_left(self.flickr, low)

    async def known(self, stretch: Interval) -> int:
        """Return the number of known photos."""
        return bisect_right(self.mirror, stretch.high) - bisect_left(self.mirror, stretch.low)

    async def middle(self, stretch: Interval) -> int:
        """Return the time of the photo in the middle."""
        first, last = bisect_left(self.mirror, stretch.low), bisect_right(self.mirror, stretch.high)
        return self.mirror[(first + last) // 2] if first < last else (stretch.low + stretch.high) // 2

    async def locate(self, page_size: int = 500) -> list[Interval]:
        """Return the stretches with missing photos."""
        surplus = len(self.flickr) - len(self.mirror)
        return await locate(self.count, self.known, self.middle, WHOLE, surplus, page_size)


def times(count: int, seed: int = 0) -> list[int]:
    """Return random upload times."""
    return sorted(Random(seed).choices(range(WHOLE.high), k=count))


@pytest.mark.parametrize("place", [0, 1, 50_000, 99_998, 99_999])
async def test_one_photo_among_many_is_found_with_few_calls(place: int) -> None:
    """One late photo among 100,000 takes about eight calls, and leaves one page to list."""
    everyone = times(100_000)
    counts = Counts(everyone, everyone[:place] + everyone[place + 1 :])
    (stretch,) = await counts.locate()
    assert stretch.low <= everyone[place] <= stretch.high
    assert await counts.known(stretch) < 500
    assert counts.calls <= 9


async def test_several_photos_are_found() -> None:
    """Each missing photo is within one of the stretches."""
    everyone = times(20_000)
    missing = everyone[100::4000]
    counts = Counts(everyone, [time for time in everyone if time not in missing])
    stretches = await counts.locate()
    assert all(any(stretch.low <= time <= stretch.high for stretch in stretches) for time in missing)
    assert counts.calls <= len(missing) * 9


async def test_all_photos_before_a_second_are_found() -> None:
    """If the listing ended too early, the older photos are found."""
    everyone = times(1_100)
    counts = Counts(everyone, everyone[600:])
    stretches = await counts.locate()
    assert all(any(stretch.low <= time <= stretch.high for stretch in stretches) for time in everyone[:600])


async def test_the_search_ends_at_one_second() -> None:
    """A second cannot be halved."""
    counts = Counts([77] * 2000, [77] * 1999)
    assert await counts.locate() == [Interval(0, 77)]
    assert counts.calls == 1


async def test_the_search_is_bounded() -> None:
    """Photos missing everywhere take no more calls than the limit of a run."""
    everyone = times(100_000)
    counts = Counts(everyone, everyone[::2])
    stretches = await counts.locate(page_size=10)
    assert counts.calls == MAX_CALLS
    assert stretches


async def test_losses_do_not_mislead_the_search() -> None:
    """Gone photos that are not yet marked reduce the difference, but the stretches found are correct."""
    everyone = times(10_000)
    counts = Counts(everyone[5:9_000] + everyone[9_001:], everyone[:4_000] + everyone[4_010:])
    stretches = await counts.locate()
    assert all(
        any(stretch.low <= time <= stretch.high for stretch in stretches) for time in everyone[4_000:4_010]
    )
