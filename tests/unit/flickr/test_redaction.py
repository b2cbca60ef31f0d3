"""The key is removed from what a server or a proxy echoes of a request, before it is shown or stored."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import anyio
import anyio.abc
import httpx
import pytest

from flickr_mirror import AccessToken, ApiBudget, AsyncFlickrApi, FlickrApiError, Limits, TransportError
from flickr_mirror.cli.notifications import Notifier
from flickr_mirror.flickr.redaction import Redactor
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.mirror_folder import MirrorFolder
from tests.support.canary import KEY, SECRET, TOKEN, TOKEN_SECRET, Canary
from tests.support.command import IMPATIENT, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

ODD_KEY = 'canary key/"ü"+%&\\0123'
LIMITS = Limits(attempts=1)


def body(text: bytes, *headers: bytes) -> bytes:
    """Return an answer with this body."""
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(text), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + text


def refusal(key: bytes) -> bytes:
    """Return a refusal of the API with a text in its message."""
    return b'{"stat": "fail", "code": 1, "message": "No user for %s"}' % key


ECHOES = {
    "status line": lambda key: b"HTTP/1.1 no number %s\r\n\r\n" % key,
    "reason": lambda key: b"HTTP/1.1 500 %s\r\nContent-Length: 0\r\n\r\n" % key,
    "header": lambda key: b"HTTP/1.1 200 OK\r\nno colon %s\r\n\r\n" % key,
    "good header": lambda key: body(b"[]", b"X-Request: %s" % key),
    "redirect": lambda key: b"HTTP/1.1 302 Found\r\nLocation: /%s\r\nContent-Length: 0\r\n\r\n" % key,
    "packing": lambda key: body(b"x", b"Content-Encoding: %s" % key),
    "chunk": lambda key: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n" % key,
    "page": lambda key: body(b"<html>%s</html>" % key),
    "message": lambda key: body(refusal(key)),
    "packed message": lambda key: body(gzip.compress(refusal(key)), b"Content-Encoding: gzip"),
    "escaped message": lambda key: body(
        refusal("".join(f"\\u{ord(letter):04x}" for letter in key.decode("latin-1")).encode())
    ),
    "username": lambda key: body(b'{"stat": "ok", "user": {"id": "%s", "username": 7}}' % key),
}


@asynccontextmanager
async def serving(answer: bytes | Callable[[bytes], bytes]) -> AsyncIterator[str]:
    """Serve raw bytes, or those that a function returns for a request; yield the address."""

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            received = b""
            while not received.endswith(b"\r\n\r\n"):
                received += await stream.receive()
            await stream.send(answer if isinstance(answer, bytes) else answer(received))

    server = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with server, anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, serve)
        yield f"127.0.0.1:{server.extra(anyio.abc.SocketAttribute.local_port)}"  # noqa: S610
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("is_encoded", [False, True], ids=["plain", "encoded"])
@pytest.mark.parametrize("place", ECHOES)
async def test_an_echo_of_the_key_is_never_shown(place: str, canary: Canary, *, is_encoded: bool) -> None:
    """Not in errors, their causes and tracebacks, and not in any log, including the HTTP library's."""
    key = ODD_KEY if is_encoded else KEY
    echo = quote(key, safe="") if is_encoded else key
    async with serving(ECHOES[place](echo.encode())) as address:
        api = AsyncFlickrApi(
            key, SECRET, api_url=f"http://{address}/", limits=LIMITS, budget=ApiBudget(calls_per_second=1000)
        )
        async with api:
            with pytest.raises((TransportError, FlickrApiError)) as caught:
                await api.find_user("x")
    canary.record(caught.value)
    assert any("receive_response_headers" in text for text in canary.texts)
    assert [text for text in canary.texts if echo in text or key in text] == []
    if place == "message":
        assert str(caught.value) == "No user for ***"


@pytest.mark.parametrize("part", ["oauth_consumer_key", "oauth_token", "oauth_signature"])
@pytest.mark.parametrize("place", ECHOES)
async def test_an_echo_of_a_signed_call_is_never_shown(place: str, part: str, canary: Canary) -> None:
    """The key, the token and the signature of the call, which differs each time."""
    echoes: list[str] = []

    def answer(request: bytes) -> bytes:
        (sent,) = re.findall(rb'%s="([^"]+)"' % part.encode(), request)
        echoes.extend((sent.decode(), unquote(sent.decode())))
        return ECHOES[place](unquote(sent.decode()).encode())

    token = AccessToken(TOKEN, TOKEN_SECRET, "1@N01", "x")
    async with serving(answer) as address:
        api = AsyncFlickrApi(KEY, SECRET, token=token, api_url=f"http://{address}/", limits=LIMITS)
        async with api:
            with pytest.raises((TransportError, FlickrApiError)) as caught:
                await api.find_user("x")
    canary.record(caught.value)
    assert echoes
    assert [text for text in canary.texts for echo in echoes if echo in text] == []
    if place == "message":
        assert str(caught.value) == "No user for ***"


