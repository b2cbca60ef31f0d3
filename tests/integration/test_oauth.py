"""Logins by OAuth on the simulated Flickr: the handshake, signed calls, each refusal, and secrets in no output."""

from __future__ import annotations

import asyncio
import re
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from aiohttp import web

from flickr_mirror import (
    AccessToken,
    ApiBudget,
    AsyncFlickrApi,
    FlickrApi,
    FlickrMirrorError,
    InvalidKeyError,
    Limits,
    LoginError,
    OAuthHandshake,
    ThrottledError,
    TransportError,
)
from flickr_mirror.cli.exit_codes import code_of_error
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.flickr.oauth import FLICKR_OAUTH_URL
from flickr_mirror.models.options import FLICKR_API_URL
from flickr_mirror.simulator import Rule, Script, SimulatedFlickr, SimulatedPhotostream, faults, run_in_thread
from flickr_mirror.simulator.fault_plan import MIXES
from flickr_mirror.simulator.oauth import IssuedToken
from tests.support import canary
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.canary import Canary

pytestmark = pytest.mark.usefixtures("canary")

CHECK = "flickr.auth.oauth.checkToken"
DAY = 86_400


@pytest.fixture
async def flickr() -> AsyncIterator[SimulatedFlickr]:
    """Serve the photostreams of two accounts, for the key of the canary."""
    streams = (
        SimulatedPhotostream(3, username="anna", real_name="Ánna B"),
        SimulatedPhotostream(2, username="ben", nsid="7000001@N02"),
    )
    async with SimulatedFlickr(*streams, api_key=canary.KEY, api_secret=canary.SECRET) as server:
        yield server


async def no_nap(_: float) -> None:
    """Do not sleep."""
    await anyio.lowlevel.checkpoint()


def handshake(flickr: SimulatedFlickr, secret: str = canary.SECRET, **limits: Any) -> OAuthHandshake:
    """Return a login that does not wait."""
    return OAuthHandshake(
        canary.KEY,
        secret,
        api_url=flickr.api_url,
        limits=Limits(attempts=3, timing=FAST, **limits),
        sleep=no_nap,
    )


def open_api(
    flickr: SimulatedFlickr, token: AccessToken | None, secret: str = canary.SECRET
) -> AsyncFlickrApi:
    """Return an API whose calls are signed, and that does not wait."""
    budget = ApiBudget(clock=iter(range(10**6)).__next__, sleep=no_nap, timing=FAST)
    client = HttpClient(
        canary.KEY,
        budget=budget,
        api_url=flickr.api_url,
        limits=Limits(attempts=3, timing=FAST),
        login=(secret, token) if token else None,
        sleep=no_nap,
    )
    return AsyncFlickrApi(canary.KEY, secret, token=token, http_client=client)


def logged_in(flickr: SimulatedFlickr, index: int = 0, perms: str = "read") -> AccessToken:
    """Return a login of an account, with the token of the canary for the first one."""
    stream = flickr.streams[index]
    token, secret = canary.TOKEN + "x" * index, canary.TOKEN_SECRET + "x" * index
    flickr.oauth.tokens[token] = IssuedToken(token, secret, stream.nsid, canary.KEY, perms)
    return AccessToken(token, secret, stream.nsid, stream.username)


async def code_at(address: str) -> str:
    """Return the code that the page at an address shows to the visitor."""
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as browser:
        page = await browser.get(address)
    (code,) = re.findall(r"<b>([-0-9]+)</b>", page.text)
    return str(code)


def intercept_once(flickr: SimulatedFlickr, path: str, body: str, status: int = 401) -> None:
    """Send this answer to the first request to a path."""
    left = [web.Response(status=status, text=body)]

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        return left.pop() if left and request.path.endswith(path) else None

    flickr.intercept = intercept


# The handshake


@pytest.mark.parametrize("style", ["{}", " {} \n", "no dashes", "blanks", "\u2013"])
async def test_a_login_in_three_steps(flickr: SimulatedFlickr, style: str) -> None:
    """The code is accepted in any style; the token is that of the account in the browser, for reading."""
    flickr.oauth.visitor = flickr.streams[1].nsid
    login = handshake(flickr)
    address = await login.start()
    assert address.startswith(f"{flickr.url}/services/oauth/authorize?")
    assert parse_qs(urlsplit(address).query)["perms"] == ["read"]
    code = await code_at(address)
    written = {
        "no dashes": code.replace("-", ""),
        "blanks": code.replace("-", " "),
        "\u2013": code.replace("-", "\u2013"),
    }
    token = await login.finish(written.get(style) or style.format(code))
    issued = flickr.oauth.tokens[token.token]
    assert (token.secret, token.nsid, token.username, token.perms) == (
        issued.secret,
        "7000001@N02",
        "ben",
        "read",
    )
    async with open_api(flickr, token) as api:
        assert await api.check_token() == token
    assert token.token not in repr(token)
    assert token.secret not in repr(token)


