"""The options of `mirror_flickr export`. The command itself is imported when it runs, so that help is fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.completion import mirror_names
from flickr_mirror.cli.options import filter_flags, flags
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH

STYLES = ("folders", "bag", "xmp")


def style(text: str) -> str:
    """Return the name of a style. Raises `typer.BadParameter`."""
    if text.strip().lower() not in STYLES:
        raise typer.BadParameter(f"invalid style {text!r}: use folders, bag or xmp.")
    return text.strip().lower()


MirrorName = Annotated[
    str | None,
    typer.Option(
        "--username",
        metavar="NAME",
        autocompletion=mirror_names,
        help="The mirror: the username or NSID that was mirrored, or its folder's name. [default: the only one]",
        show_default=False,
    ),
]
Target = Annotated[
    Path, typer.Option("--to", metavar="FOLDER", help="A new folder, or that of an earlier export.")
]
Style = Annotated[
    str,
    typer.Option(
        "--as",
        parser=style,
        metavar="STYLE",
        help="folders: readable names; bag: a BagIt bag; xmp: only XMP files.",
    ),
]
Names = Annotated[
    str | None,
    typer.Option(
        metavar="TEMPLATE",
        help="Names in folders, from {album} {taken:%Y-%m-%d} {uploaded} {title} {id} {license} {user} {owner}.",
    ),
]
Xmp = Annotated[bool, typer.Option("--xmp", help="Write an XMP file beside each photo: NAME.jpg.xmp.")]
Embed = Annotated[bool, typer.Option("--embed", help="Write XMP into copies of JPEG files.")]
Copy = Annotated[
    bool,
    typer.Option("--copy", help="Copy files, which sets their time to that of the photo, in place of links."),
]
Private = Annotated[bool, typer.Option("--private", help="Also export photos that are not public at Flickr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


def export(
    context: typer.Context,
    to: Target,
    username: MirrorName = None,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    style: Style = "folders",
    names: Names = None,
    xmp: Xmp = False,
    embed: Embed = False,
    copy: Copy = False,
    private: Private = False,
    tag: filter_flags.Tags = None,
    since: filter_flags.Since = None,
    until: filter_flags.Until = None,
    taken: filter_flags.Taken = None,
    album: filter_flags.Album = None,
    licence: filter_flags.Licenses = None,
    media: filter_flags.Media = None,
    language: filter_flags.Language = None,
    near: filter_flags.Near = None,
    commented: filter_flags.Commented = None,
    as_json: AsJson = False,
) -> None:
    """Write photos to another folder: with readable names, as a BagIt bag, or as XMP files. Makes no call to Flickr."""
    if style != "folders" and (given := [name for name in ("names", "xmp", "embed") if context.params[name]]):
        raise ConfigError(f"--{given[0]} needs --as folders.")
    from flickr_mirror.cli.commands.export import ExportPlan, run_export
    from flickr_mirror.export.names import DEFAULT_TEMPLATE, NameTemplate, TemplateError

    try:
        plan = ExportPlan(
            target=to,
            style=style,
            template=NameTemplate(DEFAULT_TEMPLATE if names is None else names),
            xmp=xmp,
            embeds=embed,
            copies=copy,
            includes_private=private,
            photo_filter=filter_flags.filter_of(context.params),
            as_json=as_json,
        )
    except TemplateError as error:
        raise ConfigError(f"--names: {error}") from None
    raise typer.Exit(run_export(cache_path, username, plan))
