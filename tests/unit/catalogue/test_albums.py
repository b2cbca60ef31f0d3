"""The albums and collections in a real SQLite file."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from flickr_mirror import CatalogueDamagedError
from flickr_mirror.catalogue.albums import AlbumState
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.models.albums import FlickrAlbum, FlickrCollection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HUE = FlickrAlbum(
    id="72157700000000001",
    title="Huế",
    cover="54000000001",
    created=5,
    updated=6,
    photo_count=2,
    comment_count=1,
)
HANOI = FlickrAlbum(id="72157700000000002", title="Hà Nội", description="1954", photo_count=1)
TREE = (
    FlickrCollection("1-2", "All", "", (HUE.id,), (FlickrCollection("1-3", "North", "x", (HANOI.id, "9")),)),
)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """An empty catalogue."""
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        yield catalogue


def test_an_album_is_read_as_it_was_stored(catalogue: Catalogue) -> None:
    state = AlbumState(position=3, comments_stored=1, missing=2, walks=2, scan=7, caller="1@N01", gone=8)
    catalogue.albums.store(HUE, ["54000000003", "54000000001"], state)
    stored = catalogue.albums.find([HUE.id, HANOI.id])
    assert (list(stored), stored[HUE.id].album, stored[HUE.id].state) == ([HUE.id], HUE, state)
    assert catalogue.albums.members(HUE.id) == ["54000000003", "54000000001"]
    catalogue.check()


def test_storing_an_album_again_replaces_its_photos_or_keeps_them(catalogue: Catalogue) -> None:
    albums = catalogue.albums
    albums.store(HUE, ["3", "1", "2"], AlbumState(position=4))
    albums.store(HUE, None)
    assert albums.members(HUE.id) == ["3", "1", "2"]
    assert albums.find([HUE.id])[HUE.id].state.position == 4
    albums.store(HUE, ["2", "3", "2"])
    assert albums.members(HUE.id) == ["2", "3"]


def test_albums_have_the_order_of_the_owner(catalogue: Catalogue) -> None:
    albums = catalogue.albums
    for album in (HUE, HANOI):
        albums.store(album, ["1"])
    albums.place([HANOI.id, HUE.id], None)
    assert albums.ids() == [HANOI.id, HUE.id]
    albums.store(HANOI, None, AlbumState(gone=1, caller="1@N01"))
    assert (albums.ids(), albums.ids([""]), albums.counts()) == ([HUE.id], [HUE.id], (2, 1))


def test_a_new_order_or_a_changed_album_makes_the_tree_outdated(catalogue: Catalogue) -> None:
    albums = catalogue.albums
    for album in (HUE, HANOI):
        albums.store(album, ["1"])
    albums.place([HUE.id, HANOI.id], None)
    assert not albums.is_tree_current(None)
    albums.store_tree(TREE, 10)
    albums.place([HUE.id, HANOI.id], 10)
    assert albums.is_tree_current(10)
    assert not albums.is_tree_current(11)
    albums.place([HANOI.id, HUE.id], 10)
    assert not albums.is_tree_current(10)
    albums.store_tree(TREE, 10)
    albums.store(HUE, None)
    assert not albums.is_tree_current(10)


def test_a_first_full_scan_counts_for_albums_walked_before_it(catalogue: Catalogue) -> None:
    catalogue.albums.store(HUE, ["1"])
    catalogue.albums.store(HANOI, ["1"], AlbumState(scan=5))
    catalogue.albums.place([HUE.id, HANOI.id], 9)
    found = catalogue.albums.find([HUE.id, HANOI.id])
    assert (found[HUE.id].state.scan, found[HANOI.id].state.scan) == (9, 5)


def test_the_tree_is_replaced_as_a_whole(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.albums.store_tree(TREE, None)
    assert catalogue.albums.collection_ids() == {"1-2", "1-3"}
    database = sqlite3.connect(tmp_path / "catalogue.sqlite")
    assert database.execute("SELECT id, parent, position FROM collections ORDER BY id").fetchall() == [
        ("1-2", None, 1),
        ("1-3", "1-2", 1),
    ]
    assert database.execute("SELECT * FROM collection_albums ORDER BY 1, 2").fetchall() == [
        ("1-2", 1, int(HUE.id)),
        ("1-3", 1, int(HANOI.id)),
        ("1-3", 2, 9),
    ]
    database.close()
    catalogue.albums.store_tree((), None)
    assert catalogue.albums.collection_ids() == set()
    catalogue.check()


def test_unlisted_photos_are_counted_once(catalogue: Catalogue) -> None:
    catalogue.albums.store(HUE, ["1", "3", "2"])
    catalogue.albums.store(HANOI, ["3"], AlbumState(missing=4))
    assert catalogue.albums.unlisted(2) == (3, ["3", "2"])
    assert catalogue.albums.incomplete() == (1, 4)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE albums SET photos = -1",
        "UPDATE albums SET title = x'ff'",
        "DELETE FROM albums",
        "UPDATE album_photos SET position = 0",
        "UPDATE collections SET parent = 'x'",
        "UPDATE collection_albums SET album_id = 'x'",
        "UPDATE notes SET value = 'x' WHERE name = 'collections'",
    ],
)
def test_an_impossible_value_is_detected(catalogue: Catalogue, tmp_path: Path, damage: str) -> None:
    catalogue.albums.store(HUE, ["1"])
    catalogue.albums.store_tree(TREE, None)
    catalogue.check()
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as database:
        database.execute(damage)
    database.close()
    with pytest.raises(CatalogueDamagedError):
        catalogue.check()
