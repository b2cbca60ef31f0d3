"""Progress of a run as text: the live view and the heartbeat line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flickr_mirror.cli.output.text import name_text, size_text, time_left
from flickr_mirror.models.event_text import SERVERS, SHORT_REASONS
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.engine.progress.run_stats import RunStats

Words = tuple[str, ...]
"""One piece of text in several lengths, the longest first; empty for nothing."""

NARROW = 60
"""A terminal with fewer columns gets the shortest texts."""

FEW_WORKERS = 8
"""With at most this many workers, the live view shows the rate of each."""

MAX_NAME, MIN_BAR, MAX_BAR = 20, 4, 40
"""Columns of the name and of the bar in the live view."""


def heartbeat(stats: RunStats) -> str:
    """Return the progress of a run as one line of a log."""
    what = "images" if stats.counts_images else "photos"
    state = stats.snapshot()
    name = name_text(stats.name) if stats.name else stats.stage
    parts = [
        f"{name}: {stats.done:,}/{stats.total:,} {what} ({stats.share:.0%})",
        size_text(stats.counts.bytes) if stats.counts_images else "",
        f"{stats.infos_done:,} with information" if stats.counts_images and stats.counts_info else "",
        f"{stats.counts.failed:,} failed" if stats.counts.failed else "",
        f"API {state.calls_this_hour:,}/{state.calls_per_hour:,} this hour",
        *(words[0] for words in _pauses(stats)),
        *_eta(stats)[:1],
        ", ".join(words[0] for words in _cluster(stats) if words),
    ]
    return ", ".join(part for part in parts if part)


def draw(stats: RunStats, width: int) -> Group:
    """Return the live view for a terminal with `width` columns: two lines at most, three with a cluster.

    A narrow terminal gets shorter texts and fewer of them; only a long name is cut off.
    """
    room = width - 1  # some terminals start a new line if the cursor is behind the last column
    others = (_second_line(stats, is_narrow=room < NARROW), _cluster(stats))
    lines = ["  ".join(filter(None, fit(parts, room))) for parts in others]
    return Group(_first_line(stats, room), *(Text(line, no_wrap=True) for line in lines if line))


def _first_line(stats: RunStats, room: int) -> Table:
    count = f"{stats.done:,}/{stats.total:,}"
    what = "images" if stats.counts_images else "photos"
    name = plain(stats.name)
    count, share, size, rate, name = fit(
        [
            (f"{count} {what}", count),
            (f"{stats.share:.0%}",),
            (size_text(stats.counts.bytes) if stats.counts_images else "",),
            (f"{size_text(stats.rate)}/s" if stats.counts_images else "",),
            (set_cell_size(name, min(cell_len(name), MAX_NAME)),),
        ],
        room,
    )
    left, right = ("  ".join(filter(None, texts)) for texts in ((name, count), (share, size, rate)))
    line = Table.grid(padding=(0, 1))
    length = min(room - cell_len(left) - cell_len(right) - 2, MAX_BAR)
    bar = [ProgressBar(total=1, completed=stats.share, width=length)] if length >= MIN_BAR else []
    line.add_row(Text(left, no_wrap=True), *bar, Text(right, no_wrap=True))
    return line


def _second_line(stats: RunStats, *, is_narrow: bool) -> list[Words]:
    state = stats.snapshot()
    return [
        # first, because it explains a bar that does not move
        *(words if is_narrow or len(words) == 1 else words[:-1] for words in _pauses(stats)),
        _eta(stats),
        (f"failed {stats.counts.failed:,}",) if stats.counts.failed else (),
        _information(stats),
        (
            f"API {state.calls_this_hour:,}/{state.calls_per_hour:,} this hour",
            f"API {state.calls_this_hour:,}/{state.calls_per_hour:,}",
        ),
        (f"in flight {state.in_flight}",) if state.in_flight else (),
        (stats.stage,) if stats.next_poll is None else (),
    ]


def _cluster(stats: RunStats) -> list[Words]:
    """Return the workers of a cluster, and the images per second of each; nothing if there is no cluster."""
    cluster = stats.cluster
    if cluster is None:
        return []
    rates = sorted(cluster.images_per_second.values(), reverse=True)
    workers = f"{cluster.workers} worker{'' if cluster.workers == 1 else 's'}"
    each = "/".join(f"{rate:.1f}" for rate in rates)
    total = f"{workers}: {sum(rates):.1f} images/s"
    spread = f"{total} ({rates[-1]:.1f} to {rates[0]:.1f} each)" if rates else total
    return [
        (f"{workers}: {each} images/s", spread, total) if len(rates) <= FEW_WORKERS else (spread, total),
        (f"{cluster.throttled} throttled",) if cluster.throttled else (),
        (f"{cluster.lost} lost",) if cluster.lost else (),
    ]


def _information(stats: RunStats) -> Words:
    if not (stats.counts_images and stats.counts_info):
        return ()
    return f"information {stats.infos_done:,}/{stats.total:,}", f"information {stats.infos_done:,}"


def _pauses(stats: RunStats) -> list[Words]:
    """Return why the run is paused, and until when; nothing if it is not."""
    if stats.next_poll is not None:
        return [(f"next look in {time_left(stats.next_poll)}",)]
    found: list[Words] = []
    for server, seconds, retried in stats.snapshot().silent_servers:
        text = f"No answer from {SERVERS[server]} for {time_left(seconds)}"
        found.append((f"{text}, trying again" if retried else text, f"no answer for {time_left(seconds)}"))
    for cause, seconds in stats.pauses:
        when = (
            f"resumes {stats.clock_time_in(seconds)}" if seconds >= 60 else f"resumes in {time_left(seconds)}"
        )
        found.append(tuple(f"{reason}{when}" for reason in SHORT_REASONS[cause]))
    return found


def _eta(stats: RunStats) -> Words:
    eta = stats.eta
    if eta is None:
        return ()
    text = f"ETA {time_left(eta.seconds)}"
    return (f"{text} (API limit)", text) if eta.bound == "API" else (text,)


def fit(parts: Sequence[Words], room: int) -> list[str]:
    """Return the text of each part that fits side by side, two columns apart; empty if it does not fit.

    Earlier parts go first. Each is shown in the longest of its texts that fits.

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
