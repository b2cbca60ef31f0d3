"""The observer of a run: it feeds the log, the counts, the live view, the lines of JSON and the heartbeat."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from flickr_mirror.cli.exit_codes import EXIT_NO_ANSWER, code_of
from flickr_mirror.cli.notifications import Notifier
from flickr_mirror.cli.output.console import OutputOptions, console, echo
from flickr_mirror.cli.output.json_lines import JsonLines
from flickr_mirror.cli.output.live_view import LiveView
from flickr_mirror.cli.output.plan_text import plan_line, plan_sentence
from flickr_mirror.cli.output.progress_text import heartbeat
from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
from flickr_mirror.engine.progress.run_stats import RunStats
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import RunPlanned, RunStarted, Watching
from flickr_mirror.models.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.cli.output.summary import Summary
    from flickr_mirror.engine.mirror import PhotostreamMirror
    from flickr_mirror.errors import FlickrMirrorError
    from flickr_mirror.models.events import Event
    from flickr_mirror.models.options import MirrorOptions


@dataclass(slots=True)
class RunOutcome:
    """What affects the exit code of a run beside the mirror's report."""

    error: FlickrMirrorError | None = None
    """The error that ended the run."""
    exit_code: int = 0
    """The exit code of a failure outside the mirror, such as keys that could not be saved."""
    late_code: int = 0
    """The exit code of a signal that came after the run had ended."""


class RunView:
    """The observer of a run: it logs events, and shows as much as `output` requests.

    `max_photos` is the most photos that the run begins; `timing` holds how long the command waits.
    """

    def __init__(
        self,
        options: MirrorOptions,
        output: OutputOptions | None = None,
        notifier: Notifier | None = None,
        *,
        max_photos: int | None = None,
        timing: Timing = Timing(),
    ) -> None:
        self.timing = timing
        self.notifier = notifier or Notifier(timing=timing)
        self.mirror: PhotostreamMirror | None = None
        self.outcome = RunOutcome()
        self.on_poll: Callable[[int], None] = lambda _: None
        """Called after each poll of a watch, with the exit code that a run would have had."""
        self.on_end: Callable[[Path, bool], None] = lambda *_: None
        """Called in a thread at the end of a run, with the folder of the mirror, and whether photos of it are new."""
        self.stats = RunStats(
            images=options.wants_images,
            info=options.wants_info,
            details=bool(options.wanted_details),
            snapshot=self._snapshot,
            seconds_for=self._seconds_for,
            max_photos=max_photos,
        )
        self._output = output or OutputOptions()
        self._json = JsonLines() if self._output.as_json else None
        self._live = LiveView(console, self.stats) if self._output.has_live_view else None
        self._nsid = ""
        self._is_plan_shown = False

    def _snapshot(self) -> EngineSnapshot:
        return EngineSnapshot.of(self.mirror)

    def _seconds_for(self, calls: float) -> float:
        return self.mirror.seconds_for(calls) if self.mirror else 0.0

    def __call__(self, event: Event) -> None:
        """Log, count and show an event."""
        log_events(event)
        self.stats(event)
        if self._json:
            self._json.event(event)
        if isinstance(event, RunStarted):
            self._nsid = event.user_id
        elif isinstance(event, RunPlanned) and not self._is_plan_shown:
            self._is_plan_shown = True
            echo(plan_line(self.stats.name, self._nsid, event))
            if console.is_terminal:
                echo(plan_sentence(event))
        elif isinstance(event, Watching) and self.mirror:
            code = code_of(self.mirror.report) if event.answered else EXIT_NO_ANSWER
            self.on_poll(code)
            self.notifier.notify_poll(code)

    def live(self) -> AbstractContextManager[object]:
        """Return a context manager that shows the live view, if there is one."""
        return self._live or nullcontext()

    async def run_heartbeat(self) -> None:
        """Report the progress once per minute until cancelled, unless the live view shows it."""
        while True:
            await anyio.sleep(self.timing.heartbeat)
            if self._json:
                self._json.status(self.stats)
            if self._live or self._output.quiet:
                continue
            if console.is_terminal:
                echo(heartbeat(self.stats))
            else:
                logging.getLogger("flickr_mirror").info("%s", heartbeat(self.stats))

    def report_now(self) -> None:
        """Report the progress now, also with --quiet."""
        echo(heartbeat(self.stats), force=True)

    def write_summary(self, summary: Summary) -> None:
        """Write the summary of the run as the last line of JSON, if events are written as JSON."""
        if self._json:
            self._json.summary(summary)
