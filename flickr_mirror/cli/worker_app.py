"""The options of `mirror_flickr worker`. The command itself is imported when it runs, so that help is fast."""

from __future__ import annotations

from typing import Annotated

import typer

from flickr_mirror.cli.options.parsing import scheduler as parse_scheduler
from flickr_mirror.cli.options.timing import timing_of

Scheduler = Annotated[
    str,
    typer.Argument(
        parser=parse_scheduler,
        metavar="SCHEDULER",
        help="The scheduler's address, such as tcp://10.0.0.1:8786, or its file: shared/scheduler.json.",
    ),
]


def worker(context: typer.Context, scheduler: Scheduler) -> None:
    """Download images for runs with --cluster, as a worker of a Dask cluster. Needs no API key."""
    from flickr_mirror.cli.commands.worker import work

    raise typer.Exit(work(scheduler, timing_of(context)))
