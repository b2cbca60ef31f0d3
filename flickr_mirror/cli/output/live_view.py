"""The live view of a run on a terminal, which may be resized, suspended, and typed on."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.live_render import LiveRender
from rich.segment import Segment

from flickr_mirror.cli.output import terminal_echo
from flickr_mirror.cli.output.text import draw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, ConsoleRenderable

    from flickr_mirror.cli.output.run_stats import RunStats


class LiveView:
    """The live view of a run, drawn from a tally; a context manager.

    While it is shown, keys that are typed are not echoed.
    """

    def __init__(self, console: Console, tally: RunStats) -> None:
        self._console = console
        self._tally = tally
        self._live = _Live(console, tally)

    def __enter__(self) -> Self:
        self._echo_off()
        self._live.start(refresh=True)
        self._handlers = {
            number: signal.signal(number, handler)
            for number, handler in ((signal.SIGTSTP, self._suspend), (signal.SIGQUIT, self._quit))
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._tally.end()
        self._live.transient = not self._tally.name  # an empty bar above an error tells nothing
        self._live.stop()
        terminal_echo.restore()

    def _echo_off(self) -> None:
        try:
            terminal_echo.turn_off(self._console.file.fileno())
        except (OSError, ValueError):  # no file of the system
            return

    def _suspend(self, *_: object) -> None:
        """Leave the terminal to the shell while Ctrl-Z has the run stand still; then draw anew."""
        with self._live.hidden():
            give_back(self._console)
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._suspend)  # `fg` goes on here
            self._echo_off()
            self._console.show_cursor(show=False)

    def _quit(self, *_: object) -> None:
        """Give the terminal back before Ctrl-\\ ends the process."""
        give_back(self._console)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGQUIT)


def give_back(console: Console) -> None:
    """Give a terminal its cursor and its echo back."""
    console.show_cursor()
    terminal_echo.restore()


class _Frame(LiveRender):
    """What is drawn in place of what was drawn before, and how many rows that takes now.

    Terminals that become narrower wrap what they show, so that it takes more rows than were drawn.
    """

    _widths: Sequence[int] = ()
    """How many columns each line took when it was drawn."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        segments = [part for part in super().__rich_console__(console, options) if isinstance(part, Segment)]
        self._widths = [Segment.get_line_length(line) for line in Segment.split_lines(segments)]
        yield from segments

    def recount(self, width: int) -> None:
        """Note how wide the terminal is now."""
        if self._shape is not None:
            self._shape = (width, sum(max(ceil(length / max(width, 1)), 1) for length in self._widths))

    def forget(self) -> None:
        """Note that the cursor is elsewhere: what was drawn is not to be drawn over."""
        self._shape = None


class _Live(Live):
    """Rich's live display, on a terminal that may be resized."""

    def __init__(self, console: Console, tally: RunStats) -> None:
        super().__init__(
            console=console, get_renderable=lambda: draw(tally, console.width), refresh_per_second=8
        )
        self._live_render = self._frame = _Frame("")

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Put the view below what is printed, in place of the one before."""
        with self._lock:
            self._frame.recount(self.console.width)
            return super().process_renderables(renderables)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the view inside of this; after it the view is drawn where the cursor is then."""
        with self._lock:
            self._frame.recount(self.console.width)
            self.console.control(self._frame.position_cursor())
            yield
            self._frame.forget()
