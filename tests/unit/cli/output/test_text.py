"""Text for terminals: the live view at every width, and no control characters from other sources."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path

import pyte
import pytest
from rich.console import Console

from flickr_mirror.cli.output.console import ConsoleHandler, TolerantConsole
from flickr_mirror.cli.output.progress_text import draw as view_of
from flickr_mirror.cli.output.progress_text import fit, heartbeat
from flickr_mirror.cli.output.text import size_text, time_left
from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
from flickr_mirror.engine.progress.run_stats import RunStats
from flickr_mirror.models.events import (
    ClusterStatus,
    Event,
    ImageCached,
    InfoCached,
    ListingEnded,
    PageScanned,
    PhotoFailed,
    RunPlanned,
    RunStarted,
    Waiting,
    Watching,
)
from flickr_mirror.text import plain

START = RunStarted("manhhai", "1@N01", Path("/x"), 10, 4, 2)
LONG = "Nguyễn Văn Rất Dài 写真 👩‍👩‍👧‍👦 \u202eمرحبا\x1b[2J\r\n"


class Clock:
    """A clock that only the test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def stats_of(
    *events: Event, images: bool = True, info: bool = True, clock: Clock | None = None, waits: float = 0
) -> RunStats:
    """Return the counts after some events."""
    stats = RunStats(
        images=images,
        info=info,
        snapshot=lambda: EngineSnapshot(7, 2911, 3600, 8, api_wait=waits),
        seconds_for=lambda calls: calls / 10,
        clock=clock or Clock(),
    )
    for event in events:
        stats(event)
    return stats


def draw(width: int, stats: RunStats) -> str:
    """Return the characters that draw the live view."""
    console = Console(
        file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor", legacy_windows=False
    )
    with console.capture() as capture:
        console.print(view_of(stats, width))
    return capture.get()


def screen(width: int, *events: Event, images: bool = True, info: bool = True, waits: float = 0) -> list[str]:
    """Return the lines of the live view on a terminal."""
    terminal = pyte.Screen(width, 10)
    stream = pyte.Stream(terminal)
    stream.feed(draw(width, stats_of(*events, images=images, info=info, waits=waits)).replace("\n", "\r\n"))
    return [line.rstrip() for line in terminal.display if line.strip()]


def test_the_view_counts_done_and_total() -> None:
    """A resumed run starts at the mirrored photos; images, bytes, calls and failures are counted."""
    events: list[Event] = [
        START,
        PageScanned(1, 3, 1234, 500),
        ImageCached("1", Path("/x/1.jpg"), 2_500_000),
        InfoCached("1", Path("/x/1.json")),
        PhotoFailed("2", "image", "no", again=True),
        PhotoFailed("2", "image", "no", again=False),
    ]
    first, second = screen(100, *events)
    assert "manhhai  5/1,234 images" in first
    assert "2.5 MB" in first
    assert "API 2,911/3,600 this hour" in second
    assert "in flight 8" in second
    assert "information 3/1,234" in second
    assert "failed 1" in second
    assert "listing page 1/3" in screen(140, *events)[1]
    assert "listing" not in "".join(screen(100, START, ListingEnded(10, 0)))
    assert "4/10 images" in screen(100, START)[0]


def test_a_pause_is_counted_down() -> None:
    """During a pause that Flickr requests, the view shows the reason and the end; afterwards neither."""
    clock = Clock()
    stats = stats_of(START, Waiting("images", 75.0), clock=clock)
    assert f"images paused by Flickr, resumes {stats.clock_time_in(75)}" in heartbeat(stats)
    clock.now += 70
    assert "resumes in 5s" in heartbeat(stats)
    clock.now += 6
    assert "paused" not in heartbeat(stats)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (120, "the hour's calls are used up, resumes "),
        (80, "hour's calls used up, resumes "),
        (30, "resumes "),
    ],
)
def test_the_reason_of_a_wait_fits_at_each_width(width: int, words: str) -> None:
    """At each width the second line shows when a run continues, in a text that fits."""
    events = (START, Waiting("budget", 1200.0))  # the budget has a more exact time
    (second,) = screen(width, *events, waits=1200)[1:]
    assert re.match(rf"{words}\d\d:\d\d  ", second)
    assert "resumes in 30s" in screen(width, START, Waiting("api", 30.0))[1]


