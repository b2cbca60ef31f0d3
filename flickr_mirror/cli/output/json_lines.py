"""Events as lines of JSON on standard output (`--json`)."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.output.standard_streams import discard_output
from flickr_mirror.cli.output.summary import time_text
from flickr_mirror.cli.output.text import json_text

if TYPE_CHECKING:
    from flickr_mirror.cli.output.summary import Summary
    from flickr_mirror.engine.progress.run_stats import RunStats
    from flickr_mirror.models.events import Event


class JsonLines:
    """Writes events to standard output, one line of JSON each, until standard output fails."""

    def __init__(self) -> None:
        self.is_open = True
        """Whether every line could be written."""

    def event(self, event: Event, **more: str) -> None:
        """Write an event of the engine, with the fields in `more` before its own."""
        values = event.as_json()
        self._write(values.pop("event"), {**more, **values})

    def status(self, stats: RunStats) -> None:
        """Write the progress of the run."""
        state, eta, counts = stats.snapshot(), stats.eta, stats.counts
        figures = {
            "total": stats.total,
            "images": counts.images,
            "infos": counts.infos,
            "bytes": counts.bytes,
            "bytes_per_second": round(stats.rate),
            "share": round(stats.share, 4),
            "failed": counts.failed,
            "in_flight": state.in_flight,
            "api_calls": state.calls_sent,
            "api_calls_this_hour": state.calls_this_hour,
            "eta_seconds": round(eta.seconds) if eta else None,
            "eta_bound": eta.bound if eta else None,
        }
        self._write("status", figures)

    def summary(self, summary: Summary) -> None:
        """Write the last line, the summary of the run."""
        self._write("summary", summary)

    def _write(self, name: str, fields: dict[str, Any]) -> None:
        if not self.is_open:
            return
        line = json_text({"event": name, "time": time_text(time.time()), **fields})
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except (OSError, ValueError):  # the reader has closed the pipe, or the disk is full
            self.is_open = False
            discard_output()


def event_name(kind: type) -> str:
    """Return the name of an event class in JSON.

    >>> from flickr_mirror.models.events import RunPlanned
    >>> event_name(RunPlanned)
    'run_planned'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
