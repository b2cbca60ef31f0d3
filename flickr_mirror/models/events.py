"""The events of a run, as frozen dataclasses, and the type of the observer that receives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.models.event_text import outage_text, recovery_text, waiting_text
from flickr_mirror.models.run_event import RunEvent

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunStarted(RunEvent):
    """The user is known and the mirror is open. The counts are of photos that were mirrored before this run.

    `known` includes the `forgotten` photos, which Flickr counts and which are never mirrored.
    """

    username: str
    user_id: str
    folder: Path
    known: int
    images: int
    infos: int
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class Notice(RunEvent):
    """Something that the user should know, as one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class PageScanned(RunEvent):
    """A page of the photostream was listed: page `number` of `pages`; Flickr counts `total` photos."""

    number: int
    pages: int
    total: int
    new: int


@dataclass(frozen=True, slots=True)
class RunPlanned(RunEvent):
    """What there is to do, and what it costs. Sent after the first page, and again when all pages are listed.

    `photos` are those of the photostream that this run considers, `mirrored` those of them that need nothing. `calls`
    is how many more API calls this run needs, and `seconds` how long they take within Flickr's limits. `images` and
    `infos` are how many images and information files are left to fetch, `details` how many answers about single photos
    (notes, faves, EXIF). These are estimates until the listing has
    ended (`exact`).

    The other fields are set by `PhotostreamMirror.estimate` only; a value that is not known is `None`, as in the events
    of a run. `bytes` is about how many bytes of images and films are to be downloaded, `image_seconds` how long that
    takes, `free` how many bytes are free on the disk of the mirror. `basis` states in sentences what these figures
    are based on.
    """

    photos: int
    mirrored: int
    calls: int
    seconds: float
    exact: bool
    images: int = 0
    infos: int = 0
    bytes: int | None = None
    free: int | None = None
    image_seconds: float | None = None
    basis: str = ""
    details: int = 0


@dataclass(frozen=True, slots=True)
class PhotoFound(RunEvent):
    """A photo was listed for the first time."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class PhotoUpdated(RunEvent):
    """A photo changed since it was last listed; `what` is fetched again: `text`, `comments`, `image`."""

    photo_id: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhotoGone(RunEvent):
    """A full scan did not find a photo that was there before; its files are kept."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class Watching(RunEvent):
    """A round of `watch` has ended; the next one begins in `seconds`. `answered` is whether Flickr answered."""

    seconds: float
    answered: bool = True


@dataclass(frozen=True, slots=True)
class ListingEnded(RunEvent):
    """All pages are listed: the mirror knows `known` photos, `to_ask` of which need a call for their sizes."""

    known: int
    to_ask: int


@dataclass(frozen=True, slots=True)
class ListMirrored(RunEvent):
    """A list of the account is on disk, such as its `albums`: it has `entries`, of which `changed` were written."""

    name: str
    entries: int
    changed: int


@dataclass(frozen=True, slots=True)
class ImageStarted(RunEvent):
    """The download of a photo's image begins."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class ImageCached(RunEvent):
    """A photo's image (for a video: its poster and its film) is on disk. `fetched` is the number of bytes received,
    0 if the file was there already."""

    photo_id: str
    path: Path
    fetched: int


@dataclass(frozen=True, slots=True)
class InfoStarted(RunEvent):
    """The information of a photo is being fetched and written."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class InfoCached(RunEvent):
    """A photo's information is on disk."""

    photo_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class DetailCached(RunEvent):
    """Details that need a call for each photo are in its information on disk; `job` is `notes`, `faves` or `exif`."""

    photo_id: str
    job: str
    path: Path


@dataclass(frozen=True, slots=True)
class PhotoFailed(RunEvent):
    """A photo could not be mirrored. `again` is whether this run tries it again later."""

    photo_id: str
    job: str
    reason: str
    again: bool


@dataclass(frozen=True, slots=True)
class Waiting(RunEvent):
    """Nothing is sent to Flickr for `seconds`, because of `cause`: `budget`, `images` or `api`."""

    cause: str
    seconds: float

    @property
    def text(self) -> str:
        """The sentence for the user: why nothing is sent, for how long, and until when (local time)."""
        return waiting_text(self.cause, self.seconds)


@dataclass(frozen=True, slots=True)
class OutageBegan(RunEvent):
    """A `server` (`api` or `images`) has given no usable answer for `seconds`; requests are retried.

    `reason` is why the latest attempt failed, empty while the first one still waits for its answer. `reached` is
    whether the server answered that attempt, with an error.
    """

    server: str
    seconds: float
    reason: str
    reached: bool

    @property
    def text(self) -> str:
        """The sentence for the user."""
        return outage_text(self.server, self.seconds, self.reason, reached=self.reached)


@dataclass(frozen=True, slots=True)
class OutageEnded(RunEvent):
    """A `server` (`api` or `images`) answers again, after an outage of `seconds`."""

    server: str
    seconds: float

    @property
    def text(self) -> str:
        """The sentence for the user."""
        return recovery_text(self.server, self.seconds)


@dataclass(frozen=True, slots=True)
class ClusterStatus(RunEvent):
    """The `workers` of a cluster, how many of them are `throttled` by the image servers, and how many were `lost`.

    `images_per_second` is the rate of each worker over the last minute, by its address. Sent when that changes, and
    every ten seconds.
    """

    workers: int
    throttled: int
    lost: int
    images_per_second: dict[str, float]


@dataclass(frozen=True, slots=True)
class Checked(RunEvent):
    """The progress of a check: `files` of `total` were checked."""

    files: int
    total: int


@dataclass(frozen=True, slots=True)
class Imported(RunEvent):
    """The progress of an import: `photos` of `total` were read from the account export."""

    photos: int
    total: int


@dataclass(frozen=True, slots=True)
class FileBroken(RunEvent):
    """A file is missing or differs from what was written; `kind` is `image`, `video` or `info`.

    `comes_again` is whether the next run restores it; if not, `reason` says why. For a document about the account,
    `photo_id` is empty, and `kind` is the name in `--include` with which a run restores it.
    """

    photo_id: str
    kind: str
    path: Path
    reason: str
    comes_again: bool

    @property
    def text(self) -> str:
        """The sentences for the user."""
        if not self.photo_id:
            return f"{self.path}: {self.reason} The next run with --include {self.kind} restores it."
        what = " The next run restores it." if self.comes_again else ""
        return f"{self.path} (photo {self.photo_id}): {self.reason}{what}"


Event = (
    RunStarted
    | Notice
    | PageScanned
    | RunPlanned
    | PhotoFound
    | PhotoUpdated
    | PhotoGone
    | ListingEnded
    | ListMirrored
    | ImageStarted
    | ImageCached
    | InfoStarted
    | InfoCached
    | DetailCached
    | PhotoFailed
    | Checked
    | Imported
    | FileBroken
    | Waiting
    | Watching
    | OutageBegan
    | OutageEnded
    | ClusterStatus
)
Observer = Callable[[Event], None]
