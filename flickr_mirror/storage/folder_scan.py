"""Listings of the files in a mirror's folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError
from flickr_mirror.models.options import MAX_CACHE_DIRECTORY_DEPTH
from flickr_mirror.storage.disk_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

_INVENTORY_NUMBER = re.compile("[0-9a-f]{32}")


def list_files(folder: Path, depth: int) -> Iterator[dict[str, Path]]:
    """Yield the paths of each photo's files by extension, for photos `depth` folders below `folder`.

    Links and unreadable folders are skipped.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if depth:
        for entry in entries:
            if len(entry.name) == 1 and entry.is_dir(follow_symlinks=False):
                yield from list_files(folder / entry.name, depth - 1)
        return
    found: dict[str, dict[str, Path]] = {}
    for entry in entries:
        name, _, extension = entry.name.rpartition(".")
        if _INVENTORY_NUMBER.fullmatch(name) and entry.is_file(follow_symlinks=False):
            found.setdefault(name, {})[extension] = folder / entry.name
    yield from found.values()


def list_entries(folder: Path, base: Path) -> list[tuple[Path, int]]:
    """Return the files and links in a folder of the mirror `base`, with their sizes; none if it does not exist.

    Raises `CacheError` if the folder cannot be read or if a folder below `base` is a link.
    """
    way = [folder, *folder.parents]
    for place in way[: way.index(base)]:
        if place.is_symlink():
            raise CacheError(
                f"{place} is a link, which is not followed. Put the folder that it leads to in its place, and run "
                "the same command again.",
                place,
            )
    with disk_errors(folder):
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        return [
            (folder / entry.name, entry.stat(follow_symlinks=False).st_size)
            for entry in entries
            if not entry.is_dir(follow_symlinks=False)
        ]


def find_depth(folder: Path) -> int | None:
    """Return the depth of a mirror that has lost its owner file, judged by its files; `None` if it has none."""
    for depth in range(MAX_CACHE_DIRECTORY_DEPTH + 1):
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
        if any(_INVENTORY_NUMBER.fullmatch(entry.name.partition(".")[0]) for entry in entries):
            return depth
        folders = [entry.path for entry in entries if len(entry.name) == 1 and entry.is_dir()]
        if not folders:
            return None
        folder = Path(folders[0])
    return None


def unused_path(target: Path) -> Path:
    """Return `target`, or a numbered name beside it if the name is in use."""
    unused, number = target, 0
    while os.path.lexists(unused):
        number += 1
        unused = target.with_name(f"{target.stem}.{number}{target.suffix}")
    return unused
