"""Progress of a run, computed from its events: what the live view, the heartbeat and `status` events show."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.engine.progress.remaining_work import RemainingWork
from flickr_mirror.engine.progress.throughput import Throughput
from flickr_mirror.models.events import (
    ClusterStatus,
    DetailCached,
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

    from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
    from flickr_mirror.models.events import Event

KINDS = ("image", "info", "details")
"""The kinds of work that are counted; `details` stands for all kinds that need a call for each photo."""
PAUSES = ("api", "images")
"""The servers that may ask for a pause."""


@dataclass(frozen=True, slots=True)
class Eta:
    """The seconds that are left, and what bounds them: `API` (Flickr's limit) or `line` (the downloads)."""

    seconds: float
    bound: str


@dataclass(slots=True)
class RunCounts:
    """Counts of photos: `known` to the mirror, with an image, with information, failed; and bytes downloaded."""

    known: int = 0
    images: int = 0
    infos: int = 0
    failed: int = 0
    bytes: int = 0


class RunStats:
    """An observer that counts events and estimates the time that is left.

    `snapshot` returns the state of the engine. `seconds_for` returns how long a number of API calls takes.
    `max_photos` is the most photos that the run begins.
    """

    def __init__(
        self,
        *,
        images: bool,
        info: bool,
        details: bool = False,
        snapshot: Callable[[], EngineSnapshot],
        seconds_for: Callable[[float], float],
        max_photos: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        utc: Callable[[], float] = time.time,
    ) -> None:
        wanted = (images, info, details)
        self.kinds = [kind for kind, is_wanted in zip(KINDS, wanted, strict=True) if is_wanted]
        self.snapshot = snapshot
        self.name = ""
        self.stage = "looking up the account"
        self.counts = RunCounts()
        self.cluster: ClusterStatus | None = None
        """The latest state of the cluster, if there is one."""
        self._remaining = RemainingWork(KINDS, seconds_for, max_photos)
        self._throughput = Throughput(KINDS, PAUSES, snapshot, clock)
        self._poll_time = 0.0
        self._clock, self._utc = clock, utc

    def __call__(self, event: Event) -> None:
        """Count an event."""
        match event:
            case ImageCached(_, _, fetched):
                self.counts.images += 1
                self.counts.bytes += fetched
                self._note_done("image", is_work=bool(fetched))
            case InfoCached():
                self.counts.infos += 1
                self._note_done("info", is_work=True)
            case DetailCached():
                self._note_done("details", is_work=True)
            case PhotoFailed(_, job, _, again=False):
                self.counts.failed += 1
                self._remaining.add(job if job in KINDS else "details", -1)
            case Watching(seconds):
                self.stage, self._poll_time = "watching", self._clock() + seconds
            case ClusterStatus():
                self.cluster = event
            case Waiting(cause, seconds) if cause in PAUSES:
                self._throughput.note_pause(cause, seconds)
            case _:
                self._note_listing(event)

    def end(self) -> None:
        """Stop the estimates, because the run has ended."""
        self._remaining.planned_calls, self.stage = None, ""

    def _note_listing(self, event: Event) -> None:
        match event:
            case RunStarted(username, _, _, known, images, infos, forgotten):
                self.name, self.stage = username, "listing"
                # forgotten photos need nothing
                self.counts = RunCounts(known, images + forgotten, infos + forgotten)
                self._remaining.done_before = self.counts.images if self.counts_images else self.counts.infos
            case PageScanned(number, pages, total, _):
                self.counts.known = max(self.counts.known, total)
                self.stage = f"listing page {number}/{pages}"
            case RunPlanned():
                self.counts.known = max(self.counts.known, event.photos)
                self._remaining.plan(event, self.snapshot().calls_sent, self._throughput.worked)
            case ListingEnded(known, _):
                self.counts.known, self.stage, self._remaining.is_listed = known, "", True
            case PhotoFound() if self._remaining.is_listed:  # by a later poll of a watch
                self._remaining.add("image", 1)
                self._remaining.add("info", 1)
            case PhotoUpdated(_, what) if self._remaining.is_listed:
                self._remaining.add("image", int("image" in what))
                self._remaining.add("info", int(what != ("image",)))
            case _:
                pass

    def _note_done(self, kind: str, *, is_work: bool) -> None:
        self._throughput.worked[kind] += is_work
        self._remaining.add(kind, -1)
        self._throughput.sample(self.counts.bytes)

    @property
    def counts_images(self) -> bool:
        """Whether the run mirrors images."""
        return "image" in self.kinds

    @property
    def counts_info(self) -> bool:
        """Whether the run mirrors information."""
        return "info" in self.kinds

    @property
    def total(self) -> int:
        """The number of photos that the mirror should have after the run."""
        return self._remaining.limited(self.counts.known)

    @property
    def done(self) -> int:
        """The number of photos with an image or, if images are not wanted, with information."""
        return min(self.counts.images if self.counts_images else self.counts.infos, self.total)

    @property
    def infos_done(self) -> int:
        """The number of photos with information; a changed photo is counted again."""
        return min(self.counts.infos, self.total)

    @property
    def left(self) -> dict[str, int]:
        """The number of images and of information files left to fetch."""
        if self.snapshot().complete:
            return dict.fromkeys(self.kinds, 0)
        planned = self._remaining.left
        if planned is None:
            counts = {"image": self.counts.images, "info": self.counts.infos, "details": 0}
            return {kind: max(self.total - counts[kind], 0) for kind in self.kinds}
        return {kind: planned[kind] for kind in self.kinds}

    @property
    def share(self) -> float:
        """The share of all images and information that is done, 0 to 1."""
        of_photos = len([kind for kind in self.kinds if kind != "details"])
        units = of_photos * self.total + self._remaining.planned_details
        return max(1 - sum(self.left.values()) / units, 0.0) if units else 0.0

    @property
    def pauses(self) -> list[tuple[str, float]]:
        """The cause of a pause, and its seconds: `budget`, `api` or `images`."""
        causes = (
            ("budget", self.snapshot().api_wait),
            *((one, self._throughput.pause(one)) for one in PAUSES),
        )
        return [(cause, seconds) for cause, seconds in causes if seconds > 0]

    @property
    def next_poll(self) -> float | None:
        """The seconds until a watch polls the photostream again; `None` if the run is not watching."""
        return max(self._poll_time - self._clock(), 0) if self.stage == "watching" else None

    def clock_time_in(self, seconds: float) -> str:
        """Return the local time of day in some seconds, such as `05:55`."""
        return time.strftime("%H:%M", time.localtime(self._utc() + seconds))

    @property
    def rate(self) -> float:
        """Bytes per second over the last minute."""
        return self._throughput.bytes_per_second(self.counts.bytes)

    @property
    def eta(self) -> Eta | None:
        """The time that is left; `None` if it is unknown or nothing is left."""
        self._throughput.sample(self.counts.bytes)
        state = self.snapshot()
        if self._remaining.planned_calls is None or self.stage == "watching" or state.complete:
            return None
        if state.silent_servers:
            return None
        calls, api = self._remaining.calls_left(state), self._remaining.api_seconds(state)
        line = 0.0
        for kind, left in self.left.items():
            if not left:
                continue
            pace = self._throughput.pace(kind)
            if not pace and (kind == "image" or not calls) and not state.api_wait:
                return None
            pause = self._throughput.pause("images") if kind == "image" else 0.0
            line = max(line, left / pace + pause if pace else 0.0)
        if not any(self.left.values()) or not (line or api):
            return None
        return Eta(api, "API") if api > line else Eta(line, "line")
