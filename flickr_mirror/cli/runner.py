"""A run as a person sees it: the signals, the last words and the exit code."""

from __future__ import annotations

import logging
import math
import os
import signal
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn, TypeVar

import anyio

from flickr_mirror.cli.exit_codes import EXIT_LOCKED, SIGNALLED, code_of, code_of_error
from flickr_mirror.cli.output.console import console, echo
from flickr_mirror.cli.output.live_view import give_back
from flickr_mirror.cli.output.summary import counted, in_words, keep, last_line, summary_of, time_text
from flickr_mirror.cli.output.text import plain
from flickr_mirror.cli.signals import asking_signals, stopping_signals, wait_no_more
from flickr_mirror.errors import (
    CacheError,
    FlickrMirrorError,
    InvalidKeyError,
    ProxyLoginError,
    TransportError,
    needing_threads,
    one_error,
)
from flickr_mirror.models.reports import MirrorReport
from flickr_mirror.storage.owner import STATE_FOLDER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from anyio.abc import TaskGroup, TaskStatus

    from flickr_mirror.cli.notifications import Notifier
    from flickr_mirror.cli.output.summary import Summary
    from flickr_mirror.cli.run_view import RunView
    from flickr_mirror.engine.mirror import PhotostreamMirror
    from flickr_mirror.models.reports import FailedPhoto

T = TypeVar("T")

GRACE = 10.0
"""Seconds that downloads in flight have to finish after the first Ctrl-C."""
CLOSING = 3.0
"""Seconds that it may take to put everything away after that, and to tell how the run ended."""
LINGERING = 1.0
"""Seconds for what is left then: the last line, and the end of the process."""
MOST_FAILURES = 20
"""So many failed photos are told at the end of a run: they are to fit on a screen."""


