"""The flags for output and for unattended runs."""

from __future__ import annotations

from typing import Annotated

import typer

from flickr_mirror.cli.options.parsing import Number

OUTPUT, UNATTENDED = "Output", "Unattended"

Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        rich_help_panel=OUTPUT,
        help="Print one line if something is wrong, nothing otherwise.",
    ),
]

Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", rich_help_panel=OUTPUT, help="Print a line for each photo, above the live view."
    ),
]

NoProgress = Annotated[
    bool,
    typer.Option(
        "--no-progress", rich_help_panel=OUTPUT, help="Print a line each minute instead of the live view."
    ),
]

AsJson = Annotated[
    bool,
    typer.Option(
        "--json", rich_help_panel=OUTPUT, help="Write events to standard output, one line of JSON each."
    ),
]

Debug = Annotated[
    int | None,
    typer.Option(
        parser=Number(int, 0, 4),
        metavar="LEVEL",
        rich_help_panel=OUTPUT,
        help="Log level, from critical (0) to debug (4). [default: 3; 2 on a terminal]",
    ),
]

PingUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        rich_help_panel=UNATTENDED,
        help="Ping a monitor: URL/start when a run starts, URL/ and the exit code when it ends.",
    ),
]

Hook = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        rich_help_panel=UNATTENDED,
        help="Run this program after a run, with the run's summary as JSON on standard input.",
    ),
]
