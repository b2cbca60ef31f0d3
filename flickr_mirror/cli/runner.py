"""Run a mirror under the signals of a terminal: its messages, its notifications and its exit code."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn, TypeVar

import anyio
from anyio import to_thread

from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.graceful_shutdown import GracefulShutdown
from flickr_mirror.cli.output.console import console, echo
from flickr_mirror.cli.output.summary import summary_line, summary_of, summary_sentence
from flickr_mirror.cli.run_messages import echo_report, named_report, save_poll_summary, saved
from flickr_mirror.cli.signals import cancel_exit_timer
from flickr_mirror.errors import CacheError, FlickrMirrorError, TransportError, needing_threads, one_error
from flickr_mirror.models.reports import MirrorReport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from anyio.abc import TaskGroup

    from flickr_mirror.cli.notifications import Notifier
    from flickr_mirror.cli.output.summary import Summary
    from flickr_mirror.cli.run_view import RunView
    from flickr_mirror.engine.mirror import PhotostreamMirror

T = TypeVar("T")


def run_async(work: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """Run `work` in an event loop, and return or raise its result.

    asyncio may need a thread to close the loop. A failure to start that thread does not change the result. Raises
    `ResourcesError` if the work itself failed to start a thread.
    """
    results: list[Callable[[], T]] = []

    async def keep_result() -> None:
        try:
            result = await work(*arguments)
        except Exception as error:  # noqa: BLE001 - raised below
            results.append(partial(_raise, error))
        else:
            results.append(lambda: result)

    with needing_threads():
        try:
            anyio.run(keep_result)
        except RuntimeError:
            if not results:
                raise
        return results[0]()


def _raise(error: Exception) -> NoReturn:
    raise error


async def run_mirror(mirror: PhotostreamMirror, view: RunView, watch: float | None = None) -> int:
    """Run a mirror, stop it gently on a signal, and return the exit code.

    With `watch`, poll for new photos at this interval in seconds until stopped. After the run a signal ends the
    process at once, because nothing is left to do.
    """
    view.mirror = mirror
    view.on_poll = partial(save_poll_summary, mirror)
    signals = GracefulShutdown(partial(_stop, mirror), view.report_now, view.timing)
    async with _handling_signals(signals, view.notifier, is_watch=watch is not None) as tasks:
        tasks.start_soon(view.run_heartbeat)
        code = await _run(mirror, view, watch, signals)
        view.outcome.late_code = signals.late_code
        return code


async def report_failed_start(error: FlickrMirrorError, username: str, view: RunView) -> int:
    """Print and notify why a run could not start, and return the exit code."""
    code = echo_failure(error)
    summary = summary_of(MirrorReport(username=username, started=time.time()), code, str(error))
    if view.notifier.is_wanted:
        signals = GracefulShutdown(lambda _: None, lambda: None, view.timing)
        async with _handling_signals(signals, view.notifier):
            await _notify_end(view.notifier, summary, signals)
    view.write_summary(summary)
    echo(summary_line(summary))
    return code


@asynccontextmanager
async def _handling_signals(
    signals: GracefulShutdown, notifier: Notifier, *, is_watch: bool = False
) -> AsyncIterator[TaskGroup]:
    cancel_exit_timer()  # which the run before this one may have started
    try:
        with one_error():
            async with anyio.create_task_group() as tasks:
                await tasks.start(signals.handle_signals)
                notifier.notify_start(tasks, is_watch=is_watch)
                yield tasks
                tasks.cancel_scope.cancel()
    finally:
        signals.exit_on_next_signal()
        if notifier.hangs:
            signals.exit_soon()


async def _run(
    mirror: PhotostreamMirror, view: RunView, watch: float | None, signals: GracefulShutdown
) -> int:
    message = ""
    try:
        with signals.scope, view.live():
            await (mirror.run() if watch is None else mirror.watch(watch))
    except FlickrMirrorError as error:
        view.outcome.error = error
        code, message = echo_failure(error), str(error)
        if isinstance(error, TransportError):  # a user may press Ctrl-C because the network is down
            code = signals.code or code
    except Exception as error:
        # without the error's text, which may hold anything
        summary = summary_of(named_report(mirror), 1, f"Unexpected {type(error).__name__}.")
        await _end(view, saved(mirror, summary), signals)
        raise
    else:
        code = signals.code or code_of(mirror.report)
    code = code or view.outcome.exit_code
    echo_report(mirror, message)
    is_usable = not isinstance(
        view.outcome.error, CacheError
    )  # otherwise, a second sentence would repeat the cause
    if mirror.report.folder and is_usable and not signals.code:
        with suppress(RuntimeError):  # the system allows no more threads; the next run describes the mirror
            await to_thread.run_sync(view.on_end, mirror.report.folder, _has_new_photos(mirror.report))
    summary = saved(mirror, summary_of(named_report(mirror), code, message, is_whole=mirror.is_whole))
    await _end(view, summary, signals)
    if console.is_terminal and (text := summary_sentence(summary)):
        echo(text)
    # with --quiet, one line reports a failure: this one, unless an error was printed before
    echo(summary_line(summary), force=bool(code) and not message and not view.outcome.exit_code)
    return code


def _has_new_photos(report: MirrorReport) -> bool:
    return bool(
        report.images or report.infos or report.details or report.adopted or report.gone or report.pruned
    )


async def _end(view: RunView, summary: Summary, signals: GracefulShutdown) -> None:
    await _notify_end(view.notifier, summary, signals)
    view.write_summary(summary)


def _stop(mirror: PhotostreamMirror, grace: float) -> None:
    """Stop a mirror, and print what happens next."""
    if mirror.is_busy:
        echo(
            f"Stopping: downloads in flight have {grace:.0f} s to finish. Press Ctrl-C again to stop now. "
            "Nothing is lost."
        )
    else:
        echo("Stopping: nothing is in flight. Nothing is lost.")
    mirror.stop(grace)


async def _notify_end(notifier: Notifier, summary: Summary, signals: GracefulShutdown) -> None:
    """Send the notifications about the end of a run, until a signal comes."""
    seconds = signals.note_run_end(summary["exit"])
    with signals.scope:
        await notifier.notify_end(summary, seconds)
