"""The options of `mirror_flickr import`. The command itself is imported when it runs, so that help is fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.completion import mirror_names
from flickr_mirror.cli.options import flags, report_flags  # noqa: TC001 - Typer reads the annotations
from flickr_mirror.cli.options.timing import timing_of
from flickr_mirror.models.options import DEFAULT_CACHE_PATH

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="FOLDER_OR_ZIP",
        show_default=False,
        help="The zips of the export, or a folder that has them or what was in them.",
    ),
]
Account = Annotated[
    str,
    typer.Option(
        "--username",
        metavar="NAME",
        autocompletion=mirror_names,
        show_default=False,
        help="The mirror or the account's NSID; needed only if the export lacks account_profile.json.",
    ),
]


def import_export(
    context: typer.Context,
    paths: Paths,
    username: Account = "",
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    as_json: report_flags.ReportAsJson = False,
    quiet: report_flags.ReportQuietly = False,
) -> None:
    """Import the account export that Flickr sends on request. Needs no key, and makes no call to Flickr."""
    from flickr_mirror.cli.commands.import_export import import_files

    raise typer.Exit(
        import_files(paths, username, cache_path, as_json=as_json, quiet=quiet, timing=timing_of(context))
    )
