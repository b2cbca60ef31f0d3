"""Albums, which Flickr's API calls photosets, and the collections that hold albums."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.models.identifiers import photo_id_of
from flickr_mirror.models.payloads import text_of, to_int
from flickr_mirror.models.photos import FlickrComment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flickr_mirror.models.payloads import Payload

_DEEPEST = 16
"""The most levels of collections that are read; Flickr allows five (https://www.flickr.com/help/collections/)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlickrAlbum:
    """An album as Flickr lists it, without its photos.

    `owner` is the NSID of the account, `cover` the id of a photo; both are empty if Flickr states none. `created` and
    `updated` are in seconds since 1970 (UTC). The counts are those that Flickr states for the caller: it leaves out
    what the caller may not see.
    """

    id: str
    title: str
    description: str = ""
    cover: str = ""
    created: int | None = None
    updated: int | None = None
    photo_count: int = 0
    video_count: int = 0
    comment_count: int = 0
    owner: str = field(default="", compare=False)

    @property
    def count(self) -> int:
        """The number of photos and videos."""
        return self.photo_count + self.video_count

    @staticmethod
    def from_json(payload: Payload) -> FlickrAlbum:
        """Return the album that an entry of `photosets.getList` or an answer of `photosets.getInfo` describes.

        Raises `ValueError` if the id is invalid, because a file name is derived from it.

        {"id": "72177711835196672", "owner": "13476480@N07", "primary": "52019083358",
         "count_comments": "0", "count_photos": 2, "count_videos": 0, "title": {"_content": "Hoi An"},
         "description": {"_content": ""}, "date_create": "1685270589", "date_update": "1685290674"}
        """
        return FlickrAlbum(
            id=photo_id_of(payload.get("id")),
            title=text_of(payload.get("title")),
            description=text_of(payload.get("description")),
            cover=_photo_id(payload.get("primary")),
            created=to_int(payload.get("date_create")),
            updated=to_int(payload.get("date_update")),
            photo_count=_count(payload, "count_photos", "photos"),
            video_count=_count(payload, "count_videos", "videos"),
            comment_count=_count(payload, "count_comments"),
            owner=text_of(payload.get("owner")),
        )


@dataclass(frozen=True, slots=True)
class FlickrCollection:
    """A collection: a folder of albums and of other collections, both in the order of the owner."""

    id: str
    title: str
    description: str
    album_ids: tuple[str, ...] = ()
    children: tuple[FlickrCollection, ...] = ()

    def walk(self) -> Iterator[FlickrCollection]:
        """Yield this collection and all that it holds."""
        yield self
        for child in self.children:
            yield from child.walk()


def collections_from_json(payload: Payload, depth: int = 1) -> tuple[FlickrCollection, ...]:
    """Return the collections that `collections.getTree` describes; an empty list has no key.

    {"collection": [{"id": "153473870-72157632723180994", "title": "Vietnam", "description": "",
                     "set": [{"id": "72157611036028441", "title": "Hue", "description": ""}], "collection": [...]}]}
    """
    return tuple(
        FlickrCollection(
            identity,
            text_of(entry.get("title")),
            text_of(entry.get("description")),
            tuple(filter(None, (_photo_id(album.get("id")) for album in _entries(entry.get("set"))))),
            collections_from_json(entry, depth + 1) if depth < _DEEPEST else (),
        )
        for entry in _entries(payload.get("collection"))
        if (identity := text_of(entry.get("id")))
    )


def album_comment(payload: Payload) -> FlickrComment:
    """Return the comment that an entry of `photosets.comments.getList` describes.

    The documentation calls its time `date_create`, that of a comment on a photo `datecreate`
    (https://www.flickr.com/services/api/flickr.photosets.comments.getList.html).
    """
    return FlickrComment.from_json({"datecreate": payload.get("date_create"), **payload})


def _entries(value: object) -> list[Payload]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _photo_id(value: object) -> str:
    try:
        return photo_id_of(value)
    except ValueError:
        return ""


def _count(payload: Payload, *keys: str) -> int:
    numbers = (to_int(payload.get(key)) for key in keys)
    return max(next((number for number in numbers if number is not None), 0), 0)
