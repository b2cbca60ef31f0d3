"""A terminal in which a test types and reads the output."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Typist:
    """The command on its own terminal, of 80 columns by default; `text` is its output."""

    def __init__(self, *words: str, columns: int = 80, start: str = "") -> None:
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        program = [sys.executable, "-m", "flickr_mirror"]
        if start:
            program = [sys.executable, "-c", start]
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [*program, *words],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            start_new_session=True,
            env={**inherited, "TERM": "xterm"},
        )
        self.text = ""

    @property
    def echoes(self) -> bool:
        """Whether the terminal echoes typed keys."""
        return bool(termios.tcgetattr(self._theirs)[3] & termios.ECHO)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._ours, text.encode())

    def wait(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Read the output until a condition is met."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.text
            self._read(0.01)

    def leave(self) -> int:
        """Read all output, and return the exit code; the terminal is not closed."""
        self.wait(lambda: self.process.poll() is not None)
        self._read(0.05)
        return self.process.returncode

    def close(self) -> None:
        """End the command, if it is still running, and close the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def _read(self, seconds: float) -> None:
        while select.select([self._ours], [], [], seconds)[0]:
            self.text += os.read(self._ours, 65_536).decode()
            seconds = 0.01
