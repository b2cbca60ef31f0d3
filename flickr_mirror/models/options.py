"""What to mirror, and how hard: frozen values that every room is handed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from flickr_mirror.models.intervals import Interval

DEFAULT_CACHE_PATH = Path("~/.flickr")
DEFAULT_CACHE_DIRECTORY_DEPTH = 4
COMMENTS_LEVEL = 2
"""The information level from which on comments are mirrored."""
MAX_CACHE_DIRECTORY_DEPTH = 32
LEAST_BANDWIDTH = 16 * 1024
FLICKR_API_URL = "https://api.flickr.com/services/rest/"
_EVER = 253_402_300_799
"""The last second of the year 9999."""


class CachingStrategy(Enum):
    """In which order the photos of a photostream are mirrored."""

    FIFO = 1
    """From the oldest upload to the most recent one."""
    LIFO = 2
    """From the most recent upload to the oldest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorOptions:
    """What to mirror, and where to.

    `info_level` is 0 for the title, 1 for the description too, 2 for the comments too.
    `cache_directory_depth` is the number of folders between a mirror's folder and its files, 0 to 32; `None`
    is the depth that the mirror already has, else 4. `verify_image` decodes the images already in the cache
    and downloads the broken ones again. `api_url` is another endpoint than Flickr's, whose host may then
    serve images as well.

    `full_scan` lists the whole photostream once, to find edits, replaced images, photos made public later and
    losses; `full_scan_every` does so where the last time is longer ago than these seconds. `prune` moves the
    photos that a full scan in this run found gone to the mirror's trash folder. `accept_loss` believes a full
    scan that lacks more than a tenth of the photos.

    `since` and `until` are the first and the last moment of the uploads that this run lists and works on (UTC
    where they name no time zone); it knows nothing of all others, and a later run does them. `full_scan` and
    `prune` concern all photos, so they do not go with these, and a full scan that is due waits.

    Raises `ValueError` where the values contradict each other or are out of range.
    """

    cache_path: Path = DEFAULT_CACHE_PATH
    cache_directory_depth: int | None = None
    strategy: CachingStrategy = CachingStrategy.LIFO
    image_only: bool = False
    info_only: bool = False
    info_level: int = 0
    verify_image: bool = False
    full_scan: bool = False
    full_scan_every: float | None = None
    prune: bool = False
    accept_loss: bool = False
    since: datetime | None = None
    until: datetime | None = None
    api_url: str = field(default=FLICKR_API_URL, repr=False)  # it may hold a password

    def __post_init__(self) -> None:
        if self.image_only and self.info_only:
            raise ValueError("image_only and info_only exclude each other: leave both out to mirror both.")
        if self.info_only and self.verify_image:
            raise ValueError(
                "info_only and verify_image exclude each other: verify_image checks images, and info_only leaves "
                "them out."
            )
        if self.info_level not in (0, 1, 2):
            raise ValueError(f"info_level is 0, 1 or 2, not {self.info_level!r}.")
        if self.full_scan_every is not None and self.full_scan_every <= 0:
            raise ValueError(f"full_scan_every is more than 0 seconds, not {self.full_scan_every!r}.")
        for name in ("prune", "accept_loss"):
            if getattr(self, name) and not (self.full_scan or self.full_scan_every):
                raise ValueError(f"{name} follows from a full scan: add full_scan or full_scan_every.")
        self._check_window()
        depth = self.cache_directory_depth
        if depth is not None and not 0 <= depth <= MAX_CACHE_DIRECTORY_DEPTH:
            raise ValueError(f"cache_directory_depth is 0 to {MAX_CACHE_DIRECTORY_DEPTH}, not {depth!r}.")

    def _check_window(self) -> None:
        for name in ("full_scan", "prune"):
            if getattr(self, name) and self.window:
                raise ValueError(f"{name} concerns all photos: leave since and until out.")
        if self.since and self.until and _second(self.since) > _second(self.until):
            raise ValueError(
                f"since ({_utc(self.since):%Y-%m-%d %H:%M:%S}) is after until ({_utc(self.until):%Y-%m-%d %H:%M:%S}): "
                "nothing was uploaded between them."
            )

    @property
    def window(self) -> Interval | None:
        """The seconds of the uploads that a run is for; `None` where it is for all."""
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
        """The level of the information that is mirrored; `None` where there is none."""
        return self.info_level if self.wants_info else None

    @property
    def wants_comments(self) -> bool:
        """Whether comments are mirrored."""
        return self.wants_info and self.info_level == COMMENTS_LEVEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How hard to work, and for how long: the budget at Flickr, the sizes of the worker pools, patience, an end.

    `calls_per_hour` is Flickr's own limit for everything done with one API key. Times are in seconds.
    `settle_margin` is how long after its upload a photo may still become visible: stretches of upload time
    younger than this are listed again by the next run. `passes` is how often a photo that fails is tried in
    one run, the later times at the run's end. Between `min_image_workers` and `image_workers` images are
    downloaded side by side, as many as are worth it, and of them no more than `bwlimit` bytes per second.
    `max_wait` is how long "too many requests" is waited for, pause after pause, before the run ends; what was not
    mirrored is no failure then, and the next run goes on.

    `max_photos`, `max_duration` and `max_bytes` (of images received) end a run, or a watch: what is in flight is
    finished, nothing more is begun, and the next run goes on. So does `until_time`, the moment at which to stop (local
    time where it names no zone), and `min_free`, the bytes that stay free on the disk of the mirror: an image is
    downloaded only where it fits beside those in flight.

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
    max_photos: int | None = None
    max_duration: float | None = None
    max_bytes: int | None = None
    until_time: datetime | None = None
    min_free: int | None = None

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
                raise ValueError(f"{name} is {low} to {high}, not {getattr(self, name)!r}.")
        for name, top in (("calls_per_second", 10), ("timeout", 60), ("max_wait", 30 * 86_400)):
            if not 0 < getattr(self, name) <= top:
                raise ValueError(f"{name} is more than 0 and at most {top}, not {getattr(self, name)!r}.")
        if self.bwlimit is not None and self.bwlimit < LEAST_BANDWIDTH:
            raise ValueError(
                f"bwlimit is {LEAST_BANDWIDTH // 1024}k (bytes per second) or more, not {self.bwlimit!r}: with less, "
                "servers end the transfer of a large photo."
            )
        for name in ("max_photos", "max_duration", "max_bytes", "min_free"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is more than 0, not {value!r}.")


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _second(moment: datetime) -> float:
    return _utc(moment).timestamp()
