"""The rounds of a mirror: one for a run, one after the other for a watch. Each may prune after a full scan."""

from __future__ import annotations

from random import uniform
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.engine.download_volume import IMAGE_RATE
from flickr_mirror.engine.job_types import open_stages
from flickr_mirror.engine.pipeline import Pipeline
from flickr_mirror.engine.prune import prune
from flickr_mirror.engine.workers.run_plan import work_left
from flickr_mirror.errors import TransportError, one_error
from flickr_mirror.models.events import Notice, Watching

if TYPE_CHECKING:
    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.options import MirrorOptions
    from flickr_mirror.models.reports import MirrorReport


class WatchLoop:
    """Does rounds over one open mirror until `stopping` is set. Its methods raise what ends the run.

    `published` is as in `Pipeline`.
    """

    def __init__(self, context: JobContext, published: int | None, stopping: anyio.Event) -> None:
        self._context = context
        self._stages = open_stages(context)  # for all rounds, because workers learn which sizes are served
        self._published = published
        self._stopping = stopping
        self.pipeline: Pipeline | None = None
        """The pipeline of the current round."""

    async def run_once(self, *, again: bool = False) -> None:
        """Do one round; `again` is whether another one ended a moment ago."""
        context, budget = self._context, self._context.api.http_client.budget
        published = None if again else self._published
        pipeline = self.pipeline = Pipeline(context, self._stages, published, again=again)
        budget.others_have_work = pipeline.others_have_work
        try:
            if not self._stopping.is_set():
                await pipeline.run()
                await self._note_rate()
        finally:
            self.pipeline = None
            budget.others_have_work = lambda: False
        if context.options.prune and context.report.scanned and context.report.complete:
            await self._prune(pipeline.confirmed_gone)

    async def _note_rate(self) -> None:
        """Record the rate of the downloads in the catalogue, for estimates."""
        context, seconds = self._context, self._context.copies.fetcher.seconds
        limits = context.limits
        if seconds >= limits.timing.rate_sample and limits.bwlimit is None and context.report.bytes:
            rate = round(context.report.bytes / seconds)
            await context.dispatcher.call(context.catalogue.set_note, IMAGE_RATE, rate)

    async def _prune(self, photo_ids: set[str]) -> None:
        context = self._context
        if any(not failure.known for failure in context.catalogue.statistics.failures()):
            context.emit(Notice("Nothing was moved to the trash, because some photos failed."))
            return
        context.report.complete = False
        context.report.pruned += await prune(context.store, context.catalogue, photo_ids)
        context.report.complete = True

    async def watch(self, interval: float) -> None:
        """Do a round about every `interval` seconds. If one finds no connection, the next one repeats it."""
        context = self._context
        is_down = is_reported = again = False
        while not self._stopping.is_set():
            due = anyio.current_time() + interval * uniform(0.9, 1.1)  # noqa: S311 - so watchers do not call at once
            try:
                with one_error():
                    await self.run_once(again=again)
            except TransportError as error:
                if not is_down:
                    context.emit(Notice(f"{error} Trying again until it works."))
                is_down = True
                is_reported |= context.api.http_client.api_silence.is_reported
            else:
                if is_down and not is_reported:  # otherwise, the end of the outage was reported
                    context.emit(Notice("Flickr answers again."))
                is_down, is_reported, again = False, False, True
            summarize(context.report, context.catalogue, context.options)
            if context.report.stopped_by:
                return
            if not self._stopping.is_set():
                context.emit(Watching(max(due - anyio.current_time(), 0), not is_down))
            with anyio.move_on_after(max(due - anyio.current_time(), 0.1)):
                await self._stopping.wait()


def summarize(report: MirrorReport, catalogue: Catalogue, options: MirrorOptions) -> None:
    """Fill in the report: what is known, what is left to do, and what failed."""
    counts = catalogue.statistics.counts()
    report.known, report.reduced, report.damaged = counts.known, counts.reduced, counts.damaged
    report.not_ready = counts.not_ready
    work = work_left(catalogue, options)
    report.mirrored, report.left = work.mirrored, work.photos - work.mirrored
    failures = catalogue.statistics.failures()
    report.unavailable = sum(failure.known for failure in failures)
    report.failures = [failure for failure in failures if not failure.known]
