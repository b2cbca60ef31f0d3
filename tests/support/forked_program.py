"""The command as a program that any process can start, for example a shell, without the start-up time of Python.

The program sends its arguments, its environment and its three streams to a socket of the tests, which lets the process
of `tests.support.zygote` fork the run.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.support.command import THREAD, zygote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_REQUEST = 1 << 20
_PROGRAM = """#!{python} -IS
import json, os, signal, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect({path!r})
request = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
lines = connection.makefile()
pid = int(lines.readline())
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, lambda number, _: os.kill(pid, number))
code = os.waitstatus_to_exitcode(int(lines.readline()))
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@contextmanager
def forked_program(folder: Path) -> Iterator[None]:
    """Write the command as a program into a folder; it works until the end of the context."""
    path = folder / "socket"
    program = folder / "mirror_flickr"
    program.write_text(_PROGRAM.format(python=sys.executable, path=str(path)))
    program.chmod(0o755)
    starting = threading.Lock()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:  # closed
                    return
                threading.Thread(target=_run, args=(connection, starting), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _run(connection: socket.socket, starting: threading.Lock) -> None:
    """Request the fork of a run, and pass on its process id and its status."""
    with connection:
        data, files, _, _ = socket.recv_fds(connection, LONGEST_REQUEST, 3)
        request = {**json.loads(data), "settings": THREAD, "timing": {}, "ignored": [], "closed": []}
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb") as lines:
            with starting:  # until the run has begun, so that two requests are not received as one
                socket.send_fds(zygote(), [json.dumps(request).encode()], [*files, writer])
                for file in (*files, writer):
                    os.close(file)
                connection.sendall(lines.readline())
            with suppress(OSError):  # the program was killed
                connection.sendall(lines.readline())
