"""What Flickr answers, however untidy, becomes the nouns that everybody else works with."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.models.identifiers import inventory_number, is_photo_id
from flickr_mirror.models.languages import Label, Locale
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.payloads import text_of, to_int
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto, PhotoPage
from flickr_mirror.models.sizes import FlickrPhotoSize
from flickr_mirror.models.users import FlickrProfile, FlickrUser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PHOTO: dict[str, Any] = {
    "id": "4941540830",
    "title": "Sit",
    "dateupload": "1283169092",
    "lastupdate": "1703001234",
    "datetaken": "2010-08-29 12:00:00",
    "datetakengranularity": 0,
    "datetakenunknown": "0",
    "media": "photo",
    "media_status": "ready",
    "count_comments": "3",
    "tags": "dog sit",
    "machine_tags": "",
    "license": "4",
    "latitude": "10.5",
    "longitude": 106.5,
    "accuracy": "16",
    "geo_is_public": 1,
    "rotation": 90,
    "pathalias": "manhhai",
    "description": {"_content": "A dog"},
    "url_o": "https://live.staticflickr.com/4141/4941540830_0d1a994712_o.jpg",
    "height_o": "2048",
    "width_o": 1536,
    "url_m": "https://live.staticflickr.com/4141/4941540830_0d1a994712.jpg",
    "height_m": "500",
    "width_m": "375",
}
PAGE: dict[str, Any] = {"page": 1, "pages": 203, "perpage": 500, "total": "101311", "photo": [PHOTO]}
PROFILE: dict[str, Any] = {
    "nsid": "13476480@N07",
    "ispro": 1,
    "username": {"_content": "manhhai"},
    "photos": {"firstdate": {"_content": "1194620000"}, "count": {"_content": 101899}},
}
SIZE: dict[str, Any] = {
    "label": "Large Square",
    "width": "150",
    "height": 150,
    "media": "photo",
    "source": "https://live.staticflickr.com/65535/49499525286_e6f0b9d940_q.jpg",
}
COMMENT: dict[str, Any] = {"id": "1-2-3", "author": "9@N08", "datecreate": "1687322647", "_content": "Great!"}
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.just([]),
    st.just({}),
    st.just({"_content": 7}),
)


def size(
    label: str, width: int, height: int, media: str = "photo", url: str = "https://x/y.jpg"
) -> FlickrPhotoSize:
    """Return a size of a photo."""
    return FlickrPhotoSize(label, width, height, url, media)


def best_label(*sizes: FlickrPhotoSize) -> str | None:
    """Return the label of the best of the sizes."""
    best = FlickrPhoto("1", "x", sizes=list(sizes)).best_size
    return best.label if best else None


def without_each_key(payload: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield copies of an answer, each of which lacks another key."""
    for key in payload:
        yield key, {name: copy.deepcopy(value) for name, value in payload.items() if name != key}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (75, 75),
        ("75", 75),
        ("", None),
        (None, None),
        ("x", None),
        ({}, None),
        (float("inf"), None),
        ("9" * 5000, None),
    ],
)
def test_numbers_are_read_however_flickr_writes_them(value: object, number: int | None) -> None:
    """`75` and `"75"` are the same number, and what is none is not known."""
    assert to_int(value) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [("Huế", "Huế"), ({"_content": "Huế"}, "Huế"), (None, ""), ({}, ""), (7, "7"), ("a\ud800b", "a\ufffdb")],
)
def test_texts_are_read_however_flickr_writes_them(value: object, text: str) -> None:
    """A text may be plain, wrapped or absent, and never holds half a character."""
    assert text_of(value) == text


@given(st.one_of(st.text(), st.text(st.characters(categories=["Cs"])), ANYTHING))
def test_every_text_can_be_written_to_a_file(value: object) -> None:
    """Whatever Flickr sends as a text can be encoded."""
    text = text_of(value)
    assert text.encode().decode() == text


def test_the_inventory_number_is_that_of_the_specification() -> None:
    """Files lie where the specification says, now and in every later version."""
    assert inventory_number("49674775373") == "fb2e16023f14649810da65b5fcbea02e"
    assert FlickrPhoto("49674775373", "x").image_filename == "fb2e16023f14649810da65b5fcbea02e.jpg"


