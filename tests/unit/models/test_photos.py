"""Photos and pages in listings, also in incomplete and invalid ones."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.models.languages import Label, Locale
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto, PhotoPage
from flickr_mirror.models.sizes import FlickrPhotoSize
from flickr_mirror.models.users import FlickrProfile, FlickrUser
from tests.support.payloads import ANYTHING

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
COMMENT: dict[str, Any] = {
    "id": "1-2-3",
    "author": "9@N08",
    "author_is_deleted": 0,
    "authorname": "light traveller",
    "datecreate": "1687322647",
    "permalink": "https://www.flickr.com/photos/manhhai/2/#comment3",
    "path_alias": "light-traveller",
    "realname": "Ánh",
    "_content": "Great!",
}


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
    """Yield copies of an answer, each without one of its keys."""
    for key in payload:
        yield key, {name: copy.deepcopy(value) for name, value in payload.items() if name != key}


def test_a_photo_is_read_from_a_listing() -> None:
    """Everything that a listing states about a photo is read."""
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


def test_a_comment_is_read_with_the_names_of_its_author() -> None:
    """An author without an alias has `null` there."""
    expected = FlickrComment(
        "1-2-3",
        "9@N08",
        1687322647,
        "Great!",
        "light traveller",
        "Ánh",
        "light-traveller",
        "https://www.flickr.com/photos/manhhai/2/#comment3",
    )
    assert FlickrComment.from_json(COMMENT) == expected
    assert FlickrComment.from_json({**COMMENT, "path_alias": None}) == replace(expected, path_alias="")


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
def test_a_missing_key_has_its_default(
    read: Callable[[dict[str, Any]], object], payload: dict[str, Any], needed: set[str]
) -> None:
    """An answer without a key is read; only a photo without an id is refused."""
    for key, rest in without_each_key(payload):
        if key in needed:
            with pytest.raises(ValueError, match=f"Flickr sent None as the {key}"):
                read(rest)
        else:
            assert read(rest) is not None


@given(st.dictionaries(st.sampled_from([key for key in PHOTO if key != "id"]), ANYTHING))
def test_a_photo_with_any_values_is_read(changes: dict[str, Any]) -> None:
    """No value in an answer from Flickr, of any type, stops a run."""
    photo = FlickrPhoto.from_json({**PHOTO, **changes})

    assert photo.id == PHOTO["id"]
    assert isinstance(photo.raw_title, str)
    assert all(isinstance(entry.width, int) for entry in photo.sizes)


@given(st.dictionaries(st.sampled_from(list(PAGE)), ANYTHING))
def test_a_page_with_any_values_is_read(changes: dict[str, Any]) -> None:
    """No page of any content stops a run."""
    page = PhotoPage.from_json({**PAGE, **changes})

    assert isinstance(page.total, int)
    assert isinstance(page.photos, list)


def test_entries_that_are_not_photos_are_counted() -> None:
    """A page counts unreadable entries, so that they do not count as listed."""
    page = PhotoPage.from_json({**PAGE, "photo": [PHOTO, {}, None, "x", 7, {"id": "x"}, {"id": "2"}]})

    assert [photo.id for photo in page.photos] == ["4941540830", "2"]
    assert page.malformed == 5
    assert (page.page, page.pages, page.total) == (1, 203, 101311)


def test_an_empty_page_has_nothing() -> None:
    """A photostream without photos is a page without photos."""
    assert PhotoPage.from_json({"page": 1, "pages": "", "total": None, "photo": []}) == PhotoPage()


def test_sizes_are_compared_as_numbers() -> None:
    """1000 pixels are more than 999, although `"1000"` sorts before `"999"`, and the label does not count."""
    sizes = [
        FlickrPhotoSize.from_json({**SIZE, "label": label, "width": width, "height": "10"})
        for label, width in (("Small", "999"), ("Large", "1000"), ("Medium", "90"))
    ]

    assert best_label(*sizes) == "Large"


def test_a_crop_is_never_the_best_size() -> None:
    """The square crop of a tiny picture can have more pixels."""
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


def test_texts_become_labels_when_they_are_read() -> None:
    """Title, description and comments have languages; unknown ones are `None` or empty."""
    photo = FlickrPhoto("1", "Những con đường của Hà Nội thật là đẹp")
    assert (photo.description, photo.comments) == (None, [])
    assert photo.title == Label("Những con đường của Hà Nội thật là đẹp", Locale("vie"))

    photo.description = ""
    photo.comments = ["Des rues vraiment magnifiques, merci beaucoup", ""]
    assert photo.description == Label("", Locale("eng"))
    assert [str(comment.locale) for comment in photo.comments] == ["fra", "eng"]
    assert photo.raw_title == photo.title.content
    assert photo.raw_description == ""


def test_a_label_is_kept_unchanged() -> None:
    """A title whose language is known already is not detected again."""
    title = Label("Sit", Locale("deu"))
    assert FlickrPhoto("1", title).title is title
    assert FlickrPhoto("1", title).raw_title == "Sit"


def test_sizes_can_be_set() -> None:
    """Sizes requested later replace those of the listing."""
    photo = FlickrPhoto.from_json(PHOTO)
    photo.sizes = [size("Large", 10, 10)]
    assert photo.best_size == size("Large", 10, 10)
