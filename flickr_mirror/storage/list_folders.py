"""The folders of mirrors of lists, such as `favorites of manhhai`, found by the list that their owner file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.options import DEFAULT_CACHE_DIRECTORY_DEPTH
from flickr_mirror.storage.folder_scan import find_depth
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import depth_error, owners, read_owner, safe_name

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.sources import Source


def list_folder(root: Path, source: Source, depth: int | None) -> MirrorFolder:
    """Return the mirror of a list below `root`, also if its account or group was renamed. Writes nothing.

    `depth` is for a new mirror; `None` uses the depth of the existing mirror, or else 4. Raises `CacheError` if the
    mirror has another depth, or if its owner file cannot be read.
    """
    known = {"kind": str(source.kind), "id": source.id, "url": source.address.url}
    folder = _find(root, source) or _new_folder(root, source)
    if owner := read_owner(folder):
        if depth not in (None, owner["depth"]):
            raise depth_error(folder, owner["depth"], depth)
        return MirrorFolder(folder, owner["depth"], source=known, address=owner.get("store", ""))
    if depth is None:
        found = find_depth(folder) if folder.is_dir() else None  # the owner file can be lost
        depth = DEFAULT_CACHE_DIRECTORY_DEPTH if found is None else found
    return MirrorFolder(folder, depth, is_new=True, source=known)


def _find(root: Path, source: Source) -> Path | None:
    for folder, owner in owners(root):
        found = owner.get("source", {})
        if (found.get("kind"), found.get("id")) == (source.kind, source.id):
            return folder
    return None


def _new_folder(root: Path, source: Source) -> Path:
    name = safe_name(source.title)
    if name != source.title or read_owner(root / name):
        name = f"{name} ({source.id})"
    return root / name
