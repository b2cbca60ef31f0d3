"""The JSON documents of albums and of the tree, written and read again."""

from __future__ import annotations

from typing import Any

import pytest

from flickr_mirror.models.albums import FlickrAlbum, FlickrCollection
from flickr_mirror.models.languages import ENGLISH, Label, Locale
from flickr_mirror.models.photos import FlickrComment
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.album_document import (
    AlbumFile,
    album_document,
    read_album,
    read_tree,
    tree_document,
)

USER = FlickrUser("1@N01", "manhhai")
FILE = AlbumFile(
    album=FlickrAlbum(
        id="72157700000000001",
        title="Huế",
        description="1954",
        cover="54000000001",
        created=5,
        updated=6,
        photo_count=2,
        video_count=1,
        comment_count=1,
    ),
    photo_ids=["54000000003", "54000000001"],
    comments=[(FlickrComment("1-7-2", "2@N02", 9, "Bravo"), Label("Bravo", Locale("fra")))],
    missing=1,
    caller="1@N01",
    gone=12,
)
TREE = (FlickrCollection("1-2", "All", "", ("7",), (FlickrCollection("1-3", "North", "x"),)),)


def document() -> dict[str, Any]:
    """Return the document of an album."""
    return album_document(FILE, USER, Label("Huế", Locale("vie")), Label("1954"))


def test_an_album_has_labels_like_a_photo() -> None:
    written = document()
    assert written["title"] == {"content": "Huế", "locale": "vie"}
    assert written["comments"] == [{"content": "Bravo", "locale": "fra"}]
    assert written["photos"] == ["54000000003", "54000000001"]
    assert written["flickr"]["cover"] == "54000000001"
    assert written["flickr"]["url"] == "https://www.flickr.com/photos/1@N01/albums/72157700000000001"
    assert written["flickr"]["comments"][0].items() >= {"id": "1-7-2", "author": "2@N02", "date": 9}.items()


def test_an_album_is_read_as_it_was_written() -> None:
    assert read_album(document()) == FILE


def test_an_album_without_comments_differs_from_one_with_unknown_comments() -> None:
    unknown = document()
    del unknown["comments"], unknown["flickr"]["comments"]
    none = {**document(), "comments": []}
    none["flickr"]["comments"] = []
    for stored, comments in ((unknown, None), (none, [])):
        read = read_album(stored)
        assert read is not None
        assert read.comments == comments


@pytest.mark.parametrize(
    "change",
    [
        {"flickr": None},
        {"flickr": {"id": "7"}},
        {"photos": None},
        {"title": "Huế"},
        {"comments": [{"content": "x"}]},
        {"flickr": {**document()["flickr"], "format": 2}},
        {"flickr": {**document()["flickr"], "id": "../7"}},
    ],
)
def test_another_document_is_not_read(change: dict[str, Any]) -> None:
    assert read_album({**document(), **change}) is None
    assert read_album(None) is None


def test_the_tree_is_read_as_it_was_written() -> None:
    locales = dict.fromkeys(("All", "", "North", "x"), ENGLISH)
    written = tree_document(TREE, ["7", "8"], USER, locales)
    assert written["collections"][0]["collections"][0]["title"] == {"content": "North", "locale": "eng"}
    assert read_tree(written) == (["7", "8"], TREE)
    assert read_tree({**written, "collections": [{}]}) is None
    assert read_tree(None) is None
