"""The flags that choose and print photos, shared by `list`, `search` and `export`."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from flickr_mirror.cli.options.parsing import Number, first_moment, last_moment
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.models.licenses import LICENSES
from flickr_mirror.reader.filters import PhotoFilter

if TYPE_CHECKING:
    from collections.abc import Mapping

WHICH, OUTPUT = "Which photos", "Output"
_TAKEN = r"\d{4}(?:-\d\d(?:-\d\d)?)?"


def taken(text: str) -> str:
    """Return `1966`, `1966-03`, `1966-03-01` or two of them as `1960..1969`. Raises `typer.BadParameter`."""
    low, separator, high = text.strip().partition("..")
    if not _is_time(low) or (separator and not _is_time(high)):
        raise typer.BadParameter(
            f"invalid time {text!r}: use a year, month or day, such as 1966, 1966-03 or 1966-03-01, or two of them, "
            "such as 1960..1969."
        )
    if separator and low > f"{high}\x7f":
        raise typer.BadParameter(f"invalid time {text!r}: write the earlier one first, as in {high}..{low}.")
    return text.strip()


def _is_time(text: str) -> bool:
    """Return whether a text is a year, a month or a day of the calendar."""
    if not re.fullmatch(_TAKEN, text) or text.startswith("0000"):
        return False
    try:
        date.fromisoformat(text + "0000-01-01"[len(text) :])
    except ValueError:
        return False
    return True


def license_number(text: str) -> str:
    """Return the number of a licence, given by number or name. Raises `typer.BadParameter`."""
    wanted = _key(text)
    for entry in LICENSES.values():
        if wanted in {entry.id, _key(entry.name)}:
            return entry.id
    names = "; ".join(f"{entry.id} {entry.name}" for entry in LICENSES.values())
    raise typer.BadParameter(f"invalid licence {text!r}: use a number or a name of {names}.")


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def media(text: str) -> str:
    """Return `photo` or `video`. Raises `typer.BadParameter`."""
    if text.strip().lower() not in {"photo", "video"}:
        raise typer.BadParameter(f"invalid media {text!r}: use photo or video.")
    return text.strip().lower()


def fields(text: str) -> tuple[str, ...]:
    """Return the names of fields separated by commas. Raises `typer.BadParameter`."""
    from flickr_mirror.cli.output.photo_fields import FIELDS

    names = tuple(filter(None, (name.strip().lower() for name in text.split(","))))
    if unknown := [name for name in names if name not in FIELDS]:
        raise typer.BadParameter(f"invalid field {unknown[0]!r}: use some of {', '.join(FIELDS)}.")
    if not names:
        raise typer.BadParameter(f"no field given: use some of {', '.join(FIELDS)}.")
    return names


def language(text: str) -> str:
    """Return the ISO 639-3 code of a language, given as `vi` or `vie`. Raises `typer.BadParameter`."""
    from flickr_mirror.models.languages import Locale

    try:
        return Locale(text.strip()).language_code
    except ValueError:
        raise typer.BadParameter(
            f"invalid language {text!r}: use a code of ISO 639, such as vi or vie."
        ) from None


class Place(NamedTuple):
    """A circle around a place, in degrees and kilometres."""

    latitude: float
    longitude: float
    kilometres: float


def place(text: str) -> Place:
    """Return latitude, longitude and distance of `16.46,107.59,25km`. Raises `typer.BadParameter`."""
    match = re.fullmatch(
        r"(-?\d{1,2}(?:\.\d{1,9})?),\s*(-?\d{1,3}(?:\.\d{1,9})?)(?:,\s*(\d{1,5}(?:\.\d{1,3})?)\s*(?:km)?)?",
        text.strip(),
    )
    if match is None or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
        raise typer.BadParameter(
            f"invalid place {text!r}: use latitude, longitude and kilometres, such as 16.46,107.59,25km."
        )
    return Place(float(match[1]), float(match[2]), float(match[3] or 1))


Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag", metavar="TAG", rich_help_panel=WHICH, help="With this tag. Repeatable: with all of them."
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        parser=first_moment,
        metavar="DATE",
        rich_help_panel=WHICH,
        help="Uploaded on this day (UTC) or later.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        parser=last_moment, metavar="DATE", rich_help_panel=WHICH, help="Uploaded on this day or earlier."
    ),
]
Taken = Annotated[
    str | None,
    typer.Option(
        parser=taken, metavar="WHEN", rich_help_panel=WHICH, help="Taken then: 1966, 1966-03 or 1960..1969."
    ),
]
Licenses = Annotated[
    list[str] | None,
    typer.Option(
        "--licence",
        "--license",
        parser=license_number,
        metavar="LICENCE",
        rich_help_panel=WHICH,
        help="With this licence, by number or name: 4 or 'CC BY 2.0'. Repeatable: with any of them.",
    ),
]
Media = Annotated[
    str | None,
    typer.Option("--media", parser=media, metavar="MEDIA", rich_help_panel=WHICH, help="photo or video."),
]
Language = Annotated[
    str | None,
    typer.Option(
        parser=language,
        metavar="CODE",
        rich_help_panel=WHICH,
        help="With a title or description in this language: vi.",
    ),
]
Near = Annotated[
    Place | None,
    typer.Option(
        parser=place,
        metavar="PLACE",
        rich_help_panel=WHICH,
        help="Taken near there, by default within 1 km: 16.46,107.59,25km.",
    ),
]
Commented = Annotated[
    bool | None,
    typer.Option(
        "--commented/--not-commented",
        rich_help_panel=WHICH,
        help="With, or without, comments.",
        show_default=False,
    ),
]
Album = Annotated[
    str | None,
    typer.Option(
        "--album",
        metavar="ALBUM",
        rich_help_panel=WHICH,
        help="In the album with this id, or albums with this title.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        parser=Number(int, 1),
        metavar="N",
        rich_help_panel=OUTPUT,
        help="Print at most N photos of each mirror.",
    ),
]
Fields = Annotated[
    str | None,
    typer.Option(
        parser=fields,
        metavar="NAMES",
        rich_help_panel=OUTPUT,
        help="Print these fields, separated by commas: id,taken,license,path.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print a line of JSON for each photo.")
]
AsCsv = Annotated[bool, typer.Option("--csv", rich_help_panel=OUTPUT, help="Print CSV, with a header line.")]
AsPaths = Annotated[
    bool, typer.Option("--paths", rich_help_panel=OUTPUT, help="Print only the path of each photo's file.")
]
STYLES = ("json", "csv", "paths")


def filter_of(params: Mapping[str, Any]) -> PhotoFilter:
    """Return the filter that the flags of a command describe. Raises `ConfigError` if no photo can match."""
    since, until = params["since"], params["until"]
    if since and until and since > until:
        raise ConfigError("--since is after --until: no photo can match. Exchange them.")
    return PhotoFilter(
        tags=tuple(re.sub(r"[\W_]+", "", tag).lower() for tag in params["tag"] or ()),
        since=None if since is None else math.ceil(since.timestamp()),
        until=None if until is None else math.floor(until.timestamp()),
        taken=params["taken"] or "",
        licenses=tuple(params["licence"] or ()),
        media=params["media"] or "",
        language=params["language"] or "",
        near=params["near"],
        commented=params["commented"],
        album=(params["album"] or "").strip(),
    )


def style_of(params: Mapping[str, Any]) -> str:
    """Return the style of the output: `json`, `csv`, `paths` or empty. Raises `ConfigError` for two of them."""
    chosen = [name for name in STYLES if params.get(f"as_{name}")]
    if len(chosen) > 1:
        raise ConfigError(f"--{chosen[0]} and --{chosen[1]} exclude each other: use only one of them.")
    return chosen[0] if chosen else ""
