"""Which file belongs to which photo: the folder of one mirror, its sharding, its information files."""

from __future__ import annotations

import json
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pathvalidate import sanitize_filename

from flickr_mirror import disk
from flickr_mirror.errors import CacheError, CacheOwnerError
from flickr_mirror.languages import Label, Locale
from flickr_mirror.models import FlickrComment, inventory_number, is_nsid
from flickr_mirror.options import DEFAULT_CACHE_DIRECTORY_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flickr_mirror.models import FlickrPhoto, FlickrPhotoSize, FlickrUser

STATE_FOLDER = ".flickr_mirror"
"""Inside a mirror's folder: whose it is, the catalogue, the lock, and files that are not whole yet."""
FORMAT = 1
RESERVED = {"flickr_keys", "flickr_key", "api_calls"}
"""What else stands beside the mirrors' folders."""
MAX_NAME = 100
"""The longest folder name in bytes: file systems stop at 255, some at 143."""


class PhotoCache:
    """The folder that holds the photostream of one user.

    `<root>/<username>/<h0>/<h1>/<h2>/<h3>/<h>.<ext>`, where h is the photo's inventory number.
    """

    def __init__(self, folder: Path, depth: int, *, is_new: bool = False) -> None:
        self.folder = folder
        self.depth = depth
        self.is_new = is_new
        """Whether nobody's photostream was mirrored here yet."""
        self.is_empty = not (folder.is_dir() and any(folder.iterdir()))
        """Whether there was no file at all in the folder."""
        self.state = folder / STATE_FOLDER
        self.parts = self.state / "parts"
        self.lock = self.state / "lock"
        self.catalogue = self.state / "catalogue.sqlite"

    @staticmethod
    def of(root: Path, user: FlickrUser, depth: int | None) -> PhotoCache:
        """Return the cache of `user` below `root`, whatever the user's name was when it was begun.

        Nothing is written. `depth` is for a new mirror; `None` takes the mirror's own, else 4. Raises
        `CacheOwnerError` where the user's folder belongs to another account, `CacheError` where the mirror
        has another depth.
        """
        folder = find_folder(root, user.user_id) or root / folder_name(user)
        owner = read_owner(folder)
        if owner is None:
            if depth is None:
                depth = DEFAULT_CACHE_DIRECTORY_DEPTH
            return PhotoCache(folder, depth, is_new=True)
        if owner["nsid"] != user.user_id:
            raise CacheOwnerError(
                f"{folder} is the mirror of the account {owner['nsid']}, but {user.username!r} is now the "
                f"account {user.user_id}. Nothing was changed. Mirror the first with --username "
                f"{owner['nsid']}, the other into another --cache-path.",
                folder,
            )
        if depth is not None and depth != owner["depth"]:
            raise CacheError(
                f"{folder} has its files {owner['depth']} folders deep, not {depth}: leave out "
                "--cache-directory-depth, or begin a new mirror in another --cache-path.",
                folder,
            )
        return PhotoCache(folder, owner["depth"])

    def prepare(self, user: FlickrUser, asked_for: str) -> None:
        """Write down whose mirror this is, and make its folders; to be called under the lock.

        `asked_for` is how the user was named. Raises `CacheError`.
        """
        disk.check_writable(self.parts)
        disk.sweep(self.parts)
        disk.sweep(self.state)
        owner = {
            "format": FORMAT,
            "nsid": user.user_id,
            "username": user.username,
            "asked_for": asked_for,
            "depth": self.depth,
        }
        if read_owner(self.folder) != owner:
            disk.write_file(self.state / "owner.json", _json(owner), folder=self.parts)

    def path(self, photo_id: str, extension: str) -> Path:
        """Return where the file of a photo with this extension is kept. Raises `ValueError` for a bad extension."""
        # it may come from a catalogue that somebody tampered with
        if not (extension.isascii() and extension.isalnum()):
            raise ValueError(f"{extension!r} is no extension of a file.")
        number = inventory_number(photo_id)
        return self.folder.joinpath(*number[: self.depth], f"{number}.{extension}")

    def find(self, photo_id: str, extensions: Sequence[str]) -> Path | None:
        """Return the photo's file with one of these extensions, where there is one (links do not count)."""
        for extension in extensions:
            path = self.path(photo_id, extension)
            if path.is_file() and not path.is_symlink():
                return path
        return None

    def remove_others(self, photo_id: str, kept: Path, extensions: Sequence[str]) -> None:
        """Remove the photo's older file where the new one, which is durable by now, has another extension.

        Raises `CacheError`.
        """
        for extension in extensions:
            path = self.path(photo_id, extension)
            if path != kept:
                disk.remove(path)

    def set_aside(self, path: Path) -> None:
        """Move a broken file out of the mirror, where it can be looked at. Raises `CacheError`."""
        disk.move(path, self.state / "broken" / path.name)

    def throw_away(self, photo_id: str, extension: str) -> bool:
        """Move a file of a photo to the trash, where it can be taken back from; return whether there was one.

        Raises `CacheError`.
        """
        path = self.path(photo_id, extension)
        target = self.state / "trash" / path.relative_to(self.folder)
        earlier = 0
        while target.exists():
            earlier += 1
            target = target.with_name(f"{path.stem}.{earlier}{path.suffix}")
        return disk.move(path, target)

    def read_info(self, photo_id: str) -> dict[str, Any] | None:
        """Return the photo's information as it is on disk; `None` where it is missing or unreadable."""
        try:
            info = json.loads(self.path(photo_id, "json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return info if isinstance(info, dict) else None

    def write_info(self, photo_id: str, info: dict[str, Any]) -> Path:
        """Write the photo's information durably, and return where. An equal file is left as it is."""
        path = self.path(photo_id, "json")
        if self.read_info(photo_id) != info:
            disk.write_file(path, _json(info), folder=self.parts)
        return path


def read_owner(folder: Path) -> dict[str, Any] | None:
    """Return whose mirror is in `folder`; `None` where there is none.

    Raises `CacheError` where that cannot be read, because writing into a stranger's mirror would mix two.
    """
    path = folder / STATE_FOLDER / "owner.json"
    try:
        owner = json.loads(path.read_bytes())
        if owner["format"] > FORMAT:
            raise CacheError(
                f"{folder} was written by a newer version of flickr_mirror: update this one.", folder
            )
        if not (isinstance(owner["nsid"], str) and isinstance(owner["username"], str)) or not isinstance(
            owner["depth"], int
        ):
            raise TypeError
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise CacheError(
            f"{folder} is a file: move it away, or choose another --cache-path.", folder
        ) from error
    except OSError as error:
        raise CacheError(
            f"{path}: {error.strerror}. Check that it is yours and can be read.", path
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CacheError(
            f"{path} does not say whose mirror this is. Move it away to let the next run write it anew.", path
        ) from error
    return dict(owner)


def owners(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the mirrors directly below `root` and whose they are; what cannot be read is passed over."""
    try:
        folders = sorted(path for path in root.iterdir() if path.is_dir())
    except OSError:
        return
    for folder in folders:
        with suppress(CacheError):
            if owner := read_owner(folder):
                yield folder, owner


def find_folder(root: Path, user_id: str) -> Path | None:
    """Return the folder below `root` that mirrors the account `user_id`, whatever it is called."""
    return next((folder for folder, owner in owners(root) if owner["nsid"] == user_id), None)


def folder_name(user: FlickrUser) -> str:
    """Return the name of the user's folder: the username made safe for a file system.

    A name that had to be changed is followed by the NSID, so that two names never share a folder. Raises
    `ValueError` for an NSID that is none.

    >>> folder_name(FlickrUser("1@N01", "../../etc"))
    'etc (1@N01)'
    """
    if not is_nsid(user.user_id):
        raise ValueError(f"{user.user_id!r} is no NSID, such as 13476480@N07.")
    name = unicodedata.normalize("NFC", user.username)
    # what cannot be seen could turn a line of a terminal around, or make two names look alike
    visible = "".join(
        letter for letter in name if letter.isprintable() or unicodedata.category(letter) == "Zs"
    )
    safe = str(sanitize_filename(visible, platform="universal")).strip().lstrip(".-~ ")
    while len(safe.encode()) > MAX_NAME:
        safe = safe[:-1]
    if safe and safe == name and safe.casefold() not in RESERVED:
        return safe
    return f"{safe} ({user.user_id})" if safe else user.user_id


def info_document(
    photo: FlickrPhoto,
    user: FlickrUser,
    size: FlickrPhotoSize | None,
    *,
    title: Label,
    description: Label | None,
    comments: list[tuple[FlickrComment, Label]] | None,
) -> dict[str, Any]:
    """Return a photo's information in the specification's shape; what goes beyond it is under `flickr`.

    Parts that are `None` are left out: which are there tells the information level. Nothing in it changes
    by itself, so equal photos have equal files.
    """
    facts = photo.facts
    document: dict[str, Any] = {"title": _label(title)}
    if description is not None:
        document["description"] = _label(description)
    more: dict[str, Any] = {
        "id": photo.id,
        "owner": {"nsid": user.user_id, "username": user.username},
        "url": f"https://www.flickr.com/photos/{user.user_id}/{photo.id}/",
        "license": facts.license,
        "tags": facts.tags.split(),
        "machine_tags": facts.machine_tags.split(),
        "dates": {
            "uploaded": facts.uploaded,
            "taken": None if facts.taken_unknown else facts.taken,
            "taken_granularity": facts.taken_granularity,
        },
        "geo": None
        if facts.latitude is None
        else {"latitude": facts.latitude, "longitude": facts.longitude, "accuracy": facts.accuracy},
        "media": facts.media,
        "rotation": facts.rotation,
        "size": size and {"label": size.label, "width": size.width, "height": size.height},
    }
    if comments is not None:
        document["comments"] = [_label(label) for _, label in comments]
        more["comments"] = [
            {"id": comment.id, "author": comment.author, "date": comment.date} for comment, _ in comments
        ]
    return {**document, "flickr": more}


def info_level_of(info: dict[str, Any] | None) -> int:
    """Return the level of an information file, which its parts tell: 0 to 2, or -1 where there is none."""
    return -1 if info is None else 2 if "comments" in info else 1 if "description" in info else 0


def stored_comments(info: dict[str, Any] | None) -> list[tuple[FlickrComment, Label]] | None:
    """Return the comments in an information file, as far as they are there and well-formed."""
    try:
        texts, facts = info["comments"], info["flickr"]["comments"]  # type: ignore[index]
        return [
            (
                FlickrComment(fact["id"], fact["author"], fact["date"], text["content"]),
                Label(text["content"], Locale.from_string(text["locale"])),
            )
            for text, fact in zip(texts, facts, strict=True)
        ]
    except (KeyError, TypeError, ValueError):
        return None


def _label(label: Label) -> dict[str, str]:
    return {"content": label.content, "locale": str(label.locale)}


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
