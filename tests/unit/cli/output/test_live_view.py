"""The live view on a terminal that is resized or typed on, and after a suspension."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pyte
from rich.console import Console

from flickr_mirror.cli.output.live_view import LiveView
from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
from flickr_mirror.engine.progress.run_stats import RunStats
from flickr_mirror.models.events import ListingEnded, RunStarted


class Terminal:
    """A terminal that wraps its lines again when it is resized, and the view on it."""

    def __init__(self, columns: int) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, width=columns, height=24, force_terminal=True, color_system=None
        )
        self.stats = RunStats(
            images=True,
            info=True,
            snapshot=lambda: EngineSnapshot(3, 7, 3600, 4),
            seconds_for=lambda calls: calls / 10,
        )
        self.stats(RunStarted("manhhai", "1@N01", Path("/x"), 1000, 4, 2))
        self.stats(ListingEnded(1000, 0))
        self.screen = pyte.Screen(columns, 24)
        self.stream = pyte.Stream(self.screen)
        self.view = LiveView(self.console, self.stats)
        self.live = self.view._live
        self.live.auto_refresh = False

    def show(self) -> list[str]:
        """Draw the view, and return the lines of the screen."""
        self.live.refresh()
        self.feed()
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def feed(self) -> None:
        """Pass the output to the terminal."""
        self.stream.feed(self.file.getvalue().replace("\n", "\r\n"))
        self.file.seek(0)
        self.file.truncate()

    def resize(self, columns: int) -> None:
        """Wrap all lines again, as terminals do; the cursor stays after the last character."""
        lines = [line.rstrip() for line in self.screen.display[: self.screen.cursor.y + 1]]
        self.screen = pyte.Screen(columns, 24)
        self.stream = pyte.Stream(self.screen)
        self.stream.feed("\r\n".join(lines))
        self.console.width = columns


def views(lines: list[str]) -> int:
    """Return the number of views on a screen."""
    return sum("/1,000" in line and "%" in line for line in lines)


def test_a_resized_terminal_shows_one_view() -> None:
    """Narrower and wider, step by step and at once: one view, and the lines above it stay."""
    terminal = Terminal(100)
    terminal.console.print("A line of the log.")
    terminal.live.start(refresh=True)
    terminal.console.print("Another one.")
    for columns in (100, 90, 60, 40, 25, 80, 30, 120, 50):
        terminal.resize(columns)
        lines = terminal.show()
        assert views(lines) == 1, lines
        assert lines[:2] == ["A line of the log.", "Another one."]
        assert len(lines) == 4
        assert lines == terminal.show()
    terminal.live.stop()
    terminal.feed()
    assert views(terminal.show()) == 1


def test_a_hidden_view_is_drawn_again() -> None:
    """Ctrl-Z removes the view, and after `fg` it is below the output of the shell."""
    terminal = Terminal(80)
    terminal.live.start(refresh=True)
    assert views(terminal.show()) == 1
    with terminal.live.hidden():
        terminal.feed()
        assert views([line for line in terminal.screen.display if line.strip()]) == 0
        terminal.stream.feed("[1]+  Stopped   mirror_flickr\r\n$ fg\r\n")
    lines = terminal.show()
    assert lines[:2] == ["[1]+  Stopped   mirror_flickr", "$ fg"]
    assert (views(lines), len(lines)) == (1, 4)
    assert lines == terminal.show()


def test_the_last_view_has_no_estimate() -> None:
    """The view that stays after a run has neither estimate nor stage."""
    terminal = Terminal(80)
    terminal.stats.stage = "listing page 1/3"
    with terminal.view:
        assert "listing page 1/3" in " ".join(terminal.show())
    terminal.feed()
    lines = [line for line in terminal.screen.display if line.strip()]
    assert views(lines) == 1
    assert not re.search("listing|ETA", " ".join(lines))
