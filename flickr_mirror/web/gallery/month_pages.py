"""Pages without scripts: the photos of each month of upload, and the list of the months."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flickr_mirror.catalogue.archive import ArchiveRow
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'"
_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
    '<title>{title}</title><base href="../"><link rel="stylesheet" href="gallery.css"></head><body class="list">\n'
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_END = "</ul></main></body></html>\n"


def month_of(photo: ArchiveRow) -> str:
    """Return the month of the upload (UTC), such as `2014-03`."""
    return _month(photo.uploaded // 86_400)


@lru_cache(maxsize=50_000)
def _month(day: int) -> str:
    return f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m}"


def thumbnail_name(photo_id: str) -> str:
    """Return the name of a thumbnail below the folder of the gallery."""
    return f"thumbs/{photo_id[-2:]}/{photo_id}.jpg"


class MonthPages:
    """Makes the pages; `base` is the way from the gallery to the files of `mirror`.

    They have titles and no descriptions: with all texts they would double the size of the gallery.
    """

    def __init__(self, owner: str, mirror: Path, base: str, *, thumbnails: bool) -> None:
        self._owner = owner
        self._mirror = mirror
        self._base = base
        self._thumbnails = thumbnails
        self.counts: dict[str, int] = {}
        """How many photos each page has, by month."""

    def page(self, month: str, photos: Sequence[ArchivedPhoto]) -> bytes:
        """Return the page of a month, its newest photo first."""
        title = f"{_month_name(month)} · {self._owner}"
        parts = [
            _HEAD.format(title=escape(title)),
            f'<header><a href="list/index.html">All months</a><h1>{escape(title)}</h1></header>\n<main><ul>\n',
            *(self._item(photo) for photo in reversed(photos)),
            _END,
        ]
        return "".join(parts).encode("utf-8", "replace")

    def index(self) -> bytes:
        """Return the page that links all months."""
        title = f"Photos of {self._owner} by month of upload"
        parts = [
            _HEAD.format(title=escape(title)),
            f'<header><a href="index.html">Gallery</a><h1>{escape(title)}</h1></header>\n<main><ul class="months">\n',
            *(
                f'<li><a href="list/{month}.html">{_month_name(month)}</a> {count:,}</li>\n'
                for month, count in sorted(self.counts.items(), reverse=True)
            ),
            _END,
        ]
        return "".join(parts).encode("utf-8", "replace")

    def _item(self, photo: ArchivedPhoto) -> str:
        picture, film = photo.file("image"), photo.file("video")
        main = film or picture
        title = escape(photo.title.strip()) or "Untitled"
        notes = [photo.taken.removesuffix(" 00:00:00") if photo.taken else ""]
        notes += ["film" if film else "", "gone from Flickr" if photo.gone else ""]
        if photo.facts.owner:
            notes += [f"by {escape(photo.facts.owner_name or photo.facts.owner)}", photo.license.name]
        image = ""
        if picture and self._thumbnails:
            image = f'<img loading="lazy" alt="" src="{thumbnail_name(photo.id)}">'
        if main:
            link = escape(self._base + main.path.relative_to(self._mirror).as_posix())
            title = f'<a href="{link}">{image}{title}</a>'
        return f"<li>{title} {', '.join(filter(None, notes))}</li>\n"


def _month_name(month: str) -> str:
    year, number = month.split("-")
    return f"{_MONTHS[int(number) - 1]} {year}"
