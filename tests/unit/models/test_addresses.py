"""The meaning of addresses: photostreams and profiles are mirrored, all others are refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flickr_mirror import PhotostreamMirror
from flickr_mirror.models.addresses import AlbumAddress, album_address, photostream_address
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import run, tree

if TYPE_CHECKING:
    from pathlib import Path

STREAM = "https://www.flickr.com/photos/manhhai/"
PROFILE = "https://www.flickr.com/people/manhhai/"
WHOLE = f"To mirror the whole photostream of this user, use --username {STREAM}."


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        (STREAM, STREAM),
        ("https://www.flickr.com/photos/manhhai", STREAM),
        ("http://flickr.com/photos/manhhai/", STREAM),
        ("flickr.com/photos/manhhai", STREAM),
        ("m.flickr.com/photos/manhhai", STREAM),
        ("https://www.flickr.com/photos/manhhai/page2", STREAM),
        ("https://www.flickr.com/photos/manhhai/page12/", STREAM),
        ("https://www.flickr.com/photos/manhhai/with/54000000001/", STREAM),
        ("https://www.flickr.com/photos/manhhai/with/54000000001/lightbox/", STREAM),
        ("https://www.flickr.com/photos/manhhai/?details=1#top", STREAM),
        ("https://www.flickr.com/photos/13476480@N07/", "https://www.flickr.com/photos/13476480@N07/"),
        ("https://www.flickr.com/photos/13476480%40N07/", "https://www.flickr.com/photos/13476480@N07/"),
        ("https://www.flickr.com/manhhai", STREAM),
        ("https://www.flickr.com/people/manhhai/", PROFILE),
        ("https://www.flickr.com/people/manhhai/about", PROFILE),
        ("manhhai", None),
        ("13476480@N07", None),
        ("albums/72157", None),
        ("my flickr.com/photos/x", None),
        ("https://example.org/photos/manhhai/albums/1", None),
    ],
)
def test_the_address_of_a_photostream(address: str, meant: str | None) -> None:
    """Parts after the name that belong to the photostream are left out; text that is not an address gives `None`."""
    assert photostream_address(address) == meant


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("https://www.flickr.com/photos/manhhai/albums", "the page 'albums' of a user"),
        ("https://www.flickr.com/photos/manhhai/54000000001", "a photo"),
        ("https://www.flickr.com/photos/manhhai/54000000001/in/album-72157600000000001/", "a photo"),
        ("https://m.flickr.com/photos/manhhai/54000000001/sizes/o/", "a photo"),
        ("https://www.flickr.com/photos/manhhai/galleries/72157600000000001/", "a gallery"),
        ("https://www.flickr.com/people/manhhai/galleries/72157600000000001/", "a gallery"),
        ("https://www.flickr.com/photos/manhhai/collections/1/", "a collection"),
        ("https://www.flickr.com/photos/manhhai/favorites", "favorites"),
        ("https://www.flickr.com/photos/manhhai/favorites/page2", "favorites"),
        ("https://www.flickr.com/photos/manhhai/tags/saigon/", "a tag"),
        ("https://www.flickr.com/photos/manhhai/archives/date-posted/2020/", "the page 'archives' of a user"),
    ],
)
def test_other_pages_of_a_user_are_refused_by_name(address: str, what: str) -> None:
    """A gallery or a photo is named as such, with the option for the whole photostream."""
    with pytest.raises(ValueError, match="is the address of") as caught:
        photostream_address(address)
    reason = {
        "a photo": ". To fetch a photo, use `mirror_flickr photo`",
        "a gallery": f". To mirror its photos, use --source {address}",
        "favorites": f". To mirror its photos, use --source {address}",
    }.get(what, ", which cannot be mirrored")
    assert str(caught.value) == f"{address!r} is the address of {what}{reason}. {WHOLE}"


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("https://www.flickr.com/groups/vietnam/", "a group"),
        ("https://www.flickr.com/groups/vietnam/pool/", "a group"),
        ("https://www.flickr.com/photos/tags/saigon", "a tag"),
        ("https://www.flickr.com/search/?user_id=1@N01&text=x", "a search"),
        ("https://www.flickr.com/explore/2020/03/23", "Explore"),
        ("https://flic.kr/p/2abcDEF", "a short link"),
        ("https://live.staticflickr.com/65535/54000000001_0123456789_o.jpg", "a file"),
        ("https://www.flickr.com/", "a page without a photostream"),
        ("https://www.flickr.com/photos/", "a page without a photostream"),
        ("https://www.flickr.com/cameras/canon/eos/", "a page without a photostream"),
    ],
)
def test_pages_without_an_owner_are_refused_by_name(address: str, what: str) -> None:
    """A group, a search or a file belongs to no photostream: the message shows a valid address."""
    with pytest.raises(ValueError, match=r"photos/NAME/\.$") as caught:
        photostream_address(address)
    assert f"is the address of {what}" in str(caught.value)


ALBUM = "72157600000000001"


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        (f"{STREAM}albums/{ALBUM}", "manhhai"),
        (f"{STREAM}albums/{ALBUM}/with/54000000001/", "manhhai"),
        (f"{STREAM}albums/{ALBUM}/page2", "manhhai"),
        (f"{STREAM}sets/{ALBUM}/", "manhhai"),
        (f" flickr.com/photos/manhhai/albums/{ALBUM} ", "manhhai"),
        (f"https://www.flickr.com/photos/13476480%40N07/albums/{ALBUM}", "13476480@N07"),
        (ALBUM, None),
    ],
)
def test_the_address_of_an_album_names_its_owner(text: str, owner: str | None) -> None:
    """With an id alone, the owner must be named separately. An album is not a photostream."""
    assert album_address(text) == AlbumAddress(ALBUM, owner)
    if owner:
        with pytest.raises(ValueError, match="is the address of an album: to mirror its photos, use --album"):
            photostream_address(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Huế",
        STREAM,
        f"{STREAM}albums",
        f"{STREAM}albums/x",
        f"{STREAM}54000000001",
        f"{STREAM}54000000001/in/album-{ALBUM}/",
        f"{STREAM}galleries/{ALBUM}",
        f"https://example.org/photos/manhhai/albums/{ALBUM}",
        "https://flic.kr/s/aHsk",
        f"{ALBUM}{ALBUM}",
    ],
)
def test_other_addresses_than_those_of_albums_are_refused(text: str) -> None:
    """The message shows the address of an album."""
    with pytest.raises(
        ValueError, match=r"is not the address of an album: use one such as https://\S+/albums/\d+"
    ):
        album_address(text)


async def test_an_album_mirrors_no_photostream(tmp_path: Path) -> None:
    """The address of an album ends the command with exit code 2, before keys are searched for and without a call."""
    stream = SimulatedPhotostream(2, path_alias="oldphotos")
    album = "https://www.flickr.com/photos/oldphotos/albums/72157600000000001"
    async with SimulatedFlickr(stream) as flickr:
        for more in ((), ("--dry-run",), ("--username", stream.username)):
            outcome = await run(flickr, tmp_path, "--username", album, *more)
            assert outcome.code == 2, outcome.err
            assert f"is the address of an album: to mirror its photos, use --album {album}." in outcome.err
        without_keys = await run(None, tmp_path, "--username", album)
        assert (without_keys.code, "an album" in without_keys.err) == (2, True)
        assert flickr.calls.total() == 0
        assert tree(tmp_path) == {}
        page = await run(flickr, tmp_path, "--username", "https://www.flickr.com/photos/oldphotos/page2")
        assert page.code == 0, page.err
        assert page.summary["new"] == "2"


def test_the_library_refuses_an_album(tmp_path: Path) -> None:
    """An embedder gets a `ValueError` when the mirror is created, not another photostream."""
    with pytest.raises(ValueError, match=r"is the address of a photo\."):
        PhotostreamMirror(" https://www.flickr.com/photos/manhhai/54000000001 ", "k", "s")
