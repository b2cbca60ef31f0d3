"""A clock that runs evenly, even if the system time is changed."""

from __future__ import annotations

import time
from pathlib import Path

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # both run while the machine sleeps
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def uptime() -> float:
    """Return the seconds since the machine was booted, the same in all processes."""
    return time.clock_gettime(_CLOCK)


def boot_id() -> str:
    """Return an id of this boot of the machine; empty if the system has none (macOS)."""
    try:
        return _BOOT_ID.read_text().strip()
    except (OSError, ValueError):
        return ""


_START = time.time() - uptime()


def steady_time() -> float:
    """Return the seconds since 1970 (UTC), by the system time at the start of this process."""
    return _START + uptime()
