"""Simulated logins by OAuth 1.0a: request tokens, codes, access tokens, and the check of each signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

from aiohttp import web

from flickr_mirror.models.payloads import to_int

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flickr_mirror.simulator.data.stream import SimulatedPhotostream

OAUTH_PATH = "/services/oauth/"
LONGEST_DIFFERENCE = 300
"""By how many seconds a timestamp may differ from Flickr's clock. Flickr's own limit is not documented."""
REQUEST_TOKEN_LIFE = 3600
"""For how many seconds a request token is valid. Flickr's own limit is not documented."""
PERMS = ("none", "read", "write", "delete")
"""The permissions, each of which includes those before it."""

_PARAMETER = re.compile(r'\s*([^=\s]+)="([^"]*)"\s*(?:,|$)')
_NEEDED = (
    "oauth_consumer_key",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
)


class OAuthProblem(Exception):  # noqa: N818 - OAuth calls it a problem
    """Flickr refuses a signed request; the text is the `oauth_problem`."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem)
        self.detail = detail

    def response(self) -> web.Response:
        """Return the refusal: form text, with HTTP 400 for an absent or wrong parameter, else 401."""
        status = 400 if str(self).startswith("parameter_") else 401
        detail = f"&{self.detail}" if self.detail else ""
        return web.Response(
            status=status,
            text=f"oauth_problem={self}{detail}",
            content_type="application/x-www-form-urlencoded",
        )


@dataclass(slots=True)
class RequestToken:
    """A login that has begun; `verifier` is its code once the account of `nsid` has allowed it."""

    secret: str
    expires: float
    nsid: str = ""
    verifier: str = ""
    perms: str = "read"


@dataclass(slots=True)
class IssuedToken:
    """An access token of the account of `nsid`, for one API key."""

    token: str
    secret: str = field(repr=False)
    nsid: str
    key: str
    perms: str = "read"
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a signed call: the API key, and the access token if it is known and valid."""

    key: str
    token: IssuedToken | None
    sent_token: bool


