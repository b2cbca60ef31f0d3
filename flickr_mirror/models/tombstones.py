"""The record of a photo that was taken down from a mirror."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A photo that is never mirrored again.

    `uploaded` is when it was uploaded, `None` if that is not known, and `since` when it was taken down, both in seconds
    since 1970 (UTC). `trashed` is whether its files were moved to the trash of the mirror, not erased.
    """

    photo_id: str
    uploaded: int | None
    since: int
    trashed: bool = False
