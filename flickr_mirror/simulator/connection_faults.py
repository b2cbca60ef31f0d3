"""Faults of the connection: bodies that are cut, too long, endless or slow, silence, closed connections.

They write bytes on the connection itself, whether these are valid HTTP or not. An offset in a body is a number of
bytes, or a share of the body between 0.0 and 1.0.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.simulator.raw_connection import RawConnection, chunk, content, head, offset_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    Normal = Callable[[], Awaitable[web.StreamResponse]]
    """Makes the response that the request would get without a fault."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A body that is cut at the offset `after`.

    `by` is how it ends: `reset` (TCP RST) or `close`. `framing` is what the headers state about its length:
    `length` (the true one), `none`, `hint` (only Flickr's own `x-ttdb-l`), `chunked` (the last chunk is missing),
    `bad chunk` (an invalid chunk size follows). With `none` and the whole body, nothing is wrong except that
    its completeness cannot be proved.
    """

    after: float = 0.5
    by: str = "close"
    framing: str = "length"

    @property
    def kind(self) -> str:
        """The name by which this fault is counted."""
        return "reset" if self.by == "reset" else "cut"

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send a part of the normal response, and end the connection."""
        connection = RawConnection(request)
        headers, body = content(await normal())
        if self.framing == "length":
            headers["Content-Length"] = str(len(body))
        elif self.framing == "hint":
            headers["x-ttdb-l"] = str(len(body))
        elif "chunk" in self.framing:
            headers["Transfer-Encoding"] = "chunked"
        part = body[: offset_in(body, self.after)]
        if "chunk" in self.framing:
            part = chunk(part) + (b"xyz\r\n" if self.framing == "bad chunk" else b"")
        await connection.send(head(200, headers) + part)
        return connection.reset() if self.by == "reset" else connection.close()


@dataclass(frozen=True, slots=True)
class Excess:
    """More bytes than the header announces; the connection stays open."""

    extra: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\njunk"
    kind: str = field(default="excess", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send the normal response and `extra`, and wait until the client closes the connection."""
        connection = RawConnection(request)
        headers, body = content(await normal())
        await connection.send(head(200, {**headers, "Content-Length": str(len(body))}) + body + self.extra)
        return await connection.wait_closed()


@dataclass(frozen=True, slots=True)
class Endless:
    """A body without an end: the normal body, then `filler` for ever, as fast as the client reads.

    `announced` is the length that the header states; without it the body is chunked.
    """

    announced: int | None = None
    filler: bytes = bytes(1 << 16)
    kind: str = field(default="endless", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send until the client closes the connection."""
        connection = RawConnection(request)
        headers, body = content(await normal())
        if self.announced is None:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(self.announced)
        await connection.send(head(200, headers))
        while connection.is_open:
            await connection.send(chunk(body) if self.announced is None else body)
            body = self.filler
        return connection.close()


@dataclass(frozen=True, slots=True)
class Drip:
    """The normal response up to the offset `after`, then `pace` bytes at a time with `pause` seconds between them."""

    pace: int = 1
    pause: float = 1.0
    after: float = 0
    kind: str = field(default="drip", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send slowly."""
        connection = RawConnection(request)
        headers, body = content(await normal())
        place = offset_in(body, self.after)
        await connection.send(head(200, {**headers, "Content-Length": str(len(body))}) + body[:place])
        for start in range(place, len(body), self.pace):
            await asyncio.sleep(self.pause)
            await connection.send(body[start : start + self.pace])
            if not connection.is_open:
                break
        return connection.close()


@dataclass(frozen=True, slots=True)
class Silence:
    """No response at all; or, with `after`, nothing after the header and the body up to this offset."""

    after: float | None = None
    kind: str = field(default="silence", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Send nothing more until the client closes the connection."""
        connection = RawConnection(request)
        if self.after is not None:
            headers, body = content(await normal())
            headers["Content-Length"] = str(len(body))
            await connection.send(head(200, headers) + body[: offset_in(body, self.after)])
        return await connection.wait_closed()


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection is closed: before the response, or `after_answer`, without `Connection: close`."""

    after_answer: bool = False
    kind: str = field(default="hang-up", init=False)

    async def answer(self, request: web.Request, normal: Normal) -> web.StreamResponse:
        """Close the connection."""
        connection = RawConnection(request)
        if self.after_answer:
            headers, body = content(await normal())
            await connection.send(head(200, {**headers, "Content-Length": str(len(body))}) + body)
        return connection.close()
