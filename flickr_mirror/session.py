"""A run as a person sees it: the log, the live view, the signals, the last words and the exit code."""

from __future__ import annotations

import json
import logging
import os
import signal
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NoReturn

import anyio
from rich.console import Console

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
from flickr_mirror.progress import log_events
from flickr_mirror.signals import stopping_signals
from flickr_mirror.terminal import ConsoleHandler, LiveView, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskStatus

    from flickr_mirror.mirror import PhotostreamMirror
    from flickr_mirror.options import MirrorOptions
    from flickr_mirror.progress import Event, MirrorReport

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
EXIT_LIMIT = 8
FINAL = {2, 4, 5}
"""Codes after which the same command would end in the same way."""
GRACE = 10.0
"""Seconds that downloads in flight have to finish after the first Ctrl-C."""
CLOSING = 3.0
"""Seconds that it may take to put everything away after that."""
LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)


class _Console(Console):
    """Falls silent where what it says cannot be taken any more; the mirror goes on."""

    def on_broken_pipe(self) -> None:
        """The reader went away (`2>&1 | head`)."""
        self.quiet = True

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - whatever Rich takes
        """Print, unless the disk that holds the log is full (`2> log`)."""
        try:
            super().print(*objects, **options)
        except OSError:
            self.quiet = True


console = _Console(stderr=True, highlight=False, soft_wrap=True)


class View:
    """The observer of a run: the log, and on a terminal the live view too."""

    def __init__(self, options: MirrorOptions) -> None:
        self.mirror: PhotostreamMirror | None = None
        self.live = None
        self.code = 0
        """The exit code of something beside the mirror that failed."""
        self.error: FlickrMirrorError | None = None
        """What ended the run."""
        if console.is_terminal and not console.is_dumb_terminal:
            self.live = LiveView(
                console, images=options.wants_images, info=options.wants_info, calls=self._calls
            )

    def _calls(self) -> int:
        return self.mirror.calls_sent if self.mirror else 0

    def __call__(self, event: Event) -> None:
        log_events(event)
        if self.live:
            self.live(event)


async def run_mirror(mirror: PhotostreamMirror, view: View, watch: float | None = None) -> int:
    """Run a mirror under the signals of a terminal, and return the exit code.

    `watch` is the interval in seconds at which it is looked for new photos, for as long as nobody stops it.
    After it a signal ends the process at once, because nothing is left to do.
    """
    view.mirror = mirror
    signals = Signals(mirror.stop)
    try:
        with one_error():
            async with anyio.create_task_group() as tasks:
                await tasks.start(signals.heed)
                code = await _run(mirror, view, watch, signals)
                tasks.cancel_scope.cancel()
    finally:
        signals.leave_at_once()
    return code


async def _run(mirror: PhotostreamMirror, view: View, watch: float | None, signals: Signals) -> int:
    try:
        with signals.scope, view.live or nullcontext():
            await (mirror.run() if watch is None else mirror.watch(watch))
    except FlickrMirrorError as error:
        view.error = error
        code = say_failure(error)
        if isinstance(error, TransportError):  # a dead line is a reason to stop
            code = signals.code or code
    else:
        code = signals.code or _code_of(mirror.report)
    code = code or view.code
    if mirror.report.username:
        _sum_up(mirror.report, code)
    return code


def _code_of(report: MirrorReport) -> int:
    # whether photos failed, the run that comes to the end tells
    if report.stopped_by and not report.complete:
        return EXIT_LIMIT
    return EXIT_PHOTOS_FAILED if report.failures else 0


class Signals:
    """What signals do to a run: the first one stops it gently, the second one now; a third one needs nobody's
    help. What hangs all the same, such as a look-up of a name or a disk that went away, is not waited for:
    a mirror is right whenever its process ends.

    `stop` is told how many seconds what is in flight has. `code` is the exit code for the first signal, 0 before
    it. `scope` is what the second one cancels.
    """

    def __init__(self, stop: Callable[[float], None]) -> None:
        self.code = 0
        self.scope = anyio.CancelScope()
        self._stop = stop

    async def heed(self, *, task_status: TaskStatus[None]) -> None:
        """Wait for signals, until cancelled."""
        wanted = stopping_signals()
        if not wanted:
            task_status.started()
            return
        with anyio.open_signal_receiver(*wanted) as signals:
            task_status.started()
            async for number in signals:
                if not self.code:
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


def _sum_up(report: MirrorReport, code: int) -> None:
    for failure in report.failures:
        say(f"Failed: photo {failure.photo_id}, {failure.job}: {plain(failure.reason)}")
    if report.pruned:
        say(
            f"{report.pruned} files of photos that are gone were moved to {report.folder}/.flickr_mirror/trash."
        )
    if report.unavailable:
        say(f"{report.unavailable} photos are known to be out of reach.")
    name = json.dumps(plain(report.username), ensure_ascii=False)
    if not report.complete and code not in FINAL:
        say("Run the same command again to go on.")
    say(
        f"done user={name} nsid={report.user_id} new={report.new} updated={report.updated} gone={report.gone} "
        f"images={report.images} infos={report.infos} failed={len(report.failures)} bytes={report.bytes} "
        f"api_calls={report.api_calls} seconds={report.seconds:.1f} exit={code}"
    )


def say(text: str) -> None:
    """Show a sentence to the user, above the live view where there is one.

    Whatever is in it, it stays one line, and commands no terminal.
    """
    console.print(plain(text), markup=False, emoji=False)


def say_failure(error: BaseException) -> int:
    """Tell the user why a run ended, and return the exit code."""
    logging.getLogger("flickr_mirror").debug("The run ended.", exc_info=error)
    say(f"mirror_flickr: {plain(str(error))}{_advice(error)}")
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def say_unexpected(error: Exception) -> None:
    """Tell the user of an error that nobody thought of."""
    logging.getLogger("flickr_mirror").debug("Unexpected error.", exc_info=error)
    say(
        f"mirror_flickr: unexpected {type(error).__name__}: {plain(str(error))}. Nothing that was mirrored is "
        "lost. With --debug 4 the log tells more; please report it."
    )


def _advice(error: BaseException) -> str:
    if isinstance(error, InvalidKeyError):
        return (
            ". Check the key at https://www.flickr.com/services/apps/by/me, and give the right one by "
            "FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET; with --save-api-keys it replaces the saved one."
        )
    return ""


def set_up_logging(debug: int | None) -> None:
    """Send the package's log to standard error; `debug` is 0 (critical) to 4 (debug).

    By default a terminal, which has the live view, gets warnings only, and a log file everything.
    """
    level = LEVELS[debug] if debug is not None else logging.WARNING if console.is_terminal else logging.INFO
    logger = logging.getLogger("flickr_mirror")
    logger.handlers = [ConsoleHandler(console)]
    logger.setLevel(level)
    logger.propagate = False
