"""Faults of the server: complete HTTP responses, but not those that were requested."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from typing import TYPE_CHECKING, Any

from aiohttp import web
from PIL import Image

from flickr_mirror.simulator.raw_connection import content

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Normal = Callable[[], Awaitable[web.StreamResponse]]
    """Makes the response that the request would get without a fault."""

THROTTLED = b"""<html><body><h1>429 Too Many Requests</h1>
You have sent too many requests in a given amount of time.
</body></html>
"""
"""The page of 117 bytes that Flickr's image servers send with HTTP 429."""
PORTAL = b"<!DOCTYPE html><html><head><title>Welcome to our hotel</title></head><body>Log in</body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """Another response than the normal one."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "text/html"
    kind: str = "answer"

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Return this response."""
        return web.Response(
            status=self.status, body=self.body, headers=dict(self.headers), content_type=self.content_type
        )


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The normal JSON of the API after `change`, which modifies the payload or returns another one."""

    change: Callable[[dict[str, Any]], object]
    kind: str = field(default="rewritten", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Return this response."""
        response = await normal()
        payload = json.loads(content(response)[1])
        changed = self.change(payload)
        text = json.dumps(payload if changed is None else changed)
        return web.Response(
            text=text, content_type="application/json", headers={"Date": response.headers["Date"]}
        )


def throttling(retry_after: object = None) -> Answer:
    """Return HTTP 429; `retry_after` is the value of the header, which is absent by default."""
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return Answer(429, THROTTLED, headers, kind="429")


def retry_at(moment: float) -> str:
    """Return a `Retry-After` with a date: `Wed, 21 Oct 2015 07:28:00 GMT`."""
    return formatdate(moment, usegmt=True)


def failing(status: int = 500) -> Answer:
    """Return an error page with a status such as 500, 403, 404 or 410."""
    return Answer(status, b"<html><body>Error</body></html>", kind=str(status))


def page(content_type: str = "text/html") -> Answer:
    """Return an HTML page with status 200, as captive portals send it, possibly with an image's content type."""
    return Answer(200, PORTAL, content_type=content_type, kind="page")


def redirect(to: str, status: int = 302) -> Answer:
    """Return a redirect to any address."""
    return Answer(status, headers=(("Location", to),), kind="redirect")


PLACEHOLDER_URL = "https://s.yimg.com/pw/images/en-us/photo_unavailable.png"


def placeholder(width: int = 500, height: int = 375) -> Answer:
    """Return the image "photo unavailable", a complete PNG, with status 200."""
    file = io.BytesIO()
    Image.new("P", (width, height)).save(file, "PNG")
    return Answer(200, file.getvalue(), content_type="image/png", kind="placeholder")


def refusal(code: object, message: object = "an error occurred") -> Answer:
    """Return Flickr's refusal of a call; `None` omits a key."""
    payload = {"stat": "fail", "code": code, "message": message}
    return wrong_json(json.dumps({name: value for name, value in payload.items() if value is not None}))


def wrong_json(text: str | bytes) -> Answer:
    """Return a response of the API that consists of this text."""
    body = text if isinstance(text, bytes) else text.encode()
    return Answer(200, body, content_type="application/json", kind="json")


WRONG_JSON: dict[str, bytes] = {
    "nothing": b"",
    "cut": b'{"photos":{"page":1,"photo":[{"id":"49',
    "BOM": b'\xef\xbb\xbf{"stat":"ok"',
    "JSONP": b'jsonFlickrApi({"stat":"ok"})',
    "XML": b'<?xml version="1.0" encoding="utf-8" ?><rsp stat="ok"></rsp>',
    "HTML": PORTAL,
    "list": b'[{"stat":"ok"}]',
    "text": b'"ok"',
    "number": b"1",
    "null": b"null",
    "NaN": b"NaN",
    "deep": b"[" * 100_000,
    "two": b'{"stat":"ok"}{"stat":"ok"}',
    "not UTF-8": b'{"stat":"\xff\xfe"}',
    "no part": b'{"stat":"ok"}',
    "wrong part": b'{"stat":"ok","photos":[],"sizes":"","user":null,"person":1,"comments":true}',
}
"""Invalid responses of the API, by what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Bomb:
    """A small gzip response that expands to `size` bytes of JSON."""

    size: int = 200 << 20
    kind: str = field(default="bomb", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Return this response."""
        headers = {"Content-Encoding": "gzip"}
        return web.Response(body=_packed(self.size), content_type="application/json", headers=headers)


@cache
def _packed(size: int) -> bytes:
    return gzip.compress(b'{"stat": "ok", "user": "' + bytes(size).replace(b"\0", b"0") + b'"}', 1)
