"""Messages at the end of a run, and the summary that is saved in the mirror."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from flickr_mirror.cli.exit_codes import EXIT_LOCKED
from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.summary import counted, save_summary, summary_of, time_text
from flickr_mirror.errors import CacheError
from flickr_mirror.storage.owner import STATE_FOLDER
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from flickr_mirror.cli.output.summary import Summary
    from flickr_mirror.engine.mirror import PhotostreamMirror
    from flickr_mirror.models.reports import FailedPhoto, MirrorReport

MAX_FAILURES_SHOWN = 20
"""The most failed photos printed at the end of a run, so that they fit on a screen."""


def echo_report(mirror: PhotostreamMirror, error: str) -> None:
    """Print the result of a run; `error` is the message that ended it, empty if it ended without one."""
    report = mirror.report
    for failure in report.failures[:MAX_FAILURES_SHOWN]:
        echo(f"Failed: photo {failure.photo_id}, {failure.job}: {plain(failure.reason)}{_next_try(failure)}")
    if (more := len(report.failures) - MAX_FAILURES_SHOWN) > 0:
        echo(f"Failed: {more:,} more. `mirror_flickr status` lists them all.")
    for text in _notes(report):
        echo(text)
    if report.unanswered and not error:
        echo(report.unanswered)
    if not report.complete and not error:  # the message of an error has its own advice
        echo("Run the same command again to continue.")


def _notes(report: MirrorReport) -> list[str]:
    """Return sentences about photos that are mirrored in part, or not at all."""
    notes = []
    if report.pruned:
        files = counted(report.pruned, "file")
        notes.append(f"Moved to {report.folder}/.flickr_mirror/trash: {files} of photos no longer on Flickr.")
    if report.unavailable:
        notes.append(f"Known to be unavailable: {counted(report.unavailable, 'photo')}.")
    if report.reduced:
        photos = counted(report.reduced, "photo")
        notes.append(
            f"Mirrored in a smaller size, because Flickr refuses the best one: {photos}. A full scan tries again."
        )
    if report.damaged:
        notes.append(
            "Mirrored as Flickr serves them, damaged or in another size than listed: "
            f"{counted(report.damaged, 'photo')}. They are tried again after a day, after a week, and in each full "
            "scan."
        )
    return notes


def _next_try(failure: FailedPhoto) -> str:
    return f" Next try: {time_text(failure.due)}." if failure.due else ""


def named_report(mirror: PhotostreamMirror) -> MirrorReport:
    """Return the report of a mirror, with the name that the user gave if Flickr has not been asked yet."""
    mirror.report.username = mirror.report.username or mirror.name
    return mirror.report


def saved(mirror: PhotostreamMirror, summary: Summary) -> Summary:
    """Save a summary in the mirror, and return it as saved, with the time of the last success."""
    if summary["exit"] != EXIT_LOCKED:  # otherwise another run is using the mirror
        try:
            if folder := mirror.folder:
                return save_summary(summary, folder / STATE_FOLDER)
        except CacheError as error:
            if not summary["error"]:
                echo(f"Cannot save the summary of this run for `mirror_flickr status`: {error}")
    return summary


def save_poll_summary(mirror: PhotostreamMirror, code: int) -> None:
    """Save the result of one poll of a watch for `status`, because the watch itself may run for years."""
    report = mirror.report
    so_far = replace(report, seconds=time.time() - report.started, api_calls=mirror.calls_sent)
    if report.folder:
        with suppress(CacheError):  # the run itself meets and reports it
            save_summary(summary_of(so_far, code, is_whole=mirror.is_whole), report.folder / STATE_FOLDER)
