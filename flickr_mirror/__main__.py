"""The command `mirror_flickr`, which is `python -m flickr_mirror` too."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the command; a Ctrl-C while it is being loaded is no reason for a traceback."""
    if sys.platform == "win32":
        sys.exit("mirror_flickr: Windows is not supported: run it on Linux or macOS, or in WSL.")
    from flickr_mirror import echo
    from flickr_mirror.signals import leave_on_signals

    try:
        if echo.asks_for_keys(sys.argv[1:]) and sys.stdin is not None:
            leave_on_signals()  # before a signal could end the process with the echo off
            with suppress(OSError, ValueError):  # it is closed
                # reading the libraries takes a second, in which a key may be pasted already
                echo.turn_off(sys.stdin.fileno(), discard=True)
        from flickr_mirror.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        echo.restore()
        _let_go_of_outputs()


def _let_go_of_outputs() -> None:
    """Give up what nobody takes any more: Python would try once more at its end, and make that the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # it was closed before the start
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


if __name__ == "__main__":
    main()
