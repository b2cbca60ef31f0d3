"""A photo that was taken down from a mirror, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A photo that is never mirrored: its id, when it was `uploaded` as far as that is known, and `since` when.

    Both are in seconds since 1970 (UTC).
    """

    photo_id: str
    uploaded: int | None
    since: int
