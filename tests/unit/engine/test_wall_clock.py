"""The time of day at which a run ends, also after changes of the clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from datetime import time as time_of_day
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import typer

from flickr_mirror.cli.options import parsing
from flickr_mirror.engine.wall_clock import next_moment, wait_until
from flickr_mirror.models.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
"""Summer time from 02:00 on the last Sunday of March to 03:00 on the last one of October."""

LONGEST_NAP = Timing().clock_check


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Set the local time zone until the end of the test."""

    def install(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield install
    monkeypatch.undo()
    time.tzset()


def utc(text: str) -> float:
    """Return the moment of a UTC time, in seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "at", "expected"),
    [
        ("2026-01-10T20:00", "07:00", "2026-01-11T06:00"),
        ("2026-01-10T03:00", "07:00", "2026-01-10T06:00"),
        ("2026-01-10T06:00", "07:00", "2026-01-11T06:00"),
        ("2026-01-10T22:59", "00:00", "2026-01-10T23:00"),
        ("2026-12-31T12:00", "07:00", "2027-01-01T06:00"),
        # an hour less at the change to summer time, an hour more at the change back
        ("2026-03-28T20:00", "07:00", "2026-03-29T05:00"),
        ("2026-10-24T20:00", "07:00", "2026-10-25T06:00"),
        # 02:30 does not exist in March, and comes twice in October
        ("2026-03-28T20:00", "02:30", "2026-03-29T01:30"),
        ("2026-10-24T20:00", "02:30", "2026-10-25T00:30"),
        ("2026-10-25T00:45", "02:30", "2026-10-25T01:30"),
        ("2026-10-25T01:45", "02:30", "2026-10-26T01:30"),
    ],
)
def test_the_next_time_of_day(in_zone: Callable[[str], None], now: str, at: str, expected: str) -> None:
    """It is the first moment after now at which local clocks show that time, also if they are changed."""
    in_zone(BERLIN)
    moment = next_moment(time_of_day.fromisoformat(at), utc(now))
    assert moment.timestamp() == utc(expected)
    assert moment.tzinfo is not None


class Clock:
    """A wall clock that advances while its reader sleeps, and can be set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float) -> None:
        self.now = now
        self.naps: list[float] = []
        self.changes: dict[int, float] = {}
        """The seconds by which the clock is set, by the number of the preceding nap."""
        monkeypatch.setattr("flickr_mirror.engine.wall_clock.time", SimpleNamespace(time=lambda: self.now))

    async def sleep(self, seconds: float) -> None:
        """Sleep so long."""
        self.naps.append(seconds)
        self.now += seconds + self.changes.get(len(self.naps), 0)


@pytest.mark.parametrize(
    ("change", "slept"),
    [(0, 3600), (1800, 1800), (8 * 3600, 5 * LONGEST_NAP), (-7200, 3 * 3600)],
    ids=["undisturbed", "set forward", "suspended", "set back"],
)
async def test_a_sleep_ends_by_the_wall_clock(
    monkeypatch: pytest.MonkeyPatch, change: float, slept: float
) -> None:
    """A clock that is set, or a suspended machine, is detected within a nap."""
    clock = Clock(monkeypatch, 1_000_000.0)
    clock.changes = {5: change}
    await wait_until(datetime.fromtimestamp(1_003_600, UTC), clock.sleep, LONGEST_NAP)
    assert max(clock.naps) <= LONGEST_NAP
    assert sum(clock.naps) == pytest.approx(slept, abs=LONGEST_NAP)
    assert clock.now >= 1_003_600


async def test_a_past_moment_needs_no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function returns at once."""
    clock = Clock(monkeypatch, 1_000_000.0)
    await wait_until(datetime.fromtimestamp(999_999, UTC), clock.sleep, LONGEST_NAP)
    assert clock.naps == []


@pytest.mark.parametrize("text", ["07:00", "7:00", " 7:00 "])
def test_times_of_day_are_read(in_zone: Callable[[str], None], text: str) -> None:
    """Hours with and without a leading zero; the moment is within the next day."""
    in_zone(BERLIN)
    before = time.time()
    moment = parsing.time_of_day(text)
    assert moment.astimezone().strftime("%H:%M") == "07:00"
    assert before < moment.timestamp() <= time.time() + 25 * 3600


@pytest.mark.parametrize("text", ["7am", "7", "24:00", "07:60", "07:00:00", "", "7:0", "-1:00", "٠٧:٠٠"])
def test_other_times_are_refused(text: str) -> None:
    """The message states the expected format."""
    with pytest.raises(typer.BadParameter) as caught:
        parsing.time_of_day(text)
    assert caught.value.message == f"invalid time {text!r}: use hours and minutes, such as 07:00."
