"""How far a run is: what the live view, the heartbeat and `status` events show, reckoned from events."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.progress import (
    ImageCached,
    InfoCached,
    ListingEnded,
    PageScanned,
    PhotoFailed,
    RunPlanned,
    RunStarted,
    Waiting,
    Watching,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.progress import Event

STEP = 5.0
STEPS = 60
"""Rates are those of so many steps of so many seconds: long enough to be calm, short enough to be true."""
WARM_UP = 10.0
"""For so long, in seconds, nothing is said of how long it will take."""


class Load(NamedTuple):
    """What a run is doing to Flickr: `calls` it has sent, `used` of the `budget` of an hour, images `in_flight`."""

    calls: int
    used: int
    budget: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Eta:
    """How many seconds are left, and what they are spent on: `API` (Flickr's budget) or `line`."""

    seconds: float
    bound: str


class _Mark(NamedTuple):
    time: float
    photos: int
    bytes: int


class Tally:
    """The observer that counts; `load` tells what Flickr has to bear at the moment."""

    def __init__(
        self,
        *,
        images: bool,
        info: bool,
        load: Callable[[], Load],
        seconds_for: Callable[[float], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts_images = images
        self.describes = info
        self.load = load
        self.name = ""
        self.total = 0
        self.images = 0
        self.infos = 0
        self.bytes = 0
        self.failed = 0
        self.stage = "looking up the account"
        self._seconds_for = seconds_for
        self._clock = clock
        self._planned: tuple[int, int] | None = None
        """The calls that were left when it was told, and those that had been sent."""
        self._waiting = ("", 0.0)
        self._next_look = 0.0
        self._marks: deque[_Mark] = deque([_Mark(clock(), 0, 0)], STEPS)
        self._fetched = 0

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case RunStarted(username, _, _, known, images, infos, forgotten):
                self.name, self.total = username, known
                self.images, self.infos = images + forgotten, infos + forgotten  # they need nothing
                self.stage = "listing"
            case PageScanned(number, pages, total, _):
                self.total = max(self.total, total)
                self.stage = f"listing page {number}/{pages}"
            case RunPlanned(photos, _, calls, _, _):
                self.total = max(self.total, photos)
                self._planned = calls, self.load().calls
            case ListingEnded(known, _):
                self.total, self.stage = known, ""
            case ImageCached(_, _, fetched):
                self.images += 1
                self.bytes += fetched
                self._count(fetched, is_work=bool(fetched) and self.counts_images)
            case InfoCached():
                self.infos += 1
                self._count(0, is_work=not self.counts_images)
            case PhotoFailed(again=False):
                self.failed += 1
            case Watching(seconds):
                self.stage, self._next_look = "watching", self._clock() + seconds
            case Waiting(cause, seconds):
                self._waiting = cause, self._clock() + seconds
            case _:
                pass

    def _count(self, fetched: int, *, is_work: bool) -> None:
        self._fetched += is_work
        now = self._clock()
        if now - self._marks[-1].time >= STEP:
            self._marks.append(_Mark(now, self._fetched, self.bytes))

    @property
    def done(self) -> int:
        """How many photos are done, of the kind that takes longest: images, where they are wanted."""
        return min(self.images if self.counts_images else self.infos, self.total)

    @property
    def informed(self) -> int:
        """How many photos have their information; one that changed gets it anew."""
        return min(self.infos, self.total)

    @property
    def share(self) -> float:
        """How much of the photostream is done, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def waiting(self) -> tuple[str, float] | None:
        """Why nothing moves, and for how many seconds; `None` where something does."""
        cause, until = self._waiting
        left = until - self._clock()
        return (cause, left) if left > 0 else None

    @property
    def next_look(self) -> float | None:
        """In how many seconds a watched photostream is looked at again."""
        return max(self._next_look - self._clock(), 0) if self.stage == "watching" else None

    @property
    def rate(self) -> float:
        """Bytes per second, of the last minutes."""
        mark = self._marks[0]
        return (self.bytes - mark.bytes) / max(self._clock() - mark.time, 1.0)

    @property
    def eta(self) -> Eta | None:
        """How long it will take; `None` where nobody knows yet, or nothing is left."""
        mark = self._marks[0]
        elapsed = self._clock() - mark.time
        photos = self._fetched - mark.photos
        left = self.total - self.done - self.failed
        if self._planned is None or self.stage == "watching" or elapsed < WARM_UP or left <= 0:
            return None
        calls, before = self._planned
        api = self._seconds_for(max(calls - (self.load().calls - before), 0))
        line = left * elapsed / photos if photos else 0.0
        if not photos and not api:
            return None
        return Eta(api, "API") if api > line else Eta(line, "line")
