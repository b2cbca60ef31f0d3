"""What a run costs in API calls, before it is paid: arithmetic on what is known and on a sample of what is not."""

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
    """Return about how many calls a run needs: for the `work` in the catalogue, for `pages` to list, and for so
    many `unlisted` photos, which are taken to be like those of the `sample`. A run that begins `most` photos at most
    needs its share of them.

    What is left when everything is listed is no estimate, but for photos without an original: some are asked
    for, and the others are taken to be like them.
    """
    calls = float(pages) + min(work.absent + (work.gone if options.prune else 0), MAX_VERIFIED)
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
