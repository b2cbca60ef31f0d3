"""Which upload times a listing asks for and covers, by clocks that can be wrong. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

DAY = 86_400
LAG = 2
"""Seconds by which Flickr's clock, which its answers give in whole seconds, may be behind."""
TOLERANCE = 300
"""Clocks that differ by more seconds are named."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time at the start of a listing, in seconds since 1970 (UTC).

    `own` is that of this computer, `flickr` that of an answer's `Date` header, `None` where none came. Either can be
    wrong: a proxy sends answers of the day before yesterday, a server is ten years ahead, a computer without a
    battery begins in 1970. `newest` is the second of the newest upload known, 0 where none is.
    """

    own: float
    flickr: float | None
    newest: int

    @property
    def now(self) -> int:
        """The time by Flickr's clock, or by this computer's where that is not known."""
        return int(self.own if self.flickr is None else self.flickr)

    @property
    def earliest(self) -> int:
        """The smaller of both clocks: what is uploaded later may still be missing from a listing."""
        return int(min(self.own, self.now))

    @property
    def latest(self) -> int:
        """The greater of both clocks: if either is right, nothing was uploaded after that."""
        return int(max(self.own, self.now))

    @property
    def until(self) -> int:
        """The last second to ask for: never before the newest upload, and of the future where a clock is wrong."""
        is_known = self.flickr is not None and not self._differ
        # what is asked of the future costs nothing
        return max(self.now + LAG if is_known else self.latest + DAY, self.newest)

    @property
    def _differ(self) -> bool:
        return abs(self.own - self.now) > TOLERANCE

    @property
    def warning(self) -> str:
        """The sentence that names a clock that is wrong; empty where none is known to be."""
        if self._differ:
            return (
                f"The clock of this computer ({moment_text(self.own)}) and Flickr's ({moment_text(self.now)}) differ "
                f"by {_duration(abs(self.own - self.now))}. Set this computer's clock if it is wrong. What was "
                "uploaded after the earlier time is listed again by the next run."
            )
        if self.newest > self.latest + TOLERANCE:
            return (
                f"The newest photo was uploaded at {moment_text(self.newest)}, later than the clock of this computer "
                f"({moment_text(self.own)}). Set the clock."
            )
        return ""


def moment_text(seconds: float) -> str:
    """Return a time, in seconds since 1970, as `2026-11-21 20:22:33 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(seconds: float) -> str:
    for unit, name in ((DAY, "days"), (3600, "hours")):
        if seconds >= 2 * unit:
            return f"{round(seconds / unit):,} {name}"
    return f"{round(seconds / 60)} minutes"
