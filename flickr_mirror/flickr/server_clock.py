"""Flickr's clock, as the responses state it."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


class ServerClock:
    """The clock of a server, read from the `Date` header of its latest response."""

    def __init__(self) -> None:
        self.offset: float | None = None
        """How many seconds it is ahead of this machine's clock; `None` before the first response."""

    @property
    def time(self) -> float | None:
        """The time of the server (UTC seconds); `None` before the first response."""
        return None if self.offset is None else time.time() + self.offset

    def now(self) -> float:
        """Return the time of the server, or of this machine before the first response."""
        return time.time() + (self.offset or 0)

    def record(self, response: httpx.Response) -> None:
        """Read the clock from a response; one without a valid `Date` header changes nothing."""
        try:
            self.offset = parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
        except (KeyError, ValueError, TypeError, OverflowError):
            return
