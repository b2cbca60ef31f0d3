"""Dask clusters for tests: in this process, or as separate processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from distributed import Scheduler, Worker

from tests.support.object_servers import free_port, program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator
    from pathlib import Path


class LocalCluster:
    """A scheduler and workers in this process, which can be stopped one by one."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.workers: list[Worker] = []
        self._closing: list[asyncio.Future[object]] = []

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        return str(self.scheduler.address)

    async def add_worker(self) -> Worker:
        """Start one more worker."""
        worker = await Worker(self.address, nthreads=2, memory_limit=0)
        self.workers.append(worker)
        return worker

    async def lose_scheduler(self) -> None:
        """Stop the scheduler."""
        await self._end(self.scheduler.close(reason="lost in a test"))

    async def _end(self, closing: Awaitable[object]) -> None:
        # a worker's request may call this, and is cancelled when that worker ends
        task = asyncio.ensure_future(closing)
        self._closing.append(task)
        await asyncio.shield(task)


@asynccontextmanager
async def local_cluster(workers: int) -> AsyncIterator[LocalCluster]:
    """Run a scheduler and workers in this process."""
    async with Scheduler(
        host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0", dashboard=False
    ) as scheduler:
        cluster = LocalCluster(scheduler)
        try:
            for _ in range(workers):
                await cluster.add_worker()
            yield cluster
        finally:
            for worker in cluster.workers:
                await worker.close(executor_wait=False)


class ClusterProcesses:
    """A scheduler and workers as separate processes: `dask scheduler` and `mirror_flickr worker`."""

    def __init__(self, folder: Path, tls: dict[str, str] | None = None) -> None:
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{free_port()}"
        self.environment = {**os.environ, **(tls or {})}
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._folder = folder

    def start_scheduler(self) -> None:
        """Start the scheduler."""
        port = self.address.rpartition(":")[2]
        line: list[str | Path] = [
            program("dask"),
            "scheduler",
            "--port",
            port,
            "--dashboard-address",
            "127.0.0.1:0",
            "--no-dashboard",
        ]
        protocol = self.address.partition(":")[0]
        self.scheduler = self._start([*line, "--protocol", protocol, "--host", "127.0.0.1"], "scheduler.log")

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start one more worker; it connects when the scheduler runs."""
        name = f"worker{len(self.workers)}.log"
        worker = self._start([sys.executable, "-m", "flickr_mirror", "worker", self.address], name)
        self.workers.append(worker)
        return worker

    def output(self, number: int) -> str:
        """Return the output of a worker."""
        return (self._folder / f"worker{number}.log").read_text()

    def _start(self, line: list[str | Path], log: str) -> subprocess.Popen[bytes]:
        with (self._folder / log).open("wb") as file:
            return subprocess.Popen(line, stdout=file, stderr=file, env=self.environment)

    def close(self) -> None:
        """Kill all processes."""
        for process in filter(None, [*self.workers, self.scheduler]):
            process.kill()
            process.wait()


@contextmanager
def cluster_processes(
    folder: Path, workers: int, tls: dict[str, str] | None = None
) -> Iterator[ClusterProcesses]:
    """Start a scheduler and workers."""
    cluster = ClusterProcesses(folder, tls)
    try:
        cluster.start_scheduler()
        for _ in range(workers):
            cluster.start_worker()
        yield cluster
    finally:
        cluster.close()
