"""The file of saved logins: reading, writing, refusals, and no output of secrets."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flickr_mirror import AccessToken, CacheError, LoginError
from flickr_mirror.cli.keys.key_file import ApiKeys
from flickr_mirror.cli.keys.login_choice import LoginChoice
from flickr_mirror.cli.keys.saved_logins import (
    remove_all_logins,
    remove_logins_of,
    save_login,
    saved_logins,
)
from flickr_mirror.cli.keys.token_file import (
    SavedLogin,
    as_json,
    hash_of,
    read_logins,
    write_logins,
)
from flickr_mirror.storage import filesystem
from tests.support.canary import KEY, SECRET, TOKEN, TOKEN_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYS = ApiKeys(KEY, SECRET)
ANNA = SavedLogin(
    AccessToken(TOKEN, TOKEN_SECRET, "1@N01", "Ánna", "read", "A. B"), hash_of(KEY), "2026-11-27T12:00:00Z"
)
BEN = SavedLogin(AccessToken("token-of-ben", "x", "2@N02", "ben", "write"), hash_of(KEY))
OTHER_KEY = replace(ANNA, key_hash=hash_of("another key"))


def test_logins_are_read_as_they_were_saved(tmp_path: Path) -> None:
    """All fields, in the order of the file, each with the file as its origin."""
    path = write_logins(tmp_path, [ANNA, BEN])
    assert read_logins(tmp_path) == [ANNA, BEN]
    assert {login.origin for login in read_logins(tmp_path)} == {str(path)}
    assert path == tmp_path / "flickr_tokens"
    document = json.loads(path.read_bytes())
    assert document["format"] == 1
    assert document["logins"][0] == {
        "token": TOKEN,
        "token_secret": TOKEN_SECRET,
        "nsid": "1@N01",
        "username": "Ánna",
        "fullname": "A. B",
        "perms": "read",
        "key_hash": hash_of(KEY),
        "date": "2026-11-27T12:00:00Z",
    }


def test_the_file_is_private_from_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With any umask, no other user can open it while it is written."""
    modes = []
    write = filesystem.write

    def note(descriptor: int, data: bytes) -> None:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        write(descriptor, data)

    monkeypatch.setattr(filesystem, "write", note)
    before = os.umask(0)
    try:
        path = write_logins(tmp_path, [ANNA])
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_there_is_one_login_for_each_key_and_account(tmp_path: Path) -> None:
    """A new login replaces that of the same account with the same key, and no other."""
    for login in (ANNA, BEN, OTHER_KEY):
        assert save_login(tmp_path, KEYS, login) == str(tmp_path / "flickr_tokens")
    again = replace(ANNA, token=replace(ANNA.token, token="new", username="anna"))
    save_login(tmp_path, KEYS, again)
    assert read_logins(tmp_path) == [BEN, OTHER_KEY, again]


def test_logins_are_removed_by_username_or_nsid(tmp_path: Path) -> None:
    """All logins of the named account are removed, with any key; the file is removed with the last login."""
    path = str(write_logins(tmp_path, [ANNA, BEN, OTHER_KEY]))
    assert remove_logins_of(tmp_path, "carl") == []
    assert remove_logins_of(tmp_path, "ÁNNA") == [path]
    assert read_logins(tmp_path) == [BEN]
    assert remove_logins_of(tmp_path, "2@N02") == [path]
    assert list(tmp_path.iterdir()) == []
    assert remove_all_logins(tmp_path) == []
    write_logins(tmp_path, [ANNA]).write_text("damaged")
    assert remove_all_logins(tmp_path) == [path]
    assert list(tmp_path.iterdir()) == []


def test_the_hash_of_the_key_does_not_reveal_it() -> None:
    """It differs for each key, is not a plain hash of it, and is shortened."""
    assert hash_of(KEY) != hash_of(KEY + "x")
    assert len(hash_of(KEY)) == 16
    assert not hashlib.sha256(KEY.encode()).hexdigest().startswith(hash_of(KEY))
    assert KEY not in as_json([ANNA])


def test_a_login_does_not_show_its_token() -> None:
    """Neither in a log line nor in a traceback."""
    choice = LoginChoice(token=TOKEN, secret=TOKEN_SECRET)
    shown = f"{ANNA!r} {ANNA} {ANNA.account} {choice!r} {choice.given()!r}"
    assert TOKEN not in shown
    assert TOKEN_SECRET not in shown


def _entry(**changes: object) -> str:
    document = json.loads(as_json([ANNA]))
    document["logins"][0] |= changes
    return json.dumps(document)


