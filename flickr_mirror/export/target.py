"""Checks the folder that an export is written to."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError
from flickr_mirror.storage.disk_errors import disk_errors

if TYPE_CHECKING:
    from pathlib import Path


def check_target(folder: Path, mirror: Path) -> None:
    """Raise `CacheError` unless `folder` is outside of the mirror and empty, or an earlier export."""
    target, inside = folder.resolve(), mirror.resolve()
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


MARKER = ".flickr_export.json"
"""The file that marks a folder as an export, and lists the names of its files."""


def check_space(folder: Path, needed: int) -> None:
    """Raise `CacheError` if the disk has less free space than an export needs."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise CacheError(
            f"{folder} needs {needed / 1e9:.1f} GB, and the disk has {free / 1e9:.1f} GB free: use another disk, or "
            "--link on the disk of the mirror.",
            folder,
        )
