"""Walk a gap from its newest second to its oldest one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from flickr_mirror.flickr.listing_pages import upload_time, worse
from flickr_mirror.models.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flickr_mirror.flickr.listing_pages import Answer
    from flickr_mirror.flickr.walk_state import ListedPage, WalkState

MAX_RESTARTS = 3
"""How often the pages of one second are read again because Flickr's count of its photos has changed."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Seconds that were walked: the ids `listed` in them, and how many photos Flickr counted `below` them."""

    seconds: Interval
    listed: set[str]
    below: int


@dataclass(slots=True)
class _Descent:
    """The position of a walk from the newest second of a gap to its oldest one.

    The next request is for page `number` of the uploads from second `low` to second `ceiling`; the number is not 1
    only where a page is full of photos of one second. `listed` are the photos up to the ceiling, with their
    times; `missing` is how many Flickr counts beyond those, `total` how many in all, and `min_count` how many
    it must count according to its earlier answers. `above` is the last stretch, which the next answer verifies.
    """

    gap: Interval
    low: int | None
    min_count: int
    ceiling: int = field(init=False)
    number: int = 1
    restarts: int = 0
    total: int = 0
    missing: int | None = 0
    listed: dict[str, int] = field(default_factory=dict)
    above: _Stretch | None = None

    def __post_init__(self) -> None:
        self.ceiling = self.gap.high

    def must_restart(self, answer: Answer) -> bool:
        """Record an answer; return whether the pages of its second must be read again from page 1."""
        self.low = answer.low
        # A bulk upload can put more photos into one second than fit a page. Only page numbers lead through such a
        # second, and these slide: another total means that photos moved to another page.
        has_changed = self.number > 1 and answer.page.total != self.total
        self.total = answer.page.total
        if has_changed and self.restarts < MAX_RESTARTS:
            self.number, self.restarts, self.missing, self.listed = 1, self.restarts + 1, 0, {}
            return True
        self.missing = worse(self.missing, None if has_changed else answer.missing)
        return False

    def ends_with(self, answer: Answer, page_size: int) -> bool:
        """Add the photos of an answer; return whether it is the last one of the gap."""
        page = answer.page
        added = {photo.id: upload_time(photo) for photo in page.photos if photo.id not in self.listed}
        self.listed |= added
        # Flickr sometimes answers a page beyond the last one with the last one again instead of an empty page, so
        # a page that adds nothing ends the walk. Flickr's totals have been too low, so a full page never ends it.
        is_last = len(page.photos) < page_size and len(self.listed) == page.total
        return not added or not answer.times or is_last or answer.oldest < self.gap.low

    def descend(self, oldest: int, total: int) -> None:
        """Continue below a page whose oldest photo is of second `oldest`; `total` is how many photos it counts."""
        if oldest == self.ceiling:  # the page is full of photos of one second
            self.number += 1
            return
        if self.missing is not None:  # an answer that cannot be true proves nothing about the next one
            ids = {photo_id for photo_id, time in self.listed.items() if time > oldest}
            self.above = _Stretch(Interval(oldest + 1, self.ceiling), ids, total - len(ids))
        # The second of the oldest photo is requested again: other photos of this second can be on the next page.
        self.ceiling, self.number, self.restarts, self.missing, self.listed = oldest, 1, 0, 0, {}


class DescendingWalk:
    """Walks gaps from their newest second to their oldest one.

    Each request is for page 1 of the uploads up to the oldest second seen. Page numbers would slide with each
    photo that the owner uploads or removes meanwhile; upload times do not.
    """

    def __init__(self, state: WalkState) -> None:
        self._state = state
        self._pages = state.pages

    async def pages(self, gap: Interval, after: Interval | None) -> AsyncIterator[ListedPage]:
        """Yield the pages of `gap`; `after` is the gap that the walk continues with."""
        position = _Descent(gap, self._pages.lower_bound(gap), self._state.min_count(gap))
        while True:
            answer = await self._pages.ask(position.number, position.low, position.ceiling, gap)
            async for page in self._verify_above(position, answer.page.total):
                yield page
            # with another lower bound, the answer counts other photos than `min_count` is about
            if position.number == 1 and answer.low == position.low:
                answer = await self._pages.confirm(answer, position.min_count, 1, position.ceiling, gap)
            if position.must_restart(answer):
                continue
            if position.ends_with(answer, self._state.page_size):
                covered = Interval(gap.low, position.ceiling)
                yield self._state.step(answer.page, covered, position.missing, after.high if after else None)
                return
            yield self._step(position, answer)
            position.descend(max(answer.oldest, gap.low), answer.page.total)
            if self._state.is_stopped and position.number == 1:
                if position.above is not None:
                    yield await self._verify_by_counting(position.above, position.ceiling)
                return

    def _step(self, position: _Descent, answer: Answer) -> ListedPage:
        """Return the step that lists an answer.

        It covers nothing yet: only the total of the next answer shows whether the stretch is complete. An answer that
        cannot be true proves nothing, so its stretch is reported with `missing` unknown at once.
        """
        oldest = max(answer.oldest, position.gap.low)
        is_doubtful = position.missing is None and oldest < position.ceiling
        stretch = Interval(oldest + 1, position.ceiling) if is_doubtful else None
        return self._state.step(answer.page, stretch, None if is_doubtful else 0, oldest)

    async def _verify_above(self, position: _Descent, total: int) -> AsyncIterator[ListedPage]:
        """Compare the last stretch with the `total` that Flickr counts below it now.

        The photos that Flickr counted at the top of the stretch are those listed in it and those below it. If fewer
        are below now than expected, then Flickr counts more photos in the stretch than it has shown, or the
        owner has removed photos below, or the total is false. A recount of the stretch decides.
        """
        above, position.above = position.above, None
        if above is None:
            return
        uncounted = 0
        if above.below <= total:
            yield self._state.side_step([], above.seconds, 0, position.ceiling)
        else:
            recounted, uncounted = await self._state.recount(above.seconds, above.listed, position.ceiling)
            async for page in self._settle(above, recounted):
                yield page
        position.min_count = above.below - uncounted

    async def _settle(self, above: _Stretch, recounted: ListedPage) -> AsyncIterator[ListedPage]:
        """Yield the recount of a stretch; list the stretch again if the walk skipped photos in it."""
        has_new = bool({photo.id for photo in recounted.photos} - above.listed)
        if not (recounted.missing and has_new):
            yield recounted
        else:  # a photo out of its order made the walk descend too far, past other photos
            yield replace(recounted, covered=None)
            async for page in self.pages(above.seconds, None):
                yield replace(page, frontier=recounted.frontier)

    async def _verify_by_counting(self, above: _Stretch, frontier: int) -> ListedPage:
        """Verify the last stretch of a stopped walk by a call that only counts, because no next answer will.

        If the count agrees, the stretch is covered, and the next walk need not list it again.
        """
        counted = await self._pages.count_between(above.seconds.low, above.seconds.high)
        covered = above.seconds if counted == len(above.listed) else None
        return self._state.side_step([], covered, 0, frontier)
