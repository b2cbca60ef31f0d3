"""The common parts of requests to the API and to the image servers: headers, checks of a response, a minimum speed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import anyio
import httpx

from flickr_mirror.errors import ThrottledError, TransportError
from flickr_mirror.flickr.retry import retry_after
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER_AGENT = f"flickr_mirror/{__version__}"
SPEED_LIMIT = 1024
"""A transfer of fewer bytes per second than this, over `Timing.stall_time`, is given up. The name is curl's."""
FAILURES = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    UnicodeError,  # a reason phrase that cannot be decoded
)
"""The errors that the HTTP libraries raise when no usable response came."""


def check_status(response: httpx.Response, host: str, prefix: str = "") -> None:
    """Raise `ThrottledError` for HTTP 429, `TransportError` for any other status than 200."""
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        pause = retry_after(response.headers.get("Retry-After"))
        raise ThrottledError(f"{prefix}{host} asks for a pause (HTTP 429).", pause)
    if status != httpx.codes.OK:
        raise TransportError(f"{prefix}{host} answered HTTP {status}.", status=status)


def check_encoding(response: httpx.Response, *accepted: str) -> None:
    """Raise `TransportError` for a `Content-Encoding` that was not accepted.

    A few bytes that are compressed twice can expand to more than fits into memory.
    """
    encoding = response.headers.get("Content-Encoding", "")
    if encoding.lower() not in ("", "identity", *accepted):
        raise TransportError(f"{response.url.host} sent an unexpected Content-Encoding.")


@contextmanager
def minimum_speed(stall_time: float) -> Iterator[Callable[[int], None]]:
    """Raise `TimeoutError` if a transfer is slower than `SPEED_LIMIT` for `stall_time` seconds.

    Call what it yields with each count of bytes.
    """
    with anyio.fail_after(stall_time) as scope:
        received = 0

        def record(count: int) -> None:
            nonlocal received
            received += count
            if received > SPEED_LIMIT * stall_time:
                received = 0
                scope.deadline = anyio.current_time() + stall_time

        yield record
