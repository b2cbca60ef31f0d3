"""What stands on a command line: durations, addresses and names, and the flags that a sentence means."""

from __future__ import annotations

import re
import shlex
import time as clock
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import typer

from flickr_mirror.engine.wall_clock import next_moment
from flickr_mirror.models.addresses import photostream_address
from flickr_mirror.models.options import Limits, MirrorOptions

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FIELDS = "|".join(field.name for kind in (MirrorOptions, Limits) for field in fields(kind))


def duration(text: str) -> float:
    """Return the seconds of `90s`, `10m`, `1.5h` or `30d`. Raises `typer.BadParameter`."""
    if not (seconds := _seconds(text)):
        raise typer.BadParameter(f"invalid duration {text!r}: use more than 0, such as 10m or 30d.")
    return seconds


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
    """Reads an option's number from `low` to `high`, a whole one where `kind` is `int`."""

    kind: type[int] | type[float]
    low: float
    high: float | None = None

    @property
    def __name__(self) -> str:
        """What some versions of Typer ask each parser for."""
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
    """Return the next moment at which local clocks show `07:00` or `7:00`. Raises `typer.BadParameter`."""
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip())
    if match is None:
        raise typer.BadParameter(f"invalid time {text!r}: use hours and minutes, such as 07:00.")
    return next_moment(time(int(match[1]), int(match[2])), clock.time())


def first_moment(text: str) -> datetime:
    """Return the moment of an ISO time, of a date its first second; UTC, unless a zone is named.

    Raises `typer.BadParameter`.
    """
    return _moment(text, time.min)


def last_moment(text: str) -> datetime:
    """Return the moment of an ISO time, of a date its last second, like `first_moment`."""
    return _moment(text, time(23, 59, 59))


def _moment(text: str, of_date: time) -> datetime:
    try:
        day = text.strip()[:10]
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):  # a week or another shape that ISO 8601 knows
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
    """Return the id of a photo, given as such or as the address of its page. Raises `typer.BadParameter`."""
    page = re.fullmatch(
        r"(?:https?://)?(?:www\.|m\.)?flickr\.com/photos/[^/?#\s]+/([0-9]+)(?:[/?#]\S*)?",
        text.strip(),
        re.IGNORECASE,
    )
    number = page[1] if page else text.strip()
    if not re.fullmatch(r"[1-9][0-9]{0,17}", number):
        raise typer.BadParameter(
            f"invalid photo {text!r}: use its id, such as 54000000001, or the address of its page, such as "
            "https://www.flickr.com/photos/manhhai/54000000001/."
        )
    return number


class Share(NamedTuple):
    """The `number`-th of `total` shares."""

    number: int
    total: int


def share(text: str) -> Share:
    """Return the share that `3/30` means, the third of thirty. Raises `typer.BadParameter`."""
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter(
            f"invalid share {text!r}: use I/N with I from 1 to N, such as 3/30 for the third of 30 shares."
        )
    return Share(int(match[1]), int(match[2]))


def endpoint(url: str) -> str:
    """Return the address of an API. Raises `ValueError` for what is none."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
        url.encode()
    except ValueError:
        valid = False
    if not valid:
        # without the address, which may hold a password
        raise ValueError("api_url is an address such as https://api.flickr.com/services/rest/.")
    return url


def ping_address(url: str | None) -> str | None:
    """Return the address at which a monitor is told. Raises `ValueError` for what is none."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        is_near = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        valid = url.isprintable() and parts.hostname and parts.port != 0
        valid = valid and (parts.scheme == "https" or (parts.scheme == "http" and is_near))
    except ValueError:
        valid = False
    if not valid:
        # without the address, which is a secret with most monitors
        raise ValueError(
            "--ping-url is an address that begins with https:// (http:// on this machine only), such as "
            "https://hc-ping.com/ and your check's UUID."
        )
    return url


def words(command: str | None) -> list[str]:
    """Return a program and its arguments, as a shell would part them. Raises `ValueError` for what are none."""
    if command is None:
        return []
    try:
        parted = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"--hook cannot be read: {str(error).rstrip('.').lower()}.") from None
    if not parted or not parted[0]:
        raise ValueError("--hook is empty: give a program, and its arguments if it needs some.")
    return parted


def text(username: str) -> str:
    """Return the name of a user.

    Raises `ValueError` for bytes that are no UTF-8, and for the address of an album or the like.
    """
    try:
        username.encode()
    except UnicodeEncodeError:
        raise ValueError(
            "--username is no text: give a username, an NSID or a photostream's address."
        ) from None
    photostream_address(username.strip())
    return username


def given_options(context: typer.Context) -> list[str]:
    """Return the flags that were given, by their long names."""
    sources = [(one, context.get_parameter_source(one.name or "")) for one in context.command.params]
    return [flag_of(one) for one, source in sources if source and source.name == "COMMANDLINE"]


def flag_of(parameter: Any) -> str:  # noqa: ANN401 - Typer's own copy of Click
    """Return the long name of an option's flag: `--cache-path`."""
    names: list[str] = parameter.opts
    return next(name for name in names if name.startswith("--"))


def in_flags(sentence: str) -> str:
    """Return a sentence about options by the names of their flags.

    >>> in_flags("image_only and info_only exclude each other.")
    '--image-only and --info-only exclude each other.'
    """
    return re.sub(rf"\b(?:{_FIELDS})\b", lambda match: _flag(match[0]), sentence)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
