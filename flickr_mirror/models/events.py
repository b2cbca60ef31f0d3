"""What happens during a run, as frozen events; the observer that is told; the report at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.models.photos import inventory_number

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger("flickr_mirror")

SERVERS = {"api": "Flickr", "images": "Flickr's image servers"}
"""What a user calls the servers."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The user is known and the mirror is open; counts of photos are of what was there before.

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
class Notice:
    """Something that the user should know, as one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class PageScanned:
    """A page of the photostream was listed: the `number`-th of `pages`; Flickr counts `total` photos."""

    number: int
    pages: int
    total: int
    new: int


@dataclass(frozen=True, slots=True)
class RunPlanned:
    """What there is to do, and what it costs: told after the first page, and again when all pages are listed.

    `photos` are those of the photostream as far as this run looks at it, `mirrored` those of them that need
    nothing; `calls` is how many more API calls this run needs, and `seconds` how long Flickr's limits make them
    last. `images` and `infos` are how many images, and how much information, are left to fetch. All of it is an
    estimate until the listing has ended (`exact`).

    What `PhotostreamMirror.price` returns has more, which is `None` where it is not known, and in events of a run:
    `bytes` is about how many bytes of images and films are to be downloaded, `image_seconds` how long that takes,
    `free` how many bytes are free on the disk of the mirror. `basis` says in sentences what these rest on.
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


@dataclass(frozen=True, slots=True)
class PhotoFound:
    """A photo was listed for the first time."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class PhotoUpdated:
    """A photo changed since it was listed before; `what` of it is fetched again: `text`, `comments`, `image`."""

    photo_id: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhotoGone:
    """A full scan does not find a photo any more; its files are kept."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class Watching:
    """A look has ended, to which Flickr `answered`; in so many `seconds` it is looked for new photos again."""

    seconds: float
    answered: bool = True


@dataclass(frozen=True, slots=True)
class ListingEnded:
    """All pages are listed: the mirror knows `known` photos, `to_ask` of which need a call for their size."""

    known: int
    to_ask: int


