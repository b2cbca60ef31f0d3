"""The file of API keys: reading, private permissions, and no output of keys."""

from __future__ import annotations

import errno
import json
import os
import stat
import traceback
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.cli.keys.key_file import ApiKeys, read_keys, save_keys
from flickr_mirror.errors import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CANARY = "canary-0123456789"
KEYS = ApiKeys(CANARY, f"{CANARY}-secret")


def test_keys_that_were_saved_are_read_again(tmp_path: Path) -> None:
    """Keys are saved in the specified format, in a private file."""
    path = save_keys(tmp_path / "new", KEYS)

    assert read_keys(tmp_path / "new") == KEYS
    assert path == tmp_path / "new" / "flickr_keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_bytes()) == {"consumer_key": CANARY, "consumer_secret": f"{CANARY}-secret"}


def test_without_a_file_there_are_no_keys(tmp_path: Path) -> None:
    """Missing keys are not an error, also in a missing folder."""
    assert read_keys(tmp_path) is None
    assert read_keys(tmp_path / "missing") is None


def test_the_other_name_of_the_file_is_read_too(tmp_path: Path) -> None:
    """The specification calls the file by two names: both work, and `flickr_keys` takes precedence."""
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
def test_a_file_without_keys_is_reported_and_not_shown(tmp_path: Path, content: str) -> None:
    """A damaged file is named with advice; its content is not shown, not even in the traceback."""
    path = tmp_path / "flickr_keys"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KeysError) as caught:
        read_keys(tmp_path)

    assert str(path) in str(caught.value)
    assert "--save-api-keys" in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_binary_file_is_reported_and_not_shown(tmp_path: Path) -> None:
    """A binary file in place of the keys is reported by name."""
    (tmp_path / "flickr_keys").write_bytes(CANARY.encode() + b"\xff\xfe")
    with pytest.raises(KeysError, match="flickr_keys is not JSON") as caught:
        read_keys(tmp_path)

    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_folder_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    """A file that cannot be opened is reported with the system's reason."""
    (tmp_path / "flickr_keys").mkdir()
    with pytest.raises(KeysError, match="flickr_keys cannot be read: it is not a file"):
        read_keys(tmp_path)


def test_blank_keys_count_as_missing(tmp_path: Path) -> None:
    """A file with blank keys is reported like one without keys, before any call."""
    (tmp_path / "flickr_keys").write_text('{"consumer_key": " ", "consumer_secret": " "}', encoding="utf-8")
    with pytest.raises(KeysError):
        read_keys(tmp_path)


def test_keys_are_not_shown_in_their_repr() -> None:
    """Keys in a log line or a traceback are not shown."""
    assert CANARY not in repr(KEYS)
    assert CANARY not in str(KEYS)
    assert CANARY not in f"{KEYS}"


WHOLE = json.dumps({"consumer_key": CANARY, "consumer_secret": "other"})


@pytest.mark.parametrize("name", ["flickr_keys", "flickr_key"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o622, 0o604, 0o777])
def test_a_file_readable_by_others_is_made_private_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, mode: int
) -> None:
    """Row 96: `flickr_keys` world-readable: corrected before it is read, and reported once without its content."""
    path = tmp_path / name
    path.write_text(WHOLE, encoding="utf-8")
    path.chmod(mode)
    for _ in range(2):
        assert read_keys(tmp_path) == ApiKeys(CANARY, "other")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (record,) = caplog.records
    assert str(path) in record.getMessage()
    assert f"{mode:o}" in record.getMessage()
    assert CANARY not in caplog.text


def test_a_file_that_cannot_be_made_private_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 96: on a file system without permissions the keys are read, and variables are recommended."""
    path = tmp_path / "flickr_keys"
    path.write_text(WHOLE, encoding="utf-8")
    path.chmod(0o644)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.fchmod", refuse)
    assert read_keys(tmp_path) == ApiKeys(CANARY, "other")
    assert "cannot be changed" in caplog.text
    assert "FLICKR_CONSUMER_KEY" in caplog.text


def test_a_private_file_causes_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Keys that only the user can read cause no warning."""
    save_keys(tmp_path, KEYS)
    assert read_keys(tmp_path) == KEYS
    assert not caplog.records


def _link(path: Path) -> None:
    path.with_name("elsewhere").write_text(WHOLE, encoding="utf-8")
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (_link, "it is a link"),
        (lambda path: path.symlink_to("/nowhere"), "it is a link"),
        (lambda path: path.mkdir(), "it is not a file"),
        (os.mkfifo, "it is not a file"),
        (lambda path: path.write_bytes(b" " * 70_000 + WHOLE.encode()), "too large"),
        (lambda path: path.write_bytes(b"\0" * 100), "is not JSON"),
        (lambda path: path.write_bytes(b"[" * 60_000), "is not JSON"),
    ],
    ids=["link", "dangling link", "folder", "pipe", "huge", "zeros", "deep"],
)
def test_an_invalid_keys_file_is_one_sentence(
    tmp_path: Path, plant: Callable[[Path], object], reason: str
) -> None:
    """Row 97: key file is a link, a folder, a pipe, huge: one sentence names it and the remedy; nothing hangs."""
    path = tmp_path / "flickr_keys"
    plant(path)
    with pytest.raises(KeysError, match=reason) as caught:
        read_keys(tmp_path)

    assert str(path) in str(caught.value)
    assert "emove it" in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 97: key file owned by another: refused with its owner and the remedy, and not changed."""
    path = save_keys(tmp_path, KEYS)
    path.chmod(0o644)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    real = os.fstat

    def theirs(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        fields[4] = 54321
        return os.stat_result(fields)

    monkeypatch.setattr("os.fstat", theirs)
    with pytest.raises(KeysError, match=r"another user \(number 54321\)") as caught:
        read_keys(tmp_path)
    assert str(path) in str(caught.value)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_saved_keys_replace_a_link_and_not_its_target(tmp_path: Path) -> None:
    """Row 97: a link in place of the keys is replaced; its target does not change."""
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (tmp_path / "flickr_keys").symlink_to(victim)
    save_keys(tmp_path, KEYS)
    assert victim.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "flickr_keys").is_symlink()
    assert read_keys(tmp_path) == KEYS
