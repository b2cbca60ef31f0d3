"""The API keys, and the files that hold them."""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.errors import KeysError
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "flickr_keys"
FALLBACK_NAME = "flickr_key"
MAX_SIZE = 64 * 1024
"""The largest key file in bytes."""

logger = logging.getLogger("flickr_mirror")


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
        try:
            content = _read_private(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            # the system's message for a link is "Too many levels of symbolic links"
            why = "it is a link" if error.errno == errno.ELOOP else error.strerror
            raise KeysError(f"{path} cannot be read: {why}. Correct or remove it.") from None
        return parse_keys(
            content, str(path), "Remove it, then run with --save-api-keys to save the keys again."
        )
    return None


def read_credentials(folder: Path) -> ApiKeys | None:
    """Return the keys that the service manager puts into a folder for this process; `None` if there are none.

    Its permissions are not checked. Raises `KeysError` if the file holds no keys.
    """
    path = folder / FILE_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            content = os.read(descriptor, MAX_SIZE)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}. Correct this credential.") from None
    return parse_keys(content, str(path), "Correct this credential.")


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


def _read_private(path: Path) -> bytes:
    # a link could point to another user's file, and opening a named pipe would block
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeysError(f"{path} cannot be read: it is not a file. Remove it.")
        if status.st_uid not in (os.geteuid(), 0):  # root may read and change every file
            raise KeysError(
                f"{path} belongs to another user (number {status.st_uid}). Change its owner with chown, or remove it."
            )
        if status.st_size > MAX_SIZE:
            raise KeysError(f"{path} is too large for a key file. Remove it.")
        if status.st_mode & 0o077:
            _make_private(path, descriptor, stat.S_IMODE(status.st_mode))
        return os.read(descriptor, MAX_SIZE)
    finally:
        os.close(descriptor)


def _make_private(path: Path, descriptor: int, mode: int) -> None:
    try:
        os.fchmod(descriptor, 0o600)
    except OSError:  # root's file, or a file system without permissions
        is_private = False
    else:
        is_private = not os.fstat(descriptor).st_mode & 0o077
    logger.warning(
        "Other users of this machine could read the API keys in %s (mode %o). %s",
        path,
        mode,
        "It is now readable by you alone."
        if is_private
        else "Its mode cannot be changed here: use FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET instead.",
    )
