"""Numbers of all photos as columns, which the pages read as typed arrays."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flickr_mirror.models.licenses import license_of
from flickr_mirror.web.gallery.data_file import packed

if TYPE_CHECKING:
    from flickr_mirror.catalogue.archive import ArchiveRow

UNKNOWN = -(2**31)
"""A place or a time that is not known."""
VIDEO, GONE, PRIVATE, PICTURE = 1, 2, 4, 8
"""The bits of `flags`; `PICTURE` is whether there is an image file."""
KINDS = {
    "width": "H",
    "height": "H",
    "bytes": "I",
    "uploaded": "I",
    "taken": "i",
    "exact": "B",
    "latitude": "i",
    "longitude": "i",
    "license": "B",
    "views": "I",
    "faves": "I",
    "comments": "I",
    "flags": "B",
    "image": "B",
    "film": "B",
}
"""The columns, and the type codes of `array` that hold them."""
_MOST = 2**32 - 1
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)


class Columns:
    """Collects the columns, photo by photo, oldest upload first."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.titles: list[str] = []
        self.licenses: list[str] = []
        self.extensions: list[str] = [""]
        self._values: dict[str, list[int]] = {name: [] for name in KINDS}

    def add(self, photo: ArchiveRow) -> None:
        """Add a photo."""
        facts = photo.facts
        files = {file.kind: file for file in photo.files}
        picture, film = files.get("image"), files.get("video")
        flags = VIDEO * (facts.media == "video") + GONE * (photo.gone is not None)
        flags += PRIVATE * (facts.privacy not in (None, "public")) + PICTURE * (picture is not None)
        row = (
            photo.width or 0,
            photo.height or 0,
            picture.bytes if picture else 0,
            photo.uploaded,
            UNKNOWN if facts.taken_unknown else taken_minutes(facts.taken),
            facts.taken_granularity,
            _degrees(facts.latitude),
            _degrees(facts.longitude),
            _index(self.licenses, facts.license),
            facts.views or 0,
            facts.faves or 0,
            facts.comment_count or 0,
            flags,
            _index(self.extensions, picture.extension if picture else ""),
            _index(self.extensions, film.extension if film else ""),
        )
        self.ids.append(photo.photo_id)
        self.titles.append(photo.title)
        for column, value in zip(self._values.values(), row, strict=True):
            column.append(value)

    def table(self, start: int = 0) -> dict[str, Any]:
        """Return the columns from a photo on, without the titles, as values for JSON."""
        values = {name: _packed(kind, self._values[name][start:]) for name, kind in KINDS.items()}
        names = [[license_of(number).name, license_of(number).url] for number in self.licenses]
        return {
            "start": start,
            "ids": " ".join(self.ids[start:]),
            "licenses": names,
            "extensions": self.extensions,
            **values,
        }

    def count(self, flag: int) -> int:
        """Return how many photos have a flag."""
        return sum(1 for flags in self._values["flags"] if flags & flag)

    def license_counts(self) -> dict[str, int]:
        """Return how many photos have each licence, by its number."""
        column = self._values["license"]
        return {number: column.count(index) for index, number in enumerate(self.licenses)}


def taken_minutes(text: str) -> int:
    """Return a time of Flickr's in minutes since 1970, `UNKNOWN` if it is not a date.

    >>> taken_minutes("1970-01-02 00:01:00")
    1441
    """
    days = _days(text[:10])
    if days == UNKNOWN:
        return UNKNOWN
    hour, minute = text[11:13], text[14:16]
    return days * 1440 + (int(hour) * 60 + int(minute) if hour.isdecimal() and minute.isdecimal() else 0)


@lru_cache(maxsize=50_000)
def _days(text: str) -> int:
    if match := _DAY.fullmatch(text):
        year, month, day = map(int, match.groups())
        with suppress(ValueError):
            return date(year, max(month, 1), max(day, 1)).toordinal() - date(1970, 1, 1).toordinal()
    return UNKNOWN


def _degrees(value: float | None) -> int:
    return UNKNOWN if value is None or abs(value) > 180 else round(value * 100_000)


def _index(names: list[str], name: str) -> int:
    """Return the place of a name in a list, which it is added to; 255 names at most."""
    if name not in names:
        names.append(name)
    return min(names.index(name), 255)


def _packed(kind: str, values: list[int]) -> str:
    try:
        return packed(kind, values)
    except OverflowError:
        return packed(kind, [_bounded(kind, value) for value in values])


def _bounded(kind: str, value: int) -> int:
    least, most = {"H": (0, 65_535), "I": (0, _MOST), "B": (0, 255), "i": (UNKNOWN, 2**31 - 1)}[kind]
    return min(max(value, least), most)
