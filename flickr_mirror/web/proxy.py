"""An HTTP proxy that answers for Flickr's hosts from mirrors, so that programs without a setting for them can read one.

It terminates TLS with certificates of a CA that is made for this run: its key is never written, and only programs that
are given its certificate trust it. Every other host is refused, so it cannot serve as an open proxy.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from flickr_mirror.errors import ServerError

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = ("api.flickr.com", "www.flickr.com", "live.staticflickr.com")
"""The hosts that the proxy answers for."""
_MOST = 8192
_CHUNK = 1 << 16
PATIENCE = 30.0
"""Seconds until a client must have sent its request to the proxy."""


class MirrorProxy:
    """A proxy at `host` and `port` that passes the requests for Flickr's hosts on to the server at `server_port`.

    `certificate` is the file to which the certificate of the CA is written. Raises `ServerError` if the port cannot be
    used or if trustme is not installed.
    """

    def __init__(self, host: str, port: int, server_port: int, certificate: Path) -> None:
        self.host = host
        self.port = port
        self.certificate = certificate
        self._server_port = server_port
        self._server: asyncio.Server | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._make_certificates)
        try:
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
        except OSError as error:
            raise ServerError(
                f"Cannot listen on {self.host}:{self.port}: {listen_problem(error)}. Choose another address with "
                "--proxy."
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def url(self) -> str:
        """The address of the proxy."""
        return f"http://{self.host}:{self.port}"

    def _make_certificates(self) -> None:
        try:
            import trustme
        except ImportError as error:
            raise ServerError("--proxy needs a package: pip install 'flickr-mirror[proxy]'.") from error
        authority = trustme.CA()
        for host in HOSTS:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        try:
            self.certificate.parent.mkdir(parents=True, exist_ok=True)
            self.certificate.write_bytes(authority.cert_pem.bytes())
        except OSError as error:
            raise ServerError(f"Cannot write {self.certificate}: {error.strerror}.") from error

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                if (host := _target(head)) is None:
                    writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    await writer.drain()
                    return
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                await writer.start_tls(self._contexts[host])
            await self._pass_on(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client has gone, or does not speak to a proxy
        finally:
            with suppress(OSError):
                writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Copy bytes between the client and the server until one of them closes."""
        back, forth = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_copy(reader, forth))
                tasks.create_task(_copy(back, writer))
        except* OSError:
            pass
        finally:
            forth.close()


def listen_problem(error: OSError) -> str:
    """Return why a server cannot listen, in the words of the system: asyncio adds the address and its own words."""
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror or str(error)  # below 0: no such host name


def _target(head: bytes) -> str | None:
    """Return the host of a CONNECT request if the proxy answers for it."""
    line = head[:_MOST].split(b"\r\n", 1)[0].decode("latin-1")
    method, _, rest = line.partition(" ")
    host, _, port = rest.partition(" ")[0].rpartition(":")
    return host.lower() if method == "CONNECT" and port == "443" and host.lower() in HOSTS else None


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK):
        target.write(data)
        await target.drain()
    with suppress(OSError):
        if target.can_write_eof():
            target.write_eof()
        else:
            target.close()
