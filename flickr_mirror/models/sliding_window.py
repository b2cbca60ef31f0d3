"""The sliding window of one hour in which API calls are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HOUR = 3600.0
"""The length of the window in seconds: Flickr counts the calls of the last hour."""


def last_hour(stamps: Iterable[float], now: float) -> list[float]:
    """Return the time stamps that are less than an hour from `now`, in ascending order.

    Stamps up to an hour in the future count: another process may have recorded its call first, or a clock was set back.
    Stamps farther in the future do not, or a clock that was wrong once could block all calls for years.
    """
    return sorted(stamp for stamp in stamps if abs(now - stamp) < HOUR)


def seconds_until_free(stamps: Sequence[float], now: float, calls_per_hour: int) -> float:
    """Return the seconds until fewer than `calls_per_hour` of the `stamps` are in the last hour."""
    if len(stamps) < calls_per_hour:
        return 0
    return max(stamps[-calls_per_hour] + HOUR - now, 0.001)


def seconds_until_sent(
    stamps: Sequence[float], now: float, calls: int, calls_per_hour: int, interval: float = 0
) -> float:
    """Return the seconds until the last of `calls` more calls may be sent, each one as early as possible.

    `stamps` are the calls of the last hour, in ascending order; `interval` is the minimum time between two calls.
    """
    if calls < 1:
        return 0
    hours, before = divmod(calls - 1, calls_per_hour)
    expired = len(stamps) + before + 1 - calls_per_hour
    first = max(stamps[expired - 1] + HOUR - now, 0) if expired > 0 else 0
    return hours * HOUR + max(first, (before + 1) * interval)
