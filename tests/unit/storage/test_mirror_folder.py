"""The folder of a mirror: its depth, its owner, its files and sidecars."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import CacheError, CacheOwnerError
from flickr_mirror.models.languages import Label, Locale
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import STATE_FOLDER, find_folder, folder_name, read_owner
from flickr_mirror.storage.sidecar import info_document

if TYPE_CHECKING:
    from pathlib import Path

PHOTO = "49674775373"
NUMBER = "fb2e16023f14649810da65b5fcbea02e"
MANHHAI = FlickrUser("13476480@N07", "manhhai")
COMMENT = FlickrComment("153473870-52990598628-721577", "195953201@N08", 1687322647, "Great shot!")
VIETNAMESE = Label("Phố cổ", Locale("vie"))


def owner_path(folder: Path) -> Path:
    """Return the path of the owner file."""
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
def test_the_depth_of_a_photo_is_the_requested_one(tmp_path: Path, depth: int, folders: str) -> None:
    """The first digits of the inventory number are the folders, one for each level."""
    cache = MirrorFolder(tmp_path, depth)

    assert cache.path(PHOTO, "jpg") == tmp_path / folders / f"{NUMBER}.jpg"


def test_a_plain_username_is_the_folder(tmp_path: Path) -> None:
    """Usernames in any script are folder names."""
    for username in ("manhhai", "Hội An", "a.b-c_d", "鳥"):
        assert folder_name(FlickrUser("1@N01", username)) == username
    assert MirrorFolder.of(tmp_path, MANHHAI, None).folder == tmp_path / "manhhai"


def test_a_username_with_a_lone_surrogate_has_a_folder(tmp_path: Path) -> None:
    """A name with a lone surrogate, which JSON can contain, does not stop the mirror."""
    user = FlickrUser.from_json({"nsid": "1@N01", "username": {"_content": "du\ud83ek"}})
    cache = begin(tmp_path, user)

    assert cache.folder.is_dir()
    assert cache.folder.parent == tmp_path


def test_finding_a_mirror_writes_nothing(tmp_path: Path) -> None:
    """Computing the path of a mirror changes nothing on disk."""
    cache = MirrorFolder.of(tmp_path, MANHHAI, None)

    assert cache.is_new
    assert cache.is_empty
    assert cache.depth == 4
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_records_its_owner(tmp_path: Path) -> None:
    """The owner file has the account, its name, the requested name and the depth."""
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
    """A later run need not state the depth; a run with another one is refused, and both are named."""
    begin(tmp_path, depth=2)

    assert MirrorFolder.of(tmp_path, MANHHAI, None).depth == 2
    assert MirrorFolder.of(tmp_path, MANHHAI, 2).depth == 2
    with pytest.raises(CacheError, match="2 folders deep, not 4: leave out --cache-directory-depth"):
        MirrorFolder.of(tmp_path, MANHHAI, 4)


def test_another_account_with_the_same_name_is_refused(tmp_path: Path) -> None:
    """If a name now belongs to another account, the photostreams are not mixed, and both accounts are named."""
    cache = begin(tmp_path)
    before = owner_path(cache.folder).read_bytes()
    with pytest.raises(CacheOwnerError) as caught:
        MirrorFolder.of(tmp_path, FlickrUser("99@N99", "manhhai"), None)

    assert "13476480@N07" in str(caught.value)
    assert "99@N99" in str(caught.value)
    assert owner_path(cache.folder).read_bytes() == before


def test_a_user_with_a_new_name_keeps_the_folder(tmp_path: Path) -> None:
    """After a change of the username nothing is downloaded again."""
    folder = begin(tmp_path, depth=3).folder
    renamed = FlickrUser(MANHHAI.user_id, "manhhai2")
    cache = begin(tmp_path, renamed)

    assert (cache.folder, cache.depth, cache.is_new) == (folder, 3, False)
    assert json.loads(owner_path(folder).read_bytes())["username"] == "manhhai2"
    assert find_folder(tmp_path, MANHHAI.user_id) == folder


def test_beginning_a_run_removes_unfinished_files(tmp_path: Path) -> None:
    """Partial files of a killed run are deleted when the next one begins; photos stay."""
    cache = begin(tmp_path)
    (cache.parts / "1-1.part").write_bytes(b"half")
    photo = cache.path(PHOTO, "jpg")
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"whole")
    begin(tmp_path)

    assert list(cache.parts.iterdir()) == []
    assert photo.read_bytes() == b"whole"


def test_a_photo_is_found_by_any_of_its_extensions(tmp_path: Path) -> None:
    """A file of any format is found; a link does not count as a photo."""
    cache = MirrorFolder(tmp_path, 0)
    cache.path(PHOTO, "png").write_bytes(b"png")
    cache.path(PHOTO, "gif").symlink_to(cache.path(PHOTO, "png"))

    assert cache.find(PHOTO, ["gif", "jpg", "png"]) == cache.path(PHOTO, "png")
    assert cache.find(PHOTO, ["jpg"]) is None
    assert cache.find("1", ["png"]) is None


def test_a_broken_file_is_quarantined_not_deleted(tmp_path: Path) -> None:
    """A broken file can still be examined."""
    cache = begin(tmp_path, depth=0)
    cache.path(PHOTO, "jpg").write_bytes(b"broken")
    cache.quarantine(cache.path(PHOTO, "jpg"))

    assert cache.find(PHOTO, ["jpg"]) is None
    assert (cache.state / "broken" / f"{NUMBER}.jpg").read_bytes() == b"broken"


async def test_equal_information_is_not_written_again(tmp_path: Path) -> None:
    """A second run does not rewrite files, so that backups see no change; another level does."""
    cache = begin(tmp_path)
    photo = FlickrPhoto(PHOTO, "Phố cổ")
    path, data = await cache.write_sidecar(PHOTO, document(photo))
    before = path.stat()
    await cache.write_sidecar(PHOTO, document(photo))
    assert path.read_bytes() == data
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    await cache.write_sidecar(PHOTO, document(photo, description=VIETNAMESE))
    assert path.stat().st_ino != before.st_ino
    assert cache.read_sidecar(PHOTO) == document(photo, description=VIETNAMESE)
    assert path == cache.path(PHOTO, "json")
    assert "Phố cổ" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
async def test_unreadable_information_is_written_again(tmp_path: Path, content: bytes) -> None:
    """A damaged information file is replaced, not trusted."""
    cache = begin(tmp_path, depth=0)
    cache.path(PHOTO, "json").write_bytes(content)
    assert cache.read_sidecar(PHOTO) is None

    await cache.write_sidecar(PHOTO, {"title": "x"})
    assert cache.read_sidecar(PHOTO) == {"title": "x"}


async def test_a_lone_surrogate_can_be_written(tmp_path: Path) -> None:
    """A title, description or comment with a lone surrogate is stored with U+FFFD in its place."""
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
    await cache.write_sidecar(PHOTO, info)

    assert "du\ufffdk" in cache.path(PHOTO, "json").read_text(encoding="utf-8")
    assert cache.read_sidecar(PHOTO) == info
