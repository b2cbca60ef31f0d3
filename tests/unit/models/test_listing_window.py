"""The requested and the covered times of a listing with wrong clocks."""

from __future__ import annotations

import pytest

from flickr_mirror.models.listing_window import DAY, LAG, Clocks

NOW = 1_700_000_000
YEARS = 3650 * DAY


@pytest.mark.parametrize(
    ("own", "flickr"),
    [
        (NOW, NOW),
        (NOW, None),
        (NOW, NOW + YEARS),
        (NOW, NOW + 30 * DAY),
        (NOW, NOW - 2 * DAY),
        (NOW, 0),
        (NOW + DAY, NOW),
        (0, NOW),
    ],
)
def test_one_correct_clock_is_enough(own: float, flickr: float | None) -> None:
    """If either clock is wrong, all photos are requested, and no future time counts as listed."""
    clocks = Clocks(own, flickr, NOW - 5)
    assert clocks.until >= NOW
    assert clocks.earliest <= NOW <= clocks.latest


def test_no_window_ends_before_the_newest_upload() -> None:
    """If both clocks are behind, the known photos are still requested."""
    assert Clocks(NOW - YEARS, NOW - YEARS, NOW).until >= NOW


def test_uploads_during_the_walk_are_left_out() -> None:
    """If both clocks agree, no future time is requested."""
    assert Clocks(NOW + 9, NOW, NOW - 5).until == NOW + LAG


@pytest.mark.parametrize(
    ("clocks", "words"),
    [
        (
            Clocks(NOW, NOW + 10 * 365 * DAY, 0),
            ["3,650 days", "2023-11-14", "2033-11-11", "this computer's clock"],
        ),
        (Clocks(NOW + 7200, NOW, 0), ["2 hours"]),
        (Clocks(NOW, NOW - 600, 0), ["10 minutes"]),
        (Clocks(NOW - DAY, NOW - DAY, NOW), ["newest photo", "2023-11-14 22:13:20", "2023-11-13 22:13:20"]),
    ],
)
def test_a_wrong_clock_is_named(clocks: Clocks, words: list[str]) -> None:
    """One sentence has both times and their difference."""
    assert [word for word in words if word not in clocks.warning] == []


@pytest.mark.parametrize(
    "clocks", [Clocks(NOW, None, 0), Clocks(NOW, NOW - 299, NOW), Clocks(NOW, NOW, NOW + 200)]
)
def test_small_differences_of_clocks_are_not_named(clocks: Clocks) -> None:
    """Differences of a few minutes are usual."""
    assert clocks.warning == ""
