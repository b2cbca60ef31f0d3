"""`mirror_flickr keys`: save, check and remove the API keys."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.keys.key_file import ApiKeys, parse_keys, remove_keys, save_keys
from flickr_mirror.cli.keys.keyring_store import check_keyring, remove_from_keyring, save_in_keyring
from flickr_mirror.cli.keys.lookup import (
    KEYS_HINT,
    ask_for_keys,
    keys_in_use,
    missing_keys_error,
)
from flickr_mirror.cli.keys.private_file import MAX_SIZE
from flickr_mirror.cli.keys.saved_logins import saved_logins
from flickr_mirror.cli.keys.token_file import FILE_NAME as TOKENS
from flickr_mirror.cli.keys.token_file import SavedLogin, hash_of
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.cli.output.standard_streams import write_result
from flickr_mirror.cli.short_calls import LIMITS, ask_flickr
from flickr_mirror.errors import FlickrMirrorError, InvalidKeyError, KeysError, LoginError
from flickr_mirror.flickr.api import AsyncFlickrApi
from flickr_mirror.storage import filesystem
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.cli.keys.login_choice import LoginChoice
    from flickr_mirror.cli.keys.lookup import KeySources
    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.options import Limits
    from flickr_mirror.models.timing import Timing


def set_keys(
    cache_path: Path,
    api_url: str,
    given: KeySources,
    *,
    in_keyring: bool,
    from_stdin: bool,
    timing: Timing,
) -> int:
    """Save keys if Flickr accepts them, and return the exit code."""
    check = partial(_check_key, api_url, replace(LIMITS, timing=timing))
    return run_command(partial(_set, cache_path, check, given, in_keyring=in_keyring, from_stdin=from_stdin))


def check_keys(
    name: str | None, cache_path: Path, api_url: str, given: KeySources, choice: LoginChoice, timing: Timing
) -> int:
    """Print whether Flickr accepts the keys and the logins that a run would use, and return the exit code.

    If an account is named, only its saved logins are checked.
    """
    limits = replace(LIMITS, timing=timing)
    check, check_login = partial(_check_key, api_url, limits), partial(_checked_token, api_url, limits)
    return run_command(partial(_check, name, cache_path, check, check_login, given, choice))


def forget_keys(cache_path: Path, given: KeySources) -> int:
    """Remove the saved keys, print what was removed, and return the exit code."""
    return run_command(partial(_forget, cache_path, given))


def run_command(work: Callable[[], str]) -> int:
    """Print the sentence that `work` returns, or why it failed, and return the exit code."""
    set_up(OutputOptions())
    try:
        write_result(f"{plain(work())}\n")
    except FlickrMirrorError as error:
        return echo_failure(error)
    return 0


def _set(
    cache_path: Path,
    check: Callable[[ApiKeys], None],
    given: KeySources,
    *,
    in_keyring: bool,
    from_stdin: bool,
) -> str:
    root = filesystem.home(cache_path)
    if in_keyring:
        check_keyring()
    if from_stdin:
        keys = parse_keys(sys.stdin.buffer.read(MAX_SIZE), "The text on standard input", "Nothing was saved.")
    elif sys.stdin.isatty():
        echo(KEYS_HINT)
        keys = ask_for_keys()
    else:
        raise KeysError(
            f"No terminal to ask for the keys: run `keys set` on a terminal, or use --stdin. {KEYS_HINT}"
        )
    try:
        check(keys)
    except FlickrMirrorError:
        echo("The keys were not saved, because Flickr did not accept them.")
        raise
    where = save_in_keyring(keys) if in_keyring else str(save_keys(root, keys))
    message = f"Flickr accepts the API key. It is saved with its secret in {where}, readable by you alone."
    used, origin = keys_in_use(root, given)
    return message if used == keys else f"{message} But a run uses {origin}, which overrides it."


def _check(
    name: str | None,
    cache_path: Path,
    check: Callable[[ApiKeys], None],
    check_login: Callable[[ApiKeys, AccessToken], AccessToken],
    given: KeySources,
    choice: LoginChoice,
) -> str:
    root = filesystem.home(cache_path)
    keys, origin = keys_in_use(root, given)
    if keys is None:
        raise missing_keys_error(root)
    try:
        check(keys)
    except InvalidKeyError as error:
        raise InvalidKeyError(f"{error}. A run uses {origin}", error.code, error.method) from None
    report = f"Flickr accepts the API key. A run uses {origin}."
    return " ".join([report, *_login_reports(_logins_to_check(name, root, keys, choice), keys, check_login)])


def _logins_to_check(name: str | None, root: Path, keys: ApiKeys, choice: LoginChoice) -> list[SavedLogin]:
    """Return the logins of an account, by default all. Raises `LoginError` if there is none of the account."""
    logins = saved_logins(root, keys)
    if name is not None:
        if not (chosen := [login for login in logins if login.is_of(name)]):
            raise LoginError(
                f"There is no saved login of {name!r}: run `mirror_flickr login` with that account."
            )
        return chosen
    if token := choice.given():
        logins.insert(0, SavedLogin(token, hash_of(keys.consumer_key), origin=choice.origin))
    return logins


def _login_reports(
    logins: list[SavedLogin], keys: ApiKeys, check_login: Callable[[ApiKeys, AccessToken], AccessToken]
) -> list[str]:
    """Return a sentence about each login. Raises `LoginError` with all of them if Flickr refuses one."""
    reports, refusal = [], None
    for login in logins:
        try:
            reports.append(_login_report(login, keys, check_login))
        except LoginError as error:
            reports.append(str(error))
            refusal = refusal or error
    if refusal:
        raise LoginError(" ".join(reports), refusal.problem)
    return reports


def _login_report(
    login: SavedLogin, keys: ApiKeys, check_login: Callable[[ApiKeys, AccessToken], AccessToken]
) -> str:
    """Return a sentence about a login. Raises `LoginError` if Flickr refuses it."""
    if login.key_hash != hash_of(keys.consumer_key):
        return f"The login of {login.account} from {login.origin} was made with another API key."
    try:
        token = check_login(keys, login.token)
    except LoginError as error:
        whose = f"of {login.account} from" if login.token.nsid else "from"
        raise LoginError(f"The login {whose} {login.origin}: {error}", error.problem) from None
    account = replace(login, token=token).account
    return f"The login of {account} from {login.origin} works, with the permission {token.perms!r}."


def _forget(cache_path: Path, given: KeySources) -> str:
    root = filesystem.home(cache_path)
    removed = [*map(str, remove_keys(root)), *filter(None, [remove_from_keyring()])]
    message = f"Removed: {', '.join(removed)}." if removed else f"There are no saved API keys in {root}."
    used, origin = keys_in_use(root, given)
    if used:
        message += f" A run still uses {origin}."
    if os.path.lexists(root / TOKENS):
        message += f" The logins stay in {root / TOKENS}: `mirror_flickr logout` removes them."
    return message


def _check_key(api_url: str, limits: Limits, keys: ApiKeys) -> None:
    """Raise `InvalidKeyError` if Flickr refuses the key, `TransportError` if it cannot be reached."""
    ask_flickr(AsyncFlickrApi.check_key, keys, api_url, limits)


def _checked_token(api_url: str, limits: Limits, keys: ApiKeys, token: AccessToken) -> AccessToken:
    """Return a token with its account. Raises `LoginError` if Flickr refuses it."""
    return ask_flickr(AsyncFlickrApi.check_token, keys, api_url, limits, token)
