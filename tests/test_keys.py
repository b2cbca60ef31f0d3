"""The API keys: read, kept for the user alone, and never shown."""

from __future__ import annotations

import json
import stat
import traceback
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import KeysError
from flickr_mirror.keys import ApiKeys, read_keys, save_keys

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-0123456789"
KEYS = ApiKeys(CANARY, f"{CANARY}-secret")


def test_keys_that_were_saved_are_read_again(tmp_path: Path) -> None:
    """Keys need to be given once; the file is readable by the user alone, in the specification's form."""
    path = save_keys(tmp_path / "new", KEYS)

    assert read_keys(tmp_path / "new") == KEYS
    assert path == tmp_path / "new" / "flickr_keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_bytes()) == {"consumer_key": CANARY, "consumer_secret": f"{CANARY}-secret"}


def test_without_a_file_there_are_no_keys(tmp_path: Path) -> None:
    """That no keys were saved yet is no error, also where there is no folder."""
    assert read_keys(tmp_path) is None
    assert read_keys(tmp_path / "missing") is None


def test_the_other_name_of_the_file_is_read_too(tmp_path: Path) -> None:
    """The specification calls the file by two names: both work, and `flickr_keys` is the first."""
    content = json.dumps({"consumer_key": f" {CANARY}\n", "consumer_secret": "other"})
    (tmp_path / "flickr_key").write_text(content, encoding="utf-8")
    assert read_keys(tmp_path) == ApiKeys(CANARY, "other")

    save_keys(tmp_path, KEYS)
    assert read_keys(tmp_path) == KEYS


@pytest.mark.parametrize(
    "content",
    [
        "",
        CANARY,
        f'{{"consumer_key": "{CANARY}"',
        f'["{CANARY}"]',
        f'"{CANARY}"',
        "null",
        f'{{"consumer_key": "{CANARY}"}}',
        f'{{"consumer_key": "{CANARY}", "consumer_secret": ""}}',
        f'{{"consumer_key": "{CANARY}", "consumer_secret": 7}}',
        f'{{"consumer_key": null, "consumer_secret": "{CANARY}"}}',
    ],
)
def test_a_file_without_keys_is_told_and_not_shown(tmp_path: Path, content: str) -> None:
    """A damaged file is named with what to do; nothing in it is shown, not even in the traceback."""
    path = tmp_path / "flickr_keys"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KeysError) as caught:
        read_keys(tmp_path)

    assert str(path) in str(caught.value)
    assert "--save-api-keys" in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_file_that_is_no_text_is_told_and_not_shown(tmp_path: Path) -> None:
    """A binary file in place of the keys is told by its name."""
    (tmp_path / "flickr_keys").write_bytes(CANARY.encode() + b"\xff\xfe")
    with pytest.raises(KeysError, match="flickr_keys cannot be read: it is not text") as caught:
        read_keys(tmp_path)

    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    """A file that cannot be opened is told with the system's reason."""
    (tmp_path / "flickr_keys").mkdir()
    with pytest.raises(KeysError, match="flickr_keys cannot be read: Is a directory"):
        read_keys(tmp_path)


def test_keys_of_blanks_are_none(tmp_path: Path) -> None:
    """A file with blanks for keys is told like one without keys, rather than asking Flickr with no key."""
    (tmp_path / "flickr_keys").write_text('{"consumer_key": " ", "consumer_secret": " "}', encoding="utf-8")
    with pytest.raises(KeysError):
        read_keys(tmp_path)


def test_keys_do_not_tell_what_they_are() -> None:
    """Keys that end up in a log line or a traceback show nothing."""
    assert CANARY not in repr(KEYS)
    assert CANARY not in str(KEYS)
    assert CANARY not in f"{KEYS}"
