"""The photo of each media file of an account export."""

from __future__ import annotations

import pytest

from flickr_mirror.engine.import_export import id_in

IDS = {"5690422749", "53999924778", "12345678", "1234567890"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("title-1_5690422749_o.jpg", "5690422749"),
        ("5690422749_4b9c77be66_o.jpg", "5690422749"),
        ("old-one_12345678_o.JPG", "12345678"),  # ids of old photos have 8 digits
        ("video_53999924778.mp4", "53999924778"),
        ("clip_53999924778", "53999924778"),
        ("img-20190714.nef_5690422749_o.jpg", "5690422749"),
        ("like-12345678_5690422749_o.jpg", "5690422749"),  # the slug has the id of another photo
        ("5690422749_1234567890_o.jpg", "5690422749"),  # the secret has the id of another photo
        ("569042274_o.jpg", None),
        ("x5690422749x.jpg", "5690422749"),
        ("15690422749.jpg", None),
        ("IMG_1234.jpg", None),
        ("", None),
    ],
)
def test_the_id_is_found_among_other_digits(name: str, expected: str | None) -> None:
    """Slugs and secrets can have digits; only an id of the export counts."""
    assert id_in(name, IDS) == expected
