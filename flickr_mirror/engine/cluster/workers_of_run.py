"""The workers of a run: counts them, reports changes, and lets all of them pause if Flickr throttles all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import anyio

from flickr_mirror.engine.cluster.worker_health import WorkerHealth
from flickr_mirror.errors import ClusterError, FlickrMirrorError
from flickr_mirror.models.events import ClusterStatus, Notice, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from flickr_mirror.models.errands import Errand, ErrandResult
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.reports import ClusterFigures
    from flickr_mirror.models.timing import Timing

STATUS_INTERVAL = 10.0
"""Seconds between two events about a cluster in which nothing changed."""


class WorkersLostError(Exception):
    """Several workers that began an errand were lost, one after the other."""


class Cluster(Protocol):
    """The workers that errands are sent to. `on_pause` is called with a worker and the seconds of its pause.

    `on_start` is called with the number of an errand whenever a worker begins it.
    """

    on_pause: Callable[[str, float], None]
    on_start: Callable[[int], None]

    async def connect(self) -> None:
        """Connect to the scheduler, also if that was done before. Raises `ClusterError` and `SettingsError`."""
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


class WorkersOfRun:
    """The workers of a cluster that a run uses.

    `on_count` is called with the addresses of all workers whenever they were counted, `on_lost` if the scheduler or all
    workers are lost. (It has more than ten attributes because it holds the state of a cluster and its reports.)
    """

    def __init__(self, cluster: Cluster, timing: Timing, emit: Observer, figures: ClusterFigures) -> None:
        self.health = WorkerHealth(timing.worker_rest)
        self.is_connected = False
        self.on_count: Callable[[set[str]], None] = lambda _: None
        self.on_lost: Callable[[ClusterError], None] = lambda _: None
        self._cluster = cluster
        self._timing = timing
        self._emit = emit
        self._figures = figures
        self._paused_until = 0.0
        self._is_pause_due = False
        self._alone_since: float | None = None
        self._status: tuple[int, int, int] = (0, 0, 0)
        self._status_due = 0.0
        self._connecting = anyio.Lock()
        self._attempts = 0
        self._failure: FlickrMirrorError | None = None
        cluster.on_pause = self._on_pause

    @property
    def are_paused(self) -> bool:
        """Whether all workers pause."""
        return anyio.current_time() < self._paused_until

    async def connect(self) -> None:
        """Connect with the scheduler, and wait until there is a worker. Raises `ClusterError` and `SettingsError`."""
        attempts = self._attempts
        async with self._connecting:
            if self.is_connected:
                return
            if self._failure and self._attempts > attempts:  # of the task that was first
                raise self._failure
            self._attempts += 1
            try:
                await self._connect()
            except FlickrMirrorError as error:
                self._failure = error
                raise
            self.is_connected = True

    async def _connect(self) -> None:
        await self._cluster.connect()
        with anyio.move_on_after(self._timing.cluster_wait):
            await self._count()
            while not self.health.usable:
                await anyio.sleep(self._timing.cluster_poll)
                await self._count()
        if not self.health.usable:
            raise ClusterError(
                "The cluster has no workers that can be used: run `mirror_flickr worker` with the address of the "
                "scheduler on each machine."
            )

    async def watch(self) -> None:
        """Count the workers, and let all of them pause if that is due, until cancelled."""
        while True:
            await anyio.sleep(self._timing.cluster_poll)
            if not self.is_connected:
                continue
            try:
                await self._count()
                rest = self._paused_until - anyio.current_time()
                if self._is_pause_due and rest > 0:
                    await self._cluster.pause(rest)
                self._is_pause_due = False
            except ClusterError as error:
                self._lose(error)

    async def _count(self) -> None:
        """Find out which workers there are, and report changes."""
        workers = await self._cluster.workers()
        new = self.health.update(workers)
        for address, reason in (await self._cluster.unsuitable(new)).items() if new else ():
            self.health.exclude(address)
            self._emit(Notice(f"The worker at {address} gets no photos: {reason}"))
        for together in self.health.on_one_host(new):
            self._emit(
                Notice(
                    f"The workers at {' and '.join(together)} are on one machine, and share its address: Flickr's "
                    "image servers limit addresses, so run one worker on each machine."
                )
            )
        self._figures.workers = max(self._figures.workers, len(self.health))
        self._figures.lost = self.health.lost
        self._report()
        self.on_count({*workers})
        self._check_alone()

    def _check_alone(self) -> None:
        """Report after a while that there are no workers."""
        now = anyio.current_time()
        if self.health.usable:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since >= self._timing.cluster_wait and self.is_connected:
            self._lose(
                ClusterError(
                    "The cluster has no workers any more that can be used. Start workers, and run the same command "
                    "again: it continues where it stopped."
                )
            )

    def _lose(self, error: ClusterError) -> None:
        self.is_connected = False
        self.on_lost(error)

    def record_failure(self, result: ErrandResult) -> None:
        """Record that a worker gave up an errand, and report it if the worker gets no more for a while."""
        if self.health.record_failure(result.worker, is_throttled=result.is_throttled):
            self._emit(Notice(f"The worker at {result.worker} gets no photos for a while: {result.gave_up}"))

    def _on_pause(self, worker: str, seconds: float) -> None:
        if self.health.record_pause(worker, seconds):
            self._pause_all(seconds)
        for one, other in self.health.newly_paired():
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

    def _report(self) -> None:
        health, now = self.health, anyio.current_time()
        status = (len(health), health.throttled, health.lost)
        if status == self._status and now < self._status_due:
            return
        self._status, self._status_due = status, now + STATUS_INTERVAL
        self._emit(ClusterStatus(*status, {name: round(rate, 1) for name, rate in health.rates.items()}))
