"""Parsers for the values of flags: durations, sizes, dates, numbers, photos."""

from __future__ import annotations

import re
import time as clock
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple

import typer

from flickr_mirror.engine.wall_clock import next_moment
from flickr_mirror.models.addresses import AlbumAddress, album_address
from flickr_mirror.models.includes import Include, parse_includes
from flickr_mirror.models.photo_addresses import photo_id_at
from flickr_mirror.models.scheduler_address import check_scheduler
from flickr_mirror.models.sources import source_address
from flickr_mirror.models.store_address import parse_store_address

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration(text: str) -> float:
    """Return the seconds of `90s`, `10m`, `1.5h` or `30d`. Raises `typer.BadParameter`."""
    if not (seconds := _seconds(text)):
        raise typer.BadParameter(f"invalid duration {text!r}: use more than 0, such as 10m or 30d.")
    return seconds


def includes(text: str) -> frozenset[Include]:
    """Return what `albums,tags` or `all` stands for. Raises `typer.BadParameter`."""
    try:
        return parse_includes(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def album(text: str) -> AlbumAddress:
    """Return the album at an address or with an id. Raises `typer.BadParameter`."""
    try:
        return album_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def list_address(text: str) -> str:
    """Return the address of a list of photos. Raises `typer.BadParameter` for another one."""
    try:
        source_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text.strip()


def store_address(text: str) -> str:
    """Return the address of an object store as it is. Raises `typer.BadParameter`."""
    return _checked(parse_store_address, text)


def scheduler(text: str) -> str:
    """Return the address of a Dask scheduler, or the path of its file, as it is. Raises `typer.BadParameter`."""
    return _checked(check_scheduler, text)


def _checked(check: Callable[[str], object], text: str) -> str:
    try:
        check(text)
    except ValueError as error:
        message = str(error)
        raise typer.BadParameter(message[0].lower() + message[1:]) from None
    return text


def interval(text: str) -> float:
    """Return the seconds of a duration of one second or more. Raises `typer.BadParameter`."""
    if (seconds := _seconds(text)) < 1:
        raise typer.BadParameter(
            f"invalid interval {text!r}: use one second or more, such as 30s, 10m or 1h."
        )
    return seconds


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])", text.strip())
    if match is None:
        raise typer.BadParameter(
            f"invalid duration {text!r}: use a number followed by s, m, h or d, such as 10m or 30d."
        )
    return float(match[1]) * _UNITS[match[2]]


def bandwidth(text: str) -> int:
    """Return the bytes per second of `512k`, `2M` or `1.5 MB/s`. Raises `typer.BadParameter`."""
    if (count := _bytes(re.sub(r"/s$", "", text.strip()), "kmg")) is None:
        raise typer.BadParameter(
            f"invalid bandwidth {text!r}: use a number of kilo- or megabytes per second, such as 512k or 2M."
        )
    return count


def amount(text: str) -> int:
    """Return the bytes of `500M`, `20G`, `20 GB`, `20GiB` or `1.5T`. Raises `typer.BadParameter`."""
    count = _bytes(text, "kmgt")
    if count is None:
        raise typer.BadParameter(
            f"invalid size {text!r}: use a number followed by k, M, G or T, such as 500M or 20G."
        )
    if not count:
        raise typer.BadParameter(f"invalid size {text!r}: use more than 0, such as 500M or 20G.")
    return count


def _bytes(text: str, units: str) -> int | None:
    """Return a number of bytes; `20G`, `20 GB` and `20GiB` are the same, in upper or lower case."""
    match = re.fullmatch(
        rf"(\d{{1,9}}(?:\.\d{{1,9}})?)\s*([{units}])(?:i?b)?", text.strip(), re.IGNORECASE | re.ASCII
    )
    if match is None:
        return None
    factor: int = 1024 << (10 * units.index(match[2].lower()))
    return round(float(match[1]) * factor)


@dataclass(frozen=True)
class Number:
    """A parser for a number from `low` to `high`, a whole one if `kind` is `int`."""

    kind: type[int] | type[float]
    low: float
    high: float | None = None

    @property
    def __name__(self) -> str:
        """The name of the parser, which some versions of Typer require."""
        return self.kind.__name__

    def __call__(self, text: str | float) -> float:
        """Return the number. Raises `typer.BadParameter`."""
        pattern = r"-?\d{1,18}" if self.kind is int else r"-?\d{1,18}(?:\.\d{1,18})?"
        match = re.fullmatch(pattern, str(text).strip(), re.ASCII)
        if match is not None:
            number = self.kind(match[0])
            if self.low <= number and (self.high is None or number <= self.high):
                return number
        limits = f"of {self.low} or more" if self.high is None else f"from {self.low} to {self.high}"
        what = "a whole number" if self.kind is int else "a number"
        raise typer.BadParameter(f"invalid value {str(text)!r}: use {what} {limits}.")


def time_of_day(text: str) -> datetime:
    """Return the next time at which local clocks show `07:00` or `7:00`. Raises `typer.BadParameter`."""
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip())
    if match is None:
        raise typer.BadParameter(f"invalid time {text!r}: use hours and minutes, such as 07:00.")
    return next_moment(time(int(match[1]), int(match[2])), clock.time())


def first_moment(text: str) -> datetime:
    """Return the time of an ISO text, for a date its first second; in UTC unless it has a time zone.

    Raises `typer.BadParameter`.
    """
    return _moment(text, time.min)


def last_moment(text: str) -> datetime:
    """Return the time of an ISO text, for a date its last second, like `first_moment`."""
    return _moment(text, time(23, 59, 59))


def _moment(text: str, of_date: time) -> datetime:
    try:
        day = text.strip()[:10]
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):  # a week date or another format of ISO 8601
            raise ValueError
        moment = datetime.fromisoformat(text.strip())
        if day == text.strip():
            moment = datetime.combine(moment, of_date)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"invalid date {text!r}: use year, month and day, such as 2020-03-23, or add a time, such as "
            "2020-03-23T18:30 (UTC)."
        ) from None


def photo_id(text: str) -> str:
    """Return a photo's id, given as such, as the address of its page or a short link. Raises `typer.BadParameter`."""
    found = photo_id_at(text)
    if found is None:
        raise typer.BadParameter(
            f"invalid photo {text!r}: use its id, such as 54000000001, or the address of its page, such as "
            "https://www.flickr.com/photos/manhhai/54000000001/."
        )
    return found


class Share(NamedTuple):
    """The `number`-th of `total` shares."""

    number: int
    total: int


def share(text: str) -> Share:
    """Return the share of a text such as `3/30`, the third of thirty. Raises `typer.BadParameter`."""
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter(
            f"invalid share {text!r}: use I/N with I from 1 to N, such as 3/30 for the third of 30 shares."
        )
    return Share(int(match[1]), int(match[2]))
