"""Invalid values are refused at construction, with a sentence."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from flickr_mirror.models.includes import Include
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.options import CachingStrategy, Limits, MirrorOptions

RANGES = {
    "calls_per_hour": (1, 3600),
    "size_workers": (1, 16),
    "image_workers": (1, 16),
    "min_image_workers": (1, 16),
    "info_workers": (1, 16),
    "page_size": (1, 500),
    "settle_margin": (0, 30 * 86400),
    "passes": (1, 10),
    "attempts": (1, 20),
}
ENDS = ("max_photos", "max_duration", "max_bytes", "min_free")
ABOVE_ZERO = {"calls_per_second": 10, "timeout": 60, "max_wait": 30 * 86_400}


def test_every_limit_has_a_range() -> None:
    """No limit accepts an invalid value; the times are not options."""
    others = {"until_time", "bwlimit", "images_per_second", "timing"}
    assert {field.name for field in fields(Limits)} == {*RANGES, *ABOVE_ZERO, *ENDS, *others}


@pytest.mark.parametrize("rate", [0.0, -1.0, 1000.1, float("nan")])
def test_images_per_second_have_a_range(rate: float) -> None:
    """Both ends of the range are accepted, and other values refused."""
    assert [Limits(images_per_second=good).images_per_second for good in (0.01, 1000)] == [0.01, 1000]
    with pytest.raises(ValueError, match=rf"^images_per_second must be 0\.01 to 1000, not {rate}\.$"):
        Limits(images_per_second=rate)


@pytest.mark.parametrize(("name", "low", "high"), [(name, *ends) for name, ends in RANGES.items()])
def test_a_limit_has_a_range(name: str, low: int, high: int) -> None:
    """Both ends of the range are accepted; other values are refused with name, range and value."""
    values: list[Any] = [low, high]
    for value in values:
        assert getattr(Limits(**{name: value}), name) == value
    values = [low - 1, high + 1]
    for value in values:
        with pytest.raises(ValueError, match=rf"^{name} must be {low} to {high}, not {value}\.$"):
            Limits(**{name: value})


@pytest.mark.parametrize(("name", "top"), ABOVE_ZERO.items())
def test_a_pace_is_above_zero(name: str, top: int) -> None:
    """A pace or a timeout of zero, less, NaN or too much is refused; a fraction is accepted."""
    values: list[Any] = [0.01, top]
    for value in values:
        assert getattr(Limits(**{name: value}), name) == value
    wrong: list[Any] = [0, -1, float("nan"), top + 0.1]
    for value in wrong:
        with pytest.raises(ValueError, match=rf"^{name} must be more than 0 and at most {top}, not .+\.$"):
            Limits(**{name: value})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"image_only": True, "info_only": True},
            r"image_only and info_only exclude each other: leave out both",
        ),
        (
            {"info_only": True, "verify_image": True},
            r"info_only leaves out the images, which verify_image checks",
        ),
        (
            {"image_only": True, "include": frozenset({Include.ALBUMS, Include.FAVES})},
            r"image_only and include faves exclude each other: faves are written to the JSON files",
        ),
        ({"info_level": 3}, r"info_level must be 0, 1 or 2, not 3\."),
        ({"info_level": -1}, r"info_level must be 0, 1 or 2, not -1\."),
        ({"info_level": "1"}, r"info_level must be 0, 1 or 2, not '1'\."),
        ({"cache_directory_depth": -1}, r"cache_directory_depth must be 0 to 32, not -1\."),
        ({"cache_directory_depth": 33}, r"cache_directory_depth must be 0 to 32, not 33\."),
    ],
)
def test_invalid_options_are_refused(values: dict[str, Any], sentence: str) -> None:
    """A contradiction or a value out of range is reported at once."""
    with pytest.raises(ValueError, match=sentence):
        MirrorOptions(**values)


@pytest.mark.parametrize("depth", [None, 0, 4, 32])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_every_option_in_its_range_is_accepted(depth: int | None, level: int) -> None:
    """All specified depths and levels are valid."""
    options = MirrorOptions(cache_directory_depth=depth, info_level=level)
    assert (options.cache_directory_depth, options.info_level) == (depth, level)


def test_image_only_and_info_only_exclude_the_other() -> None:
    """Images and information are both mirrored by default."""
    both, image, info = MirrorOptions(), MirrorOptions(image_only=True), MirrorOptions(info_only=True)

    assert (both.wants_images, both.wants_info) == (True, True)
    assert (image.wants_images, image.wants_info) == (True, False)
    assert (info.wants_images, info.wants_info) == (False, True)


def test_the_defaults_are_those_of_the_specification() -> None:
    """The newest photos are mirrored first, to `~/.flickr`, with their titles, as fast as Flickr allows."""
    options = MirrorOptions()
    assert str(options.cache_path) == "~/.flickr"
    assert (options.strategy, options.info_level, options.verify_image) == (CachingStrategy.LIFO, 0, False)
    assert Limits().calls_per_hour == 3600


def test_options_are_immutable() -> None:
    """The options of a running mirror cannot be changed."""
    for values, name in ((MirrorOptions(), "info_level"), (Limits(), "passes")):
        with pytest.raises(FrozenInstanceError):
            setattr(values, name, 1)


@pytest.mark.parametrize("name", ENDS)
def test_a_limit_of_zero_is_refused(name: str) -> None:
    """A limit that would end a run before it begins is an error; the smallest amount is accepted."""
    least: Any = 1
    assert getattr(Limits(**{name: least}), name) == 1
    wrong: list[Any] = [0, -1, float("nan")]
    for value in wrong:
        with pytest.raises(ValueError, match=rf"^{name} must be more than 0, not .+\.$"):
            Limits(**{name: value})


def test_a_window_includes_both_ends() -> None:
    """Ends are whole seconds, in UTC if no zone is named; a missing end is open."""
    noon = datetime(2020, 3, 23, 12)  # noqa: DTZ001 - a moment without a zone is what is tried
    assert MirrorOptions().window is None
    assert MirrorOptions(since=noon, until=noon).window == Interval(1_584_964_800, 1_584_964_800)
    half = timedelta(seconds=0.5)
    assert MirrorOptions(since=noon - half, until=noon + half).window == Interval(
        1_584_964_800, 1_584_964_800
    )
    there = datetime(2020, 3, 23, 19, tzinfo=timezone(timedelta(hours=7)))
    assert MirrorOptions(until=there).window == Interval(0, 1_584_964_800)
    open_end = MirrorOptions(since=there).window
    assert open_end
    assert open_end.low == 1_584_964_800
    assert open_end.high > 10**11
    assert MirrorOptions(since=datetime(1900, 1, 1, tzinfo=UTC)).window == Interval(0, open_end.high)


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("other", ["full_scan", "prune"])
def test_a_window_excludes_options_for_all_photos(name: str, other: str) -> None:
    """A full scan of a part would mark all other photos as gone."""
    values: dict[str, Any] = {name: datetime(2020, 3, 23, tzinfo=UTC), other: True, "full_scan_every": 1}
    with pytest.raises(ValueError, match=f"^{other} applies to all photos: leave out since and until"):
        MirrorOptions(**values)


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    """Both moments are named, in UTC."""
    early, late = datetime(2020, 3, 23, tzinfo=UTC), datetime(2020, 3, 24, tzinfo=UTC)
    assert MirrorOptions(since=early, until=early).window
    with pytest.raises(ValueError, match=r"^since \(2020-03-24 00:00:00\) is after until \(2020-03-23"):
        MirrorOptions(since=late, until=early)
