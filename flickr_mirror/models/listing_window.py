"""The upload times that a listing requests and covers, determined by clocks that can be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

DAY = 86_400
LAG = 2
"""By how many seconds Flickr's clock may be behind, as its answers state it in whole seconds."""
TOLERANCE = 300
"""Clocks that differ by more seconds than this are reported."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time at the start of a listing, in seconds since 1970 (UTC).

    `own` is the time of this computer, `flickr` that of an answer's `Date` header, `None` if there was none. Either can
    be wrong: a proxy sends answers that are two days old, a server is ten years ahead, a computer without a battery
    starts in 1970. `newest` is the time of the newest known upload, 0 if none is known.
    """

    own: float
    flickr: float | None
    newest: int

    @property
    def now(self) -> int:
        """The time by Flickr's clock, or by this computer's if Flickr's is not known."""
        return int(self.own if self.flickr is None else self.flickr)

    @property
    def earliest(self) -> int:
        """The earlier of both times: photos uploaded later may still be missing from a listing."""
        return int(min(self.own, self.now))

    @property
    def latest(self) -> int:
        """The later of both times: if either clock is right, nothing was uploaded after it."""
        return int(max(self.own, self.now))

    @property
    def until(self) -> int:
        """The last second to request: never before the newest upload, and in the future if a clock is wrong."""
        is_known = self.flickr is not None and not self._differ
        # Requesting a time in the future costs nothing.
        return max(self.now + LAG if is_known else self.latest + DAY, self.newest)

    @property
    def _differ(self) -> bool:
        return abs(self.own - self.now) > TOLERANCE

    @property
    def warning(self) -> str:
        """The sentence about a clock that is wrong; empty if none is known to be."""
        if self._differ:
            return (
                f"The clock of this computer ({moment_text(self.own)}) and Flickr's ({moment_text(self.now)}) differ "
                f"by {_duration(abs(self.own - self.now))}. Set this computer's clock if it is wrong. Photos "
                "uploaded after the earlier time are listed again by the next run."
            )
        if self.newest > self.latest + TOLERANCE:
            return (
                f"The newest photo was uploaded at {moment_text(self.newest)}, later than the clock of this computer "
                f"({moment_text(self.own)}). Set the clock."
            )
        return ""


def moment_text(seconds: float) -> str:
    """Return a time in seconds since 1970 as text, such as `2026-11-21 20:22:33 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(seconds: float) -> str:
    for unit, name in ((DAY, "days"), (3600, "hours")):
        if seconds >= 2 * unit:
            return f"{round(seconds / unit):,} {name}"
    return f"{round(seconds / 60)} minutes"
