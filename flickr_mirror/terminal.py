"""What a person sees: the live view on a terminal, and text that is safe to show on one."""

from __future__ import annotations

import logging
import time
import unicodedata
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flickr_mirror.progress import (
    ImageCached,
    InfoCached,
    ListingEnded,
    PageScanned,
    PhotoFailed,
    RunStarted,
    Waiting,
    Watching,
    waiting_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from flickr_mirror.progress import Event

LOG_FORMAT = "%(asctime)s [%(levelname)s] %(message)s"


def plain(text: str) -> str:
    """Return a text from anywhere as one line without what could command a terminal or forge a line of a log.

    Spaces of all widths become spaces. What else cannot be seen becomes U+FFFD: controls, escapes, line ends,
    turns of direction, characters without width.
    """
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else "\ufffd"


class _LineFormatter(logging.Formatter):
    """Makes one line of each record; those of a traceback are indented, so that none looks like a record."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        return plain(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's types have no public name
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"  {plain(line)}" for line in lines)


class ConsoleHandler(logging.Handler):
    """Writes log lines to a console, above the live view where there is one."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(_LineFormatter(LOG_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self._console.print(self.format(record), markup=False, highlight=False, emoji=False, soft_wrap=True)


def size_text(count: float) -> str:
    """Return a number of bytes in the unit that reads best.

    >>> size_text(84_100_000)
    '84.1 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


class LiveView:
    """The live view of a run: a context manager and an observer.

    `calls` tells how many API calls were sent so far.
    """

    def __init__(self, console: Console, *, images: bool, info: bool, calls: Callable[[], int]) -> None:
        self._wants = {"images": images, "info": info}
        self._calls = calls
        self._name = ""
        self._total = 0
        self._done = {"images": 0, "info": 0}
        self._bytes = 0
        self._failed = 0
        self._stage = "looking up the account"
        self._waiting: tuple[str, float] | None = None
        self._next_look = 0.0
        self._started = time.monotonic()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting = None
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case RunStarted(username, _, _, known, images, infos):
                self._name, self._total = username, known
                self._done = {"images": images, "info": infos}
                self._stage = "listing"
            case PageScanned(number, pages, total, _):
                self._total = max(self._total, total)
                self._stage = f"listing page {number}/{pages}"
            case ListingEnded(known, _):
                self._total, self._stage = known, ""
            case ImageCached(_, _, fetched):
                self._done["images"] += 1
                self._bytes += fetched
            case InfoCached():
                self._done["info"] += 1
            case PhotoFailed(again=False):
                self._failed += 1
            case Watching(seconds):
                self._stage, self._next_look = "watching", time.monotonic() + seconds
            case Waiting(cause, seconds):
                self._waiting = cause, time.monotonic() + seconds
            case _:
                pass

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
        for name, wanted in self._wants.items():
            if wanted:
                done = min(self._done[name], self._total)
                bar = ProgressBar(total=max(self._total, 1), completed=done)
                table.add_row(name, bar, f"{done:,}/{self._total:,}")
        return Group(table, Text(self._status(), no_wrap=True, overflow="ellipsis"))

    def _status(self) -> str:
        if self._waiting is not None:
            cause, until = self._waiting
            if (left := until - time.monotonic()) > 0:
                return waiting_text(cause, left)
        stage = self._stage
        if stage == "watching":
            stage = f"next look in {max(self._next_look - time.monotonic(), 0):.0f} s"
        rate = self._bytes / max(time.monotonic() - self._started, 0.001)
        parts = [
            plain(self._name),
            stage,
            f"{size_text(self._bytes)}, {size_text(rate)}/s" if self._wants["images"] else "",
            f"{self._calls()} API calls",
            f"{self._failed} failed" if self._failed else "",
        ]
        return " · ".join(part for part in parts if part)
