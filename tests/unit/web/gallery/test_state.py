"""The state of a gallery: stored between builds, and replaced if it is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import CacheError
from flickr_mirror.web.gallery.output import GalleryOutput
from flickr_mirror.web.gallery.state import STATE_FILE, GalleryState
from tests.support.connections import all_closed

if TYPE_CHECKING:
    from pathlib import Path


def test_a_damaged_state_is_replaced(tmp_path: Path) -> None:
    """A file that is not a database is replaced, and the build continues."""
    (tmp_path / STATE_FILE).write_bytes(b"no database " * 100)
    with GalleryState(tmp_path) as state:
        assert state.files() == {}
        with state.transaction():
            state.set_note("stamp", "1")
    with GalleryState(tmp_path) as state:
        assert state.note("stamp") == "1"


def test_only_one_build_uses_a_state(tmp_path: Path) -> None:
    """The second one ends with an error message, and closes the file."""
    with GalleryState(tmp_path) as state, state.transaction():
        state.set_note("stamp", "1")
        with all_closed(), pytest.raises(CacheError, match="Another build"):
            GalleryState(tmp_path)


def test_files_that_are_no_longer_written_are_removed(tmp_path: Path) -> None:
    """Only files of an earlier build: a file of the user stays."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for names in (["a/1.js", "a/2.js"], ["a/1.js"], []):
        with GalleryState(tmp_path) as state:
            output = GalleryOutput(tmp_path, state)
            with state.transaction():
                for name in names:
                    output.write(name, b"x")
                output.remove_others()
    assert sorted(path.name for path in tmp_path.iterdir()) == [STATE_FILE, "notes.txt"]


def test_work_stored_before_an_error_is_kept(tmp_path: Path) -> None:
    """An interrupted build continues where it stopped."""
    with GalleryState(tmp_path) as state:
        with pytest.raises(KeyboardInterrupt), state.transaction():
            state.set_thumbnails([(1, b"a")])
            raise KeyboardInterrupt
        assert state.thumbnails() == {1: b"a"}
