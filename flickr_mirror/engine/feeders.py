"""Feeds the stages of a run with photos from the work list, until nothing is left for them."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.models.options import CachingStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from anyio.streams.memory import MemoryObjectSendStream

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.engine.dispatcher import Dispatcher
    from flickr_mirror.engine.failure_policy import FailurePolicy
    from flickr_mirror.engine.job_types import JobType, Stage
    from flickr_mirror.engine.workers.jobs import Job
    from flickr_mirror.models.job_kinds import JobKind


class Feeders:
    """The feeders of one run: one task for each stage.

    `frontier` returns that of the page producer. Set `is_listed` when the listing is complete, and wake the
    dispatcher after that.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        policy: FailurePolicy,
        wanted: Collection[JobKind],
        strategy: CachingStrategy,
        frontier: Callable[[], int | None],
    ) -> None:
        self.is_listed = False
        self._dispatcher = dispatcher
        self._policy = policy
        self._wanted = wanted
        self._newest_first = strategy is CachingStrategy.LIFO
        self._frontier = frontier
        self._deciding = anyio.Lock()
        self._is_stopped = False
        self._scopes: list[anyio.CancelScope] = []

    @property
    def _catalogue(self) -> Catalogue:
        return self._dispatcher.catalogue

    def stop(self) -> None:
        """Feed no more photos."""
        self._is_stopped = True
        for scope in self._scopes:
            scope.cancel()

    async def feed(self, job_type: JobType, stage: Stage, jobs: MemoryObjectSendStream[Job]) -> None:
        """Send the jobs of a stage until its work list is empty for good, and then close the stream."""
        with jobs, self._until_stopped():
            while True:
                # read first: what is listed or changed while the query runs must wake the wait below
                changed, listed = self._dispatcher.changed, self.is_listed
                batch = await self._dispatcher.take(
                    job_type.kind,
                    partial(stage.query, listed=listed),
                    newest_first=self._newest_first,
                    frontier=self._frontier(),
                    limit=stage.batch,
                )
                for job in await stage.prepare(batch):
                    await jobs.send(job)
                if not batch:
                    if listed and not await self._may_get_more(job_type, changed):
                        return
                    await changed.wait()

    @contextmanager
    def _until_stopped(self) -> Iterator[None]:
        with anyio.CancelScope() as scope:
            self._scopes.append(scope)
            if self._is_stopped:
                scope.cancel()
            yield

    async def _may_get_more(self, job_type: JobType, changed: anyio.Event) -> bool:
        """Return whether more jobs of this type can come. If not, put failed ones back on the work list first.

        `changed` is the event of the dispatcher from before the last query.
        """
        kind = job_type.kind
        async with self._deciding:
            for other in {kind, *job_type.waits_for} & {*self._wanted}:
                is_busy = self._dispatcher.is_busy(other)
                if is_busy or await self._dispatcher.call(self._catalogue.work_list.has_work, other):
                    return True
            if changed.is_set():  # the query ran before the last jobs of another kind were finished
                return True
            is_requeued = await self._policy.requeue(kind)
        self._dispatcher.wake()  # there is new work, or the type's other feeders can end too
        return is_requeued
