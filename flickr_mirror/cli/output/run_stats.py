"""How far a run is: what the live view, the heartbeat and `status` events show, computed from events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.cli.output.speed import Pace, Rate
from flickr_mirror.models.events import (
    ImageCached,
    InfoCached,
    ListingEnded,
    PageScanned,
    PhotoFailed,
    PhotoFound,
    PhotoUpdated,
    RunPlanned,
    RunStarted,
    Waiting,
    Watching,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.models.events import Event

SAMPLE = 1.0
"""Seconds between two looks at the load."""
KINDS = ("image", "info")


class Load(NamedTuple):
    """What a run is doing to Flickr.

    `calls` it has sent, `used` of the `budget` of an hour, images `in_flight`, bytes of images `received`. The next
    call may be made in `waits` seconds, 0 where no call waits for the hour. `silent` are the servers that do not
    answer, for how many seconds, and whether they were asked again. `complete` is whether all that was asked for is
    done.
    """

    calls: int
    used: int
    budget: int
    in_flight: int
    received: int = 0
    waits: float = 0.0
    silent: tuple[tuple[str, float, bool], ...] = ()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Eta:
    """How many seconds are left, and what they are spent on: `API` (Flickr's limit) or `line`."""

    seconds: float
    bound: str


class RunStats:
    """The observer that counts; `load` returns what Flickr has to bear at the moment.

    `most` is how many photos the run begins at most.
    """

    def __init__(
        self,
        *,
        images: bool,
        info: bool,
        load: Callable[[], Load],
        seconds_for: Callable[[float], float],
        most: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        utc: Callable[[], float] = time.time,
    ) -> None:
        self.counts_images = images
        self.describes = info
        self.load = load
        self.name = ""
        self.known = 0
        self.images = 0
        self.infos = 0
        self.bytes = 0
        self.failed = 0
        self.stage = "looking up the account"
        self._kinds = [kind for kind, wanted in zip(KINDS, (images, info), strict=True) if wanted]
        self._most = most
        self._done_before = 0
        self._seconds_for = seconds_for
        self._clock = clock
        self._utc = utc
        self._planned: tuple[int, int] | None = None
        """The calls that were left when the run was planned, and those that had been sent."""
        self._left: dict[str, int] | None = None
        self._is_listed = False
        self._paused_until = {"images": 0.0, "api": 0.0}
        self._next_look = 0.0
        self._sampled = clock()
        self._rate = Rate(clock())
        self._paces = {kind: Pace() for kind in KINDS}
        self._worked = dict.fromkeys(KINDS, 0)
        """What was done in this run, and was not there before."""

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case ImageCached(_, _, fetched):
                self.images += 1
                self.bytes += fetched
                self._done("image", is_work=bool(fetched))
            case InfoCached():
                self.infos += 1
                self._done("info", is_work=True)
            case PhotoFailed(_, job, _, again=False):
                self.failed += 1
                self._add(job, -1)
            case Watching(seconds):
                self.stage, self._next_look = "watching", self._clock() + seconds
            case Waiting(cause, seconds) if cause in self._paused_until:
                self._paused_until[cause] = self._clock() + seconds
            case _:
                self._note_listing(event)

    def end(self) -> None:
        """Note that the run has ended: nothing more is to come."""
        self._planned, self.stage = None, ""

    def _note_listing(self, event: Event) -> None:
        match event:
            case RunStarted(username, _, _, known, images, infos, forgotten):
                self.name, self.known = username, known
                self.images, self.infos = images + forgotten, infos + forgotten  # they need nothing
                self._done_before = self.images if self.counts_images else self.infos
                self.stage = "listing"
            case PageScanned(number, pages, total, _):
                self.known = max(self.known, total)
                self.stage = f"listing page {number}/{pages}"
            case RunPlanned():
                self._plan(event)
            case ListingEnded(known, _):
                self.known, self.stage, self._is_listed = known, "", True
            case PhotoFound() if self._is_listed:  # by a later look of a watch
                self._add("image", 1)
                self._add("info", 1)
            case PhotoUpdated(_, what) if self._is_listed:
                self._add("image", int("image" in what))
                self._add("info", int(what != ("image",)))
            case _:
                pass

    def _plan(self, plan: RunPlanned) -> None:
        self.known = max(self.known, plan.photos)
        self._planned = plan.calls, self.load().calls
        self._left = {"image": plan.images, "info": plan.infos}
        if self._most is not None:
            for kind in KINDS:
                self._left[kind] = min(self._left[kind], max(self._most - self._worked[kind], 0))

    def _done(self, kind: str, *, is_work: bool) -> None:
        self._worked[kind] += is_work
        self._add(kind, -1)
        self._sample()

    def _add(self, kind: str, count: int) -> None:
        if self._left:
            self._left[kind] = max(self._left[kind] + count, 0)

    def _sample(self) -> None:
        """Look at the load, at most once in a second: what cannot go on meanwhile has no time that counts."""
        now = self._clock()
        if (seconds := now - self._sampled) < SAMPLE:
            return
        self._sampled = now
        load = self.load()
        silent = {server for server, *_ in load.silent}
        is_held = {
            "image": self._pause("images") > 0 or "images" in silent,
            "info": load.waits > 0 or self._pause("api") > 0 or "api" in silent,
        }
        for kind, pace in self._paces.items():
            pace.note(0 if is_held[kind] else seconds, self._worked[kind])
        self._rate.note(now, max(load.received, self.bytes))

    def _pause(self, server: str) -> float:
        return max(self._paused_until[server] - self._clock(), 0)

    @property
    def total(self) -> int:
        """How many photos there are, as far as this run is to bring them."""
        return self.known if self._most is None else min(self.known, self._done_before + self._most)

    @property
    def done(self) -> int:
        """How many photos have their image, or where images are not wanted, their information."""
        return min(self.images if self.counts_images else self.infos, self.total)

    @property
    def informed(self) -> int:
        """How many photos have their information; one that changed gets it anew."""
        return min(self.infos, self.total)

    @property
    def left(self) -> dict[str, int]:
        """How many images and how much information are left to fetch."""
        if self.load().complete:
            return dict.fromkeys(self._kinds, 0)
        if self._left is None:
            counts = {"image": self.images, "info": self.infos}
            return {kind: max(self.total - counts[kind], 0) for kind in self._kinds}
        return {kind: self._left[kind] for kind in self._kinds}

    @property
    def share(self) -> float:
        """How much of all images and information is done, 0 to 1."""
        units = len(self._kinds) * self.total
        return max(1 - sum(self.left.values()) / units, 0.0) if units else 0.0

    @property
    def holds(self) -> list[tuple[str, float]]:
        """What keeps the run from going on, and for how many seconds: `budget`, or a pause of `api` or `images`."""
        found = [("budget", self.load().waits), *((cause, self._pause(cause)) for cause in ("api", "images"))]
        return [(cause, seconds) for cause, seconds in found if seconds > 0]

    @property
    def next_look(self) -> float | None:
        """In how many seconds a watched photostream is looked at again."""
        return max(self._next_look - self._clock(), 0) if self.stage == "watching" else None

    def time_in(self, seconds: float) -> str:
        """Return the time of day in some seconds, as `05:55`, in local time."""
        return time.strftime("%H:%M", time.localtime(self._utc() + seconds))

    @property
    def rate(self) -> float:
        """Bytes per second, of the last minute."""
        return self._rate.at(self._clock(), max(self.load().received, self.bytes))

    @property
    def eta(self) -> Eta | None:
        """How long it will take; `None` where that is not known, or nothing is left."""
        self._sample()
        load = self.load()
        if self._planned is None or self.stage == "watching" or load.complete or load.silent:
            return None
        calls, before = self._planned
        calls = max(calls - (load.calls - before), int(load.waits > 0))
        api = max(self._seconds_for(calls), load.waits)
        line = 0.0
        for kind, left in self.left.items():
            if not left:
                continue
            pace = self._paces[kind].at(self._worked[kind])
            if not pace and (kind == "image" or not calls) and not load.waits:
                return None
            pause = self._pause("images") if kind == "image" else 0.0
            line = max(line, left / pace + pause if pace else 0.0)
        if not any(self.left.values()) or not (line or api):
            return None
        return Eta(api, "API") if api > line else Eta(line, "line")