def test_a_watch_shows_the_time_of_the_next_poll() -> None:
    """--watch: between two polls the view shows the time of the next one."""
    assert "next look in 10m" in screen(80, START, Watching(600.0))[1]


@pytest.mark.parametrize("width", [20, 40, 59, 60, 61, 80, 120, 300])
@pytest.mark.parametrize("name", ["manhhai", LONG, "写真" * 60, "🙂" * 50])
def test_the_view_never_wraps(width: int, name: str) -> None:
    """Two lines at any width, for any username; nothing is cut, and the last column is free."""
    started = RunStarted(name, "1@N01", Path("/x"), 10, 4, 2)
    events: list[Event] = [
        started,
        PageScanned(100, 2000, 1_000_000, 500),
        ImageCached("1", Path("/x"), 12_345_678_901),
        PhotoFailed("2", "image", "no", again=False),
    ]
    lines = screen(width, *events, Waiting("images", 100_000.0), waits=1200)
    assert len(lines) == 2
    sent = draw(width, stats_of(*events, waits=1200))
    assert sent.count("\n") == len(lines)
    assert "…" not in sent
    assert "\x1b[2J" not in sent
    assert all(len(line) < width for line in lines)


def test_only_what_is_mirrored_is_shown() -> None:
    """--image-only counts images only, --info-only counts information and shows no bytes."""
    assert "information" not in "".join(screen(80, START, info=False))
    first, second = screen(80, START, images=False)
    assert "2/10 photos" in first
    assert "B/s" not in first
    assert "information" not in second


def test_a_terminal_without_colour_or_unicode() -> None:
    """NO_COLOR and an ASCII terminal are honoured."""
    console = Console(
        file=io.TextIOWrapper(io.BytesIO(), "ascii"), width=80, no_color=True, force_terminal=True
    )
    with console.capture() as capture:
        console.print(view_of(stats_of(START), 80))
    assert capture.get().isascii()
    assert not re.search(r"\x1b\[\d*;?3[0-9]", capture.get())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0s"), (8, "8s"), (60, "1m"), (252, "4m 12s"), (3900, "1h 5m"), (7200, "2h"), (187_200, "2d 4h")],
)
def test_a_duration_is_shown_in_two_units(seconds: float, text: str) -> None:
    """Days are days."""
    assert time_left(seconds) == text


def test_the_remaining_time_is_not_shown_before_it_is_known() -> None:
    """Not in the first seconds, not without a plan, and not at the end."""
    clock = Clock()
    stats = stats_of(RunStarted("m", "1@N01", Path("/x"), 100, 0, 0), clock=clock)
    clock.now += 60
    assert stats.eta is None
    stats(RunPlanned(100, 0, 0, 0.0, exact=True, images=100))
    assert stats.eta is None
    for number in range(100):
        stats(ImageCached(str(number), Path("/x"), 1000))
    assert stats.eta is None


