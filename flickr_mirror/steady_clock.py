"""A clock that nobody sets: it goes on evenly while the machine runs, whatever happens to the clock of the day."""

from __future__ import annotations

import time
from pathlib import Path

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # both go on while the machine sleeps
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def uptime() -> float:
    """Return the seconds since the machine was started; all processes see the same."""
    return time.clock_gettime(_CLOCK)


def boot_id() -> str:
    """Return an identification of this start of the machine; "" where the system has none (macOS)."""
    try:
        return _BOOT_ID.read_text().strip()
    except (OSError, ValueError):
        return ""


_BEGAN = time.time() - uptime()


def steady_time() -> float:
    """Return the seconds since 1970 (UTC), by the clock of the day as it was when this process began."""
    return _BEGAN + uptime()
