"""The progress and the estimates of runs of hours, with a test clock."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from flickr_mirror.cli.output.progress_text import draw, heartbeat
from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
from flickr_mirror.engine.progress.run_stats import Eta, RunStats
from flickr_mirror.engine.progress.throughput import Pace, Rate
from flickr_mirror.flickr.rate_limiter import ApiBudget, MemoryLedger
from flickr_mirror.models.events import (
    DetailCached,
    ImageCached,
    InfoCached,
    ListingEnded,
    PhotoFailed,
    PhotoFound,
    PhotoUpdated,
    RunPlanned,
    RunStarted,
    Waiting,
    Watching,
)
from flickr_mirror.models.sliding_window import HOUR, seconds_until_sent

PATH = Path("/x")
START = 1_700_000_000.0


@dataclass
class Simulation:
    """A simulated run: images at a steady rate, information as the hour's calls allow."""

    photos: int
    images_per_second: float
    calls_per_hour: int = 3600
    max_photos: int | None = None
    now: float = START
    calls: int = 0
    images: float = 0
    infos: int = 0
    waits: float = 0
    silent: tuple[tuple[str, float, bool], ...] = ()
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def __post_init__(self) -> None:
        self.budget = ApiBudget(
            self.calls_per_hour, 10, ledger=self.ledger, clock=lambda: self.now, utc=lambda: self.now
        )
        self.stats = RunStats(
            images=True,
            info=True,
            snapshot=self.snapshot,
            seconds_for=self.budget.seconds_for,
            max_photos=self.max_photos,
            clock=lambda: self.now,
            utc=lambda: self.now,
        )
        self.stats(RunStarted("m", "1@N01", PATH, self.photos, 0, 0))
        self.stats(
            RunPlanned(self.photos, 0, self.photos, 0.0, exact=True, images=self.photos, infos=self.photos)
        )

    def snapshot(self) -> EngineSnapshot:
        """Return the current state of the run."""
        received = int(self.images) * 1000
        return EngineSnapshot(
            self.calls,
            self.budget.used,
            self.calls_per_hour,
            0,
            received,
            max(self.waits - self.now, 0),
            self.silent,
        )

    def second(self) -> None:
        """Advance by a second."""
        self.now += 1
        before = int(self.images)
        self.images = min(self.images + self.images_per_second, self.photos)
        for _ in range(int(self.images) - before):
            self.stats(ImageCached("1", PATH, 1000))
        for _ in range(min(10, self.photos - self.infos)):
            if (delay := self.ledger.take(self.now, self.calls_per_hour)) > 0:
                self.waits = self.now + delay
                break
            self.waits = 0
            self.calls += 1
            self.infos += 1
            self.stats(InfoCached("1", PATH))

    @property
    def is_over(self) -> bool:
        """Whether everything is done."""
        return self.infos == int(self.images) == self.photos


@pytest.mark.slow
def test_a_run_of_hours_counts_down() -> None:
    """12,000 photos with comments: the ETA is right at each minute and decreases, and the bar covers all work."""
    run = Simulation(12_000, images_per_second=8)
    etas: list[tuple[float, float]] = []
    shares: list[float] = []
    while not run.is_over:
        run.second()
        if int(run.now - START) % 60 == 0 and not run.is_over:
            eta = run.stats.eta
            assert eta is not None
            assert eta.bound == "API"
            etas.append((run.now, eta.seconds))
            shares.append(run.stats.share)
    assert run.now - START == pytest.approx(3 * HOUR + 120, abs=5)
    assert len(etas) > 175
    for now, seconds in etas:
        assert seconds == pytest.approx(run.now - now, abs=5)
    steps = [first - second for (_, first), (_, second) in pairwise(etas)]
    assert min(steps) > 50  # every figure changes
    assert shares == sorted(shares)
    after_the_images = shares[int(12_000 / 8 / 60) + 1]
    assert after_the_images < 0.9
    assert run.stats.share == 1


