"""Mirror a photostream: the engine's one door, for embedders, for the blocking face and for the command."""

from __future__ import annotations

import logging
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from flickr_mirror.engine.check import CheckReport, audit
from flickr_mirror.engine.dispatcher import Dispatcher
from flickr_mirror.engine.estimate import estimate_run
from flickr_mirror.engine.language_detector import LanguageDetector
from flickr_mirror.engine.rebuild import open_catalogue
from flickr_mirror.engine.shared_budget import shared_budget
from flickr_mirror.engine.wall_clock import wait_until
from flickr_mirror.engine.watch import WatchLoop, sum_up
from flickr_mirror.engine.workers.file_copies import FileCopies
from flickr_mirror.engine.workers.jobs import PhotoJobs
from flickr_mirror.errors import ImageGoneError, NoSizeError, PhotoForgottenError, TransportError, one_error
from flickr_mirror.flickr import outage
from flickr_mirror.flickr.accounts import check_has_photos, find_account, identify, named
from flickr_mirror.flickr.api import AsyncFlickrApi
from flickr_mirror.flickr.bandwidth import BandwidthLimiter
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.flickr.downloader import ImageFetcher
from flickr_mirror.flickr.http_client import Transport
from flickr_mirror.flickr.image_servers import REFUSALS
from flickr_mirror.models.addresses import photostream_address
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import Notice, RunPlanned, RunStarted, Waiting
from flickr_mirror.models.options import Limits, MirrorOptions
from flickr_mirror.models.reports import MirrorReport
from flickr_mirror.models.sizes import whole_pictures
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.free_space import FreeSpace
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.mirror_folder import MirrorFolder, owners
from flickr_mirror.storage.mirror_lookup import find_mirror
from flickr_mirror.storage.tombstones import read_tombstones

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.flickr.accounts import Account
    from flickr_mirror.flickr.downloader import Fetched, ImageFile
    from flickr_mirror.flickr.outage import OutageMonitor
    from flickr_mirror.flickr.rate_limiter import ApiBudget
    from flickr_mirror.models.events import Event, Observer
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.models.users import FlickrUser

logger = logging.getLogger("flickr_mirror")


