"""Mirrors by owner: the file that records whose mirror a folder is, and the names of the folders."""

from __future__ import annotations

import json
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pathvalidate import sanitize_filename

from flickr_mirror.errors import CacheError, CacheOwnerError
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.options import MAX_CACHE_DIRECTORY_DEPTH
from flickr_mirror.models.sources import TITLES
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE_FOLDER = ".flickr_mirror"
"""The folder inside a mirror for its owner, catalogue, lock and partial files."""
FILE_NAME = "owner.json"
FORMAT = 1
LIST_FORMAT = 2
"""The number of the format for the mirror of a list, which earlier versions must not take for a photostream."""
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
        return parse_owner(filesystem.read(path), path)
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise CacheError(f"{folder} is a file. Move it, or choose another --cache-path.", folder) from error
    except OSError as error:
        raise CacheError(
            f"Cannot read {path}: {error.strerror}. Check its owner and permissions.", path
        ) from error


def parse_owner(data: bytes, path: Path) -> dict[str, Any]:
    """Return the owner that the bytes of the file at `path` record. Raises `CacheError` if they are damaged."""
    folder = path.parent.parent
    try:
        owner = json.loads(data)
        if owner.pop("checksum", None) not in (None, filesystem.checksum(owner)):
            raise ValueError
        if owner["format"] > (LIST_FORMAT if "source" in owner else FORMAT):
            raise CacheError(
                f"{folder} was written by a newer version of flickr_mirror: update this one.", folder
            )
        if not (is_nsid(owner["nsid"]) and isinstance(owner["username"], str)) or (
            owner["depth"] not in range(MAX_CACHE_DIRECTORY_DEPTH + 1)
        ):
            raise ValueError
        if not _is_list_owner(owner.get("source", {"kind": "", "id": "", "url": ""})):
            raise ValueError
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


def _is_list_owner(source: object) -> bool:
    keys = ("kind", "id", "url")
    return isinstance(source, dict) and all(isinstance(source.get(key), str) for key in keys)


def write_owner(
    folder: Path,
    user: FlickrUser,
    *,
    asked_for: str,
    depth: int,
    partial_files: Path,
    source: dict[str, str] | None = None,
    store: str = "",
) -> None:
    """Write the owner of the mirror in `folder` durably, unless the file has the same content already.

    `asked_for` is the name that the user was requested by. `source` is the list that is mirrored, `None` for a
    photostream. `store` is the address of the bucket that has the photos, "" if they are in the folder. Raises
    `CacheError`.
    """
    data = owner_document(user, asked_for=asked_for, depth=depth, source=source, store=store)
    path = folder / STATE_FOLDER / FILE_NAME
    if filesystem.content(path) != data:
        filesystem.write_file(path, data, folder=partial_files, base=folder, private=True)
    filesystem.keep_private(path)


def owner_document(
    user: FlickrUser, *, asked_for: str, depth: int, source: dict[str, str] | None = None, store: str = ""
) -> bytes:
    """Return the bytes of the file that records the owner of a mirror; see `write_owner`."""
    owner: dict[str, Any] = {
        "format": FORMAT,
        "nsid": user.user_id,
        "username": user.username,
        "asked_for": asked_for,
        "depth": depth,
        **({"store": store} if store else {}),
    }
    if source is not None:
        owner |= {"format": LIST_FORMAT, "source": source}
    owner["checksum"] = filesystem.checksum(owner)
    return json.dumps(owner, ensure_ascii=False, indent=2).encode() + b"\n"


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


def photostreams(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield what `owners` yields, without the mirrors of lists."""
    return ((folder, owner) for folder, owner in owners(root) if "source" not in owner)


def find_folder(root: Path, user_id: str) -> Path | None:
    """Return the folder below `root` that mirrors the photostream of the account `user_id`, under any name."""
    return next((folder for folder, owner in photostreams(root) if owner["nsid"] == user_id), None)


def depth_error(folder: Path, depth: int, wanted: int | None) -> CacheError:
    """Return the error for a mirror whose files are not as deep as wanted."""
    return CacheError(
        f"{folder} has its files {depth} folders deep, not {wanted}: leave out --cache-directory-depth, or begin a new "
        "mirror in another --cache-path.",
        folder,
    )


def owner_error(folder: Path, nsid: str, user: FlickrUser) -> CacheOwnerError:
    """Return the error for a folder that is the mirror of the account `nsid`, and not of `user`."""
    return CacheOwnerError(
        f"{folder} is the mirror of the account {nsid}, but {user.username!r} is now the account {user.user_id}. "
        f"Nothing was changed. Mirror the first with --username {nsid}, the other into another --cache-path.",
        folder,
    )


def folder_name(user: FlickrUser) -> str:
    """Return the name of the user's folder: the username made safe for a file system.

    A changed name is followed by the NSID, so that two users never share a folder, and so is one that begins like the
    name of a list. Raises `ValueError` for an invalid NSID.

    >>> folder_name(FlickrUser("1@N01", "../../etc"))
    'etc (1@N01)'
    """
    if not is_nsid(user.user_id):
        raise ValueError(f"Invalid NSID {user.user_id!r}: use one such as 13476480@N07.")
    name = unicodedata.normalize("NFC", user.username)
    safe = safe_name(name)
    is_free = safe.casefold() not in RESERVED and not safe.casefold().startswith(TITLES)
    if safe and safe == name and is_free:
        return safe
    return f"{safe} ({user.user_id})" if safe else user.user_id


def safe_name(name: str) -> str:
    """Return a name without what a file system does not allow, and not longer than `MAX_NAME` bytes."""
    # invisible characters could reverse a line of a terminal, or make two names look alike
    visible = "".join(
        letter for letter in name if letter.isprintable() or unicodedata.category(letter) == "Zs"
    )
    safe = str(sanitize_filename(visible, platform="universal")).strip().lstrip(".-~ ")
    while len(safe.encode()) > MAX_NAME:
        safe = safe[:-1]
    return safe
