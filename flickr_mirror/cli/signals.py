"""The signals that end the command or request its progress, and how it reacts outside a run."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_codes: list[int] = []
"""The exit codes of the signals that `exit_on_signals` has handled."""


def cancel_exit_timer() -> None:
    """Cancel the timer that ends the process, because nothing can hang any more."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def exit_on_signals() -> None:
    """Let signals end the process without a message, also at a prompt, until a run handles them itself."""

    def leave(number: int, _: object) -> NoReturn:
        _codes.append(128 + number)
        sys.exit(_codes[0])

    for number in stop_signals():
        signal.signal(number, leave)
    for number in status_signals():  # the default action would end the process
        signal.signal(number, signal.SIG_IGN)


def signalled_exit_code() -> int:
    """Return the exit code of the first signal that `exit_on_signals` has handled, 0 if there was none.

    Code of a library can replace or drop the `SystemExit` of the signal: before Python 3.12, an exception in
    `__set_name__`, which runs while a module is imported, becomes a `RuntimeError`.
    """
    return _codes[0] if _codes else 0


def status_signals() -> list[signal.Signals]:
    """Return the signals that request the progress of a run: `kill -USR1`, and Ctrl-T on macOS."""
    return [number for number in signal.Signals if number.name in {"SIGUSR1", "SIGINFO"}]


def stop_signals() -> list[signal.Signals]:
    """Return the signals that stop a run, without those that the parent process ignores, as `nohup` does."""
    return [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
