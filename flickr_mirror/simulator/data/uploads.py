"""The upload times and the ids of the photos of a photostream."""

from __future__ import annotations

from array import array
from itertools import accumulate, chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

NEWEST_ID = 54_000_000_000
NEWEST_UPLOAD = 1_760_000_000
_YEARS = 15 * 365 * 86400


def generate_ids(count: int, suffix: int, random: Random) -> array[int]:
    """Return ascending ids of 11 digits that all end with `suffix`."""
    widest = min(600, max(1, 400_000_000 // max(count, 1)))
    steps = [100 * (step + 1) for step in random.choices(range(widest), k=count)]
    first = NEWEST_ID + suffix - sum(steps)
    return array("q", list(accumulate(chain([first], steps)))[1:])


def generate_times(count: int, newest: int, same_second: int, random: Random) -> array[int]:
    """Return the times of the uploads, in seconds: batches with pauses between them, within fifteen years."""
    pause = max(1, min(5 * 43200, 5 * _YEARS // max(count, 1)))
    gaps_of_a_batch = [0, 0, *range(1, 15), *range(20, 80, 10)]
    pauses = [pause // 2, pause, pause, pause * 3 // 2, pause]
    gaps = random.choices(gaps_of_a_batch + pauses, k=count)
    if same_second:
        middle = (count - same_second) // 2
        gaps[middle : middle + same_second - 1] = [0] * (same_second - 1)
    first = newest - sum(gaps[:-1])
    return array("q", list(accumulate(chain([first], gaps)))[:count])