async def test_the_token_has_the_real_name(flickr: SimulatedFlickr) -> None:
    """Names in any script, from both answers."""
    login = handshake(flickr)
    token = await login.finish(await code_at(await login.start()))
    assert token.fullname == "Ánna B"
    async with open_api(flickr, token) as api:
        assert (await api.check_token()).fullname == "Ánna B"


def test_flickrs_own_addresses_are_requested() -> None:
    """The login is at www.flickr.com, the API at api.flickr.com."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(
            200, text="oauth_callback_confirmed=true&oauth_token=72157-5d59&oauth_token_secret=0123456789"
        )

    login = OAuthHandshake(canary.KEY, canary.SECRET, transport=httpx.MockTransport(answer))
    address = asyncio.run(login.start())
    assert address == f"{FLICKR_OAUTH_URL}authorize?oauth_token=72157-5d59&perms=read"
    (request,) = asked
    assert str(request.url) == f"{FLICKR_OAUTH_URL}request_token"
    assert 'oauth_callback="oob"' in request.headers["Authorization"]
    assert FLICKR_API_URL.startswith("https://api.flickr.com/")


@pytest.mark.parametrize("wrong", [canary.CODE, canary.CODE.replace("-", ""), "", " - ", "x" * 500, "é&=%"])
async def test_a_wrong_code_can_be_entered_again(flickr: SimulatedFlickr, wrong: str) -> None:
    """`verifier_invalid`: one sentence, exit code 5, and the right code is still accepted."""
    login = handshake(flickr)
    code = await code_at(await login.start())
    with pytest.raises(LoginError, match="does not accept the code: enter the one") as caught:
        await login.finish(wrong)
    assert (caught.value.problem, code_of_error(caught.value)) == ("verifier_invalid", 5)
    assert (await login.finish(code)).username == "anna"


async def test_the_code_of_another_login_is_wrong(flickr: SimulatedFlickr) -> None:
    """A code belongs to its request token."""
    first, second = handshake(flickr), handshake(flickr)
    code = await code_at(await first.start())
    await code_at(await second.start())
    with pytest.raises(LoginError, match="does not accept the code"):
        await second.finish(code)


async def test_a_code_is_valid_once(flickr: SimulatedFlickr) -> None:
    """`token_rejected`: a used, expired or missing request token requires a new login."""
    login = handshake(flickr)
    with pytest.raises(LoginError, match=r"Start the login again\."):
        await login.finish("123-456-789")
    code = await code_at(await login.start())
    await login.finish(code)
    for _ in range(2):
        with pytest.raises(LoginError, match=r"expired, or its code was already used\. Start") as caught:
            await login.finish(code)
        assert caught.value.problem == "token_rejected"
    code = await code_at(await login.start())
    flickr.oauth._requested.clear()
    with pytest.raises(LoginError, match=r"expired, or its code was already used\. Start"):
        await login.finish(code)


async def test_the_last_step_is_not_repeated_after_a_lost_answer(flickr: SimulatedFlickr) -> None:
    """The code is used: the sentence advises to start again, and one request was sent."""
    login = handshake(flickr)
    code = await code_at(await login.start())
    flickr.faults = asked = Script(Rule(faults.Broken(0, "reset"), kind="oauth", times=None))
    with pytest.raises(LoginError, match=r"answer of Flickr was lost.*Start the login again\.") as caught:
        await login.finish(code)
    assert code_of_error(caught.value) == 5
    assert len(asked.done) == 1
    flickr.faults = None
    with pytest.raises(LoginError, match="Start the login again"):
        await login.finish(code)
    assert (await login.finish(await code_at(await login.start()))).username == "anna"


async def test_an_unsent_last_step_can_be_repeated(flickr: SimulatedFlickr) -> None:
    """Without a connection, the last step is retried, and later the same code is still valid."""
    left = [1, 1, 1, 1]  # more than the attempts of one call

    class Unplugged(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("access_token") and left:
                left.pop()
                raise httpx.ConnectError("unplugged")
            return await super().handle_async_request(request)

        async def aclose(self) -> None:
            await super().aclose()

    login = OAuthHandshake(
        canary.KEY,
        canary.SECRET,
        api_url=flickr.api_url,
        limits=Limits(attempts=3, timing=FAST),
        transport=Unplugged(),
        sleep=no_nap,
    )
    code = await code_at(await login.start())
    with pytest.raises(TransportError, match="unplugged"):
        await login.finish(code)
    assert len(left) == 1
    assert (await login.finish(code)).username == "anna"


@pytest.mark.parametrize(
    "fault", [fault for mix in MIXES.values() for fault in mix if mix is not MIXES["429"]]
)
async def test_the_first_step_is_retried(flickr: SimulatedFlickr, fault: faults.Fault) -> None:
    """After every temporary fault; a lost request token has no effect."""
    flickr.faults = asked = Script(Rule(fault, kind="oauth", times=2))
    login = handshake(flickr, timeout=2)
    address = await login.start()
    assert len(asked.done) == 2
    assert (await login.finish(await code_at(address))).username == "anna"


async def test_too_many_requests_leave_the_code_valid(flickr: SimulatedFlickr) -> None:
    """HTTP 429 at any step has its own sentence, and the code stays valid."""
    login = handshake(flickr)
    code = await code_at(await login.start())
    flickr.faults = Script(Rule(faults.throttling(), kind="oauth", times=1))
    with pytest.raises(ThrottledError, match="asks for a pause"):
        await login.finish(code)
    assert (await login.finish(code)).username == "anna"


@pytest.mark.parametrize("step", ["request_token", "access_token"])
@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>hotel</html>",
        "oauth_token=1",
        "oauth_token=&oauth_token_secret=",
        "\udcff",
        "&" * 1000,
        "oauth_token=1&oauth_token_secret=2&user_nsid=../..",
        "x" * 70_000,
    ],
)
async def test_an_invalid_answer_gives_no_token(flickr: SimulatedFlickr, step: str, body: str) -> None:
    """A captive portal, half an answer, another account's id: no invalid token is returned."""
    login = handshake(flickr)
    code = await code_at(await login.start())

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        raw = body.encode(errors="surrogateescape")
        return web.Response(body=raw) if request.path.endswith(step) else None

    flickr.intercept = intercept
    if step == "access_token":
        with pytest.raises(LoginError, match="Start the login again"):
            await login.finish(code)
    elif "user_nsid" not in body:
        with pytest.raises(TransportError):
            await login.start()


