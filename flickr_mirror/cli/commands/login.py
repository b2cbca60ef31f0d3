"""`mirror_flickr login` and `logout`: save the login of an account, and remove it."""

from __future__ import annotations

import os
import sys
import webbrowser
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.cli.commands.keys import run_command
from flickr_mirror.cli.keys.keyring_store import ORIGIN, check_keyring
from flickr_mirror.cli.keys.lookup import keys_in_use, missing_keys_error
from flickr_mirror.cli.keys.saved_logins import remove_all_logins, remove_logins_of, save_login, saved_logins
from flickr_mirror.cli.keys.token_file import FILE_NAME, SavedLogin, hash_of
from flickr_mirror.cli.output.console import console, echo
from flickr_mirror.cli.runner import run_async
from flickr_mirror.cli.short_calls import LIMITS, ask_flickr
from flickr_mirror.errors import FlickrMirrorError, LoginError
from flickr_mirror.flickr.api import AsyncFlickrApi
from flickr_mirror.flickr.oauth import OAuthHandshake
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.cli.keys.key_file import ApiKeys
    from flickr_mirror.cli.keys.lookup import KeySources
    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.options import Limits
    from flickr_mirror.models.timing import Timing

REVOKE = "https://www.flickr.com/services/auth/list.gne"
"""Where an account revokes permissions, from the code of public OAuth libraries (chillerlan/php-oauth)."""
ATTEMPTS = 3
"""How often a code can be entered on a terminal."""
MAX_CODE = 1000
"""The longest line that is read as a code, in bytes."""


def log_in(
    cache_path: Path,
    api_url: str,
    given: KeySources,
    *,
    open_browser: bool,
    is_overridden: bool,
    timing: Timing,
) -> int:
    """Log in to an account with the keys that a run would use, save the login, and return the exit code.

    `is_overridden` is whether a token in the environment or the settings file takes precedence over saved logins.
    """
    limits = replace(LIMITS, timing=timing)

    def work() -> str:
        root = filesystem.home(cache_path)
        keys = _keys(root, given)
        token = _new_token(keys, api_url, limits, open_browser=open_browser)
        login = SavedLogin(token, hash_of(keys.consumer_key), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
        where = save_login(root, keys, login)
        message = (
            f"Logged in as {login.account} with the permission {token.perms!r}. The login is saved in {where}, "
            "readable by you alone."
        )
        return (
            f"{message} But a run uses FLICKR_OAUTH_TOKEN, which overrides it." if is_overridden else message
        )

    return run_command(work)


def log_out(name: str | None, cache_path: Path) -> int:
    """Remove the saved logins of an account, by default all, print what was removed, and return the exit code."""
    return run_command(partial(_log_out, name, cache_path))


def _log_out(name: str | None, cache_path: Path) -> str:
    root = filesystem.home(cache_path)
    removed = remove_all_logins(root) if name is None else remove_logins_of(root, name)
    if not removed and name is not None:
        raise LoginError(f"There is no saved login of {name!r} in {root / FILE_NAME} or the keyring.")
    message = f"There are no saved logins in {root}."
    if removed:
        what = "The logins are" if name is None else f"The login of {name!r} is"
        message = (
            f"{what} removed from {' and '.join(removed)}. "
            f"The permission itself stays until you revoke it at {REVOKE}."
        )
    left = [login for login in saved_logins(root, None) if name is None or login.is_of(name)]
    return " ".join(
        [message, *(f"A run still uses the login of {one.account} from {one.origin}." for one in left)]
    )


def _keys(root: Path, given: KeySources) -> ApiKeys:
    keys, _ = keys_in_use(root, given)
    if keys is None:
        raise missing_keys_error(root)
    if keys.origin == ORIGIN:
        check_keyring()
    return keys


def _new_token(keys: ApiKeys, api_url: str, limits: Limits, *, open_browser: bool) -> AccessToken:
    """Return a token that Flickr has accepted in a call."""
    handshake = OAuthHandshake(keys.consumer_key, keys.consumer_secret, api_url=api_url, limits=limits)
    try:
        address = run_async(handshake.start)
        _show(address, open_browser=open_browser and sys.stdin.isatty())
        token = _exchange(handshake)
        return ask_flickr(AsyncFlickrApi.check_token, keys, api_url, limits, token)
    except FlickrMirrorError:
        echo("Nothing was saved.")
        raise


def _show(address: str, *, open_browser: bool) -> None:
    """Print the address of Flickr's page, and open it in a browser if there is one."""
    echo("Allow the access on this page of Flickr, then enter the code that it shows:")
    # as one line on a terminal, too, so that it can be copied
    console.print(address, markup=False, highlight=False, soft_wrap=True)
    if open_browser and _has_browser():
        webbrowser.open(address)


def _has_browser() -> bool:
    """Return whether there is a desktop; a browser for text would take the terminal."""
    if sys.platform == "darwin":
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _exchange(handshake: OAuthHandshake) -> AccessToken:
    """Return the token for the code that the user enters; on a terminal, a wrong one can be entered again."""
    attempts = ATTEMPTS if sys.stdin.isatty() else 1
    while True:
        code = _read_code()
        attempts -= 1
        try:
            return run_async(partial(handshake.finish, code))
        except LoginError as error:
            if error.problem != "verifier_invalid" or not attempts:
                raise
            echo(str(error))


def _read_code() -> str:
    has_terminal = sys.stdin.isatty()
    if has_terminal:
        console.print("Code: ", end="", markup=False, highlight=False)
    line = sys.stdin.buffer.readline(MAX_CODE)
    if not (line.strip() or (line and has_terminal)):
        raise LoginError(
            "No code was entered. Run `mirror_flickr login` on a terminal, or send the code to its standard input."
        )
    return line.decode(errors="replace")