@pytest.mark.parametrize("place", ["status line", "message", "reason"])
async def test_the_command_neither_shows_nor_stores_an_echo(tmp_path: Path, place: str) -> None:
    """The key is not in standard error, the log, the input of --hook or `last-run.json`."""
    summary = tmp_path / "summary"
    user = FlickrUser("1@N01", "x")
    cache = MirrorFolder.of(tmp_path, user, None)
    cache.prepare(user, "x")
    async with (
        serving(ECHOES[place](KEY.encode())) as address,
        running(
            None,
            tmp_path,
            *("--username", "x", "--api-url", f"http://{address}/", "--debug", "4", "--json"),
            *("--consumer-key", KEY, "--consumer-secret", SECRET, "--hook", f"tee {summary}"),
            timing=IMPATIENT,
        ) as process,
    ):
        outcome = await process.wait()
    assert outcome.code in (4, 75)
    assert json.loads(summary.read_bytes())["error"]
    kept = (cache.state / "last-run.json").read_text()
    for text in (outcome.out, outcome.err, summary.read_text(), kept):
        assert KEY not in text
    assert "***" in outcome.err or place == "reason"


@pytest.mark.parametrize("place", ["status line", "reason"])
async def test_an_echo_of_a_login_is_never_shown(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A proxy, or a custom endpoint, may echo the login that it was sent."""
    login = base64.b64encode(b"me:canary-password")
    monkeypatch.setattr("flickr_mirror.flickr.proxies.proxy_bypass", lambda _: False)
    async with serving(ECHOES[place](b"canary-password " + login)) as address:
        monkeypatch.setenv("http_proxy", f"http://me:canary-password@{address}")
        for url in ("http://flickr.invalid/", f"http://me:canary-password@{address}/"):
            api = AsyncFlickrApi(KEY, SECRET, api_url=url, limits=LIMITS)
            async with api:
                with pytest.raises(TransportError) as caught:
                    await api.find_user("x")
            canary.record(caught.value)
    for word in ("canary-password", login.decode()):
        assert [text for text in canary.texts if word in text] == []


@pytest.mark.parametrize("place", ["status line", "reason", "header"])
async def test_an_echo_of_a_monitors_address_is_never_shown(canary: Canary, place: str) -> None:
    """The address of a monitor is a secret: anyone who knows it can report success to the monitor."""
    check = "6ab1f1a0-canary"
    async with serving(ECHOES[place](f"/{check}/start me:canary-password".encode())) as address:
        notifier = Notifier(f"http://me:canary-password@{address}/{check}?token=canary-token")
        async with anyio.create_task_group() as tasks:
            notifier.notify_start(tasks, is_watch=False)
    assert any("ping to the monitor of --ping-url failed" in text for text in canary.texts)
    for word in (check, "canary-password", "canary-token"):
        assert [text for text in canary.texts if word in text] == []


def test_short_keys_are_not_redacted() -> None:
    """A key of a few letters, as in examples, would change ordinary words."""
    assert Redactor("k", "demo").text("a kind demonstration") == "a kind demonstration"


def test_every_encoding_is_replaced() -> None:
    """Plain, in addresses, in addresses within addresses, in JSON, in the `repr` of bytes."""
    redact = Redactor(ODD_KEY)
    encoded = quote(ODD_KEY, safe="")
    for form in (
        ODD_KEY,
        encoded,
        encoded.lower(),
        quote(encoded),
        json.dumps(ODD_KEY)[1:-1],
        repr(ODD_KEY.encode())[2:-1],
        str(httpx.QueryParams({"api_key": ODD_KEY})).partition("=")[2],
    ):
        assert redact.text(f"<{form}>") == "<***>", form
        assert redact.data(f"<{form}>".encode()) == b"<***>"


def test_the_logs_of_other_libraries_are_not_filtered() -> None:
    """The logs of the HTTP library have one filter, after any number of connections."""
    for _ in range(3):
        Redactor(KEY).guard_logs()
    assert len(logging.getLogger("httpcore.http11").filters) == 1