@pytest.mark.parametrize("value", ["1", "49674775373", "9" * 18])
def test_a_decimal_number_is_an_id(value: str) -> None:
    """The ids that Flickr gives are taken."""
    assert is_photo_id(value)


@pytest.mark.parametrize(
    "value", [None, "", "0", "007", "-1", "1.5", "1 ", "../1", "a", "9" * 19, "٣", "²", "1\n", [], {}]
)
def test_what_is_no_id_is_refused(value: object) -> None:
    """Nothing but a decimal number ever becomes the name of a file, and the refusal shows it."""
    assert not is_photo_id(value)
    with pytest.raises(ValueError, match="as the id of a photo"):
        FlickrPhoto.from_json({**PHOTO, "id": value})


def test_a_photo_is_read_from_a_listing() -> None:
    """All that a listing tells of a photo is there."""
    photo = FlickrPhoto.from_json(PHOTO)

    assert (photo.id, photo.raw_title, photo.raw_description) == ("4941540830", "Sit", "A dog")
    assert [(entry.label, entry.width, entry.height) for entry in photo.sizes] == [
        ("Original", 1536, 2048),
        ("Medium", 375, 500),
    ]
    assert photo.facts == PhotoMetadata(
        uploaded=1283169092,
        updated=1703001234,
        taken="2010-08-29 12:00:00",
        tags="dog sit",
        license="4",
        latitude=10.5,
        longitude=106.5,
        accuracy=16,
        comment_count=3,
        rotation=90,
        path_alias="manhhai",
    )


@pytest.mark.parametrize(
    ("read", "payload", "needed"),
    [
        (FlickrPhoto.from_json, PHOTO, {"id"}),
        (PhotoPage.from_json, PAGE, set()),
        (FlickrPhotoSize.from_json, SIZE, set()),
        (FlickrComment.from_json, COMMENT, set()),
        (FlickrProfile.from_json, {**PROFILE, "id": "13476480@N07"}, set()),
        (FlickrUser.from_json, {"id": "1@N01", "nsid": "1@N01", "username": {"_content": "x"}}, set()),
    ],
)
def test_a_key_that_flickr_leaves_out_is_no_error(
    read: Callable[[dict[str, Any]], object], payload: dict[str, Any], needed: set[str]
) -> None:
    """An answer that lacks a key is read as far as it goes; only a photo without an id is none."""
    for key, rest in without_each_key(payload):
        if key in needed:
            with pytest.raises(ValueError, match=f"Flickr sent None as the {key}"):
                read(rest)
        else:
            assert read(rest) is not None


@given(st.dictionaries(st.sampled_from([key for key in PHOTO if key != "id"]), ANYTHING))
def test_a_photo_is_read_whatever_its_values_are(changes: dict[str, Any]) -> None:
    """No value in an answer of Flickr's, of whatever type, stops a run."""
    photo = FlickrPhoto.from_json({**PHOTO, **changes})

    assert photo.id == PHOTO["id"]
    assert isinstance(photo.raw_title, str)
    assert all(isinstance(entry.width, int) for entry in photo.sizes)


@given(st.dictionaries(st.sampled_from(list(PAGE)), ANYTHING))
def test_a_page_is_read_whatever_its_values_are(changes: dict[str, Any]) -> None:
    """No page that Flickr sends, however odd, stops a run."""
    page = PhotoPage.from_json({**PAGE, **changes})

    assert isinstance(page.total, int)
    assert isinstance(page.photos, list)


def test_entries_that_are_no_photos_are_counted() -> None:
    """A page says how many of its entries could not be read, so that they are not taken for done."""
    page = PhotoPage.from_json({**PAGE, "photo": [PHOTO, {}, None, "x", 7, {"id": "x"}, {"id": "2"}]})

    assert [photo.id for photo in page.photos] == ["4941540830", "2"]
    assert page.malformed == 5
    assert (page.page, page.pages, page.total) == (1, 203, 101311)


