"""The coordinator's queue: collects files into errands, hands them to the workers, and judges the answers."""

from __future__ import annotations

from collections import deque
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Protocol

import anyio

from flickr_mirror.engine.cluster.worker_health import WorkerHealth
from flickr_mirror.errors import ClusterError, ThrottledError
from flickr_mirror.flickr.bandwidth import Pacer
from flickr_mirror.flickr.interruption import InterruptibleWaits, StoppedError
from flickr_mirror.models.errands import Errand, FileFailed, FileStored, FileUnchanged, NotTried
from flickr_mirror.models.events import ClusterStatus, Notice, Waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

    from flickr_mirror.models.errands import ErrandResult, FileErrand, FileOutcome, WorkerSettings
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
"""How many times a file may be lost with its workers before the run ends, because it may be what ends them."""
KILLED = 3
"""How many workers Dask loses with an errand before it gives the errand up (`allowed-failures`)."""
STATUS_INTERVAL = 10.0
"""Seconds between two events about a cluster in which nothing changed."""


class WorkersLostError(Exception):
    """Several workers that began an errand were lost, one after the other."""


class Cluster(Protocol):
    """The workers that a queue hands errands to. `on_pause` is called with a worker and the seconds of its pause.

    `on_start` is called with the number of an errand whenever a worker begins it.
    """

    on_pause: Callable[[str, float], None]
    on_start: Callable[[int], None]

    async def connect(self) -> None:
        """Connect to the scheduler, unless that is done. Raises `ClusterError` and `SettingsError`."""
        ...

    async def workers(self) -> list[str]:
        """Return the addresses of the workers. Raises `ClusterError`."""
        ...

    async def unsuitable(self, addresses: Sequence[str]) -> dict[str, str]:
        """Return why some of these workers cannot be used, such as another version of this program."""
        ...

    async def fetch(self, errand: Errand, workers: Collection[str]) -> ErrandResult:
        """Let one of these workers do an errand. Raises `ClusterError` and `WorkersLostError`."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let no worker start a download for some seconds."""
        ...

    async def close(self) -> None:
        """Let the workers close what they opened for this run, and disconnect."""
        ...


