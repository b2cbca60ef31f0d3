"""The report of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.events import Notice


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """A photo that is not mirrored, and why; `job` is `image`, `info`, `notes`, `faves` or `exif`.

    A `lasting` failure stays until something changes at Flickr; `known` is whether an earlier run reported it. `due`
    is when a later run tries the photo again, in seconds since 1970 (UTC).
    """

    photo_id: str
    job: str
    reason: str
    lasting: bool
    known: bool
    due: int | None = None


@dataclass(slots=True)
class ClusterFigures:
    """The work of a cluster in a run.

    `workers` is the most workers at one time, `lost` how many of them left or were lost. `errands` counts what was sent
    to workers, `repeated` the errands that more than one worker began because the first one was lost, `already_stored`
    the files that a lost worker had stored before.
    """

    workers: int = 0
    lost: int = 0
    errands: int = 0
    repeated: int = 0
    already_stored: int = 0


@dataclass(slots=True)
class MirrorReport:
    """The result of a run. A public record, with one attribute for each figure of the summary.

    `new` counts the photos that the listing showed for the first time, `updated` those that changed, `gone` those that
    Flickr no longer has. `scanned` is whether a full scan was completed, `resumed` whether an earlier run began that
    scan. `pruned` counts the files moved to the trash. `images`, `infos` and `bytes` are what was fetched, `adopted`
    the complete files found from a run that was killed, `api_calls` the calls sent. `started` is in seconds since
    1970 (UTC). `skipped` counts the photos that needed nothing. `reduced` counts the photos of the mirror for which
    Flickr refuses the best file and a smaller one was taken, `damaged` those that Flickr serves damaged or in another
    size than it lists. `unlisted` is how many photos, at least, Flickr counts but does not list; `not_ready` how many
    it is still processing.

    `failures` are the photos that are not mirrored. Those that an earlier run reported as unavailable are only
    counted, in `unavailable`. `complete` is whether all requested work is done. `mirrored` counts the
    listed photos that have everything that was requested, `left` those that do not. `unanswered` is the sentence about
    a server that did not answer when the run ended, or empty. `stopped_by` is the limit that the run reached, by its
    name in `Limits`, or empty; `begun` is how many photos were begun, if `max_photos` limits them. For a run that is
    limited to a window of upload times, the counts cover that window.

    `login_only` counts the photos that only another login than that of the run can see; it leaves them as they are.
    `lists` has the number of entries of each list of the account that was mirrored, by its name in `Include`;
    `list_failures` has the reason for each one that could not be mirrored. `details` counts the answers about single
    photos (notes, faves, EXIF) that were fetched. `cluster` is the work of a cluster, if one was used.
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
    login_only: int = 0
    lists: dict[str, int] = field(default_factory=dict)
    list_failures: dict[str, str] = field(default_factory=dict)
    details: int = 0
    cluster: ClusterFigures | None = None

    def come_to(self, limit: str, figures: str = "", *, finishing: bool = True) -> Notice:
        """Record the first limit that the run reached, and return the notice about it, with the `figures`.

        `finishing` is whether work in progress is finished.
        """
        from flickr_mirror.models.events import Notice  # here, because commands that only read do without

        self.stopped_by = self.stopped_by or limit
        flag = f"--{limit.replace('_', '-')}{f' ({figures})' if figures else ''}"
        rest = ", and work in progress is finished" if finishing else ""
        return Notice(f"{flag} is reached: no new work is started{rest}.")
