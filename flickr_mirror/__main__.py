"""The command `mirror_flickr`, also started by `python -m flickr_mirror`."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> None:
    """Run the command; a signal during the imports ends it without a traceback."""
    if sys.platform == "win32":
        sys.exit("mirror_flickr: Windows is not supported. Run it on Linux, on macOS or in WSL.")
    from flickr_mirror.cli.output import terminal_echo
    from flickr_mirror.cli.signals import stop_signals

    def leave(number: int, _: object) -> NoReturn:
        terminal_echo.restore()
        # the module that is being imported could replace an exception, or print it
        os._exit(128 + number)

    for number in stop_signals():
        signal.signal(number, leave)
    # the objects of the imports live until the exit: collecting garbage among them takes a tenth of a short command
    gc.set_threshold(20_000)
    try:
        if terminal_echo.asks_for_keys(sys.argv[1:]) and sys.stdin is not None:
            with suppress(OSError, ValueError):  # stdin is closed
                # the imports take a second, in which the user may already paste a key
                terminal_echo.turn_off(sys.stdin.fileno(), discard=True)
        from flickr_mirror.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        terminal_echo.restore()


if __name__ == "__main__":
    main()
