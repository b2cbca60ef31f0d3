"""The page producer at work: what it lists is stored, told, and reckoned up at its end."""

from __future__ import annotations

import time
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.walk_result import sentences
from flickr_mirror.engine.cost import calls_left
from flickr_mirror.errors import PhotostreamError
from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.flickr.photostream_walk import PhotostreamWalk
from flickr_mirror.flickr.unlisted_search import locate
from flickr_mirror.models.events import Notice, PageScanned, PhotoFound, PhotoUpdated, RunPlanned
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.listing_window import DAY, Clocks, moment_text
from flickr_mirror.models.options import CachingStrategy

if TYPE_CHECKING:
    from flickr_mirror.catalogue.walk_result import WalkResult
    from flickr_mirror.engine.workers.jobs import PhotoJobs
    from flickr_mirror.flickr.walk_state import ListedPage
    from flickr_mirror.models.options import Limits, MirrorOptions

_END_OF_TIME = 1 << 62


class PageProducer:
    """Lists what is not covered yet, or everything for a full scan.

    `frontier` is the second up to which (excluded) everything that comes before in the run's order is listed;
    `None` at the end. `published` and `again` are as in `Pipeline`. `is_cut` is whether the listing ended before
    its end.
    """

    def __init__(
        self, jobs: PhotoJobs, options: MirrorOptions, limits: Limits, published: int | None, *, again: bool
    ) -> None:
        self._api = jobs.api
        self._user = jobs.user
        self._work = jobs.work
        self._listings = jobs.catalogue.listings
        self._totals = jobs.catalogue.totals
        self._coverage = jobs.catalogue.coverage
        self._statistics = jobs.catalogue.statistics
        self._budget = jobs.api.transport.budget
        self._scope = jobs.catalogue.scope
        self._report = jobs.report
        self._emit = jobs.emit
        self._options = options
        self._limits = limits
        self._window = options.window
        self._published = published if self._window is None else None  # Flickr counts the window only
        self._is_again = again
        self._is_stopping = False
        self.is_cut = False
        self._is_shown = False
        self._is_planned = again
        self._settled_until: int | None = None
        self.frontier: int | None = 0 if options.strategy is CachingStrategy.FIFO else _END_OF_TIME

    def stop(self) -> None:
        """End the listing after the page that it is at."""
        self._is_stopping = True

    async def run(self) -> None:
        """List until there is no gap left, or as many photos are begun as may be.

        Raises what `AsyncFlickrApi.get_page` raises, and `PhotostreamError` where the photostream of a mirror is
        empty all at once.
        """
        clocks = await self._look_at_clocks()
        full = (self._options.full_scan and not self._is_again) or await self._is_scan_due(clocks.now)
        coverage = await self._work.call(
            self._listings.begin, clocks.now, fields=frozenset(EXTRAS.split(",")), full=full
        )
        until, window = clocks.until, self._window
        expected = max(await self._work.call(self._totals.expected), self._published or 0)
        stream = PhotostreamWalk(
            self._api,
            self._user.id,
            coverage.gaps(until) if window is None else coverage.gaps(min(until, window.high), window.low),
            self._options.strategy,
            page_size=self._limits.page_size,
            is_whole=window is None,
            expected=expected,
        )
        if not await self._walk(stream):
            return
        total = stream.total
        if total == 0 and not self._is_shown and self._report.known:
            raise PhotostreamError(
                f"{self._user.username!r} ({self._user.id}) shows no photos any more. What was mirrored is kept."
            )
        if full or (total or 0) > expected:
            # Photos vanish and appear while the whole stream is walked. Where there are more than before, only
            # one answer has said how many.
            total = await self._count(0, until)
        if total is not None and not await self._list_surplus(total, until):
            return
        result = await self._work.call(
            self._listings.end, total, accept_loss=self._options.accept_loss, window=window
        )
        self._tell_result(result)
        self.frontier = None

    async def _walk(self, stream: PhotostreamWalk) -> bool:
        """Store the pages of a walk; return whether it came to its end."""
        async for page in stream.pages():
            await self._store(page)
            if page.frontier is not None and (self._is_stopping or self._scope.is_full):
                stream.stop()
        if stream.is_stopped:
            self.is_cut = True
            self.frontier = None  # what may still be worked on is begun
        return not stream.is_stopped

    async def _list_surplus(self, total: int, until: int) -> bool:
        """List again where Flickr counts more photos than are known; return whether that came to its end."""
        surplus = await self._work.call(self._totals.unexplained, total)
        if surplus <= 0:
            return True
        stretches = await locate(
            self._count,
            partial(self._work.call, self._totals.count_in),
            partial(self._work.call, self._totals.median_upload),
            Interval(0, until),
            surplus,
            self._limits.page_size,
        )
        await self._work.call(self._coverage.reopen, stretches)
        return await self._walk(
            PhotostreamWalk(
                self._api,
                self._user.id,
                sorted(stretches, reverse=True),
                self._options.strategy,
                page_size=self._limits.page_size,
                is_whole=False,
            )
        )

    async def _count(self, low: int, high: int) -> int:
        """Return how many photos Flickr counts from one second to another."""
        page = await self._api.get_page(
            self._user.id, per_page=1, min_upload_date=low or None, max_upload_date=high
        )
        return page.total

    async def _look_at_clocks(self) -> Clocks:
        """Return the time by all clocks; forget what a wrong one let count as listed, and name one that is wrong."""
        newest = await self._work.call(self._totals.newest_upload)
        clocks = Clocks(time.time(), self._api.server_time, newest)
        dropped = await self._work.call(self._listings.drop_future, clocks.latest)
        if dropped is not None:
            self._emit(
                Notice(
                    f"Upload times until {moment_text(dropped)} were noted as listed, by a clock that was wrong. "
                    "What is not past is listed again."
                )
            )
        if clocks.warning and not self._is_again:
            self._emit(Notice(clocks.warning))
        return clocks

    async def _is_scan_due(self, now: int) -> bool:
        every = self._options.full_scan_every
        if every is None or self._window is not None:
            return False
        last = await self._work.call(self._listings.last_scan)
        # one that is later than now was noted by a clock that was wrong
        return last is not None and not last + every > now >= last - DAY

    async def _store(self, page: ListedPage) -> None:
        options, report = self._options, self._report
        if self._settled_until is None:
            # Of the first answer, for what is listed later may be stored much later; its second is not over yet.
            clocks = Clocks(time.time(), self._api.server_time, 0)
            self._settled_until = clocks.earliest - self._limits.settle_margin - 1
        self._compare_with_profile(page)
        self._is_shown = self._is_shown or bool(page.photos)
        found = await self._work.call(
            self._listings.add_page,
            page.photos,
            page.covered,
            page.missing,
            settled_until=self._settled_until,
            info_waits=options.wants_images,
            comments=options.wants_comments,
        )
        report.new += len(found.new)
        report.updated += len(found.updated)
        self.frontier = page.frontier
        for photo_id in found.new:
            self._emit(PhotoFound(photo_id))
        for photo_id, change in found.updated.items():
            self._emit(PhotoUpdated(photo_id, tuple(str(kind.name).lower() for kind in change)))
        if page.number and (found.new or found.updated or not self._is_again):
            self._emit(PageScanned(page.number, page.pages, page.total, len(found.new)))
        self._work.wake()
        # the first answer counts the whole photostream, unless only a part of it is asked for
        if not self._is_planned and self._options.strategy is CachingStrategy.LIFO and not self._window:
            await self.tell_plan(page)

    async def tell_plan(self, page: ListedPage | None = None) -> None:
        """Tell what is left to do, and what it costs: estimated after the first `page`, or when all is listed."""
        if self._is_again:
            return
        self._is_planned = True
        options = self._options
        work = await self._work.call(
            self._statistics.work_left, images=options.wants_images, info_level=options.wanted_level
        )
        unlisted = 0 if page is None else max(page.total - work.photos, 0)
        calls = calls_left(
            work,
            options,
            pages=ceil(unlisted / self._limits.page_size),
            unlisted=unlisted,
            sample=page.photos if page else (),
            most=self._limits.max_photos,
        )
        self._emit(
            RunPlanned(
                work.photos + unlisted,
                work.mirrored,
                calls,
                self._budget.seconds_for(calls),
                exact=not page,
                images=work.images + unlisted * options.wants_images,
                infos=work.infos + unlisted * options.wants_info,
            )
        )

    def _compare_with_profile(self, page: ListedPage) -> None:
        published, self._published = self._published, None
        if published is not None and page.total < published:
            self._emit(
                Notice(
                    f"{self._user.username!r} has {published} public photos, and Flickr shows {page.total} of them "
                    "to visitors who are not logged in. The others cannot be mirrored without a login."
                )
            )

    def _tell_result(self, result: WalkResult) -> None:
        self._report.scanned = result.scanned and not result.lost
        self._report.resumed = result.resumed
        self._report.unlisted = result.unlisted
        for text in sentences(result):
            self._emit(Notice(text))
