"""The connection of one request, for bytes that are no answer of aiohttp's, or no HTTP at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTHS = ("Content-Length", "x-ttdb-l")
_TURN = 0.002  # how often, in seconds, it is looked whether the other side takes more, or is gone


class Line:
    """The connection of a request, plain or TLS. What `wait`, `close` and `reset` return is never sent."""

    def __init__(self, request: web.Request) -> None:
        if request.transport is None:
            raise ConnectionResetError("The other side is gone.")
        self._transport = request.transport

    @property
    def stands(self) -> bool:
        """Whether nobody has hung up."""
        return not self._transport.is_closing()

    async def send(self, data: bytes) -> None:
        """Return when the other side took `data`, or is gone."""
        if self.stands:
            self._transport.write(data)
        while self.stands and self._transport.get_write_buffer_size():  # noqa: ASYNC110 - aiohttp has the event
            await asyncio.sleep(_TURN)

    async def wait(self) -> web.StreamResponse:
        """Return when the other side has hung up."""
        while self.stands:  # noqa: ASYNC110
            await asyncio.sleep(_TURN)
        return web.Response()

    def close(self) -> web.StreamResponse:
        """Hang up."""
        self._transport.close()
        return web.Response()

    def reset(self) -> web.StreamResponse:
        """Break off with RST: to linger for 0 seconds is to send it instead of FIN."""
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        return web.Response()


def content(response: web.StreamResponse) -> tuple[dict[str, str], bytes]:
    """Return the headers of an answer, without those that tell its length, and its body."""
    headers = {name: value for name, value in response.headers.items() if name not in _LENGTHS}
    body = response.body if isinstance(response, web.Response) else None
    return headers, bytes(body) if isinstance(body, bytes | bytearray) else b""


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return what stands before the body."""
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Whatever\r\n{''.join(lines)}\r\n".encode()


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk; nothing is none, because an empty chunk is the end."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
