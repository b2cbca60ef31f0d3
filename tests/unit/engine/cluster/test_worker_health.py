"""The choice of workers that get errands, and pauses of all workers."""

from __future__ import annotations

import pytest

from flickr_mirror.engine.cluster.worker_health import STRIKES, THROTTLE_WINDOW, WorkerHealth

REST = 3600.0


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that does not advance by itself."""
    return Clock()


@pytest.fixture
def health(clock: Clock) -> WorkerHealth:
    """Return the health of four workers."""
    health = WorkerHealth(REST, clock)
    health.update("abcd")
    return health


def test_workers_that_leave_are_counted(health: WorkerHealth) -> None:
    """A worker that joins again is a new one."""
    assert health.update("abce") == ["e"]
    assert (len(health), health.lost) == (4, 1)
    assert health.update("abcde") == ["d"]
    assert (len(health), health.lost) == (5, 1)


def test_a_worker_that_gives_up_errands_in_a_row_rests(health: WorkerHealth, clock: Clock) -> None:
    """It gets errands again after the rest. A success in between restarts the count."""
    for _ in range(STRIKES - 1):
        assert not health.record_failure("a", is_throttled=False)
    health.record_images("a", 1)
    outcomes = [health.record_failure("a", is_throttled=False) for _ in range(STRIKES)]
    assert outcomes == [False] * (STRIKES - 1) + [True]
    assert health.usable == ["b", "c", "d"]
    clock.now += REST
    assert health.usable == ["a", "b", "c", "d"]


def test_a_worker_that_is_throttled_for_too_long_rests_at_once(health: WorkerHealth) -> None:
    """It has waited for its time limit before it gave up."""
    assert health.record_failure("b", is_throttled=True)
    assert health.usable == ["a", "c", "d"]


def test_the_last_usable_worker_never_rests(health: WorkerHealth) -> None:
    """Otherwise the run could neither continue nor detect that its connection is lost."""
    for worker in "abc":
        assert health.record_failure(worker, is_throttled=True)
    assert not health.record_failure("d", is_throttled=True)
    assert health.usable == ["d"]


def test_an_excluded_worker_gets_no_errands_as_long_as_it_stays(health: WorkerHealth, clock: Clock) -> None:
    """For example, it has another version."""
    health.exclude("c")
    clock.now += 10 * REST
    assert health.usable == ["a", "b", "d"]


def test_if_more_than_half_of_the_workers_are_throttled_all_pause(health: WorkerHealth, clock: Clock) -> None:
    """Then Flickr throttles the mirror, not an address. Old refusals do not count."""
    assert not health.record_pause("a", 5)
    assert not health.record_pause("b", 5)
    assert not health.record_pause("a", 5)
    assert health.record_pause("c", 5)
    assert health.throttled == 3
    clock.now += THROTTLE_WINDOW + 1
    assert health.throttled == 0
    assert not health.record_pause("d", 5)


def test_if_all_workers_rest_they_are_used(health: WorkerHealth) -> None:
    """The only worker that did not rest was lost."""
    for worker in "abc":
        health.record_failure(worker, is_throttled=True)
    health.update("abc")
    assert health.usable == ["a", "b", "c"]


def test_a_single_worker_pauses_by_itself(clock: Clock) -> None:
    """There are no others to stop."""
    health = WorkerHealth(REST, clock)
    health.update("a")
    assert not health.record_pause("a", 5)


def test_workers_that_are_always_throttled_together_are_named_once(
    health: WorkerHealth, clock: Clock
) -> None:
    """Workers that are throttled at different times are not named."""
    for _ in range(3):
        health.record_pause("a", 5)
        clock.now += 2
        health.record_pause("b", 5)
        clock.now += 60
    assert health.newly_paired() == [("a", "b")]
    assert health.newly_paired() == []


def test_if_all_workers_are_throttled_no_two_are_named(health: WorkerHealth) -> None:
    """Then Flickr throttles every address."""
    for _ in range(3):
        for worker in "abc":
            health.record_pause(worker, 5)
    assert health.newly_paired() == []


def test_the_rate_of_a_worker_is_that_of_the_last_minute(health: WorkerHealth, clock: Clock) -> None:
    """Thirty images in ten seconds are three per second."""
    for _ in range(10):
        clock.now += 1
        health.record_images("a", 3)
    assert health.rates["a"] == pytest.approx(3, rel=0.2)
    assert health.rates["b"] == 0


def test_workers_on_one_machine_are_named_when_one_of_them_joins(clock: Clock) -> None:
    """The names of workers in one process have no host."""
    health = WorkerHealth(REST, clock)
    new = health.update(["tcp://10.0.0.1:1", "tcp://10.0.0.1:2", "tls://10.0.0.2:1", "inproc"])
    assert health.on_one_host(new) == [["tcp://10.0.0.1:1", "tcp://10.0.0.1:2"]]
    assert (
        health.on_one_host(health.update(["tcp://10.0.0.1:1", "tcp://10.0.0.1:2", "tcp://10.0.0.3:1"])) == []
    )
