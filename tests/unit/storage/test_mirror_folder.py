"""The folder of a mirror: where a photo's files are, whose they are, what the information says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flickr_mirror.errors import CacheError, CacheOwnerError
from flickr_mirror.models.languages import Label, Locale
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.mirror_folder import (
    STATE_FOLDER,
    MirrorFolder,
    find_folder,
    folder_name,
    read_owner,
)
from flickr_mirror.storage.sidecar import info_document, stored_comments

PHOTO = "49674775373"
NUMBER = "fb2e16023f14649810da65b5fcbea02e"
MANHHAI = FlickrUser("13476480@N07", "manhhai")
COMMENT = FlickrComment("153473870-52990598628-721577", "195953201@N08", 1687322647, "Great shot!")
VIETNAMESE = Label("Phố cổ", Locale("vie"))
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
    """Return where it is written whose mirror a folder is."""
    return folder / STATE_FOLDER / "owner.json"


def begin(root: Path, user: FlickrUser = MANHHAI, depth: int | None = None) -> MirrorFolder:
    """Begin the mirror of a user."""
    cache = MirrorFolder.of(root, user, depth)
    cache.prepare(user, user.username)
    return cache


def document(
    photo: FlickrPhoto,
    *,
    description: Label | None = None,
    comments: list[tuple[FlickrComment, Label]] | None = None,
) -> dict[str, object]:
    """Return the information of a photo by manhhai."""
    size = FlickrPhotoSize("Original", 2048, 1536, "https://live.staticflickr.com/1/2_o.jpg")
    return info_document(photo, MANHHAI, size, title=VIETNAMESE, description=description, comments=comments)


@pytest.mark.parametrize(
    ("depth", "folders"),
    [(0, ""), (1, "f"), (4, "f/b/2/e"), (32, "/".join("fb2e16023f14649810da65b5fcbea02e"))],
)
def test_a_photo_lies_as_deep_as_asked_for(tmp_path: Path, depth: int, folders: str) -> None:
    """The first digits of the inventory number are the folders, as many as the depth says."""
    cache = MirrorFolder(tmp_path, depth)

    assert cache.path(PHOTO, "jpg") == tmp_path / folders / f"{NUMBER}.jpg"


@given(st.text(max_size=300))
@example("name")
@example("name.")
def test_any_username_gives_one_safe_folder(username: str) -> None:
    """Whatever a user is called, the mirror is one visible folder directly in the cache path."""
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
def test_a_nasty_username_gives_a_folder_that_can_be_made(tmp_path: Path, username: str) -> None:
    """Names made to break out, hide or overflow give one folder with the NSID in its name."""
    name = folder_name(FlickrUser(MANHHAI.user_id, username))
    (tmp_path / name).mkdir()

    assert name.endswith((f"({MANHHAI.user_id})", MANHHAI.user_id))
    assert [path.name for path in tmp_path.iterdir()] == [name]


@given(st.text(max_size=150), st.text(max_size=150))
@example("a/b", "ab")
@example("a" * 101, "a" * 102)
def test_two_users_never_share_a_folder(one: str, other: str) -> None:
    """Names that had to be changed for the file system stay apart, because the NSID follows."""
    first = folder_name(FlickrUser("1@N01", one))
    second = folder_name(FlickrUser("2@N02", other))

    if first != one or second != other:
        assert first != second


def test_a_plain_username_is_the_folder(tmp_path: Path) -> None:
    """Most people find their mirror under their name, in any script."""
    for username in ("manhhai", "Hội An", "a.b-c_d", "鳥"):
        assert folder_name(FlickrUser("1@N01", username)) == username
    assert MirrorFolder.of(tmp_path, MANHHAI, None).folder == tmp_path / "manhhai"


def test_a_username_with_half_a_character_gives_a_folder(tmp_path: Path) -> None:
    """A name with a lone surrogate, as JSON can carry it, does not stop the mirror."""
    user = FlickrUser.from_json({"nsid": "1@N01", "username": {"_content": "du\ud83ek"}})
    cache = begin(tmp_path, user)

    assert cache.folder.is_dir()
    assert cache.folder.parent == tmp_path


def test_looking_for_a_mirror_writes_nothing(tmp_path: Path) -> None:
    """To ask where a mirror would be changes nothing on disk."""
    cache = MirrorFolder.of(tmp_path, MANHHAI, None)

    assert cache.is_new
    assert cache.is_empty
    assert cache.depth == 4
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_says_whose_it_is(tmp_path: Path) -> None:
    """The folder tells the account, its name, how it was asked for, and the depth."""
    cache = MirrorFolder.of(tmp_path, MANHHAI, 2)
    cache.prepare(MANHHAI, "https://www.flickr.com/photos/13476480@N07")

    written = json.loads(owner_path(cache.folder).read_bytes())
    assert written.pop("checksum") == "4480fc72"
    assert written == {
        "format": 1,
        "nsid": "13476480@N07",
        "username": "manhhai",
        "asked_for": "https://www.flickr.com/photos/13476480@N07",
        "depth": 2,
    }
    assert read_owner(cache.folder) == written
    assert not MirrorFolder.of(tmp_path, MANHHAI, None).is_new


def test_a_mirror_keeps_its_depth(tmp_path: Path) -> None:
    """A later run needs not know the depth; a run with another one is refused, and both are named."""
    begin(tmp_path, depth=2)

    assert MirrorFolder.of(tmp_path, MANHHAI, None).depth == 2
    assert MirrorFolder.of(tmp_path, MANHHAI, 2).depth == 2
    with pytest.raises(CacheError, match="2 folders deep, not 4: leave out --cache-directory-depth"):
        MirrorFolder.of(tmp_path, MANHHAI, 4)


def test_another_account_with_the_same_name_is_refused(tmp_path: Path) -> None:
    """When a name went to somebody else the two photostreams are not mixed, and both accounts are named."""
    cache = begin(tmp_path)
    before = owner_path(cache.folder).read_bytes()
    with pytest.raises(CacheOwnerError) as caught:
        MirrorFolder.of(tmp_path, FlickrUser("99@N99", "manhhai"), None)

    assert "13476480@N07" in str(caught.value)
    assert "99@N99" in str(caught.value)
    assert owner_path(cache.folder).read_bytes() == before


def test_a_user_with_a_new_name_keeps_the_folder(tmp_path: Path) -> None:
    """Nothing is downloaded again because the owner took another name."""
    folder = begin(tmp_path, depth=3).folder
    renamed = FlickrUser(MANHHAI.user_id, "manhhai2")
    cache = begin(tmp_path, renamed)

    assert (cache.folder, cache.depth, cache.is_new) == (folder, 3, False)
    assert json.loads(owner_path(folder).read_bytes())["username"] == "manhhai2"
    assert find_folder(tmp_path, MANHHAI.user_id) == folder


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'"x"', b"\xff", b'{"format": 1, "nsid": 7, "depth": 4}']
)
def test_an_owner_that_cannot_be_read_stops_the_run(tmp_path: Path, content: bytes) -> None:
    """A folder that does not tell whose it is is not written into; the sentence says what to do."""
    cache = begin(tmp_path)
    owner_path(cache.folder).write_bytes(content)
    with pytest.raises(CacheError, match=r"owner\.json does not say whose mirror this is\. Move it away"):
        MirrorFolder.of(tmp_path, MANHHAI, None)


@pytest.mark.parametrize(
    ("old", "new"), [("13476480@N07", "13476481@N07"), ('"depth": 4', '"depth": 5'), ("1,", "3,")]
)
def test_an_owner_that_was_changed_stops_the_run(tmp_path: Path, old: str, new: str) -> None:
    """Damage that leaves readable values is noticed: it is neither another account nor another depth."""
    path = owner_path(begin(tmp_path).folder)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(CacheError, match=r"owner\.json does not say whose mirror this is\. Move it away"):
        MirrorFolder.of(tmp_path, MANHHAI, None)


def test_an_owner_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Without a checksum it is believed, and the next run adds one."""
    path = owner_path(begin(tmp_path).folder)
    owner = json.loads(path.read_bytes())
    path.write_text(json.dumps({name: value for name, value in owner.items() if name != "checksum"}))
    begin(tmp_path)
    assert json.loads(path.read_bytes()) == owner


