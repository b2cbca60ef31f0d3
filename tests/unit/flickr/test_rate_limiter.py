"""The budget of API calls and the pauses of downloads, with a test clock."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.flickr.backoff import SUCCESSES_TO_RECOVER
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.flickr.rate_limiter import ApiBudget, MemoryLedger, Priority
from flickr_mirror.models.sliding_window import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

START = 1_700_000_000.0


class FakeTime:
    """A clock that advances to the next wake-up, and only if no task has work."""

    def __init__(self) -> None:
        self.now = START
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._count = 0

    def clock(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock has advanced by `seconds`."""
        event = anyio.Event()
        self._count += 1
        heappush(self._sleepers, (self.now + seconds, self._count, event))
        await event.wait()

    async def settle(self) -> None:
        """Run every task until it sleeps or ends."""
        threads = anyio.to_thread.current_default_thread_limiter()
        idle = 0
        while idle < 30:
            await anyio.lowlevel.checkpoint()
            idle = 0 if threads.borrowed_tokens else idle + 1

    async def pass_by(self, seconds: float) -> None:
        """Advance the clock by `seconds`, and wake sleepers in between."""
        end = self.now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.now, _, event = heappop(self._sleepers)
            event.set()
            await self.settle()
        self.now = end


@pytest.fixture
def time() -> FakeTime:
    """Return a clock that only the test advances."""
    return FakeTime()


def open_budget(time: FakeTime, calls_per_hour: int = 3600, calls_per_second: float = 10) -> ApiBudget:
    """Return a budget with the clock `time`."""
    return ApiBudget(calls_per_hour, calls_per_second, clock=time.clock, utc=time.clock, sleep=time.sleep)


async def call(
    budget: ApiBudget,
    time: FakeTime,
    calls: list[tuple[float, Priority]],
    priority: Priority = Priority.LISTING,
    times: int = 1,
) -> None:
    """Make calls one after the other, and record the times."""
    for _ in range(times):
        await budget.wait(priority)
        calls.append((time.now, priority))


def most_within(stamps: Sequence[float], seconds: float) -> int:
    """Return the largest number of stamps within this number of seconds."""
    return max(sum(first <= stamp < first + seconds for stamp in stamps) for first in stamps)


@given(st.integers(1, 12), st.lists(st.floats(0, 900, allow_nan=False), min_size=1, max_size=150))
def test_no_hour_holds_more_calls_than_allowed(calls_per_hour: int, steps: list[float]) -> None:
    """For any sequence of calls, no hour has more than the key allows."""
    ledger, now, granted = MemoryLedger(), START, []
    for step in steps:
        now += step
        if not ledger.take(now, calls_per_hour):
            granted.append(now)

    assert granted
    assert most_within(granted, HOUR - 0.01) <= calls_per_hour


@given(st.integers(1, 8), st.lists(st.floats(0, 600, allow_nan=False), max_size=60))
def test_a_ledger_states_the_wait_and_allows_the_call_after_it(
    calls_per_hour: int, steps: list[float]
) -> None:
    """A caller may call after the stated time, and not earlier."""
    ledger, now = MemoryLedger(), START
    for step in steps:
        now += step
        delay = ledger.take(now, calls_per_hour)
        if delay > 1:
            assert ledger.take(now + delay - 1, calls_per_hour) > 0
        if delay:
            now += delay + 0.001
            assert ledger.take(now, calls_per_hour) == 0


def test_a_clock_set_back_does_not_block_calls_for_long() -> None:
    """Calls recorded in the future do not count, so a wrong clock never blocks a run for years."""
    ledger = MemoryLedger()
    for _ in range(5):
        assert ledger.take(START + 1e9, 5) == 0
    assert ledger.take(START + 1e9, 5) > 0

    assert ledger.take(START, 5) == 0


async def test_a_run_uses_the_whole_hour_and_not_one_call_more(time: FakeTime) -> None:
    """A run with many workers gets exactly its calls in every hour."""
    budget, calls = open_budget(time, calls_per_hour=20), list[tuple[float, Priority]]()
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(call, budget, time, calls, Priority.SIZES, 10)
        await time.pass_by(HOUR - 1)
        assert len(calls) == 20
        await time.pass_by(HOUR)
        assert len(calls) == 40
        await time.pass_by(HOUR)

    assert len(calls) == 60
    assert most_within([stamp for stamp, _ in calls], HOUR - 0.01) == 20


async def test_calls_are_spread_over_the_second(time: FakeTime) -> None:
    """With any number of workers, no second has more calls than allowed."""
    budget, calls = open_budget(time, calls_per_second=4), list[tuple[float, Priority]]()
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(call, budget, time, calls, Priority.SIZES, 5)
        await time.pass_by(60)

    assert len(calls) == 40
    assert most_within([stamp for stamp, _ in calls], 0.99) <= 4


