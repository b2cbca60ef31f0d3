"""Where API keys come from: what is given, else what is saved, else a prompt on a terminal."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from pathlib import Path

from flickr_mirror.errors import KeysError
from flickr_mirror.keychain import read_keyring
from flickr_mirror.keys import FILE_NAME, ApiKeys, read_credentials, read_keys
from flickr_mirror.options import DEFAULT_CACHE_PATH

RULE = (
    "Keys come from https://www.flickr.com/services/apps/create/; since 2025 Flickr gives new ones to Pro members "
    "only."
)


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
    if consumer_key and consumer_secret:
        return ApiKeys(consumer_key, consumer_secret)
    if not sys.stdin.isatty():
        raise no_keys(root)
    return ask_for_keys(consumer_key, consumer_secret)


def saved_keys(root: Path) -> ApiKeys | None:
    """Return the keys of the service manager, else those saved below `root`, else those in the keyring.

    Raises `KeysError` where what should hold them does not.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return (read_credentials(Path(folder)) if folder else None) or read_keys(root) or read_keyring()


def no_keys(root: Path) -> KeysError:
    """Return the error for those who have no keys yet."""
    # a run may have no home: then this is no path either
    place = (
        ""
        if root == Path(os.path.expanduser(DEFAULT_CACHE_PATH))  # noqa: PTH111
        else f" --cache-path {shlex.quote(str(root))}"
    )
    return KeysError(
        "There are no Flickr API keys. Set FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET, or save the keys in "
        f"{root / FILE_NAME}: by `mirror_flickr keys set{place}`, or by a first run on a terminal with "
        f"--save-api-keys. {RULE}"
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
