"""Sidecar files: the parts at each level, the number of the format, and the check whether a file is up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror.models.job_kinds import JobKind
from flickr_mirror.models.languages import Label, Locale
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.sidecar import (
    FORMAT,
    info_document,
    is_up_to_date,
    photo_from_sidecar,
    stored_comments,
    stored_details,
    with_parts_of,
)

if TYPE_CHECKING:
    from pathlib import Path

USER = FlickrUser("13476480@N07", "manhhai")
PHOTO = FlickrPhoto("4941540830", "Sit", facts=PhotoMetadata(uploaded=1283169092, license="4"))
COMMENT = FlickrComment(
    "153473870-52990598628-721577",
    "195953201@N08",
    1687322647,
    "Great shot!",
    author_name="light traveller",
    real_name="Ánh",
    path_alias="light-traveller",
    permalink="https://www.flickr.com/photos/manhhai/52990598628/#comment721577",
)
VIETNAMESE = Label("Phố cổ", Locale("vie"))


def document() -> dict[str, Any]:
    """Return the document of a photo."""
    return info_document(PHOTO, USER, None, title=Label("Sit"), description=None, comments=None)


def with_format(number: object) -> dict[str, Any]:
    """Return the document of a photo with another number of its format, `None` for none."""
    info = document()
    del info["flickr"]["format"]
    if number is not None:
        info["flickr"]["format"] = number
    return info


def test_the_format_is_the_first_key() -> None:
    """A reader of the file sees its format first."""
    assert next(iter(document()["flickr"].items())) == ("format", FORMAT)


@pytest.mark.parametrize("number", [None, 1])
def test_a_file_with_or_without_a_format_is_read(number: int | None) -> None:
    """Files without a number have the same format."""
    read = photo_from_sidecar(with_format(number))
    assert read is not None
    assert (read.photo.id, read.photo.facts) == (PHOTO.id, PHOTO.facts)


@pytest.mark.parametrize("number", [2, "1", [], {}])
def test_a_file_of_a_later_format_is_not_read(number: object) -> None:
    """A version does not interpret the keys of an unknown format."""
    assert photo_from_sidecar(with_format(number)) is None


@pytest.mark.parametrize("number", [None, 1, 2])
def test_a_new_format_alone_does_not_rewrite_a_file(number: int | None) -> None:
    """Another version of the program causes no change in backups."""
    assert is_up_to_date(with_format(number), document())


@pytest.mark.parametrize("stored", [None, [], "x", {}, {"flickr": 7}, {"title": "Sit", "flickr": {}}])
def test_another_document_is_replaced(stored: object) -> None:
    """A file of another program, or with another text, is not up to date."""
    assert not is_up_to_date(stored, document())


def test_another_value_causes_a_rewrite() -> None:
    """Each key except the format and volatile ones counts, also if only one of both documents has it."""
    info = document()
    assert not is_up_to_date({**info, "description": {"content": "", "locale": "eng"}}, info)
    volatile = {"can_download", "counts"}
    for key in info["flickr"].keys() - {"format", *volatile}:
        lacking = {name: value for name, value in info["flickr"].items() if name != key}
        assert not is_up_to_date({**info, "flickr": lacking}, info)
    for key in volatile:
        lacking = {name: value for name, value in info["flickr"].items() if name != key}
        assert is_up_to_date({**info, "flickr": lacking}, info)


def test_a_renamed_account_causes_no_rewrite() -> None:
    """A file keeps the old names until another value of the photo changes."""
    info = document()
    owner = {"nsid": USER.user_id, "username": "old name"}
    assert is_up_to_date({**info, "flickr": {**info["flickr"], "owner": owner}}, info)


def test_the_owner_has_the_name_of_the_listing() -> None:
    """The listing is newer than the name at the beginning of the mirror, and adds the other names."""
    facts = PhotoMetadata(owner_name="manh hai", real_name="Mạnh Hải", path_alias="manhhai", icon_server=5442)
    assert leveled(FlickrPhoto(PHOTO.id, "x", facts=facts))["flickr"]["owner"] == {
        "nsid": USER.user_id,
        "username": "manh hai",
        "real_name": "Mạnh Hải",
        "path_alias": "manhhai",
        "icon_server": 5442,
        "icon_farm": None,
    }


def begin(root: Path, user: FlickrUser = USER, depth: int | None = None) -> MirrorFolder:
    """Begin the mirror of a user."""
    cache = MirrorFolder.of(root, user, depth)
    cache.prepare(user, user.username)
    return cache


def leveled(
    photo: FlickrPhoto,
    *,
    description: Label | None = None,
    comments: list[tuple[FlickrComment, Label]] | None = None,
) -> dict[str, Any]:
    """Return the information of a photo by manhhai."""
    size = FlickrPhotoSize("Original", 2048, 1536, "https://live.staticflickr.com/1/2_o.jpg")
    return info_document(photo, USER, size, title=VIETNAMESE, description=description, comments=comments)


def test_each_level_of_information_extends_the_previous_one() -> None:
    """Level 0 has the title, 1 the description, 2 the comments, in the specification's shape."""
    photo = FlickrPhoto(PHOTO.id, "Phố cổ")
    english = Label("", Locale("eng"))
    level_0 = leveled(photo)
    level_1 = leveled(photo, description=english)
    level_2 = leveled(photo, description=english, comments=[(COMMENT, Label("Great shot!"))])

    assert set(level_0) == {"title", "flickr"}
    assert set(level_1) == {"title", "description", "flickr"}
    assert set(level_2) == {"title", "description", "comments", "flickr"}
    assert level_2["title"] == {"content": "Phố cổ", "locale": "vie"}
    assert level_2["description"] == {"content": "", "locale": "eng"}
    assert level_2["comments"] == [{"content": "Great shot!", "locale": "eng"}]


