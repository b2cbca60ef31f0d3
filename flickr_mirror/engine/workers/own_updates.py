"""Lists the changes in the photostream of the account that is logged in, for photos of any age."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flickr_mirror.flickr.recent_updates import updated_pages
from flickr_mirror.models.listing_window import Clocks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.photos import FlickrPhoto


class OwnUpdates:
    """The changes of the photostream, if the account that is logged in owns it; otherwise nothing.

    They do not count as listed: new photos are found by their upload times, and deleted ones by a full scan.
    """

    def __init__(self, context: JobContext) -> None:
        caller = context.api.caller
        self._context = context
        self._is_own = caller is not None and caller.id == context.user.id
        self._since: int | None = None

    async def prepare(self, latest: int) -> None:
        """Read the time from which changes must be listed. `latest` is as in `UpdateTimes.since`."""
        if self._is_own:
            self._since = await self._context.dispatcher.call(self._context.catalogue.updates.since, latest)

    async def pages(self) -> AsyncIterator[list[FlickrPhoto]]:
        """Yield the changed photos in pages. Raises what `AsyncFlickrApi` raises.

        Unless all pages were taken and usable, the next run lists the same changes again.
        """
        if self._since is None:
            return
        answered, is_usable = None, True
        async for page in updated_pages(self._context.api, self._since, self._context.limits.page_size):
            answered = self._earliest() if answered is None else answered
            is_usable = is_usable and page.is_usable
            yield page.photos
        if is_usable and answered is not None:
            await self._context.dispatcher.call(self._context.catalogue.updates.advance, answered)

    async def note_first_page(self) -> None:
        """Record the time of the caller's first page, before the page is stored."""
        if self._is_own and self._since is None:
            await self._context.dispatcher.call(self._context.catalogue.updates.begin, self._earliest())

    def _earliest(self) -> int:
        return Clocks(time.time(), self._context.api.server_time, 0).earliest
