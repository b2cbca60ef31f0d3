"""Where API keys come from: what is given, else what is saved, else a prompt on a terminal."""

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

RULE = (
    "Keys come from https://www.flickr.com/services/apps/create/; since 2025 Flickr gives new ones to Pro members "
    "only."
)

logger = logging.getLogger("flickr_mirror")


def find_keys(root: Path, consumer_key: str | None, consumer_secret: str | None) -> ApiKeys:
    """Return the API keys: those given (by a flag, a variable, the file of settings), else those saved, else typed.

    Only what is missing is looked for. Raises `KeysError` where there is no terminal to ask on.
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
        return ApiKeys(consumer_key, consumer_secret)
    if not sys.stdin.isatty():
        raise no_keys(root)
    return ask_for_keys(consumer_key, consumer_secret)


def saved_keys(root: Path) -> ApiKeys | None:
    """Return the keys of the service manager, else those saved below `root` or in `~/.flickr`, else the keyring's.

    Raises `KeysError` where what should hold them does not.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (found := read_credentials(Path(folder))):
        return found
    for place in _folders(root):
        if found := read_keys(place):
            return found
    return read_keyring()


def places(root: Path) -> str:
    """Return where saved keys are looked for, in words."""
    return f"{', '.join(str(place / FILE_NAME) for place in _folders(root))} or the keyring"


def _folders(root: Path) -> list[Path]:
    """Return the folders that may hold saved keys: the cache path, then its default, where a home is known."""
    with suppress(CacheError):
        return list(dict.fromkeys([root, filesystem.home(DEFAULT_CACHE_PATH)]))
    return [root]


def no_keys(root: Path) -> KeysError:
    """Return the error for those who have no keys yet."""
    return KeysError(
        f"There are no Flickr API keys: none are given, and none are saved in {places(root)}. Save them with "
        "`mirror_flickr keys set`, or with --save-api-keys in a run on a terminal; or set FLICKR_CONSUMER_KEY and "
        f"FLICKR_CONSUMER_SECRET. {RULE}"
    )


def ask_for_keys(consumer_key: str = "", consumer_secret: str = "") -> ApiKeys:
    """Return the keys, having asked on the terminal for what is missing, without echo. Raises `KeysError`."""
    try:
        key = consumer_key or getpass.getpass("Enter your Flickr API key: ").strip()
        secret = consumer_secret or getpass.getpass("Enter your Flickr API secret: ").strip()
    except EOFError:
        key = secret = ""
    if not (key and secret):
        raise KeysError("The API key and its secret must not be empty.")
    return ApiKeys(key, secret)
