"""Log in to an account by OAuth 1.0a: https://www.flickr.com/services/api/auth.oauth.html."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import anyio
import httpx

from flickr_mirror.errors import (
    CertificateError,
    LoginError,
    ProxyLoginError,
    ThrottledError,
    TransportError,
)
from flickr_mirror.flickr import transports
from flickr_mirror.flickr.network_errors import NOT_SENT, failure
from flickr_mirror.flickr.oauth_problems import STALE_SIGNATURE, START_AGAIN, handshake_error, problem_of
from flickr_mirror.flickr.oauth_signature import Credentials, RequestSigner
from flickr_mirror.flickr.responses import (
    FAILURES,
    USER_AGENT,
    check_encoding,
    check_status,
    minimum_speed,
)
from flickr_mirror.flickr.retry import RetryPolicy
from flickr_mirror.flickr.server_clock import ServerClock
from flickr_mirror.models.access_token import AccessToken
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.options import FLICKR_API_URL, Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FLICKR_OAUTH_URL = "https://www.flickr.com/services/oauth/"
PERMS = "read"
MAX_ANSWER = 64 << 10
"""The longest answer that is read, in bytes; Flickr's have about 200."""
_ATTEMPTS_TO_SIGN = 3
_BLANKS_AND_DASHES = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_LOST = f"The answer of Flickr was lost, and the code is valid only once. {START_AGAIN}"
_CODE_UNUSED = ("verifier_invalid", "timestamp_refused")
_REFUSED_UNREAD = (CertificateError, ProxyLoginError, ThrottledError)


@dataclass(frozen=True, slots=True)
class _RequestToken:
    token: str = field(repr=False)
    secret: str = field(repr=False)


class OAuthHandshake:
    """The login of an account, for reading: `start`, then `finish` with the code that Flickr shows.

    Each step raises `LoginError`, `InvalidKeyError` or `TransportError` in one sentence. `api_url` is an endpoint
    other than Flickr's, such as a simulated one. `transport` replaces the connections, and is closed after each
    step.
    """

    def __init__(
        self,
        consumer_key: str,
        consumer_secret: str,
        *,
        api_url: str = FLICKR_API_URL,
        limits: Limits | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        limits = limits or Limits()
        self.__key, self.__secret = consumer_key, consumer_secret
        self.__request_token: _RequestToken | None = None
        self._url = _oauth_url(api_url)
        self._timeout = httpx.Timeout(limits.timeout, pool=None)
        self._retries = RetryPolicy(limits.attempts, limits.timing.longest_retry_wait, sleep)
        self._stall_time = limits.timing.stall_time
        self._transport = transport
        self._clock = ServerClock()

    async def start(self) -> str:
        """Return the address at which the user allows the access; Flickr then shows a code for `finish`."""
        self.__request_token = None
        credentials = Credentials(self.__key, self.__secret, callback="oob")
        answer: dict[str, str] = {}
        async for attempt in self._retries.attempts():
            with attempt:
                answer = await self._ask_signing_anew(credentials)
        self.__request_token = _RequestToken(answer["oauth_token"], answer["oauth_token_secret"])
        address = self._url.join("authorize").copy_merge_params(
            {"oauth_token": answer["oauth_token"], "perms": PERMS}
        )
        return str(address)

    async def finish(self, code: str) -> AccessToken:
        """Return the access token for the code, which may be written with or without dashes and blanks.

        After a wrong code, or a `TransportError`, it can be called again. After any other error, or once it has
        succeeded, the login starts again with `start`: the code is valid only once, so the request is not repeated
        after it was sent.
        """
        request_token = self.__request_token
        if request_token is None:
            raise handshake_error("token_rejected", self._clock)
        verifier = _verifier(code)
        if not verifier:
            raise handshake_error("verifier_invalid", self._clock)
        credentials = Credentials(
            self.__key, self.__secret, request_token.token, request_token.secret, verifier=verifier
        )
        self.__request_token = None
        answer: dict[str, str] = {}
        try:
            async for attempt in self._retries.attempts():
                with attempt:
                    answer = await self._exchange(credentials)
        except (TransportError, LoginError) as error:
            if isinstance(error, TransportError) or error.problem in _CODE_UNUSED:
                self.__request_token = request_token
            raise
        if not is_nsid(answer.get("user_nsid", "")):
            raise LoginError(_LOST)
        return AccessToken(
            answer["oauth_token"],
            answer["oauth_token_secret"],
            answer["user_nsid"],
            answer.get("username", ""),
            PERMS,
            answer.get("fullname", ""),
        )

    async def _ask_signing_anew(self, credentials: Credentials) -> dict[str, str]:
        for left in reversed(range(_ATTEMPTS_TO_SIGN)):
            try:
                return await self._ask(credentials, "request_token")
            except LoginError as error:
                if error.problem not in STALE_SIGNATURE or not left:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _exchange(self, credentials: Credentials) -> dict[str, str]:
        """Raise `TransportError` only if Flickr has not acted on the request, so that it may be repeated."""
        try:
            return await self._ask(credentials, "access_token")
        except TransportError as error:
            if isinstance(error, _REFUSED_UNREAD) or isinstance(error.__cause__, NOT_SENT):
                raise
            raise LoginError(_LOST) from error

    async def _ask(self, credentials: Credentials, step: str) -> dict[str, str]:
        """Return the fields that Flickr answers to one request."""
        signer = RequestSigner(credentials, self._clock.now)
        transport = transports.api_transport(self.__key, self._url, self._transport, signer)
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
        try:
            with minimum_speed(self._stall_time):
                async with (
                    httpx.AsyncClient(transport=transport, headers=headers, timeout=self._timeout) as client,
                    client.stream("GET", self._url.join(step)) as response,
                ):
                    return await self._read(response, step)
        except FAILURES as error:
            raise failure(self._url.host, error, "Login: ") from error

    async def _read(self, response: httpx.Response, step: str) -> dict[str, str]:
        self._clock.record(response)
        if problem := await problem_of(response):
            raise handshake_error(problem, self._clock)
        check_status(response, self._url.host, "Login: ")
        check_encoding(response, "gzip")
        if not response.headers.keys() & {"content-length", "transfer-encoding"}:
            # half a secret would look like a whole one
            raise TransportError(f"Login: the answer of {self._url.host} does not state where it ends.")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER:
                raise TransportError(
                    f"Login: the answer of {self._url.host} is longer than {MAX_ANSWER} bytes."
                )
        answer = _fields(body)
        if not (answer.get("oauth_token") and answer.get("oauth_token_secret")):
            raise TransportError(
                f"Login: {self._url.host} sent no token for {step}. Does this network ask for a login?"
            )
        return answer


def _oauth_url(api_url: str) -> httpx.URL:
    if api_url == FLICKR_API_URL:
        return httpx.URL(FLICKR_OAUTH_URL)
    try:
        url = httpx.URL(api_url)
    except httpx.InvalidURL:  # its text may quote a password
        raise ValueError("api_url is not a valid address.") from None
    return url.copy_with(path=url.path.rstrip("/") + "/").join("../oauth/")


def _verifier(code: str) -> str:
    """Return a code as Flickr shows it: `123-456-789`."""
    plain = _BLANKS_AND_DASHES.sub("", code)
    if re.fullmatch("[0-9]{9}", plain):
        return "-".join((plain[:3], plain[3:6], plain[6:]))
    return "".join(code.split())


def _fields(body: bytearray) -> dict[str, str]:
    """Return the fields of a form: `oauth_callback_confirmed=true&oauth_token=...&oauth_token_secret=...`."""
    try:
        return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=50).items()}
    except ValueError:
        return {}
