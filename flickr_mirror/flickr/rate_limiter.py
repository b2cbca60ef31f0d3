"""How often Flickr may be asked: the budget of API calls, and the pause after "too many requests"."""

from __future__ import annotations

import time
from bisect import bisect_right
from contextlib import nullcontext
from enum import IntEnum
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, Protocol

import anyio

from flickr_mirror.models.sliding_window import HOUR, last_hour, seconds_until_free, seconds_until_sent
from flickr_mirror.steady_clock import steady_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

ENOUGH_GOOD = 20
FIRST_PAUSE = 5.0
"""The first pause after "too many requests", in seconds."""
LONGEST_PAUSE = 900.0


class Priority(IntEnum):
    """Who is served first when calls are scarce."""

    LISTING = 0
    SIZES = 1
    COMMENTS = 2


class Turn(NamedTuple):
    """Permission to make one call: `started` is by the budget's clock, `stamp` (UTC seconds) is how it is counted."""

    started: float
    stamp: float


class CallLedger(Protocol):
    """Where the times of the calls of the last hour are kept, for all processes that use one key.

    A ledger may also have `stamps`, the sorted times in the hour before the latest `take`, and `give_back(stamp)`,
    which removes a call that was not sent.
    """

    @property
    def used(self) -> int:
        """How many calls there were in the hour before the latest `take`, this one included."""
        ...

    def take(self, now: float, calls_per_hour: int) -> float:
        """Note a call at `now` (UTC seconds) and return 0, or return the seconds until one is free."""
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
        """Note a call at `now` and return 0, or return the seconds until one is free."""
        self.stamps = last_hour(self.stamps, now)
        delay = seconds_until_free(self.stamps, now, calls_per_hour)
        if not delay:
            self.stamps.append(now)
        return delay

    def give_back(self, stamp: float) -> None:
        """Remove a call that was not sent."""
        if stamp in self.stamps:
            self.stamps.remove(stamp)


