"""Whether the servers answer: since when a server has been silent, and why the last try failed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flickr_mirror.errors import PhotoError, ThrottledError, TransportError
from flickr_mirror.models.event_text import outage_text
from flickr_mirror.models.events import OutageBegan, OutageEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flickr_mirror.models.events import Observer

SILENT = 9.0
"""A silence of this many seconds is an outage."""
NO_LONGER_ASKED = 65.0
"""A server to which nothing was sent for this many seconds is not asked at present: tries are closer together."""
DEAD = 3.0
"""A server that has not answered at all for this many seconds is mentioned at the end of a run."""
LOOK = 0.5
"""Seconds between two looks for an outage."""


class OutageMonitor:
    """How long a `server` (`api` or `images`) has given no usable answer, while it is asked for one.

    A refusal is an answer; an error page, an HTTP 5xx and a broken connection are not.
    """

    def __init__(self, server: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.server = server
        self.in_flight = 0
        """How many exchanges wait for this server."""
        self.reason = ""
        """Why the latest try since the last answer failed."""
        self.is_reached = False
        """Whether that try was answered with an error."""
        self.has_answered = False
        self._clock = clock
        self._since = self._asked = clock()
        self._began: float | None = None
        """When the outage began that was reported."""
        self._is_over = False
        self._is_given_up = False
        """Whether an exchange was cancelled before its answer."""

    @property
    def seconds(self) -> float:
        """For how long no answer came; 0 while the server is not asked."""
        return 0.0 if self._is_idle else self._clock() - self._since

    @property
    def is_reported(self) -> bool:
        """Whether an outage was reported whose end was not."""
        return self._began is not None

    @property
    def _is_idle(self) -> bool:
        is_retried = bool(self.reason) and self._clock() - self._asked < NO_LONGER_ASKED
        return not self.in_flight and not is_retried

    @contextmanager
    def asking(self) -> Iterator[Callable[[], None]]:
        """Exchange something with the server inside of this; yields what to call when bytes arrive.

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

    def news(self) -> OutageBegan | OutageEnded | None:
        """Return what to report now: an outage that was not reported yet, or its end."""
        if self._began is None:
            if self.seconds < SILENT:
                return None
            self._began = self._since
            return OutageBegan(self.server, self.seconds, self.reason, self.is_reached)
        if not self._is_over:
            return None
        seconds = self._since - self._began
        self._began, self._is_over = None, False
        return OutageEnded(self.server, seconds)

    def last_words(self) -> str:
        """Return the sentence about a server that does not answer at the end of a run, empty where it does."""
        seconds = self._clock() - self._since
        if self.reason or (self._is_given_up and seconds >= (SILENT if self.has_answered else DEAD)):
            return outage_text(self.server, seconds, self.reason, reached=self.is_reached, ended=True)
        return ""


def report(silences: Iterable[OutageMonitor], emit: Observer) -> None:
    """Report the outages, and the ends of them, that were not reported yet."""
    for silence in silences:
        if event := silence.news():
            emit(event)
