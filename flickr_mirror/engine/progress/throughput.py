"""Speed of a run: bytes per second over the last minute, and the pace of images and information."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot

MINUTE = 60.0
"""A rate is measured over this many seconds."""
FEWEST = 20
"""A pace is measured over at least this many items, once as many are done."""
WARM_UP = 10.0
"""Seconds of work before a pace is known."""
SAMPLE = 1.0
"""Seconds between two samples of the engine's state."""
_STEP = 1.0
_MARKS = 1200


class _Mark(NamedTuple):
    time: float
    done: float


class Rate:
    """An amount per second over the last minute."""

    def __init__(self, now: float) -> None:
        self._marks = deque([_Mark(now, 0)])

    def note(self, now: float, count: float) -> None:
        """Record the total amount until now."""
        if now - self._marks[-1].time >= _STEP:
            self._marks.append(_Mark(now, count))
        while len(self._marks) > 1 and self._marks[1].time <= now - MINUTE:
            self._marks.popleft()

    def at(self, now: float, count: float) -> float:
        """Return the amount per second, given the total until now."""
        self.note(now, count)
        first = self._marks[0]
        return (count - first.done) / min(max(now - first.time, 1.0), MINUTE)


class Pace:
    """Items per second of active time, in which the work is not paused."""

    def __init__(self) -> None:
        self._active = 0.0
        self._marks = deque([_Mark(0, 0)], _MARKS)

    def note(self, seconds: float, count: int) -> None:
        """Record `seconds` more of active time, and the total number of items done."""
        self._active += seconds
        if self._active - self._marks[-1].time >= _STEP:
            self._marks.append(_Mark(self._active, count))

    def at(self, count: int) -> float:
        """Return the items per second, given the total until now; 0 if it is not known yet."""
        for mark in reversed(self._marks):
            if self._active - mark.time >= MINUTE and count - mark.done >= FEWEST:
                break
        seconds = self._active - mark.time
        return (count - mark.done) / seconds if seconds >= WARM_UP else 0.0


class Throughput:
    """The speed of each kind of work, sampled from the state of the engine; paused time does not count."""

    def __init__(
        self,
        kinds: Sequence[str],
        pauses: Sequence[str],
        snapshot: Callable[[], EngineSnapshot],
        clock: Callable[[], float],
    ) -> None:
        self.worked = dict.fromkeys(kinds, 0)
        """The items of each kind done in this run, without those that were there before."""
        self._snapshot = snapshot
        self._clock = clock
        self._paused_until = dict.fromkeys(pauses, 0.0)
        self._sampled = clock()
        self._rate = Rate(clock())
        self._paces = {kind: Pace() for kind in kinds}

    def note_pause(self, server: str, seconds: float) -> None:
        """Record that a server asks for a pause."""
        self._paused_until[server] = self._clock() + seconds

    def pause(self, server: str) -> float:
        """Return the seconds left of a server's pause, 0 if there is none."""
        return max(self._paused_until[server] - self._clock(), 0)

    def sample(self, fetched: int) -> None:
        """Record the time, the work and the bytes since the last sample, at most once per second.

        `fetched` counts the bytes of whole images.
        """
        now = self._clock()
        if (seconds := now - self._sampled) < SAMPLE:
            return
        self._sampled = now
        state = self._snapshot()
        silent = {server for server, *_ in state.silent_servers}
        images_paused = self.pause("images") > 0 or "images" in silent
        calls_paused = state.api_wait > 0 or self.pause("api") > 0 or "api" in silent
        for kind, pace in self._paces.items():
            is_paused = images_paused if kind == "image" else calls_paused
            pace.note(0 if is_paused else seconds, self.worked[kind])
        self._rate.note(now, max(state.bytes_received, fetched))

    def bytes_per_second(self, fetched: int) -> float:
        """Return the bytes of images per second over the last minute."""
        return self._rate.at(self._clock(), max(self._snapshot().bytes_received, fetched))

    def pace(self, kind: str) -> float:
        """Return the items of a kind per second of active time; 0 if it is not known yet."""
        return self._paces[kind].at(self.worked[kind])