def test_an_empty_page_has_nothing() -> None:
    """A photostream without photos is a page without photos."""
    assert PhotoPage.from_json({"page": 1, "pages": "", "total": None, "photo": []}) == PhotoPage()


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


def test_the_best_size_is_found_by_number_not_by_letters() -> None:
    """1000 pixels are more than 999, though `"1000"` sorts before `"999"`, and the label does not count."""
    sizes = [
        FlickrPhotoSize.from_json({**SIZE, "label": label, "width": width, "height": "10"})
        for label, width in (("Small", "999"), ("Large", "1000"), ("Medium", "90"))
    ]

    assert best_label(*sizes) == "Large"


def test_a_crop_is_never_the_best_size() -> None:
    """The square that shows a part of a tiny picture is not taken for it, though it has more pixels."""
    assert (
        best_label(size("Square", 75, 75), size("Large Square", 150, 150), size("Original", 100, 60))
        == "Original"
    )


def test_the_best_size_is_a_picture_with_pixels_and_an_address() -> None:
    """A video, an entry without address or without pixels is not the best picture."""
    assert (
        best_label(
            size("1080p", 1920, 1080, media="video"),
            size("Large", 1024, 768, url=""),
            size("Medium", 0, 0),
            size("Small", 240, 180),
        )
        == "Small"
    )
    assert best_label() is None


def test_an_account_is_read_from_each_kind_of_answer() -> None:
    """Username and NSID are found wherever Flickr writes them."""
    for payload in ({"id": "1@N01", "username": "x"}, {"nsid": "1@N01", "username": {"_content": "x"}}):
        user = FlickrUser.from_json(payload)
        assert (user.user_id, user.id, user.username) == ("1@N01", "1@N01", "x")


def test_an_account_without_an_id_is_refused_with_a_sentence() -> None:
    """An answer without an NSID is told as an answer that cannot be used, like a photo without an id."""
    with pytest.raises(ValueError, match="Flickr sent"):
        FlickrUser.from_json({"username": "x"})


def test_a_profile_tells_the_number_of_photos_or_not() -> None:
    """A count that Flickr leaves out is not known, rather than 0."""
    profile = FlickrProfile.from_json(PROFILE)
    assert (profile.user.username, profile.photo_count) == ("manhhai", 101899)
    assert FlickrProfile.from_json({"nsid": "1@N01"}).photo_count is None
    assert FlickrProfile.from_json({"nsid": "1@N01", "photos": {"count": {"_content": "0"}}}).photo_count == 0


def test_texts_become_labels_when_they_are_read() -> None:
    """Title, description and comments come with their language; what is not known yet is `None` or empty."""
    photo = FlickrPhoto("1", "Những con đường của Hà Nội thật là đẹp")
    assert (photo.description, photo.comments) == (None, [])
    assert photo.title == Label("Những con đường của Hà Nội thật là đẹp", Locale("vie"))

    photo.description = ""
    photo.comments = ["Des rues vraiment magnifiques, merci beaucoup", ""]
    assert photo.description == Label("", Locale("eng"))
    assert [str(comment.locale) for comment in photo.comments] == ["fra", "eng"]
    assert photo.raw_title == photo.title.content
    assert photo.raw_description == ""


def test_a_label_is_taken_as_it_is() -> None:
    """A title whose language is known already is not detected again."""
    title = Label("Sit", Locale("deu"))
    assert FlickrPhoto("1", title).title is title
    assert FlickrPhoto("1", title).raw_title == "Sit"


def test_sizes_can_be_set() -> None:
    """Sizes that are asked for later replace what the listing told."""
    photo = FlickrPhoto.from_json(PHOTO)
    photo.sizes = [size("Large", 10, 10)]
    assert photo.best_size == size("Large", 10, 10)


def test_numbers_that_no_file_can_hold_are_none() -> None:
    """A number beyond 63 bits, or no finite one, is as good as missing: it reaches no catalogue and no file."""
    facts = PhotoMetadata.from_json(
        {"dateupload": "9" * 30, "latitude": "nan", "longitude": 1e999, "geo_is_public": 1, "accuracy": "16"}
    )
    assert (facts.uploaded, facts.latitude, facts.longitude, facts.accuracy) == (None, None, None, 16)
