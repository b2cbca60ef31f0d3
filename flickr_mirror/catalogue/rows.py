"""What the catalogue keeps of a photo: its rows, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.models.media import NOT_UNDERSTOOD
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import (
    PLAYABLE,
    FlickrPhotoSize,
    Reduced,
    SizeEvidence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize


class Status(IntEnum):
    """How far a photo's image, or its information, is."""

    UNSETTLED = 0
    """The best size is not known yet; information that names it waits."""
    PENDING = 1
    """To be fetched, or written."""
    DONE = 2
    """On disk."""
    RETRY = 3
    """Failed in this run, and is tried again at its end."""
    FAILED = 4
    """Failed to the end of a run; a later one tries again when it is due."""
    UNAVAILABLE = 5
    """Out of reach until something changes at Flickr."""
    NOT_READY = 6
    """Flickr is still processing it; the next run looks again."""
    GONE = 7
    """Not mirrored before it vanished from the photostream."""
    FORGOTTEN = 8
    """Erased on request, and never mirrored again."""


class Stale(IntFlag):
    """What on disk is older than what Flickr has."""

    COMMENTS = 1
    """The comments."""
    IMAGE = 2
    """The image: its owner replaced it."""


NOT_STALE = Stale(0)


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A row: the photo with its best known size, whether that is proved, and the level of its information.

    `revision` rises with each change that a listing shows; `stale` is what on disk is older than that. `reduced` is
    what is mirrored in place of the best file, by the kind of file: `image`, `video`. `damaged` is whether Flickr
    serves a file damaged, or in another size than it lists.
    """

    photo: FlickrPhoto
    size: FlickrPhotoSize | None
    proof: SizeEvidence
    info_level: int
    revision: int = 0
    stale: Stale = NOT_STALE
    reduced: Mapping[str, Reduced] = field(default_factory=dict)
    damaged: bool = False

    @property
    def is_second_best(self) -> bool:
        """Whether there may be better files than those that are mirrored."""
        return self.damaged or bool(self.reduced)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a photo on disk: `kind` is `image`, `video` or `info`; `note` says what is odd about it."""

    kind: str
    extension: str
    size: int
    sha256: bytes
    note: str = ""

    @property
    def note_is_odd(self) -> bool:
        """Whether Flickr itself has this file damaged, in another size than it lists, or in an unknown format."""
        return bool(self.note) and not (self.kind == "video" and self.note in PLAYABLE)

    @property
    def is_damaged(self) -> bool:
        """Whether Flickr may have a better file than this one at the same address."""
        return self.note_is_odd and not self.note.startswith(NOT_UNDERSTOOD)


class StateRow(NamedTuple):
    """A row of the table `photos`, as far as a listing tells it; `video` is whether it is one."""

    id: int
    uploaded: int
    video: bool
    size_label: str | None
    width: int | None
    height: int | None
    url: str | None
    proof: SizeEvidence
    image_status: Status
    info_status: Status


@dataclass(frozen=True, slots=True)
class RestoredPhoto:
    """A photo as its files on disk tell of it, with the row that it is to have, where the catalogue was lost."""

    photo: FlickrPhoto
    row: StateRow
    info_level: int
    files: list[StoredFile]
    reduced: Mapping[str, Reduced] = field(default_factory=dict)
