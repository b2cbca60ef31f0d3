"""Calls of Flickr's API: each is paced, sent, counted and read as JSON.

The API key is not known here: `transports` adds it to a request just before it is sent, so that no log line,
exception or traceback can show it.
"""

from __future__ import annotations

import json
import logging
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from flickr_mirror.errors import ThrottledError, TransportError
from flickr_mirror.flickr import transports
from flickr_mirror.flickr.interruption import InterruptibleWaits
from flickr_mirror.flickr.network_errors import failure
from flickr_mirror.flickr.outage import OutageMonitor
from flickr_mirror.flickr.responses import (
    FAILURES,
    USER_AGENT,
    check_encoding,
    check_status,
    minimum_speed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.flickr.rate_limiter import ApiBudget, Priority
    from flickr_mirror.models.timing import Timing

logger = logging.getLogger("flickr_mirror")

MAX_RESPONSE = 50 << 20
"""The longest response that is read, in bytes; the longest listing of 500 photos has about 2 MB."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""What fails before a request is sent."""


class ApiEndpoint:
    """The REST endpoint at `url`; `check_max_wait` raises once Flickr has refused for too long."""

    def __init__(
        self,
        api_key: str,
        url: httpx.URL,
        budget: ApiBudget,
        timeout: httpx.Timeout,
        timing: Timing,
        check_max_wait: Callable[[float, ThrottledError], None],
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.budget = budget
        self.calls: dict[str, int] = {}
        self.outage = OutageMonitor("api", timing)
        self._stall_time = timing.stall_time
        self._check_max_wait = check_max_wait
        self._waits = InterruptibleWaits()
        self._clock_offset: float | None = None
        keyed = transports.api_transport(api_key, url, transport)
        self._redact = keyed.redact
        # httpx logs addresses, which would include the password of this one
        self.url = url.copy_with(username="", password="")
        self._client = httpx.AsyncClient(
            transport=keyed,
            auth=(url.username, url.password) if url.userinfo else None,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            timeout=timeout,
        )

    @property
    def server_time(self) -> float | None:
        """Flickr's clock (UTC seconds), from the `Date` header of its latest response; `None` before that."""
        return None if self._clock_offset is None else time.time() + self._clock_offset

    async def call(self, method: str, priority: Priority, arguments: dict[str, str]) -> Any:  # noqa: ANN401
        """Return the JSON object that Flickr answers to one call of `method`; each call sent is counted.

        Waits for the pauses that Flickr asks for. Raises `TransportError` if no JSON object came, `ThrottledError`
        after pauses of more than `Limits.max_wait`, `StoppedError` after `stop`.
        """
        while True:
            permit = await self.budget.take(priority, self._waits.waiting)
            self.calls[method] = self.calls.get(method, 0) + 1
            try:
                with self.outage.asking() as received:
                    answer = await self._call_once(method, arguments, received)
            except ThrottledError as error:
                self.budget.record_throttling(permit.started, error.retry_after)
                self._check_max_wait(self.budget.throttled_for, error)
            except TransportError as error:
                if isinstance(error.__cause__, _NOT_SENT):
                    self._uncount(method)
                    await self.budget.give_back(permit)
                raise
            else:
                self.budget.record_success()
                return answer

    def _uncount(self, method: str) -> None:
        self.calls[method] -= 1
        if not self.calls[method]:
            del self.calls[method]

    async def _call_once(self, method: str, arguments: dict[str, str], received: Callable[[], None]) -> Any:  # noqa: ANN401
        parameters = {**arguments, "method": method, "format": "json", "nojsoncallback": "1"}
        body = bytearray()
        try:
            with minimum_speed(self._stall_time) as record:
                async with self._client.stream("GET", self.url, params=parameters) as response:
                    self._record_server_time(response)
                    # before the body, which may arrive slowly or incompletely
                    check_status(response, self.url.host, f"{method}: ")
                    check_encoding(response, "gzip")
                    async for chunk in response.aiter_bytes():
                        record(len(chunk))
                        received()
                        body += chunk
                        if len(body) > MAX_RESPONSE:
                            raise TransportError(f"{method}: the answer is longer than {MAX_RESPONSE} bytes.")
        except FAILURES as error:
            raise failure(self.url.host, error, f"{method}: ") from error
        answer = self._parse(method, body)
        logger.debug("%s %s: %d bytes", method, arguments, len(body))
        return answer

    def _parse(self, method: str, body: bytearray) -> dict[str, Any]:
        host = self.url.host
        try:
            answer = json.loads(self._redact.data(body))
            if isinstance(answer, dict) and answer.get("stat") != "ok":
                # its message is shown, and can hold the key in a JSON escape that `data` does not find
                answer = json.loads(self._redact.text(json.dumps(answer, ensure_ascii=False)))
        except (ValueError, RecursionError) as error:
            what = "an HTML page" if body.lstrip()[:1] == b"<" else "no JSON"
            raise TransportError(
                f"{method}: {host} sent {what}. Does this network ask for a login, or is Flickr out of order?"
            ) from error
        if not isinstance(answer, dict):
            raise TransportError(f"{method}: the answer of {host} is not a JSON object.")
        return answer

    def _record_server_time(self, response: httpx.Response) -> None:
        try:
            self._clock_offset = parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
        except (KeyError, ValueError, TypeError, OverflowError):
            return

    def stop(self) -> None:
        """Raise `StoppedError` in all calls that wait for the hour's limit or a pause, now and from now on."""
        self._waits.stop()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
