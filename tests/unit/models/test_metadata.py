"""The table of photo metadata: what a listing is asked for, and the way of each fact into a sidecar file and back."""

from __future__ import annotations

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
    "pathalias": "manhhai",
}
SIDECAR: dict[str, Any] = {
    "license": "4",
    "tags": ["dog", "sit"],
    "machine_tags": ["geo:lat=10"],
    "dates": {"uploaded": 1283169092, "taken": "2010-08-29 12:00:00", "taken_granularity": 4},
    "geo": {"latitude": 10.5, "longitude": 106.5, "accuracy": 16},
    "media": "video",
    "rotation": 90,
}
WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1)
NUMBER = st.integers(-(1 << 63) + 1, (1 << 63) - 1)


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a document that lacks a key, `dates.taken` for one in an object inside of it."""
    group, _, name = key.rpartition(".")
    if group:
        return {**document, group: without(document[group], name)}
    return {other: value for other, value in document.items() if other != name}


def test_a_listing_is_asked_for_what_earlier_versions_asked_for() -> None:
    """The order does not matter, but one more field makes the next run of every mirror list it all again."""
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
    assert EXTRAS.count(",") == 24


def test_the_order_of_the_keys_stays() -> None:
    """A file of an earlier version equals the one that is written now, byte for byte, but for the format."""
    facts = PhotoMetadata.from_json(ENTRY)
    assert facts.to_sidecar() == SIDECAR
    assert repr(facts.to_sidecar()) == repr(SIDECAR)


def test_every_default_is_of_the_type_of_its_attribute() -> None:
    """What the catalogue accepts for an attribute includes its default."""
    hints = get_type_hints(PhotoMetadata)
    assert [row.name for row in FIELDS] == list(hints)
    assert all(isinstance(row.default, hints[row.name]) for row in FIELDS)


def test_a_fact_that_is_not_in_an_entry_has_its_default() -> None:
    """An entry without any key gives the defaults, like one whose values are empty."""
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
    )
)
def test_what_is_written_to_a_sidecar_file_is_read_back(facts: PhotoMetadata) -> None:
    """Every fact with a key survives the way into a file and back."""
    assert PhotoMetadata.from_sidecar(facts.to_sidecar()) == facts


def test_an_unknown_date_and_a_missing_place_are_read_back() -> None:
    """They are `null` in a file, which is not the same as a missing key."""
    facts = PhotoMetadata(taken="2020-01-01 00:00:00", taken_unknown=True, accuracy=16)
    assert facts.to_sidecar()["dates"]["taken"] is None
    assert facts.to_sidecar()["geo"] is None
    assert PhotoMetadata.from_sidecar(facts.to_sidecar()) == PhotoMetadata(taken_unknown=True)


@pytest.mark.parametrize("key", sorted({row.key for row in FIELDS if row.key} | {"dates", "geo"}))
def test_a_file_that_lacks_a_key_is_read(key: str) -> None:
    """A file of a version before the key was introduced gives the default for it, and all the rest."""
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
    """A file that something else wrote is not read in part."""
    with pytest.raises((AttributeError, TypeError, ValueError)):
        PhotoMetadata.from_sidecar({**SIDECAR, **change})


def test_without_volatile_fields_nothing_is_taken_away() -> None:
    """No field is volatile yet: the whole document counts."""
    assert not [row for row in FIELDS if row.volatile]
    assert without_volatile(SIDECAR) == SIDECAR
    assert PhotoMetadata.from_json(ENTRY).to_sidecar(volatile=False) == SIDECAR


def test_a_place_counts_only_where_it_is_public() -> None:
    """Latitude 0, which Flickr sends for photos without a place, is not taken for one in the Atlantic."""
    nowhere = PhotoMetadata.from_json({"latitude": 0, "longitude": 0, "accuracy": 0})
    null_island = PhotoMetadata.from_json(
        {"latitude": "0", "longitude": 0, "accuracy": 16, "geo_is_public": 1}
    )

    assert (nowhere.latitude, nowhere.longitude, nowhere.accuracy) == (None, None, None)
    assert (null_island.latitude, null_island.longitude, null_island.accuracy) == (0, 0, 16)


def test_a_listing_that_says_nothing_of_comments_does_not_say_none() -> None:
    """No count and a count of 0 are different: only the second one saves asking."""
    assert PhotoMetadata.from_json({}).comment_count is None
    assert PhotoMetadata.from_json({"count_comments": "0"}).comment_count == 0


def test_numbers_that_no_file_can_hold_are_none() -> None:
    """A number beyond 63 bits, or one that is not finite, counts as missing, so it reaches no catalogue and no file."""
    facts = PhotoMetadata.from_json(
        {"dateupload": "9" * 30, "latitude": "nan", "longitude": 1e999, "geo_is_public": 1, "accuracy": "16"}
    )
    assert (facts.uploaded, facts.latitude, facts.longitude, facts.accuracy) == (None, None, None, 16)
