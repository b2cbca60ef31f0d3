"""A worker of a Dask cluster: does the errands that coordinators send, and runs as a process of its own.

Every worker of a cluster can do errands if this package is installed there; `run_worker` is the process that the
command starts.
"""

from __future__ import annotations

import asyncio
import platform
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from distributed import Worker, get_worker

from flickr_mirror.engine.cluster.errand_fetcher import open_fetcher
from flickr_mirror.engine.cluster.errand_queue import TASKS
from flickr_mirror.errors import ClusterError
from flickr_mirror.models.scheduler_address import connection_failure, scheduler_arguments
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.engine.cluster.errand_fetcher import ErrandFetcher
    from flickr_mirror.models.errands import Errand, ErrandResult, WorkerSettings


class _Run:
    """What a worker has open for one run."""

    def __init__(self, fetcher: ErrandFetcher, stack: AsyncExitStack) -> None:
        self.fetcher = fetcher
        self.stack = stack


_RUNS: WeakKeyDictionary[Any, dict[WorkerSettings, _Run]] = WeakKeyDictionary()
"""The open runs of each worker of this process, by their settings, which include the mirror."""


def topic_of(settings: WorkerSettings) -> str:
    """Return the topic of the events that the workers of a run send to its coordinator."""
    return f"flickr_mirror {settings.store}"


def identify() -> tuple[str, str]:
    """Return the versions of this package and of Python on a worker."""
    return __version__, platform.python_version()


async def do_errand(errand: Errand) -> ErrandResult:
    """Do an errand on the worker that runs this task."""
    worker = get_worker()
    topic = topic_of(errand.settings)
    worker.log_event(topic, {"started": errand.number})
    runs = _RUNS.setdefault(worker, {})
    run = runs.get(errand.settings)
    if run is None:
        stack = AsyncExitStack()

        def report_pause(seconds: float) -> None:
            worker.log_event(topic, {"paused": seconds})

        fetcher = await stack.enter_async_context(open_fetcher(errand.settings, report_pause))
        if errand.settings in runs:  # the other task of this worker was faster
            await stack.aclose()
        else:
            runs[errand.settings] = _Run(fetcher, stack)
        run = runs[errand.settings]
    return await run.fetcher.fetch(errand, worker.address)


async def pause_downloads(settings: WorkerSettings, seconds: float, dask_worker: Worker) -> None:
    """Let a worker start no download of a run for some seconds."""
    if run := _RUNS.get(dask_worker, {}).get(settings):
        run.fetcher.pause(seconds)


async def close_run(settings: WorkerSettings, dask_worker: Worker) -> None:
    """Close what a worker opened for a run."""
    if run := _RUNS.get(dask_worker, {}).pop(settings, None):
        await run.stack.aclose()


async def run_worker(
    scheduler: str, patience: float, started: Callable[[str, str], None], stopped: asyncio.Future[int]
) -> int:
    """Run a worker until the future `stopped` is done, and return its result.

    `scheduler` is as for `scheduler_arguments`. `started` is called with the addresses of the worker and of the
    scheduler. Raises `ClusterError` if the scheduler does not answer for `patience` seconds, or is lost.
    """
    where = scheduler_arguments(scheduler)
    worker = Worker(
        where.get("address"),
        scheduler_file=where.get("scheduler_file"),
        nthreads=TASKS,
        memory_limit=0,
        death_timeout=patience,
    )
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
        for run in _RUNS.pop(worker, {}).values():
            await run.stack.aclose()
        await worker.close()
