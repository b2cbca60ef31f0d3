"""The flags of `check`, `status`, `list` and `demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.completion import mirror_names
from flickr_mirror.cli.options.parsing import (
    Share,
    duration,
    share,
)

MirrorNames = Annotated[
    list[str] | None,
    typer.Option(
        "--username",
        metavar="NAME",
        autocompletion=mirror_names,
        help="The mirror: the username or NSID that was mirrored, or its folder's name. Repeatable. "
        "[default: all mirrors in the cache path]",
    ),
]

DemoPath = Annotated[
    Path, typer.Option("--cache-path", metavar="FOLDER", help="Folder for the demo's photos.")
]

PendingFile = Annotated[
    Share | None,
    typer.Option(parser=share, metavar="I/N", help="Check only the I-th of N shares: 3/30."),
]

Rebuild = Annotated[bool, typer.Option("--rebuild", help="Rebuild the catalogue from the files first.")]

Manifest = Annotated[
    bool,
    typer.Option("--manifest", help="Also compare manifest-sha256.txt with the catalogue and the files."),
]
ReadFiles = Annotated[
    bool,
    typer.Option(
        "--read", help="Also read files in a bucket, which are otherwise compared with a listing of it."
    ),
]

StreamsShown = Annotated[
    Path | None,
    typer.Option("--streams", metavar="FILE", help="Show a line for each photostream of this TOML file."),
]

Prometheus = Annotated[bool, typer.Option("--prometheus", help="Print the state as metrics for Prometheus.")]

ReportAsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]

ReportQuietly = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print one line if something is wrong, nothing otherwise.")
]

MaxAge = Annotated[
    float | None,
    typer.Option(
        parser=duration, metavar="AGE", help="Exit with 3 if the last success is older than this: 2d."
    ),
]
