"""Albums and collections in Flickr's answers, with numbers as text or not, and texts as objects or not."""

from __future__ import annotations

import pytest

from flickr_mirror.models.albums import FlickrAlbum, FlickrCollection, album_comment, collections_from_json


@pytest.mark.parametrize(
    "payload",
    [
        {
            "id": "72157700000000001",
            "owner": "1@N01",
            "primary": "54000000001",
            "count_comments": "3",
            "count_photos": 2,
            "count_videos": 1,
            "title": {"_content": "Huế"},
            "description": {"_content": "Two\nlines"},
            "date_create": "1685270589",
            "date_update": "1685290674",
        },
        {
            "id": 72157700000000001,
            "owner": "1@N01",
            "primary": 54000000001,
            "count_comments": 3,
            "photos": "2",
            "videos": "1",
            "title": "Huế",
            "description": "Two\nlines",
            "date_create": 1685270589,
            "date_update": 1685290674,
        },
    ],
    ids=["recorded", "other types"],
)
def test_an_album_is_read_from_either_form(payload: dict[str, object]) -> None:
    album = FlickrAlbum.from_json(payload)
    assert album == FlickrAlbum(
        id="72157700000000001",
        title="Huế",
        description="Two\nlines",
        cover="54000000001",
        created=1685270589,
        updated=1685290674,
        photo_count=2,
        video_count=1,
        comment_count=3,
    )
    assert (album.count, album.owner) == (3, "1@N01")


def test_missing_values_are_empty() -> None:
    album = FlickrAlbum.from_json({"id": "7", "primary": "", "count_photos": "-1", "date_update": ""})
    assert album == FlickrAlbum(id="7", title="")


@pytest.mark.parametrize("value", [None, "", "../7", "07", "7x", {"_content": "7"}])
def test_an_album_without_a_valid_id_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="as the id"):
        FlickrAlbum.from_json({"id": value})


def test_collections_are_read_as_a_tree() -> None:
    tree = collections_from_json(
        {
            "collection": [
                {
                    "id": "1-2",
                    "title": "Vietnam",
                    "description": "",
                    "collection": [{"id": "1-3", "title": {"_content": "Empty"}}, {"title": "without an id"}],
                },
                {"id": "1-4", "title": "Albums", "set": [{"id": "7"}, {"id": "../8"}, "9", {"id": 10}]},
            ]
        }
    )
    assert tree == (
        FlickrCollection("1-2", "Vietnam", "", (), (FlickrCollection("1-3", "Empty", ""),)),
        FlickrCollection("1-4", "Albums", "", ("7", "10")),
    )
    assert [entry.id for root in tree for entry in root.walk()] == ["1-2", "1-3", "1-4"]


@pytest.mark.parametrize("payload", [{}, {"collection": []}, {"collection": None}, {"collection": "x"}])
def test_an_account_without_collections_has_an_empty_tree(payload: dict[str, object]) -> None:
    assert collections_from_json(payload) == ()


def test_a_tree_that_is_too_deep_is_cut() -> None:
    payload: dict[str, object] = {}
    for number in range(500):
        payload = {"collection": [{"id": str(number), **payload}]}
    assert len([*collections_from_json(payload)[0].walk()]) == 16


@pytest.mark.parametrize("key", ["datecreate", "date_create"])
def test_the_time_of_a_comment_has_two_names(key: str) -> None:
    comment = album_comment({"id": "1-7-2", "author": "1@N01", key: "1600000000", "_content": "Bravo"})
    assert (comment.date, comment.content) == (1600000000, "Bravo")
