"""The JSON files of Flickr's account export ("Your Flickr data"), read leniently.

Flickr does not document the format, and it differs by year: a file is a list, or an object around it. The shapes here
are those that other readers of real exports report (micktwomey/flickr-to-smugmug, yaniv-golan/offlickr,
antimega/memento-mori, timswett/flickr-unbox).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from flickr_mirror.models.identifiers import is_nsid, is_photo_id
from flickr_mirror.models.licenses import LICENSES
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.payloads import text_of, to_int
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flickr_mirror.models.payloads import Payload

_PRIVACY = {"friend & family": "friends and family"}
"""The values of `privacy` with another name in a listing. This one also stands for photos for friends or family only
(Flickr2Any-Tool#5)."""
_SAFETY = ("safe", "moderate", "restricted")
_DETAILS = (
    *("privacy", "safety", "license", "comment_permissions", "tagging_permissions", "date_imported"),
    *("count_views", "count_faves", "count_comments", "geo", "tags", "notes", "people", "albums", "groups"),
)
"""The keys of a photo that an export states and a listing does not, or in another form."""
_MILLIONTHS = 1_000_000  # the export has "51507351" for 51.507351 degrees
_LICENSES = {
    "attribution-noncommercial-sharealike license": "1",
    "attribution-noncommercial license": "2",
    "attribution-noncommercial-noderivs license": "3",
    "attribution license": "4",
    "attribution-sharealike license": "5",
    "attribution-noderivs license": "6",
    "public domain dedication (cc0)": "9",
    "public domain mark": "10",
    **{entry.name.lower(): entry.id for entry in LICENSES.values()},
}
"""The numbers of the licences by their names, before Flickr renamed them in 2025 and since."""
_MACHINE_TAG = re.compile(r"[a-z]\w*:[a-z]\w*=.*", re.IGNORECASE | re.ASCII | re.DOTALL)
_OWNER = re.compile(r"https?://(?:www\.)?flickr\.com/photos/([^/]+)/", re.ASCII)


class ExportProfile(NamedTuple):
    """The account of an export."""

    nsid: str
    username: str


class ExportAlbum(NamedTuple):
    """An album with the ids of its photos in order; `cover` is the id of a photo, or empty. Times are as in Unix."""

    id: str
    title: str
    description: str
    cover: str
    created: int | None
    updated: int | None
    photos: list[str]


@dataclass(frozen=True, slots=True)
class ExportPhoto:
    """A photo as an export describes it, without its media, which only the bytes of its file show.

    `details` are the values that a listing does not state, as the export has them.
    """

    photo: FlickrPhoto
    comments: list[FlickrComment]
    details: dict[str, Any]


def profile_of(document: object) -> ExportProfile | None:
    """Return the account in `account_profile.json`; `None` if it does not name one."""
    profile = _object(document, "profile")
    nsid = text_of(profile.get("nsid"))
    name = text_of(profile.get("screen_name")) or text_of(profile.get("path_alias")) or nsid
    return ExportProfile(nsid, name) if is_nsid(nsid) else None


def owner_in(document: object) -> str:
    """Return the owner of a photo as the address of its page names it: a path alias or an NSID, else empty."""
    match = _OWNER.match(text_of(_object(document, "photo").get("photopage")))
    return match[1].lower() if match else ""


def albums_of(document: object) -> list[ExportAlbum]:
    """Return the albums in `albums.json`. Ids that are not those of photos, such as "0", are left out."""
    return [
        ExportAlbum(
            text_of(album.get("id")),
            html.unescape(text_of(album.get("title"))),
            html.unescape(text_of(album.get("description"))),
            text_of(album.get("cover_photo")).rstrip("/").rpartition("/")[2],
            to_int(album.get("created")),
            to_int(album.get("last_updated")),
            [photo for photo in map(text_of, _list(album.get("photos"))) if is_photo_id(photo)],
        )
        for album in _objects(document, "albums")
    ]


def photo_of(document: object, photo_id: str) -> ExportPhoto:
    """Return the photo in `photo_<id>.json`. Raises `ValueError` if the file is not that of this photo."""
    entry = _object(document, "photo")
    if text_of(entry.get("id")) != photo_id:
        raise ValueError("The file does not describe the photo that it is named after.")
    comments = [_comment(comment) for comment in _objects(entry.get("comments"), "comments")]
    return ExportPhoto(
        FlickrPhoto(
            photo_id,
            html.unescape(text_of(entry.get("name"))),
            description=html.unescape(text_of(entry.get("description"))),
            facts=_facts(entry, len(comments)),
        ),
        comments,
        {key: entry[key] for key in _DETAILS if entry.get(key) not in (None, "", [])},
    )


def _privacy(details: Payload) -> str | None:
    word = _word(details, "privacy")
    return _PRIVACY.get(word, word) or None


def _word(entry: Payload, key: str) -> str:
    return html.unescape(text_of(entry.get(key))).lower()


def _facts(entry: Payload, comment_count: int) -> PhotoMetadata:
    tags = [html.unescape(text_of(tag.get("tag"))) for tag in _objects(entry.get("tags"), "tags")]
    machine_tags = [tag for tag in tags if _MACHINE_TAG.fullmatch(tag)]
    taken = text_of(entry.get("date_taken"))
    place = next(_objects(entry.get("geo"), "geo"), {})
    latitude, longitude = (to_int(place.get(key)) for key in ("latitude", "longitude"))
    is_placed = latitude is not None and longitude is not None
    return PhotoMetadata(
        license=_LICENSES.get(text_of(entry.get("license")).lower(), ""),
        tags=" ".join(filter(None, (_clean(tag) for tag in tags if tag not in machine_tags))),
        machine_tags=" ".join(tag for tag in machine_tags if not re.search(r"\s", tag)),
        uploaded=time_of(entry.get("date_imported")),
        taken=taken,
        taken_unknown=not taken,
        latitude=latitude / _MILLIONTHS if is_placed and latitude is not None else None,
        longitude=longitude / _MILLIONTHS if is_placed and longitude is not None else None,
        accuracy=to_int(place.get("accuracy")) if is_placed else None,
        comment_count=comment_count,
        rotation=to_int(entry.get("rotation")) or 0,
        privacy=_privacy(entry),
        safety_level=_SAFETY.index(safety) if (safety := _word(entry, "safety")) in _SAFETY else None,
        views=to_int(entry.get("count_views")),
        faves=to_int(entry.get("count_faves")),
    )


def _comment(comment: Payload) -> FlickrComment:
    # its text has entities in the answers of the API too, so it stays as it is
    return FlickrComment(
        text_of(comment.get("id")),
        text_of(comment.get("user")),
        time_of(comment.get("date")),
        text_of(comment.get("comment")),
        permalink=text_of(comment.get("url")),
    )


def time_of(value: object) -> int | None:
    """Return a time such as `2012-07-26 07:17:20` or `"1517485941"` in seconds since 1970; `None` for anything else.

    The export states no time zone. UTC is assumed.
    """
    if (number := to_int(value)) is not None:
        return number
    try:
        return int(datetime.strptime(text_of(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _clean(tag: str) -> str:
    """Return a tag as Flickr normalizes it: lower case, letters and digits only."""
    return "".join(letter for letter in tag.lower() if letter.isalnum())


def _object(document: object, key: str) -> Payload:
    return next(_objects(document, key), {})


def _objects(document: object, key: str) -> Iterator[Payload]:
    """Yield the objects of a list, of an object that has the list or an object under `key`, or the object itself."""
    if isinstance(document, dict):
        document = document.get(key, document)
    found = document if isinstance(document, list) else [document]
    yield from (entry for entry in found if isinstance(entry, dict))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
