"""The coordinator's queue: collects files into errands, sends them to the workers, and reads the answers."""

from __future__ import annotations

from collections import deque
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.engine.cluster.limit_shares import LimitShares
from flickr_mirror.engine.cluster.workers_of_run import WorkersLostError, WorkersOfRun
from flickr_mirror.errors import ClusterError, FlickrMirrorError, ThrottledError
from flickr_mirror.flickr.interruption import InterruptibleWaits, StoppedError
from flickr_mirror.models.errands import Errand, FileFailed, FileStored, FileUnchanged, NotTried

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from flickr_mirror.engine.cluster.workers_of_run import Cluster
    from flickr_mirror.models.errands import ErrandResult, FileErrand, TriedOutcome, WorkerSettings
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.options import Limits
    from flickr_mirror.models.reports import ClusterFigures

FILES_IN_FLIGHT = 4096
"""The number of files that are in errands, or wait for one."""
SMALLEST, LARGEST = 10, 100
"""The number of files in an errand. Errands shrink when few files are left, so that all workers end together."""
TASKS = 2
"""The number of errands that a worker does at once."""
SPARE = 2
"""The number of errands in flight beyond those that the workers do, so that none of them waits for the next one."""
LINGER = 0.05
"""For how many seconds the first files wait for others."""
LOSSES = 10
"""How many times a file may be lost with its workers before the run ends, because the file may be the cause."""
KILLED = 3
"""How many workers Dask loses with an errand before it gives the errand up (`allowed-failures`)."""
RETURNS = 3
"""How often a file may come back from workers that gave up before the run ends."""


class _QueuedFile:
    """A file that waits for its outcome.

    `losses` counts the workers that were lost with it, `returns` those that gave it back.
    """

    def __init__(self, file: FileErrand) -> None:
        self.file = file
        self.losses = self.returns = 0
        self.outcome: TriedOutcome | None = None
        self.worker = ""
        self.error: Exception | None = None
        self.done = anyio.Event()

    def succeed(self, outcome: TriedOutcome, worker: str) -> None:
        self.outcome, self.worker = outcome, worker
        self.done.set()

    def fail(self, error: Exception) -> None:
        self.error = error
        self.done.set()


class _SentErrand:
    """An errand that was sent, its files, and those of the workers that may do it that are still there."""

    def __init__(self, errand: Errand, files: list[_QueuedFile], workers: list[str]) -> None:
        self.errand = errand
        self.files = files
        self.workers = {*workers}
        self.scope = anyio.CancelScope()
        self.has_begun = False


