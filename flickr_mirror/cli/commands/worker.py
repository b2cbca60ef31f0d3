"""The command `mirror_flickr worker`: a worker of a Dask cluster, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from flickr_mirror.cli.exit_codes import SIGNALLED
from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.engine.cluster.dask_logging import silence_dask
from flickr_mirror.errors import FlickrMirrorError, SettingsError

if TYPE_CHECKING:
    from flickr_mirror.models.timing import Timing


def work(scheduler: str, timing: Timing) -> int:
    """Run a worker until it is stopped, and return the exit code."""
    set_up(OutputOptions())
    try:
        return asyncio.run(_work(scheduler, timing.cluster_wait))
    except FlickrMirrorError as error:
        return echo_failure(error)


async def _work(scheduler: str, patience: float) -> int:
    try:
        silence_dask()
        from flickr_mirror.engine.cluster.dask_worker import run_worker
    except ImportError as error:
        raise SettingsError(
            "Workers need the library Dask: install it with `pip install 'flickr-mirror[s3,cluster]'`."
        ) from error
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def stop(number: int) -> None:
        if not stopped.done():
            stopped.set_result(SIGNALLED + number)
        if not is_connected:
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)

    is_connected = False

    def report_start(worker: str, address: str) -> None:
        nonlocal is_connected
        is_connected = True
        echo(f"The worker at {worker} downloads for the scheduler at {address}. Stop with Ctrl-C.")

    work = asyncio.ensure_future(run_worker(scheduler, patience, report_start, stopped))
    try:
        return await work
    except asyncio.CancelledError:  # `stop` ends the wait for a scheduler
        return await stopped
