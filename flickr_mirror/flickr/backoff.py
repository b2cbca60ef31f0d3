"""The pause that all requests to a server share while it answers "too many requests"."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flickr_mirror.models.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

SUCCESSES_TO_RECOVER = 20
"""How many good answers reset the length of the next pause."""


class Backoff:
    """Exponential backoff, shared by all requests to one server.

    The first pause lasts `Timing.first_pause`, each further one twice as long or as long as the server requests, up to
    `Timing.longest_pause`. 20 good answers reset the length. Many requests refused at once start one pause.
    """

    def __init__(self, timing: Timing = Timing(), *, clock: Callable[[], float] = time.monotonic) -> None:
        self._first = self._length = timing.first_pause
        self._longest = timing.longest_pause
        self._clock = clock
        self._until = clock()
        self._throttled_since: float | None = None
        self._successes = 0

    @property
    def left(self) -> float:
        """How many seconds of the pause are left; 0 or less if there is no pause."""
        return self._until - self._clock()

    @property
    def throttled_for(self) -> float:
        """For how many seconds the server has refused everything, including the rest of the pause."""
        return 0 if self._throttled_since is None else self._until - self._throttled_since

    def record_throttling(self, started: float, retry_after: float | None = None) -> float:
        """Record that a request sent at `started` was refused; return the seconds of the pause that this starts.

        Return 0 if `started` is before the latest pause: the request belongs to a burst that was paused already.
        """
        now = self._clock()
        if started < self._until:
            return 0
        # after a long time without requests, an old refusal is not part of the same episode
        if self._throttled_since is None or now > self._until + self._longest:
            self._throttled_since = now
        seconds = min(max(self._length, retry_after or 0.0), self._longest)
        self._until = now + seconds
        self._length = min(self._length * 2, self._longest)
        return seconds

    def wait_for(self, seconds: float) -> None:
        """Wait for some seconds more, without a refusal: another machine was refused."""
        self._until = max(self._until, self._clock() + seconds)

    def record_success(self) -> bool:
        """Record a good answer; return whether it is the 20th of a row."""
        self._throttled_since = None
        self._successes = (self._successes + 1) % SUCCESSES_TO_RECOVER
        if not self._successes:
            self._length = self._first
        return not self._successes