@pytest.mark.parametrize(
    "content",
    [
        "",
        TOKEN,
        f'["{TOKEN}"]',
        f'"{TOKEN}"',
        "null",
        "{}",
        f'{{"format": 1, "logins": "{TOKEN}"}}',
        f'{{"format": 1, "logins": {{"{TOKEN}": 1}}}}',
        f'{{"format": 1, "logins": ["{TOKEN}"]}}',
        f'{{"format": "{TOKEN}", "logins": []}}',
        f'{{"format": 1, "logins": [{{"token": "{TOKEN}"}}]}}',
        _entry(token=""),
        _entry(token_secret=7),
        _entry(nsid="../.."),
        _entry(username=None),
        _entry(date=[TOKEN]),
        "[" * 60_000,
        "\0" * 100,
    ],
)
def test_a_file_without_logins_is_named_and_not_shown(tmp_path: Path, content: str) -> None:
    """A damaged file is named with advice; its content is not shown, not even in the traceback."""
    path = tmp_path / "flickr_tokens"
    path.write_text(content)
    with pytest.raises(
        LoginError, match=r"holds no logins of this program\. Remove it, then log in"
    ) as caught:
        read_logins(tmp_path)
    assert str(path) in str(caught.value)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_file_that_is_not_utf8_is_named_and_not_shown(tmp_path: Path) -> None:
    """Binary data."""
    (tmp_path / "flickr_tokens").write_bytes(as_json([ANNA]).encode() + b"\xff")
    with pytest.raises(LoginError, match="holds no logins") as caught:
        read_logins(tmp_path)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_file_of_a_newer_version_is_kept(tmp_path: Path) -> None:
    """It is not replaced by a file of this version; unknown fields are ignored."""
    path = tmp_path / "flickr_tokens"
    path.write_text(as_json([ANNA]).replace('"format": 1', '"format": 2'))
    for use in (lambda: read_logins(tmp_path), lambda: save_login(tmp_path, KEYS, BEN)):
        with pytest.raises(LoginError, match="newer version of flickr_mirror: update this one"):
            use()
    assert TOKEN in path.read_text()
    path.write_text(_entry(colour="blue"))
    assert read_logins(tmp_path) == [ANNA]


def _link(path: Path) -> None:
    path.with_name("elsewhere").write_text(as_json([ANNA]))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (_link, "it is a link"),
        (lambda path: path.symlink_to("/nowhere"), "it is a link"),
        (lambda path: path.mkdir(), "it is not a file"),
        (os.mkfifo, "it is not a file"),
        (lambda path: path.write_text(" " * 70_000 + as_json([ANNA])), "too large for a file of logins"),
    ],
    ids=["link", "dangling link", "folder", "pipe", "huge"],
)
def test_an_invalid_file_of_logins_is_reported(
    tmp_path: Path, plant: Callable[[Path], object], reason: str
) -> None:
    """One sentence names it and the remedy; nothing hangs, and no link is followed."""
    path = tmp_path / "flickr_tokens"
    plant(path)
    with pytest.raises(LoginError, match=reason) as caught:
        read_logins(tmp_path)
    assert str(path) in str(caught.value)
    assert "emove it" in str(caught.value)


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported with its owner and the remedy, and not changed."""
    path = write_logins(tmp_path, [ANNA])
    path.chmod(0o644)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    real = os.fstat

    def theirs(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        fields[4] = 54321
        return os.stat_result(fields)

    monkeypatch.setattr("os.fstat", theirs)
    with pytest.raises(LoginError, match=r"another user \(number 54321\)"):
        read_logins(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_file_that_others_could_read_is_made_private(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is reported once, without its content."""
    path = write_logins(tmp_path, [ANNA])
    path.chmod(0o640)
    for _ in range(2):
        assert read_logins(tmp_path) == [ANNA]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (record,) = caplog.records
    assert f"could read the logins in {path} (mode 640)" in record.getMessage()
    assert TOKEN not in caplog.text


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """The target of a link in place of the file does not change."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "flickr_tokens").symlink_to(victim)
    write_logins(tmp_path, [ANNA])
    assert victim.read_text() == "mine"
    assert read_logins(tmp_path) == [ANNA]


def test_an_unwritable_folder_is_a_cache_error(tmp_path: Path) -> None:
    """As for the keys, the exit code is 7."""
    (tmp_path / "file").touch()
    with pytest.raises(CacheError):
        write_logins(tmp_path / "file", [ANNA])


def test_logins_are_searched_where_keys_are(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The credentials of a service, then the cache path, then `~/.flickr`."""
    write_logins(home / ".flickr", [ANNA])
    assert saved_logins(tmp_path, KEYS) == [ANNA]
    write_logins(tmp_path, [BEN])
    assert saved_logins(tmp_path, KEYS) == [BEN, ANNA]
    service = tmp_path / "service"
    write_logins(service, [OTHER_KEY]).chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(service))
    assert saved_logins(tmp_path, KEYS) == [OTHER_KEY, BEN, ANNA]
    assert stat.S_IMODE((service / "flickr_tokens").stat().st_mode) == 0o440
    (service / "flickr_tokens").write_text(TOKEN)
    with pytest.raises(LoginError, match=r"holds no logins of this program\. Correct this credential"):
        saved_logins(tmp_path, KEYS)


@pytest.mark.parametrize(
    ("token", "secret", "sentence"),
    [
        (TOKEN, "", "FLICKR_OAUTH_TOKEN is set without FLICKR_OAUTH_TOKEN_SECRET"),
        ("", TOKEN_SECRET, "FLICKR_OAUTH_TOKEN_SECRET is set without FLICKR_OAUTH_TOKEN:"),
    ],
)
def test_half_a_token_is_refused(token: str, secret: str, sentence: str) -> None:
    """One of the two variables names the other; neither is shown."""
    with pytest.raises(LoginError, match=sentence) as caught:
        LoginChoice(token=token, secret=secret).given()
    assert "canary" not in str(caught.value)
    assert LoginChoice().given() is None
