"""What a person sees: the live view at every width, and no control character from anybody."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
from rich.console import Console

from flickr_mirror.progress import (
    Event,
    ImageCached,
    InfoCached,
    ListingEnded,
    PageScanned,
    PhotoFailed,
    RunStarted,
    Waiting,
)
from flickr_mirror.terminal import ConsoleHandler, LiveView, plain, size_text

START = RunStarted("manhhai", "1@N01", Path("/x"), 10, 4, 2)


def screen(width: int, *events: Event, images: bool = True, info: bool = True) -> str:
    """Return what the live view shows after some events."""
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    view = LiveView(console, images=images, info=info, calls=lambda: 7)
    for event in events:
        view(event)
    with console.capture() as capture:
        console.print(view._render())
    return capture.get()


def test_the_view_counts_what_is_done_and_how_many_there_are() -> None:
    """A resumed run starts at what is there; images, bytes, calls and failures are counted."""
    text = screen(
        80,
        START,
        PageScanned(1, 3, 1234, 500),
        ImageCached("1", Path("/x/1.jpg"), 2_500_000),
        InfoCached("1", Path("/x/1.json")),
        PhotoFailed("2", "image", "no", again=True),
        PhotoFailed("2", "image", "no", again=False),
    )
    assert "5/1,234" in text
    assert "3/1,234" in text
    assert "2.5 MB" in text
    assert "7 API calls" in text
    assert "1 failed" in text
    assert "listing page 1/3" in text
    assert "listing" not in screen(80, START, ListingEnded(10, 0))


def test_a_pause_is_counted_down() -> None:
    """While Flickr brakes, the view says so and for how long."""
    assert "image servers ask for a pause: going on in 1 min" in screen(80, START, Waiting("images", 75.0))
    assert "used up" in screen(80, START, Waiting("budget", 30.0))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """The view fits any width in three lines."""
    started = RunStarted("Nguyễn Văn Rất Dài 写真 " * 5, "1@N01", Path("/x"), 10, 4, 2)
    lines = screen(width, started, PageScanned(100, 2000, 1_000_000, 500)).splitlines()
    assert len(lines) == 3
    console = Console(width=1000)
    assert all(console.measure(line).maximum <= width for line in lines)


def test_only_what_is_mirrored_is_shown() -> None:
    """--image-only shows no information, --info-only no images and no bytes."""
    assert "info" not in screen(80, START, info=False)
    text = screen(80, START, images=False)
    assert "images" not in text
    assert "B/s" not in text


def test_nobody_commands_the_terminal() -> None:
    """Escapes, bells, returns, invisible turns of direction and new lines become harmless."""
    evil = "a\x1b]0;x\x07b\rc\nd\u202ee\x9bf\x00"
    assert plain(evil) == "a\ufffd]0;x\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffd"
    assert plain("Huế 写真 🙂") == "Huế 写真 🙂"
    file = io.StringIO()
    handler = ConsoleHandler(Console(file=file, force_terminal=True, color_system=None))
    handler.emit(logging.LogRecord("x", logging.INFO, "", 0, "[bold]%s", (evil,), None))
    assert "\x1b" not in file.getvalue()
    assert "[INFO] [bold]a" in file.getvalue()


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (84_100_000, "84.1 MB"), (3e15, "3000.0 TB")],
)
def test_bytes_are_shown_in_a_unit_that_reads_well(count: float, text: str) -> None:
    """Bytes have the unit that reads best."""
    assert size_text(count) == text
