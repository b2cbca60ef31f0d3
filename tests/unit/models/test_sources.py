"""Addresses of lists of photos: those that can be mirrored by themselves, and all others."""

from __future__ import annotations

import pytest

from flickr_mirror.models.sources import TITLES, Source, SourceAddress, SourceKind, source_address
from flickr_mirror.models.users import FlickrUser

FAVORITES, GALLERY, POOL, PEOPLE = SourceKind


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://www.flickr.com/photos/manhhai/favorites", SourceAddress(FAVORITES, "manhhai")),
        ("flickr.com/photos/13476480@N07/favorites/page3/?q=1#x", SourceAddress(FAVORITES, "13476480@N07")),
        ("https://m.flickr.com/photos/river%20light/faves/", SourceAddress(FAVORITES, "river light")),
        ("https://www.flickr.com/photos/a/galleries/721577/", SourceAddress(GALLERY, "a", "721577")),
        ("http://www.flickr.com/groups/central/pool/page12", SourceAddress(POOL, "central")),
        ("https://www.flickr.com/groups/34427469792@N01/", SourceAddress(POOL, "34427469792@N01")),
        ("https://www.flickr.com/people/a/photosof/", SourceAddress(PEOPLE, "a")),
        (" https://www.flickr.com/photosof/a ", SourceAddress(PEOPLE, "a")),
    ],
)
def test_the_addresses_of_lists_are_read(text: str, address: SourceAddress) -> None:
    assert source_address(text) == address
    assert source_address(address.url) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "manhhai",
        "https://example.org/photos/manhhai/favorites",
        "https://www.flickr.com/",
        "https://www.flickr.com/photos/manhhai/",
        "https://www.flickr.com/photos/manhhai/galleries/",
        "https://www.flickr.com/photos/manhhai/galleries/x/",
        "https://www.flickr.com/photos/manhhai/albums/721577",
        "https://www.flickr.com/groups/central/discuss/",
        "https://www.flickr.com/groups/central/pool/manhhai/",
        "https://www.flickr.com/photosof/a+b",
        "https://flic.kr/p/abc",
    ],
)
def test_other_texts_are_refused_with_the_addresses_that_can_be_used(text: str) -> None:
    with pytest.raises(ValueError, match="use that of a list of photos, such as https://"):
        source_address(text)


@pytest.mark.parametrize("kind", SourceKind)
def test_the_titles_begin_with_reserved_names_of_folders(kind: SourceKind) -> None:
    source = Source(SourceAddress(kind, "a", "7"), FlickrUser("1@N01", "anna"), "1@N01")
    assert source.title.startswith(TITLES)
