"""The flags that limit a run: rates, worker pools, and when to stop."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from flickr_mirror.cli.options.parsing import (
    Number,
    amount,
    bandwidth,
    duration,
    time_of_day,
)

SPEED, WHEN = "Speed", "When to stop"
WORKERS = Number(int, 1, 16)

CallsPerHour = Annotated[
    int,
    typer.Option(
        parser=Number(int, 1, 3600),
        metavar="N",
        rich_help_panel=SPEED,
        help="Most API calls per hour: 1 to 3600.",
    ),
]

CallsPerSecond = Annotated[
    float,
    typer.Option(
        parser=Number(float, 0.001, 10),
        metavar="X",
        rich_help_panel=SPEED,
        help="Most API calls per second: 0.001 to 10.",
    ),
]

SizeWorkers = Annotated[
    int,
    typer.Option(
        parser=WORKERS,
        metavar="N",
        rich_help_panel=SPEED,
        help="Concurrent calls for photo sizes: 1 to 16.",
    ),
]

ImageWorkers = Annotated[
    int,
    typer.Option(
        parser=WORKERS,
        metavar="N",
        rich_help_panel=SPEED,
        help="Most concurrent downloads: 1 to 16.",
    ),
]

MinImageWorkers = Annotated[
    int,
    typer.Option(
        parser=WORKERS,
        metavar="N",
        rich_help_panel=SPEED,
        help="Fewest concurrent downloads: 1 to 16.",
    ),
]

Bwlimit = Annotated[
    int | None,
    typer.Option(
        parser=bandwidth,
        metavar="RATE",
        rich_help_panel=SPEED,
        help="Most bytes of images per second: 512k, 2M.",
    ),
]

ImagesPerSecond = Annotated[
    float | None,
    typer.Option(
        parser=Number(float, 0.01, 1000),
        metavar="X",
        rich_help_panel=SPEED,
        help="Most downloads started per second: 0.01 to 1000.",
    ),
]

InfoWorkers = Annotated[
    int,
    typer.Option(
        parser=WORKERS,
        metavar="N",
        rich_help_panel=SPEED,
        help="Concurrent photos whose information is fetched: 1 to 16.",
    ),
]

MaxPhotos = Annotated[
    int | None,
    typer.Option(
        parser=Number(int, 1), metavar="N", rich_help_panel=WHEN, help="Start at most this many photos."
    ),
]

MaxDuration = Annotated[
    float | None,
    typer.Option(
        parser=duration, metavar="TIME", rich_help_panel=WHEN, help="Start nothing after this time: 5h."
    ),
]

MaxBytes = Annotated[
    int | None,
    typer.Option(
        parser=amount,
        metavar="SIZE",
        rich_help_panel=WHEN,
        help="Start nothing after this many bytes of images: 20G.",
    ),
]

UntilTime = Annotated[
    datetime | None,
    typer.Option(
        parser=time_of_day,
        metavar="HH:MM",
        rich_help_panel=WHEN,
        help="Start nothing after this local time of day: 07:00.",
    ),
]

MinFree = Annotated[
    int | None,
    typer.Option(
        parser=amount,
        metavar="SIZE",
        rich_help_panel=WHEN,
        help="Start nothing that would leave less free disk space than this: 5G.",
    ),
]
