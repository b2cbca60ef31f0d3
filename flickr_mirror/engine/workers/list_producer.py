"""The list producer: lists photos that are not one photostream, stores each page, and reports the result.

The upload times of such a list prove nothing about what is listed, so none is recorded as covered.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.walk_result import sentences
from flickr_mirror.engine.workers.logins import keep_private
from flickr_mirror.engine.workers.run_plan import plan_run
from flickr_mirror.errors import PhotostreamError
from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.flickr.sources import get_source_page
from flickr_mirror.models.events import Notice, PageScanned, PhotoFound, PhotoGone, PhotoUpdated
from flickr_mirror.models.sources import SourceKind
from flickr_mirror.models.visibility import is_public

if TYPE_CHECKING:
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.flickr.sources import SourcePhoto
    from flickr_mirror.models.list_page import ListPage
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sources import Source

DATED = (SourceKind.FAVORITES, SourceKind.POOL)
"""The kinds of lists with the latest addition first, of which a run lists only what is new."""
_NEWEST = "list_newest"
"""The note of the second of the latest addition, once all of the list was walked through."""
_CALLER = "list_caller"
"""The note of the account whose login listed all of it."""
_DAY = 86_400


class ListProducer:
    """Lists a source: what was added since the last complete walk, or all of it, as in every full scan.

    `is_cut`, `is_full_scan` and `frontier` are as in `PageProducer`. `gone` are the photos that the list does not have
    any more, as a full scan found.
    (It has more than ten attributes because it keeps the state of one walk, which its methods share.)
    """

    def __init__(self, context: JobContext, source: Source, *, again: bool) -> None:
        self._context = context
        self._source = source
        self._dispatcher = context.dispatcher
        self._is_again = again
        self._is_stopping = False
        self._is_private = False
        self._newest = 0
        self._since: int | None = None
        self._numbers = (0, 0, 0)
        self.gone: set[str] = set()
        self.is_cut = False
        self.is_full_scan = False
        self.frontier: int | None = None

    def stop(self) -> None:
        """End the listing after the current page."""
        self._is_stopping = True

    async def emit_plan(self) -> None:
        """Emit what is left to do."""
        if not self._is_again:
            self._context.emit(await plan_run(self._context))

    async def run(self) -> None:
        """List until there is no page left, or until `max_photos` photos are begun.

        Raises what `get_source_page` raises, and `PhotostreamError` if the list is empty.
        """
        context, now = self._context, int(time.time())
        listings = context.catalogue.listings
        note = await self._dispatcher.call(context.catalogue.get_note, _NEWEST)
        self.is_full_scan = note is None or await self._is_scan_due(now)
        if self.is_full_scan:  # a list is walked through from its beginning each time
            await self._dispatcher.call(context.catalogue.callers.drop_scan)
        await self._dispatcher.call(
            listings.begin, now, fields=frozenset(EXTRAS.split(",")), full=self.is_full_scan
        )
        if not self.is_full_scan and self._source.kind in DATED:
            self._since = int(note or 0)
        self._newest = int(note or 0)
        known = await self._dispatcher.call(context.catalogue.totals.known)
        walk = ListWalk(self._ask, lambda entry: entry.photo.id, expected=known if self._since is None else 0)
        is_to_end = await self._walk(walk)
        if self.is_cut:
            return
        if is_to_end and walk.listed == 0 and self._since is None:
            raise PhotostreamError(
                f"{self._source.address.url} shows no photos. The mirrored photos are kept."
            )
        if walk.is_complete or not is_to_end or self.is_full_scan:
            await self._dispatcher.call(context.catalogue.set_note, _NEWEST, self._newest)
        if self.is_full_scan and walk.is_complete and await self._shows_all():
            await self._end_scan()

    async def _is_scan_due(self, now: int) -> bool:
        options = self._context.options
        if options.full_scan and not self._is_again:
            return True
        last = await self._dispatcher.call(self._context.catalogue.listings.last_scan)
        every = options.full_scan_every
        return every is not None and last is not None and not last + every > now >= last - _DAY

    async def _ask(self, number: int) -> ListPage[SourcePhoto]:
        context = self._context
        page = await get_source_page(
            context.api, self._source, number, size=context.limits.page_size, since=self._since
        )
        self._numbers = number, page.pages or number, page.total or 0
        return page

    async def _walk(self, walk: ListWalk[SourcePhoto]) -> bool:
        """Store the pages of a walk; return whether it went to the end of the list."""
        async for page in walk.pages():
            await self._store([entry.photo for entry in page])
            added = [entry.added for entry in page if entry.added is not None]
            self._newest = max(self._newest, *added, 0)
            if self._since is not None and added and min(added) < self._since:
                return False  # the rest was listed by an earlier run
            if self._is_stopping or self._context.catalogue.scope.is_full:
                self.is_cut = True
                return False
        return True

    async def _store(self, photos: list[FlickrPhoto]) -> None:
        context, report = self._context, self._context.report
        if not self._is_private and not all(map(is_public, photos)):
            await keep_private(context)
            self._is_private = True
        found = await self._dispatcher.call(
            context.catalogue.listings.add_page,
            photos,
            None,
            settled_until=0,
            info_waits=context.options.wants_images,
            comments=context.options.wants_comments,
        )
        report.new += len(found.new)
        report.updated += len(found.updated)
        for photo_id in found.new:
            context.emit(PhotoFound(photo_id))
        for photo_id, change in found.updated.items():
            context.emit(PhotoUpdated(photo_id, tuple(str(kind.name).lower() for kind in change)))
        if found.new or found.updated or not self._is_again:
            context.emit(PageScanned(*self._numbers, len(found.new)))
        self._dispatcher.wake()

    async def _shows_all(self) -> bool:
        """Return whether this run sees what earlier ones saw: a login can show more. Emits a notice if it does not."""
        context, caller = self._context, self._context.api.caller
        before = await self._dispatcher.call(context.catalogue.get_note, _CALLER)
        if before and (caller is None or caller.id != before):
            context.emit(
                Notice(
                    f"Earlier runs had the login of {before}, which can show more of this list. Without it, no photo "
                    "is marked as gone."
                )
            )
            return False
        if caller is not None:
            await self._dispatcher.call(context.catalogue.set_note, _CALLER, caller.id)
        return True

    async def _end_scan(self) -> None:
        """Mark the photos that are not in the list any more, unless they are too many to believe that."""
        context = self._context
        result = await self._dispatcher.call(
            context.catalogue.listings.end, None, accept_loss=context.options.accept_loss
        )
        context.report.scanned = result.scanned and not result.lost
        context.report.resumed = result.resumed
        for text in sentences(result):
            context.emit(Notice(text))
        gone_photos, now = context.catalogue.gone_photos, int(time.time())
        for photo_id in await self._dispatcher.call(gone_photos.to_verify, result.absent, gone=False):
            if await self._dispatcher.call(gone_photos.mark_gone, photo_id, now):
                context.report.gone += 1
                context.emit(PhotoGone(photo_id))
        if context.report.scanned:
            self.gone = {*await self._dispatcher.call(gone_photos.ids, 1 << 62)}
