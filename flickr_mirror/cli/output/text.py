"""What a person sees: the live view on a terminal, and text that is safe to show on one."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flickr_mirror.models.event_text import SERVERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.cli.output.run_stats import RunStats

Words = tuple[str, ...]
"""Something to show, in words of different length, the longest first; empty for nothing."""

NARROW = 60
"""A terminal of fewer columns gets the shortest words."""
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


def heartbeat(tally: RunStats) -> str:
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
        *(words[0] for words in _holds(tally)),
        *_eta(tally)[:1],
    ]
    return ", ".join(part for part in parts if part)


def draw(tally: RunStats, width: int) -> Group:
    """Return the live view for a terminal of so many columns: two lines at most.

    Where there is little room, less is shown: nothing is cut but a long name.
    """
    room = width - 1  # a cursor behind the last column makes some terminals begin a new line
    second = "  ".join(filter(None, fit(_second_line(tally, is_narrow=room < NARROW), room)))
    return Group(_first_line(tally, room), *([Text(second, no_wrap=True)] if second else []))


def _first_line(tally: RunStats, room: int) -> Table:
    count = f"{tally.done:,}/{tally.total:,}"
    what = "images" if tally.counts_images else "photos"
    name = plain(tally.name)
    count, share, size, rate, name = fit(
        [
            (f"{count} {what}", count),
            (f"{tally.share:.0%}",),
            (size_text(tally.bytes) if tally.counts_images else "",),
            (f"{size_text(tally.rate)}/s" if tally.counts_images else "",),
            (set_cell_size(name, min(cell_len(name), LONGEST_NAME)),),
        ],
        room,
    )
    left, right = ("  ".join(filter(None, texts)) for texts in ((name, count), (share, size, rate)))
    line = Table.grid(padding=(0, 1))
    length = min(room - cell_len(left) - cell_len(right) - 2, MOST_BAR)
    bar = [ProgressBar(total=1, completed=tally.share, width=length)] if length >= LEAST_BAR else []
    line.add_row(Text(left, no_wrap=True), *bar, Text(right, no_wrap=True))
    return line


def _second_line(tally: RunStats, *, is_narrow: bool) -> list[Words]:
    load = tally.load()
    return [
        # first, because a bar that stands still reads like a fault
        *(words if is_narrow or len(words) == 1 else words[:-1] for words in _holds(tally)),
        _eta(tally),
        (f"failed {tally.failed:,}",) if tally.failed else (),
        _information(tally),
        (f"API {load.used:,}/{load.budget:,} this hour", f"API {load.used:,}/{load.budget:,}"),
        (f"in flight {load.in_flight}",) if load.in_flight else (),
        (tally.stage,) if tally.next_look is None else (),
    ]


def _information(tally: RunStats) -> Words:
    if not (tally.counts_images and tally.describes):
        return ()
    return f"information {tally.informed:,}/{tally.total:,}", f"information {tally.informed:,}"


def _holds(tally: RunStats) -> list[Words]:
    """Return why the run does not go on, and until when; nothing where it does."""
    if tally.next_look is not None:
        return [(f"next look in {time_left(tally.next_look)}",)]
    found: list[Words] = []
    for server, seconds, retried in tally.load().silent:
        text = f"No answer from {SERVERS[server]} for {time_left(seconds)}"
        found.append((f"{text}, trying again" if retried else text, f"no answer for {time_left(seconds)}"))
    for cause, seconds in tally.holds:
        when = f"resumes {tally.time_in(seconds)}" if seconds >= 60 else f"resumes in {time_left(seconds)}"
        reasons = {
            "budget": ("the hour's calls are used up, ", "hour's calls used up, ", ""),
            "api": ("calls paused by Flickr, ", "calls paused, ", ""),
            "images": ("images paused by Flickr, ", "images paused, ", ""),
        }
        found.append(tuple(f"{reason}{when}" for reason in reasons[cause]))
    return found


def _eta(tally: RunStats) -> Words:
    eta = tally.eta
    if eta is None:
        return ()
    text = f"ETA {time_left(eta.seconds)}"
    return (f"{text} (API limit)", text) if eta.bound == "API" else (text,)


def fit(parts: Sequence[Words], room: int) -> list[str]:
    """Return what to show of each part side by side, two columns apart: nothing where there is no room for it.

    The first parts are the most important ones. Each is shown in the longest words that have room.

    >>> fit([("resumes at 05:55", "05:55"), ("ETA 2h (API limit)", "ETA 2h"), ("a long part",), ("failed 1",)], 24)
    ['05:55', 'ETA 2h', '', 'failed 1']
    """
    shown = [""] * len(parts)
    used = -2
    for number, words in enumerate(parts):
        if words and words[-1] and used + 2 + cell_len(words[-1]) <= room:
            shown[number] = words[-1]
            used += 2 + cell_len(words[-1])
    for number, text in enumerate(shown):
        for longer in parts[number] if text else ():
            if (grown := used + cell_len(longer) - cell_len(text)) <= room:
                shown[number], used = longer, grown
                break
    return shown
