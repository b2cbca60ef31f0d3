"""The echo of the terminal: off while keys are asked for, from the first moment, and restored when the command ends."""

from __future__ import annotations

import sys
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flickr_mirror.signals import leave_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

_before: list[tuple[int, list[Any]]] = []
"""The terminal whose echo is off, and its settings before."""


def asks_for_keys(arguments: Sequence[str]) -> bool:
    """Return whether a command line is one of `keys set`, which asks for keys on the terminal."""
    words = [word for word in arguments if not word.startswith("-")]
    return "keys" in words and "set" in words[words.index("keys") :] and "--stdin" not in arguments


def switch_off() -> None:
    """Show nothing of what is typed into the terminal of standard input, and forget what was typed so far."""
    try:
        terminal = sys.stdin.fileno()
        settings = termios.tcgetattr(terminal)
    except (AttributeError, OSError, ValueError, termios.error):  # it is closed, or no terminal
        return
    leave_on_signals()  # before a signal could end the process with the echo off
    _before.append((terminal, settings))
    silent = [*settings[:3], settings[3] & ~termios.ECHO, *settings[4:]]
    termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)


def restore() -> None:
    """Give the terminal back as it was, and forget what was typed and not read."""
    if _before:
        terminal, settings = _before.pop()
        with suppress(OSError, termios.error):  # it was closed
            termios.tcsetattr(terminal, termios.TCSAFLUSH, settings)
