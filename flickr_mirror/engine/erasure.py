"""Everything that a mirror has of a photo, found and erased: files, also those moved aside, and rows."""

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
    """Return the files of each photo, also those in the trash and among the broken ones.

    Raises `CacheError` if a folder is a link or cannot be read, and if a file is that of another photo.
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
            if whose := numbers.get(path.name.partition(".")[0]):
                found[whose].append(path)
    return found


def _files_in(cache: MirrorFolder, folder: Path) -> list[Path]:
    """Return the files in a folder of a mirror; links among them are files, links to the folder an error."""
    way = [folder, *folder.parents]
    for place in way[: way.index(cache.folder)]:
        if place.is_symlink():
            raise CacheError(
                f"{place} is a link, which is not followed. Put the folder that it leads to in its place, and run "
                "the same command again.",
                place,
            )
    with filesystem.disk_errors(folder):
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            return []
    return sorted(folder / entry.name for entry in entries if not entry.is_dir(follow_symlinks=False))


def old_catalogues(cache: MirrorFolder) -> list[Path]:
    """Return the catalogues that rebuilding has set aside: they have the texts of all photos."""
    return sorted(cache.state.glob(f"{cache.catalogue.name}.*"))


def erase(
    cache: MirrorFolder, catalogue: Catalogue, tombstones: Collection[Tombstone]
) -> dict[str, list[Path]]:
    """Erase the files and then the rows of photos whose tombstones are durable; return the files.

    To be called under the mirror's lock. After an interruption it is to be called again. Raises `CacheError`.
    """
    catalogue.sync_commits()
    filesystem.sweep(cache.state, cache.folder)
    if cache.parts.is_dir():
        filesystem.sweep(
            cache.parts, cache.folder
        )  # a run that was killed may have left a part of an image there
    found = files_of(cache, (tombstone.photo_id for tombstone in tombstones))
    for paths in found.values():
        for path in paths:
            filesystem.remove(path, cache.folder)
    _erase_failures(cache, found)
    catalogue.forgotten.erase(tombstones)
    return found


def finish_erasing(cache: MirrorFolder, catalogue: Catalogue) -> None:
    """Bring the file of forgotten photos and the catalogue to the same ones, after a loss or an interruption.

    To be called under the mirror's lock. Raises `CacheError`.
    """
    written, noted = read_tombstones(cache.state), catalogue.forgotten.all()
    if noted.keys() - written.keys():
        write_tombstones(cache.state, {**noted, **written}.values())
    if unfinished := [stone for photo_id, stone in written.items() if photo_id not in noted]:
        erase(cache, catalogue, unfinished)


def _erase_failures(cache: MirrorFolder, photo_ids: Collection[str]) -> None:
    """Take the failures of photos out of the summary of the last run."""
    path = cache.state / LAST_RUN
    try:
        summary = json.loads(filesystem.read(path))
        left = [failure for failure in summary["failures"] if failure["id"] not in photo_ids]
        is_same = left == summary["failures"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return  # it is not a summary
    if not is_same:
        data = json.dumps({**summary, "failures": left}, ensure_ascii=False, indent=2)
        # a folder whose name is not UTF-8 is escaped, as in the summary before
        filesystem.write_file(path, data.encode(errors="backslashreplace") + b"\n", top=cache.folder)