def run_async(work: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """Run `work` in an event loop, and return what it returns, or raise what it raises.

    To close the loop, asyncio may need a thread; that there is none changes nothing of how the work ended. Raises
    `ResourcesError` where the work itself had none.
    """
    ended: list[Callable[[], T]] = []

    async def note_end() -> None:
        try:
            result = await work(*arguments)
        except Exception as error:  # noqa: BLE001 - it is raised below
            ended.append(partial(_raise, error))
        else:
            ended.append(lambda: result)

    with needing_threads():
        try:
            anyio.run(note_end)
        except RuntimeError:
            if not ended:
                raise
        return ended[0]()


def _raise(error: Exception) -> NoReturn:
    raise error


async def run_mirror(mirror: PhotostreamMirror, view: RunView, watch: float | None = None) -> int:
    """Run a mirror under the signals of a terminal, and return the exit code.

    `watch` is the interval in seconds at which it is looked for new photos, for as long as nobody stops it.
    After it a signal ends the process at once, because nothing is left to do.
    """
    view.mirror = mirror
    view.on_look = partial(_keep_look, mirror)
    signals = GracefulShutdown(partial(_stop, mirror), view.report_now)
    async with _handling_signals(signals, view.notifier, is_watch=watch is not None) as tasks:
        tasks.start_soon(view.beat)
        code = await _run(mirror, view, watch, signals)
        view.late = signals.late
        return code


async def fail(error: FlickrMirrorError, username: str, view: RunView) -> int:
    """Tell the user, and whoever else is told, why a run could not begin, and return the exit code."""
    code = say_failure(error)
    summary = summary_of(MirrorReport(username=username, started=time.time()), code, str(error))
    if view.notifier.is_wanted:
        signals = GracefulShutdown(lambda _: None, lambda: None)
        async with _handling_signals(signals, view.notifier):
            await _emit(view.notifier, summary, signals)
    view.end(summary)
    echo(last_line(summary))
    return code


@asynccontextmanager
async def _handling_signals(
    signals: GracefulShutdown, notifier: Notifier, *, is_watch: bool = False
) -> AsyncIterator[TaskGroup]:
    wait_no_more()  # for what the run before this one may have left hanging
    try:
        with one_error():
            async with anyio.create_task_group() as tasks:
                await tasks.start(signals.handle_signals)
                notifier.begin(tasks, is_watch=is_watch)
                yield tasks
                tasks.cancel_scope.cancel()
    finally:
        signals.leave_at_once()
        if notifier.hangs:
            signals.leave_within(LINGERING)


async def _run(
    mirror: PhotostreamMirror, view: RunView, watch: float | None, signals: GracefulShutdown
) -> int:
    sentence = ""
    try:
        with signals.scope, view.live():
            await (mirror.run() if watch is None else mirror.watch(watch))
    except FlickrMirrorError as error:
        view.error = error
        code, sentence = say_failure(error), str(error)
        if isinstance(error, TransportError):  # a dead line is a reason to stop
            code = signals.code or code
    except Exception as error:
        # the words of what nobody thought of may hold anything
        summary = _kept(mirror, summary_of(_report(mirror), 1, f"Unexpected {type(error).__name__}."))
        await _emit(view.notifier, summary, signals)
        view.end(summary)
        raise
    else:
        code = signals.code or code_of(mirror.report)
    code = code or view.code
    summary = _sum_up(mirror, code, sentence)
    await _emit(view.notifier, summary, signals)
    view.end(summary)
    if console.is_terminal and (words := in_words(summary)):
        echo(words)
    # where quiet is wanted, one line tells what is wrong: this one, where no other did
    echo(last_line(summary), force=bool(code) and not sentence and not view.code)
    return code


def _stop(mirror: PhotostreamMirror, grace: float) -> None:
    """Stop a mirror, and tell the user what follows."""
    if mirror.is_busy:
        echo(
            f"Stopping: what is in flight has {grace:.0f} s to finish. Ctrl-C again to stop now. Nothing is lost."
        )
    else:
        echo("Stopping: nothing is in flight. Nothing is lost.")
    mirror.stop(grace)


async def _emit(notifier: Notifier, summary: Summary, signals: GracefulShutdown) -> None:
    """Tell the monitor and the program of the user's how a run ended, as long as no signal comes."""
    seconds = signals.run_is_over(summary["exit"])
    with signals.scope:
        await notifier.end(summary, seconds)


class GracefulShutdown:
    """What signals do to a run: the first one stops it gently, the second one now; a third one needs nobody's
    help. What hangs all the same, such as a look-up of a name or a disk that went away, is not waited for:
    a mirror is right whenever its process ends.

    `stop` is told how many seconds what is in flight has, `poke` that somebody asks how far the run is. `code`
    is the exit code for the first signal, 0 before it. `scope` is what the second one cancels, and what any does
    when the run is over.
    """

    def __init__(self, stop: Callable[[float], None], report_now: Callable[[], None]) -> None:
        self.code = 0
        self.scope = anyio.CancelScope()
        self._stop = stop
        self._poke = report_now
        self._end: int | None = None
        self.late = 0
        """The exit code of a signal that came when the run was over, 0 where none did."""

    async def handle_signals(self, *, task_status: TaskStatus[None]) -> None:
        """Wait for signals, until cancelled."""
        wanted = [*stopping_signals(), *asking_signals()]
        with anyio.open_signal_receiver(*wanted) as signals:
            task_status.started()
            async for number in signals:
                if number in asking_signals():
                    self._poke()
                elif not self.code and self._end is None:
                    self.code = SIGNALLED + number
                    self.leave_within(GRACE + CLOSING)
                    self._stop(GRACE)
                else:
                    self.late = self.late or SIGNALLED + number
                    self.leave_within(CLOSING)
                    self.leave_at_once()
                    self.scope.cancel()

    def run_is_over(self, code: int) -> float:
        """Note that the run ended with this exit code, and return how many seconds its last words may take."""
        self._end, self.scope = code, anyio.CancelScope()
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        return max(min(left, CLOSING) - LINGERING, 0) if left else math.inf

    def leave_at_once(self) -> None:
        """From now on, let a signal end the process, whatever it is doing."""
        for number in stopping_signals():
            signal.signal(number, self._leave)

    def leave_within(self, seconds: float) -> None:
        """End the process after so many seconds, whatever it is doing then."""
        signal.signal(signal.SIGALRM, self._leave)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _leave(self, number: int, _: object) -> NoReturn:
        give_back(console)
        os._exit(self._end if self._end is not None else self.code or SIGNALLED + number)


def leave_with(code: int) -> None:
    """Let nothing that hangs, and no signal, keep the process from ending soon, with this exit code."""

    def leave(*_: object) -> NoReturn:
        give_back(console)
        os._exit(code)

    for number in (*stopping_signals(), signal.SIGALRM):
        signal.signal(number, leave)
    signal.setitimer(signal.ITIMER_REAL, LINGERING)


def _report(mirror: PhotostreamMirror) -> MirrorReport:
    mirror.report.username = mirror.report.username or mirror.name
    return mirror.report


def _sum_up(mirror: PhotostreamMirror, code: int, sentence: str) -> Summary:
    report = _report(mirror)
    for failure in report.failures[:MOST_FAILURES]:
        echo(f"Failed: photo {failure.photo_id}, {failure.job}: {plain(failure.reason)}{_next_try(failure)}")
    if (more := len(report.failures) - MOST_FAILURES) > 0:
        echo(f"Failed: {more:,} more. `mirror_flickr status` lists them all.")
    if report.pruned:
        echo(
            f"Moved to {report.folder}/.flickr_mirror/trash: {counted(report.pruned, 'file')} of photos that are gone."
        )
    if report.unavailable:
        echo(f"Known to be out of reach: {counted(report.unavailable, 'photo')}.")
    if report.reduced:
        echo(
            f"Mirrored in a smaller size, because Flickr refuses a better one: {counted(report.reduced, 'photo')}. "
            "A full scan tries again."
        )
    if report.damaged:
        echo(
            "Mirrored as Flickr serves them, damaged or in another size than it lists: "
            f"{counted(report.damaged, 'photo')}. The next try is after a day, after a week, and in each full scan."
        )
    if report.unanswered and not sentence:
        echo(report.unanswered)
    if not report.complete and not sentence:  # an error's sentence says what to do
        echo("Run the same command again to go on.")
    return _kept(mirror, summary_of(report, code, sentence, is_whole=mirror.is_whole))


def _kept(mirror: PhotostreamMirror, summary: Summary) -> Summary:
    """Keep a summary in the mirror, and return it as it is there."""
    if summary["exit"] != EXIT_LOCKED:  # else the mirror is another run's
        try:
            if folder := mirror.folder:
                return keep(summary, folder / STATE_FOLDER)
        except CacheError as error:
            if not summary["error"]:
                echo(f"The summary of this run could not be kept for `mirror_flickr status`: {error}")
    return summary


def _keep_look(mirror: PhotostreamMirror, code: int) -> None:
    """Keep how a look of a watch went, for `status`: the run itself may go on for years."""
    report = mirror.report
    so_far = replace(report, seconds=time.time() - report.started, api_calls=mirror.calls_sent)
    if report.folder:
        with suppress(CacheError):  # the run itself will find that
            keep(summary_of(so_far, code, is_whole=mirror.is_whole), report.folder / STATE_FOLDER)


def _next_try(failure: FailedPhoto) -> str:
    return f" Next try: {time_text(failure.due)}." if failure.due else ""


def say_failure(error: BaseException) -> int:
    """Tell the user why a run ended, and return the exit code."""
    logging.getLogger("flickr_mirror").debug("The run ended.", exc_info=error)
    echo(f"mirror_flickr: {plain(str(error))}{_advice(error)}", force=True)
    return code_of_error(error)


def say_unexpected(error: Exception) -> None:
    """Tell the user of an error that nobody thought of."""
    logging.getLogger("flickr_mirror").debug("Unexpected error.", exc_info=error)
    echo(
        f"mirror_flickr: unexpected {type(error).__name__}: {plain(str(error))}. Nothing that was mirrored is "
        "lost. With --debug 4 the log tells more; please report it.",
        force=True,
    )


def _advice(error: BaseException) -> str:
    if isinstance(error, InvalidKeyError):
        return (
            ". Check the key at https://www.flickr.com/services/apps/by/me, and save the right one by `mirror_flickr "
            "keys set`, or give it by FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET."
        )
    if isinstance(error, ProxyLoginError):
        return ""
    if isinstance(error, TransportError) and "run the same command again" not in str(error).lower():
        return " Flickr gave no usable answer: run the same command again later, it goes on where it stopped."
    return ""
