"""The observers of a run: the log, the count, the live view, the lines of JSON, and the heartbeat beside them."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from flickr_mirror.cli.exit_codes import EXIT_NO_ANSWER, code_of
from flickr_mirror.cli.notifications import Notifier
from flickr_mirror.cli.output.console import OutputOptions, console, echo
from flickr_mirror.cli.output.live_view import LiveView
from flickr_mirror.cli.output.run_stats import Load, RunStats
from flickr_mirror.cli.output.standard_streams import give_up_output
from flickr_mirror.cli.output.summary import time_text
from flickr_mirror.cli.output.text import heartbeat, json_text, plain, time_left
from flickr_mirror.flickr.outage import SILENT
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import RunPlanned, RunStarted, Watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.cli.output.summary import Summary
    from flickr_mirror.engine.mirror import PhotostreamMirror
    from flickr_mirror.errors import FlickrMirrorError
    from flickr_mirror.models.events import Event
    from flickr_mirror.models.options import MirrorOptions

BEAT = 60.0
"""Seconds between two heartbeats."""


class RunView:
    """The observer of a run: the log, and as much beside it as is `shown`.

    `most` is how many photos the run begins at most.
    """

    def __init__(
        self,
        options: MirrorOptions,
        shown: OutputOptions | None = None,
        notifier: Notifier | None = None,
        *,
        most: int | None = None,
    ) -> None:
        self.notifier = notifier or Notifier()
        """Who else is told."""
        self.mirror: PhotostreamMirror | None = None
        self.shown = shown or OutputOptions()
        self.code = 0
        """The exit code of something beside the mirror that failed."""
        self.error: FlickrMirrorError | None = None
        """What ended the run."""
        self.on_look: Callable[[int], None] = lambda _: None
        """Told how each look of a watch went: the exit code that a run would have had."""
        self.tally = RunStats(
            images=options.wants_images,
            info=options.wants_info,
            load=self._load,
            seconds_for=self._seconds_for,
            most=most,
        )
        self._json = JsonLines() if self.shown.as_json else None
        self._nsid = ""
        self._is_priced = False
        self.late = 0
        """The exit code of a signal that came when the run was over."""
        self._live = None
        if (
            self.shown.progress
            and not self.shown.quiet
            and console.is_terminal
            and not console.is_dumb_terminal
        ):
            self._live = LiveView(console, self.tally)

    def _load(self) -> Load:
        if self.mirror is None:
            return Load(0, 0, 0, 0)
        mirror = self.mirror
        return Load(
            mirror.calls_sent,
            *mirror.hour,
            mirror.in_flight,
            mirror.bytes_received,
            mirror.waits,
            tuple(
                (one.server, one.seconds, bool(one.reason))
                for one in mirror.silences
                if one.seconds >= SILENT
            ),
            mirror.report.complete,
        )

    def _seconds_for(self, calls: float) -> float:
        return self.mirror.seconds_for(calls) if self.mirror else 0.0

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        log_events(event)
        self.tally(event)
        if self._json:
            self._json.event(event)
        if isinstance(event, RunStarted):
            self._nsid = event.user_id
        elif isinstance(event, RunPlanned) and not self._is_priced:
            self._is_priced = True
            echo(plan_line(self.tally.name, self._nsid, event))
            if console.is_terminal:
                echo(plan_in_words(event))
        elif isinstance(event, Watching) and self.mirror:
            code = code_of(self.mirror.report) if event.answered else EXIT_NO_ANSWER
            self.on_look(code)
            self.notifier.looked(code)

    def live(self) -> AbstractContextManager[object]:
        """Return the live view, where there is one."""
        return self._live or nullcontext()

    async def beat(self) -> None:
        """Tell once in a minute how far the run is, until cancelled: where nobody sees it move."""
        while True:
            await anyio.sleep(BEAT)
            if self._json:
                self._json.status(self.tally)
            if self._live or self.shown.quiet:
                continue
            if console.is_terminal:
                echo(heartbeat(self.tally))
            else:
                logging.getLogger("flickr_mirror").info("%s", heartbeat(self.tally))

    def report_now(self) -> None:
        """Tell now how far the run is, because somebody asks."""
        echo(heartbeat(self.tally), force=True)

    def end(self, summary: Summary) -> None:
        """Take note of the end."""
        if self._json:
            self._json.summary(summary)


def plan_line(name: str, nsid: str, plan: RunPlanned) -> str:
    """Return what a run will do and cost, for people and scripts: `plan user="manhhai" ... calls=203 hours=0.06`.

    Of bytes, free space and hours of downloads it has what is known.
    """
    user = json.dumps(plain(name), ensure_ascii=False)
    line = (
        f"plan user={user} nsid={nsid} photos={plan.photos} mirrored={plan.mirrored} calls={plan.calls} "
        f"hours={_hours(plan.seconds)}"
    )
    more = {
        "bytes": plan.bytes,
        "free": plan.free,
        "image_hours": None if plan.image_seconds is None else _hours(plan.image_seconds),
    }
    return " ".join([line, *(f"{name}={value}" for name, value in more.items() if value is not None)])


def plan_in_words(plan: RunPlanned) -> str:
    """Return what a run will do and cost, as a sentence for a person."""
    left = plan.photos - plan.mirrored
    if not left:
        return f"All {plan.photos:,} photos are mirrored."
    time = f", which take {time_left(plan.seconds)} or more at Flickr's limits" if plan.seconds >= 1 else ""
    return f"{left:,} of {plan.photos:,} photos are left to mirror, with {plan.calls:,} API calls{time}."


def _hours(seconds: float) -> str:
    """Return hours with as many digits as make a difference, 0 for nothing alone.

    >>> _hours(7270), _hours(32), _hours(0.2), _hours(0)
    ('2.02', '0.0089', '0.0001', '0')
    """
    hours = seconds / 3600
    return f"{hours:.2f}" if hours >= 0.1 else f"{max(hours, 0.0001):.4f}" if seconds else "0"


class JsonLines:
    """Writes events to standard output, a line of JSON each; falls silent where nobody takes them any more."""

    def __init__(self) -> None:
        self.is_open = True
        """Whether all of them could be written."""

    def event(self, event: Event, **more: str) -> None:
        """Write an event of the engine, and what is to be known beside it."""
        values = {one.name: _value(getattr(event, one.name)) for one in fields(event)}
        self._write(event_name(type(event)), {**more, **values})

    def status(self, tally: RunStats) -> None:
        """Write how far the run is."""
        load, eta = tally.load(), tally.eta
        figures = {
            "total": tally.total,
            "images": tally.images,
            "infos": tally.infos,
            "bytes": tally.bytes,
            "bytes_per_second": round(tally.rate),
            "share": round(tally.share, 4),
            "failed": tally.failed,
            "in_flight": load.in_flight,
            "api_calls": load.calls,
            "api_calls_this_hour": load.used,
            "eta_seconds": round(eta.seconds) if eta else None,
            "eta_bound": eta.bound if eta else None,
        }
        self._write("status", figures)

    def summary(self, summary: Summary) -> None:
        """Write the last line."""
        self._write("summary", summary)

    def _write(self, name: str, fields: dict[str, Any]) -> None:
        if not self.is_open:
            return
        line = json_text({"event": name, "time": time_text(time.time()), **fields})
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except (OSError, ValueError):  # the reader went away, or the disk is full
            self.is_open = False
            give_up_output()


def event_name(kind: type) -> str:
    """Return what a kind of event is called in JSON.

    >>> event_name(RunPlanned)
    'run_planned'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def _value(value: object) -> object:
    return str(value) if isinstance(value, Path) else value
