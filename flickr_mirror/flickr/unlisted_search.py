"""Finds the upload times of photos that Flickr counts in the whole photostream, and that no listing has shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MOST_CALLS = 64
"""How many calls one run spends on the search at most."""


async def locate(
    count: Callable[[int, int], Awaitable[int]],
    known: Callable[[Interval], Awaitable[int]],
    middle: Callable[[Interval], Awaitable[int]],
    whole: Interval,
    surplus: int,
    page_size: int,
) -> list[Interval]:
    """Return stretches of the `whole` that hold a `surplus`, each of which a page or two can list.

    `count` returns how many photos Flickr counts from one second to another: one call. `known` returns how many
    of them the mirror knows, `middle` a second that halves those. A stretch is halved for as long as Flickr counts
    more in it than is known, so one late photo among 100,000 takes about eight calls. Where photos are gone, and not
    yet marked as gone, they can hide as many others in the same stretch.
    """
    found: list[Interval] = []
    doubtful = [(whole, surplus)]
    calls = 0
    while doubtful:
        stretch, surplus = doubtful.pop()
        split = await middle(stretch)
        if await known(stretch) < page_size or split >= stretch.high:
            found.append(stretch)
            continue
        if calls == MOST_CALLS:
            break
        calls += 1
        older, newer = Interval(stretch.low, split), Interval(split + 1, stretch.high)
        surplus_of_older = await count(older.low, older.high) - await known(older)
        for part, more in ((older, surplus_of_older), (newer, surplus - surplus_of_older)):
            if more > 0:
                doubtful.append((part, more))
    return found
