"""Lookup of mirrors in a cache path, by name or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import PhotostreamError
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import FILE_NAME, STATE_FOLDER, owners, read_owner

if TYPE_CHECKING:
    from pathlib import Path


def find_mirror(root: Path, name: str) -> tuple[MirrorFolder, dict[str, Any]] | None:
    """Return the mirror with this folder name, NSID, username or requested name below `root`, and its owner."""
    if name and "/" not in name and (owner := read_owner(root / name)):
        return owned_mirror(root / name, owner), owner
    known = sorted(
        owners(root), key=lambda found: "source" in found[1]
    )  # an NSID is that of a photostream first
    for key in ("nsid", "username", "asked_for"):
        for folder, owner in known:
            if owner.get(key) == name:
                return owned_mirror(folder, owner), owner
    return None


def get_mirror(root: Path, name: str) -> tuple[MirrorFolder, dict[str, Any]]:
    """Return the mirror that `find_mirror` finds. Raises `PhotostreamError` if there is none."""
    if found := find_mirror(root, name):
        return found
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
