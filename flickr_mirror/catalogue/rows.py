"""The values that the catalogue stores for a photo: its state, its files and its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.models.job_kinds import JobKind
from flickr_mirror.models.media import NOT_UNDERSTOOD
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import (
    PLAYABLE,
    FlickrPhotoSize,
    Reduced,
    SizeEvidence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize


class Status(IntEnum):
    """The state of a photo's image, or of its sidecar."""

    UNSETTLED = 0
    """The best size is not known yet; a sidecar that names it waits."""
    PENDING = 1
    """To be fetched or written."""
    DONE = 2
    """On disk."""
    RETRY = 3
    """Failed in this run; tried again at its end."""
    FAILED = 4
    """Failed until the end of a run; tried again by a later run when it is due."""
    UNAVAILABLE = 5
    """Unavailable until something changes at Flickr."""
    NOT_READY = 6
    """Flickr is still processing it; the next run tries again."""
    GONE = 7
    """Gone from the photostream before it was mirrored."""
    FORGOTTEN = 8
    """Erased on request, and not mirrored again."""


STATUS_COLUMNS: dict[str, str] = {JobKind.IMAGE: "image_status", JobKind.INFO: "info_status"}
"""The column with the `Status` of each kind of job."""


class Stale(IntFlag):
    """Which files of a photo on disk are outdated."""

    COMMENTS = 1
    """The comments."""
    IMAGE = 2
    """The image: its owner replaced it."""


NOT_STALE = Stale(0)


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo with its best known size, what proves that size, and the level of its sidecar (-1 if there is none).

    `revision` increases with each change that a listing shows; `stale` names its outdated files. `reduced` names what
    is mirrored in place of the best file, by the kind of file: `image`, `video`. `damaged` is whether Flickr serves a
    file damaged, or in another size than it lists.
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
        """Whether Flickr may have better files than those that are mirrored."""
        return self.damaged or bool(self.reduced)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a photo on disk: `kind` is `image`, `video` or `info`; `note` describes damage or an unusual format.

    `e_tag` is the version mark that an object store gave it, "" on a disk.
    """

    kind: str
    extension: str
    size: int
    sha256: bytes
    note: str = ""
    e_tag: str = ""

    @property
    def note_is_odd(self) -> bool:
        """Whether Flickr serves this file damaged, in another size than it lists, or in an unknown format."""
        return bool(self.note) and not (self.kind == "video" and self.note in PLAYABLE)

    @property
    def is_damaged(self) -> bool:
        """Whether Flickr may later serve a better file at the same address."""
        return self.note_is_odd and not self.note.startswith(NOT_UNDERSTOOD)


class StateRow(NamedTuple):
    """The columns of a row of the table `photos` that a listing determines; `video` is whether it is one."""

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
    """A photo as its files on disk describe it, with the row that it gets when the catalogue is rebuilt."""

    photo: FlickrPhoto
    row: StateRow
    info_level: int
    files: list[StoredFile]
    reduced: Mapping[str, Reduced] = field(default_factory=dict)
    details: Sequence[tuple[JobKind, int, int | None]] = ()
    """The details in the sidecar: their kind, their number of entries, and the version if the sidecar states it."""