class PhotostreamMirror:
    """The mirror of one user's photostream.

    `username` is a username, an NSID, a path alias or the address of a photostream. The `observer` is told
    every event, in the event loop; an observer that raises is told no more. `budget` paces the calls, in place
    of the one that all runs with the key share. `api_transport` and `image_transport` carry the requests, in
    place of connections of its own; they are closed at the end of each run, and what goes to the API has the
    key in it. Raises `ValueError` for an empty name, and for the
    address of an album, a photo or anything else that is no photostream.
    """

    def __init__(
        self,
        username: str,
        consumer_key: str,
        consumer_secret: str,
        *,
        options: MirrorOptions | None = None,
        limits: Limits | None = None,
        observer: Observer = log_events,
        budget: ApiBudget | None = None,
        api_transport: httpx.AsyncBaseTransport | None = None,
        image_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not username.strip():
            raise ValueError(
                "The username is empty: give a username, an NSID or the address of a photostream."
            )
        photostream_address(username.strip())
        self.name = username.strip()
        """How the user was named."""
        self.__consumer_key = consumer_key
        self.__consumer_secret = consumer_secret
        self._options = options or MirrorOptions()
        self._limits = limits or Limits()
        self._observer: Observer | None = observer
        self._budget = budget
        self._api_transport = api_transport
        self._image_transport = image_transport
        self._root = filesystem.home(Path(self._options.cache_path))
        self._rounds: WatchLoop | None = None
        self._stopping = anyio.Event()
        self._scope: anyio.CancelScope | None = None
        self._transport: Transport | None = None
        self._mirrored_before = 0
        self.report = MirrorReport()
        """What the latest run did, also where it was cancelled or ended by an error."""

    @property
    def calls_sent(self) -> int:
        """How many API calls the current run has sent."""
        return sum(self._transport.calls.values()) if self._transport else 0

    @property
    def hour(self) -> tuple[int, int]:
        """How many API calls were sent in the last hour with this key, and how many there may be."""
        return (self._budget.used if self._budget else 0), self._limits.calls_per_hour

    def seconds_for(self, calls: float) -> float:
        """Return how long so many more API calls take at least, in seconds."""
        return self._budget.seconds_for(calls) if self._budget else 0.0

    @property
    def folder(self) -> Path | None:
        """The folder of the mirror, as far as it is known by now; `None` where there is none. Raises `CacheError`."""
        if self.report.folder:
            return self.report.folder
        found = find_mirror(self._root, self.name)
        return found[0].folder if found else None

    @property
    def is_whole(self) -> bool:
        """Whether runs are for the whole photostream, and not for some dates."""
        return self._options.window is None

    @property
    def waits(self) -> float:
        """In how many seconds the next API call may be made, 0 where no call waits for the hour's budget."""
        return self._budget.waits if self._budget else 0.0

    @property
    def in_flight(self) -> int:
        """How many images are being fetched now: for how many an exchange with a server is open."""
        return self._transport.image_silence.in_flight if self._transport else 0

    @property
    def bytes_received(self) -> int:
        """How many bytes of images and films came in this run, also of those that did not come whole."""
        return self._transport.bytes_received if self._transport else 0

    @property
    def silences(self) -> tuple[OutageMonitor, ...]:
        """For how long the API, and the image servers, have not answered."""
        return (self._transport.api_silence, self._transport.image_silence) if self._transport else ()

    @property
    def is_busy(self) -> bool:
        """Whether something is in flight that `stop` lets finish."""
        has_work = self._rounds is not None and self._rounds.pipeline is not None
        return has_work and any(silence.in_flight for silence in self.silences)

    def stop(self, grace: float = 10.0) -> None:
        """Take no more work; what is in flight has `grace` seconds to finish. `run` then returns.

        What only waits, for the hour's budget, a pause or another try, ends at once. To be called from the event
        loop in which `run` runs.
        """
        self._stopping.set()
        if self._rounds is not None and self._rounds.pipeline is not None:
            self._rounds.pipeline.stop(grace)
        elif self._scope is not None:
            self._scope.cancel()

    async def _end_after(self, wait: Callable[[], Awaitable[None]], limit: str) -> None:
        await wait()
        self._stopping.set()
        if self._rounds is not None and self._rounds.pipeline is not None:
            self._rounds.pipeline.come_to(limit)
        elif self._scope is not None:
            self._emit(self.report.come_to(limit, finishing=False))
            self._scope.cancel()

    async def find_user(self) -> FlickrUser:
        """Return the user whose photostream is mirrored. Raises `UserNotFoundError`."""
        async with self._open() as api:
            return (await identify(api, self.name)).user

    async def cache_photo_image(self, photo: FlickrPhoto) -> Path:
        """Bring the largest image of one photo to disk that is served, and return where; the sizes are filled in.

        Raises a `PhotoError` or a `TransportError` where that fails; `PhotoForgottenError` for a photo that was
        erased on request.
        """
        async with self._open() as api:
            user = (await self._identify(api)).user
            cache = MirrorFolder.of(self._root, user, self._options.cache_directory_depth)
            with locked(cache.lock, cache.folder):
                cache.prepare(user, self.name)
                if photo.id in read_tombstones(cache.state):
                    raise PhotoForgottenError(f"Photo {photo.id} was forgotten: undo that to mirror it.")
                photo.sizes = await api.get_photo_sizes(photo.id)
                fetcher = ImageFetcher(
                    api.transport, DownloadSlots(1), BandwidthLimiter(self._limits.bwlimit)
                )
                async with cache.partial_file() as part:
                    fetched = await _fetch_largest(fetcher, whole_pictures(photo.sizes), part)
                    photo.extension = fetched.picture.extension
                    path = cache.path(photo.id, photo.extension)
                    await part.commit(path)
        return path

    async def run(self) -> MirrorReport:
        """Mirror what is new, was interrupted or is lacking, and return what was done.

        A photo that fails is in the report. Whatever ends the run is raised as one `FlickrMirrorError`.
        What is done stays done, however the run ends.
        """
        return await self._report_on(WatchLoop.once)

    async def price(self) -> RunPlanned:
        """Return what a run would do now, and what it would cost, its first calls included.

        That takes a few calls, which are counted, and writes nothing into the mirror. Raises like `run`.
        """
        with named(self.name), one_error():
            async with self._open() as api:
                account = await self._identify(api)
                cache = MirrorFolder.of(self._root, account.user, self._options.cache_directory_depth)
                if cache.is_new:
                    profile = account.profile or await api.get_profile(account.user.id)
                    await check_has_photos(api, self.name, profile)
                self.report = MirrorReport(account.user.username, account.user.id, cache.folder)
                return await estimate_run(api, account.user, cache, self._options, self._limits)

    async def watch(self, interval: float) -> MirrorReport:
        """Mirror like `run`, then look for new photos every `interval` seconds, until `stop` or a limit.

        A look costs one API call where there is nothing new. A line that is down is waited for. Returns, and
        raises, like `run`, for all that was done. Raises `ValueError` for an interval of less than a second.
        """
        if not interval >= 1:
            raise ValueError(f"The interval is 1 second or more, not {interval!r}.")
        return await self._report_on(partial(WatchLoop.watch, interval=interval))

    async def _report_on(self, work: Callable[[WatchLoop], Awaitable[None]]) -> MirrorReport:
        started = time.monotonic()
        report = self.report = MirrorReport(started=time.time())
        self._stopping = anyio.Event()
        self._transport = None

        async def work_and_close() -> None:
            await to_thread.run_sync(filesystem.check_writable, self._root)
            async with self._open() as api:
                try:
                    await self._run(api, report, work)
                finally:
                    self._close_report(report, api.transport, time.monotonic() - started)
            tasks.cancel_scope.cancel()  # the clock need not be watched any more

        # In a task of its own: what asyncio cancels (`wait_for`, `Task.cancel`) breaks through shields, a group's
        # task does not, so that nothing that was begun is abandoned.
        with named(self.name), one_error():
            async with anyio.create_task_group() as tasks:
                self._scope = tasks.cancel_scope
                tasks.start_soon(work_and_close)
                tasks.start_soon(self._report_outages)
                if (seconds := self._limits.max_duration) is not None:
                    tasks.start_soon(self._end_after, partial(anyio.sleep, seconds), "max_duration")
                if (moment := self._limits.until_time) is not None:
                    tasks.start_soon(self._end_after, partial(wait_until, moment, anyio.sleep), "until_time")
            if report.stopped_by and report.unanswered and not any(one.has_answered for one in self.silences):
                # the limit was shorter than the tries
                raise TransportError(report.unanswered)
        return report

    async def _report_outages(self) -> None:
        while True:
            outage.report(self.silences, self._emit)
            await anyio.sleep(outage.LOOK)

    def _close_report(self, report: MirrorReport, transport: Transport, seconds: float) -> None:
        outage.report(self.silences, self._emit)
        report.unanswered = " ".join(filter(None, (silence.last_words() for silence in self.silences)))
        report.calls = dict(transport.calls)
        report.api_calls = sum(report.calls.values())
        report.seconds = seconds

    def _open(self) -> AsyncFlickrApi:
        key, url = self.__consumer_key, self._options.api_url
        self._budget = self._budget or shared_budget(key, self._limits, url)
        self._budget.on_wait = lambda seconds: self._emit(Waiting("budget", seconds))
        self._budget.on_pause = lambda seconds: self._emit(Waiting("api", seconds))
        self._transport = Transport(
            key,
            budget=self._budget,
            api_url=url,
            limits=self._limits,
            api_transport=self._api_transport,
            image_transport=self._image_transport,
        )
        return AsyncFlickrApi(key, self.__consumer_secret, transport=self._transport)

    async def _run(
        self, api: AsyncFlickrApi, report: MirrorReport, work: Callable[[WatchLoop], Awaitable[None]]
    ) -> None:
        account = await self._identify(api)
        user = account.user
        cache = MirrorFolder.of(self._root, user, self._options.cache_directory_depth)
        published = None
        if cache.is_new:
            profile = account.profile or await api.get_profile(user.id)
            await check_has_photos(api, self.name, profile)
            published = profile.photo_count
        with locked(cache.lock, cache.folder), cache.keeper.processes():
            cache.prepare(user, self.name)
            async with open_catalogue(cache, self._emit) as catalogue:
                catalogue.scope.restrict(self._options.window, self._limits.max_photos)
                async with LanguageDetector() as detector:
                    jobs = self._jobs(api, user, cache, catalogue, detector, report)
                    await self._begin(jobs)
                    try:
                        self._rounds = WatchLoop(jobs, self._options, self._limits, published, self._stopping)
                        await work(self._rounds)
                    finally:
                        self._rounds = None
                        sum_up(report, catalogue, self._options)
                        report.skipped = max(self._mirrored_before - report.updated, 0)

    def _jobs(
        self,
        api: AsyncFlickrApi,
        user: FlickrUser,
        cache: MirrorFolder,
        catalogue: Catalogue,
        detector: LanguageDetector,
        report: MirrorReport,
    ) -> PhotoJobs:
        bandwidth = BandwidthLimiter(self._limits.bwlimit)
        brake = DownloadSlots(
            *map(bandwidth.max_parallel, (self._limits.image_workers, self._limits.min_image_workers))
        )
        brake.on_pause = lambda seconds: self._emit(Waiting("images", seconds))
        least = self._limits.min_free
        space = None if least is None else FreeSpace(cache.folder, least)
        fetcher = ImageFetcher(api.transport, brake, bandwidth, space)
        work = Dispatcher(catalogue)
        return PhotoJobs(
            user=user,
            api=api,
            copies=FileCopies(cache, work, fetcher, report, self._emit, adopting=not cache.is_empty),
            detector=detector,
            cache=cache,
            catalogue=catalogue,
            work=work,
            report=report,
            emit=self._emit,
            info_level=self._options.info_level,
            space=space,
        )

    async def _begin(self, jobs: PhotoJobs) -> None:
        report, user, cache = jobs.report, jobs.user, jobs.cache
        before = jobs.catalogue.statistics.counts()
        report.username, report.user_id, report.folder = user.username, user.id, cache.folder
        report.known = before.known
        self._emit(
            RunStarted(
                user.username,
                user.id,
                cache.folder,
                before.known,
                before.images,
                before.infos,
                before.forgotten,
            )
        )
        if self._options.verify_image:
            await audit(
                cache, jobs.catalogue, self._emit, CheckReport(), kinds=("image", "video"), resumable=False
            )
        look = partial(
            jobs.catalogue.statistics.work_left,
            images=self._options.wants_images,
            info_level=self._options.wanted_level,
        )
        self._mirrored_before = (await to_thread.run_sync(look)).mirrored

    async def _identify(self, api: AsyncFlickrApi) -> Account:
        account = await find_account(api, self.name, list(owners(self._root)))
        if account.sentence:
            self._emit(Notice(account.sentence))
        return account

    def _emit(self, event: Event) -> None:
        if self._observer is None:
            return
        try:
            self._observer(event)
        except Exception:  # a broken progress bar must not end a run of days
            logger.exception("The observer failed, and is told no more.")
            self._observer = None


async def _same(size: FlickrPhotoSize) -> FlickrPhotoSize:
    return size  # it was asked for a moment ago


async def _fetch_largest(fetcher: ImageFetcher, sizes: list[FlickrPhotoSize], file: ImageFile) -> Fetched:
    refusal: Exception = NoSizeError("Flickr lists no image of this photo.")
    for size in sizes:
        try:
            return await fetcher.fetch_verified(size, file, partial(_same, size))
        except ImageGoneError as error:
            if error.status not in REFUSALS:
                raise
            refusal = refusal if isinstance(refusal, ImageGoneError) else error
    raise refusal