@dataclass(frozen=True, slots=True)
class ImageStarted:
    """The download of a photo's image begins."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class ImageCached:
    """A photo's image (of a video: its poster and its film) is on disk. `fetched` is 0 bytes where it was
    there already."""

    photo_id: str
    path: Path
    fetched: int


@dataclass(frozen=True, slots=True)
class InfoStarted:
    """The information of a photo is being fetched and written."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class InfoCached:
    """A photo's information is on disk."""

    photo_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class PhotoFailed:
    """A photo could not be mirrored. It is tried again later in this run where `again` says so."""

    photo_id: str
    job: str
    reason: str
    again: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is sent to Flickr for some `seconds`, because of `cause`: `budget`, `images` or `api`."""

    cause: str
    seconds: float

    @property
    def text(self) -> str:
        """The sentence that tells a user why nothing moves, for how long and until when (local time)."""
        reason = {
            "budget": "This hour's calls to Flickr are used up",
            "api": "Flickr asks for a pause",
            "images": "Flickr's image servers ask for a pause",
        }[self.cause]
        resumes = time.strftime(", at %H:%M", time.localtime(time.time() + self.seconds))
        return f"{reason}: going on in {duration_text(self.seconds)}{resumes if self.seconds >= 60 else ''}."


@dataclass(frozen=True, slots=True)
class OutageBegan:
    """A `server` (`api` or `images`) has given no usable answer for some `seconds`; it is tried again.

    `reason` is why the latest try failed, empty where the first one still waits for its answer; `reached` is whether
    that try was answered, with an error.
    """

    server: str
    seconds: float
    reason: str
    reached: bool

    @property
    def text(self) -> str:
        """The sentence that tells a user."""
        return outage_text(self.server, self.seconds, self.reason, reached=self.reached)


@dataclass(frozen=True, slots=True)
class OutageEnded:
    """A `server` (`api` or `images`) answers again, after an outage of some `seconds`."""

    server: str
    seconds: float

    @property
    def text(self) -> str:
        """The sentence that tells a user."""
        verb = "answers" if self.server == "api" else "answer"
        return f"{SERVERS[self.server]} {verb} again, after {duration_text(self.seconds)}."


@dataclass(frozen=True, slots=True)
class Checked:
    """So many `files` of `total` were looked at."""

    files: int
    total: int


@dataclass(frozen=True, slots=True)
class FileBroken:
    """A file that is missing or not what was written; `kind` is `image`, `video` or `info`.

    `comes_again` is whether the next run makes it again; `reason` says why, where it does not.
    """

    photo_id: str
    kind: str
    path: Path
    reason: str
    comes_again: bool

    @property
    def text(self) -> str:
        """The sentences that tell a user."""
        what = " The next run makes it again." if self.comes_again else ""
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
    | ImageStarted
    | ImageCached
    | InfoStarted
    | InfoCached
    | PhotoFailed
    | Checked
    | FileBroken
    | Waiting
    | Watching
    | OutageBegan
    | OutageEnded
)
Observer = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """A photo that is not mirrored, and why; `job` is `image` or `info`.

    A `lasting` failure is out of reach until something changes at Flickr; `known` is whether an earlier run
    reported it. `due` is when a later run tries it again, in seconds since 1970 (UTC).
    """

    photo_id: str
    job: str
    reason: str
    lasting: bool
    known: bool
    due: int | None = None


@dataclass(slots=True)
class MirrorReport:
    """What a run did.

    `new` counts the photos that the listing showed for the first time, `updated` those that it showed changed,
    `gone` those that Flickr does not have any more (`scanned` is whether there was a full scan that came to its
    end, `resumed` whether an earlier run began it), `pruned` the files that were moved to the trash; `images`,
    `infos` and `bytes` what was fetched, `adopted` the files found whole from a run that was killed,
    `api_calls` the calls sent. `started` is in seconds since 1970 (UTC).
    `skipped` counts the photos that needed nothing. `reduced` counts the photos of the mirror of which a smaller file
    was taken because Flickr refuses a better one, `damaged` those that Flickr serves damaged or in another size than
    it lists.
    `unlisted` is how many photos Flickr counts that it has not listed, at least; `not_ready` how many it is still
    processing.
    `failures` are the photos that are not mirrored; those that an earlier run reported to be out of reach are
    only counted, as `unavailable`. `complete` is whether nothing else that was asked for is left to do.
    `mirrored` counts the listed photos that have everything that was asked for, `left` those that do not.
    `unanswered` is the sentence about a server that did not answer when the run ended, or empty.
    `stopped_by` is the limit that the run came to, by its name in `Limits`, or empty; `begun` how many photos
    were begun, where `max_photos` limits them. What a run for a window of upload times counts is in it.
    """

    username: str = ""
    user_id: str = ""
    folder: Path | None = None
    new: int = 0
    updated: int = 0
    gone: int = 0
    skipped: int = 0
    scanned: bool = False
    resumed: bool = False
    pruned: int = 0
    known: int = 0
    images: int = 0
    infos: int = 0
    adopted: int = 0
    bytes: int = 0
    api_calls: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    started: float = 0.0
    seconds: float = 0.0
    unavailable: int = 0
    unlisted: int = 0
    not_ready: int = 0
    reduced: int = 0
    damaged: int = 0
    failures: list[FailedPhoto] = field(default_factory=list)
    complete: bool = False
    stopped_by: str = ""
    begun: int = 0
    mirrored: int = 0
    left: int = 0
    unanswered: str = ""

    def come_to(self, limit: str, figures: str = "", *, finishing: bool = True) -> Notice:
        """Note the limit that the run came to first; return the notice of it, with the `figures`.

        `finishing` is whether what is in flight is finished.
        """
        self.stopped_by = self.stopped_by or limit
        flag = f"--{limit.replace('_', '-')}{f' ({figures})' if figures else ''}"
        rest = ", and what is in flight is finished" if finishing else ""
        return Notice(f"{flag} is reached: nothing more is begun{rest}.")


def log_events(event: Event) -> None:
    """Log an event to the logger `flickr_mirror`.

    The specification fixes the lines that begin with "Scanning" and "Caching", which name a photo by its inventory
    number; all others name it by its id and that number.
    """
    match event:
        case PageScanned(number, pages):
            logger.info("Scanning page %d/%d...", number, pages)
        case PhotoUpdated(photo_id) | PhotoGone(photo_id) | ImageCached(photo_id) | InfoCached(photo_id):
            logger.info("Photo %s%s", _both_names(photo_id), _what_happened(event))
        case ImageStarted(photo_id):
            logger.info("Caching image of photo %s...", inventory_number(photo_id))
        case InfoStarted(photo_id):
            logger.info("Caching information of photo %s...", inventory_number(photo_id))
        case PhotoFailed(photo_id, job, reason, again):
            level = logging.INFO if again else logging.WARNING
            later = " It is tried again at the end of this run." if again else ""
            logger.log(level, "Photo %s, %s: %s%s", _both_names(photo_id), job, reason, later)
        case Notice() | FileBroken() | Waiting() | OutageBegan() | OutageEnded():
            logger.warning("%s", event.text)
        case _:
            logger.debug("%s", event)


def _what_happened(event: PhotoUpdated | PhotoGone | ImageCached | InfoCached) -> str:
    match event:
        case PhotoUpdated(_, what):
            return f" changed: {', '.join(what)}."
        case PhotoGone():
            return " is gone from the photostream; what was mirrored is kept."
        case ImageCached(_, _, 0):
            return ": image cached, it was on disk already."
        case ImageCached(_, _, fetched):
            return f": image cached, {fetched} bytes received."
        case InfoCached():
            return ": information cached."


def _both_names(photo_id: str) -> str:
    return f"{photo_id} ({inventory_number(photo_id)})"


def outage_text(
    server: str, seconds: float, reason: str = "", *, reached: bool = False, ended: bool = False
) -> str:
    """Return the sentence about a server that does not answer; `ended` is whether it is tried no more."""
    what = "usable answer" if reached else "answer"
    text = f"No {what} from {SERVERS[server]} for {duration_text(seconds)}"
    if not ended:
        text += ", trying again" if reason else ", still waiting"
    return f"{text} ({reason.rstrip('.')})." if reason else f"{text}."


def duration_text(seconds: float) -> str:
    """Return a duration for a sentence.

    >>> duration_text(760), duration_text(8.2)
    ('12 min 40 s', '8 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
