"""The sidecar file: the number of its format, and when a file that is there is up to date."""

from __future__ import annotations

from typing import Any

import pytest

from flickr_mirror.models.languages import Label
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.sidecar import FORMAT, info_document, is_up_to_date, photo_from_sidecar

USER = FlickrUser("13476480@N07", "manhhai")
PHOTO = FlickrPhoto("4941540830", "Sit", facts=PhotoMetadata(uploaded=1283169092, license="4"))


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
    """A person who opens a file sees at once what it is."""
    assert next(iter(document()["flickr"].items())) == ("format", FORMAT)


@pytest.mark.parametrize("number", [None, 1])
def test_a_file_with_or_without_a_format_is_read(number: int | None) -> None:
    """Files that were written before the format had a number have the same one."""
    read = photo_from_sidecar(with_format(number))
    assert read is not None
    assert (read.photo.id, read.photo.facts) == (PHOTO.id, PHOTO.facts)


@pytest.mark.parametrize("number", [2, "1", [], {}])
def test_a_file_of_a_later_format_is_not_read(number: object) -> None:
    """A version that does not know a format does not guess what its keys mean."""
    assert photo_from_sidecar(with_format(number)) is None


@pytest.mark.parametrize("number", [None, 1, 2])
def test_the_format_alone_is_no_reason_to_write(number: int | None) -> None:
    """Backups of a mirror see no change because of another version of the program."""
    assert is_up_to_date(with_format(number), document())


@pytest.mark.parametrize("stored", [None, [], "x", {}, {"flickr": 7}, {"title": "Sit", "flickr": {}}])
def test_what_is_not_the_document_is_replaced(stored: object) -> None:
    """A file that something else wrote, or that has another text, is not up to date."""
    assert not is_up_to_date(stored, document())


def test_another_value_is_a_reason_to_write() -> None:
    """Each key but the format and volatile ones counts, also where only one of both documents has it."""
    info = document()
    assert not is_up_to_date({**info, "description": {"content": "", "locale": "eng"}}, info)
    for key in info["flickr"].keys() - {"format"}:
        lacking = {name: value for name, value in info["flickr"].items() if name != key}
        assert not is_up_to_date({**info, "flickr": lacking}, info)
