"""One polite HTTP exchange: pace, timeouts, retries, allowed hosts, and a status turned into an error.

No address with an API key in it is known here: `connections` adds the key just before the wire, so that no log
line, exception or traceback can show it.
"""

from __future__ import annotations

import json
import logging
import re
import time
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

import aiohttp
import anyio
import httpx
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from flickr_mirror.errors import (
    CertificateError,
    ImageGoneError,
    ProxyLoginError,
    ThrottledError,
    TransportError,
)
from flickr_mirror.flickr import transports
from flickr_mirror.flickr.concurrency import Waits
from flickr_mirror.flickr.network_errors import failure
from flickr_mirror.flickr.outage import OutageMonitor
from flickr_mirror.flickr.rate_limiter import LONGEST_PAUSE, Priority
from flickr_mirror.models.options import FLICKR_API_URL, Limits
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from flickr_mirror.flickr.rate_limiter import ApiBudget

logger = logging.getLogger("flickr_mirror")

USER_AGENT = f"flickr_mirror/{__version__}"
MAX_ANSWER = 50 << 20
"""No answer of the API is longer, in bytes; the longest listing of 500 photos is about 2 MB."""
IMAGE_SERVER = httpx.URL("https://live.staticflickr.com")
MAX_REDIRECTS = 3
PATIENCE = 60.0
SLOWEST = 1024
"""A transfer of fewer bytes per second than this over `PATIENCE` seconds is given up."""
LONGEST_WAIT = 60.0
"""No wait between two tries is longer, in seconds."""
_IMAGE_HOSTS = (".staticflickr.com", ".static.flickr.com", ".flickr.com")
_LOGIN_HOST = re.compile(r"(identity|login|signin|auth)\.", re.IGNORECASE)
_LOGIN_PATH = re.compile(r"/(sign-?in|log-?in)(/|$)", re.IGNORECASE)
REFUSALS = (401, 403, 404, 410)
"""With one of these a server says that it does not serve a file."""
_IMAGE_HEADERS = httpx.Headers({"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"})
_CAN_PASS = retry_if_not_exception_type((CertificateError, ProxyLoginError, ThrottledError))
_FAILURES = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    UnicodeError,  # a reason phrase that is no text
)


