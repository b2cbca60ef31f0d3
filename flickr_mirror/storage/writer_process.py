"""Commit small files in a worker process, because threads contend for the GIL with a busy event loop.

The process receives groups of small files through a socket and returns their SHA-256. It handles the simple case
only: files that it cannot commit for any reason are left untouched, and the parent process commits them itself and
gets the error. Losing the process therefore costs time and nothing else.
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
from flickr_mirror.storage.durable_write import FileCommit, TemporaryFile, commit_all

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIGEST = 32
_NOT_COMMITTED = bytes(_DIGEST)
_GRACE = 1.0  # seconds for the process to end by itself


class ProcessLostError(Exception):
    """The process did not start, or it ended."""


class WriterProcess:
    """A process that commits files, started for the first group. All methods block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def commit_all(self, group: Sequence[FileCommit]) -> list[FileCommit]:
        """Commit files that are entirely in memory and whose names are free; return those that were not committed.

        Requires the locks of all files. Raises `ProcessLostError`, after which no temporary files exist.
        """
        head = [(str(commit.file.path), str(commit.final), commit.file.size) for commit in group]
        try:
            connection = self._socket or self._start()
            _send(connection, [json.dumps(head).encode() + b"\n", *(commit.file.block for commit in group)])
            answers = _receive(connection, _DIGEST * len(group))
        except (OSError, RuntimeError) as error:  # no process, or no interpreter to start one with
            self._lose(group)
            raise ProcessLostError(type(error).__name__) from error
        left = []
        for number, commit in enumerate(group):
            sha256 = answers[number * _DIGEST : (number + 1) * _DIGEST]
            if sha256 == _NOT_COMMITTED:
                left.append(commit)
            else:
                commit.sha256, commit.file.is_closed = sha256, True
        return left

    def _start(self) -> socket.socket:
        command, environment = subprocesses.command(__name__), subprocesses.environment()
        ours, theirs = socket.socketpair()
        with theirs:
            self._socket = ours
            self._process = subprocess.Popen(  # noqa: S603 - starts this program
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
        for commit in group:
            filesystem.discard(commit.file.path, commit.base)

    def close(self) -> None:
        """End the process."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:  # a disk that hangs
                self._process.kill()
        self._socket = self._process = None


def _send(connection: socket.socket, buffers: Sequence[bytes | bytearray | memoryview]) -> None:
    """Send all buffers with as few system calls as possible."""
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
    """Commit the files of each request until the socket is closed. A request is a line of JSON and their bytes.

    [["/mirror/.flickr_mirror/parts/7-1.part", "/mirror/f/e/d/c/fedc.jpg", 3]]\n<3 bytes>  ->  <32 bytes>
    """
    memory = bytearray()  # reused for all requests, because new memory causes a page fault for each page
    with connection, connection.makefile("rb") as requests:
        while request := requests.readline():
            files = json.loads(request)
            total = sum(size for _, _, size in files)
            if total > len(memory):
                memory = bytearray(total)
            blocks = memoryview(memory)[:total]
            if requests.readinto(blocks) != total:
                return  # the parent process has ended
            group = []
            for path, final, size in files:
                group.append(FileCommit(TemporaryFile(Path(path), blocks[:size]), Path(final), _refuse))
                blocks = blocks[size:]
            commit_all(group)
            for commit in group:
                commit.file.discard()
            connection.sendall(b"".join(_NOT_COMMITTED if one.error else one.sha256 for one in group))


def _refuse() -> None:
    raise PlaceTakenError("The owner of that file is not known in this process.", Path())


if __name__ == "__main__":  # pragma: no cover - runs in the process
    subprocesses.outlive_signals()
    with suppress(ConnectionError):  # the parent process has ended
        _serve(socket.socket(fileno=sys.stdin.fileno()))
