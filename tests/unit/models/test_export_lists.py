"""The favourites and contacts of an account export, in the shapes that readers of real exports report."""

from __future__ import annotations

from typing import Any

import pytest

from flickr_mirror.models.export_lists import CONTACTS_FILE, FAVORITES_FILE, contacts_in, favorites_in

FAVORITE = {"photo_id": "20216912073", "photo_url": "http://flic.kr/p/ABCDE"}
PERSON = "https://www.flickr.com/people/someone/"


@pytest.mark.parametrize("document", [{"faves": [FAVORITE]}, {"favorites": [FAVORITE]}, [FAVORITE]])
def test_favorites_are_read_in_each_known_shape(document: object) -> None:
    """A list, or an object around it; only the id is stated."""
    assert favorites_in(document) == ({"20216912073": {"id": "20216912073", "added": None}}, 0)


@pytest.mark.parametrize(
    ("entry", "photo_id"),
    [
        ({"photo_url": "https://flic.kr/p/2qgqSPF"}, "53995856069"),
        ({"photo_id": 5690422749}, "5690422749"),
        ({"photo_id": "0", "photo_url": "https://www.flickr.com/photos/someone/5690422749/"}, "5690422749"),
        ({"photo_id": "../x"}, None),
        ({}, None),
        ("20216912073", None),
        (None, None),
    ],
)
def test_a_favorite_without_a_usable_id_is_counted(entry: object, photo_id: str | None) -> None:
    """The id is also in the address; an entry without an id is counted."""
    listed = favorites_in({"faves": [entry, FAVORITE]})
    assert [*listed.entries] == [*filter(None, [photo_id]), "20216912073"]
    assert listed.unusable == (photo_id is None)


@pytest.mark.parametrize("document", [{"contacts": {"someone": PERSON}}, {"someone": PERSON}])
def test_contacts_are_read_in_each_known_shape(document: object) -> None:
    """Names and addresses of profiles, and no other facts."""
    assert contacts_in(document) == ({PERSON: {"name": "someone", "address": PERSON}}, 0)


@pytest.mark.parametrize("document", [{"contacts": {}}, {"contacts": []}, {}, []])
def test_an_account_without_contacts_is_no_error(document: object) -> None:
    """PHP writes an empty object as an empty list."""
    assert contacts_in(document) == ({}, 0)


def test_contacts_without_an_address_are_counted() -> None:
    """Only the address identifies a contact."""
    found: dict[str, Any] = {
        "a": PERSON,
        "b": None,
        "c": "javascript:alert(1)",
        "": f"{PERSON}x",
        "d\ud800": PERSON,
    }
    listed = contacts_in({"contacts": found})
    assert (listed.entries, listed.unusable) == ({PERSON: {"name": "d\ufffd", "address": PERSON}}, 3)


@pytest.mark.parametrize("document", [None, "x", 7, {"faves": {"a": 1}}, {"faves": None}, {"other": []}])
def test_other_documents_than_favorites_are_refused(document: object) -> None:
    """It is not taken for an empty list."""
    with pytest.raises(ValueError, match="no list of favorites"):
        favorites_in(document)


@pytest.mark.parametrize("document", [None, "x", 7, [{"name": "a"}], {"contacts": "a"}])
def test_other_documents_than_contacts_are_refused(document: object) -> None:
    """It is not taken for an account without contacts."""
    with pytest.raises(ValueError, match="no names and addresses"):
        contacts_in(document)


def test_the_parts_of_a_list_are_found_by_their_names() -> None:
    """Parts are numbered; a list of something else is another file."""
    assert all(map(FAVORITES_FILE.fullmatch, ("faves_part001.json", "faves_part1234.json", "faves.json")))
    assert all(map(CONTACTS_FILE.fullmatch, ("contacts_part002.json", "contacts.json")))
    assert not any(
        map(CONTACTS_FILE.fullmatch, ("my_contacts.json", "contacts_part.json", "followers_part001.json"))
    )