async def test_calls_after_a_wait_for_the_hour_are_spread(time: FakeTime) -> None:
    """When an hour's calls expire all at once, new ones are still spread over the seconds."""
    budget = open_budget(time, calls_per_hour=10, calls_per_second=2)
    calls: list[tuple[float, Priority]] = []
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            budget._ledger.take(time.now, 10)
        for _ in range(10):
            tasks.start_soon(call, budget, time, calls)
        await time.pass_by(2 * HOUR)

    assert len(calls) == 10
    assert most_within([stamp for stamp, _ in calls], 0.99) <= 2


async def test_an_urgent_call_overtakes_waiting_ones(time: FakeTime) -> None:
    """A page of the listing does not wait behind hundreds of comments."""
    budget, calls = open_budget(time, calls_per_second=1), list[tuple[float, Priority]]()
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(call, budget, time, calls, Priority.COMMENTS)
        await time.pass_by(3)
        before = len(calls)
        tasks.start_soon(call, budget, time, calls, Priority.LISTING)
        tasks.start_soon(call, budget, time, calls, Priority.SIZES)
        await time.pass_by(60)

    order = [priority for _, priority in calls]
    assert 0 < before < 6
    assert order[before : before + 2] == [Priority.LISTING, Priority.SIZES]


@pytest.mark.slow
async def test_an_urgent_call_overtakes_those_waiting_for_the_hour(time: FakeTime) -> None:
    """The first call of a new hour goes to the listing, not to comments that have waited longer."""
    budget, calls = open_budget(time, calls_per_hour=1), list[tuple[float, Priority]]()
    async with anyio.create_task_group() as tasks:
        budget._ledger.take(time.now, 1)
        tasks.start_soon(call, budget, time, calls, Priority.COMMENTS)
        await time.pass_by(HOUR / 2)
        tasks.start_soon(call, budget, time, calls, Priority.LISTING)
        await time.pass_by(2 * HOUR)

    assert [priority for _, priority in calls] == [Priority.LISTING, Priority.COMMENTS]


@pytest.mark.parametrize("priority", [Priority.COMMENTS, Priority.DETAILS])
@pytest.mark.parametrize(("others_have_work", "expected"), [(True, 18), (False, 20)])
async def test_comments_leave_the_last_tenth_to_others(
    time: FakeTime, others_have_work: bool, expected: int, priority: Priority
) -> None:
    """Comments and details never use up the hour while images wait for calls, and use all of it when none do."""
    budget, calls = open_budget(time, calls_per_hour=20), list[tuple[float, Priority]]()
    budget.others_have_work = lambda: others_have_work
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, budget, time, calls, priority, 30)
        await time.pass_by(HOUR - 1)
        assert len(calls) == expected
        tasks.start_soon(call, budget, time, calls, Priority.SIZES, 30)
        await time.pass_by(0.9)
        tasks.cancel_scope.cancel()

    assert len(calls) == 20


async def test_a_pause_delays_all_calls(time: FakeTime) -> None:
    """During a pause that Flickr requests no call is made, and the success of an earlier call does not end it."""
    budget, calls = open_budget(time), list[tuple[float, Priority]]()
    budget.record_throttling(time.now, 60)
    budget.record_throttling(time.now, 5)
    async with anyio.create_task_group() as tasks:
        for priority in Priority:
            tasks.start_soon(call, budget, time, calls, priority)
        await time.pass_by(59)
        assert not calls
        await time.pass_by(5)

    assert len(calls) == len(Priority)


async def test_a_pause_delays_calls_that_wait_for_the_hour(time: FakeTime) -> None:
    """A pause that Flickr requests while the hour is used up is obeyed too."""
    budget, calls = open_budget(time, calls_per_hour=1), list[tuple[float, Priority]]()
    async with anyio.create_task_group() as tasks:
        budget._ledger.take(time.now, 1)
        tasks.start_soon(call, budget, time, calls)
        await time.pass_by(HOUR - 10)
        budget.record_throttling(time.now, 100)
        await time.pass_by(HOUR)

    assert [stamp >= START + HOUR + 90 for stamp, _ in calls] == [True]


async def test_a_cancelled_wait_uses_no_call(time: FakeTime) -> None:
    """A stopped run that waits uses no call of the next one, and delays no other run."""
    budget, calls = open_budget(time, calls_per_hour=5), list[tuple[float, Priority]]()
    budget.record_throttling(time.now, 10)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(call, budget, time, calls)
        await time.pass_by(5)
        tasks.cancel_scope.cancel()
    assert not calls

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, budget, time, calls, Priority.COMMENTS, 5)
        await time.pass_by(30)

    assert len(calls) == 5


async def test_a_wait_for_the_hour_is_announced(time: FakeTime) -> None:
    """The wait is reported once per hour, for any number of waiting tasks."""
    budget, waits = open_budget(time, calls_per_hour=1), list[float]()
    budget.on_wait = waits.append
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(call, budget, time, list[tuple[float, Priority]](), Priority.SIZES, 2)
        await time.pass_by(1)
        assert waits == [pytest.approx(HOUR, abs=1)]
        await time.pass_by(HOUR / 2)
        assert waits == [pytest.approx(HOUR, abs=1)]
        await time.pass_by(9 * HOUR)
    assert len(waits) == 7


