"""Walk the gaps of a photostream, in either direction, and yield its pages with the upload time they cover.

Flickr lists a photostream newest first, in pages whose numbers slide with every upload. Upload times do not slide,
so a walk holds its position by times. It compares the photos that each page shows with the totals that Flickr
counts, stretch by stretch, because Flickr has sent empty lists, and totals that were too low, with `stat: ok`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.flickr.ascending_walk import AscendingWalk
from flickr_mirror.flickr.descending_walk import DescendingWalk
from flickr_mirror.flickr.listing_pages import ListingPages
from flickr_mirror.flickr.walk_state import WalkState
from flickr_mirror.models.options import CachingStrategy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.flickr.walk_state import ListedPage
    from flickr_mirror.models.intervals import Interval


class PhotostreamWalk:
    """A walk over the `gaps` of one user's photostream: the stretches of upload time that are not listed yet.

    `gaps` are in order, newest first, as `Coverage.gaps` returns them. `is_whole` is whether they are the gaps of all
    time up to now; otherwise nothing outside of them is requested. `expected` is how many photos the whole
    stream must have, as far as that is known: if Flickr counts fewer, it is asked twice.
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
        newest_first = strategy is CachingStrategy.LIFO
        newest = gaps[0] if gaps and is_whole else None
        pages = ListingPages(api, user_id, newest, page_size)
        self._state = WalkState(pages, page_size, expected, newest_first)
        self._gaps = list(gaps) if newest_first else list(gaps)[::-1]
        descending = DescendingWalk(self._state)
        self._walk = descending.pages if newest_first else AscendingWalk(self._state, descending).pages

    @property
    def total(self) -> int | None:
        """How many photos Flickr counts in the whole stream; `None` if it was not asked."""
        return self._state.pages.total

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._state.is_stopped

    def stop(self) -> None:
        """End the walk after the current page, or after the next one that covers any time."""
        self._state.is_stopped = True

    async def pages(self) -> AsyncIterator[ListedPage]:
        """Yield the pages of all gaps, in the strategy's order.

        Raises what `AsyncFlickrApi.get_page` raises.
        """
        for gap, after in zip(self._gaps, [*self._gaps[1:], None], strict=False):
            async for page in self._walk(gap, after):
                yield page
            if self.is_stopped:
                return
