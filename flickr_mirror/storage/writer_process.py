"""Keeps files in a process of its own: beside a busy event loop, threads wait for Python's lock at every system call.

The process is sent groups of small files through a socket, and answers with their SHA-256. It does the simple
case alone. What it cannot do, for whatever reason, it leaves undone without a trace, and whoever asked does that
itself, and learns the reason. So it needs no trust: a process that is lost costs time and nothing else.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror import subprocesses
from flickr_mirror.errors import PlaceTakenError
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.durable_write import FileCommit, PendingFile, commit_all

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIGEST = 32
_LEFT_UNDONE = bytes(_DIGEST)
_GRACE = 1.0  # seconds that the process has to end by itself


class ProcessLostError(Exception):
    """The process did not start, or ended."""


class WriterProcess:
    """One process that keeps files, started when the first ones come. All of it blocks."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def commit_all(self, group: Sequence[FileCommit]) -> list[FileCommit]:
        """Keep files that are in memory whole and whose names nobody has; return those that were left undone.

        To be called in their turns. Raises `ProcessLostError`, after which no file has a temporary one.
        """
        head = [(str(keeping.part.path), str(keeping.final), keeping.part.size) for keeping in group]
        try:
            connection = self._socket or self._start()
            _send(connection, [json.dumps(head).encode() + b"\n", *(keeping.part.block for keeping in group)])
            answers = _receive(connection, _DIGEST * len(group))
        except (OSError, RuntimeError) as error:  # no process, or no program to start one from
            self._lose(group)
            raise ProcessLostError(type(error).__name__) from error
        undone = []
        for number, keeping in enumerate(group):
            sha256 = answers[number * _DIGEST : (number + 1) * _DIGEST]
            if sha256 == _LEFT_UNDONE:
                undone.append(keeping)
            else:
                keeping.sha256, keeping.part.is_closed = sha256, True
        return undone

    def _start(self) -> socket.socket:
        command, environment = subprocesses.command(__name__), subprocesses.environment()
        ours, theirs = socket.socketpair()
        with theirs:
            self._socket = ours
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        return ours

    def _lose(self, group: Sequence[FileCommit]) -> None:
        if self._process is not None:
            self._process.kill()
        self.close()
        for keeping in group:
            filesystem.discard(keeping.part.path, keeping.top)

    def close(self) -> None:
        """Let the process end."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:  # a disk that hangs
                self._process.kill()
        self._socket = self._process = None


def _send(connection: socket.socket, buffers: Sequence[bytes | bytearray | memoryview]) -> None:
    """Send everything, in as few system calls as there can be."""
    rest = [memoryview(buffer) for buffer in buffers]
    while rest:
        sent = connection.sendmsg(rest)
        while rest and sent >= len(rest[0]):
            sent -= len(rest.pop(0))
        if sent:
            rest[0] = rest[0][sent:]


def _receive(connection: socket.socket, size: int) -> bytes:
    received = connection.recv(size, socket.MSG_WAITALL)
    if len(received) != size:
        raise ConnectionResetError
    return received


def _serve(connection: socket.socket) -> None:
    """Keep the files of each request, a line that lists them followed by their bytes, until there are no more.

    [["/mirror/.flickr_mirror/parts/7-1.part", "/mirror/f/e/d/c/fedc.jpg", 3]]\n<3 bytes>  ->  <32 bytes>
    """
    memory = bytearray()  # the same for all requests: new memory costs a visit of the system for each page
    with connection, connection.makefile("rb") as requests:
        while request := requests.readline():
            files = json.loads(request)
            total = sum(size for _, _, size in files)
            if total > len(memory):
                memory = bytearray(total)
            blocks = memoryview(memory)[:total]
            if requests.readinto(blocks) != total:
                return  # whoever sent it is gone
            group = []
            for path, final, size in files:
                group.append(FileCommit(PendingFile(Path(path), blocks[:size]), Path(final), _refuse))
                blocks = blocks[size:]
            commit_all(group)
            for keeping in group:
                keeping.part.drop()
            connection.sendall(b"".join(_LEFT_UNDONE if one.error else one.sha256 for one in group))


def _refuse() -> None:
    raise PlaceTakenError("Whose file that is is not known here.", Path())


if __name__ == "__main__":  # pragma: no cover - runs in the process
    subprocesses.outlive_signals()
    with suppress(ConnectionError):  # nobody is there any more
        _serve(socket.socket(fileno=sys.stdin.fileno()))
