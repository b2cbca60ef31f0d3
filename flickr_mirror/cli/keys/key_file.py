"""The API keys, and the files that hold them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.cli.keys.private_file import API_KEYS, read_credential, read_private
from flickr_mirror.errors import KeysError
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "flickr_keys"
FALLBACK_NAME = "flickr_key"


@dataclass(frozen=True, slots=True, repr=False)
class ApiKeys:
    """A Flickr API key and its secret, with a description of their origin; the `repr` hides them."""

    consumer_key: str
    consumer_secret: str
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Raise `KeysError` if a key cannot be sent."""
        try:
            f"{self.consumer_key}{self.consumer_secret}".encode()
        except UnicodeEncodeError:  # from None: the error holds the key
            raise KeysError("The API key or its secret is not UTF-8: copy both from Flickr again.") from None

    def __repr__(self) -> str:
        return "ApiKeys(consumer_key=***, consumer_secret=***)"


def read_keys(cache_path: Path) -> ApiKeys | None:
    """Return the keys saved in the folder `cache_path`; `None` if there are none.

    A file that other users can read is made private, with a warning in the log. Raises `KeysError` for a file that
    holds no keys, or that belongs to another user.
    """
    for name in (FILE_NAME, FALLBACK_NAME):
        path = cache_path / name
        if (content := read_private(path, API_KEYS)) is not None:
            return parse_keys(
                content, str(path), "Remove it, then run with --save-api-keys to save the keys again."
            )
    return None


def read_credentials(folder: Path) -> ApiKeys | None:
    """Return the keys that the service manager puts into a folder for this process; `None` if there are none.

    Its permissions are not checked. Raises `KeysError` if the file holds no keys.
    """
    path = folder / FILE_NAME
    content = read_credential(path, API_KEYS)
    return None if content is None else parse_keys(content, str(path), "Correct this credential.")


def parse_keys(content: bytes | str, origin: str, advice: str) -> ApiKeys:
    """Return the keys in a JSON text. Raises `KeysError`, whose message has the `origin` and the `advice`."""
    try:
        keys = json.loads(content)
        key, secret = keys["consumer_key"], keys["consumer_secret"]
        if not (isinstance(key, str) and isinstance(secret, str) and key.strip() and secret.strip()):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        # from None: the error may quote the keys
        raise KeysError(f'{origin} is not JSON with "consumer_key" and "consumer_secret". {advice}') from None
    return ApiKeys(key.strip(), secret.strip(), origin)


def as_json(keys: ApiKeys) -> str:
    """Return keys as JSON."""
    return json.dumps({"consumer_key": keys.consumer_key, "consumer_secret": keys.consumer_secret}, indent=2)


def save_keys(cache_path: Path, keys: ApiKeys) -> Path:
    """Save the keys in a file that only the user can read, and return its path. Raises `CacheError`."""
    path = cache_path / FILE_NAME
    filesystem.write_file(path, f"{as_json(keys)}\n".encode(), private=True)
    return path


def remove_keys(cache_path: Path) -> list[Path]:
    """Remove the key files of both names in `cache_path`, and return their paths. Raises `CacheError`."""
    found = [path for name in (FILE_NAME, FALLBACK_NAME) if os.path.lexists(path := cache_path / name)]
    for path in found:
        filesystem.remove(path)
    return found
