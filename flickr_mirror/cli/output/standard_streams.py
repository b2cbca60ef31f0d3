"""The standard streams, which may be closed before the start, full, or without a reader."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO


def open_closed_streams() -> None:
    """Connect closed standard streams to the null device.

    Otherwise a file of the mirror could get the file descriptor of standard output, and its text.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor: this one
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):  # the encoding may lack characters of a title
        sys.stdout.reconfigure(errors="replace")


def write_result(text: str) -> None:
    """Write the result of a command to standard output, and ignore a failure: the command itself succeeded."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError):
        discard_output()


def discard_output() -> None:
    """Send buffered and later writes to standard output to the null device."""
    _discard(sys.stdout)


def _discard(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
        stream.flush()


def discard_unwritable_outputs() -> None:
    """Discard output that cannot be written; otherwise Python would fail at exit and change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _discard(stream)


def output_failure(probe: str = "") -> str:
    """Return why output was lost; empty if it was not.

    A failed write of a long text leaves nothing in the buffer, so `probe` is written to test the stream. Raises
    `BrokenPipeError` if the reader has closed the pipe.
    """
    try:
        if probe:
            sys.stdout.write(probe)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        return error.strerror or str(error)
    return ""
