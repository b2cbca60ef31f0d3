"""The page producer: walks the gaps of a photostream and yields pages with the upload time they cover.

Flickr lists newest first, in pages whose numbers slide with every upload. Upload times do not slide, so a
walk is held by times: newest first it always asks page 1 of what is not newer than the last photo seen;
oldest first it walks page numbers downwards in a window whose lower edge follows the newest photo seen.
What each page shows is reckoned up against what Flickr counts, stretch by stretch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from flickr_mirror.flickr.listing_pages import ListingPages, upload_time, worse
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.options import CachingStrategy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.flickr.listing_pages import Answer
    from flickr_mirror.models.photos import FlickrPhoto, PhotoPage


RESTARTS = 3
"""How often the pages of one second are read again, because Flickr counts other numbers of photos on them."""


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of the walk.

    `covered` are the seconds of which everything that Flickr shows is listed by now, as far as this page adds
    any. `missing` is how many photos Flickr counts there beyond those; `None` where its answer cannot be true.
    `frontier` is the second up to which (excluded) the walk has listed everything that comes before in its
    order; `None` when it is at its end. `number` counts the pages of the walk out of `pages`; newest first it
    rises, oldest first it falls, and it is 0 for what is no step of the walk. `total` is what Flickr counts.
    """

    photos: list[FlickrPhoto]
    covered: Interval | None
    missing: int | None
    frontier: int | None
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Seconds that were walked: the ids `listed` in them, and how many photos Flickr counted up to their end
    that are not in them."""

    seconds: Interval
    listed: set[str]
    below: int


@dataclass(slots=True)
class _Descent:
    """A walk from the newest second of a gap to its oldest one.

    It is at page `number` of what was uploaded from `low` to the second `ceiling`; only where a page is all of one
    second is that not 1. `listed` are the photos up to the ceiling, with their times; `missing` how many Flickr
    counts beyond those, `total` how many in all, `owed` how many it must count by what it has answered before.
    `above` is the stretch before, which the next answer is compared with.
    """

    gap: Interval
    low: int | None
    owed: int
    ceiling: int = field(init=False)
    number: int = 1
    restarts: int = 0
    total: int = 0
    missing: int | None = 0
    listed: dict[str, int] = field(default_factory=dict)
    above: _Stretch | None = None

    def __post_init__(self) -> None:
        self.ceiling = self.gap.high

    def restarts_at(self, answer: Answer) -> bool:
        """Return whether the pages of this second must be read again from the first one.

        Where Flickr counts otherwise than on the page before, photos have moved from one page to another.
        """
        self.low = answer.low
        has_changed = self.number > 1 and answer.page.total != self.total
        self.total = answer.page.total
        if has_changed and self.restarts < RESTARTS:
            self.number, self.restarts, self.missing, self.listed = 1, self.restarts + 1, 0, {}
            return True
        self.missing = worse(self.missing, None if has_changed else answer.missing)
        return False

    def ends_with(self, answer: Answer, page_size: int) -> bool:
        """Return whether an answer, whose photos are listed now, is the last one of the gap."""
        page = answer.page
        fresh = {photo.id: upload_time(photo) for photo in page.photos if photo.id not in self.listed}
        self.listed |= fresh
        # Beyond the last page, Flickr sometimes repeats it instead of sending an empty one. A full page
        # is never taken for the last one, whatever is counted.
        is_last = len(page.photos) < page_size and len(self.listed) == page.total
        return not fresh or not answer.times or is_last or answer.oldest < self.gap.low

    def go_on(self, oldest: int, total: int) -> None:
        """Go on below a page whose oldest photo is of this second; `total` is how many photos it counts."""
        if oldest == self.ceiling:  # a whole page of one second: only the page's number leads on
            self.number += 1
            return
        if self.missing is not None:  # else what Flickr counts says nothing either
            ids = {photo_id for photo_id, time in self.listed.items() if time > oldest}
            self.above = _Stretch(Interval(oldest + 1, self.ceiling), ids, total - len(ids))
        self.ceiling, self.number, self.restarts, self.missing, self.listed = oldest, 1, 0, 0, {}


class PhotostreamWalk:
    """The photostream of one user, as far as `gaps` leave it to be listed.

    `gaps` stand newest first, as `Coverage.gaps` returns them. `is_whole` is whether they are those of all time
    up to now; else nothing outside of them is asked for. `expected` is how many photos the whole stream must
    have, as far as that is known: where Flickr counts fewer, it is asked twice.
    """

    def __init__(
        self,
        api: AsyncFlickrApi,
        user_id: str,
        gaps: Sequence[Interval],
        strategy: CachingStrategy,
        *,
        page_size: int = 500,
        is_whole: bool = True,
        expected: int = 1,
    ) -> None:
        self._gaps = list(gaps)
        self._expected = expected
        self._newest_first = strategy is CachingStrategy.LIFO
        self._page_size = page_size
        self._pages = ListingPages(
            api, user_id, self._gaps[0] if self._gaps and is_whole else None, page_size
        )
        self._walked = 0
        self.is_stopped = False

    @property
    def total(self) -> int | None:
        """How many photos Flickr counts in the whole stream; `None` where it was not asked."""
        return self._pages.total

    def stop(self) -> None:
        """End the walk after the page that it is at, or the next one that covers any time."""
        self.is_stopped = True

    async def pages(self) -> AsyncIterator[ListedPage]:
        """Yield the pages of all gaps, in the strategy's order.

        Raises what `AsyncFlickrApi.get_page` raises.
        """
        gaps = self._gaps if self._newest_first else self._gaps[::-1]
        for position, gap in enumerate(gaps):
            after = gaps[position + 1] if position + 1 < len(gaps) else None
            walk = self._newest_to_oldest if self._newest_first else self._oldest_to_newest
            async for page in walk(gap, after):
                yield page
            if self.is_stopped:
                return

    async def _newest_to_oldest(self, gap: Interval, after: Interval | None) -> AsyncIterator[ListedPage]:
        walk = _Descent(gap, self._pages.lower_bound(gap), self._owed(gap))
        while True:
            answer = await self._pages.ask(walk.number, walk.low, walk.ceiling, gap)
            async for checked in self._check_above(walk, answer.page.total):
                yield checked
            if walk.number == 1 and answer.low == walk.low:
                answer = await self._pages.confirm(answer, walk.owed, 1, walk.ceiling, gap)
            if walk.restarts_at(answer):
                continue
            if walk.ends_with(answer, self._page_size):
                frontier = after.high if after else None
                yield self._listed(answer.page, Interval(gap.low, walk.ceiling), walk.missing, frontier)
                return
            oldest = max(answer.oldest, gap.low)
            is_doubtful = walk.missing is None and oldest < walk.ceiling
            walked = Interval(oldest + 1, walk.ceiling) if is_doubtful else None
            yield self._listed(answer.page, walked, walk.missing if is_doubtful else 0, oldest)
            walk.go_on(oldest, answer.page.total)
            if self.is_stopped and walk.number == 1:
                if walk.above is not None:
                    yield await self._count_up(walk.above, walk.ceiling)
                return

    async def _check_above(self, walk: _Descent, total: int) -> AsyncIterator[ListedPage]:
        """Compare the stretch that a walk has come through with the `total` that Flickr counts below it now."""
        above, walk.above = walk.above, None
        if above is None:
            return
        uncounted = 0
        if above.below <= total:
            yield self._covering([], above.seconds, 0, walk.ceiling)
        else:  # more is counted in it than was shown, or photos below are gone, or the total is false
            recounted, uncounted = await self._recount(above.seconds, above.listed, walk.ceiling)
            async for settled in self._settle(above, recounted):
                yield settled
        walk.owed = above.below - uncounted

    def _owed(self, gap: Interval) -> int:
        """Return how many photos the first answer for a gap must count; an empty one is always asked for twice."""
        return self._expected if self._pages.is_newest(gap) else 1

    async def _settle(self, above: _Stretch, recounted: ListedPage) -> AsyncIterator[ListedPage]:
        """Yield what a recount of a stretch showed, and list the stretch again where the walk has missed photos."""
        led_past = bool({photo.id for photo in recounted.photos} - above.listed)
        if not (recounted.missing and led_past):
            yield recounted
        else:  # a photo out of its order led the walk past others
            yield replace(recounted, covered=None)
            async for rest in self._newest_to_oldest(above.seconds, None):
                yield replace(rest, frontier=recounted.frontier)

    async def _count_up(self, above: _Stretch, frontier: int) -> ListedPage:
        """Compare the last stretch of a walk that is stopped with what Flickr counts in it, for want of a next answer.

        The call lists nothing; where it agrees, the next walk need not list the stretch again.
        """
        counted = await self._pages.count_between(above.seconds.low, above.seconds.high)
        return self._covering([], above.seconds if counted == len(above.listed) else None, 0, frontier)

    async def _recount(self, seconds: Interval, listed: set[str], frontier: int) -> tuple[ListedPage, int]:
        """Ask what Flickr counts in a stretch, of which the ids `listed` are known.

        The second value is how many photos it counts beyond those.
        """
        page = (await self._pages.ask_once(1, seconds.low, seconds.high)).page
        missing = None
        if page.is_usable:
            missing = max(page.total - len(listed | {photo.id for photo in page.photos}), 0)
        recounted = self._covering(page.photos, seconds, missing, frontier)
        return recounted, max(page.total - len(listed), 0)

    def _covering(
        self, photos: list[FlickrPhoto], seconds: Interval | None, missing: int | None, frontier: int
    ) -> ListedPage:
        return ListedPage(photos, seconds, missing, frontier, 0, self._pages.count, self._pages.counted)

    async def _oldest_to_newest(self, gap: Interval, after: Interval | None) -> AsyncIterator[ListedPage]:
        bound, end = self._pages.lower_bound(gap), after.low if after else None
        answer = await self._pages.ask(1, bound, gap.high, gap)
        if answer.low == bound:
            answer = await self._pages.confirm(answer, self._owed(gap), 1, gap.high, gap)
        page = answer.page
        is_all = len(page.photos) < self._page_size and len(page.photos) == page.total
        if is_all or not answer.times or answer.oldest < gap.low:
            yield self._listed(page, gap, answer.missing, end)
            return
        if page.total < len(page.photos):
            async for rest in self._in_any_order(gap, gap, after):
                yield rest
            return
        # Page 1 only tells how many there are; what it covers is done, and the walk begins at the far end
        # of the rest, in a window whose newest second is the oldest one of page 1.
        window = Interval(gap.low, answer.oldest)
        done = Interval(answer.oldest + 1, gap.high)
        above = {photo.id for photo in page.photos if upload_time(photo) > window.high}
        doubts = 0
        yield self._covering(page.photos, None if answer.missing else done, answer.missing, gap.low)
        if answer.missing:
            recounted, _ = await self._recount(done, above, gap.low)
            doubts = max(answer.missing - (recounted.missing or 0), 0)
            yield recounted
        if (gap.low or None) == bound:
            total = page.total - len(above)
        else:
            total = (await self._pages.ask_once(1, gap.low, window.high)).page.total
        async for listed in self._climb(window, total, doubts, gap, after):
            yield listed

    async def _climb(
        self, window: Interval, expected: int, doubts_at_end: int, gap: Interval, after: Interval | None
    ) -> AsyncIterator[ListedPage]:
        """Walk a window that holds about `expected` photos from its last page to its first."""
        low, floor = window.low or None, window.low
        first = number = math.ceil(expected / self._page_size)
        read: set[str] = set()  # the photos of the page that was read last
        at_edge: set[str] = set()  # those that were read of the second that is the window's lower edge
        slid, is_counted = 0, True
        doubts = 0  # so many photos are counted on the pages read, but were not missing in their seconds
        while number >= 1:
            answer = await self._pages.ask(number, low, window.high, gap)
            page = answer.page
            if slid and not {photo.id for photo in page.photos} - read:
                is_counted = False  # what is counted, but not shown, did not slide
            slid = max(page.total - expected, 0) if is_counted else 0
            if slid:  # photos slid to pages that were read already: read those again
                expected = page.total
                number = min(
                    number + math.ceil(slid / self._page_size), math.ceil(expected / self._page_size)
                )
                continue
            answer = await self._pages.confirm(answer, expected, number, window.high, gap)
            page = answer.page
            if await self._is_no_end(answer, low, window.high, number if number == first else None):
                async for rest in self._in_any_order(Interval(floor, window.high), gap, after):
                    yield rest
                return
            number -= 1
            if not answer.times:
                continue
            high = answer.newest - 1 if number else window.high
            doubts += 0 if number else doubts_at_end
            covered = Interval(floor, high) if floor <= high else None
            frontier = answer.newest if number else after.low if after else None
            if covered and answer.missing is not None and answer.missing + doubts:
                listed = at_edge | {photo.id for photo in page.photos if upload_time(photo) <= high}
                recounted, _ = await self._recount(covered, listed, floor)
                doubts = max(answer.missing + doubts - (recounted.missing or 0), 0)
                yield recounted
                covered = None
            yield self._listed(page, covered, answer.missing if covered else 0, frontier)
            if self.is_stopped and floor <= high:
                return
            floor = max(floor, high + 1)
            # From now on only what is not older than this page is counted, so that losses among the photos
            # that were read cannot hide what appears among those that were not.
            read = {photo.id for photo in page.photos}
            edge = {photo.id for photo in page.photos if upload_time(photo) == answer.newest}
            at_edge = at_edge | edge if low == answer.newest else edge
            low = max(low or 0, answer.newest)
            expected = number * self._page_size + len(at_edge)

    async def _is_no_end(self, answer: Answer, low: int | None, high: int, first: int | None) -> bool:
        """Return whether an answer shows that Flickr's count does not tell where the far end is.

        `first` is the number of the page, where it is the first one read: it should be the last one there is.
        """
        if not answer.times:
            return answer.missing != 0
        if first is None or len(answer.page.photos) < self._page_size:
            return False
        beyond = await self._pages.ask_once(first + 1, low, high)
        return not {photo.id for photo in beyond.page.photos} <= {photo.id for photo in answer.page.photos}

    async def _in_any_order(
        self, rest: Interval, gap: Interval, after: Interval | None
    ) -> AsyncIterator[ListedPage]:
        """Walk the rest of a gap newest first, because nobody knows where its far end is."""
        async for page in self._newest_to_oldest(rest, after):
            is_end = page.frontier is None or page.frontier < gap.low
            yield replace(page, frontier=(after.low if after else None) if is_end else gap.low)

    def _listed(
        self, page: PhotoPage, covered: Interval | None, missing: int | None, frontier: int | None
    ) -> ListedPage:
        self._walked += 1
        pages = max(self._pages.count, self._walked)
        number = self._walked if self._newest_first else max(pages - self._walked + 1, 1)
        return ListedPage(page.photos, covered, missing, frontier, number, pages, self._pages.counted)