def test_a_wait_for_the_hourly_limit_shows_when_the_run_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of day is that of the next call, the rate is 0 after a minute without bytes."""
    monkeypatch.setenv("TZ", "UTC")
    run = Simulation(5000, images_per_second=12)
    while not run.waits:
        run.second()
    calls, seen = run.calls, set[str]()
    assert run.stats.rate > 0
    for _ in range(1800):
        run.second()
        seen |= set(re.findall(r"resumes (\d\d:\d\d)", heartbeat(run.stats)))
    assert run.calls == calls
    assert len(seen) == 1
    assert seen == {run.stats.clock_time_in(run.waits - run.now)}
    assert run.stats.rate == 0
    assert "0 B/s" in str(draw_text(run.stats, 80))


def draw_text(stats: RunStats, width: int) -> str:
    """Return the lines of the live view, without the bar."""
    from rich.console import Console

    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(draw(stats, width))
    return capture.get()


def test_other_runs_with_the_key_are_in_the_estimate() -> None:
    """Calls of other runs in this hour expire one by one, which the ETA considers."""
    run = Simulation(100, images_per_second=100, calls_per_hour=3600)
    for second in range(360):
        for _ in range(10):
            run.ledger.take(START - 2000 + second, 3600)
    run.second()
    assert run.waits == pytest.approx(START - 2000 + HOUR, abs=1)
    eta = run.stats.eta
    assert eta is not None
    assert eta.seconds == pytest.approx(1600 + 10, abs=3)


@pytest.mark.parametrize(
    ("stamps", "calls", "seconds"),
    [
        ([], 0, 0),
        ([], 3, 0),
        ([], 4, 3600),
        ([-3000], 2, 0),
        ([-3000], 3, 600),
        ([-3000, -10], 3, 3590),
        ([-3000, -10], 4, 3600),
        ([-3000, -10, -5], 7, 2 * 3600 + 600 - 3600 + 3600),
        ([-3000, -2000, -1000, -10], 1, 1600),
    ],
)
def test_the_last_call_waits_for_the_window(stamps: list[float], calls: int, seconds: float) -> None:
    """Three calls in an hour: each call waits until fewer than three are in the last hour."""
    assert seconds_until_sent(stamps, 0, calls, 3) == seconds


def test_the_window_agrees_with_a_simulated_run() -> None:
    """The estimate equals the time of a run that makes each call as early as possible."""
    stamps = [-3500.0, -3000.0, -200.0, -100.0]
    for count in range(1, 20):
        ledger, now = MemoryLedger(), 0.0
        for stamp in stamps:
            ledger.take(stamp, 5)
        for _ in range(count):
            while delay := ledger.take(now, 5):
                now += delay
        assert seconds_until_sent(stamps, 0, count, 5) == pytest.approx(now, abs=1)


def test_the_rate_is_that_of_the_last_minute() -> None:
    """Earlier bytes do not count; after a minute without bytes the rate is 0."""
    rate = Rate(0)
    for second in range(1, 601):
        rate.note(second, second * 100.0)
    assert rate.at(600, 60_000) == pytest.approx(100, rel=0.02)
    for second in range(601, 661):
        rate.note(second, 60_000 + (second - 600) * 1000.0)
    assert rate.at(660, 120_000) == pytest.approx(1000, rel=0.02)
    assert rate.at(690, 120_000) == pytest.approx(500, rel=0.05)
    assert rate.at(721, 120_000) == 0
    assert Rate(0).at(10, 5000) == 500


def test_a_pace_excludes_waits() -> None:
    """Waits do not reduce the pace, and slow work is measured over enough items."""
    pace = Pace()
    for done in range(1, 201):
        pace.note(1, done)
    for _ in range(3000):
        pace.note(0, 200)
    assert pace.at(200) == pytest.approx(1, rel=0.05)
    slow = Pace()
    for second in range(1, 601):
        slow.note(1, second // 20)
    assert slow.at(30) == pytest.approx(1 / 20, rel=0.1)
    assert Pace().at(0) == 0


def test_an_outage_has_no_eta_and_comes_first_in_the_view() -> None:
    """While a server does not answer there is no estimate, and the reason comes first."""
    run = Simulation(1000, images_per_second=5)
    for _ in range(100):
        run.second()
    before = run.stats.eta
    assert before is not None
    run.silent = (("api", 12.4, True),)
    assert run.stats.eta is None
    text = heartbeat(run.stats)
    assert "No answer from Flickr for 12s, trying again" in text
    assert draw_text(run.stats, 80).splitlines()[1].startswith("No answer from Flickr for 12s, trying again")
    assert "no answer for 12s" in draw_text(run.stats, 40)
    run.silent = (("images", 12.4, False),)
    assert "No answer from Flickr's image servers for 12s" in heartbeat(run.stats)
    assert "trying" not in heartbeat(run.stats)


def test_a_pause_of_the_images_is_added_and_counted_down() -> None:
    """In a pause the ETA is the rest of the pause plus the remaining work at the earlier pace."""
    run = Simulation(1000, images_per_second=5)
    for _ in range(100):
        run.second()
    run.images_per_second = 0
    run.stats(Waiting("images", 600.0))
    seen = []
    for _ in range(500):
        run.second()
        eta = run.stats.eta
        assert eta is not None
        seen.append(eta.seconds)
    assert seen[0] == pytest.approx(599 + 100, abs=5)
    assert seen[-1] == pytest.approx(100 + 100, abs=5)
    assert seen == sorted(seen, reverse=True)


def test_a_limited_run_counts_its_limited_photos() -> None:
    """--max-photos 60 of 400: the bar, the count and the ETA are those of 60 photos."""
    run = Simulation(400, images_per_second=1, max_photos=60)
    run.photos = 60
    for _ in range(30):
        run.second()
    assert (run.stats.done, run.stats.total) == (30, 60)
    assert run.stats.left == {"image": 30, "info": 0}
    assert run.stats.share == 0.75
    while not run.is_over:
        run.second()
    assert run.stats.share == 1
    assert run.stats.eta is None


def test_a_higher_level_counts_the_remaining_work() -> None:
    """All photos have information of a lower level: the bar shows the work of this run, not the existing files."""
    stats = RunStats(
        images=True,
        info=True,
        snapshot=lambda: EngineSnapshot(0, 0, 3600, 0),
        seconds_for=lambda calls: calls / 10,
    )
    stats(RunStarted("m", "1@N01", PATH, 100, 100, 100))
    stats(RunPlanned(100, 0, 100, 10.0, exact=True, images=0, infos=100))
    assert stats.share == 0.5
    for _ in range(50):
        stats(InfoCached("1", PATH))
    assert stats.share == 0.75
    stats(PhotoFailed("1", "info", "no", again=False))
    assert stats.left == {"image": 0, "info": 49}


def test_photos_found_by_a_watch_are_work() -> None:
    """Photos that a later poll finds new or changed are pending until they are mirrored."""
    is_complete = [False]
    stats = RunStats(
        images=True,
        info=True,
        snapshot=lambda: EngineSnapshot(0, 0, 3600, 0, complete=is_complete[0]),
        seconds_for=lambda calls: calls / 10,
    )
    stats(RunStarted("m", "1@N01", PATH, 2, 2, 2))
    stats(RunPlanned(2, 2, 0, 0.0, exact=True, images=0, infos=0))
    stats(ListingEnded(2, 0))
    assert stats.share == 1
    stats(Watching(60.0))
    stats(PhotoFound("3"))
    stats(PhotoUpdated("1", ("text",)))
    stats(PhotoUpdated("2", ("image",)))
    stats(ListingEnded(3, 0))
    assert stats.left == {"image": 2, "info": 2}
    is_complete[0] = True
    assert stats.share == 1


def test_details_are_remaining_work() -> None:
    """With images and information done, the bar is not full, and the ETA is the time for the calls."""
    stats = RunStats(
        images=True,
        info=True,
        details=True,
        snapshot=lambda: EngineSnapshot(20, 20, 3600, 0),
        seconds_for=lambda calls: calls * 2,
        clock=lambda: START,
    )
    stats(RunStarted("m", "1@N01", PATH, 10, 10, 10))
    stats(RunPlanned(10, 0, 20, 40.0, exact=True, details=20))
    assert (stats.left, stats.share) == ({"image": 0, "info": 0, "details": 20}, 0.5)
    assert stats.eta == Eta(40, "API")
    for _ in range(9):
        stats(DetailCached("1", "notes", PATH))
    stats(PhotoFailed("2", "faves", "gone", again=False))
    assert (stats.left["details"], stats.share, stats.counts.failed) == (10, 0.75, 1)
