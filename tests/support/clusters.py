"""Dask clusters of the tests: in this process, or as processes of their own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from distributed import Scheduler, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class LocalCluster:
    """A scheduler and workers in this process, which can be lost one by one."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.workers: list[Worker] = []

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        return str(self.scheduler.address)

    async def add_worker(self) -> Worker:
        """Start one more worker."""
        worker = await Worker(self.address, nthreads=2, memory_limit=0)
        self.workers.append(worker)
        return worker

    async def lose_worker(self) -> None:
        """Let a worker vanish: its tasks are not finished, and their results are lost."""
        await self.workers.pop().close(timeout=0, executor_wait=False, reason="lost in a test")


@asynccontextmanager
async def local_cluster(workers: int) -> AsyncIterator[LocalCluster]:
    """Run a scheduler and workers in this process."""
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        cluster = LocalCluster(scheduler)
        try:
            for _ in range(workers):
                await cluster.add_worker()
            yield cluster
        finally:
            for worker in cluster.workers:
                await worker.close(executor_wait=False)
