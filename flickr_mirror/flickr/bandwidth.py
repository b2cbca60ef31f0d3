"""The limit on the bytes per second of all downloads together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

PIECE = 16 * 1024
"""The most bytes that one wait is for. A longer wait would look like a server that stopped sending."""
MIN_RATE = 32 * 1024
"""The bytes per second that each download keeps. With less, servers close the connection."""


class BandwidthLimiter:
    """Limits the bytes per second of all downloads together; `None` is no limit."""

    def __init__(
        self,
        limit: int | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._paid_until = clock()

    def max_parallel(self, parallel: int) -> int:
        """Return how many of `parallel` downloads can run at once with at least `MIN_RATE` each."""
        return parallel if self._limit is None else min(parallel, max(self._limit // MIN_RATE, 1))

    def pieces(self, count: int) -> Iterable[int]:
        """Return the sizes of the pieces in which to `take` the bandwidth for `count` bytes."""
        if self._limit is None:
            return (count,)
        return [min(count - start, PIECE) for start in range(0, count, PIECE)]

    async def take(self, count: int) -> None:
        """Wait for as long as `count` bytes take at the limit. Bandwidth that was not used is lost."""
        if self._limit is None:
            return
        self._paid_until = max(self._paid_until, self._clock()) + count / self._limit
        if (delay := self._paid_until - self._clock()) > 0:
            await self._sleep(delay)
