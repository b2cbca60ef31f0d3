"""Which file belongs to which photo: the folder of one mirror, its sharding, its information files."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from pathvalidate import sanitize_filename

from flickr_mirror.errors import CacheError, CacheOwnerError, PlaceTakenError
from flickr_mirror.models.identifiers import inventory_number, is_nsid
from flickr_mirror.models.options import DEFAULT_CACHE_DIRECTORY_DEPTH, MAX_CACHE_DIRECTORY_DEPTH
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.directories import link_error
from flickr_mirror.storage.partial_file import GroupCommitter, open_partial_file
from flickr_mirror.storage.sidecar import is_up_to_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.partial_file import PartialFile

STATE_FOLDER = ".flickr_mirror"
"""Inside a mirror's folder: whose it is, the catalogue, the lock, and files that are not whole yet."""
LAST_RUN = "last-run.json"
"""The summary of the last run, in the state folder."""
FORMAT = 1
RESERVED = {"flickr_keys", "flickr_key", "api_calls"}
"""What else stands beside the mirrors' folders."""
_NAME = re.compile("[0-9a-f]{32}")
_MANY_COMMENTS = 1000  # on one photo: to write them as JSON takes longer than the event loop may stand still
MAX_NAME = 100
"""The longest folder name in bytes: file systems stop at 255, some at 143."""


