"""The terminal of a run: its echo is off while the live view is drawn, and on again however the run ends."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import pyte
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Window:
    """A terminal window that runs the command in its own session."""

    def __init__(self, line: list[str]) -> None:
        self.ours, self.theirs = pty.openpty()
        os.set_blocking(self.ours, False)
        self.text = b""
        self.process = subprocess.Popen(
            line,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": "xterm"},
        )

    @property
    def echoes(self) -> bool:
        """Whether the terminal echoes typed keys."""
        return bool(termios.tcgetattr(self.theirs)[3] & termios.ECHO)

    def read(self) -> bytes:
        """Return all output so far."""
        try:
            while data := os.read(self.ours, 1 << 16):
                self.text += data
        except BlockingIOError:
            pass
        return self.text

    async def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait for something."""
        with anyio.fail_after(seconds):
            while not condition():
                self.read()
                await anyio.sleep(0.02)


@contextmanager
def window(line: list[str]) -> Iterator[Window]:
    """Open a window, and close it."""
    opened = Window(line)
    try:
        yield opened
    finally:
        opened.process.kill()
        opened.process.wait()
        os.close(opened.theirs)
        os.close(opened.ours)


ENDINGS: dict[str, tuple[list[signal.Signals], int]] = {
    "Ctrl-C": ([signal.SIGINT], 130),
    "kill": ([signal.SIGTERM], 143),
    "two at once": ([signal.SIGTERM, signal.SIGTERM], 143),
    "Ctrl-backslash": ([signal.SIGQUIT], -signal.SIGQUIT),
}


@pytest.mark.slow
@pytest.mark.parametrize(("numbers", "code"), ENDINGS.values(), ids=ENDINGS)
async def test_the_echo_is_off_during_the_live_view(
    tmp_path: Path, numbers: list[signal.Signals], code: int
) -> None:
    """Keys typed meanwhile are not echoed, and later ones are."""
    async with SimulatedFlickr(SimulatedPhotostream(12, commented=1.0)) as flickr:
        line = command(flickr, tmp_path, "--info-level", "2", "--info-only", "--calls-per-hour", "3")
        with window(line) as shown:
            assert shown.echoes
            await shown.until(lambda: b"resumes" in shown.read())
            assert not shown.echoes
            os.write(shown.ours, b"typed\n")
            await anyio.sleep(0.3)
            assert b"typed" not in shown.read()
            for number in numbers:
                os.kill(shown.process.pid, number)
            await shown.until(lambda: shown.process.poll() is not None)
            assert shown.process.returncode == code
            assert shown.echoes
            assert shown.read().rfind(b"\x1b[?25h") > shown.read().rfind(b"\x1b[?25l")


@pytest.mark.slow
async def test_a_suspended_run_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    """Ctrl-Z restores the echo and leaves an empty line; after `fg` there is one view, and no echo."""
    async with SimulatedFlickr(SimulatedPhotostream(12, commented=1.0)) as flickr:
        line = command(flickr, tmp_path, "--info-level", "2", "--info-only", "--calls-per-hour", "3")
        shell = ["/bin/sh", "-c", 'set -m; "$@"; echo shell; read -r answer; fg', "sh", *line]
        with window(shell) as shown:
            await shown.until(lambda: b"resumes" in shown.read())
            os.write(shown.ours, b"\x1a")
            await shown.until(lambda: b"shell\r\n" in shown.read())
            assert shown.echoes
            assert views(shown.read()) == 0
            os.write(shown.ours, b"\n")
            shown.text += b"\n"
            before = len(shown.read())
            await shown.until(lambda: b"resumes" in shown.read()[before:])
            await anyio.sleep(0.5)
            assert not shown.echoes
            assert views(shown.read()) == 1
            os.write(shown.ours, b"\x03")
            await shown.until(lambda: shown.process.poll() is not None)
            assert b"nothing is in flight" in shown.read()
            assert shown.echoes


def views(text: bytes) -> int:
    """Return the number of views on a screen with this output."""
    screen = pyte.Screen(80, 40)
    pyte.ByteStream(screen).feed(text)
    return sum("resumes" in line for line in screen.display)
