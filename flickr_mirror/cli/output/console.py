"""What is said to a person: the console, the log, and how much of it is wanted."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from flickr_mirror.cli.output.text import plain

LOG_FORMAT = "%(asctime)s [%(levelname)s] %(message)s"
LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """How much is shown: `debug` is the level of the log, 0 (critical) to 4 (debug), where it is given.

    `quiet` leaves one line where something is wrong, and none where all is well; `verbose` shows a line for each
    photo on a terminal too, and everything in a log. `progress` is whether there may be a live view, `as_json`
    whether events go to standard output.
    """

    debug: int | None = None
    quiet: bool = False
    verbose: bool = False
    progress: bool = True
    as_json: bool = False

    @property
    def level(self) -> int:
        """The level of the log: by default a terminal, which has the live view, gets warnings only."""
        if self.debug is not None:
            return LEVELS[self.debug]
        if self.quiet:
            return logging.CRITICAL
        level = logging.WARNING if console.is_terminal else logging.INFO
        return level - 10 if self.verbose else level


class TolerantConsole(Console):
    """Falls silent where what it says cannot be taken any more; the mirror goes on."""

    is_quiet = False
    """Whether only the one line that tells what is wrong is wanted."""

    def on_broken_pipe(self) -> None:
        """The reader went away (`2>&1 | head`)."""
        self.quiet = True

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - whatever Rich takes
        """Print, unless the disk that holds the log is full (`2> log`)."""
        try:
            super().print(*objects, **options)
        except OSError:
            self.quiet = True

    def write_line(self, text: str) -> None:
        """Print one line of text as it is, above the live view where there is one."""
        if self.is_terminal:  # Rich breaks lines between words, a terminal within them
            self.print(text, markup=False, highlight=False, emoji=False, soft_wrap=False)
        elif not self.quiet:
            try:
                self.file.write(f"{text}\n")  # Rich would take a tenth of the time that an image takes
            except OSError:
                self.quiet = True


class _LineFormatter(logging.Formatter):
    """Makes one line of each record; those of a traceback are indented, so that none looks like a record."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        return plain(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's types have no public name
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"  {plain(line)}" for line in lines)


class ConsoleHandler(logging.Handler):
    """Writes log lines to a console, above the live view where there is one."""

    def __init__(self, console: TolerantConsole) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(_LineFormatter(LOG_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self._console.write_line(self.format(record))


console = TolerantConsole(stderr=True, highlight=False, soft_wrap=True)


def set_up(shown: OutputOptions) -> None:
    """Send the package's log to standard error, and say no more than is wanted."""
    console.is_quiet = shown.quiet
    logger = logging.getLogger("flickr_mirror")
    logger.handlers = [ConsoleHandler(console)]
    logger.setLevel(shown.level)
    logger.propagate = False


def echo(text: str, *, force: bool = False) -> None:
    """Show a sentence to the user, above the live view where there is one; `aloud` where quiet is wanted, too.

    Whatever is in it, it stays one line, and commands no terminal.
    """
    if force or not console.is_quiet:
        # a terminal breaks lines within words, Rich between them; elsewhere a line stays one
        console.print(plain(text), markup=False, emoji=False, soft_wrap=not console.is_terminal)
