"""Find the upload times of photos that Flickr counts in the photostream but that no listing has shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MAX_CALLS = 64
"""The maximum number of calls that one run spends on the search."""


async def locate(
    count: Callable[[int, int], Awaitable[int]],
    known: Callable[[Interval], Awaitable[int]],
    middle: Callable[[Interval], Awaitable[int]],
    whole: Interval,
    surplus: int,
    page_size: int,
) -> list[Interval]:
    """Return stretches of the `whole` that contain a `surplus` of photos, each short enough for a page or two.

    `count` asks Flickr how many photos it counts from one second to another (one call). `known` returns how many
    of them the mirror knows, `middle` a second that halves those. The search is binary: a stretch is halved while
    Flickr counts more photos in it than are known, so one late photo among 100,000 takes about eight calls. Photos
    that are gone, but not marked as gone yet, can hide as many others in the same stretch.
    """
    found: list[Interval] = []
    pending = [(whole, surplus)]
    calls = 0
    while pending:
        stretch, surplus = pending.pop()
        split = await middle(stretch)
        if await known(stretch) < page_size or split >= stretch.high:
            found.append(stretch)
            continue
        if calls == MAX_CALLS:
            break
        calls += 1
        older, newer = Interval(stretch.low, split), Interval(split + 1, stretch.high)
        surplus_of_older = await count(older.low, older.high) - await known(older)
        for part, more in ((older, surplus_of_older), (newer, surplus - surplus_of_older)):
            if more > 0:
                pending.append((part, more))
    return found
