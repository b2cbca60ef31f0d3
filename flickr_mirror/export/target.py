"""Checks the folder that an export is written to."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import CacheError
from flickr_mirror.storage.disk_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from flickr_mirror.reader.mirror_reader import MirrorReader


def check_target(folder: Path, reader: MirrorReader) -> None:
    """Raise `CacheError` unless `folder` is outside of the mirror, and is empty or an earlier export of this mirror."""
    target, inside = folder.resolve(), reader.folder.resolve()
    if target == inside or inside in target.parents or target in inside.parents:
        raise CacheError(
            f"{folder} is inside the mirror, or contains it: use another folder with --to.", folder
        )
    with disk_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise CacheError(f"{folder} is a file: use a folder with --to.", folder)
        if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
            raise CacheError(
                f"{folder} has other files: use a new folder with --to, or the folder of an earlier export.",
                folder,
            )
    if read_marker(folder).get("mirror", reader.key) != reader.key:
        # an export removes what it does not want, and would remove all files of the other mirror
        raise CacheError(f"{folder} is an export of another mirror: use another folder with --to.", folder)


MARKER = ".flickr_export.json"
"""The file that marks a folder as an export, and lists the names of its files."""


def read_marker(folder: Path) -> dict[str, Any]:
    """Return what the marker of an export states; empty if it cannot be read."""
    try:
        marker = json.loads((folder / MARKER).read_bytes())
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def is_other_disk(folder: Path, mirror: Path) -> bool:
    """Return whether a folder that may not exist yet is on another disk than the mirror, so that files are copied."""
    return _existing(folder).stat().st_dev != mirror.stat().st_dev


def check_space(folder: Path, needed: int, names: Collection[str]) -> None:
    """Raise `CacheError` if the disk has less free space than an export needs.

    `needed` are the bytes of all files, `names` the files below the folder that an earlier export has written.
    """
    present = 0
    for name in names:
        with suppress(OSError):
            present += (folder / name).stat().st_size
    free = shutil.disk_usage(_existing(folder)).free
    if needed - present > free:
        raise CacheError(
            f"{folder} needs {(needed - present) / 1e6:,.1f} MB, and the disk has {free / 1e6:,.1f} MB free: use "
            "another disk, or on the disk of the mirror leave out --copy and --embed.",
            folder,
        )


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
