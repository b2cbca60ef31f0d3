"""Folders of lists: found by the list, never mixed with another mirror, and not taken for a photostream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import CacheError
from flickr_mirror.models.sources import Source, SourceAddress, SourceKind
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.list_folders import list_folder
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.mirror_lookup import find_mirror
from flickr_mirror.storage.owner import find_folder, folder_name, read_owner

if TYPE_CHECKING:
    from pathlib import Path

ANNA = FlickrUser("1@N01", "anna")


def source(user: FlickrUser = ANNA, kind: SourceKind = SourceKind.FAVORITES) -> Source:
    """Return a list of a user."""
    return Source(SourceAddress(kind, user.username), user, user.id)


def prepared(root: Path, wanted: Source, depth: int | None = None) -> MirrorFolder:
    """Return the mirror of a list, with its owner file."""
    folder = list_folder(root, wanted, depth)
    folder.prepare(FlickrUser(wanted.user.id, wanted.title), wanted.address.url)
    return folder


def test_a_list_has_its_own_folder_with_its_address(tmp_path: Path) -> None:
    folder = prepared(tmp_path, source())
    owner = read_owner(folder.folder)
    assert (folder.folder.name, folder.is_new) == ("favorites of anna", True)
    assert owner is not None
    assert owner["source"] == {
        "kind": "favorites",
        "id": "1@N01",
        "url": "https://www.flickr.com/photos/anna/favorites",
    }
    assert owner["format"] == 2  # earlier versions must not take it for the photostream of the account


def test_a_later_run_finds_a_folder_after_renames(
    tmp_path: Path,
) -> None:
    prepared(tmp_path, source(), 2).folder.rename(tmp_path / "liked")
    found = list_folder(tmp_path, source(FlickrUser("1@N01", "anna b")), None)
    assert (found.folder.name, found.depth, found.is_new) == ("liked", 2, False)
    with pytest.raises(CacheError, match="2 folders deep, not 3"):
        list_folder(tmp_path, source(), 3)


def test_another_list_never_gets_the_folder(tmp_path: Path) -> None:
    prepared(tmp_path, source())
    other = list_folder(tmp_path, source(FlickrUser("2@N01", "anna")), None)
    assert other.folder.name == "favorites of anna (2@N01)"
    assert list_folder(tmp_path, source(kind=SourceKind.PEOPLE), None).folder.name == "photos of anna"


def test_a_changed_name_is_followed_by_the_id(tmp_path: Path) -> None:
    found = list_folder(tmp_path, source(FlickrUser("2@N01", "a/b")), None)
    assert found.folder == tmp_path / "favorites of ab (2@N01)"


@pytest.mark.parametrize("name", ["favorites of anna", "Gallery 7 of x", "pool of x", "photos of x"])
def test_a_username_like_the_name_of_a_list_gets_another_folder(name: str) -> None:
    assert folder_name(FlickrUser("3@N01", name)) == f"{name} (3@N01)"


def test_the_mirror_of_a_list_is_not_that_of_the_photostream(tmp_path: Path) -> None:
    folder = prepared(tmp_path, source())
    assert find_folder(tmp_path, "1@N01") is None
    mirror = MirrorFolder.of(tmp_path, ANNA, None)
    mirror.prepare(ANNA, "anna")
    assert mirror.folder.name == "anna"
    for name, wanted in (
        ("1@N01", mirror),
        ("anna", mirror),
        ("favorites of anna", folder),
        ("https://www.flickr.com/photos/anna/favorites", folder),
    ):
        found = find_mirror(tmp_path, name)
        assert found is not None
        assert found[0].folder == wanted.folder, name


@pytest.mark.parametrize("damage", [{"source": "x"}, {"source": {"kind": 1}}, {"format": 3}])
def test_a_damaged_owner_file_is_an_error(tmp_path: Path, damage: dict[str, object]) -> None:
    folder = prepared(tmp_path, source())
    path = folder.state / "owner.json"
    owner = json.loads(path.read_text()) | damage
    del owner["checksum"]
    path.write_text(json.dumps(owner))
    with pytest.raises(CacheError):
        read_owner(folder.folder)
