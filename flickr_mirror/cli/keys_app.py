"""The options of `mirror_flickr keys`. The commands are imported when they run, so that help is fast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flickr_mirror.cli.options.argument_checks import check_takes_login, checked_endpoint
from flickr_mirror.cli.options.help_text import CommandGroup
from flickr_mirror.cli.options.login_flags import login_choice
from flickr_mirror.cli.options.option_names import with_flag_names
from flickr_mirror.cli.options.settings_origin import origin, with_origins
from flickr_mirror.cli.options.timing import timing_of
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH, FLICKR_API_URL

if TYPE_CHECKING:
    from flickr_mirror.cli.keys.lookup import KeySources

keys_app = typer.Typer(
    cls=CommandGroup,
    rich_markup_mode=None,
    help="Save the API keys, check them at Flickr, or remove them.",
    epilog="Get keys at https://www.flickr.com/services/apps/create/; since 2025 only for Pro members.",
)

CachePath = Annotated[
    Path,
    typer.Option(
        "--cache-path", "--cache_path", metavar="FOLDER", help="Folder of the saved keys and logins."
    ),
]
Account = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME", show_default=False, help="The account: its username or NSID. [default: all accounts]"
    ),
]
ApiUrl = Annotated[
    str, typer.Option(metavar="URL", envvar="FLICKR_API_URL", help="An API endpoint other than Flickr's.")
]


@keys_app.command("set")
def _set(
    context: typer.Context,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Save them in the desktop's keyring instead of a file.")
    ] = False,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin", help="Read them as JSON from standard input instead of asking on the terminal."
        ),
    ] = False,
    cache_path: CachePath = DEFAULT_CACHE_PATH,
    api_url: ApiUrl = FLICKR_API_URL,
) -> None:
    """Ask for the keys without echo, and save them if Flickr accepts them."""
    url = endpoint_of(context, api_url)
    from flickr_mirror.cli.commands.keys import set_keys

    given, timing = given_keys(context), timing_of(context)
    raise typer.Exit(set_keys(cache_path, url, given, in_keyring=keyring, from_stdin=stdin, timing=timing))


@keys_app.command("check")
def _check(
    context: typer.Context,
    name: Account = None,
    cache_path: CachePath = DEFAULT_CACHE_PATH,
    api_url: ApiUrl = FLICKR_API_URL,
) -> None:
    """Check whether Flickr accepts the keys that a run would use, and show where they come from: one API call.

    Each login is checked too, with one call.
    """
    url = endpoint_of(context, api_url)
    from flickr_mirror.cli.commands.keys import check_keys

    raise typer.Exit(
        check_keys(name, cache_path, url, given_keys(context), login_choice(context), timing_of(context))
    )


@keys_app.command("forget")
def _forget(context: typer.Context, cache_path: CachePath = DEFAULT_CACHE_PATH) -> None:
    """Remove the saved keys from the file and the keyring."""
    from flickr_mirror.cli.commands.keys import forget_keys

    raise typer.Exit(forget_keys(cache_path, given_keys(context)))


def given_keys(context: typer.Context) -> KeySources:
    """Return the keys that the environment or the settings file gives to a run, and where they come from."""
    root = context.find_root()
    key, secret = (
        ((root.params[name] or "").strip(), f"the {origin(root, name)}")
        for name in ("consumer_key", "consumer_secret")
    )
    return key, secret


def endpoint_of(context: typer.Context, url: str, *, for_login: bool = False) -> str:
    """Return the URL of an API. Raises `ConfigError` for anything else."""
    try:
        if for_login:
            check_takes_login(url)
        return checked_endpoint(url)
    except ValueError as error:
        raise ConfigError(with_origins(context, with_flag_names(str(error)))) from None
