"""What a server and a line can do wrong, on real sockets: each fault is a value that answers one request.

A fault that speaks of bytes writes them on the connection itself, so that what arrives is what it says, be it
valid HTTP or not. A place in a body is a number of bytes, or a share of the body between 0.0 and 1.0.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web
from PIL import Image

from flickr_mirror.simulator.raw_connection import Line, chunk, content, head

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Normal = Callable[[], Awaitable[web.StreamResponse]]
    """Makes the answer that the request would get without a fault."""

THROTTLED = b"""<html><body><h1>429 Too Many Requests</h1>
You have sent too many requests in a given amount of time.
</body></html>
"""
"""The page of 117 bytes that Flickr's image servers send with HTTP 429."""
PORTAL = b"<!DOCTYPE html><html><head><title>Welcome to our hotel</title></head><body>Log in</body></html>"


class Fault(Protocol):
    """Something that goes wrong with one request; `normal` makes the answer that is spoiled."""

    @property
    def kind(self) -> str:
        """One word for it, by which it is counted."""
        ...

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Do it. What is returned is sent if the connection still stands."""
        ...


@dataclass(frozen=True, slots=True)
class Broken:
    """A body that ends `after` a part of it.

    `by` is how it ends: `reset` (TCP RST) or `close`. `framing` is what the header says of its length:
    `length` (the true one), `none`, `hint` (only Flickr's own `x-ttdb-l`), `chunked` (the last chunk never
    comes), `bad chunk` (a size that is no number follows). With `none` and all of the body nothing is wrong
    but the proof.
    """

    after: float = 0.5
    by: str = "close"
    framing: str = "length"

    @property
    def kind(self) -> str:
        """One word for it."""
        return "reset" if self.by == "reset" else "cut"

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send a part of the normal answer, and break off."""
        line = Line(request)
        headers, body = content(await normal())
        if self.framing == "length":
            headers["Content-Length"] = str(len(body))
        elif self.framing == "hint":
            headers["x-ttdb-l"] = str(len(body))
        elif "chunk" in self.framing:
            headers["Transfer-Encoding"] = "chunked"
        part = body[: _place(self.after, body)]
        if "chunk" in self.framing:
            part = chunk(part) + (b"xyz\r\n" if self.framing == "bad chunk" else b"")
        await line.send(head(200, headers) + part)
        return line.reset() if self.by == "reset" else line.close()


