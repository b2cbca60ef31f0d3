"""The options of `mirror_flickr login` and `logout`. The commands are imported when they run, so that help is fast."""

from __future__ import annotations

from typing import Annotated

import typer

from flickr_mirror.cli.keys_app import Account, ApiUrl, CachePath, endpoint_of, given_keys
from flickr_mirror.cli.options.login_flags import login_choice
from flickr_mirror.cli.options.timing import timing_of
from flickr_mirror.models.options import DEFAULT_CACHE_PATH, FLICKR_API_URL

NoBrowser = Annotated[
    bool, typer.Option("--no-browser", help="Print the address, and do not open it in a browser.")
]


def login(
    context: typer.Context,
    no_browser: NoBrowser = False,
    cache_path: CachePath = DEFAULT_CACHE_PATH,
    api_url: ApiUrl = FLICKR_API_URL,
) -> None:
    """Log in to your Flickr account, so that runs can read what only you can see.

    Opens a page of Flickr, and asks for the code that it shows after you allow the access. Without a terminal, the
    code is read from standard input.
    """
    url = endpoint_of(context, api_url, for_login=True)
    from flickr_mirror.cli.commands.login import log_in

    keys, is_overridden = given_keys(context), bool(login_choice(context).token)
    code = log_in(
        cache_path,
        url,
        keys,
        open_browser=not no_browser,
        is_overridden=is_overridden,
        timing=timing_of(context),
    )
    raise typer.Exit(code)


def logout(name: Account = None, cache_path: CachePath = DEFAULT_CACHE_PATH) -> None:
    """Remove saved logins from the file and the keyring."""
    from flickr_mirror.cli.commands.login import log_out

    raise typer.Exit(log_out(name, cache_path))
