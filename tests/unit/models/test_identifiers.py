"""The ids of photos, and the names of files that follow from them."""

from __future__ import annotations

import pytest

from flickr_mirror.models.identifiers import inventory_number, is_photo_id
from flickr_mirror.models.photos import FlickrPhoto


def test_the_inventory_number_is_that_of_the_specification() -> None:
    """File names follow the specification, now and in every later version."""
    assert inventory_number("49674775373") == "fb2e16023f14649810da65b5fcbea02e"
    assert FlickrPhoto("49674775373", "x").image_filename == "fb2e16023f14649810da65b5fcbea02e.jpg"


@pytest.mark.parametrize("value", ["1", "49674775373", "9" * 18])
def test_a_decimal_number_is_an_id(value: str) -> None:
    """Flickr's ids are accepted."""
    assert is_photo_id(value)


@pytest.mark.parametrize(
    "value", [None, "", "0", "007", "-1", "1.5", "1 ", "../1", "a", "9" * 19, "٣", "²", "1\n", [], {}]
)
def test_anything_else_is_refused_as_an_id(value: object) -> None:
    """Only a decimal number becomes the name of a file, and the error shows the value."""
    assert not is_photo_id(value)
    with pytest.raises(ValueError, match="as the id of a photo"):
        FlickrPhoto.from_json({"id": value, "title": "Sit"})