@pytest.mark.parametrize(
    "facts", [{"nsid": "../x"}, {"nsid": "1@N07\ndone"}, {"depth": 99}, {"depth": -1}, {"username": 1}]
)
def test_an_owner_whose_values_cannot_be_is_refused(tmp_path: Path, facts: dict[str, object]) -> None:
    """They become names of folders, and the first line of `status`."""
    path = owner_path(begin(tmp_path).folder)
    owner = json.loads(path.read_bytes())
    del owner["checksum"]
    path.write_text(json.dumps({**owner, **facts}))
    with pytest.raises(CacheError, match=r"owner\.json does not say whose mirror this is\. Move it away"):
        read_owner(tmp_path / "manhhai")


def test_an_owner_is_private_and_no_pipe(tmp_path: Path) -> None:
    """Whatever the umask is, only its owner may change it; what is no file is not waited for."""
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
    with pytest.raises(CacheError, match="does not say whose mirror"):
        read_owner(tmp_path / "manhhai")


def test_a_mirror_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """An old program does not touch a mirror whose rules it does not know."""
    cache = begin(tmp_path)
    owner_path(cache.folder).write_text('{"format": 2, "something": "else"}', encoding="utf-8")
    with pytest.raises(CacheError, match="newer version of flickr_mirror: update"):
        MirrorFolder.of(tmp_path, MANHHAI, None)


