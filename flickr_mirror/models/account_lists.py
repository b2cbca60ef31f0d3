"""The entries of the lists of an account: photos of others, galleries, groups, contacts and tags.

`dataclasses.asdict` of an entry is its JSON in the documents of a mirror.
"""

from __future__ import annotations

import html
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from flickr_mirror.models.identifiers import is_nsid, photo_id_of
from flickr_mirror.models.payloads import text_of, to_int

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload

_GALLERY = re.compile(r"(?:[0-9]{1,20}-)?([0-9]{1,20})")


@dataclass(frozen=True, slots=True)
class ListedPhoto:
    """A photo in a list, mostly one of another account.

    `license` is Flickr's number of the licence, `added` when the photo came into the list, in seconds since 1970 (UTC);
    `comment` is the comment of a gallery's curator on it. (It has more than ten attributes because each is a key of
    the JSON.)
    """

    id: str
    title: str
    owner: str
    owner_name: str
    path_alias: str
    license: str
    media: str
    uploaded: int | None
    added: int | None
    comment: str = ""

    @staticmethod
    def from_json(payload: Payload) -> ListedPhoto:
        """Return the photo that an entry of a list describes. Raises `ValueError` if its id is invalid.

        {"id": "23781786", "owner": "10000009@N09", "title": "Sit", "license": "0", "ownername": "someone",
         "pathalias": "someone", "dateupload": "1120515115", "media": "photo", "date_faved": "1329579250"}
        """
        added = payload.get("date_faved") or payload.get("dateadded")
        return ListedPhoto(
            photo_id_of(payload.get("id")),
            text_of(payload.get("title")),
            text_of(payload.get("owner")),
            text_of(payload.get("ownername")),
            text_of(payload.get("pathalias")),
            text_of(payload.get("license")),
            text_of(payload.get("media")),
            to_int(payload.get("dateupload")),
            to_int(added),
            text_of(payload.get("comment")),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the JSON of the photo, which has no comment if there is none."""
        entry = asdict(self)
        if not self.comment:
            del entry["comment"]
        return entry


@dataclass(frozen=True, slots=True)
class PoolPhoto:
    """A photo of the account in the pool of a group, and when it was added (seconds since 1970, UTC)."""

    id: str
    added: int | None

    @staticmethod
    def from_json(payload: Payload) -> PoolPhoto:
        """Return the photo that an entry of `groups.pools.getPhotos` describes. Raises `ValueError`.

        {"id": "53588285886", "owner": "10000015@N06", "title": "Sit", "dateadded": "1714378910"}
        """
        return PoolPhoto(photo_id_of(payload.get("id")), to_int(payload.get("dateadded")))


@dataclass(frozen=True, slots=True)
class Gallery:
    """A gallery that an account curates; times are in seconds since 1970 (UTC).

    `key` is its name in the API; `id` is the part of it that is in its address. (It has more than ten attributes
    because each is a key of the JSON.)
    """

    id: str
    key: str
    url: str
    title: str
    description: str
    owner: str
    created: int | None
    updated: int | None
    cover: str
    photo_count: int
    video_count: int

    @staticmethod
    def from_json(payload: Payload) -> Gallery:
        """Return the gallery that an entry of `galleries.getList` describes. Raises `ValueError` for a bad id.

        {"id": "20000003-72157785056293116", "gallery_id": "72157785056293116", "owner": "10000010@N01",
         "title": {"_content": "Rivers"}, "date_update": "1678738529", "count_photos": 342, "count_total": 0}
        """
        key = text_of(payload.get("id") or payload.get("gallery_id"))
        found = _GALLERY.fullmatch(key)
        if not found:
            raise ValueError(f"Flickr sent {key!r} as the id of a gallery.")
        return Gallery(
            found[1],
            key,
            text_of(payload.get("url")),
            text_of(payload.get("title")),
            text_of(payload.get("description")),
            text_of(payload.get("owner")),
            to_int(payload.get("date_create")),
            to_int(payload.get("date_update")),
            text_of(payload.get("primary_photo_id")),
            to_int(payload.get("count_photos")) or 0,
            to_int(payload.get("count_videos")) or 0,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """A group that an account is a member of; `pool` is the number of photos in its pool."""

    nsid: str
    name: str
    members: int | None
    pool: int | None
    is_admin: bool
    is_moderator: bool
    invitation_only: bool
    adults_only: bool

    @staticmethod
    def from_json(payload: Payload) -> Group:
        """Return the group that an entry of `people.getGroups` describes. Raises `ValueError` for a bad id.

        {"nsid": "34427469792@N01", "name": "Boats &quot;and&quot; rivers", "members": "315110",
         "pool_count": "8482392", "admin": "", "is_admin": 0, "eighteenplus": 0, "invitation_only": 0}
        """
        nsid = text_of(payload.get("nsid") or payload.get("id"))
        if not is_nsid(nsid):
            raise ValueError(f"Flickr sent {nsid!r} as the id of a group.")
        return Group(
            nsid,
            html.unescape(text_of(payload.get("name"))),  # names come escaped, as recorded
            to_int(payload.get("members")),
            to_int(payload.get("pool_count")),
            _is_set(payload, "is_admin") or _is_set(payload, "admin"),
            _is_set(payload, "is_moderator"),
            _is_set(payload, "invitation_only"),
            _is_set(payload, "eighteenplus"),
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """An account that the account follows. Only its own login sees who is friend or family, or is ignored."""

    nsid: str
    username: str
    realname: str
    path_alias: str
    location: str
    is_friend: bool
    is_family: bool
    is_ignored: bool

    @staticmethod
    def from_json(payload: Payload) -> Contact:
        """Return the contact that an entry of `contacts.getList` or `getPublicList` describes. Raises `ValueError`.

        {"nsid": "10000035@N08", "username": "someone", "realname": "Some One", "friend": 0, "family": 1,
         "ignored": 0, "path_alias": "someone", "location": ""}
        """
        nsid = text_of(payload.get("nsid"))
        if not is_nsid(nsid):
            raise ValueError(f"Flickr sent {nsid!r} as the id of an account.")
        return Contact(
            nsid,
            text_of(payload.get("username")),
            text_of(payload.get("realname")),
            text_of(payload.get("path_alias")),
            text_of(payload.get("location")),
            _is_set(payload, "friend"),
            _is_set(payload, "family"),
            _is_set(payload, "ignored"),
        )


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of an account in Flickr's spelling, its number of photos, and the spellings that were typed, if known."""

    tag: str
    count: int | None = None
    raw: list[str] = field(default_factory=list)

    @staticmethod
    def from_json(payload: Payload) -> Tag:
        """Return the tag that an entry of a `tags.getListUser...` method describes. Raises `ValueError` if it is empty.

        {"count": "69", "_content": "river"}, {"clean": "ddx", "raw": [{"_content": "DD-X"}]}
        """
        name = text_of(payload.get("clean")) or text_of(payload)
        if not name:
            raise ValueError("Flickr sent a tag without a name.")
        raw = payload.get("raw")
        spellings = [text_of(entry) for entry in raw] if isinstance(raw, list) else []
        return Tag(name, to_int(payload.get("count")), [*filter(None, spellings)])


def profile_of(person: Payload, profile: Payload) -> dict[str, object]:
    """Return the document about an account, from the answers of `people.getInfo` and `profile.getProfile`.

    It has what the account shows to others: no e-mail address, and no counts, which change every day.
    """
    photos = person.get("photos")
    first = photos if isinstance(photos, dict) else {}
    zone = person.get("timezone")
    found: dict[str, object] = {
        "nsid": text_of(person.get("nsid") or person.get("id")),
        "username": text_of(person.get("username")),
        "realname": text_of(person.get("realname")),
        "path_alias": text_of(person.get("path_alias")),
        "location": text_of(person.get("location")),
        "description": text_of(person.get("description")),
        "photos_url": text_of(person.get("photosurl")),
        "profile_url": text_of(person.get("profileurl")),
        "is_pro": _is_set(person, "ispro"),
        "first_taken": text_of(first.get("firstdatetaken")),
        "first_uploaded": to_int(text_of(first.get("firstdate"))),
        "timezone": text_of(zone.get("timezone_id") or zone.get("label")) if isinstance(zone, dict) else "",
        "joined": to_int(profile.get("join_date")),
    }
    for key in _PROFILE_KEYS:
        found[key] = text_of(profile.get(key))
    return found


_PROFILE_KEYS = (
    *(
        "first_name",
        "last_name",
        "profile_description",
        "occupation",
        "hometown",
        "city",
        "country",
        "website",
    ),
    *("facebook", "twitter", "tumblr", "instagram", "pinterest", "showcase_set", "showcase_set_title"),
)


def _is_set(payload: Payload, key: str) -> bool:
    return bool(to_int(payload.get(key)))
