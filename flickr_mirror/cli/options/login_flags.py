"""The flags that select the login that signs a run."""

from __future__ import annotations

from typing import Annotated

import typer

from flickr_mirror.cli.keys.login_choice import LoginChoice
from flickr_mirror.cli.options.option_names import given_options
from flickr_mirror.cli.options.settings_origin import origin

LOGIN = "Login"

As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        rich_help_panel=LOGIN,
        help="Mirror what this account can see, with its saved login. [default: the account that is mirrored, if it "
        "has a login]",
    ),
]
NoLogin = Annotated[
    bool,
    typer.Option(
        "--no-login", rich_help_panel=LOGIN, help="Mirror what the public can see, and use no saved login."
    ),
]
OauthToken = Annotated[
    str | None,
    typer.Option(
        "--oauth-token",
        envvar="FLICKR_OAUTH_TOKEN",
        show_envvar=True,
        metavar="TOKEN",
        rich_help_panel=LOGIN,
        help="The token of a login, in place of a saved one.",
    ),
]
OauthTokenSecret = Annotated[
    str | None,
    typer.Option(
        "--oauth-token-secret",
        envvar="FLICKR_OAUTH_TOKEN_SECRET",
        show_envvar=True,
        metavar="SECRET",
        rich_help_panel=LOGIN,
        help="The secret of that token.",
    ),
]


def login_choice(context: typer.Context) -> LoginChoice:
    """Return the login that a run would be asked to use, from flags, variables and the settings file."""
    root = context.find_root()
    flags = root.params
    return LoginChoice(
        account=(flags["as_"] or "").strip() or None,
        is_unwanted=flags["no_login"],
        token=(flags["oauth_token"] or "").strip(),
        secret=(flags["oauth_token_secret"] or "").strip(),
        origin=f"the {origin(root, 'oauth_token')}",
        is_visible=bool({"--oauth-token", "--oauth-token-secret"} & {*given_options(root)}),
    )