# Refusals of a signature


async def test_a_wrong_secret_is_named(flickr: SimulatedFlickr, canary: Canary) -> None:
    """`signature_invalid`, whose body repeats key and token, in the login and in a call."""
    with pytest.raises(LoginError, match="the secret of the API key is wrong") as caught:
        await handshake(flickr, "wrong-secret").start()
    assert caught.value.problem == "signature_invalid"
    async with open_api(flickr, logged_in(flickr), "wrong-secret") as api:
        with pytest.raises(LoginError, match="the secret of the API key or of the login is wrong") as caught:
            await api.find_user("anna")
    assert code_of_error(caught.value) == 5
    canary.record(caught.value)
    assert not [text for text in canary.texts if "debug_sbs" in text]


async def test_an_unknown_key_is_named(flickr: SimulatedFlickr) -> None:
    """`consumer_key_unknown` is an `InvalidKeyError`."""
    login = OAuthHandshake("another-key", canary.SECRET, api_url=flickr.api_url, sleep=no_nap)
    with pytest.raises(InvalidKeyError, match="does not know the API key") as caught:
        await login.start()
    assert code_of_error(caught.value) == 5


@pytest.mark.parametrize("days", [1, -1, 400])
async def test_a_wrong_clock_is_corrected_by_flickrs_time(days: int) -> None:
    """`timestamp_refused`: the refusal states Flickr's time, with which the next attempt is signed."""
    stream = SimulatedPhotostream(1, username="anna")
    flickr = SimulatedFlickr(
        stream, api_key=canary.KEY, api_secret=canary.SECRET, clock=lambda: time.time() + days * DAY
    )
    async with flickr:
        login = handshake(flickr)
        token = await login.finish(await code_at(await login.start()))
        async with open_api(flickr, token) as api:
            assert (await api.find_user("anna")).username == "anna"
        assert flickr.calls["flickr.people.findByUsername"] == 2
        assert api.calls["flickr.people.findByUsername"] == 2  # a refused call counts too


