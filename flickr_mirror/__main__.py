"""The command `mirror_flickr`, which is `python -m flickr_mirror` too."""

from __future__ import annotations

import sys
from contextlib import suppress


def main() -> None:
    """Run the command; a Ctrl-C while it is being loaded is no reason for a traceback."""
    if sys.platform == "win32":
        sys.exit("mirror_flickr: Windows is not supported: run it on Linux or macOS, or in WSL.")
    from flickr_mirror.cli.output import terminal_echo
    from flickr_mirror.cli.signals import leave_on_signals

    try:
        if terminal_echo.asks_for_keys(sys.argv[1:]) and sys.stdin is not None:
            leave_on_signals()  # before a signal could end the process with the echo off
            with suppress(OSError, ValueError):  # it is closed
                # reading the libraries takes a second, in which a key may be pasted already
                terminal_echo.turn_off(sys.stdin.fileno(), discard=True)
        from flickr_mirror.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        terminal_echo.restore()


if __name__ == "__main__":
    main()
