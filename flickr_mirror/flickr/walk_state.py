"""The common parts of both directions of a walk: the pages, their numbers, and a recount of a stretch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flickr_mirror.flickr.listing_pages import ListingPages
    from flickr_mirror.models.intervals import Interval
    from flickr_mirror.models.photos import FlickrPhoto, PhotoPage


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of the walk.

    `covered` are the seconds in which everything that Flickr shows is listed now, if this page completes any.
    `missing` is how many photos Flickr counts there beyond those listed; `None` if its answer cannot be true.
    `frontier` is the second up to which (excluded) the walk has listed everything that comes before in its
    order; `None` at the end of the walk. `number` is the number of the page out of `pages`: newest first it
    rises, oldest first it falls, and it is 0 for a page that is not a step of the walk. `total` is what Flickr counts.
    """

    photos: list[FlickrPhoto]
    covered: Interval | None
    missing: int | None
    frontier: int | None
    number: int
    pages: int
    total: int


@dataclass(slots=True)
class WalkState:
    """The state of a walk that does not depend on its direction.

    `expected` is how many photos the whole stream must have, as far as that is known.
    """

    pages: ListingPages
    page_size: int
    expected: int
    newest_first: bool
    is_stopped: bool = False
    walked: int = 0
    """How many steps the walk has made."""

    def min_count(self, gap: Interval) -> int:
        """Return how many photos the first answer for a gap must count to be accepted without a second one.

        It is at least 1, so that an empty answer is always confirmed: Flickr has sent empty lists with `stat: ok`.
        """
        return self.expected if self.pages.is_newest(gap) else 1

    def step(
        self, page: PhotoPage, covered: Interval | None, missing: int | None, frontier: int | None
    ) -> ListedPage:
        """Return a page that is a step of the walk."""
        self.walked += 1
        pages = max(self.pages.count, self.walked)
        number = self.walked if self.newest_first else max(pages - self.walked + 1, 1)
        return ListedPage(page.photos, covered, missing, frontier, number, pages, self.pages.counted)

    def side_step(
        self, photos: list[FlickrPhoto], covered: Interval | None, missing: int | None, frontier: int | None
    ) -> ListedPage:
        """Return a page that is not a step of the walk, such as a recount."""
        return ListedPage(photos, covered, missing, frontier, 0, self.pages.count, self.pages.counted)

    async def recount(self, stretch: Interval, listed: set[str], frontier: int) -> tuple[ListedPage, int]:
        """Ask Flickr how many photos it counts in a stretch of time, of which the ids `listed` are known.

        Return the page that came, and how many photos Flickr counts beyond `listed`.
        """
        page = (await self.pages.ask_once(1, stretch.low, stretch.high)).page
        missing = None
        if page.is_usable:
            missing = max(page.total - len(listed | {photo.id for photo in page.photos}), 0)
        return self.side_step(page.photos, stretch, missing, frontier), max(page.total - len(listed), 0)
