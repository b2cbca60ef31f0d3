"""The pictures in the docs match the program; `python -m tests.support.pictures` makes them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.pages import ROOT
from tests.support.pictures import PICTURES, difference, words_of

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = ROOT / "docs" / "images"
HOW = "run `python -m tests.support.pictures`, and look at the result"


def test_every_picture_is_made_by_the_command_and_used() -> None:
    assert {path.name for path in IMAGES.iterdir()} == set(PICTURES)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in PICTURES if f"docs/images/{name}" not in readme] == []


@pytest.mark.slow
def test_the_picture_of_the_live_view_is_up_to_date(tmp_path: Path) -> None:
    PICTURES["live_view.svg"](tmp_path / "live_view.svg")
    assert words_of(IMAGES / "live_view.svg") == words_of(tmp_path / "live_view.svg"), HOW


@pytest.mark.slow
def test_the_picture_of_the_gallery_is_up_to_date(tmp_path: Path) -> None:
    PICTURES["gallery.jpg"](tmp_path / "gallery.jpg")
    assert difference(IMAGES / "gallery.jpg", tmp_path / "gallery.jpg") < 1.5, HOW
