"""The file of forgotten photos, `forgotten.json`, which survives the loss of the catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import CacheError
from flickr_mirror.models.identifiers import is_photo_id
from flickr_mirror.models.tombstones import Tombstone
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE_NAME = "forgotten.json"
FORMAT = 1
_LATEST = 253_402_300_799
"""The last second of the year 9999."""


def read_tombstones(state: Path) -> dict[str, Tombstone]:
    """Return the forgotten photos of a mirror by id, given its state folder.

    Raises `CacheError` if the file cannot be read, because ignoring it would mirror the photos again.
    """
    path = state / FILE_NAME
    try:
        document = json.loads(filesystem.read(path))
        if document.get("checksum") not in (None, filesystem.checksum(document)):
            raise ValueError("its checksum is wrong")
        if document["format"] > FORMAT:
            raise CacheError(
                f"{path} was written by a newer version of flickr_mirror: update this one.", path
            )
        found = [_tombstone(**entry) for entry in document["photos"]]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CacheError(
            f"{path} cannot be read ({error}). Restore it from a backup, or move it: the next run writes it again "
            "from the catalogue.",
            path,
        ) from error
    return {tombstone.photo_id: tombstone for tombstone in found}


def _tombstone(photo_id: object, uploaded: object, since: object, trashed: object = False) -> Tombstone:  # noqa: FBT002
    if not is_photo_id(photo_id):
        raise ValueError(f"{photo_id!r} is not the id of a photo")
    return Tombstone(
        str(photo_id), None if uploaded is None else _time(uploaded), _time(since), trashed is True
    )


def _time(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= _LATEST:
        raise ValueError(f"{value!r} is not a time")
    return value


def _entry(tombstone: Tombstone) -> dict[str, Any]:
    entry = asdict(tombstone)
    if not tombstone.trashed:  # so that versions without the trash read the file
        del entry["trashed"]
    return entry


def write_tombstones(state: Path, tombstones: Iterable[Tombstone]) -> None:
    """Write the file of forgotten photos durably. Raises `CacheError`."""
    ordered = sorted(tombstones, key=lambda tombstone: (tombstone.since, int(tombstone.photo_id)))
    document: dict[str, Any] = {"format": FORMAT, "photos": [_entry(tombstone) for tombstone in ordered]}
    document["checksum"] = filesystem.checksum(document)
    filesystem.write_file(
        state / FILE_NAME, json.dumps(document, indent=2).encode() + b"\n", base=state.parent
    )