@pytest.mark.parametrize("rate", [0.5, 2.0, 40.0])
def test_the_remaining_time_is_correct(rate: float) -> None:
    """At a steady rate, the estimate is within a tenth of the remaining time, from 5 % of the photos on."""
    clock, total = Clock(), 2000
    stats = stats_of(RunStarted("m", "1@N01", Path("/x"), total, 0, 0), clock=clock)
    stats(RunPlanned(total, 0, 0, 0.0, exact=True, images=total))
    wrong = []
    for number in range(total):
        clock.now += 1 / rate
        stats(ImageCached(str(number), Path("/x"), 1000))
        left = (total - number - 1) / rate
        if number > total / 20 and (eta := stats.eta):
            assert eta.bound == "line"
            wrong.append(abs(eta.seconds - left) / max(left, 1))
    assert wrong
    assert max(wrong[: len(wrong) * 9 // 10]) < 0.1


def test_files_already_there_do_not_count_for_the_speed() -> None:
    """Files found on disk count as done, but not for the rate."""
    clock = Clock()
    stats = stats_of(RunStarted("m", "1@N01", Path("/x"), 1000, 0, 0), clock=clock)
    stats(RunPlanned(1000, 0, 0, 0.0, exact=True, images=1000))
    for number in range(500):
        clock.now += 0.1
        stats(ImageCached(str(number), Path("/x"), 0))
    assert stats.done == 500
    assert stats.eta is None


def test_the_time_can_be_limited_by_the_budget() -> None:
    """If calls take longer than bytes, their time is shown."""
    clock = Clock()
    stats = stats_of(RunStarted("m", "1@N01", Path("/x"), 1000, 0, 0), clock=clock)
    stats(RunPlanned(1000, 0, 50_000, 5000.0, exact=True, images=1000))
    for number in range(100):
        clock.now += 0.2
        stats(ImageCached(str(number), Path("/x"), 1000))
    assert stats.eta is not None
    assert (stats.eta.seconds, stats.eta.bound) == (5000, "API")
    assert "ETA 1h 23m (API limit)" in heartbeat(stats)


def test_control_characters_do_not_reach_the_terminal() -> None:
    """Escapes, bells, returns, invisible direction marks and line ends are replaced."""
    evil = "a\x1b]0;x\x07b\rc\nd\u202ee\x9bf\x00"
    assert plain(evil) == "a\ufffd]0;x\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffd"
    assert plain("Huế 写真 🙂") == "Huế 写真 🙂"
    for is_terminal in (True, False):
        file = io.StringIO()
        handler = ConsoleHandler(
            TolerantConsole(file=file, force_terminal=is_terminal, color_system=None, width=20)
        )
        handler.emit(logging.LogRecord("x", logging.INFO, "", 0, "[bold]%s", (evil,), None))
        written = file.getvalue()
        assert "".join(written.split()).endswith("".join(f"[INFO] [bold]{plain(evil)}".split()))
        assert (written.count("\n") == 1) is not is_terminal
        assert "\x1b" not in file.getvalue()


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (84_100_000, "84.1 MB"), (3e15, "3000.0 TB")],
)
def test_bytes_are_shown_in_a_suitable_unit(count: float, text: str) -> None:
    """The unit depends on the number of bytes."""
    assert size_text(count) == text


def test_a_log_on_a_terminal_is_broken_between_words() -> None:
    """A line that is too long is wrapped between words."""
    file = io.StringIO()
    text = "Better set FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET, or save them."
    TolerantConsole(file=file, force_terminal=True, color_system=None, width=40).write_line(text)
    lines = file.getvalue().splitlines()
    assert len(lines) > 1
    assert " ".join(line.strip() for line in lines) == text


@pytest.mark.parametrize("width", range(50))
def test_parts_that_do_not_fit_are_left_out(width: int) -> None:
    """All parts shown fit without cut words, and the first parts are dropped last."""
    parts = [("resumes at 05:55", "05:55"), ("ETA 2h (API limit)", "ETA 2h"), (), ("",), ("failed 1",)]
    shown = fit(parts, width)
    assert len("  ".join(filter(None, shown))) <= max(width, 0)
    assert all(text in (*words, "") for text, words in zip(shown, parts, strict=True))
    assert bool(shown[0]) == (width >= 5)
    if width == 49:
        assert shown == ["resumes at 05:55", "ETA 2h (API limit)", "", "", "failed 1"]


def test_the_workers_of_a_cluster_have_a_line() -> None:
    """With few workers it has the rate of each; a narrow terminal, or many workers, get the total."""
    few = ClusterStatus(3, 1, 2, {"tcp://a:1": 11.5, "tcp://b:1": 12.0, "tcp://c:1": 0.0})
    assert screen(100, START, few)[2] == "3 workers: 12.0/11.5/0.0 images/s  1 throttled  2 lost"
    assert screen(50, START, few)[2] == "3 workers: 23.5 images/s  1 throttled  2 lost"
    many = ClusterStatus(20, 0, 0, {f"tcp://{number}:1": 10.0 + number / 10 for number in range(20)})
    assert screen(100, START, many)[2] == "20 workers: 219.0 images/s (10.0 to 11.9 each)"
    assert heartbeat(stats_of(START, few)).endswith("3 workers: 12.0/11.5/0.0 images/s, 1 throttled, 2 lost")
    assert screen(100, START, ClusterStatus(1, 0, 0, {"tcp://a:1": 2.0}))[2] == "1 worker: 2.0 images/s"