class _Waiting:
    """A file that waits for its outcome. `losses` counts the errands with it that were lost."""

    def __init__(self, file: FileErrand) -> None:
        self.file = file
        self.losses = 0
        self.outcome: FileOutcome | None = None
        self.worker = ""
        self.error: Exception | None = None
        self.done = anyio.Event()

    def fail(self, error: Exception) -> None:
        self.error = error
        self.done.set()


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
        self._emit = emit
        self._figures = figures
        self._waiting: deque[_Waiting] = deque()
        self._in_flight: dict[int, list[_Waiting]] = {}
        self._scopes: dict[int, anyio.CancelScope] = {}
        self._workers_of: dict[int, set[str]] = {}
        self._numbers = count(1)
        self._started: set[int] = set()
        self._health = WorkerHealth(limits.timing.worker_rest)
        self._pacer = Pacer(limits.images_per_second)
        self._stops = InterruptibleWaits()
        self._changed = anyio.Event()
        self._paused_until = 0.0
        self._alone_since: float | None = None
        self._status: tuple[int, int, int] = (0, 0, 0)
        self._status_due = 0.0
        self._is_pause_due = False
        self._connecting = anyio.Lock()
        self._is_connected = False
        cluster.on_pause = self._on_pause
        cluster.on_start = self._on_start

    @property
    def in_flight(self) -> int:
        """How many files are in errands now."""
        return sum(map(len, self._in_flight.values()))

    def stop(self) -> None:
        """Send no more errands; raise `StoppedError` in `fetch` for files that are in none."""
        self._stops.stop()
        while self._waiting:
            self._waiting.popleft().fail(StoppedError("The run was asked to stop."))

    async def fetch(self, file: FileErrand) -> tuple[FileOutcome, str]:
        """Let a worker download and store a file; return the outcome and the worker's address.

        Raises `ClusterError` if the scheduler or all workers are lost, `SettingsError` if they cannot be used,
        `ThrottledError` if all workers were refused for too long, `StoppedError` after `stop`.
        """
        await self._connect()
        if (delay := self._pacer.delay(1)) > 0:
            with self._stops.waiting():
                await anyio.sleep(delay)
        if self._stops.is_stopped:
            raise StoppedError("The run was asked to stop.")
        waiting = _Waiting(file)
        self._waiting.append(waiting)
        self._changed.set()
        try:
            await waiting.done.wait()
        except BaseException:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            raise
        if waiting.error:
            raise waiting.error
        assert waiting.outcome is not None  # noqa: S101 - `done` is set with one of the two
        return waiting.outcome, waiting.worker

    async def _connect(self) -> None:
        if self._is_connected:
            return
        async with self._connecting:
            if self._is_connected:
                return
            await self._cluster.connect()
            with anyio.move_on_after(self._limits.timing.cluster_wait):
                await self._count_workers()
                while not self._health.usable:
                    await anyio.sleep(self._limits.timing.cluster_poll)
                    await self._count_workers()
            if not self._health.usable:
                raise ClusterError(
                    "The cluster has no workers that can be used: run `mirror_flickr worker` with the address of the "
                    "scheduler on each machine."
                )
            self._is_connected = True

    async def run(self) -> None:
        """Send errands until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_workers)
            while True:
                await self._changed.wait()
                self._changed = anyio.Event()
                if len(self._waiting) < SMALLEST:
                    await anyio.sleep(LINGER)
                while files := self._next_files():
                    number = next(self._numbers)
                    self._in_flight[number] = files
                    self._figures.errands += 1
                    tasks.start_soon(self._send, number, files)

    def _next_files(self) -> list[_Waiting]:
        """Take the files of the next errand; none if no errand can be sent now."""
        usable = len(self._health.usable)
        is_paused = anyio.current_time() < self._paused_until
        if is_paused or not usable or len(self._in_flight) >= TASKS * usable + SPARE or not self._waiting:
            return []
        size = min(max(len(self._waiting) // (4 * usable), SMALLEST), LARGEST)
        first = self._waiting.popleft()
        files = [first]
        # a film is long: it is an errand of its own
        while first.file.kind != "video" and self._waiting and len(files) < size:
            if self._waiting[0].file.kind == "video":
                break
            files.append(self._waiting.popleft())
        return files

    async def _send(self, number: int, files: list[_Waiting]) -> None:
        """Let a worker do an errand, and hand out the outcomes."""
        usable = self._health.usable
        self._workers_of[number] = {*usable}
        limit = self._limits.bwlimit
        errand = Errand(
            number,
            self._settings,
            tuple(one.file for one in files),
            None if limit is None else limit / len(usable),
        )
        try:
            with anyio.CancelScope() as scope:
                self._scopes[number] = scope
                result = await self._cluster.fetch(errand, usable)
                self._hand_out(files, result)
            if scope.cancelled_caught:
                self._put_back(files, 1)
        except WorkersLostError:
            self._put_back(files, KILLED)
        except Exception as error:  # noqa: BLE001 - raised in `fetch`
            self._is_connected = False
            for waiting in files:
                waiting.fail(error)
        finally:
            del self._in_flight[number], self._scopes[number], self._workers_of[number]
            self._started.discard(number)
            self._changed.set()

    def _put_back(self, files: list[_Waiting], losses: int) -> None:
        left = [waiting for waiting in files if not waiting.done.is_set()]
        self._figures.repeated += bool(left)
        for waiting in reversed(left):
            waiting.losses += losses
            if waiting.losses >= LOSSES:
                waiting.fail(
                    ClusterError(
                        f"The workers that got photo {waiting.file.photo_id} were lost again and again. Look at the "
                        "output of the workers, and run the same command again: it continues where it stopped."
                    )
                )
            else:
                self._return(waiting)

    def _return(self, waiting: _Waiting) -> None:
        if self._stops.is_stopped:
            waiting.fail(StoppedError("The run was asked to stop."))
        else:
            self._waiting.appendleft(waiting)

    def _hand_out(self, files: list[_Waiting], result: ErrandResult) -> None:
        """Give the outcomes of an errand to those who wait. What a bad worker could not do goes to another one."""
        others = {*self._health.usable} - {result.worker}
        if result.gave_up:
            self._note_failure(result)
        else:
            images = sum(isinstance(one, FileStored | FileUnchanged) for one in result.outcomes)
            self._health.record_images(result.worker, images)
        for waiting, outcome in zip(reversed(files), reversed(result.outcomes), strict=True):
            is_open = isinstance(outcome, NotTried) or (
                bool(result.gave_up) and isinstance(outcome, FileFailed) and bool(others)
            )
            if not is_open:
                waiting.outcome, waiting.worker = outcome, result.worker
                waiting.done.set()
            elif result.is_throttled and not others:
                waiting.fail(ThrottledError(result.gave_up))
            else:
                self._return(waiting)
            if isinstance(outcome, FileStored):
                self._figures.already_stored += outcome.was_there

    def _note_failure(self, result: ErrandResult) -> None:
        if self._health.record_failure(result.worker, is_throttled=result.is_throttled):
            self._emit(Notice(f"The worker at {result.worker} gets no photos for a while: {result.gave_up}"))

    def _on_start(self, number: int) -> None:
        if number in self._started:
            self._figures.repeated += 1
        self._started.add(number)

    def _on_pause(self, worker: str, seconds: float) -> None:
        if self._health.record_pause(worker, seconds):
            self._pause_all(seconds)
        for one, other in self._health.newly_paired():
            self._emit(
                Notice(
                    f"The workers at {one} and {other} seem to share an address on the internet: Flickr refuses both "
                    "at the same time. Run one worker for each address."
                )
            )

    def _pause_all(self, seconds: float) -> None:
        now = anyio.current_time()
        if now + seconds > self._paused_until:
            self._paused_until = now + seconds
            self._is_pause_due = True
            self._emit(Waiting("images", seconds))

    async def _watch_workers(self) -> None:
        """Count the workers, and let all of them pause, until cancelled."""
        timing = self._limits.timing
        while True:
            await anyio.sleep(timing.cluster_poll)
            if not self._is_connected:
                continue
            try:
                await self._count_workers()
                if self._is_pause_due:
                    self._is_pause_due = False
                    await self._cluster.pause(self._paused_until - anyio.current_time())
            except ClusterError as error:
                self._end(error)
            else:
                self._changed.set()

    async def _count_workers(self) -> None:
        """Find out which workers there are, and report changes. Fails all files after a while without workers."""
        workers = await self._cluster.workers()
        new = self._health.update(workers)
        for number, allowed in self._workers_of.items():
            allowed &= {*workers}
            if not allowed:  # Dask would let it wait for these workers, also if there are others
                self._scopes[number].cancel()
        for address, reason in (await self._cluster.unsuitable(new)).items() if new else ():
            self._health.exclude(address)
            self._emit(Notice(f"The worker at {address} gets no photos: {reason}"))
        for workers in self._health.on_one_host(new):
            self._emit(
                Notice(
                    f"The workers at {' and '.join(workers)} are on one machine, and share its address: Flickr's image "
                    "servers limit addresses, so run one worker on each machine."
                )
            )
        self._figures.workers = max(self._figures.workers, len(self._health))
        self._figures.lost = self._health.lost
        self._report()
        now = anyio.current_time()
        if self._health.usable:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since >= self._limits.timing.cluster_wait and self._is_connected:
            self._end(
                ClusterError(
                    "The cluster has no workers any more that can be used. Start workers, and run the same command "
                    "again: it continues where it stopped."
                )
            )

    def _end(self, error: ClusterError) -> None:
        """Let all files fail, whether they wait for an errand or are in one."""
        self._is_connected = False
        while self._waiting:
            self._waiting.popleft().fail(error)
        for number, files in self._in_flight.items():
            for waiting in files:
                waiting.fail(error)
            self._scopes[number].cancel()

    def _report(self) -> None:
        health, now = self._health, anyio.current_time()
        status = (len(health), health.throttled, health.lost)
        if status == self._status and now < self._status_due:
            return
        self._status, self._status_due = status, now + STATUS_INTERVAL
        self._emit(ClusterStatus(*status, {name: round(rate, 1) for name, rate in health.rates.items()}))


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
        with anyio.move_on_after(5, shield=True):
            await close()
