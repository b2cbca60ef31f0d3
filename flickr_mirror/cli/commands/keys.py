"""`mirror_flickr keys`: save, check and remove the API keys."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.keys.key_file import MAX_SIZE, ApiKeys, parse_keys, remove_keys, save_keys
from flickr_mirror.cli.keys.keyring_store import check_keyring, remove_from_keyring, save_in_keyring
from flickr_mirror.cli.keys.lookup import KEYS_HINT, ask_for_keys, missing_keys_error, saved_keys
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.cli.output.standard_streams import write_result
from flickr_mirror.cli.runner import run_async
from flickr_mirror.engine.shared_budget import shared_budget
from flickr_mirror.errors import FlickrMirrorError, InvalidKeyError, KeysError, ThrottledError
from flickr_mirror.flickr.api import AsyncFlickrApi
from flickr_mirror.models.options import Limits
from flickr_mirror.storage import filesystem
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.models.timing import Timing

    KeySources = tuple[tuple[str | None, str], tuple[str | None, str]]
    """The key and the secret that a run would be given, `None` for a missing one, each with its origin."""

LIMITS = Limits(attempts=2, timeout=15, max_wait=30)
"""Short, because a user is waiting."""


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
    ask_flickr = partial(_ask_flickr, api_url, replace(LIMITS, timing=timing))
    return _run_command(
        partial(_set, cache_path, ask_flickr, given, in_keyring=in_keyring, from_stdin=from_stdin)
    )


def check_keys(cache_path: Path, api_url: str, given: KeySources, timing: Timing) -> int:
    """Print whether Flickr accepts the keys that a run would use, and return the exit code."""
    ask_flickr = partial(_ask_flickr, api_url, replace(LIMITS, timing=timing))
    return _run_command(partial(_check, cache_path, ask_flickr, given))


def forget_keys(cache_path: Path, given: KeySources) -> int:
    """Remove the saved keys, print what was removed, and return the exit code."""
    return _run_command(partial(_forget, cache_path, given))


def _run_command(work: Callable[[], str]) -> int:
    set_up(OutputOptions())
    try:
        write_result(f"{plain(work())}\n")
    except FlickrMirrorError as error:
        return echo_failure(error)
    return 0


def _set(
    cache_path: Path,
    ask_flickr: Callable[[ApiKeys], None],
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
        ask_flickr(keys)
    except FlickrMirrorError:
        echo("The keys were not saved, because Flickr did not accept them.")
        raise
    where = save_in_keyring(keys) if in_keyring else str(save_keys(root, keys))
    message = f"Flickr accepts the API key. It is saved with its secret in {where}, readable by you alone."
    used, origin = _in_use(root, given)
    return message if used == keys else f"{message} But a run uses {origin}, which overrides it."


def _check(cache_path: Path, ask_flickr: Callable[[ApiKeys], None], given: KeySources) -> str:
    root = filesystem.home(cache_path)
    keys, origin = _in_use(root, given)
    if keys is None:
        raise missing_keys_error(root)
    try:
        ask_flickr(keys)
    except InvalidKeyError as error:
        raise InvalidKeyError(f"{error}. A run uses {origin}", error.code, error.method) from None
    return f"Flickr accepts the API key. A run uses {origin}."


def _forget(cache_path: Path, given: KeySources) -> str:
    root = filesystem.home(cache_path)
    removed = [*map(str, remove_keys(root)), *filter(None, [remove_from_keyring()])]
    message = f"Removed: {', '.join(removed)}." if removed else f"There are no saved API keys in {root}."
    used, origin = _in_use(root, given)
    return f"{message} A run still uses {origin}." if used else message


def _in_use(root: Path, given: KeySources) -> tuple[ApiKeys | None, str]:
    """Return the keys that a run would use without asking, and a description of their origin."""
    (key, key_origin), (secret, secret_origin) = given
    if not (key and secret):
        saved = saved_keys(root)
        if saved is None:
            return None, ""
        if not key:
            key, key_origin = saved.consumer_key, saved.origin
        if not secret:
            secret, secret_origin = saved.consumer_secret, saved.origin
    from_one = key_origin == secret_origin
    origin = (
        f"the key and its secret from {key_origin}"
        if from_one
        else f"the key from {key_origin} and its secret from {secret_origin}"
    )
    return ApiKeys(key, secret), origin


def _ask_flickr(api_url: str, limits: Limits, keys: ApiKeys) -> None:
    """Raise `InvalidKeyError` if Flickr refuses the key, `TransportError` if it cannot be reached."""

    async def ask() -> None:
        budget = shared_budget(keys.consumer_key, limits, api_url)
        budget.on_wait = _do_not_wait
        async with AsyncFlickrApi(
            keys.consumer_key, keys.consumer_secret, budget=budget, api_url=api_url, limits=limits
        ) as api:
            await api.check_key()

    run_async(ask)


def _do_not_wait(seconds: float) -> NoReturn:
    raise ThrottledError(
        f"The API calls of this hour are used up. Run the same command again in {seconds / 60:.0f} minutes."
    )
