"""The estimate of the bytes of images, and of their time, before a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror import FlickrPhoto, Limits
from flickr_mirror.catalogue.statistics import Images, Stock
from flickr_mirror.cli.output.console import console
from flickr_mirror.cli.output.plan_text import echo_plan, plan_line
from flickr_mirror.engine import download_volume
from flickr_mirror.engine.download_volume import (
    ENOUGH,
    MOST_ASKED,
    estimate,
    to_ask,
    with_unlisted,
)
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.models.events import RunPlanned
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.sizes import FlickrPhotoSize

JPG, PNG, LARGE = ("Original", "jpg"), ("Original", "png"), ("Large", "jpg")
BOTH = "this photostream and the ones before it"
NOTHING = Stock({}, 0, {}, 0, 0)


def size(label: str = "Original", extension: str = "jpg", width: int = 1000) -> FlickrPhotoSize:
    """Return a picture of 1,000 lines."""
    return FlickrPhotoSize(label, width, 1000, f"https://live.staticflickr.com/1/2_3_o.{extension}")


def photo(*sizes: FlickrPhotoSize, media: str = "photo") -> FlickrPhoto:
    """Return a photo of these sizes."""
    return FlickrPhoto("1", "", facts=PhotoMetadata(media=media), sizes=list(sizes))


def stock(
    left: dict[tuple[str, str], Images], there: dict[tuple[str, str], Images] | None = None, **more: Any
) -> Stock:
    """Return a stock without films."""
    return NOTHING._replace(left=left, there=there or {}, **more)


def test_each_kind_is_estimated_from_its_own_files() -> None:
    """A label and an extension make a kind; an unknown kind is like others of its extension, or like all."""
    there = {JPG: Images(30, 30e6, 15_000_000), PNG: Images(20, 20e6, 40_000_000)}
    found = estimate(stock({JPG: Images(2, 4e6, 0), PNG: Images(1, 1e6, 0)}, there), [], Limits())
    assert found.bytes == 2_000_000 + 2_000_000
    assert found.basis.startswith("An estimate from 50 files of this mirror.")
    assert estimate(stock({LARGE: Images(1, 2e6, 0)}, there), [], Limits()).bytes == 1_000_000
    other = estimate(stock({("Original", "gif"): Images(1, 5e6, 0)}, there), [], Limits())
    assert other.bytes == 5_500_000
    # a photo without a listed size is like the others
    assert estimate(stock({("", ""): Images(2, 0, 0)}, there), [], Limits()).bytes == 2_200_000


def test_announced_sizes_count_like_files() -> None:
    """They are added to the files of the mirror, and named."""
    asked = [(size(), 300_000), (size(width=3000), 500_000)]
    found = estimate(stock({JPG: Images(10, 10e6, 0)}), asked, Limits())
    assert found.bytes == 2_000_000
    assert found.basis.startswith("An estimate from the announced sizes of 2 images. The time is not known")
    both = estimate(stock({JPG: Images(10, 10e6, 0)}, {JPG: Images(1, 6e6, 1_200_000)}), asked, Limits())
    assert both.bytes == 2_000_000
    assert "from 1 files of this mirror and the announced sizes of 2 images." in both.basis


def test_films_are_estimated_from_films() -> None:
    """Flickr lists no bytes of videos: the estimate uses those of the mirror; without any, the text states that."""
    left, there = {JPG: Images(4, 4e6, 0)}, {JPG: Images(20, 20e6, 4_000_000)}
    found = estimate(stock(left, there, videos=3, films=2, film_bytes=20_000_000), [], Limits())
    assert found.bytes == 800_000 + 30_000_000
    assert "and from 2 films of it." in found.basis
    found = estimate(stock(left, there, videos=2.5), [], Limits())
    assert found.bytes == 800_000
    assert "the films of 3 videos are left out" in found.basis


@pytest.mark.parametrize(
    ("limits", "rate", "expected", "words"),
    [
        ({}, None, None, "The time is not known, because no run"),
        ({}, 50_000, 20, "The time is based on the rate that an earlier run measured."),
        ({"bwlimit": 20_000}, None, 50, "The time is based on --bwlimit."),
        ({"bwlimit": 20_000}, 50_000, 50, "The time is based on --bwlimit."),
        ({"bwlimit": 100_000}, 50_000, 20, "The time is based on the rate that an earlier run measured."),
    ],
)
def test_the_time_uses_a_known_rate(
    limits: dict[str, Any], rate: int | None, expected: float | None, words: str
) -> None:
    """The rate is a measured one or --bwlimit; otherwise the time is unknown."""
    ready = stock({JPG: Images(1, 1e6, 0)}, {JPG: Images(20, 1e6, 1_000_000)}, rate=rate)
    found = estimate(ready, [], Limits(**limits))
    assert found.seconds == expected
    assert words in found.basis


def test_limits_bound_the_estimate() -> None:
    """No more photos, and no more bytes, than the run may begin."""
    ready = stock({JPG: Images(10, 10e6, 0)}, {JPG: Images(20, 1e6, 1_000_000)})
    assert estimate(ready, [], Limits(max_photos=2)).bytes == 2_000_000
    assert estimate(ready, [], Limits(max_photos=20)).bytes == 10_000_000
    assert estimate(ready, [], Limits(max_bytes=3_000_000)).bytes == 3_000_000


def test_without_any_figure_there_is_no_estimate() -> None:
    """Without a file and without an announced size the estimate is unknown; with nothing left it is 0."""
    found = estimate(stock({JPG: Images(10, 10e6, 0)}), [], Limits())
    assert (found.bytes, found.seconds) == (None, None)
    assert found.basis == "No image server announced a size, and this mirror has no files to estimate from."
    assert estimate(NOTHING, [], Limits()) == (0, 0.0, "")


def test_unlisted_photos_are_like_the_sample() -> None:
    """Each photo of the sample represents the same number."""
    sample = [photo(size("Large"), size(width=2000)), photo(size("Original", "png"), media="video"), photo()]
    more = with_unlisted(stock({JPG: Images(1, 1e6, 0)}), sample, 30)
    assert more.left == {JPG: Images(11, 21e6, 0), PNG: Images(10, 10e6, 0), ("", ""): Images(10, 0, 0)}
    assert more.videos == 10
    assert with_unlisted(NOTHING, [], 5) == NOTHING


def test_sizes_of_unknown_kinds_are_requested() -> None:
    """In proportion to the remaining pixels, spread over the sample; not for kinds with enough files."""
    sample = [photo(size(width=number)) for number in range(1, 101)]
    sample += [photo(size("Large", width=number)) for number in range(1, 101)]
    left = {JPG: Images(10, 30e6, 0), LARGE: Images(10, 10e6, 0), PNG: Images(10, 90e6, 0)}
    asked = to_ask(stock(left), sample)
    assert [one.label for one in asked] == ["Original"] * 6 + ["Large"] * 2
    assert [one.width for one in asked] == [1, 17, 34, 51, 67, 84, 1, 51]
    asked = to_ask(stock(left, {JPG: Images(ENOUGH, 1, 1), LARGE: Images(ENOUGH - 1, 1, 1)}), sample)
    assert {one.label for one in asked} == {"Large"}
    assert len(asked) == MOST_ASKED
    assert to_ask(stock({}), sample) == []


@given(
    st.dictionaries(st.sampled_from([JPG, PNG, LARGE]), st.integers(0, 10**12)),
    st.lists(st.sampled_from([JPG, PNG, LARGE]), max_size=40),
)
def test_few_sizes_are_requested(left: dict[tuple[str, str], int], kinds: list[tuple[str, str]]) -> None:
    """Never more than eight, for any number of photos left."""
    sample = [photo(size(label, extension)) for label, extension in kinds]
    ready = stock({kind: Images(1, pixels, 0) for kind, pixels in left.items()})
    asked = to_ask(ready, sample)
    assert len(asked) <= MOST_ASKED
    assert all(left[download_volume.kind_of(one)] for one in asked)


# The rate


async def test_the_time_of_downloads_is_measured() -> None:
    """It runs while at least one image is downloaded: pauses and waits are excluded."""
    now = [100.0]
    slots = DownloadSlots(8, clock=lambda: now[0])

    async def download(seconds: float) -> None:
        async with slots:
            now[0] += seconds

    async with slots:
        now[0] += 3
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(download, 4)
        now[0] += 5
    now[0] += 1000
    await download(1)
    assert slots.seconds == 13


def test_an_invalid_rate_is_not_used() -> None:
    """A damaged note is ignored."""
    assert [download_volume.rate_of(text) for text in (None, "", "x", "0", "-5", "7")] == [None] * 5 + [7]


# Reports


def plan_of(**more: Any) -> RunPlanned:
    """Return a plan."""
    return RunPlanned(10, 2, 3, 7200.0, exact=False, **more)


def test_the_line_has_the_known_values() -> None:
    """The earlier fields stay in front; unknown values are left out."""
    old = 'plan user="x" nsid=1@N01 photos=10 mirrored=2 calls=3 hours=2.00'
    assert plan_line("x", "1@N01", plan_of()) == old
    assert plan_line("x", "1@N01", plan_of(bytes=12, free=34)) == f"{old} bytes=12 free=34"
    full = plan_of(bytes=12, free=34, image_seconds=5400.0)
    assert plan_line("x", "1@N01", full) == f"{old} bytes=12 free=34 image_hours=1.50"


@pytest.mark.parametrize(
    ("more", "limits", "expected"),
    [
        (
            {"bytes": 2 * 10**9, "free": 5 * 10**9, "image_seconds": 3900.0, "basis": "Because."},
            {},
            [
                "About 2.0 GB of images to download, which take about 1h 5m. Because.",
                "Free disk space for /m: 5.0 GB.",
            ],
        ),
        (
            {"bytes": 5 * 10**9, "free": 2 * 10**9},
            {},
            [
                "About 5.0 GB of images to download. ",
                "Free disk space for /m: 2.0 GB.",
                "Warning: the images will not fit: about 3.0 GB more are needed for /m.",
            ],
        ),
        (
            {"bytes": 2 * 10**9, "free": 5 * 10**9},
            {"min_free": 4 * 10**9},
            [
                "About 2.0 GB of images to download. ",
                "Free disk space for /m: 5.0 GB; 4.0 GB must stay free (--min-free).",
                "Warning: the images will not fit: about 1.0 GB more are needed for /m.",
            ],
        ),
        (
            {"bytes": 2 * 10**9, "free": 5 * 10**9},
            {"before": 4 * 10**9},
            [
                "About 2.0 GB of images to download. ",
                "Free disk space for /m: 5.0 GB.",
                f"Warning: the images of {BOTH} will not fit: about 1.0 GB more are needed for /m.",
            ],
        ),
        (
            {"bytes": None, "free": 5 * 10**9, "basis": "Because."},
            {},
            [
                "The size of the images to download is not known. Because.",
                "Free disk space for /m: 5.0 GB.",
            ],
        ),
        (
            {"bytes": 0, "free": 5},
            {"min_free": 10},
            ["Free disk space for /m: 5 B; 10 B must stay free (--min-free)."],
        ),
        ({"bytes": 0}, {}, ["The disk of /m does not report its free space."]),
    ],
)
def test_the_plan_states_whether_the_images_fit(
    capsys: pytest.CaptureFixture[str], more: dict[str, Any], limits: dict[str, int], expected: list[str]
) -> None:
    """Sentences on standard error; if the images do not fit, a warning, also with --quiet."""
    echo_plan(plan_of(**more), Path("/m"), **limits)
    assert [line.rstrip() for line in capsys.readouterr().err.splitlines()] == [
        line.rstrip() for line in expected
    ]
    console.is_quiet = True
    try:
        echo_plan(plan_of(**more), Path("/m"), **limits)
    finally:
        console.is_quiet = False
    assert capsys.readouterr().err.splitlines() == [line for line in expected if line.startswith("Warning")]
