"""Owners of mirrors: the file `owner.json`, and the names of folders."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flickr_mirror.errors import CacheError
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import STATE_FOLDER, folder_name, read_owner

MANHHAI = FlickrUser("13476480@N07", "manhhai")
NASTY_NAMES = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "/",
    "a/b\\c:d",
    "CON",
    "nul.txt",
    "x\x00y",
    "x\n",
    " ",
    "~",
    "-rf",
    ".hidden",
    STATE_FOLDER,
    "é" * 300,
    "🦆" * 99,
    "a" * 99 + "é",
    "name.",
]


def owner_path(folder: Path) -> Path:
    """Return the path of the owner file."""
    return folder / STATE_FOLDER / "owner.json"


def begin(root: Path, user: FlickrUser = MANHHAI, depth: int | None = None) -> MirrorFolder:
    """Begin the mirror of a user."""
    cache = MirrorFolder.of(root, user, depth)
    cache.prepare(user, user.username)
    return cache


@given(st.text(max_size=300))
@example("name")
@example("name.")
def test_any_username_has_one_safe_folder(username: str) -> None:
    """For any username, the mirror is one visible folder directly in the cache path."""
    name = folder_name(FlickrUser(MANHHAI.user_id, username))
    root = Path("/home/me/.flickr")

    assert (root / name).resolve().parent == root
    assert "/" not in name
    assert "\\" not in name
    assert "\x00" not in name
    assert name == name.strip()
    assert not name.startswith((".", "-", "~"))
    assert not name.endswith(".")
    assert 0 < len(name.encode()) <= 255


@pytest.mark.parametrize("username", NASTY_NAMES)
def test_a_hostile_username_has_a_valid_folder(tmp_path: Path, username: str) -> None:
    """Names that would leave the folder, be hidden or be too long become one folder with the NSID in its name."""
    name = folder_name(FlickrUser(MANHHAI.user_id, username))
    (tmp_path / name).mkdir()

    assert name.endswith((f"({MANHHAI.user_id})", MANHHAI.user_id))
    assert [path.name for path in tmp_path.iterdir()] == [name]


@given(st.text(max_size=150), st.text(max_size=150))
@example("a/b", "ab")
@example("a" * 101, "a" * 102)
def test_two_users_never_share_a_folder(one: str, other: str) -> None:
    """Names that are changed for the file system stay distinct, because the NSID follows."""
    first = folder_name(FlickrUser("1@N01", one))
    second = folder_name(FlickrUser("2@N02", other))

    if first != one or second != other:
        assert first != second


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'"x"', b"\xff", b'{"format": 1, "nsid": 7, "depth": 4}']
)
def test_an_unreadable_owner_file_stops_the_run(tmp_path: Path, content: bytes) -> None:
    """A run does not write to a folder with a damaged owner file; the message states what to do."""
    cache = begin(tmp_path)
    owner_path(cache.folder).write_bytes(content)
    with pytest.raises(CacheError, match=r"owner\.json is damaged: .* Move it; the next run"):
        MirrorFolder.of(tmp_path, MANHHAI, None)


@pytest.mark.parametrize(
    ("old", "new"), [("13476480@N07", "13476481@N07"), ('"depth": 4', '"depth": 5'), ("1,", "3,")]
)
def test_a_changed_owner_file_stops_the_run(tmp_path: Path, old: str, new: str) -> None:
    """Damage that leaves readable values is detected, not taken for another account or depth."""
    path = owner_path(begin(tmp_path).folder)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(CacheError, match=r"owner\.json is damaged: .* Move it; the next run"):
        MirrorFolder.of(tmp_path, MANHHAI, None)


def test_an_owner_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Without a checksum it is accepted, and the next run adds one."""
    path = owner_path(begin(tmp_path).folder)
    owner = json.loads(path.read_bytes())
    path.write_text(json.dumps({name: value for name, value in owner.items() if name != "checksum"}))
    begin(tmp_path)
    assert json.loads(path.read_bytes()) == owner


@pytest.mark.parametrize(
    "facts", [{"nsid": "../x"}, {"nsid": "1@N07\ndone"}, {"depth": 99}, {"depth": -1}, {"username": 1}]
)
def test_an_owner_with_impossible_values_is_refused(tmp_path: Path, facts: dict[str, object]) -> None:
    """The values are used in names of folders, and in the first line of `status`."""
    path = owner_path(begin(tmp_path).folder)
    owner = json.loads(path.read_bytes())
    del owner["checksum"]
    path.write_text(json.dumps({**owner, **facts}))
    with pytest.raises(CacheError, match=r"owner\.json is damaged: .* Move it; the next run"):
        read_owner(tmp_path / "manhhai")


def test_an_owner_file_is_private_and_not_a_pipe(tmp_path: Path) -> None:
    """With any umask, only its user may change the file. Reading a pipe does not block."""
    before = os.umask(0)
    try:
        path = owner_path(begin(tmp_path).folder)
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o666)
        begin(tmp_path)
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(CacheError, match="does not name the owner"):
        read_owner(tmp_path / "manhhai")


def test_a_mirror_of_a_newer_version_is_not_changed(tmp_path: Path) -> None:
    """An old program does not change a mirror of an unknown format."""
    cache = begin(tmp_path)
    owner_path(cache.folder).write_text('{"format": 2, "something": "else"}', encoding="utf-8")
    with pytest.raises(CacheError, match="newer version of flickr_mirror: update"):
        MirrorFolder.of(tmp_path, MANHHAI, None)


def test_a_broken_mirror_in_the_same_cache_does_not_stop_a_run(tmp_path: Path) -> None:
    """Other folders in the cache path have no effect."""
    (tmp_path / "broken" / STATE_FOLDER).mkdir(parents=True)
    owner_path(tmp_path / "broken").write_bytes(b"{")
    (tmp_path / "a file").touch()

    assert begin(tmp_path).folder == tmp_path / "manhhai"


def test_a_file_in_place_of_the_mirror_is_reported(tmp_path: Path) -> None:
    """A file with the user's name is reported, not overwritten."""
    (tmp_path / "manhhai").write_bytes(b"mine")
    with pytest.raises(CacheError, match=r"manhhai is a file\. Move it, or"):
        read_owner(tmp_path / "manhhai")


def test_a_folder_never_has_the_name_of_the_key_file() -> None:
    """A user with the name of a file of the tool gets another folder."""
    assert folder_name(FlickrUser("1@N01", "flickr_keys")) == "flickr_keys (1@N01)"
