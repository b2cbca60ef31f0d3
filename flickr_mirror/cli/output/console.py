"""The console and the log on standard error, with their verbosity."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from flickr_mirror.text import plain

LOG_FORMAT = "%(asctime)s [%(levelname)s] %(message)s"
LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """The verbosity of the output.

    `debug` is the log level if the user set one, 0 (critical) to 4 (debug). `quiet` prints one line if something is
    wrong and nothing otherwise. `verbose` also logs each photo on a terminal, and debug messages elsewhere.
    `progress` allows a live view, `as_json` writes events to standard output. `describes` is
    whether a run that changed something writes the description of the mirror.
    """

    debug: int | None = None
    quiet: bool = False
    verbose: bool = False
    progress: bool = True
    as_json: bool = False
    describes: bool = False

    @property
    def level(self) -> int:
        """The log level: by default only warnings on a terminal, because it has the live view."""
        if self.debug is not None:
            return LEVELS[self.debug]
        if self.quiet:
            return logging.CRITICAL
        level = logging.WARNING if console.is_terminal else logging.INFO
        return level - 10 if self.verbose else level

    @property
    def has_live_view(self) -> bool:
        """Whether the console shows a live view."""
        is_capable = console.is_terminal and not console.is_dumb_terminal
        return self.progress and not self.quiet and is_capable


class TolerantConsole(Console):
    """A console that stops printing when its output fails, so that the run can continue."""

    is_quiet = False
    """Whether to print only the line that reports a failure."""

    def on_broken_pipe(self) -> None:
        """Stop printing, because the reader has closed the pipe (`2>&1 | head`)."""
        self.quiet = True

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - Rich's own signature
        """Print, and stop printing if the disk is full (`2> log`)."""
        try:
            super().print(*objects, **options)
        except OSError:
            self.quiet = True

    def write_line(self, text: str) -> None:
        """Print one line of text without markup, above the live view if there is one."""
        if self.is_terminal:  # Rich breaks lines between words, a terminal within them
            self.print(text, markup=False, highlight=False, emoji=False, soft_wrap=False)
        elif not self.quiet:
            try:
                self.file.write(f"{text}\n")  # printing by Rich would take 10 % of the time per image
            except OSError:
                self.quiet = True


class _LineFormatter(logging.Formatter):
    """Formats each record as one line; the lines of a traceback are indented, so that none looks like a record."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        return plain(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's types have no public name
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"  {plain(line)}" for line in lines)


class ConsoleHandler(logging.Handler):
    """A log handler that prints to a console, above the live view if there is one."""

    def __init__(self, console: TolerantConsole) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(_LineFormatter(LOG_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        self._console.write_line(self.format(record))


console = TolerantConsole(stderr=True, highlight=False, soft_wrap=True)


def set_up(output: OutputOptions) -> None:
    """Send the package's log to standard error, with the verbosity of `output`."""
    console.is_quiet = output.quiet
    logger = logging.getLogger("flickr_mirror")
    logger.handlers = [ConsoleHandler(console)]
    logger.setLevel(output.level)
    logger.propagate = False


def echo(text: str, *, force: bool = False) -> None:
    """Print a sentence for the user, above the live view if there is one; with `force` also in quiet mode.

    It is printed as one line, without control characters.
    """
    if force or not console.is_quiet:
        # on a terminal Rich wraps lines between words; elsewhere a message stays one line
        console.print(plain(text), markup=False, emoji=False, soft_wrap=not console.is_terminal)
