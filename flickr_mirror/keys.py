"""The API keys: what they are, and the file that keeps them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror import disk
from flickr_mirror.errors import KeysError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "flickr_keys"
FALLBACK_NAME = "flickr_key"


@dataclass(frozen=True, slots=True, repr=False)
class ApiKeys:
    """A Flickr API key and its secret; shown, it does not tell them."""

    consumer_key: str
    consumer_secret: str

    def __repr__(self) -> str:
        return "ApiKeys(consumer_key=***, consumer_secret=***)"


def read_keys(cache_path: Path) -> ApiKeys | None:
    """Return the keys saved below `cache_path`, or `None` where there are none.

    Raises `KeysError` where there is a file that holds no keys.
    """
    for name in (FILE_NAME, FALLBACK_NAME):
        path = cache_path / name
        try:
            content = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise KeysError(f"{path} cannot be read: {_why(error)}. Correct or remove it.") from None
        try:
            keys = json.loads(content)
            key, secret = keys["consumer_key"], keys["consumer_secret"]
            if not (isinstance(key, str) and isinstance(secret, str) and key.strip() and secret.strip()):
                raise TypeError
        except (ValueError, KeyError, TypeError, RecursionError):
            # from None: the error's context could show what is in the file
            raise KeysError(
                f'{path} is not JSON with "consumer_key" and "consumer_secret". Remove it, then run once '
                "with --save-api-keys to write it anew."
            ) from None
        return ApiKeys(key.strip(), secret.strip())
    return None


def save_keys(cache_path: Path, keys: ApiKeys) -> Path:
    """Save the keys for the user alone, and return where. Raises `CacheError`."""
    path = cache_path / FILE_NAME
    content = {"consumer_key": keys.consumer_key, "consumer_secret": keys.consumer_secret}
    disk.write_file(path, json.dumps(content, indent=2).encode() + b"\n", private=True)
    return path


def _why(error: Exception) -> str:
    return (error.strerror or "error") if isinstance(error, OSError) else "it is not text"
