"""The signals that end the command, from its first moment to its last; a run heeds them in its own way."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def wait_no_more() -> None:
    """Take back the time at which a signal ends the process: all that could hang is over."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def leave_on_signals() -> None:
    """Let signals end the process without many words, until a run heeds them: also while a key is typed in."""

    def leave(number: int, _: object) -> NoReturn:
        sys.exit(128 + number)

    for number in stopping_signals():
        signal.signal(number, leave)
    for number in asking_signals():  # else it would end the process
        signal.signal(number, signal.SIG_IGN)


def asking_signals() -> list[signal.Signals]:
    """Return the signals that ask a run how far it is: `kill -USR1`, and Ctrl-T on macOS."""
    return [number for number in signal.Signals if number.name in {"SIGUSR1", "SIGINFO"}]


def stopping_signals() -> list[signal.Signals]:
    """Return the signals that stop a run: what whoever started it chose to ignore stays ignored (`nohup`)."""
    return [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