def test_a_broken_mirror_beside_ours_stops_nobody(tmp_path: Path) -> None:
    """Other folders in the cache path, whatever is in them, do not matter."""
    (tmp_path / "broken" / STATE_FOLDER).mkdir(parents=True)
    owner_path(tmp_path / "broken").write_bytes(b"{")
    (tmp_path / "a file").touch()

    assert begin(tmp_path).folder == tmp_path / "manhhai"


def test_a_file_in_place_of_the_mirror_is_a_sentence(tmp_path: Path) -> None:
    """A file that has the user's name is told, not overwritten."""
    (tmp_path / "manhhai").write_bytes(b"mine")
    with pytest.raises(CacheError, match="manhhai is a file: move it away"):
        read_owner(tmp_path / "manhhai")


def test_beginning_a_run_removes_unfinished_files(tmp_path: Path) -> None:
    """What a killed run left half-done is gone when the next one begins; photos stay."""
    cache = begin(tmp_path)
    (cache.parts / "1-1.part").write_bytes(b"half")
    photo = cache.path(PHOTO, "jpg")
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"whole")
    begin(tmp_path)

    assert list(cache.parts.iterdir()) == []
    assert photo.read_bytes() == b"whole"


def test_a_photo_is_found_by_any_of_its_extensions(tmp_path: Path) -> None:
    """A file is found whatever kind it is; a link is not taken for a photo."""
    cache = MirrorFolder(tmp_path, 0)
    cache.path(PHOTO, "png").write_bytes(b"png")
    cache.path(PHOTO, "gif").symlink_to(cache.path(PHOTO, "png"))

    assert cache.find(PHOTO, ["gif", "jpg", "png"]) == cache.path(PHOTO, "png")
    assert cache.find(PHOTO, ["jpg"]) is None
    assert cache.find("1", ["png"]) is None


def test_a_broken_file_is_set_aside_not_deleted(tmp_path: Path) -> None:
    """What was on disk can still be looked at after it was found broken."""
    cache = begin(tmp_path, depth=0)
    cache.path(PHOTO, "jpg").write_bytes(b"broken")
    cache.quarantine(cache.path(PHOTO, "jpg"))

    assert cache.find(PHOTO, ["jpg"]) is None
    assert (cache.state / "broken" / f"{NUMBER}.jpg").read_bytes() == b"broken"


def test_each_level_of_information_adds_to_the_one_before() -> None:
    """Level 0 has the title, 1 the description, 2 the comments, in the specification's shape."""
    photo = FlickrPhoto(PHOTO, "Phố cổ")
    english = Label("", Locale("eng"))
    level_0 = document(photo)
    level_1 = document(photo, description=english)
    level_2 = document(photo, description=english, comments=[(COMMENT, Label("Great shot!"))])

    assert set(level_0) == {"title", "flickr"}
    assert set(level_1) == {"title", "description", "flickr"}
    assert set(level_2) == {"title", "description", "comments", "flickr"}
    assert level_2["title"] == {"content": "Phố cổ", "locale": "vie"}
    assert level_2["description"] == {"content": "", "locale": "eng"}
    assert level_2["comments"] == [{"content": "Great shot!", "locale": "eng"}]


