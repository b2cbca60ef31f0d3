"""Stop a run on signals: gently on the first, at once on the second."""

from __future__ import annotations

import math
import os
import signal
from typing import TYPE_CHECKING, NoReturn

import anyio

from flickr_mirror.cli.exit_codes import SIGNALLED
from flickr_mirror.cli.output.console import console
from flickr_mirror.cli.output.live_view import restore_terminal
from flickr_mirror.cli.signals import signalled_exit_code, status_signals, stop_signals

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskStatus

    from flickr_mirror.models.timing import Timing


class GracefulShutdown:
    """The reaction of a run to signals.

    The first signal stops the run gently, the second stops it at once, and a third ends the process. A call that
    hangs, such as a name lookup or a read from a disconnected disk, cannot delay the exit: a timer ends the process,
    which is safe at any moment because the mirror on disk is always consistent.

    `stop` is called with the seconds that downloads in flight have to finish, `report_now` when a signal asks for
    the progress. `code` is the exit code for the first signal, 0 before it. `scope` is cancelled by the second
    signal, and by any signal after the end of the run. `timing` states how long each step may take.
    """

    def __init__(self, stop: Callable[[float], None], report_now: Callable[[], None], timing: Timing) -> None:
        self.code = 0
        self.scope = anyio.CancelScope()
        self.late_code = 0
        """The exit code of a signal that came after the end of the run, 0 if there was none."""
        self._stop = stop
        self._report_now = report_now
        self._timing = timing
        self._exit_code: int | None = None

    async def handle_signals(self, *, task_status: TaskStatus[None]) -> None:
        """React to signals until cancelled."""
        with anyio.open_signal_receiver(*stop_signals(), *status_signals()) as signals:
            task_status.started()
            if code := signalled_exit_code():  # a library dropped its `SystemExit`
                signal.raise_signal(signal.Signals(code - SIGNALLED))
            async for number in signals:
                if number in status_signals():
                    self._report_now()
                elif not self.code and self._exit_code is None:
                    self.code = SIGNALLED + number
                    self._exit_within(self._timing.stop_grace + self._timing.close_wait)
                    self._stop(self._timing.stop_grace)
                else:
                    self.late_code = self.late_code or SIGNALLED + number
                    self._exit_within(self._timing.close_wait)
                    self.exit_on_next_signal()
                    self.scope.cancel()

    def note_run_end(self, code: int) -> float:
        """Set the exit code of the run, and return how many seconds its notifications may take."""
        self._exit_code, self.scope = code, anyio.CancelScope()
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        timing = self._timing
        return max(min(left, timing.close_wait) - timing.report_wait, 0) if left else math.inf

    def exit_on_next_signal(self) -> None:
        """Let the next signal end the process at once."""
        for number in stop_signals():
            signal.signal(number, self._exit)

    def exit_soon(self) -> None:
        """End the process after `Timing.report_wait`, even if a call hangs."""
        self._exit_within(self._timing.report_wait)

    def _exit_within(self, seconds: float) -> None:
        signal.signal(signal.SIGALRM, self._exit)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _exit(self, number: int, _: object) -> NoReturn:
        restore_terminal(console)
        os._exit(self._exit_code if self._exit_code is not None else self.code or SIGNALLED + number)


def exit_soon(code: int, seconds: float) -> None:
    """End the process with this exit code on the next signal, or after `seconds` even if a call hangs."""

    def leave(*_: object) -> NoReturn:
        restore_terminal(console)
        os._exit(code)

    for number in (*stop_signals(), signal.SIGALRM):
        signal.signal(number, leave)
    signal.setitimer(signal.ITIMER_REAL, seconds)
