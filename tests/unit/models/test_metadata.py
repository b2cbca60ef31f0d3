"""The table of photo metadata: the extras of a listing, and each fact in a sidecar file, written and read back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.models.metadata import FIELDS, PhotoMetadata, without_volatile

ENTRY: dict[str, Any] = {
    "secret": "e6f0b9d940",
    "dateupload": "1283169092",
    "lastupdate": "1703001234",
    "datetaken": "2010-08-29 12:00:00",
    "datetakengranularity": "4",
    "datetakenunknown": "0",
    "tags": "dog sit",
    "machine_tags": "geo:lat=10",
    "license": "4",
    "latitude": "10.5",
    "longitude": 106.5,
    "accuracy": "16",
    "geo_is_public": 1,
    "media": "video",
    "media_status": "pending",
    "count_comments": "3",
    "rotation": 90,
    "ispublic": 0,
    "isfriend": 1,
    "isfamily": 1,
    "safety_level": "1",
    "can_download": 0,
    "o_width": "4000",
    "o_height": 3000,
    "views": "611",
    "count_faves": 12,
    "ownername": "light traveller",
    "realname": "Ánh",
    "pathalias": "manhhai",
    "iconserver": "5442",
    "iconfarm": 6,
}
SIDECAR: dict[str, Any] = {
    "license": "4",
    "tags": ["dog", "sit"],
    "machine_tags": ["geo:lat=10"],
    "dates": {
        "uploaded": 1283169092,
        "taken": "2010-08-29 12:00:00",
        "taken_granularity": 4,
        "updated": 1703001234,
    },
    "geo": {"latitude": 10.5, "longitude": 106.5, "accuracy": 16},
    "media": "video",
    "rotation": 90,
    "privacy": "friends and family",
    "safety_level": 1,
    "can_download": False,
    "original": {"width": 4000, "height": 3000},
    "counts": {"views": 611, "faves": 12, "comments": 3},
    "owner": {
        "username": "light traveller",
        "real_name": "Ánh",
        "path_alias": "manhhai",
        "icon_server": 5442,
        "icon_farm": 6,
    },
}
WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1)
NUMBER = st.integers(-(1 << 63) + 1, (1 << 63) - 1)


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a document without a key, such as `dates.taken` for one in a nested object."""
    group, _, name = key.rpartition(".")
    if group:
        return {**document, group: without(document[group], name)}
    return {other: value for other, value in document.items() if other != name}


def test_a_listing_requests_these_extras() -> None:
    """The order does not matter, but one more field makes the next run of every mirror list all photos again."""
    assert set(EXTRAS.split(",")) == {
        *(
            "description",
            "license",
            "date_upload",
            "date_taken",
            "original_format",
            "last_update",
            "geo",
            "tags",
        ),
        *("machine_tags", "media", "path_alias", "count_comments", "rotation"),
        *("views", "count_faves", "o_dims", "safety_level"),
        *("owner_name", "realname", "icon_server", "can_download"),
        *(
            "url_o",
            "url_6k",
            "url_5k",
            "url_f",
            "url_4k",
            "url_3k",
            "url_k",
            "url_h",
            "url_l",
            "url_c",
            "url_z",
        ),
        "url_m",
    }
    assert EXTRAS.count(",") == 32


def test_the_order_of_the_keys_does_not_change() -> None:
    """A file of an earlier version equals the one written now, byte for byte, except for the format."""
    facts = PhotoMetadata.from_json(ENTRY)
    assert facts.to_sidecar() == SIDECAR
    assert repr(facts.to_sidecar()) == repr(SIDECAR)


def test_every_default_has_the_type_of_its_attribute() -> None:
    """The values that the catalogue accepts for an attribute include its default."""
    hints = get_type_hints(PhotoMetadata)
    assert [row.name for row in FIELDS] == list(hints)
    assert all(isinstance(row.default, hints[row.name]) for row in FIELDS)


def test_a_fact_missing_in_an_entry_has_its_default() -> None:
    """An entry without keys has the defaults, like one with empty values."""
    assert PhotoMetadata.from_json({}) == PhotoMetadata()
    assert PhotoMetadata.from_json(dict.fromkeys(ENTRY, "")) == PhotoMetadata()


@given(
    st.builds(
        PhotoMetadata,
        uploaded=st.none() | NUMBER,
        taken=st.text(),
        taken_granularity=NUMBER,
        tags=st.lists(WORD).map(" ".join),
        machine_tags=st.lists(WORD).map(" ".join),
        license=st.text(),
        latitude=st.floats(allow_nan=False, allow_infinity=False),
        longitude=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        accuracy=st.none() | NUMBER,
        media=st.text(),
        rotation=NUMBER,
        privacy=st.none() | st.text(),
        safety_level=st.none() | NUMBER,
        original_width=NUMBER,
        original_height=st.none() | NUMBER,
    )
)
def test_facts_in_a_sidecar_file_are_read_back(facts: PhotoMetadata) -> None:
    """Every non-volatile fact with a key can be written and read back."""
    assert PhotoMetadata.from_sidecar(facts.to_sidecar()) == facts


