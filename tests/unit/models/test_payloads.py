"""Numbers and texts in Flickr's answers, in all their forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.models.payloads import text_of, to_int
from tests.support.payloads import ANYTHING


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (75, 75),
        ("75", 75),
        ("", None),
        (None, None),
        ("x", None),
        ({}, None),
        (float("inf"), None),
        ("9" * 5000, None),
    ],
)
def test_numbers_are_read_in_all_forms_of_flickr(value: object, number: int | None) -> None:
    """`75` and `"75"` are the same number, and other values are unknown."""
    assert to_int(value) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [("Huế", "Huế"), ({"_content": "Huế"}, "Huế"), (None, ""), ({}, ""), (7, "7"), ("a\ud800b", "a\ufffdb")],
)
def test_texts_are_read_in_all_forms_of_flickr(value: object, text: str) -> None:
    """A text may be plain, wrapped or absent, and lone surrogates are replaced."""
    assert text_of(value) == text


@given(st.one_of(st.text(), st.text(st.characters(categories=["Cs"])), ANYTHING))
def test_every_text_can_be_written_to_a_file(value: object) -> None:
    """Any text that Flickr sends can be encoded."""
    text = text_of(value)
    assert text.encode().decode() == text
