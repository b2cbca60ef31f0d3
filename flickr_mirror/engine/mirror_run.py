"""One run of a mirror: opens the API, the folder and the catalogue, applies time limits, and fills in the report."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import anyio
from anyio import to_thread

from flickr_mirror.engine.account_lookup import find_owner
from flickr_mirror.engine.album_producer import UNVERIFIED
from flickr_mirror.engine.check import CheckReport, check_files
from flickr_mirror.engine.dispatcher import Dispatcher
from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.engine.mirror_store import open_store
from flickr_mirror.engine.rebuild import open_catalogue
from flickr_mirror.engine.wall_clock import wait_until
from flickr_mirror.engine.watch import WatchLoop, summarize
from flickr_mirror.engine.workers.file_copies import CopyContext, FileCopies
from flickr_mirror.engine.workers.jobs import JobContext
from flickr_mirror.engine.workers.logins import keep_private_again
from flickr_mirror.engine.workers.run_plan import work_left
from flickr_mirror.errors import CacheError, TransportError, one_error
from flickr_mirror.flickr import outage
from flickr_mirror.flickr.accounts import check_has_photos, named
from flickr_mirror.flickr.bandwidth import BandwidthLimiter
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.flickr.downloader import ImageFetcher
from flickr_mirror.models.events import Notice, RunStarted, Waiting
from flickr_mirror.reader.search_index import update_index
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.free_space import FreeSpace
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.mirror_folder import MirrorFolder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.engine.cluster.errand_queue import ErrandQueue
    from flickr_mirror.engine.flickr_session import FlickrSession
    from flickr_mirror.engine.mirror_store import MirrorStore
    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.options import Limits, MirrorOptions
    from flickr_mirror.models.reports import MirrorReport
    from flickr_mirror.models.sources import Source
    from flickr_mirror.models.users import FlickrUser


class Target(NamedTuple):
    """The account that a run mirrors, and the folder of the mirror.

    `published` is the number of public photos that a profile states, if it was requested. `source` is the list that is
    mirrored, `None` for the photostream.
    """

    user: FlickrUser
    cache: MirrorFolder
    published: int | None = None
    source: Source | None = None


class MirrorRun:
    """One run for the user called `name`; the mirrors are below `root`. `report` is filled in as the run proceeds."""

    def __init__(
        self,
        name: str,
        root: Path,
        options: MirrorOptions,
        limits: Limits,
        session: FlickrSession,
        emit: Observer,
        report: MirrorReport,
    ) -> None:
        self._name = name
        self._root = root
        self._options = options
        self._limits = limits
        self._session = session
        self._emit = emit
        self._report = report
        self._loop: WatchLoop | None = None
        self._stopping = anyio.Event()
        self._scope: anyio.CancelScope | None = None
        self._queue: ErrandQueue | None = None

    @property
    def has_pipeline(self) -> bool:
        """Whether a round is in progress, with work that `stop` lets finish."""
        return self._loop is not None and self._loop.pipeline is not None

    @property
    def in_flight(self) -> int:
        """The number of files that other machines download now."""
        return self._queue.in_flight if self._queue else 0

    def stop(self, grace: float) -> None:
        """Stop like `PhotostreamMirror.stop`."""
        self._stopping.set()
        if self._loop is not None and self._loop.pipeline is not None:
            self._loop.pipeline.stop(grace)
        elif self._scope is not None:
            self._scope.cancel()

    async def _stop_after(self, wait: Callable[[], Awaitable[None]], limit: str) -> None:
        await wait()
        self._stopping.set()
        if self._loop is not None and self._loop.pipeline is not None:
            self._loop.pipeline.stop_at_limit(limit)
        elif self._scope is not None:
            self._emit(self._report.come_to(limit, finishing=False))
            self._scope.cancel()

    async def run(self, work: Callable[[WatchLoop], Awaitable[None]]) -> None:
        """Do `work` over the open mirror. An error that ends the run is raised as one `FlickrMirrorError`."""
        report, limits = self._report, self._limits
        started = time.monotonic()
        self._session.reset()

        async def work_and_close() -> None:
            await to_thread.run_sync(filesystem.check_writable, self._root)
            async with self._session.open(self._options.api_url, limits) as api:
                try:
                    await self._work_in_mirror(api, work)
                finally:
                    self._close_report(time.monotonic() - started)
            tasks.cancel_scope.cancel()  # ends the tasks that watch the clock and the outages

        # In a task of its own: asyncio's cancellation (`wait_for`, `Task.cancel`) ignores shields. The task of
        # a group is not cancelled like that, so nothing that was begun is abandoned.
        with named(self._name), one_error():
            async with anyio.create_task_group() as tasks:
                self._scope = tasks.cancel_scope
                tasks.start_soon(work_and_close)
                tasks.start_soon(self._report_outages)
                if limits.max_duration is not None:
                    pause = partial(anyio.sleep, limits.max_duration)
                    tasks.start_soon(self._stop_after, pause, "max_duration")
                if limits.until_time is not None:
                    pause = partial(wait_until, limits.until_time, anyio.sleep, limits.timing.clock_check)
                    tasks.start_soon(self._stop_after, pause, "until_time")
            has_answered = any(monitor.has_answered for monitor in self._session.outages)
            if report.stopped_by and report.unanswered and not has_answered:
                # the limit ended the run before the tries were used up
                raise TransportError(report.unanswered)

    async def _report_outages(self) -> None:
        while True:
            outage.report(self._session.outages, self._emit)
            await anyio.sleep(self._limits.timing.outage_poll)

    def _close_report(self, seconds: float) -> None:
        report, outages = self._report, self._session.outages
        outage.report(outages, self._emit)
        report.unanswered = " ".join(filter(None, (monitor.final_sentence() for monitor in outages)))
        report.calls = self._session.calls
        report.api_calls = sum(report.calls.values())
        report.seconds = seconds

    async def _work_in_mirror(
        self, api: AsyncFlickrApi, work: Callable[[WatchLoop], Awaitable[None]]
    ) -> None:
        """Lock the mirror, open its catalogue, and do `work`."""
        user, cache, published, source = await self._find(api)
        with locked(cache.lock, cache.folder), cache.committer.processes():
            async with self._open_store(cache, user) as store:
                await self._work_in_store(api, user, cache, published, source, store, work)
                await store.save()

    def _open_store(self, cache: MirrorFolder, user: FlickrUser) -> AbstractAsyncContextManager[MirrorStore]:
        timing, wanted = self._limits.timing, self._options.store
        return open_store(cache, user, self._emit, asked_for=self._name, wanted=wanted, timing=timing)

    def _open_cluster(self, cache: MirrorFolder) -> AbstractAsyncContextManager[ErrandQueue | None]:
        if not self._options.cluster:
            return nullcontext()
        from flickr_mirror.engine.cluster.open_cluster import open_cluster

        return open_cluster(cache, self._options, self._limits, self._report, self._emit)

    async def _work_in_store(
        self,
        api: AsyncFlickrApi,
        user: FlickrUser,
        cache: MirrorFolder,
        published: int | None,
        source: Source | None,
        store: MirrorStore,
        work: Callable[[WatchLoop], Awaitable[None]],
    ) -> None:
        """Open the catalogue of a mirror that is locked, and do `work`."""
        options, report = self._options, self._report
        cache.prepare(user, self._name)
        await store.restore()
        async with (
            self._open_cluster(cache) as self._queue,
            open_catalogue(cache, self._emit) as catalogue,
            LanguageDetector() as detector,
        ):
            catalogue.callers.begin(api.caller, user.id)
            catalogue.scope.restrict(options.window, self._limits.max_photos)
            if options.album_id:
                catalogue.scope.restrict_to_album(options.album_id)
            context = replace(self._create_context(api, user, cache, catalogue, detector), source=source)
            await keep_private_again(context)
            mirrored_before = await self._begin(context, cache.folder)
            try:
                self._loop = WatchLoop(context, published, self._stopping)
                await work(self._loop)
                await self._update_index(cache)
            finally:
                self._loop = None
                summarize(report, catalogue, options)
                report.skipped = max(mirrored_before + report.skipped - report.updated - report.gone, 0)

    async def _find(self, api: AsyncFlickrApi) -> Target:
        """Return the photostream that is mirrored. Raises `UserNotFoundError` or `PhotostreamError`."""
        account = await find_owner(api, self._name, self._root, self._emit)
        user = account.user
        cache = MirrorFolder.of(self._root, user, self._options.cache_directory_depth)
        if not cache.is_new:
            return Target(user, cache)
        profile = account.profile or await api.get_profile(user.id)
        await check_has_photos(api, self._name, profile)
        return Target(user, cache, profile.photo_count)

    async def _update_index(self, cache: MirrorFolder) -> None:
        """Add the changes of this run to the search index, if there is one."""
        try:
            await to_thread.run_sync(update_index, cache)
        except CacheError as error:
            self._emit(Notice(f"The search index is not up to date: {error}"))

    def _create_context(
        self,
        api: AsyncFlickrApi,
        user: FlickrUser,
        cache: MirrorFolder,
        catalogue: Catalogue,
        detector: LanguageDetector,
    ) -> JobContext:
        limits, report = self._limits, self._report
        bandwidth = BandwidthLimiter(limits.bwlimit)
        most, least = map(bandwidth.max_parallel, (limits.image_workers, limits.min_image_workers))
        slots = DownloadSlots(most, least, per_second=limits.images_per_second, timing=limits.timing)
        slots.on_pause = lambda seconds: self._emit(Waiting("images", seconds))
        space = None if limits.min_free is None else FreeSpace(cache.folder, limits.min_free)
        fetcher = ImageFetcher(api.http_client, slots, bandwidth, space)
        dispatcher = Dispatcher(catalogue, limits.timing.catalogue_flush)
        copying = CopyContext(cache.files, dispatcher, fetcher, report, self._emit)
        return JobContext(
            user=user,
            api=api,
            copies=_copies(copying, self._queue, adopting=not cache.is_empty),
            detector=detector,
            store=cache.files,
            dispatcher=dispatcher,
            report=report,
            emit=self._emit,
            options=self._options,
            limits=limits,
            space=space,
        )

    async def _begin(self, context: JobContext, folder: Path) -> int:
        """Emit the first event, check the images if requested, and return how many photos are mirrored already."""
        report, user, options = self._report, context.user, self._options
        before = context.catalogue.statistics.counts()
        report.username, report.user_id, report.folder = user.username, user.id, folder
        report.known = before.known
        self._emit(
            RunStarted(
                *(user.username, user.id, folder),
                *(before.known, before.images, before.infos, before.forgotten),
            )
        )
        if options.verify_image:
            kinds = ("image", "video")
            if options.album_id and not context.catalogue.albums.find([options.album_id]):
                self._emit(Notice(UNVERIFIED))
            await check_files(
                context.store, context.catalogue, self._emit, CheckReport(), kinds=kinds, resumable=False
            )
        return (await to_thread.run_sync(work_left, context.catalogue, options)).mirrored


def _copies(context: CopyContext, queue: ErrandQueue | None, *, adopting: bool) -> FileCopies:
    if queue is None:
        return FileCopies(context, adopting=adopting)
    from flickr_mirror.engine.cluster.cluster_copies import ClusterCopies

    return ClusterCopies(context, queue, adopting=adopting)
