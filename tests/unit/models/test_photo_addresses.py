"""References to one photo: its id, the address of its page, a short link."""

from __future__ import annotations

import pytest

from flickr_mirror.models.photo_addresses import photo_id_at

ID = "54000000001"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f" {ID}\n",
        f"https://www.flickr.com/photos/manhhai/{ID}/",
        f"https://www.flickr.com/photos/manhhai/{ID}",
        f"flickr.com/photos/13476480@N07/{ID}/in/album-72157600/",
        f"http://m.flickr.com/photos/13476480%40N07/{ID}/sizes/k/",
        f"https://www.flickr.com/photos/manhhai/{ID}?rb=1#comments",
        f"HTTPS://WWW.FLICKR.COM/photos/manhhai/{ID}/in/photostream/",
    ],
)
def test_the_id_and_the_addresses_of_its_page_mean_a_photo(text: str) -> None:
    """With or without a scheme, parts after the id, and blanks around it."""
    assert photo_id_at(text) == ID


@pytest.mark.parametrize(
    ("link", "photo_id"),
    [
        # from the documentation of flickrapi.shorturl
        ("https://flic.kr/p/7Afjsu", "4325695128"),
        ("flic.kr/p/7Afjsu/", "4325695128"),
        ("HTTP://www.Flic.kr/p/7Afjsu?a=b", "4325695128"),
        ("https://flic.kr/p/nh", "1234"),
    ],
)
def test_a_short_link_is_decoded_without_a_request(link: str, photo_id: str) -> None:
    """In base 58, in which upper-case and lower-case letters are different digits."""
    assert photo_id_at(link) == photo_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "manhhai",
        "-5",
        "1" * 19,
        "٥٤",
        "https://www.flickr.com/photos/manhhai/",
        "https://www.flickr.com/photos/manhhai/albums/72157600",
        "https://www.flickr.com/groups/54000000001/",
        f"https://example.com/photos/manhhai/{ID}/",
        f"https://www.flickr.com.example.com/photos/manhhai/{ID}/",
        "https://flic.kr/p/0OIl",
        "https://flic.kr/p/1",
        f"https://flic.kr/p/{'Z' * 30}",
        "https://flic.kr/s/aHsk7Afjsu",
        "https://flic.kr/p/É",
    ],
)
def test_other_texts_are_no_photo(text: str) -> None:
    """Albums, groups, other hosts, and impossible ids."""
    assert photo_id_at(text) is None
