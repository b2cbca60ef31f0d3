"""How fast a run is: bytes of the last minute, and the pace of images and information while they can go on."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

MINUTE = 60.0
"""A rate is that of so many seconds."""
FEWEST = 20
"""A pace is that of at least so many things, where so many were done."""
WARM_UP = 10.0
"""For so many seconds of work the pace is not known."""
_STEP = 1.0
_MARKS = 1200


class _Mark(NamedTuple):
    time: float
    done: float


class Rate:
    """How much comes in a second, over the last minute."""

    def __init__(self, now: float) -> None:
        self._marks = deque([_Mark(now, 0)])

    def note(self, now: float, count: float) -> None:
        """Note how much came until now."""
        if now - self._marks[-1].time >= _STEP:
            self._marks.append(_Mark(now, count))
        while len(self._marks) > 1 and self._marks[1].time <= now - MINUTE:
            self._marks.popleft()

    def at(self, now: float, count: float) -> float:
        """Return how much came in a second, where it is `count` until now."""
        self.note(now, count)
        first = self._marks[0]
        return (count - first.done) / min(max(now - first.time, 1.0), MINUTE)


class Pace:
    """How many things of a kind are done in a second of the time in which they could be done."""

    def __init__(self) -> None:
        self._active = 0.0
        self._marks = deque([_Mark(0, 0)], _MARKS)

    def note(self, seconds: float, count: int) -> None:
        """Note that `seconds` more of such time went by, and that `count` things are done in all."""
        self._active += seconds
        if self._active - self._marks[-1].time >= _STEP:
            self._marks.append(_Mark(self._active, count))

    def at(self, count: int) -> float:
        """Return how many are done in a second, where `count` are done until now; 0 where that is not known yet."""
        for mark in reversed(self._marks):
            if self._active - mark.time >= MINUTE and count - mark.done >= FEWEST:
                break
        seconds = self._active - mark.time
        return (count - mark.done) / seconds if seconds >= WARM_UP else 0.0