def test_a_budget_outlives_event_loops() -> None:
    """The blocking classes, which run one loop for each call, are paced over all of them."""
    now = [START]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    budget = ApiBudget(100, 1, clock=lambda: now[0], utc=lambda: now[0], sleep=sleep)
    for _ in range(5):
        anyio.run(budget.wait)

    assert now[0] >= START + 3


def open_slots(time: FakeTime, parallel: int = 8) -> tuple[DownloadSlots, list[float]]:
    """Return download slots with the clock `time`, and the list of their pauses."""
    slots, pauses = DownloadSlots(parallel, clock=time.clock, sleep=time.sleep), list[float]()
    slots.on_pause = pauses.append
    return slots, pauses


def burst(
    slots: DownloadSlots, time: FakeTime, pauses: list[float], retry_after: float | None = None
) -> float:
    """Start a download after all pauses, refuse it, and return the length of the new pause."""
    time.now += sum(pauses) + 1
    slots.record_throttling(time.now, retry_after)
    return pauses[-1]


def test_a_burst_of_refusals_is_one_pause(time: FakeTime) -> None:
    """Sixteen downloads refused at once cause one pause of 5 seconds, not sixteen doublings."""
    slots, pauses = open_slots(time, parallel=16)
    time.now += 1
    started = time.now
    for _ in range(16):
        time.now += 0.1
        slots.record_throttling(started)

    assert pauses == [5]
    assert slots.parallel == 8


def test_pauses_double_up_to_a_quarter_of_an_hour(time: FakeTime) -> None:
    """Requests to a server that keeps refusing become rarer, but at least one is made every 15 minutes."""
    slots, pauses = open_slots(time)
    for _ in range(10):
        burst(slots, time, pauses)

    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_good_images_reset_the_pause(time: FakeTime) -> None:
    """After 20 good images the next pause is 5 seconds again, after 19 it is not."""
    slots, pauses = open_slots(time)
    burst(slots, time, pauses)
    burst(slots, time, pauses)
    for _ in range(SUCCESSES_TO_RECOVER - 1):
        slots.record_success()
    assert burst(slots, time, pauses) == 20

    for _ in range(SUCCESSES_TO_RECOVER):
        slots.record_success()
    assert burst(slots, time, pauses) == 5


def test_fewer_downloads_run_after_a_pause_and_more_after_good_images(time: FakeTime) -> None:
    """A throttled run continues with half the downloads, at least one, and returns to all of them."""
    slots, pauses = open_slots(time, parallel=8)
    seen = []
    for _ in range(5):
        burst(slots, time, pauses)
        seen.append(slots.parallel)
    assert seen == [4, 2, 1, 1, 1]

    for _ in range(SUCCESSES_TO_RECOVER * 3):
        slots.record_success()
    assert slots.parallel == 4
    for _ in range(SUCCESSES_TO_RECOVER * 30):
        slots.record_success()
    assert slots.parallel == 8


def test_a_pause_that_the_server_states_is_obeyed(time: FakeTime) -> None:
    """A Retry-After longer than the computed pause is obeyed, a shorter one does not shorten it."""
    slots, pauses = open_slots(time)

    assert burst(slots, time, pauses, retry_after=60) == 60
    assert burst(slots, time, pauses, retry_after=1) == 10


async def test_no_download_runs_during_a_pause(time: FakeTime) -> None:
    """All downloads wait for the end of the pause, not only the one that was refused."""
    slots, _ = open_slots(time)
    started: list[float] = []

    async def download() -> None:
        async with slots as begin:
            started.append(begin)

    slots.record_throttling(time.now)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(download)
        await time.pass_by(4.9)
        assert not started
        await time.pass_by(1)
        tasks.cancel_scope.cancel()  # a longer pause is an error, not an endless test

    assert started == [START + 5] * 3


async def test_no_more_downloads_run_than_slots(time: FakeTime) -> None:
    """The number of parallel downloads never exceeds the limit, also after it was lowered."""
    slots, _ = open_slots(time, parallel=4)
    running, most = 0, [0]

    async def download() -> None:
        nonlocal running
        async with slots:
            running += 1
            most.append(running)
            await time.sleep(10)
            running -= 1

    async with anyio.create_task_group() as tasks:
        for _ in range(12):
            tasks.start_soon(download)
        await time.pass_by(9)
        assert max(most) == running == 4
        slots.record_throttling(time.now)
        most.clear()
        await time.pass_by(60)

    assert max(most) == 2


async def test_a_download_cancelled_during_a_pause_releases_its_slot(time: FakeTime) -> None:
    """Stopping a run in a pause blocks no slot."""
    slots, _ = open_slots(time, parallel=1)
    slots.record_throttling(time.now)

    async def download() -> None:
        async with slots:
            pytest.fail("the pause is not over")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(download)
        await time.pass_by(1)
        tasks.cancel_scope.cancel()
    time.now += 10

    with anyio.fail_after(5):
        async with slots as begin:
            assert begin == START + 11
