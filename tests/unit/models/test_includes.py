"""The names that `--include` takes."""

import pytest

from flickr_mirror.models.includes import LISTS, PER_PHOTO, Include, parse_includes


def test_names_are_separated_by_commas() -> None:
    assert parse_includes("albums, NOTES,") == {Include.ALBUMS, Include.NOTES}


def test_all_stands_for_the_lists_but_not_for_details_of_each_photo() -> None:
    assert parse_includes("all") == LISTS
    assert parse_includes("all,exif") == LISTS | {Include.EXIF}
    assert not LISTS & PER_PHOTO


@pytest.mark.parametrize("text", ["", " , ", "album", "albums;tags"])
def test_other_names_are_refused_with_the_possible_ones(text: str) -> None:
    with pytest.raises(ValueError, match=r"use albums, favorites, .*, or all for all lists"):
        parse_includes(text)
