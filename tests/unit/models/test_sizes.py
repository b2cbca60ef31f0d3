"""The best file of a photo, and the listings that prove it."""

from __future__ import annotations

from itertools import permutations

import pytest

from flickr_mirror.models.sizes import (
    FlickrPhotoSize,
    best_picture,
    listing_proves,
    playable_files,
    same_pixels,
)


def size(
    label: str, width: int = 0, height: int = 0, media: str = "photo", url: str = "u"
) -> FlickrPhotoSize:
    """Return a size of a photo."""
    return FlickrPhotoSize(label, width, height, url, media)


def test_of_equal_pictures_the_original_is_the_best() -> None:
    """The uploaded file is preferred to a copy with as many pixels, in any order."""
    sizes = [size("Large 2048", 2048, 1536), size("Original", 2048, 1536), size("Large", 1024, 768)]
    for order in permutations(sizes):
        best = best_picture(order)
        assert best
        assert best.label == "Original"


def test_the_size_with_most_pixels_is_chosen_under_any_label() -> None:
    """A small original is worse than a larger file."""
    best = best_picture([size("Original", 800, 600), size("Large", 1024, 768)])
    assert best
    assert best.label == "Large"


@pytest.mark.parametrize(
    "useless",
    [
        size("Square", 75, 75),
        size("Large Square", 150, 150),
        size("1080p", 1920, 1080, media="video"),
        size("Large", 1024, 768, url=""),
        size("Large", 0, 768),
    ],
)
def test_a_crop_or_an_unusable_size_is_never_the_best(useless: FlickrPhotoSize) -> None:
    """Crops, videos and entries without address or pixels are skipped, also if there is nothing else."""
    assert best_picture([useless]) is None
    assert best_picture([useless, size("Thumbnail", 100, 60)]) == size("Thumbnail", 100, 60)


@pytest.mark.parametrize(
    ("best", "original_listed", "answered", "proved"),
    [
        (None, True, {"Original"}, False),
        (size("Original", 4000, 3000), True, (), True),
        # shorter than its label allows: Flickr had no more pixels
        (size("Large", 1000, 750), False, (), True),
        (size("Large", 750, 1000), False, (), True),
        (size("Large 2048", 2047, 5), False, (), True),
        # as long as its label allows: a larger one may exist, unless the server is known to list it
        (size("Large", 1024, 768), False, (), False),
        (size("Large", 768, 1024), False, (), False),
        (size("Large", 1024, 768), False, {"Large 1600"}, True),
        (size("Large", 1024, 768), False, {"Large 2048", "Medium"}, False),
        (size("Large 2048", 2048, 900), False, {"X-Large 3K"}, True),
        (size("X-Large 3K", 3072, 900), False, {"X-Large 4K"}, True),
        (size("X-Large 3K", 3072, 900), False, {"X-Large 4K F"}, False),
        (size("X-Large 4K", 4096, 900), False, {"X-Large 5K"}, True),
        (size("X-Large 4K F", 4096, 2048), False, {"X-Large 5K"}, True),
        (size("X-Large 6K", 6144, 900), False, {"X-Large 5K"}, False),
        (size("X-Large 6K", 6144, 900), False, {"Original"}, True),
        # an unknown label proves nothing
        (size("Gigantic", 10, 10), False, {"Original", "Large"}, False),
    ],
)
def test_a_listing_is_proof_only_if_no_larger_file_can_exist(
    best: FlickrPhotoSize | None,
    original_listed: bool,
    answered: set[str],
    proved: bool,
) -> None:
    """Otherwise a call is needed, so that no photo is mirrored too small."""
    assert listing_proves(best, original_listed=original_listed, answered=answered) is proved


def test_a_video_is_tried_best_file_first() -> None:
    """The original video comes first, then the largest; pages and pictures are ignored."""
    wanted = ["Video Original", "1080p", "720p", "HD MP4", "Site MP4", "360p", "Mobile MP4"]
    sizes = [size(label, media="video") for label in (*reversed(wanted), "Video Player", "Original", "Large")]
    without_address = size("288p", media="video", url="")

    assert [file.label for file in playable_files([*sizes, without_address])] == wanted


@pytest.mark.parametrize(
    ("found", "same"),
    [
        ((2048, 1536), True),
        ((1536, 2048), True),
        ((2047, 1537), True),
        ((1535, 2048), True),
        ((2046, 1536), False),
        ((2048, 1538), False),
        ((1024, 768), False),
        ((0, 0), False),
    ],
)
def test_a_rotated_picture_is_accepted_and_a_smaller_one_is_not(found: tuple[int, int], same: bool) -> None:
    """A picture that is rotated by 90 degrees or one pixel off matches the listing; a placeholder does not."""
    assert same_pixels(found, size("Original", 2048, 1536)) is same
