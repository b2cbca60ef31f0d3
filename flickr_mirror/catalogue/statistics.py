"""Counts and lists of a whole mirror: what is mirrored, what is left, what failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.catalogue.details import STATUS_OF_JOB
from flickr_mirror.catalogue.rows import Status
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.models.reports import FailedPhoto

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.details import Details
    from flickr_mirror.catalogue.scope import Scope
    from flickr_mirror.models.job_kinds import JobKind

_ASKED_BEFORE = "info_level = 2 AND NOT stale & 1"
"""The comments are on disk, as Flickr has them."""
_HAS_IMAGE = (
    "(image_status = 2 OR image_status IN (0, 1, 3, 4) AND (damaged OR reduced IS NOT NULL) AND NOT stale & 2"
    " AND video < (SELECT count(*) FROM files WHERE kind IN ('image', 'video') AND photo_id = id AND bytes >= 0))"
)
"""The files are on disk, even if a better one is being looked for."""
_SILENT = "json_extract(facts, '$.comment_count') = 0"
"""The listing states that there are no comments."""
_FORGOTTEN = int(Status.FORGOTTEN)
"""The state of photos that were erased on request, and need no work."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of photos that the mirror knows, and of those in each state.

    `known` includes the `forgotten` photos that a listing has shown, because Flickr counts them.
    """

    known: int
    images: int
    infos: int
    to_ask: int
    unavailable: int
    gone: int
    not_ready: int
    forgotten: int
    reduced: int
    damaged: int


@dataclass(frozen=True, slots=True)
class MirroredPhoto:
    """A photo with files on disk. Its image and its film have these `extensions`.

    `described` is whether it has a sidecar, `gone` whether it is gone from the photostream. `owner` is the NSID of its
    owner in a mirror of photos of several accounts, else empty.
    """

    photo_id: str
    title: str
    uploaded: int
    extensions: list[str]
    described: bool
    gone: bool
    owner: str = ""


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """The number of photos that are known, that are complete, and that need a call.

    `photos` are all known photos; `mirrored` ones have everything requested, or are forgotten. `videos` and
    `photos_to_ask` need a call for their sizes, `comments` one for their comments. `absent` photos were not listed
    by a full scan and need one to be verified; so do `gone` ones before they are pruned. A run fetches `images`
    images and writes `infos` sidecars. It adds `details` to sidecars, with `detail_calls`.
    """

    photos: int
    mirrored: int
    videos: int
    photos_to_ask: int
    comments: int
    absent: int = 0
    gone: int = 0
    images: int = 0
    infos: int = 0
    details: int = 0
    detail_calls: int = 0


Kind = tuple[str, str]
"""The label of an image's size, and the extension of its file."""


class Images(NamedTuple):
    """The number of images, their pixels, and the bytes of their files (0 if not known)."""

    number: float
    pixels: float
    bytes: float


class Stock(NamedTuple):
    """The images that are `left` to fetch and those that are `there`, by their kind.

    `videos` is how many of those left have a film; `films` with `film_bytes` are on disk. `rate` is how many bytes per
    second the last download of images had, if it was measured.
    """

    left: dict[Kind, Images]
    videos: float
    there: dict[Kind, Images]
    films: int
    film_bytes: int
    rate: int | None = None


