"""Answers of `photos.getInfo`, in recorded and damaged shapes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photo_info import PhotoInfo, people_in
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream

ONLY_LISTED = {"faves", "original_width", "original_height"}
INFO: dict[str, Any] = {
    "id": "54000000001",
    "secret": "0123456789",
    "license": 4,
    "rotation": 90,
    "owner": {"nsid": "13476480@N07", "username": "manhhai", "path_alias": None},
    "title": {"_content": "Chợ Bến Thành"},
    "description": {"_content": "1930"},
    "dates": {
        "posted": "1600000000",
        "taken": "1930-01-01 00:00:00",
        "takengranularity": 6,
        "takenunknown": "0",
        "lastupdate": "1600000500",
    },
    "usage": {"candownload": 1, "canblog": 0, "canprint": "0", "canshare": "1"},
    "comments": {"_content": "3"},
    "notes": {
        "note": [
            {
                "id": "7",
                "author": "30112233@N02",
                "authorname": "ban_do",
                "x": "7",
                "y": "279",
                "w": 50,
                "h": "",
            }
            | {"_content": "<b>Here</b>"}
        ]
    },
    "people": {"haspeople": 1},
    "tags": {
        "tag": [
            {"author": "13476480@N07", "raw": "Bến Thành", "_content": "bếnthành", "machine_tag": False},
            {"author": "13476480@N07", "raw": "geo:Lat=1", "_content": "geo:lat=1", "machine_tag": "1"},
        ]
    },
    "location": {
        "latitude": "10.77",
        "longitude": 106.69,
        "accuracy": "16",
        "locality": {"_content": "Hồ Chí Minh"},
        "country": {"_content": "Việt Nam"},
    },
    "geoperms": {"ispublic": 1, "iscontact": 0, "isfriend": 0, "isfamily": 0},
    "media": "photo",
}


def test_an_answer_has_the_photo_the_owner_and_the_details() -> None:
    """Numbers can be texts, and `machine_tag` a boolean, a number or a text."""
    info = PhotoInfo.from_json(INFO)
    facts = info.photo.facts
    assert (info.owner.user_id, info.photo.raw_title, info.photo.raw_description) == (
        "13476480@N07",
        "Chợ Bến Thành",
        "1930",
    )
    assert (facts.uploaded, facts.updated, facts.comment_count, facts.license) == (
        1600000000,
        1600000500,
        3,
        "4",
    )
    assert (facts.tags, facts.machine_tags) == ("bếnthành geo:lat=1", "geo:lat=1")
    assert (facts.latitude, facts.longitude, facts.accuracy, facts.rotation) == (10.77, 106.69, 16, 90)
    assert info.details == {
        "updated": 1600000500,
        "note_basis": 500,
        "notes": [
            {
                "id": "7",
                "author": "30112233@N02",
                "author_name": "ban_do",
                "x": 7,
                "y": 279,
                "w": 50,
                "h": None,
            }
            | {"text": "<b>Here</b>"}
        ],
        "people": [],
        "tags": [
            {"tag": "bếnthành", "raw": "Bến Thành", "author": "13476480@N07"},
            {"tag": "geo:lat=1", "raw": "geo:Lat=1", "author": "13476480@N07"},
        ],
        "place": {"locality": "Hồ Chí Minh", "country": "Việt Nam"},
        "usage": {"download": True, "blog": False, "print": False, "share": True},
    }
    assert info.has_people


def test_missing_or_invalid_parts_are_empty() -> None:
    """Only the id and the owner are required."""
    damages: tuple[object, ...] = (None, [], "x", 5)
    for damage in damages:
        answer: dict[str, Any] = {**dict.fromkeys(INFO, damage), "id": "5", "owner": {"nsid": "13476480@N07"}}
        info = PhotoInfo.from_json(answer)
        assert (info.photo.id, info.details["notes"], info.details["place"]) == ("5", [], None)
        assert not info.has_people
    for answer in ({**INFO, "id": "../x"}, {**INFO, "owner": {}}, {}):
        with pytest.raises(ValueError, match="Flickr sent"):
            PhotoInfo.from_json(answer)


def test_it_states_the_facts_of_the_listing() -> None:
    """All metadata of a photo equal those of its listing, except for values that only listings state."""
    stream = SimulatedPhotostream(40)
    flickr = SimulatedFlickr(stream)
    listed = flickr.call(
        method="flickr.people.getPhotos", user_id=stream.nsid, per_page="500", extras=EXTRAS
    )["photos"]["photo"]
    for entry in listed:
        info = PhotoInfo.from_json(flickr.call(method="flickr.photos.getInfo", photo_id=entry["id"])["photo"])
        found, expected = info.photo.facts, FlickrPhoto.from_json(entry).facts
        for field in fields(PhotoMetadata):
            if field.name not in ONLY_LISTED:
                assert getattr(found, field.name) == getattr(expected, field.name), field.name


def test_people_are_read_without_hidden_names() -> None:
    """`realname` is missing if a person hides it."""
    answer = {"person": [{"nsid": "1@N02", "username": "a", "added_by": "2@N03", "x": "4", "y": 5}, "?"]}
    assert people_in(answer) == [
        {
            "nsid": "1@N02",
            "username": "a",
            "name": "",
            "added_by": "2@N03",
            "x": 4,
            "y": 5,
            "w": None,
            "h": None,
        }
    ]
    assert people_in({}) == []
