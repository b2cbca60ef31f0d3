"""The figures of a mirror: photos by time, licence, tag and language, and distributions with their outliers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from flickr_mirror.reader.distribution import Distribution, distribution

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from flickr_mirror.reader.mirror_reader import ArchivedPhoto
    from flickr_mirror.reader.search_index import CommentRow

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_OUTLIERS = 10
"""How many outliers of each measure are kept, the most distant ones."""

MEASURES = {
    "views": "Views per photo",
    "faves": "Faves per photo",
    "comments": "Comments per photo",
    "tags": "Tags per photo",
    "megapixels": "Megapixels per photo",
    "bytes": "Bytes per photo",
    "title": "Characters per title",
    "days": "Days between uploads",
}
"""The subjects of distributions, and their headings."""


@dataclass(slots=True)
class Measure:
    """A measured value of each photo: its distribution, and the ids and values of its most distant outliers."""

    distribution: Distribution
    outlier_count: int
    outliers: list[tuple[str, float]]


@dataclass(slots=True)
class Figures:
    """The figures of the photos of a mirror that are on disk.

    `taken` counts photos by year of the picture, `undated` those without; `uploaded` by month of the upload, `rhythm`
    by weekday and hour of the upload in the chosen time zone. `languages` counts titles by ISO 639-3 code,
    `commenters` comments by author. (It has more than ten attributes because each is one figure.)
    """

    photos: int = 0
    videos: int = 0
    gone: int = 0
    bytes: int = 0
    comments: int = 0
    with_place: int = 0
    with_description: int = 0
    with_comments: int = 0
    with_tags: int = 0
    undated: int = 0
    taken: Counter[str] = field(default_factory=Counter)
    uploaded: Counter[str] = field(default_factory=Counter)
    rhythm: Counter[tuple[int, int]] = field(default_factory=Counter)
    licenses: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    commenters: Counter[str] = field(default_factory=Counter)
    comments_by_year: Counter[str] = field(default_factory=Counter)
    measures: dict[str, Measure] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the figures as values for JSON."""
        plain = ("photos", "videos", "gone", "bytes", "comments", "with_place", "with_description")
        counters = ("taken", "uploaded", "licenses", "tags", "languages", "commenters", "comments_by_year")
        return {
            **{name: getattr(self, name) for name in (*plain, "with_comments", "with_tags", "undated")},
            **{f"by_{_NAMES.get(name, name)}": dict(getattr(self, name)) for name in counters},
            "by_weekday_and_hour": [
                [self.rhythm[day, hour] for hour in range(24)] for day in range(len(WEEKDAYS))
            ],
            "measures": {
                name: {
                    **{key: getattr(measure.distribution, key) for key in Distribution.__slots__},
                    "outlier_count": measure.outlier_count,
                    "outliers": [{"id": photo_id, "value": value} for photo_id, value in measure.outliers],
                }
                for name, measure in self.measures.items()
            },
        }


_NAMES = {
    "taken": "taken_year",
    "uploaded": "upload_month",
    "licenses": "license",
    "tags": "tag",
    "languages": "language",
    "commenters": "commenter",
    "comments_by_year": "comment_year",
}


def figures_of(
    photos: Iterable[ArchivedPhoto],
    comments: Iterable[CommentRow],
    languages: Iterable[str],
    zone: tzinfo | None = None,
) -> Figures:
    """Return the figures of `photos`; `zone` is the time zone of the rhythm, by default that of this computer.

    `comments` are the comments on these photos, `languages` those of their titles.
    """
    found = Figures()
    values: dict[str, list[tuple[str, float]]] = {name: [] for name in MEASURES}
    uploads: list[tuple[str, int]] = []
    for photo in photos:
        _count(found, photo, zone)
        uploads.append((photo.id, photo.uploaded))
        for name, value in _values(photo).items():
            if value is not None:
                values[name].append((photo.id, value))
    uploads.sort(key=lambda upload: upload[1])
    values["days"] = [
        (photo_id, (uploaded - before) / 86_400) for (_, before), (photo_id, uploaded) in pairwise(uploads)
    ]
    for comment in comments:
        found.commenters[comment.name or comment.author] += 1
        if comment.date:
            found.comments_by_year[str(datetime.fromtimestamp(comment.date, UTC).year)] += 1
    found.comments = sum(found.commenters.values())
    found.languages.update(languages)
    found.measures = {name: _measure(entries) for name, entries in values.items() if entries}
    return found


def _count(found: Figures, photo: ArchivedPhoto, zone: tzinfo | None) -> None:
    facts = photo.facts
    moment = datetime.fromtimestamp(photo.uploaded, UTC)
    local = moment.astimezone(zone)
    found.photos += 1
    found.videos += facts.media == "video"
    found.gone += photo.gone is not None
    found.bytes += sum(file.bytes for file in photo.files)
    found.with_place += facts.latitude is not None
    found.with_description += bool(photo.description)
    found.with_comments += bool(facts.comment_count)
    found.with_tags += bool(facts.tags)
    found.uploaded[f"{moment:%Y-%m}"] += 1
    found.rhythm[local.weekday(), local.hour] += 1
    found.licenses[photo.license.name] += 1
    found.tags.update(photo.tags)
    if photo.taken:
        found.taken[photo.taken[:4]] += 1
    else:
        found.undated += 1


def _values(photo: ArchivedPhoto) -> dict[str, float | None]:
    pixels = photo.width * photo.height if photo.width and photo.height else 0
    return {
        "views": photo.facts.views,
        "faves": photo.facts.faves,
        "comments": photo.facts.comment_count,
        "tags": len(photo.tags),
        "megapixels": pixels / 1e6 if pixels else None,
        "bytes": sum(file.bytes for file in photo.files if file.kind != "info") or None,
        "title": len(photo.title),
    }


def _measure(entries: list[tuple[str, float]]) -> Measure:
    found = distribution([value for _, value in entries])
    outliers = [entry for entry in entries if found.is_outlier(entry[1])]
    centre = found.median or 0
    outliers.sort(key=lambda entry: (-abs(entry[1] - centre), entry[0]))
    return Measure(found, len(outliers), outliers[:MOST_OUTLIERS])
