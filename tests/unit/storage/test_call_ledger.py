"""The ledger of API calls: all runs with one key share one hour, despite clock changes and damaged files."""

from __future__ import annotations

import array
import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror import Limits
from flickr_mirror.engine.shared_budget import shared_budget
from flickr_mirror.errors import CacheError
from flickr_mirror.flickr.rate_limiter import MemoryLedger
from flickr_mirror.models.sliding_window import HOUR
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage import call_ledger
from flickr_mirror.storage.call_ledger import CallLedgerFile
from tests.support.command import run

if TYPE_CHECKING:
    from pathlib import Path

START = 1_700_000_000.0


def test_a_ledger_is_shared_by_all_runs_with_one_key(tmp_path: Path) -> None:
    """Two runs with one key together make no more calls in an hour than the key allows."""
    one, two = (CallLedgerFile(tmp_path / "new" / "calls") for _ in range(2))
    granted = [ledger.take(1000.0 + second, 10) for second in range(10) for ledger in (one, two)]

    assert granted[:10] == [0] * 10
    assert all(
        delay == pytest.approx(1000 + 3600 - (1000 + 5 + n // 2)) for n, delay in enumerate(granted[10:])
    )
    assert two.take(1000.0 + 3600, 10) == 0


def test_an_unwritable_ledger_is_reported(tmp_path: Path) -> None:
    """A home folder that is not writable is reported like other disk errors."""
    (tmp_path / "calls").mkdir()
    with pytest.raises(CacheError, match="calls: Is a directory"):
        CallLedgerFile(tmp_path / "calls").take(1.7e9, 10)


def full_ledger(path: Path, calls: int = 5) -> float:
    """Make as many calls as are allowed in an hour; return the time of the last one."""
    ledger = CallLedgerFile(path)
    for _ in range(calls):
        now = ledger.now()
        assert ledger.take(now, calls) == 0
    return now


GARBAGE = [
    *(b"", b"x", b"not a ledger at all", b"\xff" * 80, b"\x00" * 4000, b"FMC1", b"\x41" * 2_000_000),
    array.array("d", [1e200]).tobytes(),
]


@pytest.mark.parametrize("content", GARBAGE, ids=lambda content: f"{content[:5]!r}x{len(content)}")
def test_a_damaged_ledger_counts_as_a_full_hour_for_its_age(tmp_path: Path, content: bytes) -> None:
    """An empty or damaged ledger allows no call until an hour after its last change, and then all of them."""
    path = tmp_path / "calls"
    path.write_bytes(content)
    os.utime(path, (START - 1000, START - 1000))
    ledger = CallLedgerFile(path)

    assert ledger.take(START, 2) == pytest.approx(2600)
    assert ledger.used == 2
    assert CallLedgerFile(path).take(START + 2599, 2) == pytest.approx(1)
    assert [ledger.take(START + 2601, 2) for _ in range(3)] == [0, 0, HOUR]


@given(cut=st.floats(0, 1), flips=st.lists(st.floats(0, 1, exclude_max=True), max_size=3))
def test_no_damage_of_a_ledger_allows_a_call(
    tmp_path_factory: pytest.TempPathFactory, cut: float, flips: list[float]
) -> None:
    """A full ledger stays full after any flipped bits and any cut."""
    path = tmp_path_factory.mktemp("ledger") / "calls"
    now = full_ledger(path)
    data = bytearray(path.read_bytes())
    for place in flips:
        bit = int(place * len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data[: round(cut * len(data))])

    assert CallLedgerFile(path).take(now, 5) > HOUR - 60


def test_a_damaged_ledger_of_the_future_is_full_for_one_hour(tmp_path: Path) -> None:
    """A time of the last change from a wrong clock does not block all calls for years."""
    path = tmp_path / "calls"
    path.write_bytes(b"garbage")
    os.utime(path, (START * 2, START * 2))

    assert CallLedgerFile(path).take(time.time(), 2) == HOUR
    assert path.stat().st_mtime == pytest.approx(time.time(), abs=60)


@pytest.mark.parametrize("seconds", [-30 * 86_400, -7200, -1800, 1800, 7200, 30 * 86_400])
def test_setting_the_clock_shortens_no_hour(
    tmp_path: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run after a change of the system time waits as long as any other."""
    path = tmp_path / "calls"
    full_ledger(path)
    real = time.time
    monkeypatch.setattr("time.time", lambda: real() + seconds)
    ledger = CallLedgerFile(path)

    assert HOUR - 60 < ledger.take(ledger.now(), 5) <= HOUR
    budget = CallLedgerFile(tmp_path / "another")
    assert budget.take(budget.now(), 5) == 0


@pytest.mark.parametrize("seconds", [-50 * 365 * 86_400, -7200])
def test_a_restart_with_a_clock_behind_loses_no_call(
    tmp_path: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a battery a clock begins in 1970: calls before the restart count from the latest of them on."""
    path = tmp_path / "calls"
    full_ledger(path)
    real = time.time
    monkeypatch.setattr("time.time", lambda: real() + seconds)
    monkeypatch.setattr(call_ledger, "boot_id", lambda: "another start")
    monkeypatch.setattr(call_ledger, "uptime", lambda: 12.5)
    ledger = CallLedgerFile(path)

    assert HOUR - 60 < ledger.take(ledger.now(), 5) <= HOUR


@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.parametrize("ahead", [61, 1800, 3599])
def test_calls_recorded_slightly_in_the_future_count(tmp_path: Path, kind: str, ahead: float) -> None:
    """Less than an hour ahead: a clock was set back, or another machine's clock is ahead."""
    ledger = MemoryLedger() if kind == "memory" else CallLedgerFile(tmp_path / "calls")
    for _ in range(3):
        assert ledger.take(START + ahead, 3) == 0

    assert ledger.take(START, 3) == pytest.approx(HOUR + ahead)
    assert ledger.take(START + HOUR + ahead, 3) == 0


def test_a_ledger_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """It has only times: those of the last hour count."""
    path = tmp_path / "calls"
    path.write_bytes(array.array("d", [START - 3000, START - 10, START]).tobytes())

    assert CallLedgerFile(path).take(START, 3) == 600
    assert CallLedgerFile(path).take(START, 4) == 0
    assert CallLedgerFile(path).take(START, 4) == 600


def test_the_size_of_a_ledger_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has at most the calls that can be read back, even if more are allowed in an hour."""
    monkeypatch.setattr(call_ledger, "MAX_CALLS", 20)
    ledger = CallLedgerFile(tmp_path / "calls")
    granted = [ledger.take(START + second, 10**9) for second in range(30)]

    assert granted[:20] == [0] * 20
    assert all(granted[20:])
    assert (tmp_path / "calls").stat().st_size <= 200


FLICKR = [
    "https://api.flickr.com/services/rest/",
    "https://api.flickr.com/services/rest",
    "https://API.Flickr.COM/services/rest/",
    "https://api.flickr.com:443/services/rest/",
    "https://api.flickr.com",
    "https://user:password@api.flickr.com/services/rest/",
    "https://api.flickr.com./services/rest/?a=b#c",
    "http://api.flickr.com:80/services//rest/",
]


async def test_all_spellings_of_an_endpoint_share_one_hour(home: Path) -> None:
    """All spellings of an address share their calls; another server has its own."""
    others = ["http://127.0.0.1:8422/", "http://127.0.0.1:8423/", "https://flickr.example/services/rest/"]
    for url in [*FLICKR, *others]:
        budget = shared_budget("key", Limits(), url)
        await budget.wait()
        assert budget.used == (FLICKR.index(url) + 1 if url in FLICKR else 1), url

    ledgers = {path for path in (home / ".flickr" / "api_calls").iterdir() if not path.suffix}
    assert len(ledgers) == 1 + len(others)


async def test_a_ledger_is_private(home: Path) -> None:
    """With any umask, others can neither read the times of calls nor exhaust a budget."""
    before = os.umask(0)
    try:
        for _ in range(2):
            await shared_budget("key", Limits(), "https://api.flickr.com").wait()
    finally:
        os.umask(before)
    folder = home / ".flickr" / "api_calls"

    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == dict.fromkeys(
        (path.name for path in folder.iterdir()), 0o600
    )
    assert len([*folder.iterdir()]) in {1, 2}  # some versions of filelock leave the lock beside the ledger
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_run_continues_with_a_damaged_ledger(tmp_path: Path, home: Path) -> None:
    """After an hour the damage has no effect any more."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        assert (await run(flickr, tmp_path)).code == 0
        (ledger,) = [path for path in (home / ".flickr" / "api_calls").iterdir() if not path.suffix]
        ledger.write_bytes(ledger.read_bytes()[:-3])
        os.utime(ledger, (time.time() - HOUR, time.time() - HOUR))
        outcome = await run(flickr, tmp_path)
    assert outcome.code == 0, outcome.err
    assert CallLedgerFile(ledger).now() == pytest.approx(time.time(), abs=60)