class Statistics:
    """Counts and lists of the photos in a `Scope`."""

    def __init__(self, database: Database, scope: Scope, callers: Callers, details: Details) -> None:
        self._query = database.query
        self._callers = callers
        self._scope = scope
        self._details = details

    def counts(self) -> Counts:
        """Return the number of photos in each state."""
        row = self._query(
            f"SELECT count(*), total({_HAS_IMAGE}), total(info_level >= 0), total(image_status = 0),"
            " total(image_status = 5), total(gone IS NOT NULL), total(image_status = 6),"
            f" total(image_status = {_FORGOTTEN}),"
            " total(reduced IS NOT NULL AND gone IS NULL), total(damaged AND gone IS NULL)"
            f" FROM photos WHERE {self._scope.window}"
        ).fetchone()
        return Counts(*map(int, row))

    def work_left(
        self, *, images: bool, info_level: int | None, details: Collection[JobKind] = ()
    ) -> WorkLeft:
        """Return what is left to do if `images` are requested, and sidecars of `info_level` unless it is `None`.

        `details` are the kinds of details that are requested.
        """
        level = -1 if info_level is None else info_level
        undescribed = (
            f"(info_status IN (0, 1, 3) OR info_status = 2 AND (info_level < {level}"
            f" OR {level} = {COMMENTS_LEVEL} AND stale & 1))"
        )
        whole = ["gone IS NULL"]
        if images:
            whole.append(f"({_HAS_IMAGE} OR image_status = {_FORGOTTEN})")
        if info_level is not None:
            whole.append(f"info_status IN (2, {_FORGOTTEN}) AND NOT {undescribed}")
        whole += [f"NOT {self._details.lacking(kind, images=images)}" for kind in details]
        asking = f"total({images:d} AND image_status = 0 AND {{}}video)"
        row = self._query(
            f"SELECT total(gone IS NULL), total({' AND '.join(whole)}), {asking.format('')},"
            f" {asking.format('NOT ')}, total({images:d} AND gone IS NULL AND image_status IN (0, 1, 3)),"
            f" total({info_level is not None:d} AND gone IS NULL AND {undescribed})"
            f" FROM photos{' LEFT JOIN listed USING (id)' if details else ''} WHERE {self._scope.window}"
        ).fetchone()
        comments = 0
        if info_level == COMMENTS_LEVEL:
            (comments,) = self._query(
                f"SELECT count(*) FROM photos JOIN listed USING (id) WHERE gone IS NULL AND {undescribed}"
                f" AND NOT ({_ASKED_BEFORE}) AND NOT ifnull({_SILENT}, 0) AND {self._scope.window}"
            ).fetchone()
        photos, mirrored, videos, photos_to_ask, to_fetch, to_describe = map(int, row)
        absent, gone = self._query(
            f"SELECT (SELECT count(*) FROM absences WHERE caller = {self._callers.bit}),"
            f" (SELECT count(*) FROM photos WHERE gone IS NOT NULL AND NOT {self._callers.others})"
        ).fetchone()
        found, calls = self._details.left(details, images=images)
        return WorkLeft(
            photos,
            mirrored,
            videos,
            photos_to_ask,
            comments,
            absent,
            gone,
            to_fetch,
            to_describe,
            found,
            calls,
        )

    def stock(self) -> Stock:
        """Return the images that are left and those on disk; the bytes of those that are left are not known."""
        left = self._query(
            "SELECT ifnull(size_label, ''), ltrim(lower(ifnull(substr(url, -4), '')), '.'), count(*),"
            " total(width * height), total(video) FROM photos WHERE gone IS NULL"
            f" AND image_status IN (0, 1, 3, 4, 6) AND {self._scope.window} GROUP BY 1, 2"
        ).fetchall()
        there = self._query(
            "SELECT size_label, extension, count(*), total(width * height), total(bytes) FROM files"
            " JOIN photos ON id = photo_id WHERE kind = 'image' AND bytes > 0 AND note = '' AND image_status = 2"
            " AND width * height > 0 GROUP BY 1, 2"
        ).fetchall()
        films, film_bytes = self._query(
            "SELECT count(*), total(bytes) FROM files WHERE kind = 'video' AND bytes > 0"
        ).fetchone()
        return Stock(
            {(label, extension): Images(count, pixels, 0) for label, extension, count, pixels, _ in left},
            sum(videos for *_, videos in left),
            {(label, extension): Images(*figures) for label, extension, *figures in there},
            films,
            int(film_bytes),
        )

    def failures(self) -> list[FailedPhoto]:
        """Return the photos that failed, oldest upload first."""
        rows = self._query(
            f"SELECT id, job, reason, {STATUS_OF_JOB}, runs, due FROM failures"
            f" JOIN photos ON id = photo_id WHERE {self._scope.window} ORDER BY uploaded, id, job"
        )
        return [
            FailedPhoto(
                str(photo_id),
                job,
                reason,
                status == Status.UNAVAILABLE,
                status == Status.UNAVAILABLE and runs > 0,
                due or None,
            )
            for photo_id, job, reason, status, runs, due in rows
        ]

    def pending(self) -> tuple[int, int]:
        """Return how many images and how many sidecars are left, including those that are tried again."""
        images, infos = self._query(
            "SELECT total(image_status IN (0, 1, 3, 4, 6)), total(info_status IN (0, 1, 3, 4)) FROM photos"
            " WHERE gone IS NULL"
        ).fetchone()
        return int(images), int(infos)

    def size(self) -> int:
        """Return the size of all files of the mirror, in bytes."""
        (total,) = self._query(
            "SELECT total(bytes) FROM files WHERE bytes > 0 AND kind <> 'broken'"
        ).fetchone()
        return int(total)

    def mirrored(self) -> Iterator[MirroredPhoto]:
        """Yield the photos with files on disk, newest upload first."""
        rows = self._query(
            "SELECT id, uploaded, title, gone IS NOT NULL,"
            " (SELECT group_concat(extension) FROM files WHERE photo_id = id AND kind IN ('image', 'video')"
            " AND bytes >= 0), (SELECT count(*) FROM files WHERE photo_id = id AND kind = 'info' AND bytes >= 0),"
            " json_extract(facts, '$.owner') FROM photos JOIN listed USING (id) ORDER BY uploaded DESC, id DESC"
        )
        for photo_id, uploaded, title, gone, extensions, described, photo_owner in rows:
            found = (extensions or "").split(",") if extensions else []
            if found or described:
                yield MirroredPhoto(
                    str(photo_id), title, uploaded, found, bool(described), bool(gone), photo_owner or ""
                )
