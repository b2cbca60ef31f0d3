"""A worker of a Dask cluster: runs the errands that coordinators send, in a process of its own.

Every worker of a cluster can do errands if this package is installed there; `run_worker` is the process that the
command starts.
"""

from __future__ import annotations

import asyncio
import platform
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from distributed import Worker, get_worker

from flickr_mirror.engine.cluster.errand_fetcher import ErrandFetcher, WorkerConnections, open_store
from flickr_mirror.engine.cluster.errand_queue import TASKS
from flickr_mirror.engine.cluster.scheduler import address_of, connection_failure
from flickr_mirror.errors import ClusterError, FlickrMirrorError
from flickr_mirror.models.errands import ErrandResult, NotTried
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.models.errands import Errand, WorkerSettings


class _WorkerState:
    """The open resources of one worker: connections for all runs, and a store for each run."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._connections: dict[WorkerSettings, WorkerConnections] = {}
        self._runs: dict[WorkerSettings, tuple[ErrandFetcher, AsyncExitStack]] = {}
        self._opening = asyncio.Lock()

    async def fetcher_of(self, settings: WorkerSettings) -> ErrandFetcher:
        """Return the fetcher of a run, opened by its first errand. Raises `CacheError`."""
        async with self._opening:
            if settings not in self._runs:
                # runs with the same settings share the address, so they share its limits
                shared = replace(settings, store="", depth=0, has_md5=False)
                if shared not in self._connections:
                    self._connections[shared] = WorkerConnections(shared)
                connections = self._connections[shared]
                topic = topic_of(settings)

                def report_pause(seconds: float) -> None:
                    self._worker.log_event(topic, {"paused": seconds})

                stack = AsyncExitStack()
                store = await stack.enter_async_context(open_store(settings))
                connections.listeners.add(report_pause)
                stack.callback(connections.listeners.discard, report_pause)
                self._runs[settings] = ErrandFetcher(connections, store), stack
            return self._runs[settings][0]

    def pause(self, settings: WorkerSettings, seconds: float) -> None:
        """Start no download of a run for some seconds."""
        if run := self._runs.get(settings):
            run[0].pause(seconds)

    async def close_run(self, settings: WorkerSettings) -> None:
        """Close the store of a run."""
        if run := self._runs.pop(settings, None):
            await run[1].aclose()

    async def close(self) -> None:
        """Close everything."""
        for settings in [*self._runs]:
            await self.close_run(settings)
        for connections in self._connections.values():
            async with connections.client:
                pass


_STATES: WeakKeyDictionary[Any, _WorkerState] = WeakKeyDictionary()
"""The state of each worker of this process."""


def topic_of(settings: WorkerSettings) -> str:
    """Return the topic of the events that the workers of a run send to its coordinator."""
    return f"flickr_mirror {settings.store}"


def identify() -> tuple[str, str, bool]:
    """Return the versions of this package and of Python on a worker, and whether it can use object stores."""
    return __version__, platform.python_version(), find_spec("obstore") is not None


async def do_errand(errand: Errand) -> ErrandResult:
    """Do an errand on the worker that runs this task. Any failure here is a reason to give it up."""
    worker = get_worker()
    worker.log_event(topic_of(errand.settings), {"started": errand.number})
    state = _STATES.setdefault(worker, _WorkerState(worker))
    try:
        fetcher = await state.fetcher_of(errand.settings)
        return await fetcher.fetch(errand, worker.address)
    except Exception as error:  # noqa: BLE001 - another worker may be able to do it
        reason = str(error) if isinstance(error, FlickrMirrorError) else f"unexpected {error!r}"
        return ErrandResult(worker.address, (NotTried(),) * len(errand.files), reason)


async def pause_downloads(settings: WorkerSettings, seconds: float, dask_worker: Worker) -> None:
    """Let a worker start no download of a run for some seconds."""
    if state := _STATES.get(dask_worker):
        state.pause(settings, seconds)


async def close_run(settings: WorkerSettings, dask_worker: Worker) -> None:
    """Close what a worker opened for a run."""
    if state := _STATES.get(dask_worker):
        await state.close_run(settings)


async def close_worker_state(dask_worker: Worker) -> None:
    """Close what a worker opened for all runs."""
    if state := _STATES.pop(dask_worker, None):
        await state.close()


async def run_worker(
    scheduler: str, patience: float, started: Callable[[str, str], None], stopped: asyncio.Future[int]
) -> int:
    """Run a worker until the future `stopped` is done, and return its result.

    `scheduler` is its address, or the path of its file. `started` is called with the addresses of the worker and of the
    scheduler. Raises `ClusterError` if the scheduler does not answer for `patience` seconds, or is lost.
    """
    address = await address_of(scheduler, patience)
    worker = Worker(address, nthreads=TASKS, memory_limit=0, death_timeout=patience)
    try:
        try:
            await worker
        except (TimeoutError, OSError, RuntimeError, ValueError, TypeError) as error:
            raise connection_failure(scheduler, error) from error
        started(worker.address, worker.scheduler.address)
        finished = asyncio.ensure_future(worker.finished())
        await asyncio.wait([finished, stopped], return_when=asyncio.FIRST_COMPLETED)
        if stopped.done():
            return stopped.result()
        raise ClusterError(f"The scheduler at {scheduler} is lost. Start this worker again when it runs.")
    finally:
        await worker.close()  # first, so that its errands go to other workers and do not fail
        await close_worker_state(worker)
