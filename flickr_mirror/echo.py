"""The echo of the terminal: off while the live view is drawn, so that typed keys do not appear in it."""

from __future__ import annotations

import os
import termios
from contextlib import suppress
from typing import Any

_changed: list[tuple[int, list[Any]]] = []
"""The terminal whose echo is off, and its settings before that."""


def turn_off(terminal: int) -> None:
    """Turn the echo off, where the file descriptor `terminal` is the terminal of this process.

    A process in the background leaves it alone: the system would stop it for trying.
    """
    if _changed or not _is_foreground(terminal):
        return
    with suppress(termios.error):
        before = termios.tcgetattr(terminal)
        silent = before[:]
        silent[3] = before[3] & ~(termios.ECHO | termios.ECHONL)
        termios.tcsetattr(terminal, termios.TCSANOW, silent)
        _changed.append((terminal, before))


def restore() -> None:
    """Give the terminal its settings back, if they were changed."""
    while _changed:
        terminal, before = _changed.pop()
        if _is_foreground(terminal):
            with suppress(termios.error):
                termios.tcsetattr(terminal, termios.TCSANOW, before)


def _is_foreground(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # no terminal, or that of another session
        return False