class MirrorFolder:
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
        self.keeper = GroupCommitter()

    @staticmethod
    def of(root: Path, user: FlickrUser, depth: int | None) -> MirrorFolder:
        """Return the cache of `user` below `root`, whatever the user's name was when it was begun.

        Nothing is written. `depth` is for a new mirror; `None` takes the mirror's own, else 4. Raises
        `CacheOwnerError` where the user's folder belongs to another account, `CacheError` where the mirror
        has another depth.
        """
        folder = find_folder(root, user.user_id) or root / folder_name(user)
        _refuse_links(folder)
        owner = read_owner(folder)
        if owner is None:
            if depth is None:
                found = _depth_of(folder) if folder.is_dir() else None
                depth = DEFAULT_CACHE_DIRECTORY_DEPTH if found is None else found
            return MirrorFolder(folder, depth, is_new=True)
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
        return MirrorFolder(folder, owner["depth"])

    def prepare(self, user: FlickrUser, asked_for: str) -> None:
        """Write down whose mirror this is, and make its folders; to be called under the lock.

        `asked_for` is how the user was named. Raises `CacheError`.
        """
        _refuse_links(self.folder)  # Flickr was asked since `of`
        filesystem.check_writable(self.parts, self.folder)
        filesystem.sweep(self.parts, self.folder)
        filesystem.sweep(self.state, self.folder)
        owner = {
            "format": FORMAT,
            "nsid": user.user_id,
            "username": user.username,
            "asked_for": asked_for,
            "depth": self.depth,
        }
        path, data = self.state / "owner.json", _json({**owner, "checksum": filesystem.checksum(owner)})
        if _content(path) != data:
            filesystem.write_file(path, data, folder=self.parts, top=self.folder, private=True)
        filesystem.keep_private(path)

    def path(self, photo_id: str, extension: str) -> Path:
        """Return where the file of a photo with this extension is kept. Raises `ValueError` for a bad extension."""
        # it may come from a catalogue that somebody tampered with
        if not (extension.isascii() and extension.isalnum()):
            raise ValueError(f"{extension!r} is no extension of a file.")
        number = inventory_number(photo_id)
        return self.folder.joinpath(*number[: self.depth], f"{number}.{extension}")

    def check_place(self, photo_id: str) -> None:
        """Raise `PlaceTakenError` where the information of another photo has the name that is this one's."""
        info = self.read_info(photo_id)
        facts = info.get("flickr") if info else None
        owner = facts.get("id") if isinstance(facts, dict) else None
        if owner not in (None, photo_id):
            path = self.path(photo_id, "json")
            raise PlaceTakenError(f"{path} is of photo {owner}, whose files have the same name.", path)

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
                filesystem.remove(path, self.folder)

    def files(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the names (inventory numbers) of photos that have files, and the extensions of these.

        Links are not followed. What cannot be read is passed over.
        """
        yield from _files(self.folder, self.depth)

    def extensions_of(self, photo_id: str) -> list[str]:
        """Return the extensions of the files that a photo has in its folder.

        None where the files of that name are another photo's. Links do not count.
        """
        try:
            self.check_place(photo_id)
        except PlaceTakenError:
            return []
        path = self.path(photo_id, "json")
        return dict(_files(path.parent, 0)).get(path.stem, [])

    def link_before(self, path: Path) -> Path | None:
        """Return the folder on the way to a file that is a link, where there is one."""
        between = path.parents[: self.depth]
        return next((folder for folder in between if folder.is_symlink()), None)

    def quarantine(self, path: Path) -> None:
        """Move a broken file out of the mirror, where it can be looked at. Raises `CacheError`."""
        filesystem.move(path, _free(self.state / "broken" / path.name))

    def throw_away(self, photo_id: str, extension: str) -> bool:
        """Move a file of a photo to the trash, where it can be taken back from; return whether there was one.

        Raises `CacheError`.
        """
        path = self.path(photo_id, extension)
        return filesystem.move(path, _free(self.state / "trash" / path.relative_to(self.folder)))

    def read_info(self, photo_id: str) -> dict[str, Any] | None:
        """Return the photo's information as it is on disk; `None` where it is missing, a link or unreadable."""
        try:
            info = json.loads(filesystem.read(self.path(photo_id, "json")))
        except (OSError, ValueError, RecursionError):
            return None
        return info if isinstance(info, dict) else None

    async def write_info(
        self, photo_id: str, info: dict[str, Any], *, is_there: bool = True
    ) -> tuple[Path, bytes]:
        """Write the photo's sidecar file durably; return its path and its bytes.

        A file that is up to date is left as it is; its own bytes are returned then.

        `is_there` is whether there may be one. Raises `PlaceTakenError` where the file is of another photo, and
        `CacheError`.
        """
        path = self.path(photo_id, "json")
        is_long = len(info.get("comments", ())) > _MANY_COMMENTS
        data = await to_thread.run_sync(_json, info) if is_long else _json(info)
        if is_there and (stored := await to_thread.run_sync(self._stored_durably, path, info, data)):
            return path, stored
        async with self.partial_file() as part:
            await part.write(data)
            await part.commit(path, partial(self.check_place, photo_id))
        return path, data

    def partial_file(self) -> AbstractAsyncContextManager[PartialFile]:
        """Begin a file, which is kept in the mirror together with others; see `partial_file.open_partial_file`."""
        return open_partial_file(self.parts, self.keeper, self.folder)

    def _stored_durably(self, path: Path, info: dict[str, Any], data: bytes) -> bytes | None:
        """Return the bytes of a sidecar file that is up to date, made durable; `None` if it must be written."""
        stored = _up_to_date(path, info, data)
        if stored is not None:
            self.make_durable(path)
        return stored

    def make_durable(self, path: Path, *beside: str) -> None:
        """Let no loss of power take a file that was found in the mirror, and those `beside` it.

        To be called before the catalogue claims them. Raises `CacheError`.
        """
        filesystem.make_durable(path.parent, [path.name, *beside], self.folder)


def _refuse_links(folder: Path) -> None:
    state = folder / STATE_FOLDER
    for path in (state, state / "parts", state / "catalogue.sqlite"):
        if path.is_symlink():
            raise link_error(path)


def _free(target: Path) -> Path:
    """Return a name beside `target` that nothing has yet."""
    free, earlier = target, 0
    while os.path.lexists(free):
        earlier += 1
        free = target.with_name(f"{target.stem}.{earlier}{target.suffix}")
    return free


def _depth_of(folder: Path) -> int | None:
    """Return how deep the files of a mirror are, where there is one, but nothing that says so."""
    for depth in range(MAX_CACHE_DIRECTORY_DEPTH + 1):
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
        if any(_NAME.fullmatch(entry.name.partition(".")[0]) for entry in entries):
            return depth
        folders = [entry.path for entry in entries if len(entry.name) == 1 and entry.is_dir()]
        if not folders:
            return None
        folder = Path(folders[0])
    return None


def _files(folder: Path, depth: int) -> Iterator[tuple[str, list[str]]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if depth:
        for entry in entries:
            if len(entry.name) == 1 and entry.is_dir(follow_symlinks=False):
                yield from _files(folder / entry.name, depth - 1)
        return
    found: dict[str, list[str]] = {}
    for entry in entries:
        name, _, extension = entry.name.rpartition(".")
        if _NAME.fullmatch(name) and entry.is_file(follow_symlinks=False):
            found.setdefault(name, []).append(extension)
    yield from found.items()


def _up_to_date(path: Path, info: dict[str, Any], data: bytes) -> bytes | None:
    stored = _content(path)
    with suppress(ValueError, RecursionError):
        if stored is None or stored == data or is_up_to_date(json.loads(stored), info):
            return stored
    return None


def _content(path: Path) -> bytes | None:
    try:
        return None if path.is_symlink() else path.read_bytes()
    except OSError:
        return None


def read_owner(folder: Path) -> dict[str, Any] | None:
    """Return whose mirror is in `folder`; `None` where there is none.

    Raises `CacheError` where that cannot be read, because writing into a stranger's mirror would mix two.
    """
    path = folder / STATE_FOLDER / "owner.json"
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
        raise CacheError(
            f"{folder} is a file: move it away, or choose another --cache-path.", folder
        ) from error
    except OSError as error:
        raise CacheError(
            f"{path}: {error.strerror}. Check that it is yours and can be read.", path
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
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


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