class OAuthServer:
    """The logins of the accounts that own `streams`, for an API key with the secret `api_secret`.

    `api_key` is the only valid key; `None` accepts any. `visitor` is the NSID of the account that is signed in to
    flickr.com in the browser, and so allows the access. `seen` has the key, token, time and nonce of each
    signed request.
    """

    def __init__(
        self,
        streams: Sequence[SimulatedPhotostream],
        clock: Callable[[], float],
        api_key: str | None,
        api_secret: str,
    ) -> None:
        self.visitor = streams[0].nsid if streams else ""
        self.seen: set[tuple[str, ...]] = set()
        self.tokens: dict[str, IssuedToken] = {}
        self.api_secret = api_secret
        self._accounts = {stream.nsid: stream for stream in streams}
        self._clock = clock
        self._api_key = api_key
        self._requested: dict[str, RequestToken] = {}
        self._random = Random("oauth")

    def issue(self, nsid: str, perms: str = "read", key: str = "") -> IssuedToken:
        """Return a new access token of an account, valid for `key` (by default the only valid key, or any)."""
        issued = IssuedToken(*self._new_token(), nsid=nsid, key=key or self._api_key or "", perms=perms)
        self.tokens[issued.token] = issued
        return issued

    def authorize(self, token: str, nsid: str = "", perms: str = "read") -> str:
        """Return the code for a request token that an account (by default `visitor`) allows."""
        request_token = self._requested.get(token)
        if request_token is None or perms not in PERMS[1:]:
            raise OAuthProblem("token_rejected")
        request_token.nsid, request_token.perms = nsid or self.visitor, perms
        request_token.verifier = "-".join(f"{self._random.randrange(1000):03}" for _ in range(3))
        return request_token.verifier

    def revoke(self, token: str) -> None:
        """Revoke an access token, as the account does on flickr.com."""
        self.tokens[token].is_revoked = True

    def account(self, nsid: str) -> SimulatedPhotostream:
        """Return the photostream of an account."""
        return self._accounts[nsid]

    async def answer(self, request: web.Request) -> web.Response:
        """Return the response to a step of a login."""
        steps = {"request_token": self._request_token, "access_token": self._access_token}
        step = request.path.removeprefix(OAUTH_PATH).rstrip("/")
        try:
            if step == "authorize":
                return self._authorize_page(request)
            if step in steps:
                fields = steps[step](request, await parameters_of(request))
                return web.Response(text=urlencode(fields, quote_via=quote), content_type="text/plain")
        except OAuthProblem as problem:
            return problem.response()
        return web.Response(status=404, content_type="text/html")

    async def caller(self, request: web.Request) -> Caller | None:
        """Return who signed an API call; `None` if it is not signed. Raises `OAuthProblem`."""
        parameters = await parameters_of(request)
        sent = dict(parameters)
        if "oauth_signature" not in sent and "oauth_consumer_key" not in sent:
            return None
        token = self.tokens.get(sent.get("oauth_token", ""))
        if "oauth_token" in sent and token is None:
            # there is no secret to check the signature with
            return Caller(sent.get("oauth_consumer_key", ""), None, sent_token=True)
        self._check(request, parameters, token.secret if token else "")
        is_valid = (
            token is not None and not token.is_revoked and token.key in ("", sent["oauth_consumer_key"])
        )
        return Caller(
            sent["oauth_consumer_key"], token if is_valid else None, sent_token="oauth_token" in sent
        )

    def _request_token(self, request: web.Request, parameters: list[tuple[str, str]]) -> dict[str, str]:
        sent = self._check(request, parameters, "")
        if "oauth_callback" not in sent:
            raise OAuthProblem("parameter_absent", "oauth_parameters_absent=oauth_callback")
        if sent["oauth_callback"] != "oob" and not sent["oauth_callback"].startswith("https://"):
            raise OAuthProblem("parameter_rejected", "oauth_parameters_rejected=oauth_callback")
        token, secret = self._new_token()
        self._requested[token] = RequestToken(secret, self._clock() + REQUEST_TOKEN_LIFE)
        return {"oauth_callback_confirmed": "true", "oauth_token": token, "oauth_token_secret": secret}

    def _authorize_page(self, request: web.Request) -> web.Response:
        try:
            code = self.authorize(request.query.get("oauth_token", ""), perms=request.query.get("perms", ""))
        except OAuthProblem:
            return web.Response(status=400, text="<p>This login is not valid.</p>", content_type="text/html")
        return web.Response(text=f"<p>Type this code: <b>{code}</b></p>", content_type="text/html")

    def _access_token(self, request: web.Request, parameters: list[tuple[str, str]]) -> dict[str, str]:
        sent = dict(parameters)
        if "oauth_token" not in sent:
            raise OAuthProblem("parameter_absent", "oauth_parameters_absent=oauth_token")
        request_token = self._requested.get(sent["oauth_token"])
        if request_token is None or request_token.expires < self._clock():
            raise OAuthProblem("token_rejected")
        self._check(request, parameters, request_token.secret)
        if not request_token.verifier or sent.get("oauth_verifier") != request_token.verifier:
            raise OAuthProblem("verifier_invalid")
        del self._requested[sent["oauth_token"]]
        issued = self.issue(request_token.nsid, request_token.perms, sent["oauth_consumer_key"])
        stream = self.account(issued.nsid)
        return {
            "fullname": stream.real_name,
            "oauth_token": issued.token,
            "oauth_token_secret": issued.secret,
            "user_nsid": stream.nsid,
            "username": stream.username,
        }

    def _check(
        self, request: web.Request, parameters: list[tuple[str, str]], token_secret: str
    ) -> dict[str, str]:
        """Return the parameters of a request if its signature, time and nonce are valid."""
        sent = dict(parameters)
        if absent := [name for name in _NEEDED if not sent.get(name)]:
            raise OAuthProblem("parameter_absent", f"oauth_parameters_absent={'%26'.join(absent)}")
        if sent["oauth_signature_method"] != "HMAC-SHA1":
            raise OAuthProblem("signature_method_rejected")
        if self._api_key not in (None, sent["oauth_consumer_key"]):
            raise OAuthProblem("consumer_key_unknown")
        address = str(request.url.with_query(None).with_fragment(None))
        base = base_string(request.method, address, parameters)
        expected = signature(base, self.api_secret, token_secret)
        if not hmac.compare_digest(expected, sent["oauth_signature"]):
            raise OAuthProblem("signature_invalid", f"debug_sbs={base}")
        timestamp = to_int(sent["oauth_timestamp"])
        if timestamp is None or abs(timestamp - self._clock()) > LONGEST_DIFFERENCE:
            raise OAuthProblem("timestamp_refused")
        used = tuple(
            sent.get(name, "")
            for name in ("oauth_consumer_key", "oauth_token", "oauth_timestamp", "oauth_nonce")
        )
        if used in self.seen:
            raise OAuthProblem("nonce_used")
        self.seen.add(used)
        return sent

    def _new_token(self) -> tuple[str, str]:
        number = self._random.randrange(10**16, 10**17)
        return f"{number}-{self._random.randbytes(8).hex()}", self._random.randbytes(8).hex()


async def parameters_of(request: web.Request) -> list[tuple[str, str]]:
    """Return the parameters that a signature covers: of the address, the form and the `Authorization` header."""
    form = await request.post() if request.method == "POST" else {}
    parameters = [*request.query.items(), *((name, str(value)) for name, value in form.items())]
    scheme, _, header = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "oauth":
        parameters += [(unquote(name), unquote(value)) for name, value in _PARAMETER.findall(header)]
    return [(name, value) for name, value in parameters if name != "realm"]


def base_string(method: str, address: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return what is signed (RFC 5849, section 3.4.1)."""
    encoded = sorted(
        (_encode(name), _encode(value)) for name, value in parameters if name != "oauth_signature"
    )
    query = "&".join(f"{name}={value}" for name, value in encoded)
    return "&".join((method.upper(), _encode(address), _encode(query)))


def signature(base: str, consumer_secret: str, token_secret: str) -> str:
    """Return the HMAC-SHA1 of a base string (RFC 5849, section 3.4.2)."""
    key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def _encode(text: str) -> str:
    return quote(text, safe="~")
