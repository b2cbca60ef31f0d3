"""How many images are downloaded side by side, and how fast: the climb, the brake, the bandwidth."""

from __future__ import annotations

import time
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.flickr.rate_limiter import Pause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

FIRST_LEVEL = 4
"""So many downloads a run begins with."""
WINDOW = 0.5
"""How long each number of downloads is measured at least, in seconds."""
GAIN = 1.05
"""More downloads must bring so many times the bytes, or they are not worth it."""
FIRST_REST = 10.0
LONGEST_REST = 300.0
"""Seconds until more downloads are tried again after they brought nothing."""
PIECE = 16 * 1024
"""Bytes that one wait for the bandwidth is for at most."""
LEAST_PACE = 32 * 1024
"""Bytes per second that a download is left with at least: with less, servers and patience end."""


class StoppedError(Exception):
    """The run was asked to stop before this download was begun: no failure, and no end of the run."""


class Waits:
    """Waits that a stop ends at once, because nothing is in flight during them."""

    def __init__(self) -> None:
        self._is_stopped = False
        self._scopes: set[anyio.CancelScope] = set()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait inside of this. Raises `StoppedError` after `stop`."""
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                if self._is_stopped:
                    scope.cancel()
                yield
            finally:
                self._scopes.discard(scope)
        if scope.cancelled_caught:
            raise StoppedError("Nothing more is begun.")

    def stop(self) -> None:
        """End all waits, and those to come."""
        self._is_stopped = True
        for scope in self._scopes:
            scope.cancel()


class AdaptiveConcurrency:
    """Looks for the number of downloads side by side from which on more bring nothing.

    As long as half as many more bring more bytes in a second, it goes on up; then it goes back down to the
    last number that did, and rests. Where the servers come to answer twice as slowly while fewer bytes come,
    it takes a quarter away. Only windows count in which downloads waited for a place.
    """

    def __init__(self, least: int, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._least = least
        self._most = most
        self._clock = clock
        self.level = min(max(FIRST_LEVEL, least), most)
        self._proved = self.level
        """The highest level that was worth it."""
        self._rate = 0.0
        """Bytes per second at that level."""
        self._latency = 0.0
        """Seconds until servers answered at that level."""
        self._rest = FIRST_REST
        self._rests_until = clock()
        self._begin()

    def _begin(self) -> None:
        self._since = self._clock()
        self._bytes = 0
        self._answers = 0
        self._waited = 0.0
        self._images = 0

    def answered(self, seconds: float) -> None:
        """Note how long a server took to answer."""
        self._answers += 1
        self._waited += seconds

    def received(self, count: int) -> None:
        """Note bytes that came."""
        self._bytes += count

    def finished(self, *, is_full: bool) -> None:
        """Note an image that came whole; `is_full` is whether others wait for its place."""
        if not is_full:
            self._begin()
            return
        self._images += 1
        elapsed = self._clock() - self._since
        if elapsed < WINDOW or self._images < 2 * self.level:
            return
        self._judge(self._bytes / elapsed, self._waited / max(self._answers, 1))
        self._begin()

    def _judge(self, rate: float, latency: float) -> None:
        if self.level > self._proved and rate < self._rate * GAIN:
            self.level = self._proved
            self._rests_until = self._clock() + self._rest
            self._rest = min(self._rest * 2, LONGEST_REST)
            return
        if self.level == self._proved and rate < self._rate / GAIN and latency > 2 * self._latency > 0:
            self.level = self._proved = max(self._least, self.level * 3 // 4)
            self._rests_until = self._clock() + self._rest
        elif self.level > self._proved:
            self._proved = self.level
            self._rest = FIRST_REST
        self._rate, self._latency = rate, latency
        if self._clock() >= self._rests_until:
            self.level = min(self.level + max(self.level // 2, 1), self._most)


class DownloadSlots:
    """The places of all downloads, and the pause that they share when the image servers throttle.

    Flickr's image servers answer 429 by themselves, apart from the API's limit, and do not say for how long
    (gallery-dl#8297). After a pause, half as many downloads run side by side, and one more after every 20 good
    images, also where that is fewer than `least`. Without pauses, `AdaptiveConcurrency` finds a number between
    `least` and `most`.
    """

    def __init__(
        self,
        most: int,
        least: int | None = None,
        *,
        first: float | None = None,
        longest: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.most = most
        """How many downloads run side by side at most."""
        self._ceiling = most
        self._climb = AdaptiveConcurrency(most if least is None else least, most, clock=clock)
        self._places = anyio.CapacityLimiter(self._climb.level)
        self._pause = Pause(first=first, longest=longest, clock=clock)
        self._clock = clock
        self._sleep = sleep
        self._waiting: set[anyio.CancelScope] = set()
        self._is_closed = False
        self.answered = self._climb.answered
        self.received = self._climb.received
        self.on_pause: Callable[[float], None] = lambda _: None
        self._running = 0
        self._running_since = 0.0
        self.seconds = 0.0
        """For how long images were being downloaded, one or many side by side."""

    @property
    def parallel(self) -> int:
        """How many downloads may run side by side now."""
        return int(min(self._places.total_tokens, self.most))

    @property
    def throttled_for(self) -> float:
        """How long the servers have refused all downloads, the pause that is left included, in seconds."""
        return self._pause.throttled_for

    async def __aenter__(self) -> float:
        """Wait for the pause to end and a place to be free; return the time at which the download starts.

        Raises `StoppedError` once the brake is closed.
        """
        try:
            self._places.acquire_nowait()  # else each download would give way to all other tasks first
        except anyio.WouldBlock:
            await self._places.acquire()
        try:
            while (delay := self._pause.left) > 0 and not self._is_closed:
                await self._wait(delay)
            self.check_open()
        except BaseException:
            self._places.release()
            raise
        started = self._clock()
        if not self._running:
            self._running_since = started
        self._running += 1
        return started

    async def _wait(self, delay: float) -> None:
        with anyio.CancelScope() as scope:
            self._waiting.add(scope)
            try:
                await self._sleep(delay)
            finally:
                self._waiting.discard(scope)

    async def __aexit__(self, *_: object) -> None:
        self._running -= 1
        if not self._running:
            self.seconds += self._clock() - self._running_since
        self._places.release()

    def check_open(self) -> None:
        """Raise `StoppedError` once no more downloads may begin."""
        if self._is_closed:
            raise StoppedError("No more downloads are begun.")

    def close(self) -> None:
        """Let no more downloads begin, neither of those that wait now nor of others."""
        self._is_closed = True
        self._set_places()
        for scope in self._waiting:
            scope.cancel()

    def record_throttling(self, started: float, retry_after: float | None = None) -> None:
        """Pause all downloads because one that began at `started` was refused."""
        if seconds := self._pause.refused(started, retry_after):
            self._ceiling = max(self.parallel // 2, 1)
            self._climb.finished(is_full=False)
            self._set_places()
            self.on_pause(seconds)

    def record_success(self) -> None:
        """Note an image that came whole."""
        if self._pause.record_success():
            self._ceiling = min(self._ceiling + 1, self.most)
        # a level that the ceiling does not allow cannot be measured
        is_full = self._climb.level <= self._ceiling and self._places.statistics().tasks_waiting > 0
        self._climb.finished(is_full=is_full)
        self._set_places()

    def _set_places(self) -> None:
        # a closed brake lets everybody in, to be sent away
        self._places.total_tokens = inf if self._is_closed else min(self._climb.level, self._ceiling)


class BandwidthLimiter:
    """Lets no more than so many bytes per second come, whichever download they are of; `None` is no limit."""

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

    def most(self, parallel: int) -> int:
        """Return how many of `parallel` downloads can run side by side without being too slow each."""
        return parallel if self._limit is None else min(parallel, max(self._limit // LEAST_PACE, 1))

    def pieces(self, count: int) -> Iterable[int]:
        """Return the parts that so many bytes are to be taken in: one long wait would look like a silent server."""
        if self._limit is None:
            return (count,)
        return [min(count - start, PIECE) for start in range(0, count, PIECE)]

    async def take(self, count: int) -> None:
        """Wait as long as `count` bytes that came may take. What was not used before is not made up for."""
        if self._limit is None:
            return
        self._paid_until = max(self._paid_until, self._clock()) + count / self._limit
        if (delay := self._paid_until - self._clock()) > 0:
            await self._sleep(delay)
