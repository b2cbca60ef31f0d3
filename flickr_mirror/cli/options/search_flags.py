"""The flags of `mirror_flickr search`."""

from __future__ import annotations

from typing import Annotated

import typer

from flickr_mirror.cli.options.filter_flags import OUTPUT

ORDERS = ("newest", "oldest", "taken", "rank")


def order(text: str) -> str:
    """Return the name of an order. Raises `typer.BadParameter`."""
    if text.strip().lower() not in ORDERS:
        raise typer.BadParameter(f"invalid order {text!r}: use newest, oldest, taken or rank.")
    return text.strip().lower()


Words = Annotated[
    list[str],
    typer.Argument(
        metavar="WORDS",
        show_default=False,
        help='Words that must all occur; "a phrase", -without, begin*, title:word (or description:, comment:, tag:, '
        "note:, album:). Words typed without marks match with marks too. Or the id or address of a photo.",
    ),
]
Sort = Annotated[
    str,
    typer.Option(
        parser=order,
        metavar="ORDER",
        rich_help_panel=OUTPUT,
        help="By upload (newest, oldest), time taken, or rank.",
    ),
]
Open = Annotated[
    bool, typer.Option("--open", rich_help_panel=OUTPUT, help="Open the first photo that is found.")
]
