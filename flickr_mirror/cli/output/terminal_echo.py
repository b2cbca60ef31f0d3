"""The echo of the terminal, which is off at the prompt for keys and during the live view."""

from __future__ import annotations

import os
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_changed: list[tuple[int, list[Any], int]] = []
"""The terminal whose echo is off, its settings before, and when to apply them again."""


def asks_for_keys(arguments: Sequence[str]) -> bool:
    """Return whether a command line is `keys set`, which asks for keys on the terminal."""
    words = [word for word in arguments if not word.startswith("-")]
    return "keys" in words and "set" in words[words.index("keys") :] and "--stdin" not in arguments


def turn_off(terminal: int, *, discard: bool = False) -> None:
    """Turn the echo off if the file descriptor `terminal` is the terminal of this process.

    With `discard`, unread input is discarded, now and in `restore`. A background process does nothing, because the
    system would stop it.
    """
    if _changed or not _is_foreground(terminal):
        return
    when = termios.TCSAFLUSH if discard else termios.TCSANOW
    with suppress(termios.error):
        before = termios.tcgetattr(terminal)
        silent = before[:]
        silent[3] = before[3] & ~(termios.ECHO | termios.ECHONL)
        termios.tcsetattr(terminal, when, silent)
        _changed.append((terminal, before, when))


def restore() -> None:
    """Restore the settings of the terminal if they were changed."""
    while _changed:
        terminal, before, when = _changed.pop()
        if _is_foreground(terminal):
            with suppress(termios.error):
                termios.tcsetattr(terminal, when, before)


def _is_foreground(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # the terminal of another session, which does not stop this process
        return True