_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""What goes wrong before a request is sent."""


class Transport:
    """The connections to Flickr's API and to its image servers; an async context manager.

    `call` and `stream` raise `TransportError` when no usable answer came, `CertificateError` where the server
    does not prove who it is. `api_transport` and `image_transport` are used in place of connections of its own,
    and closed with it.
    """

    def __init__(
        self,
        api_key: str,
        *,
        budget: ApiBudget,
        api_url: str = FLICKR_API_URL,
        limits: Limits | None = None,
        api_transport: httpx.AsyncBaseTransport | None = None,
        image_transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._limits = limits or Limits()
        self.budget = budget
        self._sleep = sleep
        try:
            url = httpx.URL(api_url)
        except httpx.InvalidURL:  # which may quote a password
            raise ValueError("api_url is no address.") from None
        # httpx logs addresses, and with them the password that one may hold
        self._api_url = url.copy_with(username="", password="")
        self._stop = stop_after_attempt(self._limits.attempts)
        self._wait = wait_random_exponential(multiplier=1, max=LONGEST_WAIT)
        self.calls: dict[str, int] = {}
        self.api_silence, self.image_silence = OutageMonitor("api"), OutageMonitor("images")
        self._turns, self._rests = Waits(), Waits()
        self.bytes_received = 0
        """Bytes of images and films, also of those that did not come whole."""
        self._ahead: float | None = None
        timeout = httpx.Timeout(self._limits.timeout, pool=None)
        self._extensions = {"timeout": timeout.as_dict()}
        keyed = transports.api_transport(api_key, url, api_transport)
        self._redact = keyed.redact
        self._api = httpx.AsyncClient(
            transport=keyed,
            auth=(url.username, url.password) if url.userinfo else None,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            timeout=timeout,
        )
        # Images go without httpx's client, whose cookies, logins and history would take half of their time. An
        # endpoint of the user's own may serve them too, and may need no proxy where Flickr does.
        self._images = image_transport or transports.image_transport(IMAGE_SERVER)
        self._own_images = image_transport or transports.image_transport(self._api_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await self._api.aclose()
            await self._images.aclose()
            if self._own_images is not self._images:
                await self._own_images.aclose()

    def retrying(self, *more: type[Exception]) -> AsyncRetrying:
        """Return the one policy for trying again: full jitter up to a minute, a limited number of times.

        What is tried again is a `TransportError` that can pass, and whatever `more` names.
        """
        return AsyncRetrying(
            retry=retry_if_exception_type((TransportError, *more)) & _CAN_PASS,
            wait=self._wait,
            stop=self._stop,
            sleep=self._rest,
            reraise=True,
        )

    async def _rest(self, seconds: float) -> None:
        with self._rests.waiting():
            await self._sleep(seconds)

    def stop(self, *, retries: bool) -> None:
        """Raise `StoppedError` in all who wait for the hour's budget or a pause of the API, and with `retries` in
        all who wait for another try, now and from now on. What is in flight goes on."""
        self._turns.stop()
        if retries:
            self._rests.stop()

    def check_patience(self, seconds: float, error: ThrottledError) -> None:
        """Raise `ThrottledError` where a server has refused everything for longer than `Limits.max_wait`."""
        if seconds > self._limits.max_wait:
            raise ThrottledError(
                f"{error} Pauses of {_duration(seconds)} in all are more than is waited for. Nothing is lost: run "
                "the same command again later."
            ) from error

    async def call(self, method: str, priority: Priority = Priority.LISTING, **arguments: str) -> Any:  # noqa: ANN401
        """Return the JSON that Flickr answers to one call of `method`; each call sent is counted.

        A pause that Flickr asks for is waited for. Raises `TransportError` where no JSON object came,
        `ThrottledError` after pauses of more than `Limits.max_wait`, `StoppedError` after `stop`.
        """
        while True:
            turn = await self.budget.take(priority, self._turns.waiting)
            self.calls[method] = self.calls.get(method, 0) + 1
            try:
                with self.api_silence.asking() as received:
                    answer = await self._call_once(method, arguments, received)
            except ThrottledError as error:
                self.budget.record_throttling(turn.started, error.retry_after)
                self.check_patience(self.budget.throttled_for, error)
            except TransportError as error:
                if isinstance(error.__cause__, _UNSENT):
                    self._take_back(method)
                    await self.budget.give_back(turn)
                raise
            else:
                self.budget.record_success()
                return answer

    def _take_back(self, method: str) -> None:
        self.calls[method] -= 1
        if not self.calls[method]:
            del self.calls[method]

    async def _call_once(self, method: str, arguments: dict[str, str], received: Callable[[], None]) -> Any:  # noqa: ANN401
        parameters = {**arguments, "method": method, "format": "json", "nojsoncallback": "1"}
        body = bytearray()
        host = self._api_url.host
        try:
            with _paced() as note:
                async with self._api.stream("GET", self._api_url, params=parameters) as response:
                    self._note_time(response)
                    self._check_answer(method, response)
                    async for chunk in response.aiter_bytes():
                        note(len(chunk))
                        received()
                        body += chunk
                        if len(body) > MAX_ANSWER:
                            raise TransportError(f"{method}: the answer is longer than {MAX_ANSWER} bytes.")
        except _FAILURES as error:
            raise failure(host, error, f"{method}: ") from error
        try:
            answer = json.loads(self._redact.data(body))
            if isinstance(answer, dict) and answer.get("stat") != "ok":  # its message is shown
                answer = json.loads(self._redact.text(json.dumps(answer, ensure_ascii=False)))
        except (ValueError, RecursionError) as error:
            what = "an HTML page" if body.lstrip()[:1] == b"<" else "no JSON"
            raise TransportError(
                f"{method}: {host} sent {what}. Is this line asking for a login, or is Flickr out of order?"
            ) from error
        if not isinstance(answer, dict):
            raise TransportError(f"{method}: the answer of {host} is not a JSON object.")
        logger.debug("%s %s: %d bytes", method, arguments, len(body))
        return answer

    def _check_answer(self, method: str, response: httpx.Response) -> None:
        # before the body, which may come in drips, or not whole
        host, status = self._api_url.host, response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS:
            pause = retry_after(response.headers.get("Retry-After"))
            raise ThrottledError(f"{method}: {host} asks for a pause (HTTP 429).", pause)
        if status != httpx.codes.OK:
            raise TransportError(f"{method}: {host} answered HTTP {status}.", status=status)
        _check_packing(response, "gzip")

    @asynccontextmanager
    async def stream(self, url: str) -> AsyncIterator[tuple[httpx.Response, Callable[[int], None]]]:
        """Open the file at `url`, following redirects between allowed hosts.

        Yields the answer, and what each arrival of its bytes is to be told, so that a drip is given up. Raises
        `ImageGoneError` for 401, 403, 404 and 410, for a redirect to a login (as 401), and for an address or a redirect
        that leads elsewhere (to a placeholder), `ThrottledError` for 429, `TransportError` for all else that is not
        a file.
        """
        with self.image_silence.asking() as alive:
            async with self._stream(url) as (response, note):

                def received(count: int) -> None:
                    note(count)
                    alive()
                    self.bytes_received += count

                yield response, received

    @asynccontextmanager
    async def _stream(self, url: str) -> AsyncIterator[tuple[httpx.Response, Callable[[int], None]]]:
        address: httpx.URL | str = url
        for _ in range(MAX_REDIRECTS + 1):
            target = self._check_host(address)
            try:
                with _paced() as note:  # a header can come in drips too
                    response = await self._open_image(target)
                    try:
                        if not response.has_redirect_location:
                            _check_status(response)
                            _check_packing(response)
                            yield response, note
                            return
                        address = _led_to(target, response)
                    finally:
                        with anyio.move_on_after(1, shield=True):
                            await response.aclose()
            except _FAILURES as error:
                raise failure(target.host, error) from error
        raise ImageGoneError(f"{target.host} redirects more than {MAX_REDIRECTS} times.", 302)

    async def _open_image(self, url: httpx.URL) -> httpx.Response:
        request = httpx.Request("GET", url, headers=_IMAGE_HEADERS, extensions=self._extensions)
        response = await self.server_of(url).handle_async_request(request)
        response.request = request
        return response

    def server_of(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """Return what fetches the image at `url`."""
        return self._own_images if url.host == self._api_url.host else self._images

    @property
    def server_time(self) -> float | None:
        """Flickr's clock (UTC seconds), as far as its answers told it."""
        return None if self._ahead is None else time.time() + self._ahead

    def _check_host(self, address: httpx.URL | str) -> httpx.URL:
        try:
            url = httpx.URL(address)
            url.host.encode("idna")
        except (httpx.InvalidURL, UnicodeError):
            raise ImageGoneError("The address of the image cannot be one.", 400) from None
        # an endpoint of the user's own may serve the images too
        is_own = url.scheme == self._api_url.scheme and url.netloc == self._api_url.netloc
        is_flickr = url.scheme == "https" and url.port is None and f".{url.host}".endswith(_IMAGE_HOSTS)
        if url.userinfo or not (is_own or is_flickr):
            raise ImageGoneError(
                f"The address leads to {url.host!r}, which is no image server of Flickr.", 302
            )
        return url

    def _note_time(self, response: httpx.Response) -> None:
        try:
            self._ahead = parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
        except (KeyError, ValueError, TypeError, OverflowError):
            return


