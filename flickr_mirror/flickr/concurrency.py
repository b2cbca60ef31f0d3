"""How many images are downloaded at once: adapted to the servers, and halved when they refuse."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.flickr.backoff import Backoff
from flickr_mirror.flickr.bandwidth import Pacer
from flickr_mirror.flickr.interruption import InterruptibleWaits, StoppedError
from flickr_mirror.models.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

INITIAL_LEVEL = 4
"""The number of parallel downloads that a run begins with."""
MIN_GAIN = 1.05
"""The factor by which more downloads must raise the bytes per second to be kept."""
FIRST_REST = 10.0
LONGEST_REST = 300.0
"""Seconds until more downloads are tried again after they did not help."""


@dataclass(slots=True)
class _Measurement:
    """The bytes and images that arrived since the time `started`."""

    started: float
    bytes: int = 0
    images: int = 0
    responses: int = 0
    latency: float = 0.0
    """The sum of the seconds that servers took to respond."""


class AdaptiveConcurrency:
    """Finds the number of parallel downloads above which more do not help.

    While half as many more downloads raise the bytes per second, the level rises. When they do not, it returns to
    the last level that did, and rests. When servers respond twice as slowly while fewer bytes arrive, the level
    drops by a quarter. A measurement counts only if downloads waited for a slot throughout.
    """

    def __init__(
        self,
        least: int,
        most: int,
        timing: Timing = Timing(),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._least = least
        self._most = most
        self._window = timing.throughput_window
        self._clock = clock
        self.level = min(max(INITIAL_LEVEL, least), most)
        self._best_level = self.level
        """The highest level that raised the bytes per second."""
        self._best_rate = 0.0
        """Bytes per second at that level."""
        self._best_latency = 0.0
        """Seconds until servers responded at that level."""
        self._rest = FIRST_REST
        self._rests_until = clock()
        self._measured = _Measurement(clock())

    def record_latency(self, seconds: float) -> None:
        """Record how long a server took to respond."""
        self._measured.responses += 1
        self._measured.latency += seconds

    def record_bytes(self, count: int) -> None:
        """Record received bytes."""
        self._measured.bytes += count

    def record_image(self, *, is_full: bool) -> None:
        """Record a complete image; `is_full` is whether other downloads wait for a slot."""
        if not is_full:
            self.restart()
            return
        measured = self._measured
        measured.images += 1
        elapsed = self._clock() - measured.started
        if elapsed < self._window or measured.images < 2 * self.level:
            return
        self._adapt(measured.bytes / elapsed, measured.latency / max(measured.responses, 1))
        self.restart()

    def restart(self) -> None:
        """Discard the current measurement and begin another one."""
        self._measured = _Measurement(self._clock())

    def _adapt(self, rate: float, latency: float) -> None:
        if self.level > self._best_level and rate < self._best_rate * MIN_GAIN:
            self.level = self._best_level
            self._rests_until = self._clock() + self._rest
            self._rest = min(self._rest * 2, LONGEST_REST)
            return
        has_slowed = rate < self._best_rate / MIN_GAIN and latency > 2 * self._best_latency > 0
        if self.level == self._best_level and has_slowed:
            self.level = self._best_level = max(self._least, self.level * 3 // 4)
            self._rests_until = self._clock() + self._rest
        elif self.level > self._best_level:
            self._best_level = self.level
            self._rest = FIRST_REST
        self._best_rate, self._best_latency = rate, latency
        if self._clock() >= self._rests_until:
            self.level = min(self.level + max(self.level // 2, 1), self._most)


class _BusyTime:
    """How long at least one download was running."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running = 0
        self._since = 0.0
        self.seconds = 0.0

    def start(self) -> float:
        now = self._clock()
        if not self._running:
            self._since = now
        self._running += 1
        return now

    def end(self) -> None:
        self._running -= 1
        if not self._running:
            self.seconds += self._clock() - self._since


