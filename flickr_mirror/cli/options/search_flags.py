"""The flags of `mirror_flickr search`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from flickr_mirror.cli.options.filter_flags import OUTPUT


class Order(StrEnum):
    """The orders of results."""

    NEWEST = "newest"
    OLDEST = "oldest"
    TAKEN = "taken"
    RANK = "rank"


Words = Annotated[
    list[str],
    typer.Argument(
        metavar="WORDS",
        show_default=False,
        help='Words that must all occur; "a phrase", -without, begin*, title:word (or description:, comment:, tag:, '
        "note:, album:). Words typed without marks match with marks too.",
    ),
]
Sort = Annotated[
    Order, typer.Option(rich_help_panel=OUTPUT, help="By upload (newest, oldest), time taken, or rank.")
]
Open = Annotated[
    bool, typer.Option("--open", rich_help_panel=OUTPUT, help="Open the first photo that is found.")
]
