"""The API keys: what they are, and the files that keep them."""

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
LARGEST = 64 * 1024
"""A longer file, in bytes, holds no keys."""

logger = logging.getLogger("flickr_mirror")


@dataclass(frozen=True, slots=True, repr=False)
class ApiKeys:
    """A Flickr API key and its secret, and in words where they were kept; shown, it does not tell them."""

    consumer_key: str
    consumer_secret: str
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Raise `KeysError` for what cannot be sent."""
        try:
            f"{self.consumer_key}{self.consumer_secret}".encode()
        except UnicodeEncodeError:  # from None: the error holds what it is about
            raise KeysError("The API key or its secret is not UTF-8: copy both anew from Flickr.") from None

    def __repr__(self) -> str:
        return "ApiKeys(consumer_key=***, consumer_secret=***)"


def read_keys(cache_path: Path) -> ApiKeys | None:
    """Return the keys saved below `cache_path`, or `None` where there are none.

    A file that others could read is made private, and the log says so. Raises `KeysError` where there is a
    file that holds no keys, or that may be somebody else's.
    """
    for name in (FILE_NAME, FALLBACK_NAME):
        path = cache_path / name
        try:
            content = _read_private(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            # that of a link is "Too many levels of symbolic links"
            why = "it is a link" if error.errno == errno.ELOOP else error.strerror
            raise KeysError(f"{path} cannot be read: {why}. Correct or remove it.") from None
        return parse_keys(
            content, str(path), "Remove it, then run once with --save-api-keys to write it anew."
        )
    return None


def read_credentials(folder: Path) -> ApiKeys | None:
    """Return the keys that the service manager hands to this process in a folder, `None` where there are none.

    Who may read them is its business. Raises `KeysError` where the file there holds no keys.
    """
    path = folder / FILE_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            content = os.read(descriptor, LARGEST)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}. Correct this credential.") from None
    return parse_keys(content, str(path), "Correct this credential.")


def parse_keys(content: bytes | str, origin: str, advice: str) -> ApiKeys:
    """Return the keys that JSON from this `origin` holds. Raises `KeysError`, with what to do."""
    try:
        keys = json.loads(content)
        key, secret = keys["consumer_key"], keys["consumer_secret"]
        if not (isinstance(key, str) and isinstance(secret, str) and key.strip() and secret.strip()):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        # from None: the error's context could show what is in there
        raise KeysError(f'{origin} is not JSON with "consumer_key" and "consumer_secret". {advice}') from None
    return ApiKeys(key.strip(), secret.strip(), origin)


def as_json(keys: ApiKeys) -> str:
    """Return keys as they are kept."""
    return json.dumps({"consumer_key": keys.consumer_key, "consumer_secret": keys.consumer_secret}, indent=2)


def save_keys(cache_path: Path, keys: ApiKeys) -> Path:
    """Save the keys for the user alone, and return where. Raises `CacheError`."""
    path = cache_path / FILE_NAME
    filesystem.write_file(path, f"{as_json(keys)}\n".encode(), private=True)
    return path


def remove_keys(cache_path: Path) -> list[Path]:
    """Remove the keys saved below `cache_path`, under both names; return what was removed. Raises `CacheError`."""
    found = [path for name in (FILE_NAME, FALLBACK_NAME) if os.path.lexists(path := cache_path / name)]
    for path in found:
        filesystem.remove(path)
    return found


def _read_private(path: Path) -> bytes:
    # a link could lead to anybody's file, and the opening of a pipe would wait for ever
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeysError(f"{path} cannot be read: it is no file. Remove it.")
        if status.st_uid not in (os.geteuid(), 0):  # root may read and change every file anyway
            raise KeysError(
                f"{path} belongs to another user (number {status.st_uid}). Make it yours with chown, or remove it."
            )
        if status.st_size > LARGEST:
            raise KeysError(f"{path} is too long to hold keys. Remove it.")
        if status.st_mode & 0o077:
            _make_private(path, descriptor, stat.S_IMODE(status.st_mode))
        return os.read(descriptor, LARGEST)
    finally:
        os.close(descriptor)


def _make_private(path: Path, descriptor: int, mode: int) -> None:
    try:
        os.fchmod(descriptor, 0o600)
    except OSError:  # root's file, or a file system that knows no rights
        mended = False
    else:
        mended = not os.fstat(descriptor).st_mode & 0o077
    logger.warning(
        "Other users of this machine could read the API keys in %s (mode %o). %s",
        path,
        mode,
        "It is readable by you alone now."
        if mended
        else "This cannot be mended here: keep them in FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET instead.",
    )
