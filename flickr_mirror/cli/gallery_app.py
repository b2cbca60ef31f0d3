"""The options of `mirror_flickr gallery`. The command itself is imported when it runs, so that help is fast."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.export_app import MirrorName  # noqa: TC001 - Typer reads the annotations
from flickr_mirror.cli.options import flags  # noqa: TC001
from flickr_mirror.cli.options.parsing import Number
from flickr_mirror.models.options import DEFAULT_CACHE_PATH

SMALLEST, LARGEST = 100, 1000


def height(text: str) -> int:
    """Return the height of thumbnails in pixels, 0 for none. Raises `typer.BadParameter`."""
    if not (text.isascii() and text.isdecimal()) or (int(text) and not SMALLEST <= int(text) <= LARGEST):
        raise typer.BadParameter(
            f"invalid height {text!r}: use pixels from {SMALLEST} to {LARGEST}, such as 320, or 0 for none."
        )
    return int(text)


Target = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="FOLDER",
        help="Write to this folder, with the photos as hard links or copies. [default: gallery, in the mirror]",
        show_default=False,
    ),
]
ThumbnailHeight = Annotated[
    int,
    typer.Option("--thumbnails", parser=height, metavar="PIXELS", help="Height of thumbnails; 0 for none."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        parser=Number(int, 1),
        metavar="N",
        help="Processes that make thumbnails. [default: one for each processor]",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what a build would write, and write nothing.")]
Private = Annotated[bool, typer.Option("--private", help="Include photos that are not public on Flickr.")]
Open = Annotated[bool, typer.Option("--open", help="Open the gallery in a browser.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


def gallery(
    username: MirrorName = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    to: Target = None,
    thumbnails: ThumbnailHeight = "320",  # type: ignore[assignment]  # parsed like a given value
    jobs: Jobs = None,
    dry_run: DryRun = False,
    private: Private = False,
    opens: Open = False,
    as_json: AsJson = False,
) -> None:
    """Write pages that show the photos in any browser, without a server or a network. Makes no call to Flickr."""
    from flickr_mirror.cli.commands.gallery import run_gallery, show_plan
    from flickr_mirror.storage import filesystem
    from flickr_mirror.web.gallery.options import GalleryOptions

    options = GalleryOptions(
        target=filesystem.home(to, "--to").absolute() if to else None,
        thumbnails=thumbnails,
        jobs=jobs or os.cpu_count() or 1,
        private=private,
    )
    if dry_run:
        raise typer.Exit(show_plan(cache_path, username, options, as_json=as_json))
    raise typer.Exit(run_gallery(cache_path, username, options, opens=opens, as_json=as_json))
