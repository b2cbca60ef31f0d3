"""The connection of a coordinator to a Dask cluster."""

from __future__ import annotations

import asyncio
import platform
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from distributed import CancelledError, Client, KilledWorker
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError

from flickr_mirror.engine.cluster.dask_worker import (
    close_run,
    do_errand,
    identify,
    pause_downloads,
    topic_of,
)
from flickr_mirror.engine.cluster.scheduler import address_of, connection_failure
from flickr_mirror.engine.cluster.workers_of_run import WorkersLostError
from flickr_mirror.errors import ClusterError, SettingsError
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from flickr_mirror.models.errands import Errand, ErrandResult, WorkerSettings

T = TypeVar("T")
_CLOSE = 3.0
"""Seconds for the end of a connection."""
_LOST = (CommClosedError, CancelledError, OSError, TimeoutError)
"""What Dask raises if the scheduler does not answer."""


class DaskCluster:
    """A Dask cluster, whose scheduler has `patience` seconds to answer. Implements `workers_of_run.Cluster`."""

    def __init__(self, scheduler: str, settings: WorkerSettings, patience: float) -> None:
        self.on_pause: Callable[[str, float], None] = lambda _worker, _seconds: None
        self.on_start: Callable[[int], None] = lambda _number: None
        self._scheduler = scheduler
        self._settings = settings
        self._patience = patience
        self._client: Any = None

    async def connect(self) -> None:
        """See `Cluster.connect`. All workers of the cluster must have the versions of this machine."""
        await self.close()  # a client that connects again by itself gets no events
        try:
            self._client = await self._open_client()
        except (*_LOST, ValueError, RuntimeError, TypeError) as error:
            # without its traceback, which would keep the client until after the end of the event loop
            raise connection_failure(self._scheduler, error) from error.with_traceback(None)
        self._client.subscribe_topic(topic_of(self._settings), self._handle_event)
        found = await self._identify(await self.workers())
        for worker, versions in found.items():
            # a worker that does not answer may be ending
            if isinstance(versions, tuple | ModuleNotFoundError) and (reason := _reason(versions)):
                raise SettingsError(f"The worker at {worker} cannot be used: {reason}")

    async def _open_client(self) -> Any:  # noqa: ANN401 - a type of Dask, which is not checked
        client = Client(
            await address_of(self._scheduler, self._patience),
            asynchronous=True,
            timeout=self._patience,
            set_as_default=False,
            name="flickr_mirror",
        )
        try:
            return await client
        except BaseException:  # also if it was cancelled
            with anyio.CancelScope(shield=True):
                await client.close(timeout=_CLOSE)
            raise

    def _handle_event(self, event: tuple[float, dict[str, Any]]) -> None:
        _, message = event
        if "started" in message:
            self.on_start(message["started"])
        else:
            self.on_pause(message["worker"], message["paused"])

    async def workers(self) -> list[str]:
        """See `Cluster.workers`."""
        return list(await self._ask(lambda client: client.nthreads()))

    async def unsuitable(self, addresses: Sequence[str]) -> dict[str, str]:
        """See `Cluster.unsuitable`."""
        found = await self._identify(addresses)
        return {worker: reason for worker, versions in found.items() if (reason := _reason(versions))}

    async def _identify(self, addresses: Sequence[str]) -> dict[str, object]:
        """Return the versions of workers, and for a worker that does not answer the error."""
        if not addresses:
            return {}
        try:
            found: dict[str, object] = await self._ask(
                lambda client: client.run(identify, workers=list(addresses), on_error="return")
            )
        except ClusterError as error:
            if not isinstance(error.__cause__, TimeoutError):
                raise
            return dict.fromkeys(addresses, error.__cause__)
        return found

    async def fetch(self, errand: Errand, workers: Collection[str]) -> ErrandResult:
        """See `Cluster.fetch`."""
        client = self._client
        if client is None:
            raise self._lost("it was closed")
        try:
            future = client.submit(
                do_errand,
                errand,
                key=f"errand-{client.id}-{errand.number}",
                workers=list(workers),
                pure=False,
            )
            result: ErrandResult = await future
        except KilledWorker as error:
            raise WorkersLostError from error
        except (*_LOST, ClosedClientError) as error:
            raise self._lost(error) from error
        return result

    async def pause(self, seconds: float) -> None:
        """See `Cluster.pause`."""
        await self._ask(
            lambda client: client.run(pause_downloads, self._settings, seconds, on_error="ignore")
        )

    async def _ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        """Return the answer of the scheduler or of workers. Raises `ClusterError` if none comes."""
        if self._client is None:
            raise self._lost("it was closed")
        try:
            return await asyncio.wait_for(question(self._client), self._patience)
        except (*_LOST, ClosedClientError) as error:
            raise self._lost(error) from error

    async def close(self) -> None:
        """See `Cluster.close`."""
        client, self._client = self._client, None
        if client is None:
            return
        with anyio.CancelScope(shield=True):
            with (
                anyio.move_on_after(_CLOSE),
                suppress(*_LOST),
            ):  # otherwise the workers close it when they end
                if client.status == "running":
                    await client.run(close_run, self._settings, on_error="ignore")
            await client.close(timeout=_CLOSE)

    def _lost(self, error: BaseException | str) -> ClusterError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return ClusterError(
            f"The connection to the scheduler at {self._scheduler} is lost ({reason}). Run the same command again: it "
            "continues where it stopped."
        )


def _reason(versions: object) -> str:
    """Return why a worker with these versions cannot be used; "" if it can."""
    if isinstance(versions, ModuleNotFoundError):
        return (
            "flickr_mirror is not installed there. Install it with `pip install 'flickr-mirror[s3,cluster]'`."
        )
    if not (isinstance(versions, tuple) and len(versions) == 3):
        return f"it does not answer ({type(versions).__name__})."
    version, python, has_obstore = versions
    if version != __version__:
        return f"it has version {version} of flickr_mirror, and this machine has {__version__}."
    here = platform.python_version()
    if python.split(".")[:2] != here.split(".")[:2]:
        return f"it has Python {python}, and this machine has {here}."
    if not has_obstore:
        return "obstore is not installed there. Install it with `pip install 'flickr-mirror[s3,cluster]'`."
    return ""
