"""A run as a person sees it: the signals, the last words and the exit code."""

from __future__ import annotations

import logging
import os
import signal
from typing import TYPE_CHECKING, NoReturn

import anyio

from flickr_mirror.cache import STATE_FOLDER
from flickr_mirror.console import console, say
from flickr_mirror.errors import (
    CacheError,
    CacheLockedError,
    CacheOwnerError,
    FlickrMirrorError,
    InvalidKeyError,
    KeysError,
    PhotostreamError,
    TransportError,
    UserNotFoundError,
    one_error,
)
from flickr_mirror.signals import asking_signals, stopping_signals
from flickr_mirror.summary import keep, last_line, summary_of, time_text
from flickr_mirror.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskStatus

    from flickr_mirror.mirror import PhotostreamMirror
    from flickr_mirror.progress import FailedPhoto
    from flickr_mirror.view import View

EXIT_CODES: list[tuple[type[BaseException], int]] = [
    (UserNotFoundError, 4),
    (PhotostreamError, 4),
    (CacheOwnerError, 4),
    (InvalidKeyError, 5),
    (KeysError, 5),
    (CacheLockedError, 11),
    (CacheError, 7),
    (TransportError, 75),
]
"""What a script can tell from the exit code; the first class that fits counts, everything else is 1."""


EXIT_PHOTOS_FAILED = 3
EXIT_LOCKED = 11
FINAL = {2, 4, 5}
"""Codes after which the same command would end in the same way."""
GRACE = 10.0
"""Seconds that downloads in flight have to finish after the first Ctrl-C."""
CLOSING = 3.0
"""Seconds that it may take to put everything away after that."""
MOST_FAILURES = 20
"""So many failed photos are told at the end of a run: they are to fit on a screen."""


async def run_mirror(mirror: PhotostreamMirror, view: View, watch: float | None = None) -> int:
    """Run a mirror under the signals of a terminal, and return the exit code.

    `watch` is the interval in seconds at which it is looked for new photos, for as long as nobody stops it.
    After it a signal ends the process at once, because nothing is left to do.
    """
    view.mirror = mirror
    signals = Signals(mirror.stop, view.poke)
    try:
        with one_error():
            async with anyio.create_task_group() as tasks:
                await tasks.start(signals.heed)
                tasks.start_soon(view.beat)
                code = await _run(mirror, view, watch, signals)
                tasks.cancel_scope.cancel()
    finally:
        signals.leave_at_once()
    return code


async def _run(mirror: PhotostreamMirror, view: View, watch: float | None, signals: Signals) -> int:
    sentence = ""
    try:
        with signals.scope, view.live():
            await (mirror.run() if watch is None else mirror.watch(watch))
    except FlickrMirrorError as error:
        code, sentence = say_failure(error), str(error)
        if isinstance(error, TransportError):  # a dead line is a reason to stop
            code = signals.code or code
    else:
        code = signals.code or (EXIT_PHOTOS_FAILED if mirror.report.failures else 0)
    code = code or view.code
    _sum_up(mirror, view, code, sentence)
    return code


class Signals:
    """What signals do to a run: the first one stops it gently, the second one now; a third one needs nobody's
    help. What hangs all the same, such as a look-up of a name or a disk that went away, is not waited for:
    a mirror is right whenever its process ends.

    `stop` is told how many seconds what is in flight has, `poke` that somebody asks how far the run is. `code`
    is the exit code for the first signal, 0 before it. `scope` is what the second one cancels.
    """

    def __init__(self, stop: Callable[[float], None], poke: Callable[[], None]) -> None:
        self.code = 0
        self.scope = anyio.CancelScope()
        self._stop = stop
        self._poke = poke

    async def heed(self, *, task_status: TaskStatus[None]) -> None:
        """Wait for signals, until cancelled."""
        wanted = [*stopping_signals(), *asking_signals()]
        with anyio.open_signal_receiver(*wanted) as signals:
            task_status.started()
            async for number in signals:
                if number in asking_signals():
                    self._poke()
                elif not self.code:
                    self.code = 128 + number
                    self._leave_within(GRACE + CLOSING)
                    say(
                        f"Stopping: what is in flight has {GRACE:.0f} s to finish. Ctrl-C again to stop now. "
                        "Nothing is lost."
                    )
                    self._stop(GRACE)
                else:
                    self._leave_within(CLOSING)
                    self.leave_at_once()
                    self.scope.cancel()

    def leave_at_once(self) -> None:
        """From now on, let a signal end the process, whatever it is doing."""
        for number in stopping_signals():
            signal.signal(number, self._leave)

    def _leave_within(self, seconds: float) -> None:
        signal.signal(signal.SIGALRM, self._leave)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _leave(self, number: int, _: object) -> NoReturn:
        console.show_cursor()
        os._exit(self.code or 128 + number)


def _sum_up(mirror: PhotostreamMirror, view: View, code: int, sentence: str) -> None:
    report = mirror.report
    report.username = report.username or mirror.name
    for failure in report.failures[:MOST_FAILURES]:
        say(f"Failed: photo {failure.photo_id}, {failure.job}: {plain(failure.reason)}{_next_try(failure)}")
    if (more := len(report.failures) - MOST_FAILURES) > 0:
        say(f"Failed: {more:,} more. `mirror_flickr status` lists them all.")
    if report.pruned:
        say(
            f"{report.pruned} files of photos that are gone were moved to {report.folder}/.flickr_mirror/trash."
        )
    if report.unavailable:
        say(f"{report.unavailable} photos are known to be out of reach.")
    if not report.complete and code not in FINAL:
        say("Run the same command again to go on.")
    summary = summary_of(report, code, sentence)
    if code != EXIT_LOCKED:  # else the mirror is another run's
        try:
            if folder := mirror.folder:
                keep(summary, folder / STATE_FOLDER)
        except CacheError as error:
            if not sentence:
                say(f"The summary of this run could not be kept for `mirror_flickr status`: {error}")
    view.end(summary)
    # where quiet is wanted, one line tells what is wrong: this one, where no other did
    say(last_line(summary), aloud=bool(code) and not sentence)


def _next_try(failure: FailedPhoto) -> str:
    return f" Next try: {time_text(failure.due)}." if failure.due else ""


def say_failure(error: BaseException) -> int:
    """Tell the user why a run ended, and return the exit code."""
    logging.getLogger("flickr_mirror").debug("The run ended.", exc_info=error)
    say(f"mirror_flickr: {plain(str(error))}{_advice(error)}", aloud=True)
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def say_unexpected(error: Exception) -> None:
    """Tell the user of an error that nobody thought of."""
    logging.getLogger("flickr_mirror").debug("Unexpected error.", exc_info=error)
    say(
        f"mirror_flickr: unexpected {type(error).__name__}: {plain(str(error))}. Nothing that was mirrored is "
        "lost. With --debug 4 the log tells more; please report it.",
        aloud=True,
    )


def _advice(error: BaseException) -> str:
    if isinstance(error, InvalidKeyError):
        return (
            ". Check the key at https://www.flickr.com/services/apps/by/me, and save the right one by `mirror_flickr "
            "keys set`, or give it by FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET."
        )
    return ""
