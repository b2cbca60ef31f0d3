"""Entries of lists as Flickr writes them: numbers as text or not, texts as objects or not, missing keys."""

from __future__ import annotations

from typing import Any

import pytest

from flickr_mirror.models.account_lists import (
    Contact,
    Gallery,
    Group,
    ListedPhoto,
    PoolPhoto,
    Tag,
    profile_of,
)
from flickr_mirror.models.list_page import ListPage


def test_a_photo_has_its_owner_its_licence_and_when_it_was_added() -> None:
    photo = ListedPhoto.from_json(
        {
            "id": "23781786",
            "owner": "1@N09",
            "title": {"_content": "Sit"},
            "license": 4,
            "ownername": "anna",
            "pathalias": None,
            "dateupload": "1120515115",
            "date_faved": "1329579250",
            "media": "photo",
        }
    )
    assert photo == ListedPhoto("23781786", "Sit", "1@N09", "anna", "", "4", "photo", 1120515115, 1329579250)
    assert "comment" not in photo.to_document()


@pytest.mark.parametrize("comment", ["Look", {"_content": "Look"}])
def test_a_photo_of_a_gallery_has_the_comment_of_the_curator(comment: object) -> None:
    assert ListedPhoto.from_json({"id": 5, "comment": comment}).to_document()["comment"] == "Look"


def test_a_photo_of_a_pool_has_the_time_of_its_addition() -> None:
    assert PoolPhoto.from_json({"id": "5", "dateadded": 7}) == PoolPhoto("5", 7)


@pytest.mark.parametrize("key", ["6065-7215", "7215"])
def test_a_gallery_is_called_by_its_plain_or_compound_id(key: str) -> None:
    gallery = Gallery.from_json({"id": key, "title": {"_content": "Rivers"}, "count_photos": "13"})
    assert (gallery.id, gallery.key, gallery.title, gallery.photo_count) == ("7215", key, "Rivers", 13)


def test_names_of_groups_are_unescaped() -> None:
    group = Group.from_json(
        {"nsid": "1@N01", "name": "a &quot;b&quot; &amp; c", "pool_count": "12", "admin": ""}
    )
    assert (group.name, group.pool, group.is_admin) == ('a "b" & c', 12, False)


def test_a_public_contact_has_only_a_name() -> None:
    contact = Contact.from_json({"nsid": "1@N01", "username": "anna", "ignored": 0})
    assert (contact.realname, contact.is_friend) == ("", False)


@pytest.mark.parametrize(
    ("entry", "tag"),
    [
        ({"_content": "river"}, Tag("river")),
        ({"count": "69", "_content": "river"}, Tag("river", 69)),
        ({"clean": "river", "raw": [{"_content": "River"}, {"_content": ""}]}, Tag("river", None, ["River"])),
    ],
)
def test_the_three_lists_of_tags_are_read(entry: dict[str, Any], tag: Tag) -> None:
    assert Tag.from_json(entry) == tag


@pytest.mark.parametrize(
    ("read", "entry"),
    [
        (ListedPhoto.from_json, {"id": "../x"}),
        (PoolPhoto.from_json, {}),
        (Gallery.from_json, {"id": "7215/../.."}),
        (Group.from_json, {"nsid": "../../etc"}),
        (Contact.from_json, {"nsid": ""}),
        (Tag.from_json, {"_content": ""}),
    ],
)
def test_an_entry_with_a_bad_id_is_refused(read: Any, entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Flickr sent"):
        read(entry)


def test_a_page_counts_unreadable_entries() -> None:
    page = ListPage.from_json(
        {"page": 2, "pages": "8", "per_page": 3, "total": "22", "contact": [{"nsid": "1@N01"}, {}, "x"]},
        "contact",
        Contact.from_json,
    )
    assert (len(page.entries), page.malformed, page.page, page.pages, page.size, page.total) == (
        *(1, 2, 2, 8),
        *(3, 22),
    )


def test_a_list_without_entries_has_no_key() -> None:
    assert ListPage.from_json({"page": 1, "total": 0}, "contact", Contact.from_json).is_usable
    assert not ListPage.from_json({}, "contact", Contact.from_json).is_usable
    assert ListPage.whole({}, "group", Group.from_json).total == 0


def test_a_profile_has_no_email_address_and_no_counts() -> None:
    person = {
        "nsid": "1@N01",
        "ispro": "1",
        "username": {"_content": "anna"},
        "photos": {"firstdate": {"_content": "16"}, "count": {"_content": 487}},
        "path_alias": None,
        "timezone": {"label": "Pacific Time", "timezone_id": "PST8PDT"},
    }
    profile = profile_of(person, {"join_date": "17", "email": "a@example.org", "city": "Huế"})
    assert (profile["first_uploaded"], profile["joined"], profile["city"]) == (16, 17, "Huế")
    assert (profile["timezone"], profile["is_pro"], profile["path_alias"]) == ("PST8PDT", True, "")
    assert "a@example.org" not in str(profile)
    assert "487" not in str(profile)