class Pause:
    """The pause that all who ask a server share while it answers "too many requests".

    The first lasts `first` seconds, each further one twice as long up to `longest`, or as long as the server
    says; 20 good answers make it `first` again. However many requests are refused at once, it is one pause.
    """

    def __init__(
        self,
        *,
        first: float | None = None,
        longest: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first = self._length = FIRST_PAUSE if first is None else first
        self._longest = LONGEST_PAUSE if longest is None else longest
        self._clock = clock
        self._until = clock()
        self._since: float | None = None
        self._good = 0

    @property
    def left(self) -> float:
        """How many seconds of the pause are left, 0 or less where there is none."""
        return self._until - self._clock()

    @property
    def throttled_for(self) -> float:
        """How long nothing but refusals came, the pause that is left included, in seconds."""
        return 0 if self._since is None else self._until - self._since

    def refused(self, started: float, retry_after: float | None = None) -> float:
        """Note that what was asked at `started` was refused; return how long the pause is that begins.

        It is 0 where `started` is before the latest pause: that belongs to the same burst, and changes nothing.
        """
        now = self._clock()
        if started < self._until:
            return 0
        if self._since is None or now > self._until + self._longest:  # nobody asked for a long time
            self._since = now
        seconds = min(max(self._length, retry_after or 0.0), self._longest)
        self._until = now + seconds
        self._length = min(self._length * 2, self._longest)
        return seconds

    def record_success(self) -> bool:
        """Note a good answer; return whether it is the last of 20."""
        self._since = None
        self._good = (self._good + 1) % ENOUGH_GOOD
        if not self._good:
            self._length = self._first
        return not self._good


class ApiBudget:
    """Paces the calls to Flickr's API: at most `calls_per_hour` in any hour and `calls_per_second`.

    A more urgent call overtakes the waiting ones. Comments leave the last tenth of the hour to others as
    long as `others_have_work` says that there are any. `on_wait` is told in seconds when the hour's calls are
    used up, `on_pause` when Flickr asked for a pause, in which nobody calls. It holds no timer, task or event
    loop, so it outlives loops. A caller that is cancelled while it waits costs no call.
    """

    def __init__(
        self,
        calls_per_hour: int = 3600,
        calls_per_second: float = 10,
        *,
        ledger: CallLedger | None = None,
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
        self._next = clock()
        self._pause = Pause(clock=clock)
        self._waiting = [0] * len(Priority)
        self.others_have_work: Callable[[], bool] = lambda: False
        self.on_wait: Callable[[float], None] = lambda _: None
        self.on_pause: Callable[[float], None] = lambda _: None
        self._told_until = clock()
        self._free_at: list[float] = []
        """When those who wait for the hour may call, by the clock."""

    @property
    def used(self) -> int:
        """How many calls were sent in the last hour, by all processes that use the key, as far as is known."""
        stamps = self._stamps()
        return self._ledger.used if stamps is None else len(stamps)

    @property
    def waits(self) -> float:
        """In how many seconds the next call may be made, 0 where no caller waits for the hour."""
        return max(min(self._free_at, default=0) - self._clock(), 0)

    def seconds_for(self, calls: float) -> float:
        """Return how long so many more calls take at least, in seconds: with pauses, the pace, and the hour's limit."""
        count = ceil(calls)
        stamps = self._stamps() or ()
        now = self._utc() if stamps else 0.0
        seconds = seconds_until_sent(stamps, now, count, self.calls_per_hour, self._interval)
        return max(seconds, count * self._interval, self._pause.left if count else 0)

    def _stamps(self) -> list[float] | None:
        stamps = getattr(self._ledger, "stamps", None)  # a ledger of the caller's own may lack them
        # before the first call the clock is not read, because that may lock a file
        return stamps[bisect_right(stamps, self._utc() - HOUR) :] if stamps else stamps

    @property
    def throttled_for(self) -> float:
        """How long Flickr has refused all calls, the pause that is left included, in seconds."""
        return self._pause.throttled_for

    def record_throttling(self, started: float, retry_after: float | None = None) -> None:
        """Let nobody call for a while, because a call that `wait` let go at `started` was refused."""
        if seconds := self._pause.refused(started, retry_after):
            self.on_pause(seconds)

    def record_success(self) -> None:
        """Note a call that was answered."""
        self._pause.record_success()

    async def wait(self, priority: Priority = Priority.LISTING) -> float:
        """Return when a call may be made, and at which time that is; it is counted then."""
        return (await self.take(priority)).started

    async def take(
        self,
        priority: Priority = Priority.LISTING,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Turn:
        """Return like `wait`, with what `give_back` needs.

        Each wait for the hour or for a pause, which are long, is inside of what `waiting` returns.
        """
        self._waiting[priority] += 1
        try:
            while True:
                if (delay := self._pause.left) > 0:
                    with waiting():
                        await self._sleep(delay)
                    continue
                if (delay := self._pace(priority)) > 0:
                    await self._sleep(delay)
                    continue
                delay, stamp = await self._count(priority)
                if not delay:
                    break
                with waiting():
                    await self._wait_for_hour(delay)
        finally:
            self._waiting[priority] -= 1
        turn = Turn(self._clock(), stamp)
        try:
            while (delay := self._pause.left) > 0:  # it began while the call was being counted
                with waiting():
                    await self._sleep(delay)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.give_back(turn)
            raise
        return turn._replace(started=self._clock())

    async def give_back(self, turn: Turn) -> None:
        """Count a call no more, because it was not sent."""
        if give_back := getattr(self._ledger, "give_back", None):  # a ledger of the caller's own may lack it
            await anyio.to_thread.run_sync(give_back, turn.stamp)

    async def _wait_for_hour(self, delay: float) -> None:
        self._tell_wait(delay)
        free_at = self._clock() + delay
        self._free_at.append(free_at)
        try:
            # in slices, so that a clock that is set, or another process, is noticed
            await self._sleep(min(delay, 60))
        finally:
            self._free_at.remove(free_at)

    def _tell_wait(self, delay: float) -> None:
        # once for all callers who wait, and again only where it lasts longer than was said
        if (until := self._clock() + delay) > self._told_until + 60:
            self._told_until = until
            self.on_wait(delay)

    def _pace(self, priority: Priority) -> float:
        now = self._clock()
        if self._next > now:
            return self._next - now
        if any(self._waiting[:priority]):  # somebody more urgent wants this slot
            return self._interval
        self._next = now + self._interval
        return 0

    async def _count(self, priority: Priority) -> tuple[float, float]:
        limit = self.calls_per_hour
        if priority is Priority.COMMENTS and self.others_have_work():
            limit = max(limit * 9 // 10, 1)

        def take() -> tuple[float, float]:
            stamp = self._utc()  # in the thread, too, because that may look into the ledger
            return self._ledger.take(stamp, limit), stamp

        return await anyio.to_thread.run_sync(take)
