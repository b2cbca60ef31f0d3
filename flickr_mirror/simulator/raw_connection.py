"""The connection of one request, for bytes that aiohttp would not send, including invalid HTTP."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTHS = ("Content-Length", "x-ttdb-l")
_POLL_INTERVAL = 0.002  # seconds between two looks at the state of the connection


class RawConnection:
    """The connection of a request, plain or TLS. The responses that its methods return are never sent."""

    def __init__(self, request: web.Request) -> None:
        if request.transport is None:
            raise ConnectionResetError("The client has closed the connection.")
        self._transport = request.transport

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed the connection."""
        return not self._transport.is_closing()

    async def send(self, data: bytes) -> None:
        """Send `data`; return when the client has received it, or has closed the connection."""
        if self.is_open:
            self._transport.write(data)
        while self.is_open and self._transport.get_write_buffer_size():  # noqa: ASYNC110 - aiohttp has the event
            await asyncio.sleep(_POLL_INTERVAL)

    async def wait_closed(self) -> web.StreamResponse:
        """Wait until the client closes the connection."""
        while self.is_open:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_INTERVAL)
        return web.Response()

    def close(self) -> web.StreamResponse:
        """Close the connection."""
        self._transport.close()
        return web.Response()

    def reset(self) -> web.StreamResponse:
        """Reset the connection: with a linger time of 0 seconds, the socket sends RST instead of FIN."""
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        return web.Response()


def content(response: web.StreamResponse) -> tuple[dict[str, str], bytes]:
    """Return the headers of a response, without those that state its length, and its body."""
    headers = {name: value for name, value in response.headers.items() if name not in _LENGTHS}
    body = response.body if isinstance(response, web.Response) else None
    return headers, bytes(body) if isinstance(body, bytes | bytearray) else b""


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the status line and the headers as bytes."""
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Simulated\r\n{''.join(lines)}\r\n".encode()


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk; no bytes for empty data, because an empty chunk is the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def offset_in(body: bytes, after: float) -> int:
    """Return the offset in `body` that `after` means: a number of bytes, or a share as a float."""
    return after if isinstance(after, int) else round(after * len(body))