def _led_to(target: httpx.URL, response: httpx.Response) -> httpx.URL:
    try:
        address = httpx.URL(urljoin(str(target), response.headers["Location"]))
    except (ValueError, httpx.InvalidURL):
        raise ImageGoneError(f"{target.host} redirects to what is no address.", 302) from None
    if _LOGIN_HOST.match(address.host) or _LOGIN_PATH.match(address.path):
        raise ImageGoneError(f"{target.host} asks for a login for this image.", 401)
    return address


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    host = response.url.host
    if status in REFUSALS:
        raise ImageGoneError(f"{host} answers HTTP {status} for this image.", status)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        pause = retry_after(response.headers.get("Retry-After"))
        raise ThrottledError(f"{host} asks for a pause (HTTP 429).", pause)
    if status != httpx.codes.OK:
        raise TransportError(f"{host} answered HTTP {status}.", status=status)


def _check_packing(response: httpx.Response, *asked_for: str) -> None:
    """Refuse what is packed otherwise than asked for: a few bytes, packed twice, can be more than memory holds."""
    packing = response.headers.get("Content-Encoding", "")
    if packing.lower() not in ("", "identity", *asked_for):
        raise TransportError(f"{response.url.host} answered in a packing that nobody asked for.")


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, at most 15 minutes; `None` for nonsense."""
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
    return min(seconds, LONGEST_PAUSE) if seconds > 0 else None


@contextmanager
def _paced() -> Iterator[Callable[[int], None]]:
    """Raise `TimeoutError` where less comes than `SLOWEST` allows; each arrival of bytes is to be told."""
    with anyio.fail_after(PATIENCE) as scope:
        received = 0

        def note(count: int) -> None:
            nonlocal received
            received += count
            if received > SLOWEST * PATIENCE:
                received = 0
                scope.deadline = anyio.current_time() + PATIENCE

        yield note


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.0f} minutes"
