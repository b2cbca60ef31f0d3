"""Mirrors by owner: the file that records whose mirror a folder is, and the names of the folders."""

from __future__ import annotations

import json
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pathvalidate import sanitize_filename

from flickr_mirror.errors import CacheError
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.options import MAX_CACHE_DIRECTORY_DEPTH
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE_FOLDER = ".flickr_mirror"
"""The folder inside a mirror for its owner, catalogue, lock and partial files."""
FILE_NAME = "owner.json"
FORMAT = 1
RESERVED = {"flickr_keys", "flickr_key", "flickr_tokens", "api_calls"}
"""Names of other files in the cache path, which no mirror's folder may have."""
MAX_NAME = 100
"""The longest folder name in bytes. File systems allow 255, some only 143."""


def read_owner(folder: Path) -> dict[str, Any] | None:
    """Return the owner of the mirror in `folder`, or `None` if it is not a mirror.

    Raises `CacheError` if the file cannot be read, because a run would then mix two photostreams in one folder.
    """
    path = folder / STATE_FOLDER / FILE_NAME
    try:
        owner = json.loads(filesystem.read(path))
        if owner.pop("checksum", None) not in (None, filesystem.checksum(owner)):
            raise ValueError
        if owner["format"] > FORMAT:
            raise CacheError(
                f"{folder} was written by a newer version of flickr_mirror: update this one.", folder
            )
        if not (is_nsid(owner["nsid"]) and isinstance(owner["username"], str)) or (
            owner["depth"] not in range(MAX_CACHE_DIRECTORY_DEPTH + 1)
        ):
            raise ValueError
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise CacheError(f"{folder} is a file. Move it, or choose another --cache-path.", folder) from error
    except OSError as error:
        raise CacheError(
            f"Cannot read {path}: {error.strerror}. Check its owner and permissions.", path
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CacheError(
            f"{path} is damaged: it does not name the owner of this mirror. Move it; the next run writes it again.",
            path,
        ) from error
    return dict(owner)


def owner_of(folder: Path) -> FlickrUser:
    """Return the account that the mirror in `folder` is of. Raises `CacheError`, also if it is not a mirror."""
    owner = read_owner(folder)
    if owner is None:
        raise CacheError(f"{folder} is not a mirror.", folder)
    return FlickrUser(owner["nsid"], owner["username"])


def write_owner(folder: Path, user: FlickrUser, *, asked_for: str, depth: int, partial_files: Path) -> None:
    """Write the owner of the mirror in `folder` durably, unless the file has the same content already.

    `asked_for` is the name that the user was requested by. Raises `CacheError`.
    """
    owner: dict[str, Any] = {
        "format": FORMAT,
        "nsid": user.user_id,
        "username": user.username,
        "asked_for": asked_for,
        "depth": depth,
    }
    owner["checksum"] = filesystem.checksum(owner)
    data = json.dumps(owner, ensure_ascii=False, indent=2).encode() + b"\n"
    path = folder / STATE_FOLDER / FILE_NAME
    if filesystem.content(path) != data:
        filesystem.write_file(path, data, folder=partial_files, base=folder, private=True)
    filesystem.keep_private(path)


def owners(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the folder and the owner of each mirror directly below `root`, except those that cannot be read."""
    try:
        folders = sorted(path for path in root.iterdir() if path.is_dir())
    except OSError:
        return
    for folder in folders:
        with suppress(CacheError):
            if owner := read_owner(folder):
                yield folder, owner


def find_folder(root: Path, user_id: str) -> Path | None:
    """Return the folder below `root` that mirrors the account `user_id`, under any name."""
    return next((folder for folder, owner in owners(root) if owner["nsid"] == user_id), None)


def folder_name(user: FlickrUser) -> str:
    """Return the name of the user's folder: the username made safe for a file system.

    A changed name is followed by the NSID, so that two users never share a folder. Raises `ValueError` for an
    invalid NSID.

    >>> folder_name(FlickrUser("1@N01", "../../etc"))
    'etc (1@N01)'
    """
    if not is_nsid(user.user_id):
        raise ValueError(f"Invalid NSID {user.user_id!r}: use one such as 13476480@N07.")
    name = unicodedata.normalize("NFC", user.username)
    # invisible characters could reverse a line of a terminal, or make two names look alike
    visible = "".join(
        letter for letter in name if letter.isprintable() or unicodedata.category(letter) == "Zs"
    )
    safe = str(sanitize_filename(visible, platform="universal")).strip().lstrip(".-~ ")
    while len(safe.encode()) > MAX_NAME:
        safe = safe[:-1]
    if safe and safe == name and safe.casefold() not in RESERVED:
        return safe
    return f"{safe} ({user.user_id})" if safe else user.user_id
