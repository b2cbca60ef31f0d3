"""What a person sees: the live view on a terminal, and text that is safe to show on one."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import unicodedata
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from flickr_mirror.tally import Tally

NARROW = 60
"""A terminal of fewer columns gets one line."""
LONGEST_NAME, LEAST_BAR, MOST_BAR = 20, 4, 40
"""Columns of the live view."""


def plain(text: str) -> str:
    """Return a text from anywhere as one line without what could command a terminal or forge a line of a log.

    Spaces of all widths become spaces. What else cannot be seen becomes U+FFFD: controls, escapes, line ends,
    turns of direction, characters without width.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON for standard output: letters of all scripts as they are, so that they can be searched.

    What cannot be seen, or is not in the encoding of the output, is escaped.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"

    def escaped(match: re.Match[str]) -> str:
        one = match[0]
        visible = one.isprintable() and one.encode(encoding, "ignore") != b""
        return one if visible else json.dumps(one)[1:-1]

    return text if text.isascii() and text.isprintable() else re.sub(r"[^ -~\n]", escaped, text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else "\ufffd"


def name_text(name: str) -> str:
    """Return a name for a line that scripts may read: in quotes, as JSON, unless it is a single word.

    >>> name_text("manhhai"), name_text('done user="x" exit=0')
    ('manhhai', '"done user=\\\\"x\\\\" exit=0"')
    """
    return name if re.fullmatch(r"[\w.@-]+", name) else json.dumps(plain(name), ensure_ascii=False)


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


def time_left(seconds: float) -> str:
    """Return a duration in the two units that read best.

    >>> time_left(187_200), time_left(3_900), time_left(252), time_left(8)
    ('2d 4h', '1h 5m', '4m 12s', '8s')
    """
    units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
    rest = round(seconds)
    for number, (unit, size) in enumerate(units):
        if rest >= size:
            first, rest = divmod(rest, size)
            parts = [f"{first}{unit}"]
            if number + 1 < len(units) and (second := rest // units[number + 1][1]):
                parts.append(f"{second}{units[number + 1][0]}")
            return " ".join(parts)
    return "0s"


def heartbeat(tally: Tally) -> str:
    """Return how far a run is, as one line of a log."""
    what = "images" if tally.counts_images else "photos"
    load = tally.load()
    name = name_text(tally.name) if tally.name else tally.stage
    parts = [
        f"{name}: {tally.done:,}/{tally.total:,} {what} ({tally.share:.0%})",
        size_text(tally.bytes) if tally.counts_images else "",
        f"{tally.informed:,} with information" if tally.counts_images and tally.describes else "",
        f"{tally.failed:,} failed" if tally.failed else "",
        f"API {load.used:,}/{load.budget:,} this hour",
        _hold(tally),
        _eta(tally),
    ]
    return ", ".join(part for part in parts if part)


def _hold(tally: Tally) -> str:
    """Return why nothing moves, and for how long; nothing where something does."""
    if tally.next_look is not None:
        return f"next look in {time_left(tally.next_look)}"
    if tally.waiting is None:
        return ""
    cause, seconds = tally.waiting
    reasons = {
        "budget": "the hour's calls are used up",
        "api": "paused by Flickr",
        "images": "images paused by Flickr",
    }
    return f"{reasons[cause]}, going on in {time_left(seconds)}"


def _eta(tally: Tally) -> str:
    eta = tally.eta
    return f"ETA {time_left(eta.seconds)} ({eta.bound}-bound)" if eta else ""


class LiveView:
    """The live view of a run, drawn from a tally: two calm lines, one on a narrow terminal; a context manager."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self._console = console
        self._tally = tally
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        self._handler = signal.signal(signal.SIGTSTP, self._suspend)
        return self

    def _suspend(self, *_: object) -> None:
        """Give the cursor back while Ctrl-Z has the run stand still."""
        self._console.show_cursor()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._suspend)  # `fg` goes on here
        self._console.show_cursor(show=False)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTSTP, self._handler)
        self._live.transient = not self._tally.name  # an empty bar above an error tells nothing
        self._live.stop()

    def _render(self) -> RenderableType:
        width = (
            self._console.width - 1
        )  # a cursor behind the last column makes some terminals begin a new line
        tally = self._tally
        count = f"{tally.done:,}/{tally.total:,}"
        if width < NARROW:
            hold = _hold(tally).rpartition(" in ")[2]
            parts = [count, f"{tally.share:.0%}", f"waits {hold}" if hold else _eta(tally)]
            return _line("  ".join(part for part in parts if part), width)
        name = plain(tally.name)
        left = f"{set_cell_size(name, min(cell_len(name), LONGEST_NAME))}  {count} photos"
        right = [f"{tally.share:.0%}"]
        if tally.counts_images:
            right += [size_text(tally.bytes), f"{size_text(tally.rate)}/s"]
        while (room := width - cell_len(left) - sum(len(part) + 2 for part in right)) < LEAST_BAR + 2:
            right.pop()
        table = Table.grid(padding=(0, 1))
        table.add_row(
            Text(left, no_wrap=True),
            ProgressBar(total=max(tally.total, 1), completed=tally.done, width=min(room - 2, MOST_BAR)),
            Text("  ".join(right), no_wrap=True),
        )
        return Group(table, _line(self._second_line(), width))

    def _second_line(self) -> str:
        tally = self._tally
        load = tally.load()
        parts = [
            _hold(tally),  # first, because a bar that stands still reads like a fault
            f"API {load.used:,}/{load.budget:,} this hour",
            f"in flight {load.in_flight}" if load.in_flight else "",
            f"information {tally.informed:,}" if tally.counts_images and tally.describes else "",
            f"failed {tally.failed:,}" if tally.failed else "",
            "" if tally.next_look is not None else tally.stage,
            _eta(tally),
        ]
        return "  ".join(part for part in parts if part)


def _line(text: str, width: int) -> Text:
    line = Text(text, no_wrap=True, overflow="ellipsis")
    line.truncate(width, overflow="ellipsis")
    return line
