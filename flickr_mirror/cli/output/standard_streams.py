"""The standard streams, which may be closed before the start, full, or without a reader."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO


def open_closed_streams() -> None:
    """Connect the standard streams that are closed to the null device.

    Otherwise a file of the mirror would get the number of one, and with it what is written there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):  # titles are in all scripts, and not every terminal has them
        sys.stdout.reconfigure(errors="replace")


def confirm(text: str) -> None:
    """Write what a command did to standard output; that it cannot be written does not make it undone."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError):
        give_up_output()


def give_up_output() -> None:
    """Send what was written to standard output, and what will be, to the null device."""
    _give_up(sys.stdout)


def _give_up(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()


def let_go_of_outputs() -> None:
    """Give up what nobody takes any more: Python would try once more at its end, and make that the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _give_up(stream)


def output_failure(probe: str = "") -> str:
    """Return why what was written to standard output is lost; an empty text where it is not.

    A long text that could not be written leaves no trace, so `probe` is written to find out. Raises
    `BrokenPipeError` where the reader went away.
    """
    try:
        if probe:
            sys.stdout.write(probe)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up_output()
        return error.strerror or str(error)
    return ""
