"""Finds and erases everything that a mirror has of a photo: its files, including those moved aside, and its rows."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_folder import LAST_RUN
from flickr_mirror.storage.tombstones import read_tombstones, write_tombstones

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.models.tombstones import Tombstone
    from flickr_mirror.storage.mirror_folder import MirrorFolder


def files_of(cache: MirrorFolder, photo_ids: Iterable[str]) -> dict[str, list[Path]]:
    """Return the files of each photo, including those in the trash and among the broken ones.

    Raises `CacheError` if a folder is a link or cannot be read, or if a file belongs to another photo.
    """
    numbers = {inventory_number(photo_id): photo_id for photo_id in photo_ids}
    found: dict[str, list[Path]] = {photo_id: [] for photo_id in numbers.values()}
    places = [cache.path(photo_id, "json").parent.relative_to(cache.folder) for photo_id in found]
    folders = [
        *(cache.folder / place for place in places),
        *(cache.state / "trash" / place for place in places),
        cache.state / "broken",
    ]
    for photo_id in found:
        cache.check_place(photo_id)
    for folder in dict.fromkeys(folders):
        for path in _files_in(cache, folder):
            if owner := numbers.get(path.name.partition(".")[0]):
                found[owner].append(path)
    return found


def _files_in(cache: MirrorFolder, folder: Path) -> list[Path]:
    """Return the files in a folder of a mirror, links included. Raises `CacheError` if a folder above is a link."""
    ancestors = [folder, *folder.parents]
    for place in ancestors[: ancestors.index(cache.folder)]:
        if place.is_symlink():
            raise CacheError(
                f"{place} is a link, which is not followed. Replace it by the folder that it leads to, and run the "
                "same command again.",
                place,
            )
    with filesystem.disk_errors(folder):
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            return []
    return sorted(folder / entry.name for entry in entries if not entry.is_dir(follow_symlinks=False))


def old_catalogues(cache: MirrorFolder) -> list[Path]:
    """Return the catalogues that a rebuild set aside: they have the texts of all photos."""
    return sorted(cache.state.glob(f"{cache.catalogue.name}.*"))


def erase(
    cache: MirrorFolder, catalogue: Catalogue, tombstones: Collection[Tombstone]
) -> dict[str, list[Path]]:
    """Erase the files and then the rows of photos whose tombstones are durable; return the files.

    The caller holds the mirror's lock, and calls this again after an interruption. Raises `CacheError`.
    """
    catalogue.sync_commits()
    filesystem.sweep(cache.state, cache.folder)
    if cache.parts.is_dir():
        filesystem.sweep(cache.parts, cache.folder)  # a run that was killed can have left a partial image
    found = files_of(cache, (tombstone.photo_id for tombstone in tombstones))
    for paths in found.values():
        for path in paths:
            filesystem.remove(path, cache.folder)
    _erase_failures(cache, found)
    catalogue.forgotten.erase(tombstones)
    return found


def finish_erasing(cache: MirrorFolder, catalogue: Catalogue) -> None:
    """Make the file of forgotten photos and the catalogue agree, after a loss or an interruption.

    The caller holds the mirror's lock. Raises `CacheError`.
    """
    written, noted = read_tombstones(cache.state), catalogue.forgotten.all()
    if noted.keys() - written.keys():
        write_tombstones(cache.state, {**noted, **written}.values())
    if unfinished := [stone for photo_id, stone in written.items() if photo_id not in noted]:
        erase(cache, catalogue, unfinished)


def _erase_failures(cache: MirrorFolder, photo_ids: Collection[str]) -> None:
    """Remove the failures of photos from the summary of the last run."""
    path = cache.state / LAST_RUN
    try:
        summary = json.loads(filesystem.read(path))
        left = [failure for failure in summary["failures"] if failure["id"] not in photo_ids]
        is_same = left == summary["failures"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return  # not a summary
    if not is_same:
        data = json.dumps({**summary, "failures": left}, ensure_ascii=False, indent=2)
        # a folder name that is not UTF-8 is escaped, as in the original summary
        filesystem.write_file(path, data.encode(errors="backslashreplace") + b"\n", top=cache.folder)
