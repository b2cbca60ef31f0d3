"""Lookup of mirrors in a cache path, by name or all of them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import PhotostreamError
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import FILE_NAME, STATE_FOLDER, owners, read_owner

if TYPE_CHECKING:
    from pathlib import Path


def find_mirror(root: Path, name: str) -> tuple[MirrorFolder, dict[str, Any]] | None:
    """Return the mirror with this folder name, NSID, username or requested name below `root`, and its owner."""
    for folder, owner in _matches(root, name):
        return owned_mirror(folder, owner), owner
    return None


def _matches(root: Path, name: str) -> list[tuple[Path, dict[str, Any]]]:
    """Return the mirrors that a name stands for: several if copies of a mirror, or namesakes, are beside each other."""
    if name and "/" not in name and (owner := read_owner(root / name)):
        return [(root / name, owner)]
    known = list(owners(root))
    for key in ("nsid", "username", "asked_for"):
        for is_list in (False, True):  # an NSID is that of a photostream first
            found = [
                (folder, owner)
                for folder, owner in known
                if owner.get(key) == name and ("source" in owner) == is_list
            ]
            if found:
                return found
    return []


def get_mirror(root: Path, name: str) -> tuple[MirrorFolder, dict[str, Any]]:
    """Return the mirror that `find_mirror` finds. Raises `PhotostreamError` if there is none, or more than one."""
    found = _matches(root, name)
    if len(found) > 1:
        folders = " and ".join(repr(folder.name) for folder, _ in found)
        raise PhotostreamError(
            f"{root} has {len(found)} mirrors of {name!r}, in the folders {folders}: choose one by the name of its "
            f"folder, such as --username {shlex.quote(found[0][0].name)}."
        )
    for folder, owner in found:
        return owned_mirror(folder, owner), owner
    if there := ", ".join(repr(owner["username"]) for _, owner in owners(root)):
        raise PhotostreamError(f"There is no mirror of {name!r} in {root}; there are: {there}.")
    raise PhotostreamError(f"There is no mirror of {name!r} in {root}. {_advice(root)}")


def mirror_folders(root: Path) -> list[str]:
    """Return the names of the mirrors' folders below `root`, including those whose owner file is damaged.

    Raises `OSError`.
    """
    try:
        return sorted(path.name for path in root.iterdir() if (path / STATE_FOLDER / FILE_NAME).exists())
    except FileNotFoundError:
        return []


def all_mirrors(root: Path) -> list[str]:
    """Return the names of the mirrors' folders below `root`.

    Raises `PhotostreamError` if there are none, `CacheError` if `root` cannot be read.
    """
    with disk_errors(root):
        found = mirror_folders(root)
    if found:
        return found
    raise PhotostreamError(f"There is no mirror in {root}. {_advice(root)}")


def only_mirror(root: Path) -> str:
    """Return the folder name of the only mirror below `root`. Raises `PhotostreamError` if there are more."""
    names = all_mirrors(root)
    if len(names) > 1:
        there = ", ".join(map(repr, names))
        raise PhotostreamError(f"{root} has several mirrors: choose one of {there}.")
    return names[0]


def owned_mirror(folder: Path, owner: dict[str, Any]) -> MirrorFolder:
    """Return the mirror in a folder with this owner file."""
    return MirrorFolder(folder, owner["depth"], source=owner.get("source"), address=owner.get("store", ""))


def _advice(root: Path) -> str:
    """Return advice on where to find mirrors outside of `root`, and how to begin one."""
    if (root / STATE_FOLDER).exists():
        return f"The folder is a mirror itself: use --cache-path {root.parent}."
    missing = "" if root.exists() else "That folder does not exist. "
    return (
        f"{missing}If it is in another folder, name that with --cache-path, such as --cache-path flickr_demo after "
        "`mirror_flickr demo`. To begin a mirror, run `mirror_flickr --username NAME`."
    )
