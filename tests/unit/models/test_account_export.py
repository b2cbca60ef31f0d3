"""Reading the JSON files of an account export, whose shape differs by year."""

from __future__ import annotations

from typing import Any

import pytest

from flickr_mirror.models.account_export import (
    ExportProfile,
    albums_of,
    owner_in,
    photo_of,
    profile_of,
    time_of,
)
from flickr_mirror.models.visibility import is_public

PHOTO = {
    "id": "5690422700",
    "name": "Fish &amp; chips",
    "description": "See <a href=&quot;https://example.org/&quot;>this</a>",
    "count_views": "12",
    "date_taken": "2012-06-26 00:17:20",
    "date_imported": "2012-07-26 07:17:20",
    "rotation": 90,
    "photopage": "https://www.flickr.com/photos/User-1/5690422700/",
    "license": "Attribution License",
    "geo": [{"latitude": "51500000", "longitude": "-127758", "accuracy": "16"}],
    "tags": [{"tag": "Phố cổ 1920"}, {"tag": "geo:lat=51"}, {"tag": "!"}],
    "notes": [{"id": "1", "x": 7, "y": 279, "w": 50, "h": 50, "note": "here", "author": "2@N04"}],
    "privacy": "public",
    "safety": "moderate",
    "comments": [
        {"id": "11", "date": "2012-07-27 08:00:00", "user": "2@N04", "comment": "So &quot;good&quot;"}
    ],
}


def test_a_photo_has_the_facts_of_its_file() -> None:
    """Entities, millionths of a degree, times and the names of licences become what a listing has."""
    found = photo_of(PHOTO, "5690422700")
    photo = found.photo
    assert photo.raw_title == "Fish & chips"
    assert photo.raw_description == 'See <a href="https://example.org/">this</a>'
    facts = photo.facts
    assert (facts.latitude, facts.longitude, facts.accuracy) == (51.5, -0.127758, 16)
    assert (facts.uploaded, facts.taken, facts.taken_unknown) == (1343287040, "2012-06-26 00:17:20", False)
    assert (facts.license, facts.rotation, facts.comment_count) == ("4", 90, 1)
    assert (facts.privacy, facts.safety_level, facts.views, facts.faves) == ("public", 1, 12, None)
    assert (facts.tags, facts.machine_tags) == ("phốcổ1920", "geo:lat=51")
    (comment,) = found.comments
    assert (comment.id, comment.author, comment.date) == ("11", "2@N04", 1343376000)
    assert comment.content == "So &quot;good&quot;"  # as in the answers of the API
    assert is_public(photo)
    assert found.details["notes"] == PHOTO["notes"]
    assert found.details["tags"] == PHOTO["tags"]


@pytest.mark.parametrize("document", [[PHOTO], {"photo": PHOTO}, {"photo": [PHOTO]}])
def test_a_list_and_an_object_around_a_photo_are_read(document: object) -> None:
    """The shape differs by year."""
    assert photo_of(document, "5690422700").photo.raw_title == "Fish & chips"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"geo": {"latitude": "1000000", "longitude": "2000000", "accuracy": "3"}}, (1.0, 2.0, 3)),
        ({"geo": []}, (None, None, None)),
        ({"geo": [{"latitude": "x", "longitude": "2"}]}, (None, None, None)),
        ({"geo": None}, (None, None, None)),
    ],
)
def test_a_place_is_an_object_a_list_or_missing(changes: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """An incomplete place is ignored."""
    facts = photo_of(PHOTO | changes, "5690422700").photo.facts
    assert (facts.latitude, facts.longitude, facts.accuracy) == expected


@pytest.mark.parametrize(
    ("privacy", "expected"),
    [("public", False), ("private", True), ("friend & family", True), ("Public", False), (None, False)],
)
def test_a_photo_that_is_not_public_is_private(privacy: str | None, expected: bool) -> None:
    """Photos for friends or family are not public."""
    found = photo_of(PHOTO | {"privacy": privacy}, "5690422700")
    assert is_public(found.photo) is not expected


@pytest.mark.parametrize("document", [{}, [], None, 7, "x", {"id": "1"}, {"photo": None}])
def test_the_file_of_another_photo_is_refused(document: object) -> None:
    """A file must describe the photo that it is named after."""
    with pytest.raises(ValueError, match="does not describe"):
        photo_of(document, "5690422700")


def test_unusual_values_are_left_out() -> None:
    """Values of other types than usual do not stop an import."""
    odd = {
        "id": "1",
        "name": None,
        "tags": "x",
        "comments": {"comments": [7, {"date": "never"}]},
        "rotation": {},
    }
    found = photo_of(odd, "1")
    assert (found.photo.raw_title, found.photo.facts.tags, found.photo.facts.rotation) == ("", "", 0)
    assert [comment.date for comment in found.comments] == [None]
    assert found.photo.facts.taken_unknown


@pytest.mark.parametrize(
    ("name", "number"), [("All Rights Reserved", "0"), ("CC BY-NC-ND 4.0", "16"), ("New one", "")]
)
def test_licences_have_the_numbers_of_both_lists_of_names(name: str, number: str) -> None:
    """Flickr renamed its licences in 2025."""
    assert photo_of(PHOTO | {"license": name}, "5690422700").photo.facts.license == number


def test_albums_keep_the_order_and_leave_out_invalid_ids() -> None:
    """An album can have the id 0, and no cover."""
    album = {
        "id": "72",
        "title": "A &amp; B",
        "description": "",
        "created": "1517485941",
        "last_updated": "x",
    }
    album["cover_photo"] = "https://www.flickr.com/photos/user-1/569"
    album["photos"] = ["570", "0", "569", 7, None]  # type: ignore[assignment]
    for document in ({"albums": [album]}, [album], album):
        (found,) = albums_of(document)
        assert found == ("72", "A & B", "", "569", 1517485941, None, ["570", "569", "7"])
    assert albums_of({"albums": []}) == []


def test_a_profile_names_the_account() -> None:
    """Without a valid NSID it names none."""
    assert profile_of({"nsid": "1@N01", "screen_name": "user 1"}) == ExportProfile("1@N01", "user 1")
    assert profile_of({"profile": {"nsid": "1@N01", "path_alias": "user-1"}}) == ExportProfile(
        "1@N01", "user-1"
    )
    documents: list[object] = [{}, {"nsid": "../x"}, [], None]
    assert not any(map(profile_of, documents))


def test_the_page_of_a_photo_names_its_owner() -> None:
    """The files of two accounts can be distinguished by it."""
    assert owner_in(PHOTO) == "user-1"
    assert owner_in({"photopage": "https://example.org/photos/x/1/"}) == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-02 00:00:00", 86400), ("86400", 86400), ("2012-13-01", None), (None, None)],
)
def test_times_are_read_as_utc(text: object, seconds: int | None) -> None:
    """The export states no zone."""
    assert time_of(text) == seconds
