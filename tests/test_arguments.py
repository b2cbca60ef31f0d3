"""What stands on a command line: amounts, dates and times, each with a sentence where it is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from flickr_mirror.arguments import amount, bandwidth, first_moment, last_moment, photo_id


@pytest.mark.parametrize(
    ("text", "count"),
    [("1k", 1024), ("500M", 500 << 20), ("20G", 20 << 30), ("1.5T", 3 << 39), (" 20g ", 20 << 30)],
)
def test_an_amount_of_bytes(text: str, count: int) -> None:
    """Numbers with a unit, in either case, times 1,024."""
    assert amount(text) == count


@pytest.mark.parametrize("text", ["", "20", "20 G", "0G", "-1G", "20X", "1e3M", "G", "20GB"])
def test_what_is_no_amount_is_said(text: str) -> None:
    """Nothing, a number without a unit, another unit: the sentence shows one that is right."""
    with pytest.raises(typer.BadParameter, match=r"no amount of bytes.*20G"):
        amount(text)


def test_a_bandwidth_is_not_in_terabytes() -> None:
    """Bytes per second keep their units."""
    assert bandwidth("2M") == 2 << 20
    with pytest.raises(typer.BadParameter, match="no bandwidth"):
        bandwidth("2T")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2020-03-23", (2020, 3, 23, 0, 0, 0), (2020, 3, 23, 23, 59, 59)),
        ("2020-03-23T18:30", (2020, 3, 23, 18, 30, 0), (2020, 3, 23, 18, 30, 0)),
        (" 2020-03-23 18:30:05 ", (2020, 3, 23, 18, 30, 5), (2020, 3, 23, 18, 30, 5)),
        ("2020-03-23T18:30:00Z", (2020, 3, 23, 18, 30, 0), (2020, 3, 23, 18, 30, 0)),
        ("2020-03-23T18:30:00+07:00", (2020, 3, 23, 11, 30, 0), (2020, 3, 23, 11, 30, 0)),
    ],
)
def test_a_date_means_its_whole_day(text: str, first: tuple[int, ...], last: tuple[int, ...]) -> None:
    """A date begins with its first second and ends with its last, in UTC; a time is itself."""
    assert first_moment(text) == datetime(*first, tzinfo=UTC)  # type: ignore[misc,arg-type]
    assert last_moment(text) == datetime(*last, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2020",
        "2020-03",
        "2020-02-30",
        "23.03.2020",
        "20200323",
        "2020-W13",
        "2020-03-23T25:00",
    ],
)
def test_what_is_no_date_is_said(text: str) -> None:
    """What is no date, or one written otherwise: the sentence shows one that is right."""
    for parse in (first_moment, last_moment):
        with pytest.raises(typer.BadParameter, match=r"no date.*2020-03-23"):
            parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "54000000001",
        " 54000000001 ",
        "https://www.flickr.com/photos/manhhai/54000000001",
        "https://www.flickr.com/photos/13476480@N07/54000000001/",
        "flickr.com/photos/manhhai/54000000001/in/album-72157600/?x=1#comments",
        "HTTPS://M.FLICKR.COM/photos/manhhai/54000000001/sizes/o/",
    ],
)
def test_a_photo_is_an_id_or_the_address_of_its_page(text: str) -> None:
    """What a person copies from the browser means the photo."""
    assert photo_id(text) == "54000000001"


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "054", "-1", "54x", "٥٤", "1" * 19, "../5"),
        "https://www.flickr.com/photos/manhhai/",
        "https://www.flickr.com/photos/manhhai/albums/72157600",
        "https://www.flickr.com/photos/manhhai/54000000001x",
        "https://www.flickr.com.example.org/photos/manhhai/54000000001",
        "https://example.org/?flickr.com/photos/manhhai/54000000001",
    ],
)
def test_what_is_no_photo_is_said(text: str) -> None:
    """An album, a photostream, another site or a number that cannot be: the sentence says what to give."""
    with pytest.raises(typer.BadParameter, match="use its id, such as"):
        photo_id(text)
