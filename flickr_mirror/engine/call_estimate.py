"""Estimates how many API calls a run needs, from what is known and a sample of what is not. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.catalogue.gone_photos import MAX_VERIFIED
from flickr_mirror.models.options import COMMENTS_LEVEL
from flickr_mirror.models.sizes import SAMPLE

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
    left = work.photos + unlisted - work.mirrored
    return round(calls if most is None or most >= left else calls * most / left)


def _share(photos: Collection[FlickrPhoto], condition: Callable[[FlickrPhoto], bool]) -> float:
    return sum(map(condition, photos)) / len(photos) if photos else 0