class ErrandQueue:
    """Sends files to the workers of a cluster, in errands; use `open_queue`.

    It is used for all rounds of a watch: after the scheduler was lost, the next `fetch` connects again.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: WorkerSettings,
        limits: Limits,
        emit: Observer,
        figures: ClusterFigures,
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._limits = limits
        self._figures = figures
        self._workers = WorkersOfRun(cluster, limits.timing, emit, figures)
        self.shares = LimitShares(limits, lambda: len(self._workers.health.usable))
        self._queue: deque[_QueuedFile] = deque()
        self._sent: dict[int, _SentErrand] = {}
        self._numbers = count(1)
        self._stops = InterruptibleWaits()
        self._changed = anyio.Event()
        self._refused_since: float | None = None
        self._workers.on_count = self._on_count
        self._workers.on_lost = self._end
        cluster.on_start = self._on_start

    @property
    def in_flight(self) -> int:
        """How many files are in errands now."""
        return sum(len(one.files) for one in self._sent.values())

    def stop(self) -> None:
        """Send no more errands; raise `StoppedError` in `fetch` for files that are in none."""
        self._stops.stop()
        while self._queue:
            self._queue.popleft().fail(StoppedError("The run was asked to stop."))

    def check_open(self) -> None:
        """Raise `StoppedError` after `stop`."""
        if self._stops.is_stopped:
            raise StoppedError("The run was asked to stop.")

    async def fetch(self, file: FileErrand) -> tuple[TriedOutcome, str]:
        """Let a worker download and store a file; return the outcome and the worker's address.

        Raises `ClusterError` if the scheduler or all workers are lost, `SettingsError` if they cannot be used,
        `ThrottledError` if all workers were refused for too long, `StoppedError` after `stop`.
        """
        if not self._workers.is_connected:
            with self._stops.waiting():
                await self._workers.connect()
        self.check_open()
        queued = _QueuedFile(file)
        self._queue.append(queued)
        self._changed.set()
        try:
            await queued.done.wait()
        except BaseException:
            if queued in self._queue:
                self._queue.remove(queued)
            raise
        if queued.error:
            raise queued.error.with_traceback(
                None
            )  # many files get the same error: their stacks would add up
        assert queued.outcome is not None  # noqa: S101 - `done` is set with one of the two
        return queued.outcome, queued.worker

    async def run(self) -> None:
        """Send errands until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._workers.watch)
            while True:
                await self._changed.wait()
                self._changed = anyio.Event()
                if len(self._queue) < SMALLEST:
                    await anyio.sleep(LINGER)
                while sent := self._next_errand():
                    self._sent[sent.errand.number] = sent
                    self._figures.errands += 1
                    tasks.start_soon(self._send, sent)

    def _next_errand(self) -> _SentErrand | None:
        """Take the files of the next errand from the queue; return `None` if no errand can be sent now."""
        workers = self._workers.health.usable
        can_send = self._queue and workers and self._workers.is_connected and not self._workers.are_paused
        if not can_send or len(self._sent) >= TASKS * len(workers) + SPARE:
            return None
        size = min(max(len(self._queue) // (4 * len(workers)), SMALLEST), LARGEST)
        files = [self._queue.popleft()]
        # a film is long: it is an errand of its own
        while files[0].file.kind != "video" and self._queue and len(files) < size:
            if self._queue[0].file.kind == "video":
                break
            files.append(self._queue.popleft())
        number = next(self._numbers)
        share = self.shares.of_errand(number)
        errand = Errand(number, self._settings, tuple(one.file for one in files), *share)
        return _SentErrand(errand, files, workers)

    async def _send(self, sent: _SentErrand) -> None:
        """Let a worker do an errand, and pass its outcomes to the waiting tasks."""
        try:
            with sent.scope:
                self._distribute(sent, await self._cluster.fetch(sent.errand, sent.workers))
            if sent.scope.cancelled_caught:
                self._put_back(sent, 1)
        except WorkersLostError:
            self._put_back(sent, KILLED)
        except FlickrMirrorError as error:
            self._workers.is_connected = False
            for queued in sent.files:
                queued.fail(error)
        finally:
            del self._sent[sent.errand.number]
            self.shares.end(sent.errand.number)
            self._changed.set()

    def _put_back(self, sent: _SentErrand, losses: int) -> None:
        """Let the files of an errand whose workers were lost wait for another one."""
        left = [queued for queued in sent.files if not queued.done.is_set()]
        self._figures.repeated += bool(left)
        for queued in reversed(left):
            queued.losses += losses
            if queued.losses >= LOSSES:
                queued.fail(
                    ClusterError(
                        f"The workers that got photo {queued.file.photo_id} were lost again and again. Look at the "
                        "output of the workers, and run the same command again: it continues where it stopped."
                    )
                )
            else:
                self._requeue(queued)

    def _requeue(self, queued: _QueuedFile) -> None:
        if self._stops.is_stopped:
            queued.fail(StoppedError("The run was asked to stop."))
        else:
            self._queue.appendleft(queued)

    def _distribute(self, sent: _SentErrand, result: ErrandResult) -> None:
        """Pass the outcomes of an errand to the waiting tasks. Files that a bad worker did not fetch go to another."""
        health = self._workers.health
        has_others = bool({*health.usable} - {result.worker})
        if result.gave_up:
            self._workers.record_failure(result)
        else:
            images = sum(isinstance(one, FileStored | FileUnchanged) for one in result.outcomes)
            health.record_images(result.worker, images)
            self._refused_since = None
        if result.is_throttled and not has_others and self._is_refused_for_too_long():
            for queued in sent.files:
                queued.fail(ThrottledError(result.gave_up))
            return
        for queued, outcome in zip(reversed(sent.files), reversed(result.outcomes), strict=True):
            if isinstance(outcome, NotTried):
                self._give_back(queued, result)
            elif result.gave_up and isinstance(outcome, FileFailed) and has_others and not queued.returns:
                queued.returns += 1
                self._requeue(queued)
            else:
                queued.succeed(outcome, result.worker)
                self._figures.already_stored += isinstance(outcome, FileStored) and outcome.was_there

    def _give_back(self, queued: _QueuedFile, result: ErrandResult) -> None:
        """Let a file that a worker did not try wait for another errand, unless that has happened often."""
        queued.returns += not result.is_throttled
        if queued.returns > RETURNS:
            queued.fail(ClusterError(f"The worker at {result.worker} gave up: {result.gave_up}"))
        else:
            self._requeue(queued)

    def _is_refused_for_too_long(self) -> bool:
        """Return whether the only worker has been refused for longer than the run waits."""
        now = anyio.current_time()
        if self._refused_since is None:
            self._refused_since = now - self._limits.timing.worker_patience
        return now - self._refused_since >= self._limits.max_wait

    def _on_start(self, number: int) -> None:
        if sent := self._sent.get(number):
            self._figures.repeated += sent.has_begun
            sent.has_begun = True

    def _on_count(self, workers: set[str]) -> None:
        """Send errands again whose workers have all left: Dask would let them wait, also if there are others."""
        for sent in self._sent.values():
            sent.workers &= workers
            if not sent.workers:
                sent.scope.cancel()
        self._changed.set()

    def _end(self, error: ClusterError) -> None:
        """Let all files fail, whether they wait for an errand or are in one."""
        while self._queue:
            self._queue.popleft().fail(error)
        for sent in self._sent.values():
            for queued in sent.files:
                queued.fail(error)
            sent.scope.cancel()


@asynccontextmanager
async def open_queue(queue: ErrandQueue, close: Callable[[], Awaitable[None]]) -> AsyncIterator[ErrandQueue]:
    """Run a queue until the end of the context, and then `close` the cluster."""
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(queue.run)
            try:
                yield queue
            finally:
                tasks.cancel_scope.cancel()
    finally:
        await close()
