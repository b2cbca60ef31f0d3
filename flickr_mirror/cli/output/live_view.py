"""The live view of a run, on a terminal that may be resized, suspended and typed on."""

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
from flickr_mirror.cli.output.progress_text import draw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, ConsoleRenderable

    from flickr_mirror.engine.progress.run_stats import RunStats


class LiveView:
    """The live view of a run; a context manager. While it is active, typed keys are not echoed."""

    def __init__(self, console: Console, stats: RunStats) -> None:
        self._console = console
        self._stats = stats
        self._live = _Live(console, stats)

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
        self._stats.end()
        self._live.transient = not self._stats.name  # remove an empty bar above an error
        self._live.stop()
        terminal_echo.restore()

    def _echo_off(self) -> None:
        try:
            terminal_echo.turn_off(self._console.file.fileno())
        except (OSError, ValueError):  # not a real file
            return

    def _suspend(self, *_: object) -> None:
        """Restore the terminal while Ctrl-Z suspends the run, then draw the view again."""
        with self._live.hidden():
            restore_terminal(self._console)
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._suspend)  # `fg` continues here
            self._echo_off()
            self._console.show_cursor(show=False)

    def _quit(self, *_: object) -> None:
        """Restore the terminal before Ctrl-\\ ends the process."""
        restore_terminal(self._console)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGQUIT)


def restore_terminal(console: Console) -> None:
    """Turn the cursor and the echo of a terminal on again."""
    console.show_cursor()
    terminal_echo.restore()


class _Frame(LiveRender):
    """The drawn view, and the number of rows that it takes now.

    A terminal that becomes narrower wraps the lines, so that they take more rows than were drawn.
    """

    _widths: Sequence[int] = ()
    """The width of each line when it was drawn."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        segments = [part for part in super().__rich_console__(console, options) if isinstance(part, Segment)]
        self._widths = [Segment.get_line_length(line) for line in Segment.split_lines(segments)]
        yield from segments

    def recount(self, width: int) -> None:
        """Compute the rows again for a terminal of this width."""
        if self._shape is not None:
            self._shape = (width, sum(max(ceil(length / max(width, 1)), 1) for length in self._widths))

    def forget(self) -> None:
        """Draw the next view at the cursor instead of over this one."""
        self._shape = None


class _Live(Live):
    """Rich's live display, on a terminal that may be resized."""

    def __init__(self, console: Console, stats: RunStats) -> None:
        super().__init__(
            console=console, get_renderable=lambda: draw(stats, console.width), refresh_per_second=8
        )
        self._live_render = self._frame = _Frame("")

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Put the view below the printed lines, in place of the previous one."""
        with self._lock:
            self._frame.recount(self.console.width)
            return super().process_renderables(renderables)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the view in this context; afterwards draw it at the cursor."""
        with self._lock:
            self._frame.recount(self.console.width)
            self.console.control(self._frame.position_cursor())
            yield
            self._frame.forget()
