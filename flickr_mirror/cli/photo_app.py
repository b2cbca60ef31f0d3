"""The options of `mirror_flickr photo`. The command itself is imported when it runs, so that help is fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.options import flags  # noqa: TC001 - Typer reads the annotations
from flickr_mirror.cli.options.argument_checks import checked_endpoint
from flickr_mirror.cli.options.option_names import with_flag_names
from flickr_mirror.cli.options.parsing import photo_id
from flickr_mirror.cli.options.settings_origin import with_origins
from flickr_mirror.cli.options.timing import timing_of
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH, FLICKR_API_URL, Limits

Photo = Annotated[
    str,
    typer.Argument(
        parser=photo_id,
        metavar="PHOTO",
        show_default=False,
        help="The id of a photo, the address of its page, or a short link (https://flic.kr/p/...).",
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder for the files.", show_default="this folder"
    ),
]
AllSizes = Annotated[
    bool, typer.Option("--all-sizes", help="Fetch every size, and every film of a video, not only the best.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that have the same names.")]
KeysPath = Annotated[
    Path, typer.Option("--cache-path", "--cache_path", metavar="FOLDER", help="Folder of the saved keys.")
]
ApiUrl = Annotated[
    str, typer.Option(metavar="URL", envvar="FLICKR_API_URL", help="An API endpoint other than Flickr's.")
]


def photo(
    context: typer.Context,
    photo: Photo,
    output: Output = Path(),
    all_sizes: AllSizes = False,
    info_level: flags.InfoLevel = 0,
    force: Force = False,
    cache_path: KeysPath = DEFAULT_CACHE_PATH,
    api_url: ApiUrl = FLICKR_API_URL,
) -> None:
    """Fetch one photo: its best file, named by its size and id, and its information as JSON."""
    try:
        url = checked_endpoint(api_url)
    except ValueError as error:
        raise ConfigError(with_origins(context, with_flag_names(str(error)))) from None
    from flickr_mirror.cli.commands.photo import fetch

    settings = context.find_root().params
    keys = settings["consumer_key"], settings["consumer_secret"]
    code = fetch(
        photo,
        output,
        cache_path,
        url,
        keys,
        Limits(timing=timing_of(context)),
        info_level=info_level,
        all_sizes=all_sizes,
        replace=force,
    )
    raise typer.Exit(code)
