"""Request pages of a photostream, and check whether an answer can be complete."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.intervals import Interval
    from flickr_mirror.models.photos import FlickrPhoto, PhotoPage


@dataclass(frozen=True, slots=True)
class Answer:
    """Flickr's answer to a request for a page: the upload times on it, and the lower bound of the request.

    `missing` is how many of the photos that Flickr counts are not on the page; `None` if the answer cannot be true.
    """

    page: PhotoPage
    missing: int | None
    times: list[int]
    low: int | None

    @property
    def newest(self) -> int:
        """The second of the newest photo on the page."""
        return max(self.times)

    @property
    def oldest(self) -> int:
        """The second of the oldest photo on the page."""
        return min(self.times)


class ListingPages:
    """The pages of one user's photostream; `newest` is the gap that reaches up to now, if there is one.

    `total` is how many photos Flickr counts in the whole stream (`None` before it was asked), `counted` how many it
    counts for the first request. The methods raise what `AsyncFlickrApi.get_page` raises.
    """

    def __init__(self, api: AsyncFlickrApi, user_id: str, newest: Interval | None, size: int) -> None:
        self._api = api
        self._user_id = user_id
        self._newest = newest
        self._size = size
        self.total: int | None = None
        self.counted = 0

    @property
    def count(self) -> int:
        """The number of pages for the photos `counted`."""
        return math.ceil(self.counted / self._size)

    def lower_bound(self, gap: Interval) -> int | None:
        """Return the lower bound of the requests for a gap.

        The newest gap is requested without one: Flickr's total is then that of the whole stream.
        """
        return None if self.is_newest(gap) else gap.low or None

    def is_newest(self, gap: Interval) -> bool:
        """Return whether a gap reaches up to now, so that Flickr's total for it is that of the whole stream."""
        return gap == self._newest

    async def ask(self, number: int, low: int | None, high: int, gap: Interval) -> Answer:
        """Request a page, and request it again if the answer cannot be complete."""
        answer = await self.ask_once(number, low, high)
        if answer.missing == 0:
            return answer
        if low is None and answer.times and answer.oldest < gap.low:
            low = gap.low  # photos missing below the gap do not matter here
        again = await self.ask_once(number, low, high)
        better = again.missing is not None and (answer.missing is None or again.missing <= answer.missing)
        return again if better else answer

    async def confirm(self, answer: Answer, min_count: int, number: int, high: int, gap: Interval) -> Answer:
        """Return `answer`, or another one for the same page if it counts too few photos and a second call disagrees.

        `min_count` is how many photos must be there according to earlier answers. If fewer are counted, photos were
        removed, or the answer is false: Flickr has sent empty lists and totals that were too low, once, with
        `stat: ok`. A call that only counts decides. If the new answer still contradicts it, its `missing` is `None`.
        """
        if answer.page.is_usable and answer.page.total >= min_count:
            return answer
        low = answer.low
        counted = await self._count(low, high)
        if answer.page.is_usable and counted is not None and counted <= answer.page.total:
            return answer
        again = await self.ask(number, low, high, gap)
        is_confirmed = counted is not None and again.page.is_usable and again.page.total >= counted
        return again if is_confirmed else replace(again, missing=None)

    async def count_between(self, low: int, high: int) -> int:
        """Return how many photos Flickr counts from second `low` to `high`, without listing them.

        Return 0 for an answer without a total.
        """
        return await self._count(low, high) or 0

    async def _count(self, low: int | None, high: int) -> int | None:
        page = await self._api.get_page(
            self._user_id, page=1, per_page=1, min_upload_date=low, max_upload_date=high
        )
        return page.total if page.is_usable else None

    async def ask_once(self, number: int, low: int | None, high: int) -> Answer:
        """Request a page of the uploads from second `low` to `high`."""
        page = await self._api.get_page(
            self._user_id,
            page=number,
            per_page=self._size,
            min_upload_date=low,
            max_upload_date=high,
        )
        if low is None and self._newest and high == self._newest.high and page.is_usable:
            self.total = page.total
        self.counted = self.counted or page.total
        expected = min(self._size, page.total - (number - 1) * self._size)
        if (
            expected <= 0 and page.page != number
        ):  # Flickr repeats the last page instead of sending an empty one
            page = replace(page, photos=[], page=number, malformed=0)
        times = [photo.facts.uploaded for photo in page.photos]
        known = [time for time in times if time is not None and (low or 0) <= time <= high]
        missing = None
        is_readable = page.is_usable and not page.malformed
        if is_readable and len(known) == len(times) and known == sorted(known, reverse=True):
            # a total that is too low does not make the listed photos wrong
            missing = max(expected - len({photo.id for photo in page.photos}), 0)
        if times and page.page != number:
            missing = None
        return Answer(page, missing, known, low)


def upload_time(photo: FlickrPhoto) -> int:
    """Return the second of an upload; 0 if Flickr did not send it."""
    return photo.facts.uploaded or 0


def worse(first: int | None, second: int | None) -> int | None:
    """Return the greater number of missing photos; `None` (unknown) is greater than any number."""
    return None if first is None or second is None else max(first, second)
