"""The rounds of a mirror: one for a run, one after the other for a watch; after a full scan, what is gone goes."""

from __future__ import annotations

from random import uniform
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.engine.download_volume import IMAGE_RATE
from flickr_mirror.engine.pipeline import Pipeline
from flickr_mirror.engine.prune import prune
from flickr_mirror.errors import TransportError, one_error
from flickr_mirror.models.events import Notice, Watching

if TYPE_CHECKING:
    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.engine.workers.jobs import PhotoJobs
    from flickr_mirror.models.options import Limits, MirrorOptions
    from flickr_mirror.models.reports import MirrorReport

MEASURED = 10.0
"""Seconds of downloads that tell how fast the line is."""


class WatchLoop:
    """Rounds over one open mirror, until `stopping` is set.

    `published` is as in `Pipeline`. The methods raise what ends the run.
    """

    def __init__(
        self,
        jobs: PhotoJobs,
        options: MirrorOptions,
        limits: Limits,
        published: int | None,
        stopping: anyio.Event,
    ) -> None:
        self._jobs = jobs
        self._options = options
        self._limits = limits
        self._published = published
        self._stopping = stopping
        self.pipeline: Pipeline | None = None
        """That of the round that is going on."""

    async def once(self, *, again: bool = False) -> None:
        """Mirror what there is to mirror now; `again` where this was done a moment ago."""
        jobs, budget = self._jobs, self._jobs.api.transport.budget
        published = None if again else self._published
        pipeline = self.pipeline = Pipeline(jobs, self._options, self._limits, published, again=again)
        budget.others_have_work = self.pipeline.others_have_work
        try:
            if not self._stopping.is_set():
                await self.pipeline.run()
                await self._note_rate()
        finally:
            self.pipeline = None
            budget.others_have_work = lambda: False
        if self._options.prune and jobs.report.scanned and jobs.report.complete:
            await self._prune(pipeline.confirmed_gone)

    async def _note_rate(self) -> None:
        """Keep how fast images came, from which the next run's time is estimated."""
        jobs, seconds = self._jobs, self._jobs.copies.fetcher.seconds
        if seconds >= MEASURED and self._limits.bwlimit is None and jobs.report.bytes:
            await jobs.work.call(jobs.catalogue.set_note, IMAGE_RATE, round(jobs.report.bytes / seconds))

    async def _prune(self, photo_ids: set[str]) -> None:
        jobs = self._jobs
        if any(not failure.known for failure in jobs.catalogue.statistics.failures()):
            jobs.emit(Notice("Nothing was moved to the trash, because some photos failed."))
            return
        jobs.report.complete = False
        jobs.report.pruned += await prune(jobs.cache, jobs.catalogue, photo_ids)
        jobs.report.complete = True

    async def watch(self, interval: float) -> None:
        """Do a round about every `interval` seconds; one that finds the line down is done again when it is due."""
        jobs = self._jobs
        is_down = is_reported = again = False
        while not self._stopping.is_set():
            due = anyio.current_time() + interval * uniform(0.9, 1.1)  # noqa: S311 - so watchers do not call at once
            try:
                with one_error():
                    await self.once(again=again)
            except TransportError as error:
                if not is_down:
                    jobs.emit(Notice(f"{error} It is tried again until it works."))
                is_down = True
                is_reported |= jobs.api.transport.api_silence.is_reported
            else:
                if is_down and not is_reported:  # else the end of the outage was reported
                    jobs.emit(Notice("Flickr answers again."))
                is_down, is_reported, again = False, False, True
            sum_up(jobs.report, jobs.catalogue, self._options)
            if jobs.report.stopped_by:
                return
            if not self._stopping.is_set():
                jobs.emit(Watching(max(due - anyio.current_time(), 0), not is_down))
            with anyio.move_on_after(max(due - anyio.current_time(), 0.1)):
                await self._stopping.wait()


def sum_up(report: MirrorReport, catalogue: Catalogue, options: MirrorOptions) -> None:
    """Count what is known, what is left to do, and what failed, into the report."""
    counts = catalogue.statistics.counts()
    report.known, report.reduced, report.damaged = counts.known, counts.reduced, counts.damaged
    report.not_ready = counts.not_ready
    work = catalogue.statistics.work_left(images=options.wants_images, info_level=options.wanted_level)
    report.mirrored, report.left = work.mirrored, work.photos - work.mirrored
    failures = catalogue.statistics.failures()
    report.unavailable = sum(failure.known for failure in failures)
    report.failures = [failure for failure in failures if not failure.known]
