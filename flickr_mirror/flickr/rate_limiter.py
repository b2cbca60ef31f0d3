"""The budget of API calls: per second, per hour, and during the pauses that Flickr requests."""

from __future__ import annotations

import time
from bisect import bisect_right
from contextlib import nullcontext
from enum import IntEnum
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, Protocol

import anyio

from flickr_mirror.flickr.backoff import Backoff
from flickr_mirror.models.sliding_window import HOUR, last_hour, seconds_until_free, seconds_until_sent
from flickr_mirror.models.timing import Timing
from flickr_mirror.steady_clock import steady_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

_RECHECK = 60
"""Seconds after which a wait for the hour's limit is recomputed: the clock, or another process, may have changed it."""


class Priority(IntEnum):
    """The order in which waiting calls are served; the lowest value comes first."""

    LISTING = 0
    SIZES = 1
    COMMENTS = 2
    DETAILS = 3


class CallPermit(NamedTuple):
    """The permission to send one call.

    `started` is the time by the budget's clock; `stamp` (UTC seconds) is the entry in the ledger.
    """

    started: float
    stamp: float


class CallLedger(Protocol):
    """Stores the times of the calls of the last hour, for all processes that use one key.

    A ledger may also have `stamps`, the sorted times in the hour before the latest `take`, and `give_back(stamp)`,
    which removes a call that was not sent.
    """

    @property
    def used(self) -> int:
        """How many calls there were in the hour before the latest `take`, this one included."""
        ...

    def take(self, now: float, calls_per_hour: int) -> float:
        """Record a call at `now` (UTC seconds) and return 0, or return the seconds until one is free."""
        ...


class MemoryLedger:
    """A ledger for one process: a sliding window of UTC stamps."""

    def __init__(self) -> None:
        self.stamps: list[float] = []

    @property
    def used(self) -> int:
        """How many calls there were in the hour before the latest `take`, this one included."""
        return len(self.stamps)

    def take(self, now: float, calls_per_hour: int) -> float:
        """Record a call at `now` and return 0, or return the seconds until one is free."""
        self.stamps = last_hour(self.stamps, now)
        delay = seconds_until_free(self.stamps, now, calls_per_hour)
        if not delay:
            self.stamps.append(now)
        return delay

    def give_back(self, stamp: float) -> None:
        """Remove a call that was not sent."""
        if stamp in self.stamps:
            self.stamps.remove(stamp)