@pytest.mark.parametrize(
    ("offset", "sentence"), [(DAY, "24.0 hours behind"), (-600, "10 minutes ahead of"), (0, "")]
)
async def test_a_refused_clock_is_reported(flickr: SimulatedFlickr, offset: int, sentence: str) -> None:
    """After repeated refusals, the sentence states the error of the clock, and the remedy."""

    def refusal() -> web.Response:
        date = formatdate(time.time() + offset, usegmt=True)
        return web.Response(status=401, text="oauth_problem=timestamp_refused", headers={"Date": date})

    asked: list[str] = []

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        asked.append(request.path)
        return refusal()

    flickr.intercept = intercept
    async with open_api(flickr, logged_in(flickr)) as api:
        for attempt in (handshake(flickr).start, lambda: api.find_user("anna")):
            with pytest.raises(LoginError, match=sentence or "does not accept the time") as caught:
                await attempt()
            assert str(caught.value).endswith("Set the clock, then run again.")
            assert caught.value.problem == "timestamp_refused"
            assert code_of_error(caught.value) == 5
    assert len(asked) == 6  # three attempts each


async def test_a_used_nonce_is_replaced(flickr: SimulatedFlickr) -> None:
    """One `nonce_used`, as after a repetition by a proxy, is not reported; after three attempts it is."""
    async with open_api(flickr, logged_in(flickr)) as api:
        intercept_once(flickr, "/rest/", "oauth_problem=nonce_used")
        assert (await api.find_user("anna")).username == "anna"

        async def refuse(_: web.Request) -> web.StreamResponse | None:
            return web.Response(status=401, text="oauth_problem=nonce_used")

        flickr.intercept = refuse
        with pytest.raises(LoginError, match="same request twice") as caught:
            await api.find_user("anna")
        assert code_of_error(caught.value) == 5
        with pytest.raises(LoginError, match="same request twice"):
            await handshake(flickr).start()


async def test_the_simulator_refuses_a_repeated_request(flickr: SimulatedFlickr) -> None:
    """A retry must not send the same header twice."""
    sent: list[httpx.Request] = []

    class Keeping(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return await super().handle_async_request(request)

    token = logged_in(flickr)
    async with AsyncFlickrApi(
        canary.KEY, canary.SECRET, token=token, api_url=flickr.api_url, api_transport=Keeping()
    ) as api:
        await api.find_user("anna")
    (request,) = sent
    assert "api_key" not in request.url.params
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
        again = await client.get(request.url, headers={"Authorization": request.headers["Authorization"]})
        assert (again.status_code, again.text) == (401, "oauth_problem=nonce_used")
        other = request.url.copy_set_param("username", "ben")
        changed = await client.get(other, headers={"Authorization": request.headers["Authorization"]})
        assert changed.text.startswith("oauth_problem=signature_invalid&debug_sbs=GET&http")


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ("token_revoked", "revoked, or made with another API key. Log in again."),
        ("permission_denied", "does not permit this"),
        ("something_new", r"refused the signed request \(something_new\)"),
    ],
)
async def test_other_problems_are_one_sentence(flickr: SimulatedFlickr, problem: str, sentence: str) -> None:
    """Each refusal of OAuth has a sentence and exit code 5."""
    intercept_once(flickr, "/rest/", f"x=1&oauth_problem={problem}&oauth_problem_advice={canary.TOKEN}")
    async with open_api(flickr, logged_in(flickr)) as api:
        with pytest.raises(LoginError, match=sentence) as caught:
            await api.find_user("anna")
    assert (caught.value.problem, code_of_error(caught.value)) == (problem, 5)


@pytest.mark.parametrize("body", ["", "<html>log in</html>", "oauth_problem=%3Cb%3E", "y" * 200_000])
async def test_a_401_without_a_problem_is_a_network_error(flickr: SimulatedFlickr, body: str) -> None:
    """It may be from a proxy or a captive portal, and is retried."""
    intercept_once(flickr, "/rest/", body)
    async with open_api(flickr, logged_in(flickr)) as api:
        assert (await api.find_user("anna")).username == "anna"
    assert api.calls == {"flickr.people.findByUsername": 2}


# Codes of the API


async def test_a_revoked_login_is_named(flickr: SimulatedFlickr) -> None:
    """Code 98: revoked during use, unknown, or made with another key."""
    token = logged_in(flickr)
    async with open_api(flickr, token) as api:
        await api.check_token()
        flickr.oauth.revoke(token.token)
        with pytest.raises(
            LoginError, match=r"revoked, or made with another API key\. Log in again"
        ) as caught:
            await api.find_user("anna")
    assert code_of_error(caught.value) == 5
    flickr.oauth.tokens[token.token].is_revoked = False
    flickr.oauth.tokens[token.token].key = "another-key"
    async with open_api(flickr, token) as api:
        with pytest.raises(LoginError, match="made with another API key"):
            await api.check_token()
    flickr.oauth.tokens.clear()
    async with open_api(flickr, token) as api:
        with pytest.raises(LoginError, match="revoked"):
            await api.check_token()


