"""Divides the limits of a run on downloads among the workers, and the coordinator while it downloads too."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from flickr_mirror.models.options import Limits


class Share(NamedTuple):
    """The bytes and the images per second that one machine may download; `None` is no limit."""

    bandwidth: float | None
    images_per_second: float | None


class LimitShares:
    """The shares of the machines that download; `count` returns the number of workers.

    While the coordinator downloads nothing, the workers have all of a limit. A share is that of an errand, and cannot
    be changed until the errand ends. So the coordinator waits for the end of those that were sent before.
    """

    def __init__(self, limits: Limits, count: Callable[[], int]) -> None:
        self._limits = limits
        self._count = count
        self._own_downloads = 0
        self._without_coordinator: set[int] = set()
        """The errands in flight whose workers have all of the limits."""
        self._ended = anyio.Event()

    def of_errand(self, number: int) -> Share:
        """Return the share of the worker that does an errand."""
        if not self._own_downloads:
            self._without_coordinator.add(number)
        return self._divided()

    def end(self, number: int) -> None:
        """Record that an errand ended."""
        self._without_coordinator.discard(number)
        self._ended.set()
        self._ended = anyio.Event()

    @asynccontextmanager
    async def own_download(self) -> AsyncIterator[Share]:
        """Yield the share of the coordinator, as soon as the workers leave it one. Enter it for each download."""
        self._own_downloads += 1
        try:
            while self._without_coordinator and self._divided() != Share(None, None):
                await self._ended.wait()
            yield self._divided()
        finally:
            self._own_downloads -= 1

    def _divided(self) -> Share:
        limits, machines = self._limits, max(self._count() + bool(self._own_downloads), 1)
        return Share(
            limits.bwlimit and limits.bwlimit / machines,
            limits.images_per_second and limits.images_per_second / machines,
        )