class ApiBudget:
    """Limits the calls to Flickr's API: at most `calls_per_hour` in any hour, and `calls_per_second`.

    A more urgent call overtakes the waiting ones. While `others_have_work` returns true, calls for comments and
    details leave the last tenth of the hour to the others. `on_wait` is called with the seconds to wait when the calls
    of the hour are used up, `on_pause` when Flickr requests a pause, during which no call is sent.

    A budget can be used in one event loop after another: it holds no timer and no task. A caller that is
    cancelled while it waits uses no call.

    It has more than ten attributes because its clocks and callbacks are set one by one, by tests and by runs.
    """

    def __init__(
        self,
        calls_per_hour: int = 3600,
        calls_per_second: float = 10,
        *,
        ledger: CallLedger | None = None,
        timing: Timing = Timing(),
        clock: Callable[[], float] = time.monotonic,
        utc: Callable[[], float] = steady_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.calls_per_hour = calls_per_hour
        self._interval = 1 / calls_per_second
        self._ledger = ledger or MemoryLedger()
        self._clock = clock
        self._utc = utc
        self._sleep = sleep
        self._next_call = clock()
        self._backoff = Backoff(timing, clock=clock)
        self._waiting = [0] * len(Priority)
        self.others_have_work: Callable[[], bool] = lambda: False
        self.on_wait: Callable[[float], None] = lambda _: None
        self.on_pause: Callable[[float], None] = lambda _: None
        self._reported_until = clock()
        self._free_at: list[float] = []
        """When the callers that wait for the hour's limit may call, by the clock."""

    @property
    def used(self) -> int:
        """How many calls were sent in the last hour, by all processes that use the key, as far as is known."""
        stamps = self._stamps()
        return self._ledger.used if stamps is None else len(stamps)

    @property
    def waits(self) -> float:
        """In how many seconds the next call may be sent; 0 if no caller waits for the hour's limit."""
        return max(min(self._free_at, default=0) - self._clock(), 0)

    def seconds_for(self, calls: float) -> float:
        """Return the minimum time for a number of further calls, in seconds, with pauses and both limits."""
        count = ceil(calls)
        stamps = self._stamps() or ()
        now = self._utc() if stamps else 0.0
        seconds = seconds_until_sent(stamps, now, count, self.calls_per_hour, self._interval)
        return max(seconds, count * self._interval, self._backoff.left if count else 0)

    def _stamps(self) -> list[float] | None:
        stamps = getattr(self._ledger, "stamps", None)  # a custom ledger may lack them
        # before the first call the clock is not read, because that may lock a file
        return stamps[bisect_right(stamps, self._utc() - HOUR) :] if stamps else stamps

    @property
    def throttled_for(self) -> float:
        """For how many seconds Flickr has refused all calls, including the rest of the pause."""
        return self._backoff.throttled_for

    def record_throttling(self, started: float, retry_after: float | None = None) -> None:
        """Pause all calls, because one that `wait` permitted at `started` was refused."""
        if seconds := self._backoff.record_throttling(started, retry_after):
            self.on_pause(seconds)

    def record_success(self) -> None:
        """Record a call that was answered."""
        self._backoff.record_success()

    async def wait(self, priority: Priority = Priority.LISTING) -> float:
        """Wait until a call may be sent, count it, and return the time."""
        return (await self.take(priority)).started

    async def take(
        self,
        priority: Priority = Priority.LISTING,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> CallPermit:
        """Wait until a call may be sent, count it, and return what `give_back` needs.

        The long waits, for the hour's limit and for a pause, happen inside of the context that `waiting` returns.
        """
        self._waiting[priority] += 1
        try:
            while True:
                if (delay := self._backoff.left) > 0:
                    with waiting():
                        await self._sleep(delay)
                    continue
                if (delay := self._seconds_to_next_call(priority)) > 0:
                    await self._sleep(delay)
                    continue
                delay, stamp = await self._count(priority)
                if not delay:
                    break
                with waiting():
                    await self._wait_for_hour(delay)
        finally:
            self._waiting[priority] -= 1
        permit = CallPermit(self._clock(), stamp)
        try:
            while (delay := self._backoff.left) > 0:  # it began while the call was being counted
                with waiting():
                    await self._sleep(delay)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.give_back(permit)
            raise
        return permit._replace(started=self._clock())

    async def give_back(self, permit: CallPermit) -> None:
        """Remove a call from the count, because it was not sent."""
        if give_back := getattr(self._ledger, "give_back", None):  # a custom ledger may lack it
            await anyio.to_thread.run_sync(give_back, permit.stamp)

    async def _wait_for_hour(self, delay: float) -> None:
        self._report_wait(delay)
        free_at = self._clock() + delay
        self._free_at.append(free_at)
        try:
            await self._sleep(min(delay, _RECHECK))
        finally:
            self._free_at.remove(free_at)

    def _report_wait(self, delay: float) -> None:
        # once for all waiting callers, and again only if the wait is longer than reported
        if (until := self._clock() + delay) > self._reported_until + _RECHECK:
            self._reported_until = until
            self.on_wait(delay)

    def _seconds_to_next_call(self, priority: Priority) -> float:
        """Return 0 and take the slot of this interval, or return the seconds to wait for another one."""
        now = self._clock()
        if self._next_call > now:
            return self._next_call - now
        if any(self._waiting[:priority]):  # a more urgent call takes this slot
            return self._interval
        self._next_call = now + self._interval
        return 0

    async def _count(self, priority: Priority) -> tuple[float, float]:
        limit = self.calls_per_hour
        if priority >= Priority.COMMENTS and self.others_have_work():
            limit = max(limit * 9 // 10, 1)

        def take() -> tuple[float, float]:
            stamp = self._utc()  # in the thread as well, because the clock may read the ledger's file
            return self._ledger.take(stamp, limit), stamp

        return await anyio.to_thread.run_sync(take)
