"""When a failed request is sent again, and how long to wait before."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from flickr_mirror.errors import CertificateError, ProxyLoginError, ThrottledError, TransportError
from flickr_mirror.flickr.interruption import InterruptibleWaits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_IS_TEMPORARY = retry_if_not_exception_type((CertificateError, ProxyLoginError, ThrottledError))


class RetryPolicy:
    """Exponential backoff with full jitter, up to `longest_wait` seconds, for a limited number of attempts."""

    def __init__(self, attempts: int, longest_wait: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._stop = stop_after_attempt(attempts)
        self._wait = wait_random_exponential(multiplier=1, max=longest_wait)
        self._sleep = sleep
        self._waits = InterruptibleWaits()

    def attempts(self, *more: type[Exception]) -> AsyncRetrying:
        """Return the attempts of one request: again after a temporary `TransportError` or one of `more`."""
        return AsyncRetrying(
            retry=retry_if_exception_type((TransportError, *more)) & _IS_TEMPORARY,
            wait=self._wait,
            stop=self._stop,
            sleep=self._sleep_interruptibly,
            reraise=True,
        )

    async def _sleep_interruptibly(self, seconds: float) -> None:
        with self._waits.waiting():
            await self._sleep(seconds)

    def stop(self) -> None:
        """Raise `StoppedError` in all requests that wait for another attempt, now and from now on."""
        self._waits.stop()


def retry_after(value: str | None) -> float | None:
    """Return the seconds in a `Retry-After` header; `None` if it is invalid."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return seconds if seconds > 0 else None