class DownloadSlots:
    """The slots of all downloads, and the pause that they share when the image servers refuse.

    Flickr's image servers answer 429 independently of the API's limit, and do not send how long to wait
    (gallery-dl#8297). After a pause half as many slots are left, even below `least`; each 20 good images add one.
    Otherwise `AdaptiveConcurrency` finds a number between `least` and `most`. At most `per_second` downloads start in
    a second.
    """

    def __init__(
        self,
        most: int,
        least: int | None = None,
        *,
        per_second: float | None = None,
        timing: Timing = Timing(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.most = most
        """The maximum number of parallel downloads."""
        self._pacer = Pacer(per_second, clock)
        self._ceiling = most
        self._adaptive = AdaptiveConcurrency(most if least is None else least, most, timing, clock=clock)
        self._slots = anyio.CapacityLimiter(self._adaptive.level)
        self._backoff = Backoff(timing, clock=clock)
        self._sleep = sleep
        self._waits = InterruptibleWaits()
        self._busy = _BusyTime(clock)
        self.on_pause: Callable[[float], None] = lambda _: None

    @property
    def parallel(self) -> int:
        """How many downloads may run at once now."""
        return int(min(self._slots.total_tokens, self.most))

    @property
    def throttled_for(self) -> float:
        """For how many seconds the servers have refused all downloads, including the rest of the pause."""
        return self._backoff.throttled_for

    @property
    def seconds(self) -> float:
        """For how many seconds at least one image was being downloaded."""
        return self._busy.seconds

    async def __aenter__(self) -> float:
        """Wait for a slot and for the end of the pause; return the time at which the download starts.

        Raises `StoppedError` after `close`.
        """
        try:
            self._slots.acquire_nowait()  # `acquire` yields to all other tasks even if a slot is free
        except anyio.WouldBlock:
            await self._slots.acquire()
        try:
            self.check_open()
            if (delay := self._pacer.delay(1)) > 0:
                with self._waits.waiting():
                    await self._sleep(delay)
            while (delay := self._backoff.left) > 0:
                with self._waits.waiting():
                    await self._sleep(delay)
        except BaseException:
            self._slots.release()
            raise
        return self._busy.start()

    async def __aexit__(self, *_: object) -> None:
        self._busy.end()
        self._slots.release()

    def check_open(self) -> None:
        """Raise `StoppedError` after `close`."""
        if self._waits.is_stopped:
            raise StoppedError("The run was asked to stop.")

    def close(self) -> None:
        """Start no more downloads, including those that wait for a slot or for the end of the pause."""
        self._waits.stop()
        self._set_slots()

    def record_latency(self, seconds: float) -> None:
        """Record how long a server took to respond."""
        self._adaptive.record_latency(seconds)

    def record_bytes(self, count: int) -> None:
        """Record received bytes."""
        self._adaptive.record_bytes(count)

    def record_throttling(self, started: float, retry_after: float | None = None) -> None:
        """Pause all downloads because one that started at `started` was refused."""
        if seconds := self._backoff.record_throttling(started, retry_after):
            self._ceiling = max(self.parallel // 2, 1)
            self._adaptive.restart()
            self._set_slots()
            self.on_pause(seconds)

    def limit(self, per_second: float | None) -> None:
        """Change how many downloads may start in a second."""
        self._pacer.rate = per_second

    def pause(self, seconds: float) -> None:
        """Start no download for some seconds, because another machine was refused. The number of slots stays."""
        self._backoff.wait_for(seconds)

    def record_success(self) -> None:
        """Record a complete image."""
        if self._backoff.record_success():
            self._ceiling = min(self._ceiling + 1, self.most)
        # a level above the ceiling is not in use, so it cannot be measured
        is_full = self._adaptive.level <= self._ceiling and self._slots.statistics().tasks_waiting > 0
        self._adaptive.record_image(is_full=is_full)
        self._set_slots()

    def _set_slots(self) -> None:
        # after `close` every waiting task gets a slot, so that it can raise StoppedError
        is_closed = self._waits.is_stopped
        self._slots.total_tokens = inf if is_closed else min(self._adaptive.level, self._ceiling)
