"""Accounts are read from each kind of answer."""

from __future__ import annotations

from typing import Any

import pytest

from flickr_mirror.models.users import FlickrProfile, FlickrUser

PROFILE: dict[str, Any] = {
    "nsid": "13476480@N07",
    "ispro": 1,
    "username": {"_content": "manhhai"},
    "photos": {"firstdate": {"_content": "1194620000"}, "count": {"_content": 101899}},
}


def test_an_account_is_read_from_each_kind_of_answer() -> None:
    """Username and NSID are found in every place that Flickr uses."""
    for payload in ({"id": "1@N01", "username": "x"}, {"nsid": "1@N01", "username": {"_content": "x"}}):
        user = FlickrUser.from_json(payload)
        assert (user.user_id, user.id, user.username) == ("1@N01", "1@N01", "x")


def test_an_account_without_an_id_is_refused_with_a_sentence() -> None:
    """An answer without an NSID is rejected like a photo without an id."""
    with pytest.raises(ValueError, match="Flickr sent"):
        FlickrUser.from_json({"username": "x"})


def test_a_profile_has_the_number_of_photos_if_flickr_states_it() -> None:
    """A missing count is unknown, not 0."""
    profile = FlickrProfile.from_json(PROFILE)
    assert (profile.user.username, profile.photo_count) == ("manhhai", 101899)
    assert FlickrProfile.from_json({"nsid": "1@N01"}).photo_count is None
    assert FlickrProfile.from_json({"nsid": "1@N01", "photos": {"count": {"_content": "0"}}}).photo_count == 0