def test_an_unknown_date_and_a_missing_place_are_read_back() -> None:
    """They are `null` in a file, which is not the same as a missing key."""
    facts = PhotoMetadata(taken="2020-01-01 00:00:00", taken_unknown=True, accuracy=16)
    assert facts.to_sidecar()["dates"]["taken"] is None
    assert facts.to_sidecar()["geo"] is None
    assert PhotoMetadata.from_sidecar(facts.to_sidecar()) == PhotoMetadata(taken_unknown=True)


@pytest.mark.parametrize(
    "key",
    sorted({row.key for row in FIELDS if row.key} | {"dates", "geo", "original", "counts", "owner"}),
)
def test_a_file_that_lacks_a_key_is_read(key: str) -> None:
    """A file of an earlier version has the default for the missing key, and all other facts."""
    lacking = without(SIDECAR, key)
    rows = [row for row in FIELDS if row.key == key or row.key.startswith(f"{key}.")]
    expected = {
        row.name: row.default if row in rows else getattr(PhotoMetadata.from_sidecar(SIDECAR), row.name)
        for row in FIELDS
    }
    assert PhotoMetadata.from_sidecar(lacking) == PhotoMetadata(**expected)


@pytest.mark.parametrize(
    "change", [{"dates": []}, {"geo": "x"}, {"tags": 7}, {"tags": [7]}, {"rotation": "x"}, {"rotation": None}]
)
def test_a_value_of_another_type_is_refused(change: dict[str, Any]) -> None:
    """A file of another program is not read in part."""
    with pytest.raises((AttributeError, TypeError, ValueError)):
        PhotoMetadata.from_sidecar({**SIDECAR, **change})


def test_facts_that_change_without_an_edit_are_volatile() -> None:
    """Counts, the time of the last change, and facts of the account do not count as changes; all others do."""
    essential = {
        key: value for key, value in SIDECAR.items() if key not in {"can_download", "counts", "owner"}
    }
    essential["dates"] = {key: value for key, value in SIDECAR["dates"].items() if key != "updated"}
    assert without_volatile(SIDECAR) == essential
    assert PhotoMetadata.from_json(ENTRY).to_sidecar(volatile=False) == essential


@pytest.mark.parametrize(
    ("bits", "privacy"),
    [
        ((1, 0, 0), "public"),
        ((1, 1, 1), "public"),
        (("1", "0", "0"), "public"),
        ((0, 1, 0), "friends"),
        ((0, 0, 1), "family"),
        (("0", 1, "1"), "friends and family"),
        ((0, 0, 0), "private"),
        ((1, None, None), "public"),
        ((0, None, 0), None),
        ((0, 0, None), None),
        ((None, 1, 1), None),
    ],
)
def test_the_bits_of_an_entry_state_the_privacy(bits: tuple[object, ...], privacy: str | None) -> None:
    """Bits can be numbers or texts, and a missing bit never means private."""
    entry = dict(zip(("ispublic", "isfriend", "isfamily"), bits, strict=True))
    present = {key: value for key, value in entry.items() if value is not None}
    assert PhotoMetadata.from_json(entry).privacy == privacy
    assert PhotoMetadata.from_json(present).privacy == privacy


def test_zero_is_a_count_but_not_a_side_of_an_original() -> None:
    """A photo can have 0 views; an original with 0 pixels is unknown."""
    facts = PhotoMetadata.from_json(
        {"views": "0", "count_faves": 0, "safety_level": "0", "can_download": "0", "o_width": "0"}
    )
    assert (facts.views, facts.faves, facts.safety_level, facts.can_download) == (0, 0, 0, False)
    assert facts.original_width is None
    assert facts.to_sidecar()["original"] is None


def test_optional_facts_are_completed_and_never_replaced() -> None:
    """Only unknown optional facts are taken from the newer ones."""
    older = PhotoMetadata(privacy="public", views=3)
    newer = PhotoMetadata(privacy="private", safety_level=1, views=7, license="4", latitude=1.5)
    assert older.completed_from(newer) == replace(older, safety_level=1)
    assert newer.completed_from(older) == newer


def test_a_place_counts_only_if_it_is_public() -> None:
    """Flickr sends latitude 0 for photos without a place, which must not become a place."""
    nowhere = PhotoMetadata.from_json({"latitude": 0, "longitude": 0, "accuracy": 0})
    null_island = PhotoMetadata.from_json(
        {"latitude": "0", "longitude": 0, "accuracy": 16, "geo_is_public": 1}
    )

    assert (nowhere.latitude, nowhere.longitude, nowhere.accuracy) == (None, None, None)
    assert (null_island.latitude, null_island.longitude, null_island.accuracy) == (0, 0, 16)


def test_a_missing_comment_count_is_not_zero() -> None:
    """Only a count of 0 saves the call for comments."""
    assert PhotoMetadata.from_json({}).comment_count is None
    assert PhotoMetadata.from_json({"count_comments": "0"}).comment_count == 0


def test_numbers_out_of_range_are_ignored() -> None:
    """A number beyond 63 bits, or one that is not finite, counts as missing, so it reaches no catalogue and no file."""
    facts = PhotoMetadata.from_json(
        {"dateupload": "9" * 30, "latitude": "nan", "longitude": 1e999, "geo_is_public": 1, "accuracy": "16"}
    )
    assert (facts.uploaded, facts.latitude, facts.longitude, facts.accuracy) == (None, None, None, 16)
