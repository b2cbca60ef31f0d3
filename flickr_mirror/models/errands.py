"""The errands of a cluster, which its coordinator sends to workers on other machines, and their results.

All values are frozen and can be pickled. They hold no API key, no token and no credentials of a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.models.timing import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How the workers of a run download and store files; the same for all of its errands.

    `store` is the address of the mirror in its bucket; each machine has credentials for it. `api_url` is the server of
    the API, without a password, because a server other than Flickr's may serve images too. The other attributes are
    those of `MirrorFolder`, `Bucket` and `Limits`.
    """

    store: str
    depth: int
    has_md5: bool
    api_url: str
    image_workers: int
    min_image_workers: int
    timeout: float
    attempts: int
    max_wait: float
    timing: Timing


@dataclass(frozen=True, slots=True)
class FileErrand:
    """One file to download and to store: the `image` or the `video` of a photo.

    `seen` is the SHA-256 of the bytes received before, if they were suspicious: the same bytes are Flickr's own.
    `kept` is the SHA-256 of the file in the store, which stays if the same bytes come.
    """

    photo_id: str
    kind: str
    size: FlickrPhotoSize
    seen: bytes = b""
    kept: bytes = b""


@dataclass(frozen=True, slots=True)
class Errand:
    """Some files for one worker.

    `bandwidth` and `images_per_second` are the worker's shares of the limits of the run; `None` is no limit.
    """

    number: int
    settings: WorkerSettings
    files: tuple[FileErrand, ...]
    bandwidth: float | None = None
    images_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class FileStored:
    """A file is in the store, durably. `was_there` is whether an earlier errand had stored these bytes already."""

    extension: str
    size: int
    sha256: bytes
    e_tag: str
    suspicion: str = ""
    was_there: bool = False


@dataclass(frozen=True, slots=True)
class FileUnchanged:
    """The file in the store stays, because the same bytes or suspicious ones came; `size` is their number."""

    size: int


@dataclass(frozen=True, slots=True)
class FileDoubtful:
    """Suspicious bytes came, `size` of them, which were not stored: they are to be downloaded once more."""

    suspicion: str
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class FileFailed:
    """A file could not be downloaded or stored: the name of the error's class, its message, and the HTTP status."""

    error: str
    message: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class NotTried:
    """A file was not downloaded, because the worker gave up the errand."""


TriedOutcome = FileStored | FileUnchanged | FileDoubtful | FileFailed
FileOutcome = TriedOutcome | NotTried


@dataclass(frozen=True, slots=True)
class ErrandResult:
    """The result of an errand: an outcome for each file of its errand, in order, and the worker's address.

    `gave_up` is the reason for which the worker gave up the errand, a sentence, or "". `is_throttled` is whether that
    reason is "too many requests".
    """

    worker: str
    outcomes: tuple[FileOutcome, ...]
    gave_up: str = ""
    is_throttled: bool = False
