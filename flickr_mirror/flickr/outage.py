"""Detect outages: since when a server has not answered, and why the last attempt failed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flickr_mirror.errors import PhotoError, ThrottledError, TransportError
from flickr_mirror.models.event_text import outage_text
from flickr_mirror.models.events import OutageBegan, OutageEnded
from flickr_mirror.models.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flickr_mirror.models.events import Observer

NO_LONGER_ASKED = 65.0
"""A server to which nothing was sent for this many seconds is not in use; retries are closer together."""
DEAD = 3.0
"""A server that has never answered is reported at the end of a run after this many seconds."""


class OutageMonitor:
    """Measures for how long a `server` (`api` or `images`) in use has sent no usable answer.

    A refusal is an answer; an error page, an HTTP 5xx and a broken connection are not. (It has more than ten
    attributes because each is one fact about the exchanges so far, read by another question.)
    """

    def __init__(
        self, server: str, timing: Timing = Timing(), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.server = server
        self.in_flight = 0
        """How many exchanges are waiting for this server."""
        self.reason = ""
        """Why the latest attempt since the last answer failed; empty if none has."""
        self.is_reached = False
        """Whether the server responded to that attempt, with an error."""
        self.has_answered = False
        self._outage_after = timing.outage_after
        self._clock = clock
        self._since = self._asked = clock()
        self._began: float | None = None
        """When the reported outage began."""
        self._is_over = False
        self._is_given_up = False
        """Whether an exchange was cancelled while it waited for an answer."""

    @property
    def seconds(self) -> float:
        """For how many seconds no answer came; 0 if the server is not in use."""
        return 0.0 if self._is_idle else self._clock() - self._since

    @property
    def is_silent(self) -> bool:
        """Whether no answer came for as long as makes an outage."""
        return self.seconds >= self._outage_after

    @property
    def is_reported(self) -> bool:
        """Whether an outage was reported, but not its end."""
        return self._began is not None

    @property
    def _is_idle(self) -> bool:
        is_retried = bool(self.reason) and self._clock() - self._asked < NO_LONGER_ASKED
        return not self.in_flight and not is_retried

    @contextmanager
    def asking(self) -> Iterator[Callable[[], None]]:
        """Run one exchange with the server inside of this context; yield a function to call when bytes arrive.

        An exchange that ends without a `TransportError` was answered.
        """
        if self._is_idle:
            self._since = self._clock()
        self.in_flight += 1
        self._asked = self._clock()
        try:
            yield self._receive
        except (ThrottledError, PhotoError):
            self._answer()
            raise
        except TransportError as error:
            self.reason, self.is_reached = str(error), error.__cause__ is None
            raise
        except Exception:
            raise
        except BaseException:
            self._is_given_up = True
            raise
        else:
            self._answer()
        finally:
            self.in_flight -= 1
            self._asked = self._clock()

    def _receive(self) -> None:
        self._since = self._clock()

    def _answer(self) -> None:
        self._since = self._clock()
        self.reason, self._is_given_up = "", False
        self.has_answered = True
        self._is_over = self.is_reported

    def next_event(self) -> OutageBegan | OutageEnded | None:
        """Return the event to report now: an unreported outage, or the end of a reported one."""
        if self._began is None:
            if not self.is_silent:
                return None
            self._began = self._since
            return OutageBegan(self.server, self.seconds, self.reason, self.is_reached)
        if not self._is_over:
            return None
        seconds = self._since - self._began
        self._began, self._is_over = None, False
        return OutageEnded(self.server, seconds)

    def final_sentence(self) -> str:
        """Return a sentence if the server does not answer at the end of a run, else an empty string."""
        seconds = self._clock() - self._since
        least = self._outage_after if self.has_answered else DEAD
        if self.reason or (self._is_given_up and seconds >= least):
            return outage_text(self.server, seconds, self.reason, reached=self.is_reached, ended=True)
        return ""


def report(monitors: Iterable[OutageMonitor], emit: Observer) -> None:
    """Report the outages, and their ends, that were not reported yet."""
    for monitor in monitors:
        if event := monitor.next_event():
            emit(event)