@dataclass(frozen=True, slots=True)
class Excess:
    """More bytes than the header announces; the connection is left open."""

    extra: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\njunk"
    kind: str = field(default="excess", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send the normal answer and `extra`, and wait for the other side to hang up."""
        line = Line(request)
        headers, body = content(await normal())
        await line.send(head(200, {**headers, "Content-Length": str(len(body))}) + body + self.extra)
        return await line.wait()


@dataclass(frozen=True, slots=True)
class Endless:
    """A body without an end: what the normal answer is, and then `filler` for ever, as fast as it is taken.

    `announced` is the length that the header claims; without it the body is chunked.
    """

    announced: int | None = None
    filler: bytes = bytes(1 << 16)
    kind: str = field(default="endless", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send until the other side hangs up."""
        line = Line(request)
        headers, body = content(await normal())
        if self.announced is None:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(self.announced)
        await line.send(head(200, headers))
        while line.stands:
            await line.send(chunk(body) if self.announced is None else body)
            body = self.filler
        return line.close()


@dataclass(frozen=True, slots=True)
class Bomb:
    """A small answer of gzip that unpacks to `size` bytes of JSON."""

    size: int = 200 << 20
    kind: str = field(default="bomb", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Answer so."""
        headers = {"Content-Encoding": "gzip"}
        return web.Response(body=_packed(self.size), content_type="application/json", headers=headers)


@dataclass(frozen=True, slots=True)
class Drip:
    """The normal answer, `pace` bytes at once and `pause` seconds between them, `after` a part that comes fast."""

    pace: int = 1
    pause: float = 1.0
    after: float = 0
    kind: str = field(default="drip", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send slowly."""
        line = Line(request)
        headers, body = content(await normal())
        place = _place(self.after, body)
        await line.send(head(200, {**headers, "Content-Length": str(len(body))}) + body[:place])
        for start in range(place, len(body), self.pace):
            await asyncio.sleep(self.pause)
            await line.send(body[start : start + self.pace])
            if not line.stands:
                break
        return line.close()


@dataclass(frozen=True, slots=True)
class OutageMonitor:
    """No answer, ever; or, with `after`, none after the header and a part of the body."""

    after: float | None = None
    kind: str = field(default="silence", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Say no more until the other side hangs up."""
        line = Line(request)
        if self.after is not None:
            headers, body = content(await normal())
            headers["Content-Length"] = str(len(body))
            await line.send(head(200, headers) + body[: _place(self.after, body)])
        return await line.wait()


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection is closed: before the answer, or `after_answer`, which did not announce it."""

    after_answer: bool = False
    kind: str = field(default="hang-up", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Close the connection."""
        line = Line(request)
        if self.after_answer:
            headers, body = content(await normal())
            await line.send(head(200, {**headers, "Content-Length": str(len(body))}) + body)
        return line.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """Another answer than the normal one."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "text/html"
    kind: str = "answer"

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Answer so."""
        return web.Response(
            status=self.status, body=self.body, headers=dict(self.headers), content_type=self.content_type
        )


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The normal answer of the API after `change`, which alters the payload or returns another one."""

    change: Callable[[dict[str, Any]], object]
    kind: str = field(default="rewritten", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Answer so."""
        response = await normal()
        payload = json.loads(content(response)[1])
        changed = self.change(payload)
        text = json.dumps(payload if changed is None else changed)
        return web.Response(
            text=text, content_type="application/json", headers={"Date": response.headers["Date"]}
        )


def throttling(retry_after: object = None) -> Answer:
    """Return HTTP 429; `retry_after` is the header's value, none by default."""
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return Answer(429, THROTTLED, headers, kind="429")


def retry_at(moment: float) -> str:
    """Return a `Retry-After` that is a date: `Wed, 21 Oct 2015 07:28:00 GMT`."""
    return formatdate(moment, usegmt=True)


def failing(status: int = 500) -> Answer:
    """Return an error of the server, 403, 404 or 410."""
    return Answer(status, b"<html><body>Error</body></html>", kind=str(status))


def page(content_type: str = "text/html") -> Answer:
    """Return an HTML page with status 200, as hotels send it, possibly under the name of an image."""
    return Answer(200, PORTAL, content_type=content_type, kind="page")


def redirect(to: str, status: int = 302) -> Answer:
    """Return a redirect to any address."""
    return Answer(status, headers=(("Location", to),), kind="redirect")


PLACEHOLDER_URL = "https://s.yimg.com/pw/images/en-us/photo_unavailable.png"


def placeholder(width: int = 500, height: int = 375) -> Answer:
    """Return the picture "photo unavailable", a whole PNG, with status 200."""
    file = io.BytesIO()
    Image.new("P", (width, height)).save(file, "PNG")
    return Answer(200, file.getvalue(), content_type="image/png", kind="placeholder")


def refusal(code: object, message: object = "an error occurred") -> Answer:
    """Return Flickr's refusal of a call; `None` leaves a key out."""
    payload = {"stat": "fail", "code": code, "message": message}
    return wrong_json(json.dumps({name: value for name, value in payload.items() if value is not None}))


def wrong_json(text: str | bytes) -> Answer:
    """Return an answer of the API that consists of this text."""
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
"""Answers of the API that are none, by what is wrong with them."""


def _place(after: float, body: bytes) -> int:
    return after if isinstance(after, int) else round(after * len(body))


@cache
def _packed(size: int) -> bytes:
    return gzip.compress(b'{"stat": "ok", "user": "' + bytes(size).replace(b"\0", b"0") + b'"}', 1)
