"""One run: the page producer, the feeders and the three worker pools, in one task group.

    pages -> catalogue -> feeders -> to_ask      -> size resolvers    -> to_download
                                  -> to_download -> image downloaders
                                  -> to_describe -> info fetchers

Closing a stream is the only sign that no more work comes. Here and in `mirror` the network wing and the disk
wing meet.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from anyio import create_memory_object_stream, create_task_group

from flickr_mirror.catalogue.rows import StoredPhoto
from flickr_mirror.engine.absent_photos import ask_for_absent
from flickr_mirror.engine.workers.image_jobs import ImageJob
from flickr_mirror.engine.workers.jobs import InfoJob
from flickr_mirror.engine.workers.page_producer import PageProducer
from flickr_mirror.errors import (
    BadImageError,
    CertificateError,
    FlickrApiError,
    ImageGoneError,
    InvalidCallError,
    InvalidKeyError,
    NoSizeError,
    PermissionDeniedError,
    PhotoError,
    PhotoNotFoundError,
    ProxyLoginError,
    ThrottledError,
    TransportError,
)
from flickr_mirror.flickr.interruption import StoppedError
from flickr_mirror.models.events import ListingEnded, PhotoFailed
from flickr_mirror.models.options import CachingStrategy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from flickr_mirror.engine.workers.jobs import PhotoJobs
    from flickr_mirror.models.options import Limits, MirrorOptions

T = TypeVar("T")

BATCH = 100
"""So many photos are taken from the work list at once."""
KEEPING = 32
"""So many tasks more than downloads there are, so that downloads go on while files are on their way to the disk."""
MISSES_IN_A_ROW = 20
MISSED_ROUNDS = 3
"""So many photos in a row without an answer, and for each worker so many, mean that the line is down."""
ENDING = (InvalidKeyError, InvalidCallError, CertificateError, ProxyLoginError, ThrottledError)
"""What concerns every photo."""
OF_TIME = ("max_duration", "until_time")
"""The limits after which nothing that takes long is waited for."""
GRACE = 10.0
"""Seconds that what is in flight has to finish."""
LASTING = (ImageGoneError, NoSizeError, PermissionDeniedError, PhotoNotFoundError)


class Pipeline:
    """A run over one mirror. `stop` may be called at any time, from the same event loop.

    `published` is the number of public photos that the owner's profile tells, where it was asked. A run
    `again`, a moment after another one, makes no full scan that is not due, and tells of no page without news.
    """

    def __init__(
        self,
        jobs: PhotoJobs,
        options: MirrorOptions,
        limits: Limits,
        published: int | None = None,
        *,
        again: bool = False,
    ) -> None:
        self._jobs = jobs
        self._work = jobs.work
        self._catalogue = jobs.catalogue
        self._report = jobs.report
        self._emit = jobs.emit
        self._options = options
        self._limits = limits
        self._lister = PageProducer(jobs, options, limits, published, again=again)
        self._newest_first = options.strategy is CachingStrategy.LIFO
        self._listed = False
        self._stopping = False
        self.confirmed_gone: set[str] = set()
        """The photos of which Flickr has said in this run that it does not have them."""
        self._misses = {"image": 0, "info": 0}
        self._most_misses = {
            "image": max(MISSES_IN_A_ROW, MISSED_ROUNDS * limits.image_workers),
            "info": max(MISSES_IN_A_ROW, MISSED_ROUNDS * limits.info_workers),
        }
        self._passes_left = {"image": limits.passes - 1, "info": limits.passes - 1}
        self._deciding = anyio.Lock()
        self._intakes: list[anyio.CancelScope] = []
        self._listing, self._scope = anyio.CancelScope(), anyio.CancelScope()
        self._callers = [self._listing]
        jobs.copies.on_received = self._look_at_bytes
        if jobs.space:
            jobs.space.on_full = self._come_to_min_free

    def stop(self, grace: float) -> None:
        """Take no more work, and no page; what is in flight has `grace` seconds to finish."""
        self._take_no_more(retries=True)
        self._listing.cancel()
        _end_within(grace, [self._scope])

    def come_to(self, limit: str, figures: str = "") -> None:
        """Take no more work, because a limit is reached; what is in flight has ten seconds to finish.

        A page that was asked for is in flight too. Images have all their time, unless that is up: else their
        bytes would have to come again.
        """
        self._emit(self._report.come_to(limit, figures))
        self._take_no_more(retries=limit in OF_TIME)
        self._lister.stop()
        _end_within(GRACE, [self._scope] if limit in OF_TIME else self._callers)

    def _take_no_more(self, *, retries: bool) -> None:
        self._stopping = True
        self._jobs.api.transport.stop(retries=retries)
        self._jobs.copies.fetcher.stop()
        for intake in self._intakes:
            intake.cancel()

    def _look_at_bytes(self) -> None:
        most = self._limits.max_bytes
        if most is not None and self._report.bytes >= most and not self._report.stopped_by:
            self.come_to("max_bytes")

    def _come_to_min_free(self, figures: str) -> None:
        if not self._stopping:
            self.come_to("min_free", figures)

    @contextmanager
    def _calling(self) -> Iterator[None]:
        """Call Flickr inside of this, for as long as a limit that is reached leaves time."""
        with anyio.CancelScope() as scope:
            self._callers.append(scope)
            yield

    @contextmanager
    def _intake(self) -> Iterator[None]:
        """Take in work inside of this, which a stop ends."""
        with anyio.CancelScope() as scope:
            self._intakes.append(scope)
            if self._stopping:
                scope.cancel()
            yield

    def others_have_work(self) -> bool:
        """Return whether calls more urgent than those for comments are to be expected."""
        return not self._listed or self._work.is_busy("image")

    async def run(self) -> None:
        """Mirror what is asked for. Raises what ends the run; the failures of photos are in the catalogue."""
        self._report.complete = False
        try:
            with self._scope:
                async with create_task_group() as book_keeping:
                    book_keeping.start_soon(self._work.keep_flushing)
                    await self._mirror()
                    book_keeping.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._work.flush()
            self._report.begun = self._catalogue.scope.begun
        if not self._stopping:
            await self._work.call(self._catalogue.work_list.end_run, int(time.time()))
            if self._catalogue.scope.is_full:
                self._emit(self._report.come_to("max_photos"))
        self._report.complete = (
            not await self._is_more_left() if self._report.stopped_by else not self._stopping
        )

    async def _is_more_left(self) -> bool:
        options = self._options
        return (
            self._lister.is_cut
            or not self._listed
            or await self._work.call(
                self._catalogue.work_list.is_unfinished, images=options.wants_images, info=options.wants_info
            )
        )

    async def _mirror(self) -> None:
        options, limits, jobs = self._options, self._limits, self._jobs
        await self._work.call(
            self._catalogue.work_list.begin_run,
            int(time.time()),
            images=options.wants_images,
            info_level=options.wanted_level,
        )
        to_ask, asked = create_memory_object_stream[StoredPhoto](2 * limits.size_workers)
        to_download, settled = create_memory_object_stream[ImageJob](BATCH)
        to_describe, described = create_memory_object_stream[InfoJob](BATCH)
        async with create_task_group() as tasks:
            tasks.start_soon(self._list_photos)
            if options.wants_images:
                tasks.start_soon(self._feed_images, to_download.clone())
                tasks.start_soon(self._feed_questions, to_ask.clone())
            if options.wants_info:
                tasks.start_soon(self._feed_infos, to_describe.clone())
            for _ in range(limits.size_workers):
                tasks.start_soon(self._resolve_sizes, asked.clone(), to_download.clone())
            for _ in range(limits.image_workers + KEEPING):
                tasks.start_soon(self._work_off, "image", settled.clone(), jobs.cache_image)
            for _ in range(limits.info_workers):
                tasks.start_soon(self._describe, described.clone())
            for stream in (to_ask, asked, to_download, settled, to_describe, described):
                stream.close()

    async def _list_photos(self) -> None:
        with self._listing, suppress(StoppedError):
            await self._lister.run()
            to_ask = await self._work.call(self._catalogue.work_list.recheck_sizes)
            self._listed = True
            if not self._lister.is_cut:
                self._emit(ListingEnded(self._report.known + self._report.new, to_ask))
                await self._lister.tell_plan()
            self._work.wake()
            if self._options.window is None and not self._lister.is_cut:
                self.confirmed_gone = await ask_for_absent(
                    self._jobs, pruning=self._options.prune, is_stopping=lambda: self._stopping
                )

    # The feeders

    async def _feed_images(self, to_download: MemoryObjectSendStream[ImageJob]) -> None:
        async def send(batch: list[StoredPhoto]) -> None:
            for stored in batch:
                if stored.size is not None:
                    await to_download.send(ImageJob(stored, stored.size))

        with to_download:
            await self._feed("image", self._catalogue.work_list.images_to_fetch, send)

    async def _feed_questions(self, to_ask: MemoryObjectSendStream[StoredPhoto]) -> None:
        # A film's files are never in a listing. Photos wait until the listing has shown what it can prove.
        def query(**page: object) -> list[StoredPhoto]:
            return self._catalogue.work_list.sizes_to_resolve(videos_only=not self._listed, **page)

        async def send(batch: list[StoredPhoto]) -> None:
            for stored in batch:
                await to_ask.send(stored)

        with to_ask:
            # few at once, because an answer can settle the rest
            await self._feed("image", query, send, limit=self._limits.size_workers)

    async def _feed_infos(self, to_describe: MemoryObjectSendStream[InfoJob]) -> None:
        async def send(batch: list[StoredPhoto]) -> None:
            for job in await self._jobs.tell_languages(batch):
                await to_describe.send(job)

        with to_describe:
            await self._feed("info", self._catalogue.work_list.infos_to_write, send)

    async def _feed(
        self,
        job: str,
        query: Callable[..., list[StoredPhoto]],
        send: Callable[[list[StoredPhoto]], Awaitable[None]],
        limit: int = BATCH,
    ) -> None:
        """Give out what `query` finds until there is nothing left for this job."""
        with self._intake():
            while True:
                changed, listed = self._work.changed, self._listed
                batch = await self._work.take(
                    job, query, newest_first=self._newest_first, frontier=self._lister.frontier, limit=limit
                )
                await send(batch)
                if not batch:
                    if listed and not await self._is_more_to_come(job):
                        return
                    await changed.wait()

    async def _is_more_to_come(self, job: str) -> bool:
        """Return whether there will be work for this job, after putting back what failed if there was none."""
        async with self._deciding:
            # a best size that turns out otherwise than listed lets information be written again
            for other in {job, "image"} if self._options.wants_images else {job}:
                if self._work.is_busy(other) or await self._work.call(
                    self._catalogue.work_list.has_work, other
                ):
                    return True
            if self._passes_left[job] and await self._work.call(self._catalogue.work_list.requeue, job):
                self._passes_left[job] -= 1
                self._jobs.copies.adopting = True  # a poster may be there already
                self._work.wake()
                return True
        self._work.wake()  # the job's other feeder is at its end too
        return False

    # The workers

    async def _resolve_sizes(
        self, photos: MemoryObjectReceiveStream[StoredPhoto], to_download: MemoryObjectSendStream[ImageJob]
    ) -> None:
        with photos, to_download, self._calling():
            async for stored in photos:
                if self._stopping:
                    continue
                job = await self._attempt("image", stored, partial(self._jobs.resolve_size, stored))
                if job is not None:
                    await to_download.send(job)

    async def _describe(self, photos: MemoryObjectReceiveStream[InfoJob]) -> None:
        with self._calling():
            await self._work_off("info", photos, self._jobs.cache_info)

    async def _work_off(
        self, job: str, photos: MemoryObjectReceiveStream[Any], action: Callable[[Any], Awaitable[None]]
    ) -> None:
        with photos:
            async for photo in photos:
                if not self._stopping:
                    await self._attempt(job, photo.stored, partial(action, photo))

    async def _attempt(self, job: str, stored: StoredPhoto, action: Callable[[], Awaitable[T]]) -> T | None:
        """Return what `action` returns; where the photo fails, note that and return `None`.

        It stays on the work list where there is no space to begin it.
        """
        if (space := self._jobs.space) and not await space.is_left():
            return None
        try:
            result = await action()
        except ENDING:
            raise
        except StoppedError:  # it stays on the work list
            return None
        except (FlickrApiError, PhotoError, TransportError) as error:
            self._count_miss(job, error)
            lasts = isinstance(error, LASTING) and not _is_refusal(error)
            again = self._passes_left[job] > 0 and not lasts
            change = (
                self._catalogue.outcomes.mark_unavailable if lasts else self._catalogue.outcomes.mark_failed
            )
            if _is_refusal(error) and not again:
                change = self._catalogue.outcomes.mark_refused
            self._note_failure(job, stored, _reason(error), change, again=again)
        else:
            if job == "image" or (self._options.wants_comments and stored.photo.facts.comment_count != 0):
                self._misses[job] = 0  # a server has answered
            return result
        return None

    def _note_failure(
        self,
        job: str,
        stored: StoredPhoto,
        reason: str,
        change: Callable[[StoredPhoto, str, str], None],
        *,
        again: bool,
    ) -> None:
        self._work.finish(job, stored.photo.id, partial(change, stored, job, reason))
        self._emit(PhotoFailed(stored.photo.id, job, reason, again))

    def _count_miss(self, job: str, error: Exception) -> None:
        # only photos that were not tried before tell of the line: those that failed can fail by themselves
        is_line = isinstance(error, BadImageError | TransportError) or _is_refusal(error)
        if not is_line or self._passes_left[job] < self._limits.passes - 1:
            return
        self._misses[job] += 1
        if self._misses[job] >= self._most_misses[job] and not self._stopping:
            raise TransportError(
                f"{self._misses[job]} photos in a row got no usable answer (the last: {error}). Check the line, and "
                "run the same command again: it goes on where it stopped."
            ) from error


def _end_within(seconds: float, scopes: Iterable[anyio.CancelScope]) -> None:
    for scope in scopes:
        scope.deadline = min(scope.deadline, anyio.current_time() + seconds)


def _is_refusal(error: Exception) -> bool:
    # seen for single files for a while, and for all of them where a whole network is shut out
    return isinstance(error, ImageGoneError) and error.status in (401, 403)


def _reason(error: Exception) -> str:
    if isinstance(error, FlickrApiError) and not isinstance(error, LASTING):
        return f"{error} (Flickr's code {error.code})"
    return str(error)