def test_what_flickr_knows_beyond_the_specification_is_kept_apart() -> None:
    """Tags, dates, place and size are under `flickr`, so that the specification's keys stay its own."""
    facts = PhotoMetadata(
        uploaded=5, taken="2001-01-01 00:00:00", tags="a b", latitude=1.5, longitude=2.5, accuracy=16
    )
    more = document(FlickrPhoto(PHOTO, "x", facts=facts))["flickr"]

    assert isinstance(more, dict)
    assert more["id"] == PHOTO
    assert more["owner"] == {"nsid": "13476480@N07", "username": "manhhai"}
    assert more["url"] == f"https://www.flickr.com/photos/13476480@N07/{PHOTO}/"
    assert more["tags"] == ["a", "b"]
    assert more["dates"] == {"uploaded": 5, "taken": "2001-01-01 00:00:00", "taken_granularity": 0}
    assert more["geo"] == {"latitude": 1.5, "longitude": 2.5, "accuracy": 16}
    assert more["size"] == {"label": "Original", "width": 2048, "height": 1536}


def test_what_is_not_known_is_not_made_up() -> None:
    """Without a place there is no geo, and an unknown date of taking is not a date."""
    facts = PhotoMetadata(taken="2020-01-01 00:00:00", taken_unknown=True)
    more = document(FlickrPhoto(PHOTO, "x", facts=facts))["flickr"]

    assert isinstance(more, dict)
    assert more["geo"] is None
    assert more["dates"]["taken"] is None


async def test_equal_information_is_not_written_again(tmp_path: Path) -> None:
    """A re-run leaves files as they are, so that backups see no change; another level replaces them."""
    cache = begin(tmp_path)
    photo = FlickrPhoto(PHOTO, "Phố cổ")
    path, data = await cache.write_info(PHOTO, document(photo))
    before = path.stat()
    await cache.write_info(PHOTO, document(photo))
    assert path.read_bytes() == data
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    await cache.write_info(PHOTO, document(photo, description=VIETNAMESE))
    assert path.stat().st_ino != before.st_ino
    assert cache.read_info(PHOTO) == document(photo, description=VIETNAMESE)
    assert path == cache.path(PHOTO, "json")
    assert "Phố cổ" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
async def test_information_that_cannot_be_read_is_written_anew(tmp_path: Path, content: bytes) -> None:
    """A damaged information file is replaced, not trusted."""
    cache = begin(tmp_path, depth=0)
    cache.path(PHOTO, "json").write_bytes(content)
    assert cache.read_info(PHOTO) is None

    await cache.write_info(PHOTO, {"title": "x"})
    assert cache.read_info(PHOTO) == {"title": "x"}


async def test_stored_comments_come_back_as_they_were(tmp_path: Path) -> None:
    """Comments on disk need not be asked for again: text, language, author and date are all there."""
    cache = begin(tmp_path)
    comments = [
        (COMMENT, Label("Great shot!")),
        (FlickrComment("2", "", None, "Đẹp"), Label("Đẹp", Locale("vie"))),
    ]
    await cache.write_info(PHOTO, document(FlickrPhoto(PHOTO, "x"), comments=comments))

    assert stored_comments(cache.read_info(PHOTO)) == comments


@pytest.mark.parametrize(
    "info",
    [
        None,
        {},
        {"comments": []},
        {"comments": [{"content": "x", "locale": "eng"}], "flickr": {"comments": []}},
        {
            "comments": [{"content": "x", "locale": "?"}],
            "flickr": {"comments": [{"id": 1, "author": 2, "date": 3}]},
        },
        {"comments": [{"content": "x"}], "flickr": {"comments": [{}]}},
        {"comments": 7, "flickr": 7},
    ],
)
def test_comments_that_are_not_well_formed_are_asked_for_again(info: dict[str, object] | None) -> None:
    """A file of another program or version is not taken for comments."""
    assert stored_comments(info) is None


async def test_half_a_character_from_flickr_can_be_written(tmp_path: Path) -> None:
    """A title, description or comment with a lone surrogate is stored, with U+FFFD in its place."""
    broken = "du\ud83ek"
    photo = FlickrPhoto.from_json({"id": PHOTO, "title": broken, "tags": broken})
    comment = FlickrComment.from_json({"id": "1", "author": "x", "_content": broken})
    info = info_document(
        photo,
        MANHHAI,
        None,
        title=Label(photo.raw_title),
        description=None,
        comments=[(comment, Label(comment.content))],
    )
    cache = begin(tmp_path)
    await cache.write_info(PHOTO, info)

    assert "du\ufffdk" in cache.path(PHOTO, "json").read_text(encoding="utf-8")
    assert cache.read_info(PHOTO) == info


def test_nobodys_folder_is_where_the_keys_are() -> None:
    """A user who is called like a file of the tool gets another folder."""
    assert folder_name(FlickrUser("1@N01", "flickr_keys")) == "flickr_keys (1@N01)"