async def test_a_missing_or_insufficient_login_is_reported(flickr: SimulatedFlickr) -> None:
    """Code 99, and a missing token."""
    async with open_api(flickr, logged_in(flickr, perms="none")) as api:
        with pytest.raises(
            LoginError, match=r"missing or does not permit enough.*Method requires read"
        ) as caught:
            await api.check_token()
    assert code_of_error(caught.value) == 5
    async with open_api(flickr, None) as api:
        with pytest.raises(LoginError, match="no login to check"):
            await api.check_token()
        answer = flickr.call(method="flickr.test.login", api_key=canary.KEY)
        assert answer["code"] == 99


async def test_several_accounts_make_calls_concurrently(flickr: SimulatedFlickr) -> None:
    """Each token belongs to its account, which `test.login` names."""
    tokens = [logged_in(flickr, index, perms) for index, perms in enumerate(("read", "write"))]
    async with open_api(flickr, tokens[0]) as anna, open_api(flickr, tokens[1]) as ben:
        checked = await asyncio.gather(*(api.check_token() for api in (anna, ben, anna, ben)))
        assert [(token.username, token.perms) for token in checked] == [
            ("anna", "read"),
            ("ben", "write"),
        ] * 2
        for api, stream in ((anna, flickr.streams[0]), (ben, flickr.streams[1])):
            answer = await api.http_client.call("flickr.test.login")
            assert answer["user"]["id"] == stream.nsid
            assert answer["user"]["username"]["_content"] == stream.username


# Every attempt


@pytest.mark.parametrize("fault", [fault for mix in MIXES.values() for fault in mix])
async def test_each_attempt_is_signed_again(
    flickr: SimulatedFlickr, fault: faults.Fault, canary: Canary
) -> None:
    """A call that is retried after any fault has another nonce, and no output contains the login."""
    headers: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse | None:
        headers.append(request.headers["Authorization"])
        return None

    flickr.intercept = note
    flickr.faults = Script(Rule(fault, kind="api", times=2))
    async with open_api(flickr, logged_in(flickr)) as api:
        assert (await api.find_user("anna")).username == "anna"
    assert len(headers) == 3
    for name in ("oauth_nonce", "oauth_signature"):
        values = [re.search(rf'{name}="([^"]+)"', header) for header in headers]
        assert len({value[1] for value in values if value}) == 3
        assert not [text for text in canary.texts for value in values if value and value[1] in text]


async def test_a_failed_call_shows_no_secret(flickr: SimulatedFlickr, canary: Canary) -> None:
    """In the error, its causes and their requests, after the last attempt."""
    for fault in (fault for mix in MIXES.values() for fault in mix if mix is not MIXES["429"]):
        flickr.faults = Script(Rule(fault, times=None))
        async with open_api(flickr, logged_in(flickr)) as api:
            with pytest.raises(FlickrMirrorError) as caught:
                await api.find_user("anna")
        canary.record(caught.value)
        with pytest.raises(FlickrMirrorError) as caught:
            await handshake(flickr).start()
        canary.record(caught.value)
    assert not canary.leaks()


def test_the_blocking_api_takes_a_token() -> None:
    """`FlickrApi(token=)` signs like the async one; without a token it does not sign."""
    stream = SimulatedPhotostream(1, username="anna")
    with run_in_thread(SimulatedFlickr(stream, api_secret=canary.SECRET)) as flickr:
        token = logged_in(flickr)
        api = FlickrApi(canary.KEY, canary.SECRET, token=token, api_url=flickr.api_url)
        assert api.check_token().username == "anna"
        assert len(flickr.oauth.seen) == 1
        plain = FlickrApi(canary.KEY, canary.SECRET, api_url=flickr.api_url)
        assert plain.find_user("anna").id == stream.nsid
        assert len(flickr.oauth.seen) == 1
        with pytest.raises(LoginError, match="no login to check"):
            plain.check_token()


async def test_an_endpoint_with_a_password_cannot_have_a_login(flickr: SimulatedFlickr) -> None:
    """Both need the same header."""
    url = flickr.api_url.replace("://", "://me:word@")
    with pytest.raises(ValueError, match="cannot be used with a login"):
        AsyncFlickrApi(canary.KEY, canary.SECRET, token=logged_in(flickr), api_url=url)
    with pytest.raises(ValueError, match="not a valid address"):
        OAuthHandshake(canary.KEY, canary.SECRET, api_url="http://flickr:port/")
