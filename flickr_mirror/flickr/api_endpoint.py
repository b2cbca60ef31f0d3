"""Calls of Flickr's API: each is paced, sent, counted and read as JSON.

The API key is not added here: `transports` adds it to a request, or signs it, just before it is sent, so that no
log line, exception or traceback can show it.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import httpx

from flickr_mirror.errors import ThrottledError, TransportError
from flickr_mirror.flickr import transports
from flickr_mirror.flickr.interruption import InterruptibleWaits
from flickr_mirror.flickr.network_errors import NOT_SENT, failure
from flickr_mirror.flickr.oauth_problems import STALE_SIGNATURE, call_error, problem_of
from flickr_mirror.flickr.oauth_signature import Credentials, RequestSigner
from flickr_mirror.flickr.outage import OutageMonitor
from flickr_mirror.flickr.responses import (
    FAILURES,
    USER_AGENT,
    check_encoding,
    check_status,
    minimum_speed,
)
from flickr_mirror.flickr.server_clock import ServerClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.flickr.rate_limiter import ApiBudget, Priority
    from flickr_mirror.flickr.redaction import Redactor
    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.timing import Timing

logger = logging.getLogger("flickr_mirror")

MAX_RESPONSE = 50 << 20
"""The longest response that is read, in bytes; the longest listing of 500 photos has about 2 MB."""
RESIGNED = 2
"""How often a call is signed again after a refusal of its nonce or its time."""


class ApiEndpoint:
    """The REST endpoint at `url`; `check_max_wait` raises once Flickr has refused for too long.

    With `login`, the secret of the API key and a token, calls are signed.
    """

    def __init__(
        self,
        api_key: str,
        url: httpx.URL,
        budget: ApiBudget,
        timeout: httpx.Timeout,
        timing: Timing,
        check_max_wait: Callable[[float, ThrottledError], None],
        transport: httpx.AsyncBaseTransport | None,
        login: tuple[str, AccessToken] | None = None,
    ) -> None:
        self.budget = budget
        self.calls: dict[str, int] = {}
        self.outage = OutageMonitor("api", timing)
        self._stall_time = timing.stall_time
        self._check_max_wait = check_max_wait
        self._waits = InterruptibleWaits()
        self._clock = ServerClock()
        signer = RequestSigner(Credentials.of(api_key, *login), self._clock.now) if login else None
        self._is_signing = signer is not None
        # httpx logs addresses, which would include the password of this one
        self.url = url.copy_with(username="", password="")
        self._client = httpx.AsyncClient(
            transport=transports.api_transport(api_key, url, transport, signer),
            auth=(url.username, url.password) if url.userinfo else None,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            timeout=timeout,
        )

    @property
    def server_time(self) -> float | None:
        """Flickr's clock (UTC seconds), from the `Date` header of its latest response; `None` before that."""
        return self._clock.time

    async def call(self, method: str, priority: Priority, arguments: dict[str, str]) -> Any:  # noqa: ANN401
        """Return the JSON object that Flickr answers to one call of `method`; each call sent is counted.

        Waits for the pauses that Flickr requests. Raises `TransportError` if no JSON object came, `ThrottledError`
        after pauses of more than `Limits.max_wait`, `StoppedError` after `stop`, `LoginError` if the signature is
        refused.
        """
        resigned = 0
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
                if isinstance(error.__cause__, NOT_SENT):
                    self._uncount(method)
                    await self.budget.give_back(permit)
                raise
            else:
                self.budget.record_success()
                if not isinstance(answer, str):
                    return answer
                if answer not in STALE_SIGNATURE or resigned == RESIGNED:
                    raise call_error(answer, self._clock, method)
                resigned += 1

    def _uncount(self, method: str) -> None:
        self.calls[method] -= 1
        if not self.calls[method]:
            del self.calls[method]

    async def _call_once(
        self, method: str, arguments: dict[str, str], received: Callable[[], None]
    ) -> dict[str, Any] | str:
        """Return the answer to one attempt, or the name of the problem for which its signature is refused."""
        parameters = {**arguments, "method": method, "format": "json", "nojsoncallback": "1"}
        body = bytearray()
        try:
            with minimum_speed(self._stall_time) as record:
                async with self._client.stream("GET", self.url, params=parameters) as response:
                    self._clock.record(response)
                    if self._is_signing and (problem := await problem_of(response)):
                        return problem
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
        answer = self._parse(method, body, transports.redactor_of(response))
        logger.debug("%s %s: %d bytes", method, arguments, len(body))
        return answer

    def _parse(self, method: str, body: bytearray, redact: Redactor) -> dict[str, Any]:
        host = self.url.host
        try:
            answer = json.loads(redact.data(body))
            if isinstance(answer, dict) and answer.get("stat") != "ok":
                # its message is shown, and can hold the key in a JSON escape that `data` does not find
                answer = json.loads(redact.text(json.dumps(answer, ensure_ascii=False)))
        except (ValueError, RecursionError) as error:
            what = "an HTML page" if body.lstrip()[:1] == b"<" else "no JSON"
            raise TransportError(
                f"{method}: {host} sent {what}. Does this network ask for a login, or is Flickr out of order?"
            ) from error
        if not isinstance(answer, dict):
            raise TransportError(f"{method}: the answer of {host} is not a JSON object.")
        return answer

    def stop(self) -> None:
        """Raise `StoppedError` in all calls that wait for the hour's limit or a pause, now and from now on."""
        self._waits.stop()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
