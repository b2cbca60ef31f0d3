"""One round of a run: the page producer, and the feeders and worker pools of each job type, in one task group.

    page producer -> catalogue -> feeder of each stage -> workers -> next stage of the job type, or the disk

A stage ends when its stream is closed: by its feeder and by all workers of the stage before it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

import anyio
from anyio import create_memory_object_stream, create_task_group

from flickr_mirror.engine.absent_photos import ask_for_absent
from flickr_mirror.engine.account_lists import mirror_lists
from flickr_mirror.engine.album_producer import AlbumProducer
from flickr_mirror.engine.failure_policy import ENDING, FailurePolicy
from flickr_mirror.engine.feeders import Feeders
from flickr_mirror.engine.workers.jobs import Job
from flickr_mirror.engine.workers.list_producer import ListProducer
from flickr_mirror.engine.workers.logins import report_login_only
from flickr_mirror.engine.workers.page_producer import PageProducer
from flickr_mirror.errors import FlickrApiError, PhotoError, TransportError
from flickr_mirror.flickr.interruption import StoppedError
from flickr_mirror.models.events import ListingEnded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from flickr_mirror.engine.job_types import JobType, Stage
    from flickr_mirror.engine.workers.jobs import JobContext

TIME_LIMITS = ("max_duration", "until_time")
"""The limits that also cut downloads short."""


class Pipeline:
    """One round over a mirror. `stop` may be called at any time, from the same event loop.

    `published` is the number of public photos that the owner's profile states, if it was requested. A round that runs
    `again`, a moment after another one, makes no full scan that is not due, and reports no page without news.
    """

    def __init__(
        self,
        context: JobContext,
        stages: Mapping[JobType, tuple[Stage, ...]],
        published: int | None = None,
        *,
        again: bool = False,
    ) -> None:
        self._context = context
        self._stages = stages
        self._producer = _producer(context, published, again=again)
        self._is_again = again
        self._has_lists = False
        self._policy = FailurePolicy(context, stages)
        self._feeders = Feeders(
            context.dispatcher,
            self._policy,
            {job_type.kind for job_type in stages},
            context.options.strategy,
            lambda: self._producer.frontier,
        )
        self._is_stopping = False
        self.confirmed_gone: set[str] = set()
        """The photos that Flickr does not have any more, as it confirmed in this round."""
        self._scope = anyio.CancelScope()
        self._listing_scope = anyio.CancelScope()
        self._api_scopes = [self._listing_scope]
        context.copies.on_received = self._check_max_bytes
        if context.space:
            context.space.on_full = self._stop_at_min_free

    def stop(self, grace: float) -> None:
        """Take no more work, and no page. Work in flight has `grace` seconds to finish."""
        self._take_no_more(retries=True)
        self._listing_scope.cancel()
        _end_within(grace, [self._scope])

    def stop_at_limit(self, limit: str, figures: str = "") -> None:
        """Take no more work, because a limit is reached. API calls in flight have `Timing.stop_grace` to finish.

        Downloads have as long as they need, unless the limit is one of time: their bytes would have to be received
        again.
        """
        self._context.emit(self._context.report.come_to(limit, figures))
        self._take_no_more(retries=limit in TIME_LIMITS)
        self._producer.stop()
        scopes = [self._scope] if limit in TIME_LIMITS else self._api_scopes
        _end_within(self._context.limits.timing.stop_grace, scopes)

    def _take_no_more(self, *, retries: bool) -> None:
        self._is_stopping = True
        self._policy.stop()
        self._context.api.http_client.stop(retries=retries)
        self._context.copies.stop()
        self._feeders.stop()

    def _check_max_bytes(self) -> None:
        most, report = self._context.limits.max_bytes, self._context.report
        if most is not None and report.bytes >= most and not report.stopped_by:
            self.stop_at_limit("max_bytes")

    def _stop_at_min_free(self, figures: str) -> None:
        if not self._is_stopping:
            self.stop_at_limit("min_free", figures)

    def others_have_work(self) -> bool:
        """Return whether API calls that are more urgent than those for comments can be expected."""
        dispatcher = self._context.dispatcher
        return not self._feeders.is_listed or any(
            job_type.has_priority and dispatcher.is_busy(job_type.kind) for job_type in self._stages
        )

    async def run(self) -> None:
        """Do the requested work. Failures of photos go to the catalogue; an error that ends the run is raised."""
        context, report = self._context, self._context.report
        report.complete = False
        try:
            with self._scope:
                async with create_task_group() as background:
                    background.start_soon(context.dispatcher.keep_flushing)
                    await self._list_and_work()
                    background.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await context.dispatcher.flush()
            report.begun = context.catalogue.scope.begun
        if not self._is_stopping:
            await context.dispatcher.call(context.catalogue.work_list.end_run, int(time.time()))
            if context.catalogue.scope.is_full:
                context.emit(report.come_to("max_photos"))
        report.complete = not await self._is_more_left() if report.stopped_by else not self._is_stopping

    async def _is_more_left(self) -> bool:
        if self._producer.is_cut or not self._feeders.is_listed or not self._has_lists:
            return True
        context = self._context
        return await context.dispatcher.call(
            context.catalogue.work_list.is_unfinished,
            images=context.options.wants_images,
            info=context.options.wants_info,
            details=context.options.wanted_details,
        )

    async def _list_and_work(self) -> None:
        context = self._context
        await context.dispatcher.call(
            context.catalogue.work_list.begin_run,
            int(time.time()),
            images=context.options.wants_images,
            info_level=context.options.wanted_level,
        )
        async with create_task_group() as tasks:
            tasks.start_soon(self._list_photos)
            for job_type, stages in self._stages.items():
                self._start(tasks, job_type, stages)

    def _start(self, tasks: TaskGroup, job_type: JobType, stages: tuple[Stage, ...]) -> None:
        """Start the feeder and the workers of each stage, the last stage first, because the others send to it."""
        following: MemoryObjectSendStream[Job] | None = None
        for stage in reversed(stages):
            send, receive = create_memory_object_stream[Job](stage.buffer)
            tasks.start_soon(self._feeders.feed, job_type, stage, send.clone())
            with receive, following or nullcontext():
                for _ in range(stage.workers):
                    onward = following.clone() if following else None
                    tasks.start_soon(self._work, job_type, stage, receive.clone(), onward)
            following = send
        if following:
            following.close()

    async def _list_photos(self) -> None:
        context = self._context
        with self._listing_scope, suppress(StoppedError):
            await self._producer.run()
            to_ask = await context.dispatcher.call(context.catalogue.work_list.recheck_sizes)
            self._feeders.is_listed = True
            if not self._producer.is_cut:
                # the first run of a caller can list photos that others have listed before
                known = await context.dispatcher.call(context.catalogue.totals.known)
                context.emit(ListingEnded(max(context.report.known + context.report.new, known), to_ask))
                await self._producer.emit_plan()
            context.dispatcher.wake()
            await mirror_lists(context, again=self._is_again, full=self._producer.is_full_scan)
            self._has_lists = True
            if isinstance(self._producer, ListProducer):
                self.confirmed_gone = self._producer.gone  # the list itself is the proof
            elif context.options.is_whole and not self._producer.is_cut:
                self.confirmed_gone = await ask_for_absent(
                    context, pruning=context.options.prune, is_stopping=lambda: self._is_stopping
                )
                await report_login_only(context, again=self._is_again)

    async def _work(
        self,
        job_type: JobType,
        stage: Stage,
        jobs: MemoryObjectReceiveStream[Job],
        following: MemoryObjectSendStream[Job] | None,
    ) -> None:
        """Do jobs of a stage as they come, and send the results to the `following` stage."""
        with jobs, following or nullcontext(), self._until_limit(stage):
            async for job in jobs:
                if self._is_stopping:
                    continue
                result = await self._attempt(job_type, stage, job)
                if result is not None and following is not None:
                    await following.send(result)

    @contextmanager
    def _until_limit(self, stage: Stage) -> Iterator[None]:
        """End the block soon after a limit is reached, if the stage calls the API."""
        with anyio.CancelScope() as scope:
            if stage.calls_api:
                self._api_scopes.append(scope)
            yield

    async def _attempt(self, job_type: JobType, stage: Stage, job: Job) -> Job | None:
        """Return the result of a job, `None` if it failed; it stays on the work list if there is no space for it."""
        if (space := self._context.space) and not await space.is_left():
            return None
        try:
            result = await stage.work(job)
        except ENDING:
            raise
        except StoppedError:  # the photo stays on the work list
            return None
        except (FlickrApiError, PhotoError, TransportError) as error:
            self._policy.record_failure(job_type.kind, job.stored, error)
            return None
        self._policy.record_success(job_type, job.stored)
        return result


def _producer(
    context: JobContext, published: int | None, *, again: bool
) -> PageProducer | AlbumProducer | ListProducer:
    """Return the producer that lists the photos of the run: a photostream, one album, or another list."""
    if context.source:
        return ListProducer(context, context.source, again=again)
    if album_id := context.options.album_id:
        return AlbumProducer(context, album_id, again=again)
    return PageProducer(context, published, again=again)


def _end_within(seconds: float, scopes: Iterable[anyio.CancelScope]) -> None:
    for scope in scopes:
        scope.deadline = min(scope.deadline, anyio.current_time() + seconds)
