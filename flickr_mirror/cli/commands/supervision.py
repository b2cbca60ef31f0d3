"""A command that reads many files without Flickr: its progress bar, its signals, and the error that ends it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import anyio
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.graceful_shutdown import GracefulShutdown
from flickr_mirror.cli.output.console import console, echo
from flickr_mirror.errors import FlickrMirrorError, one_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flickr_mirror.models.timing import Timing


class Supervision:
    """Does the work of one command; `word` and `unit` name it in its progress: "checking", "files checked"."""

    def __init__(self, word: str, unit: str, timing: Timing) -> None:
        self._unit = unit
        self._timing = timing
        self._progress = _progress_bar(word)
        self._done = self._total = 0
        self.has_failed = False
        """Whether an error ended the work, and was printed."""

    def show(self, done: int, total: int) -> None:
        """Show the progress of the work."""
        self._done, self._total = done, total
        if self._progress:
            self._progress.update(self._progress.task_ids[0], completed=done, total=total)

    async def run(self, work: Callable[[], Awaitable[object]]) -> int:
        """Do the work until its end or a signal; return the exit code, 0 if it finished."""
        scope = anyio.CancelScope()
        signals = GracefulShutdown(lambda _: scope.cancel(), self._report, self._timing)
        try:
            with one_error():
                async with anyio.create_task_group() as tasks:
                    await tasks.start(signals.handle_signals)
                    with signals.scope, scope, self._progress or nullcontext():
                        await work()
                    tasks.cancel_scope.cancel()
        except FlickrMirrorError as error:
            self.has_failed = True
            return echo_failure(error)
        finally:
            signals.exit_on_next_signal()
        return signals.code or 0

    def _report(self) -> None:
        echo(f"{self._done:,}/{self._total:,} {self._unit}", force=True)


def _progress_bar(word: str) -> Progress | None:
    if console.is_quiet or not console.is_terminal or console.is_dumb_terminal:
        return None
    progress = Progress(
        TextColumn(word), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    progress.add_task("", total=None)
    return progress
