"""Finds and erases everything that a mirror has of a photo: its files, including those moved aside, and its rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flickr_mirror.engine.mirror_store import discard_snapshot
from flickr_mirror.export.description.describe import remove_description
from flickr_mirror.reader.index_file import remove_index
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.mirror_folder import LAST_RUN
from flickr_mirror.storage.tombstones import read_tombstones, write_tombstones

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.models.tombstones import Tombstone
    from flickr_mirror.storage.mirror_folder import MirrorFolder


def old_catalogues(cache: MirrorFolder) -> list[Path]:
    """Return the catalogues that a rebuild set aside: they have the texts of all photos."""
    return sorted(cache.state.glob(f"{cache.catalogue.name}.*"))


def erase(cache: MirrorFolder, catalogue: Catalogue, tombstones: Collection[Tombstone]) -> None:
    """Erase the files and then the rows of photos whose tombstones are durable.

    The caller holds the mirror's lock, and calls this again after an interruption. Raises `CacheError`.
    """
    catalogue.sync_commits()
    with disk_errors(cache.state):
        remove_index(
            cache.state
        )  # the whole file, because deleted words stay in free pages; a search builds it again
    remove_description(cache.folder)
    discard_snapshot(cache)
    cache.remove_partial_files()  # a run that was killed can have left a partial image
    found = cache.files.find_copies(tombstone.photo_id for tombstone in tombstones)
    for tombstone in tombstones:
        if tombstone.trashed:
            cache.files.trash(tombstone.photo_id)
            continue
        for path in found[tombstone.photo_id]:
            cache.files.remove(path)
    _erase_failures(cache, found)
    catalogue.forgotten.erase(tombstones)


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
        filesystem.write_file(path, data.encode(errors="backslashreplace") + b"\n", base=cache.folder)
