"""Values on a command line: amounts, dates and times, and the errors for invalid ones."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import typer

from flickr_mirror.cli.options.parsing import (
    Number,
    amount,
    bandwidth,
    duration,
    first_moment,
    interval,
    last_moment,
    photo_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *[("1k", 1024), ("500M", 500 << 20), ("20G", 20 << 30), ("1.5T", 3 << 39), (" 20g ", 20 << 30)],
        *[(text, 10 << 30) for text in ("10GB", "10gb", "10 GB", "10GiB", "10 gib", "10Gb", "10\tG")],
    ],
)
def test_an_amount_of_bytes(text: str, count: int) -> None:
    """Numbers with a unit, in either case, times 1,024."""
    assert amount(text) == count


@pytest.mark.parametrize(
    "text", ["", "20", "-1G", "20X", "1e3M", "G", "20i", "20GBs", "20 G B", "20GiBiB", "\u0665G"]
)
def test_an_invalid_amount_is_refused(text: str) -> None:
    """An empty text, a number without a unit, an unknown unit: the message shows a valid one."""
    with pytest.raises(
        typer.BadParameter, match=rf"invalid size {text!r}: use a number .* such as 500M or 20G\.$"
    ):
        amount(text)


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (amount, "0G", "invalid size '0G': use more than 0"),
        (duration, "0d", "invalid duration '0d': use more than 0"),
        (duration, "12x", "invalid duration '12x': use a number followed by s, m, h or d, such as 10m"),
        (interval, "0s", "invalid interval '0s': use one second or more, such as 30s"),
        (interval, "0.0m", "invalid interval '0.0m': use one second or more"),
        (interval, "0.5s", "invalid interval '0.5s': use one second or more"),
        (interval, "soon", "invalid duration 'soon': use a number followed by"),
        (Number(int, 0, 2), "x", "invalid value 'x': use a whole number from 0 to 2."),
        (Number(int, 0, 2), "3", "invalid value '3': use a whole number from 0 to 2."),
        (Number(int, 0, 2), "1.0", "invalid value '1.0': use a whole number from 0 to 2."),
        (Number(int, 1), "0", "invalid value '0': use a whole number of 1 or more."),
        (Number(float, 0.001, 10), "nan", "invalid value 'nan': use a number from 0.001 to 10."),
    ],
)
def test_the_error_for_an_invalid_value_gives_an_example(
    parse: Callable[[str], object], text: str, words: str
) -> None:
    """A missing value and an invalid one have different messages."""
    with pytest.raises(typer.BadParameter, match=f"^{re.escape(words)}"):
        parse(text)


def test_a_number_has_its_kind() -> None:
    """Whole numbers are integers, and the ends of the range are included."""
    assert [Number(int, 0, 2)(text) for text in ("0", " 2 ", 1)] == [0, 2, 1]
    assert Number(float, 0.5, 10)("2.5") == 2.5
    assert Number(int, 1)("100000") == 100_000


def test_a_bandwidth_is_not_in_terabytes() -> None:
    """The units of bytes per second end at gigabytes."""
    for text in ("2M", "2 MB", "2mb/s", "2 MiB/s", "2048k"):
        assert bandwidth(text) == 2 << 20
    for text in ("2T", "2", "2Mbit", "2M/h", "2//s"):
        with pytest.raises(typer.BadParameter, match=r"invalid bandwidth.* such as 512k or 2M"):
            bandwidth(text)


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
    """A date begins with its first second and ends with its last, in UTC; a time is unchanged."""
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
def test_an_invalid_date_is_refused(text: str) -> None:
    """For an invalid date, or one in another format, the message shows a valid one."""
    for parse in (first_moment, last_moment):
        with pytest.raises(typer.BadParameter, match=r"invalid date .* such as 2020-03-23"):
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
    """An address copied from the browser identifies the photo."""
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
def test_an_invalid_photo_is_refused(text: str) -> None:
    """For an album, a photostream, another site or an impossible number, the message states what to use."""
    with pytest.raises(typer.BadParameter, match="use its id, such as"):
        photo_id(text)
