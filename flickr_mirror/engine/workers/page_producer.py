"""The page producer: lists the photostream, stores each page in the catalogue, and reports the result."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.walk_result import sentences
from flickr_mirror.engine.workers.logins import keep_private
from flickr_mirror.engine.workers.own_updates import OwnUpdates
from flickr_mirror.engine.workers.run_plan import plan_run
from flickr_mirror.errors import FlickrApiError, InvalidKeyError, PhotostreamError
from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.flickr.photostream_walk import PhotostreamWalk
from flickr_mirror.flickr.unlisted_search import locate
from flickr_mirror.models.events import Notice, PageScanned, PhotoFound, PhotoUpdated
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.listing_window import DAY, Clocks, moment_text
from flickr_mirror.models.options import CachingStrategy
from flickr_mirror.models.visibility import is_public

if TYPE_CHECKING:
    from flickr_mirror.catalogue.listings import ListingStore
    from flickr_mirror.catalogue.photo_totals import PhotoTotals
    from flickr_mirror.catalogue.walk_result import PageChanges, WalkResult
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.flickr.walk_state import ListedPage
    from flickr_mirror.models.photos import FlickrPhoto

END_OF_TIME = 1 << 62


class PageProducer:
    """Lists what is not covered yet, or everything for a full scan.

    `published` and `again` are as in `Pipeline`. `frontier` is a second of upload time: every photo that precedes it
    in the order of the run is listed. It is `None` once everything is listed. `is_cut` is whether the listing was
    stopped early, `is_full_scan` whether this round lists everything. (It has more than ten attributes because it
    keeps the state of one walk, which its methods share.)
    """

    def __init__(self, context: JobContext, published: int | None, *, again: bool) -> None:
        options = context.options
        self._context = context
        self._dispatcher = context.dispatcher
        self._published = (
            published if options.window is None else None
        )  # Flickr counts only photos in the window
        self._is_again = again
        self._is_stopping = False
        self._is_planned = again
        self._updates = OwnUpdates(context)
        self._is_private = False
        self._has_photos = False
        self._settled_until: int | None = None
        self.is_cut = False
        self.is_full_scan = False
        self.frontier: int | None = 0 if options.strategy is CachingStrategy.FIFO else END_OF_TIME

    @property
    def _listings(self) -> ListingStore:
        return self._context.catalogue.listings

    @property
    def _totals(self) -> PhotoTotals:
        return self._context.catalogue.totals

    def stop(self) -> None:
        """End the listing after the current page."""
        self._is_stopping = True

    async def run(self) -> None:
        """List until no gap is left, or until `max_photos` photos are begun.

        Raises what `AsyncFlickrApi.get_page` raises, and `PhotostreamError` if the photostream of a mirror that has
        photos is suddenly empty.
        """
        options, user, report = self._context.options, self._context.user, self._context.report
        clocks = await self._check_clocks()
        full = (options.full_scan and not self._is_again) or await self._is_scan_due(clocks.now)
        self.is_full_scan = full
        coverage = await self._dispatcher.call(
            self._listings.begin, clocks.now, fields=frozenset(EXTRAS.split(",")), full=full
        )
        until, window = clocks.until, options.window
        if window is None:
            await self._list_updates()
        expected = max(await self._dispatcher.call(self._totals.expected), self._published or 0)
        gaps = coverage.gaps(until) if window is None else coverage.gaps(min(until, window.high), window.low)
        stream = self._open_walk(gaps, is_whole=window is None, expected=expected)
        if not await self._walk(stream):
            return
        total = stream.total
        if total == 0 and not self._has_photos and report.known:
            raise PhotostreamError(
                f"{user.username!r} ({user.id}) shows no photos any more. The mirrored photos are kept."
            )
        if full or (total or 0) > expected:
            # Photos vanish and appear while the whole stream is walked; and if there are more than before, only
            # one answer has counted them.
            total = await self._count(0, until)
        if total is not None and not await self._list_surplus(total, until):
            return
        result = await self._dispatcher.call(
            self._listings.end, total, accept_loss=options.accept_loss, window=window
        )
        self._emit_result(result)
        self.frontier = None

    async def _list_updates(self) -> None:
        """Store the changes in the caller's own photostream, before the walk, whose total includes new photos."""
        try:
            async for photos in self._updates.pages():
                await self._add(photos, None, 0)
                if self._is_stopping:
                    return
        except InvalidKeyError:
            raise
        except FlickrApiError as error:
            self._context.emit(
                Notice(
                    f"Flickr does not list the changes of this account ({error}): only those of the newest photos are "
                    "found. The next run asks again."
                )
            )

    async def _walk(self, stream: PhotostreamWalk) -> bool:
        """Store the pages of a walk; return whether it was completed."""
        async for page in stream.pages():
            await self._store(page)
            if page.frontier is not None and (self._is_stopping or self._context.catalogue.scope.is_full):
                stream.stop()
        if stream.is_stopped:
            self.is_cut = True
            self.frontier = None  # max_photos photos are begun already, or the run stops
        return not stream.is_stopped

    async def _list_surplus(self, total: int, until: int) -> bool:
        """List again where Flickr counts more photos than are known; return whether that was completed."""
        surplus = await self._dispatcher.call(self._totals.unexplained, total)
        if surplus <= 0:
            return True
        stretches = await locate(
            self._count,
            partial(self._dispatcher.call, self._totals.count_in),
            partial(self._dispatcher.call, self._totals.median_upload),
            Interval(0, until),
            surplus,
            self._context.limits.page_size,
        )
        await self._dispatcher.call(self._context.catalogue.coverage.reopen, stretches)
        return await self._walk(self._open_walk(sorted(stretches, reverse=True), is_whole=False))

    def _open_walk(self, gaps: list[Interval], *, is_whole: bool, expected: int = 1) -> PhotostreamWalk:
        context = self._context
        return PhotostreamWalk(
            context.api,
            context.user.id,
            gaps,
            context.options.strategy,
            page_size=context.limits.page_size,
            is_whole=is_whole,
            expected=expected,
        )

    async def _count(self, low: int, high: int) -> int:
        """Return how many photos Flickr counts from second `low` to second `high`."""
        page = await self._context.api.get_page(
            self._context.user.id, per_page=1, min_upload_date=low or None, max_upload_date=high
        )
        return page.total

    async def _check_clocks(self) -> Clocks:
        """Return the time by all clocks. Warn about a wrong one, and list again the times that it marked as listed."""
        newest = await self._dispatcher.call(self._totals.newest_upload)
        clocks = Clocks(time.time(), self._context.api.server_time, newest)
        await self._updates.prepare(clocks.latest)
        dropped = await self._dispatcher.call(self._listings.drop_future, clocks.latest)
        if dropped is not None:
            self._context.emit(
                Notice(
                    f"Upload times until {moment_text(dropped)} were noted as listed, by a clock that was wrong. "
                    "Upload times in the future are listed again."
                )
            )
        if clocks.warning and not self._is_again:
            self._context.emit(Notice(clocks.warning))
        return clocks

    async def _is_scan_due(self, now: int) -> bool:
        every = self._context.options.full_scan_every
        if every is None or self._context.options.window is not None:
            return False
        last = await self._dispatcher.call(self._listings.last_scan)
        # a scan in the future was noted by a clock that was wrong
        return last is not None and not last + every > now >= last - DAY

    async def _store(self, page: ListedPage) -> None:
        options = self._context.options
        self._compare_with_profile(page)
        self._has_photos = self._has_photos or bool(page.photos)
        found = await self._add(page.photos, page.covered, page.missing)
        self.frontier = page.frontier
        if page.number and (found.new or found.updated or not self._is_again):
            self._context.emit(PageScanned(page.number, page.pages, page.total, len(found.new)))
        self._dispatcher.wake()
        # the first answer counts the whole photostream, unless only a part of it is requested
        if not self._is_planned and options.strategy is CachingStrategy.LIFO and not options.window:
            await self.emit_plan(page)

    async def _add(
        self, photos: list[FlickrPhoto], covered: Interval | None, missing: int | None
    ) -> PageChanges:
        """Store listed photos, and the upload time that they cover; report new and changed photos."""
        options = self._context.options
        if self._settled_until is None:
            # The time of the first answer, because later ones may be stored much later; its second is not over yet.
            clocks = Clocks(time.time(), self._context.api.server_time, 0)
            self._settled_until = clocks.earliest - self._context.limits.settle_margin - 1
            await self._updates.note_first_page()
        if not self._is_private and not all(map(is_public, photos)):
            await keep_private(self._context)
            self._is_private = True
        found = await self._dispatcher.call(
            self._listings.add_page,
            photos,
            covered,
            missing,
            settled_until=self._settled_until,
            info_waits=options.wants_images,
            comments=options.wants_comments,
        )
        report_found(self._context, found)
        return found

    async def emit_plan(self, page: ListedPage | None = None) -> None:
        """Emit what is left to do: estimated after the first `page`, exact once everything is listed."""
        if not self._is_again:
            self._is_planned = True
            self._context.emit(await plan_run(self._context, page))

    def _compare_with_profile(self, page: ListedPage) -> None:
        published, self._published = self._published, None
        if published is None or page.total >= published:
            return
        name, caller = self._context.user.username, self._context.api.caller
        if caller is None:
            text = (
                f"{name!r} has {published} public photos, and Flickr shows {page.total} of them to visitors who are "
                "not logged in. The others cannot be mirrored without a login."
            )
        else:
            text = (
                f"{name!r} has {published} photos, and Flickr shows {page.total} of them with the login of "
                f"{caller.username!r}. The others cannot be mirrored."
            )
        self._context.emit(Notice(text))

    def _emit_result(self, result: WalkResult) -> None:
        self._context.report.scanned = result.scanned and not result.lost
        self._context.report.resumed = result.resumed
        self._context.report.unlisted = result.unlisted
        for text in sentences(result):
            self._context.emit(Notice(text))


def report_found(context: JobContext, found: PageChanges) -> None:
    """Count and emit the photos of a page that are new or have changed."""
    context.report.new += len(found.new)
    context.report.updated += len(found.updated)
    for photo_id in found.new:
        context.emit(PhotoFound(photo_id))
    for photo_id, change in found.updated.items():
        context.emit(PhotoUpdated(photo_id, tuple(str(kind.name).lower() for kind in change)))
