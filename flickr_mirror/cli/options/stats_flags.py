"""The flags of `mirror_flickr stats`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from flickr_mirror.cli.options.filter_flags import OUTPUT


def zone(text: str) -> ZoneInfo:
    """Return a time zone of the IANA database. Raises `typer.BadParameter`."""
    try:
        return ZoneInfo(text.strip())
    except (KeyError, ValueError, OSError):
        raise typer.BadParameter(
            f"invalid time zone {text!r}: use a name such as Asia/Ho_Chi_Minh or UTC."
        ) from None


Zone = Annotated[
    ZoneInfo | None,
    typer.Option(
        "--zone",
        parser=zone,
        metavar="ZONE",
        rich_help_panel=OUTPUT,
        help="Time zone of weekdays and hours: Asia/Ho_Chi_Minh. [default: that of this computer]",
        show_default=False,
    ),
]
Outliers = Annotated[
    bool, typer.Option("--outliers", "-o", rich_help_panel=OUTPUT, help="Print only outliers.")
]
Plots = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", rich_help_panel=OUTPUT, help="Write charts (SVG) to this folder."),
]
Pipe = Annotated[
    bool,
    typer.Option(
        "--pipe",
        rich_help_panel=OUTPUT,
        help="Show the figures of the numbers on standard input, one per line.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print the figures as JSON.")]
