"""Find the API keys: given ones, else saved ones, else ask on the terminal."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

from flickr_mirror.cli.keys.key_file import FILE_NAME, ApiKeys, read_credentials, read_keys
from flickr_mirror.cli.keys.keyring_store import read_keyring
from flickr_mirror.errors import CacheError, KeysError
from flickr_mirror.models.options import DEFAULT_CACHE_PATH
from flickr_mirror.storage import filesystem

KEYS_HINT = "Get keys at https://www.flickr.com/services/apps/create/; since 2025 only for Pro members."

KeySources = tuple[tuple[str | None, str], tuple[str | None, str]]
"""The key and the secret that a run would be given, `None` for a missing one, each with its origin."""

logger = logging.getLogger("flickr_mirror")


def find_keys(root: Path, consumer_key: str | None, consumer_secret: str | None) -> ApiKeys:
    """Return the API keys: those of a flag, a variable or the settings file, else saved ones, else typed ones.

    Only a missing key or secret is searched for. Raises `KeysError` if there is no terminal to ask on.
    """
    consumer_key, consumer_secret = (consumer_key or "").strip(), (consumer_secret or "").strip()
    saved = None if consumer_key and consumer_secret else saved_keys(root)
    if saved:
        consumer_key, consumer_secret = (
            consumer_key or saved.consumer_key,
            consumer_secret or saved.consumer_secret,
        )
        logger.info("Using the API keys from %s.", saved.origin)
    if consumer_key and consumer_secret:
        return ApiKeys(consumer_key, consumer_secret, saved.origin if saved else "")
    if not sys.stdin.isatty():
        raise missing_keys_error(root)
    return ask_for_keys(consumer_key, consumer_secret)


def keys_in_use(root: Path, given: KeySources) -> tuple[ApiKeys | None, str]:
    """Return the keys that a run would use without asking, and a description of their origin. Raises `KeysError`."""
    (key, key_origin), (secret, secret_origin) = given
    saved = None if key and secret else saved_keys(root)
    if not (key and secret):
        if saved is None:
            return None, ""
        if not key:
            key, key_origin = saved.consumer_key, saved.origin
        if not secret:
            secret, secret_origin = saved.consumer_secret, saved.origin
    origin = (
        f"the key and its secret from {key_origin}"
        if key_origin == secret_origin
        else f"the key from {key_origin} and its secret from {secret_origin}"
    )
    return ApiKeys(key, secret, saved.origin if saved else ""), origin


def saved_keys(root: Path) -> ApiKeys | None:
    """Return the keys of the service manager, else those saved in `root` or `~/.flickr`, else those in the keyring.

    Raises `KeysError` if one of these places holds something else.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (found := read_credentials(Path(credentials))):
        return found
    for folder in key_folders(root):
        if found := read_keys(folder):
            return found
    return read_keyring()


def key_locations(root: Path) -> str:
    """Return a description of the places that are searched for saved keys."""
    return f"{', '.join(str(folder / FILE_NAME) for folder in key_folders(root))} or the keyring"


def key_folders(root: Path) -> list[Path]:
    """Return the folders that may hold saved keys: the cache path, then its default if there is a home folder."""
    with suppress(CacheError):
        return list(dict.fromkeys([root, filesystem.home(DEFAULT_CACHE_PATH)]))
    return [root]


def missing_keys_error(root: Path) -> KeysError:
    """Return the error for a user without keys."""
    return KeysError(
        f"Flickr API keys are missing: none are given, and none are saved in {key_locations(root)}. Save them with "
        "`mirror_flickr keys set`, or with --save-api-keys in a run on a terminal; or set FLICKR_CONSUMER_KEY and "
        f"FLICKR_CONSUMER_SECRET. {KEYS_HINT}"
    )


def ask_for_keys(consumer_key: str = "", consumer_secret: str = "") -> ApiKeys:
    """Ask on the terminal for the missing key and secret, without echo, and return both. Raises `KeysError`."""
    try:
        key = consumer_key or getpass.getpass("Enter your Flickr API key: ").strip()
        secret = consumer_secret or getpass.getpass("Enter your Flickr API secret: ").strip()
    except EOFError:
        key = secret = ""
    if not (key and secret):
        raise KeysError("The API key and its secret must not be empty.")
    return ApiKeys(key, secret)
