"""Walk a gap from its oldest second to its newest one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from flickr_mirror.flickr.listing_pages import upload_time
from flickr_mirror.models.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flickr_mirror.flickr.descending_walk import DescendingWalk
    from flickr_mirror.flickr.listing_pages import Answer
    from flickr_mirror.flickr.walk_state import ListedPage, WalkState
    from flickr_mirror.models.photos import PhotoPage


@dataclass(slots=True)
class _Ascent:
    """The position of a walk from the last page of a window to its first.

    The next request is for page `number` of the uploads from second `low` to second `high`, in which Flickr must
    count `expected` photos. Everything below second `floor` is covered. (It has more than ten attributes because a
    page can be judged only together with the pages that were read before.)
    """

    low: int | None
    high: int
    floor: int
    expected: int
    page_size: int
    first: int = field(init=False)
    """The number of the page that the walk begins with."""
    number: int = field(init=False)
    unlocated: int = 0
    """Photos that Flickr counts on the pages read, and that a recount has not found in the seconds of these pages."""
    slid: int = 0
    """How many photos slid from the pages not read to those that were read, as of the latest answer."""
    counts_slides: bool = True
    previous: set[str] = field(default_factory=set)
    """The photos of the page that was read last."""
    at_edge: set[str] = field(default_factory=set)
    """The photos read whose second is `low`."""

    def __post_init__(self) -> None:
        self.first = self.number = math.ceil(self.expected / self.page_size)

    def must_go_back(self, page: PhotoPage) -> bool:
        """Return whether photos slid to pages that were read already; set `number` to the first of these."""
        if self.slid and not {photo.id for photo in page.photos} - self.previous:
            # The page shows what was read before, so no photos slid here: Flickr
            # counts photos that it does not show. Without this, the walk would go back for ever.
            self.counts_slides = False
        self.slid = max(page.total - self.expected, 0) if self.counts_slides else 0
        if not self.slid:
            return False
        self.expected = page.total
        last = math.ceil(self.expected / self.page_size)
        self.number = min(self.number + math.ceil(self.slid / self.page_size), last)
        return True

    def ascend(self, answer: Answer, covered_to: int) -> None:
        """Continue above an answer; everything up to second `covered_to` is covered or reported."""
        self.floor = max(self.floor, covered_to + 1)
        # From now on only uploads that are not older than this page are counted. Otherwise the removal of a photo
        # that was read would hide, in the total, a photo that appears among those not read yet.
        self.previous = {photo.id for photo in answer.page.photos}
        edge = {photo.id for photo in answer.page.photos if upload_time(photo) == answer.newest}
        self.at_edge = self.at_edge | edge if self.low == answer.newest else edge
        self.low = max(self.low or 0, answer.newest)
        self.expected = self.number * self.page_size + len(self.at_edge)


class AscendingWalk:
    """Walks gaps from their oldest second to their newest one.

    Flickr lists newest first only, so the walk reads the last page first, then the page before it, and so on. New
    uploads slide photos to higher page numbers, that is, back to the walk: it then reads these pages again. Where
    Flickr's total does not show which page is the last, `descending` walks the rest.
    """

    def __init__(self, state: WalkState, descending: DescendingWalk) -> None:
        self._state = state
        self._pages = state.pages
        self._descending = descending

    async def pages(self, gap: Interval, after: Interval | None) -> AsyncIterator[ListedPage]:
        """Yield the pages of `gap`; `after` is the gap that the walk continues with."""
        bound, size = self._pages.lower_bound(gap), self._state.page_size
        answer = await self._pages.ask(1, bound, gap.high, gap)
        # with another lower bound, the answer counts other photos than `min_count` is about
        if answer.low == bound:
            answer = await self._pages.confirm(answer, self._state.min_count(gap), 1, gap.high, gap)
        page = answer.page
        is_all = len(page.photos) < size and len(page.photos) == page.total
        if is_all or not answer.times or answer.oldest < gap.low:
            yield self._state.step(page, gap, answer.missing, after.low if after else None)
            return
        if page.total < len(page.photos):  # a total that cannot be true
            async for rest in self._descend(gap, gap, after):
                yield rest
            return
        # Page 1 was read for its total only. The walk begins at the far end of the rest, in a window whose newest
        # second is the oldest one of page 1: other photos of this second can be on page 2.
        window, head = Interval(gap.low, answer.oldest), Interval(answer.oldest + 1, gap.high)
        above = {photo.id for photo in page.photos if upload_time(photo) > window.high}
        unlocated = 0
        yield self._state.side_step(page.photos, None if answer.missing else head, answer.missing, gap.low)
        if answer.missing:
            recounted, _ = await self._state.recount(head, above, gap.low)
            unlocated = max(answer.missing - (recounted.missing or 0), 0)
            yield recounted
        if (gap.low or None) == bound:
            total = page.total - len(above)
        else:  # the newest gap is requested without a lower bound, so its total counts older photos too
            total = (await self._pages.ask_once(1, gap.low, window.high)).page.total
        position = _Ascent(window.low or None, window.high, window.low, total, size)
        async for listed in self._ascend(position, unlocated, gap, after):
            yield listed

    async def _ascend(
        self, position: _Ascent, unlocated_at_end: int, gap: Interval, after: Interval | None
    ) -> AsyncIterator[ListedPage]:
        """Walk from the last page of a window to its first; `unlocated_at_end` photos may be on the first."""
        while position.number >= 1:
            answer = await self._pages.ask(position.number, position.low, position.high, gap)
            if position.must_go_back(answer.page):
                continue
            answer = await self._pages.confirm(answer, position.expected, position.number, position.high, gap)
            if await self._is_end_unknown(answer, position):
                async for rest in self._descend(Interval(position.floor, position.high), gap, after):
                    yield rest
                return
            position.number -= 1
            if not answer.times:
                continue
            # photos of the newest second of a page can be on the page before it, so that second is not covered yet
            covered_to = answer.newest - 1 if position.number else position.high
            position.unlocated += 0 if position.number else unlocated_at_end
            async for listed in self._steps(position, answer, covered_to, after):
                yield listed
            if self._state.is_stopped and position.floor <= covered_to:
                return
            position.ascend(answer, covered_to)

    async def _steps(
        self, position: _Ascent, answer: Answer, covered_to: int, after: Interval | None
    ) -> AsyncIterator[ListedPage]:
        """Yield the step that lists an answer, after a recount of its seconds if photos are missing on it."""
        covered = Interval(position.floor, covered_to) if position.floor <= covered_to else None
        frontier = answer.newest if position.number else after.low if after else None
        if covered and answer.missing is not None and (missing := answer.missing + position.unlocated):
            ids = {photo.id for photo in answer.page.photos if upload_time(photo) <= covered_to}
            recounted, _ = await self._state.recount(covered, position.at_edge | ids, position.floor)
            position.unlocated = max(missing - (recounted.missing or 0), 0)
            yield recounted
            covered = None
        yield self._state.step(answer.page, covered, answer.missing if covered else 0, frontier)

    async def _is_end_unknown(self, answer: Answer, position: _Ascent) -> bool:
        """Return whether an answer shows that Flickr's total does not show which page is the last.

        Flickr has sent totals that were too low, once, with `stat: ok`. So if the first page read, which should be the
        last one there is, is full, the page beyond it is requested: it must be empty or a repetition.
        """
        if not answer.times:
            return answer.missing != 0
        if position.number != position.first or len(answer.page.photos) < self._state.page_size:
            return False
        beyond = await self._pages.ask_once(position.first + 1, position.low, position.high)
        return not {photo.id for photo in beyond.page.photos} <= {photo.id for photo in answer.page.photos}

    async def _descend(
        self, rest: Interval, gap: Interval, after: Interval | None
    ) -> AsyncIterator[ListedPage]:
        """Walk the rest of a gap newest first, which needs no total; the frontier stays below it until its end."""
        async for page in self._descending.pages(rest, after):
            is_end = page.frontier is None or page.frontier < gap.low
            yield replace(page, frontier=(after.low if after else None) if is_end else gap.low)
