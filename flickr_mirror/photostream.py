"""The page producer: walks the gaps of a photostream and yields pages with the upload time they cover.

Flickr lists newest first, in pages whose numbers slide with every upload. Upload times do not slide, so a
walk is held by times: newest first it always asks page 1 of what is not newer than the last photo seen;
oldest first it walks page numbers downwards inside a window that no upload can enter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.coverage import Interval
from flickr_mirror.options import CachingStrategy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from flickr_mirror.api import AsyncFlickrApi
    from flickr_mirror.models import FlickrPhoto, PhotoPage


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of the walk.

    `covered` are the seconds whose photos are all listed by now, as far as this page adds any. `frontier` is
    the second up to which (excluded) the walk has listed everything that comes before in its order; `None`
    when it is at its end. `number` counts the pages of the walk out of `pages`; newest first it rises,
    oldest first it falls.
    """

    photos: list[FlickrPhoto]
    covered: Interval | None
    frontier: int | None
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Flickr answered to the question for a page, and whether that can be all there is to it."""

    page: PhotoPage
    true: bool

    @property
    def newest(self) -> int:
        return _time(self.page.photos[0])

    @property
    def oldest(self) -> int:
        return _time(self.page.photos[-1])


def _time(photo: FlickrPhoto) -> int:
    return photo.facts.uploaded or 0


class Photostream:
    """The photostream of one user up to the second `until`, as far as `gaps` leave it to be listed.

    `gaps` stand newest first, as `Coverage.gaps` returns them. `open_gaps` are the stretches of which Flickr
    listed fewer photos than it counted, even when asked twice; they give no coverage.
    """

    def __init__(
        self,
        api: AsyncFlickrApi,
        user_id: str,
        gaps: Sequence[Interval],
        strategy: CachingStrategy,
        *,
        page_size: int = 500,
    ) -> None:
        self._api = api
        self._user_id = user_id
        self._gaps = list(gaps)
        self._newest_first = strategy is CachingStrategy.LIFO
        self._page_size = page_size
        self._total = 0
        self._asked = 0
        self.open_gaps: list[Interval] = []

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

    async def _newest_to_oldest(self, gap: Interval, after: Interval | None) -> AsyncIterator[ListedPage]:
        # The newest gap is asked for without a lower bound: Flickr's total is then that of the whole stream.
        low = None if gap == self._gaps[0] else gap.low or None
        ceiling, number, covering = gap.high, 1, True
        seen: set[str] = set()
        while True:
            answer = await self._ask(number, low, ceiling)
            page = answer.page
            covering = covering and answer.true
            if not self._total:
                self._total = page.total
            fresh = {photo.id for photo in page.photos} - seen
            seen |= fresh
            # Beyond the last page, Flickr sometimes repeats it instead of sending an empty one.
            ended = not fresh or len(seen) == page.total or answer.oldest < gap.low
            covered = (
                Interval(gap.low, ceiling) if ended else Interval(max(answer.oldest + 1, gap.low), ceiling)
            )
            if not covering and covered.low <= covered.high:
                self.open_gaps.append(covered)
            frontier = (after.high if after else None) if ended else max(answer.oldest, gap.low)
            yield self._listed(page, covered if covering else None, frontier)
            if ended:
                return
            if answer.oldest < ceiling:
                ceiling, number, covering = answer.oldest, 1, True
                seen.clear()
            else:  # a whole page of one second: only the page's number leads on
                number += 1

    async def _oldest_to_newest(self, gap: Interval, after: Interval | None) -> AsyncIterator[ListedPage]:
        low = gap.low or None
        answer = await self._ask(1, low, gap.high)
        page = answer.page
        self._total = max(self._total, page.total)
        if len(page.photos) >= page.total or not page.photos:
            if not answer.true:
                self.open_gaps.append(gap)
            yield self._listed(page, gap if answer.true else None, after.low if after else None)
            return
        # Page 1 only tells how many there are; what it covers is done, and the walk begins at the far end
        # of the rest, in a window whose newest second is the oldest one of page 1.
        window = Interval(gap.low, answer.oldest)
        done = Interval(answer.oldest + 1, gap.high)
        yield ListedPage(page.photos, done if answer.true else None, gap.low, 0, self._pages(), self._total)
        if not answer.true:
            self.open_gaps.append(done)
        total = page.total - sum(_time(photo) > window.high for photo in page.photos)
        floor = gap.low
        number = math.ceil(total / self._page_size)
        while number >= 1:
            answer = await self._ask(number, low, window.high)
            page = answer.page
            slid = page.total - total
            total = page.total
            if slid > 0:  # photos slid to pages that were read already: read those again
                number = min(number + math.ceil(slid / self._page_size), math.ceil(total / self._page_size))
                continue
            number -= 1
            if not page.photos:
                continue
            high = window.high if number == 0 else answer.newest - 1
            covered = Interval(floor, high)
            if not answer.true and floor <= high:
                self.open_gaps.append(covered)
            frontier = (after.low if after else None) if number == 0 else answer.newest
            yield self._listed(page, covered if answer.true and floor <= high else None, frontier)
            floor = max(floor, high + 1)

    async def _ask(self, number: int, low: int | None, high: int) -> _Answer:
        """Ask for a page, and once more where the answer cannot be all there is."""
        answer = await self._ask_once(number, low, high)
        if answer.true:
            return answer
        again = await self._ask_once(number, low, high)
        better = again.true or len(again.page.photos) > len(answer.page.photos)
        return again if better else answer

    async def _ask_once(self, number: int, low: int | None, high: int) -> _Answer:
        page = await self._api.get_page(
            self._user_id,
            page=number,
            per_page=self._page_size,
            min_upload_date=low,
            max_upload_date=high,
        )
        times = [photo.facts.uploaded for photo in page.photos]
        expected = min(self._page_size, page.total - (number - 1) * self._page_size)
        true = (
            not page.malformed
            and expected <= len(times) <= page.total
            and (page.page == number or not times)
            and all(time is not None and (low or 0) <= time <= high for time in times)
            and times == sorted(times, key=lambda time: time or 0, reverse=True)
        )
        return _Answer(page, true)

    def _listed(self, page: PhotoPage, covered: Interval | None, frontier: int | None) -> ListedPage:
        self._asked += 1
        pages = max(self._pages(), self._asked)
        number = self._asked if self._newest_first else max(pages - self._asked + 1, 1)
        return ListedPage(page.photos, covered, frontier, number, pages, self._total)

    def _pages(self) -> int:
        return math.ceil(self._total / self._page_size)
