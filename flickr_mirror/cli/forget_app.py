"""The options of `mirror_flickr forget`. The command itself is imported when it runs, so that help is fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.completion import mirror_names
from flickr_mirror.cli.options.parsing import photo_id
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH

Photos = Annotated[
    list[str] | None,
    typer.Argument(
        parser=photo_id,
        metavar="PHOTO",
        show_default=False,
        help="The id of a photo, or the address of its page.",
    ),
]
MirrorName = Annotated[
    str,
    typer.Option(
        "--username",
        metavar="NAME",
        autocompletion=mirror_names,
        show_default=False,
        help="The mirror: the username or NSID that was mirrored, or its folder's name. [default: the only one]",
    ),
]
CachePath = Annotated[
    Path, typer.Option("--cache-path", "--cache_path", metavar="FOLDER", help="Folder of the mirrors.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be erased, and erase nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Erase without asking for confirmation.")]
Trash = Annotated[
    bool, typer.Option("--trash", help="Move the files to the mirror's trash, and erase nothing.")
]
Undo = Annotated[bool, typer.Option("--undo", help="Let the next run mirror these photos again.")]
List = Annotated[bool, typer.Option("--list", help="List the forgotten photos.")]


def forget(
    username: MirrorName = "",
    photos: Photos = None,
    cache_path: CachePath = DEFAULT_CACHE_PATH,
    dry_run: DryRun = False,
    yes: Yes = False,
    trash: Trash = False,
    undo: Undo = False,
    list_them: List = False,
) -> None:
    """Erase photos from a mirror for good, and never mirror them again. Makes no call to Flickr."""
    chosen = photos or []
    _check_together(chosen, dry_run=dry_run, undo=undo, list_them=list_them)
    from flickr_mirror.cli.commands import forget

    username = username or forget.only_name(cache_path)
    if list_them:
        code = forget.list_forgotten(username, cache_path)
    elif undo:
        code = forget.undo(username, chosen, cache_path)
    elif dry_run:
        code = forget.show(username, chosen, cache_path)
    elif yes or forget.can_prompt():
        code = forget.forget(username, chosen, cache_path, ask=not yes, trash=trash)
    else:
        raise ConfigError(
            "No terminal to ask for confirmation: add --yes to erase the photos, or --dry-run to see "
            "what would be erased."
        )
    raise typer.Exit(code)


def _check_together(photos: list[str], *, dry_run: bool, undo: bool, list_them: bool) -> None:
    given = [flag for flag, on in (("--list", list_them), ("--undo", undo), ("--dry-run", dry_run)) if on]
    if len(given) > 1:
        raise ConfigError(f"{given[0]} and {given[1]} exclude each other: use only one of them.")
    if list_them and photos:
        raise ConfigError("--list takes no photos: it lists all forgotten ones.")
    if not (list_them or photos):
        raise ConfigError("Photos are missing: add their ids, or the addresses of their pages.")
