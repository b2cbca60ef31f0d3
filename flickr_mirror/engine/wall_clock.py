"""The wall clock: the next moment of a time of day, and waiting for a moment."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import time as time_of_day


def next_moment(at: time_of_day, now: float) -> datetime:
    """Return the next moment after `now`, in seconds since 1970, at which local clocks show `at`; it has a zone.

    A time that the change to summer time skips is taken as if the clocks had not been changed: 02:30 is 03:30 of
    that day. Of a time that comes twice, the next one is returned.
    """
    today = datetime.fromtimestamp(now).date()  # noqa: DTZ006 - `at` is in local time
    moments = [
        datetime.combine(today + timedelta(days), at.replace(fold=fold)) for days in (0, 1) for fold in (0, 1)
    ]
    exact = [moment.timestamp() for moment in moments if moment.fold == 0 or _exists(moment)]
    return datetime.fromtimestamp(min(moment for moment in exact if moment > now)).astimezone()


def _exists(moment: datetime) -> bool:
    return datetime.fromtimestamp(moment.timestamp()).time() == moment.time()  # noqa: DTZ006


async def wait_until(moment: datetime, sleep: Callable[[float], Awaitable[None]], check: float) -> None:
    """Sleep until the clock shows `moment`, which is in local time if it has no zone.

    The clock is checked every `check` seconds.
    """
    end = moment.timestamp()
    while (left := end - time.time()) > 0:
        await sleep(min(left, check))