def test_additional_facts_are_in_an_object_of_their_own() -> None:
    """Tags, dates, place and size are under `flickr`, apart from the specified keys."""
    facts = PhotoMetadata(
        uploaded=5, taken="2001-01-01 00:00:00", tags="a b", latitude=1.5, longitude=2.5, accuracy=16
    )
    more = leveled(FlickrPhoto(PHOTO.id, "x", facts=facts))["flickr"]

    assert isinstance(more, dict)
    assert more["id"] == PHOTO.id
    assert more["owner"].items() >= {"nsid": "13476480@N07", "username": "manhhai"}.items()
    assert more["url"] == f"https://www.flickr.com/photos/13476480@N07/{PHOTO.id}/"
    assert more["tags"] == ["a", "b"]
    assert more["dates"] == {
        "uploaded": 5,
        "taken": "2001-01-01 00:00:00",
        "taken_granularity": 0,
        "updated": None,
    }
    assert more["geo"] == {"latitude": 1.5, "longitude": 2.5, "accuracy": 16}
    assert more["size"] == {"label": "Original", "width": 2048, "height": 1536}


def test_unknown_values_are_left_out() -> None:
    """Without a place the key `geo` is left out, and an unknown date taken is not written."""
    facts = PhotoMetadata(taken="2020-01-01 00:00:00", taken_unknown=True)
    more = leveled(FlickrPhoto(PHOTO.id, "x", facts=facts))["flickr"]

    assert isinstance(more, dict)
    assert more["geo"] is None
    assert more["dates"]["taken"] is None


@pytest.mark.parametrize("stored", [None, [], {}, {"flickr": 5}, {"flickr": {"id": "1", "exif": None}}])
def test_only_parts_of_the_same_photo_are_kept(stored: object) -> None:
    """Those of another photo or of a damaged file are not kept."""
    assert with_parts_of(document(), stored) == document()


def test_the_details_of_a_file_are_read() -> None:
    """For the rebuild of a catalogue; malformed details are requested again."""
    info = document()
    assert stored_details(info) == []
    info["flickr"] |= {
        "details": {"updated": "7", "notes": [{}, {}]},
        "faves": {"people": [{}] * 3},
        "exif": None,
    }
    assert stored_details(info) == [(JobKind.NOTES, 2, 7), (JobKind.FAVES, 3, 3), (JobKind.EXIF, 0, None)]
    info["flickr"] |= {"details": "x", "faves": [], "exif": {"tags": 5}}
    assert stored_details(info) == [(JobKind.EXIF, 0, None)]


async def test_stored_comments_are_read_back(tmp_path: Path) -> None:
    """Comments on disk need not be requested again: text, language, author and date are complete."""
    cache = begin(tmp_path)
    comments = [
        (COMMENT, Label("Great shot!")),
        (FlickrComment("2", "", None, "Đẹp"), Label("Đẹp", Locale("vie"))),
    ]
    await cache.write_sidecar(PHOTO.id, leveled(FlickrPhoto(PHOTO.id, "x"), comments=comments))

    assert stored_comments(cache.read_sidecar(PHOTO.id)) == comments


def test_comments_of_an_earlier_version_are_read() -> None:
    """They lack the names of their authors, which does not cause a request."""
    info = {
        "comments": [{"content": "Great shot!", "locale": "eng"}],
        "flickr": {"comments": [{"id": COMMENT.id, "author": COMMENT.author, "date": COMMENT.date}]},
    }
    nameless = FlickrComment(COMMENT.id, COMMENT.author, COMMENT.date, COMMENT.content)
    assert stored_comments(info) == [(nameless, Label("Great shot!"))]


@pytest.mark.parametrize(
    "info",
    [
        None,
        {},
        {"comments": []},
        {"comments": [{"content": "x", "locale": "eng"}], "flickr": {"comments": []}},
        {
            "comments": [{"content": "x", "locale": "?"}],
            "flickr": {"comments": [{"id": 1, "author": 2, "date": 3}]},
        },
        {"comments": [{"content": "x"}], "flickr": {"comments": [{}]}},
        {"comments": 7, "flickr": 7},
    ],
)
def test_malformed_comments_are_requested_again(info: dict[str, object] | None) -> None:
    """A file of another program or version has no valid comments."""
    assert stored_comments(info) is None
