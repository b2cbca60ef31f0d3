"""The options of `mirror_flickr photo`. The command itself is imported when it runs, so that help is fast."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.keys_app import ApiUrl, CachePath, endpoint_of
from flickr_mirror.cli.options import flags  # noqa: TC001 - Typer reads the annotations
from flickr_mirror.cli.options.login_flags import login_choice
from flickr_mirror.cli.options.parsing import photo_id
from flickr_mirror.cli.options.timing import timing_of
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
As = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Fetch what this account can see, with its saved login."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that have the same names.")]


def photo(
    context: typer.Context,
    photo: Photo,
    output: Output = Path(),
    all_sizes: AllSizes = False,
    info_level: flags.InfoLevel = 0,
    force: Force = False,
    as_: As = None,
    cache_path: CachePath = DEFAULT_CACHE_PATH,
    api_url: ApiUrl = FLICKR_API_URL,
) -> None:
    """Fetch one photo: its best file, named by its size and id, and its information as JSON."""
    login = login_choice(context)
    login = replace(login, account=(as_ or "").strip() or login.account)
    url = endpoint_of(context, api_url, for_login=login.is_wanted)
    from flickr_mirror.cli.commands.photo import fetch

    settings = context.find_root().params
    code = fetch(
        photo,
        output,
        cache_path,
        url,
        (settings["consumer_key"], settings["consumer_secret"]),
        login,
        Limits(timing=timing_of(context)),
        info_level=info_level,
        all_sizes=all_sizes,
        replace=force,
    )
    raise typer.Exit(code)
