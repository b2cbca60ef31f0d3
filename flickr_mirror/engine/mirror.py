"""The mirror of a photostream: what embedders, the blocking classes and the command call."""

from __future__ import annotations

import time
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.engine.account_lookup import find_owner
from flickr_mirror.engine.estimate import estimate_run
from flickr_mirror.engine.flickr_session import FlickrSession
from flickr_mirror.engine.mirror_run import MirrorRun
from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
from flickr_mirror.engine.progress.run_progress import RunProgress
from flickr_mirror.engine.progress.run_stats import RunStats
from flickr_mirror.engine.safe_observer import SafeObserver
from flickr_mirror.engine.single_image import download_image
from flickr_mirror.engine.watch import WatchLoop
from flickr_mirror.errors import one_error
from flickr_mirror.flickr.accounts import check_has_photos, identify, named
from flickr_mirror.models.addresses import photostream_address
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.options import Limits, MirrorOptions
from flickr_mirror.models.reports import MirrorReport
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.mirror_lookup import find_mirror

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.flickr.outage import OutageMonitor
    from flickr_mirror.flickr.rate_limiter import ApiBudget
    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.events import Event, Observer, RunPlanned
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.users import FlickrUser


class PhotostreamMirror:
    """The mirror of one user's photostream.

    `username` is a username, an NSID, a path alias or the address of a photostream. The `observer` receives every
    event, in the event loop; it is disabled after it raises an exception. `token` is the login of an account, which
    signs every call. `budget` paces the API calls, in place of the budget that all runs with the key share.
    `api_transport` and `image_transport` carry the requests, in place of the mirror's own connections; they are closed
    at the end of each run, and requests to the API include the key.

    Raises `ValueError` for an empty name, and for an address that is not that of a photostream, such as that of an
    album or a photo.
    """

    _run_class = MirrorRun

    def __init__(
        self,
        username: str,
        consumer_key: str,
        consumer_secret: str,
        *,
        token: AccessToken | None = None,
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
        self.name = username.strip()
        """The name or address that was given for the user."""
        self._options = options or MirrorOptions()
        self._check(self.name, self._options)
        self._limits = limits or Limits()
        self._root = filesystem.home(Path(self._options.cache_path))
        self._stats = RunStats(
            images=self._options.wants_images,
            info=self._options.wants_info,
            snapshot=self._snapshot,
            seconds_for=self.seconds_for,
            max_photos=self._limits.max_photos,
        )
        self._observer = SafeObserver(observer)
        self._session = FlickrSession(
            consumer_key,
            consumer_secret,
            token=token,
            emit=self._emit,
            budget=budget,
            api_transport=api_transport,
            image_transport=image_transport,
        )
        self._run: MirrorRun | None = None
        self.report = MirrorReport()
        """The result of the latest run, even if it was cancelled or ended by an error."""

    def _emit(self, event: Event) -> None:
        self._stats(event)
        self._observer(event)

    def _snapshot(self) -> EngineSnapshot:
        return EngineSnapshot.of(self)

    @property
    def progress(self) -> RunProgress:
        """The work that the current run has done and has left, and the time that is left."""
        return RunProgress.of(self._stats)

    @property
    def calls_sent(self) -> int:
        """The number of API calls that the current run has sent."""
        return sum(self._session.calls.values())

    @property
    def hour(self) -> tuple[int, int]:
        """The number of API calls sent with this key in the last hour, and the number allowed."""
        budget = self._session.budget
        return (budget.used if budget else 0), self._limits.calls_per_hour

    def seconds_for(self, calls: float) -> float:
        """Return the least number of seconds that this many more API calls take."""
        budget = self._session.budget
        return budget.seconds_for(calls) if budget else 0.0

    @property
    def folder(self) -> Path | None:
        """The folder of the mirror, `None` if there is none or it is not known yet. Raises `CacheError`."""
        if self.report.folder:
            return self.report.folder
        found = find_mirror(self._root, self.name)
        return found[0].folder if found else None

    @property
    def has_bucket(self) -> bool:
        """Whether the photos are, or will be, in a bucket. Raises `CacheError`."""
        found = None if self._options.store else find_mirror(self._root, self.name)
        return bool(self._options.store or (found and found[0].address))

    @property
    def is_whole(self) -> bool:
        """Whether runs are for the whole photostream, not only for some dates or an album."""
        return self._options.is_whole

    @property
    def waits(self) -> float:
        """Seconds until the next API call may be sent; 0 if no call waits for the hour's budget."""
        budget = self._session.budget
        return budget.waits if budget else 0.0

    @property
    def in_flight(self) -> int:
        """The number of images that are being downloaded now."""
        return self._session.images_in_flight + (self._run.in_flight if self._run else 0)

    @property
    def bytes_received(self) -> int:
        """The number of bytes of images and films received in this run, including those of failed downloads."""
        return self._session.bytes_received

    @property
    def silences(self) -> tuple[OutageMonitor, ...]:
        """The outage monitors of the API and of the image servers."""
        return self._session.outages

    @property
    def is_busy(self) -> bool:
        """Whether requests are in flight that `stop` lets finish."""
        if self._run is None or not self._run.has_pipeline:
            return False
        return bool(self._run.in_flight) or any(monitor.in_flight for monitor in self.silences)

    def stop(self, grace: float = 10.0) -> None:
        """Take no more work, and make `run` return. Requests in flight have `grace` seconds to finish.

        Tasks that wait for the hour's budget, a pause or another try end at once. Call it from the event loop of
        `run`.
        """
        if self._run is not None:
            self._run.stop(grace)

    async def find_user(self) -> FlickrUser:
        """Return the user whose photostream is mirrored. Raises `UserNotFoundError`."""
        async with self._open() as api:
            return (await identify(api, self.name)).user

    async def cache_photo_image(self, photo: FlickrPhoto) -> Path:
        """Download the image of one photo in the largest size that is served; fill in its sizes, and return the path.

        Raises a `PhotoError` or a `TransportError` if that fails, and `PhotoForgottenError` for a photo that was
        erased on request.
        """
        async with self._open() as api:
            user = (await find_owner(api, self.name, self._root, self._emit)).user
            folder, store = self._folder_of(user), self._options.store
            return await download_image(api, folder, user, self.name, photo, self._limits, self._emit, store)

    async def run(self) -> MirrorReport:
        """Mirror photos that are new, missing or interrupted, and return a report.

        Photos that fail are in the report. An error that ends the run is raised as one `FlickrMirrorError`; the work
        done by then is kept.
        """
        return await self._start(WatchLoop.run_once)

    async def watch(self, interval: float) -> MirrorReport:
        """Mirror like `run`, then look for new photos every `interval` seconds, until `stop` or a limit.

        A look costs one API call if there is nothing new. If the connection is lost, the watch waits for it. The
        report and the errors are those of `run`, for all rounds. Raises `ValueError` for an interval of less than a
        second.
        """
        if not interval >= 1:
            raise ValueError(f"The interval is 1 second or more, not {interval!r}.")
        return await self._start(partial(WatchLoop.watch, interval=interval))

    async def _start(self, work: Callable[[WatchLoop], Awaitable[None]]) -> MirrorReport:
        report = self.report = MirrorReport(started=time.time())
        self._run = self._run_class(
            self.name, self._root, self._options, self._limits, self._session, self._emit, report
        )
        await self._run.run(work)
        return report

    @staticmethod
    def _check(name: str, options: MirrorOptions) -> None:
        """Raise `ValueError` for an address that is not that of a photostream."""
        photostream_address(name)

    async def estimate(self) -> RunPlanned:
        """Return what a run would do now, and its cost, including its first calls.

        This takes a few calls, which count against the budget, and writes nothing to the mirror. Raises like `run`.
        """
        with named(self.name), one_error():
            async with self._open() as api:
                account = await find_owner(api, self.name, self._root, self._emit)
                cache = self._folder_of(account.user)
                if cache.is_new:
                    profile = account.profile or await api.get_profile(account.user.id)
                    await check_has_photos(api, self.name, profile)
                self.report = MirrorReport(account.user.username, account.user.id, cache.folder)
                return await estimate_run(api, account.user, cache, self._options, self._limits)

    async def price(self) -> RunPlanned:
        """Return what `estimate` returns. Deprecated: this is its name before version 1.0."""
        warnings.warn("PhotostreamMirror.price is now called estimate.", DeprecationWarning, stacklevel=2)
        return await self.estimate()

    def _open(self) -> AsyncFlickrApi:
        return self._session.open(self._options.api_url, self._limits)

    def _folder_of(self, user: FlickrUser) -> MirrorFolder:
        return MirrorFolder.of(self._root, user, self._options.cache_directory_depth)
