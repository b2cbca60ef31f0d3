"""The filters that choose photos, shared by search, list, export and server."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from flickr_mirror.reader.mirror_reader import ArchivedPhoto

EARTH = 6371.0
"""The mean radius of the earth in kilometres."""
FILTER_COLUMNS = (
    "uploaded INTEGER NOT NULL, taken TEXT, media TEXT NOT NULL, license TEXT NOT NULL, languages TEXT NOT NULL,"
    " latitude REAL, longitude REAL, comments INTEGER NOT NULL, tags TEXT NOT NULL"
)
"""The columns of the index that the filters use, in the order of `filter_row`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFilter:
    """The conditions that photos must meet; `None` or empty accepts all.

    `tags` must all be there, or one of them with `any_tag`, in the form that Flickr normalizes. `since` and `until` are
    seconds of the upload, both included; `taken` is a beginning of the time taken, such as `1966` or `1966-03`, or two
    of them separated by `..`. `licenses` are numbers. `media` is `photo` or `video`, `language` an ISO 639-3 code.
    `near` is latitude, longitude and a distance in kilometres. `box` has the longitude and latitude of the
    south-western corner, then of the north-eastern one; it crosses the 180th meridian if the first longitude is the
    greater one. `has_place` is whether the place is known, `commented` whether there are comments. `album` is the id
    of an album, or the title of one or several. `photo_ids`, if not `None`, are the only ones accepted. (It has more
    than ten attributes because each is a filter.)
    """

    tags: tuple[str, ...] = ()
    any_tag: bool = False
    since: int | None = None
    until: int | None = None
    taken: str = ""
    licenses: tuple[str, ...] = ()
    media: str = ""
    language: str = ""
    near: tuple[float, float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    has_place: bool | None = None
    commented: bool | None = None
    album: str = ""
    photo_ids: Collection[int] | None = None


ALL_PHOTOS = PhotoFilter()
"""The filter that accepts all photos."""


def filter_row(photo: ArchivedPhoto, document: dict[str, Any] | None) -> tuple[object, ...]:
    """Return the values of `FILTER_COLUMNS` for a photo with its sidecar document."""
    facts = photo.facts
    document = document or {}
    comments = document.get("comments")
    labels = [document.get("title"), document.get("description")]
    languages = [
        str(label.get("locale", "")).partition("-")[0] for label in labels if isinstance(label, dict)
    ]
    return (
        photo.uploaded,
        photo.taken,
        facts.media,
        facts.license,
        f" {' '.join(dict.fromkeys(languages))} ",
        facts.latitude,
        facts.longitude,
        len(comments) if isinstance(comments, list) else facts.comment_count or 0,
        f" {facts.tags} ",
    )


def conditions(photo_filter: PhotoFilter) -> tuple[list[str], list[object]]:
    """Return the SQL conditions of a filter on the table of the index, and their parameters."""
    chosen = photo_filter
    found: list[tuple[str, list[object]]] = [*_tagged(chosen), *_placed(chosen)]
    if chosen.since is not None:
        found.append(("uploaded >= ?", [chosen.since]))
    if chosen.until is not None:
        found.append(("uploaded <= ?", [chosen.until]))
    if chosen.taken:
        low, separator, high = chosen.taken.partition("..")
        found.append(("taken >= ?", [low]))
        found.append(("taken < ?", [f"{high if separator else low}\x7f"]))
    if chosen.licenses:
        found.append((f"license IN ({', '.join('?' * len(chosen.licenses))})", [*chosen.licenses]))
    if chosen.media:
        found.append(("media = ?", [chosen.media]))
    if chosen.language:
        found.append(("instr(languages, ?)", [f" {chosen.language} "]))
    if chosen.commented is not None:
        found.append(("photos.comments > 0" if chosen.commented else "photos.comments = 0", []))
    if chosen.photo_ids is not None:
        found.append((f"id IN ({', '.join(map(str, map(int, chosen.photo_ids)))})", []))
    return [condition for condition, _ in found], [value for _, values in found for value in values]


def _tagged(chosen: PhotoFilter) -> Iterator[tuple[str, list[object]]]:
    if chosen.tags:
        tests = ["instr(photos.tags, ?)"] * len(chosen.tags)
        both = " OR " if chosen.any_tag else " AND "
        yield f"({both.join(tests)})", [f" {tag} " for tag in chosen.tags]


def _placed(chosen: PhotoFilter) -> Iterator[tuple[str, list[object]]]:
    if chosen.near:
        yield _near(*chosen.near)
    if chosen.box:
        west, south, east, north = chosen.box
        both = "AND" if west <= east else "OR"
        yield (
            f"latitude BETWEEN ? AND ? AND (longitude >= ? {both} longitude <= ?)",
            [south, north, west, east],
        )
    if chosen.has_place is not None:
        yield "latitude IS NOT NULL" if chosen.has_place else "latitude IS NULL", []


def _near(latitude: float, longitude: float, kilometres: float) -> tuple[str, list[object]]:
    return "distance(latitude, longitude, ?, ?) <= ?", [latitude, longitude, kilometres]


def distance(latitude: float | None, longitude: float | None, there: float, over: float) -> float | None:
    """Return the distance of two places in kilometres; `None` if the first one is not known.

    >>> round(distance(16.46, 107.59, 16.05, 108.2))  # Huế to Đà Nẵng
    79
    """
    if latitude is None or longitude is None:
        return None
    a, b = radians(latitude), radians(there)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(over - longitude) / 2) ** 2
    return 2 * EARTH * asin(min(sqrt(half), 1))
