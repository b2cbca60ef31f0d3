"""Estimates how many API calls a run needs, from what is known and a sample of what is not. Pure."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.gone_photos import MAX_VERIFIED
from flickr_mirror.flickr.photo_calls import FAVES_PER_PAGE
from flickr_mirror.models.job_kinds import JobKind
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.models.sizes import ORIGINAL, SAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from flickr_mirror.catalogue.statistics import WorkLeft
    from flickr_mirror.models.options import MirrorOptions
    from flickr_mirror.models.photos import FlickrPhoto


def calls_left(
    work: WorkLeft,
    options: MirrorOptions,
    *,
    pages: int,
    unlisted: int,
    sample: Collection[FlickrPhoto],
    most: int | None,
) -> int:
    """Return about how many calls a run needs for the `work` in the catalogue, `pages` to list and unlisted photos.

    The `unlisted` photos are assumed to be like those of the `sample`. A run that is limited to `most` photos needs
    its share of the calls.

    Once everything is listed, the number is exact except for photos without an original: some are asked for, and
    the others are assumed to be like them.
    """
    calls = float(pages)
    if options.is_whole:  # other runs verify no photo
        calls += min(work.absent + (work.gone if options.prune else 0), MAX_VERIFIED)
    if options.wants_images:
        calls += work.videos + min(work.photos_to_ask, SAMPLE)
        calls += unlisted * _share(sample, lambda photo: photo.facts.media == "video")
    if options.info_level == COMMENTS_LEVEL and options.wants_info:
        calls += work.comments
        calls += unlisted * _share(sample, lambda photo: photo.facts.comment_count != 0)
    calls += work.detail_calls
    for kind in options.wanted_details:
        calls += unlisted * _mean(sample, partial(_calls_for, kind, options))
    left = work.photos + unlisted - work.mirrored
    return round(calls if most is None or most >= left else calls * most / left)


def details_of(options: MirrorOptions, sample: Collection[FlickrPhoto], unlisted: int) -> int:
    """Return about how many details the `unlisted` photos have, if they are like those of the `sample`."""
    shares = (_mean(sample, partial(_is_wanted, kind, options)) for kind in options.wanted_details)
    return round(unlisted * sum(shares))


def _is_wanted(kind: JobKind, options: MirrorOptions, photo: FlickrPhoto) -> bool:
    return _calls_for(kind, options, photo) > 0


def _calls_for(kind: JobKind, options: MirrorOptions, photo: FlickrPhoto) -> int:
    """Return the number of calls for the details of a photo that is listed for the first time."""
    if kind is JobKind.FAVES:
        faves = photo.facts.faves
        return 1 if faves is None else ceil(faves / FAVES_PER_PAGE)
    if kind is JobKind.EXIF:
        has_original = any(size.label == ORIGINAL for size in photo.sizes)
        return photo.facts.media != "video" and not (options.wants_images and has_original)
    return 1


def _share(photos: Collection[FlickrPhoto], condition: Callable[[FlickrPhoto], bool]) -> float:
    return _mean(photos, condition)


def _mean(photos: Collection[FlickrPhoto], figure: Callable[[FlickrPhoto], int]) -> float:
    return sum(map(figure, photos)) / len(photos) if photos else 0
