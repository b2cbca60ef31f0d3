"""The limits on the bytes, and on the images, per second of all downloads together."""

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


class Pacer:
    """Spreads an amount evenly over time, at no more than `rate` per second; `None` is no limit."""

    def __init__(self, rate: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._paid_until = clock()

    def delay(self, count: float) -> float:
        """Take `count`; return how many seconds to wait for that. Unused bandwidth is not saved."""
        if self.rate is None:
            return 0.0
        self._paid_until = max(self._paid_until, self._clock()) + count / self.rate
        return self._paid_until - self._clock()


class BandwidthLimiter:
    """Limits the bytes per second of all downloads together; `None` is no limit."""

    def __init__(
        self,
        limit: int | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._pacer = Pacer(limit, clock)
        self._sleep = sleep

    @property
    def limit(self) -> float | None:
        """The bytes per second; it may be changed at any time."""
        return self._pacer.rate

    @limit.setter
    def limit(self, limit: float | None) -> None:
        self._pacer.rate = limit

    def max_parallel(self, parallel: int) -> int:
        """Return how many of `parallel` downloads can run at once with at least `MIN_RATE` each."""
        return parallel if self.limit is None else min(parallel, max(int(self.limit // MIN_RATE), 1))

    def pieces(self, count: int) -> Iterable[int]:
        """Return the sizes of the pieces in which to `take` the bandwidth for `count` bytes."""
        if self.limit is None:
            return (count,)
        return [min(count - start, PIECE) for start in range(0, count, PIECE)]

    async def take(self, count: int) -> None:
        """Wait for as long as `count` bytes take at the limit. Bandwidth that was not used is lost."""
        if (delay := self._pacer.delay(count)) > 0:
            await self._sleep(delay)
