"""The options and limits of a mirror, as frozen values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from flickr_mirror.models.identifiers import is_photo_id
from flickr_mirror.models.includes import Include
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.job_kinds import DETAIL_KEYS, JobKind
from flickr_mirror.models.scheduler_address import check_scheduler
from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.models.timing import Timing

DEFAULT_CACHE_PATH = Path("~/.flickr")
DEFAULT_CACHE_DIRECTORY_DEPTH = 4
COMMENTS_LEVEL = 2
"""The information level that includes comments."""
MAX_CACHE_DIRECTORY_DEPTH = 32
LEAST_BANDWIDTH = 16 * 1024
FLICKR_API_URL = "https://api.flickr.com/services/rest/"
_EVER = 253_402_300_799
"""The last second of the year 9999."""


class CachingStrategy(Enum):
    """The order in which the photos of a photostream are mirrored."""

    FIFO = 1
    """From the oldest upload to the most recent one."""
    LIFO = 2
    """From the most recent upload to the oldest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorOptions:
    """What to mirror, and where to; one attribute for each option of the command.

    `info_level` is 0 for the title, 1 to add the description, 2 to add the comments. `cache_directory_depth` is the
    number of folders between a mirror's folder and its files, 0 to 32; `None` is the depth of an existing mirror, 4 for
    a new one. `verify_image` decodes the images already in the mirror and downloads broken ones again. `api_url`
    replaces Flickr's endpoint; its host may then serve images too.

    `store` is the address of a bucket that keeps the photos in place of the folder, such as `s3://archive/flickr?region=
    eu-west-1`, and holds no credentials; "" keeps them where the mirror has them, for a new one in its folder.

    `cluster` is the address of the scheduler of a Dask cluster, such as `tcp://10.0.0.1:8786`, or the path of a
    scheduler file. Its workers download the images; the mirror must be in a bucket.

    `include` names what else to mirror: lists of the account, such as its albums, and details of each photo.

    `full_scan` lists the whole photostream once, to find edits, replaced images, photos made public later and deleted
    photos; `full_scan_every` does so if the last full scan is more than this many seconds ago. `prune` moves the photos
    that a full scan of this run did not find to the trash folder of the mirror. `accept_loss` accepts a full scan that
    lacks more than a tenth of the photos.

    `since` and `until` limit a run to photos uploaded between these moments, both included (UTC if they have no time
    zone); other photos are left to later runs. They cannot be combined with `full_scan` and `prune`, which apply to all
    photos, and a full scan that is due is postponed. `album_id` limits a run to the photos of an album in the same way,
    and cannot be combined with them or with `since` and `until`.

    Raises `ValueError` if values contradict each other or are out of range.
    """

    cache_path: Path = DEFAULT_CACHE_PATH
    cache_directory_depth: int | None = None
    store: str = ""
    cluster: str = ""
    strategy: CachingStrategy = CachingStrategy.LIFO
    image_only: bool = False
    info_only: bool = False
    info_level: int = 0
    include: frozenset[Include] = frozenset()
    verify_image: bool = False
    full_scan: bool = False
    full_scan_every: float | None = None
    prune: bool = False
    accept_loss: bool = False
    since: datetime | None = None
    until: datetime | None = None
    album_id: str | None = None
    api_url: str = field(default=FLICKR_API_URL, repr=False)  # It may contain a password.

    def __post_init__(self) -> None:
        if self.image_only and self.info_only:
            raise ValueError("image_only and info_only exclude each other: leave out both to mirror both.")
        if self.info_only and self.verify_image:
            raise ValueError(
                "info_only and verify_image exclude each other: info_only leaves out the images, which "
                "verify_image checks."
            )
        if self.image_only and self.wanted_details:
            raise ValueError(
                f"image_only and include {self.wanted_details[0]} exclude each other: {self.wanted_details[0]} are "
                "written to the JSON files, which image_only leaves out."
            )
        if self.info_level not in (0, 1, 2):
            raise ValueError(f"info_level must be 0, 1 or 2, not {self.info_level!r}.")
        if self.full_scan_every is not None and self.full_scan_every <= 0:
            raise ValueError(f"full_scan_every must be more than 0 seconds, not {self.full_scan_every!r}.")
        for name in ("prune", "accept_loss"):
            if getattr(self, name) and not (self.full_scan or self.full_scan_every):
                raise ValueError(f"{name} needs a full scan: add full_scan or full_scan_every.")
        self._check_window()
        self._check_places()
        self._check_album()

    def _check_places(self) -> None:
        if self.store:
            parse_store_address(self.store)
        if self.cluster:
            check_scheduler(self.cluster)
        depth = self.cache_directory_depth
        if depth is not None and not 0 <= depth <= MAX_CACHE_DIRECTORY_DEPTH:
            raise ValueError(
                f"cache_directory_depth must be 0 to {MAX_CACHE_DIRECTORY_DEPTH}, not {depth!r}."
            )

    def _check_window(self) -> None:
        for name in ("full_scan", "prune"):
            if getattr(self, name) and self.window:
                raise ValueError(f"{name} applies to all photos: leave out since and until.")
        if self.since and self.until and _second(self.since) > _second(self.until):
            raise ValueError(
                f"since ({_utc(self.since):%Y-%m-%d %H:%M:%S}) is after until ({_utc(self.until):%Y-%m-%d %H:%M:%S}): "
                "use a later until."
            )

    def _check_album(self) -> None:
        if self.album_id is None:
            return
        if not is_photo_id(self.album_id):
            raise ValueError(f"album_id is a number, such as 72157600000000001, not {self.album_id!r}.")
        for name in ("full_scan", "prune", "since", "until"):
            if getattr(self, name):
                raise ValueError(f"album_id and {name} exclude each other: use only one of them.")

    @property
    def is_whole(self) -> bool:
        """Whether a run is for the whole photostream, not only for some dates or an album."""
        return self.window is None and self.album_id is None

    @property
    def window(self) -> Interval | None:
        """The upload times that a run is limited to; `None` if it is not limited."""
        if self.since is None and self.until is None:
            return None
        low = max(math.ceil(_second(self.since)), 0) if self.since else 0
        return Interval(low, math.floor(_second(self.until)) if self.until else _EVER)

    @property
    def wants_images(self) -> bool:
        """Whether images are mirrored."""
        return not self.info_only

    @property
    def wants_info(self) -> bool:
        """Whether information is mirrored."""
        return not self.image_only

    @property
    def wanted_level(self) -> int | None:
        """The level of the information that is mirrored; `None` if no information is mirrored."""
        return self.info_level if self.wants_info else None

    @property
    def wanted_details(self) -> tuple[JobKind, ...]:
        """The kinds of jobs that need a call for each photo and were requested."""
        return tuple(kind for kind in DETAIL_KEYS if Include(kind.value) in self.include)

    @property
    def wants_comments(self) -> bool:
        """Whether comments are mirrored."""
        return self.wants_info and self.info_level == COMMENTS_LEVEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a run: API calls, parallel work, waiting, and when to stop.

    `calls_per_hour` is Flickr's own limit for all calls with one API key. Times are in seconds. `settle_margin` is how
    long after its upload a photo may still become visible: upload times more recent than this are listed again by the
    next run. `passes` is how often a failing photo is tried in one run; the retries come at the end of the run. Between
    `min_image_workers` and `image_workers` images are downloaded in parallel, as many as increase the throughput, at no
    more than `bwlimit` bytes per second in total, and no more than `images_per_second` are started in a second.
    With a cluster, these two limits apply to all of its workers together, and the number of downloads to each
    worker. `max_wait` is how long the run waits in total while Flickr answers "too many requests"; then it ends.
    Photos not mirrored by then do not count as failed, and the next run continues.

    `max_photos`, `max_duration` and `max_bytes` (of images received) end a run or a watch: work in progress is
    finished, no new work is started, and the next run continues. So do `until_time`, the time at which to stop (local
    time if it has no time zone), and `min_free`, the bytes to keep free on the disk of the mirror: an image is
    downloaded only if it fits in addition to the downloads in progress.

    `timing` holds how long a run waits. It is not an option of the command: its defaults suit every run, and tests pass
    shorter times.

    Raises `ValueError` for a value out of range.
    """

    calls_per_hour: int = 3600
    calls_per_second: float = 10
    size_workers: int = 2
    image_workers: int = 16
    min_image_workers: int = 1
    info_workers: int = 4
    page_size: int = 500
    settle_margin: int = 3600
    passes: int = 3
    timeout: float = 30
    attempts: int = 5
    max_wait: float = 6 * 3600
    bwlimit: int | None = None
    images_per_second: float | None = None
    max_photos: int | None = None
    max_duration: float | None = None
    max_bytes: int | None = None
    until_time: datetime | None = None
    min_free: int | None = None
    timing: Timing = Timing()

    def __post_init__(self) -> None:
        for name, low, high in (
            ("calls_per_hour", 1, 3600),
            ("size_workers", 1, 16),
            ("image_workers", 1, 16),
            ("min_image_workers", 1, self.image_workers),
            ("info_workers", 1, 16),
            ("page_size", 1, 500),
            ("settle_margin", 0, 30 * 86400),
            ("passes", 1, 10),
            ("attempts", 1, 20),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be {low} to {high}, not {getattr(self, name)!r}.")
        for name, top in (("calls_per_second", 10), ("timeout", 60), ("max_wait", 30 * 86_400)):
            if not 0 < getattr(self, name) <= top:
                raise ValueError(
                    f"{name} must be more than 0 and at most {top}, not {getattr(self, name)!r}."
                )
        if self.images_per_second is not None and not 0.01 <= self.images_per_second <= 1000:
            raise ValueError(f"images_per_second must be 0.01 to 1000, not {self.images_per_second!r}.")
        if self.bwlimit is not None and self.bwlimit < LEAST_BANDWIDTH:
            raise ValueError(
                f"bwlimit must be {LEAST_BANDWIDTH // 1024}k (bytes per second) or more, not {self.bwlimit!r}: servers "
                "abort the transfer of a large photo that is slower."
            )
        for name in ("max_photos", "max_duration", "max_bytes", "min_free"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be more than 0, not {value!r}.")


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _second(moment: datetime) -> float:
    return _utc(moment).timestamp()
