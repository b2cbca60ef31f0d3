"""The nouns of Flickr: users, photos, the sizes of a photo, comments, pages of a photostream.

Flickr mixes `75` and `"150"` in one answer and leaves keys out, so everything is read leniently here, and
nothing above this room ever looks into a payload.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from typing import Any

from flickr_mirror.models.languages import Label, detect_locale

Payload = dict[str, Any]

# The sizes that a listing can tell, by key of the `url_*` extras:
# the label that photos.getSizes uses, and the longest side in pixels (None: whatever was uploaded).
# https://www.flickr.com/services/api/misc.urls.html; 3k to 6k are undocumented as extras, but served.
LISTED_SIZES: dict[str, tuple[str, int | None]] = {
    "o": ("Original", None),
    "6k": ("X-Large 6K", 6144),
    "5k": ("X-Large 5K", 5120),
    "f": ("X-Large 4K F", 4096),
    "4k": ("X-Large 4K", 4096),
    "3k": ("X-Large 3K", 3072),
    "k": ("Large 2048", 2048),
    "h": ("Large 1600", 1600),
    "l": ("Large", 1024),
    "c": ("Medium 800", 800),
    "z": ("Medium 640", 640),
    "m": ("Medium", 500),
}
ORIGINAL = "Original"
CROPPED = {"Square", "Large Square"}
"""These show a part of the picture only, and of a tiny original they have more pixels than it has."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NSID = re.compile(r"[0-9]{1,20}@N[0-9]{2}")


def to_int(value: object) -> int | None:
    """Return the whole number that Flickr wrote as `75`, `"75"`, `""` or not at all (`None`).

    A number that no file can hold (beyond 63 bits) is none.
    """
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1 << 63 else None


def _pixels(value: object) -> int:
    # a side is never less than nothing, or two of them would make up an area
    return max(to_int(value) or 0, 0)


def text_of(value: object) -> str:
    """Return the text that Flickr wrote as `"Huế"`, `{"_content": "Huế"}` or not at all (`""`).

    Half a surrogate pair, which JSON can hold but no file, becomes U+FFFD.
    """
    if isinstance(value, dict):
        value = value.get("_content")
    if not isinstance(value, str):
        return "" if value is None else str(value)
    return _LONE_SURROGATE.sub("\ufffd", value)


def inventory_number(photo_id: str) -> str:
    """Return the name under which a photo's files are kept: 32 hexadecimal digits.

    >>> inventory_number("49674775373")
    'fb2e16023f14649810da65b5fcbea02e'
    """
    return hashlib.md5(f"flickr.{photo_id}".encode(), usedforsecurity=False).hexdigest()


def is_nsid(text: str) -> bool:
    """Return whether `text` is the identification of an account, such as `13476480@N07`."""
    return _NSID.fullmatch(text) is not None


def photo_id_of(value: object) -> str:
    """Return the id of a photo, which Flickr writes as `"4941540830"` and could write as a number.

    Raises `ValueError` for what cannot be one, because ids become names of files.
    """
    text = str(value) if isinstance(value, int) else value
    if not is_photo_id(text):
        raise ValueError(f"Flickr sent {value!r} as the id of a photo.")
    return str(text)


def is_photo_id(text: object) -> bool:
    """Return whether `text` can be the id of a photo: a decimal number that fits 63 bits."""
    return (
        isinstance(text, str)
        and text.isascii()
        and text.isdigit()
        and not text.startswith("0")
        and len(text) <= 18
    )


class FlickrUser:
    """An account on Flickr: its identification (NSID) and its username."""

    __slots__ = ("_user_id", "_username")

    def __init__(self, user_id: str, username: str) -> None:
        self._user_id = user_id
        self._username = username

    @property
    def user_id(self) -> str:
        """The unique identification of the account (NSID), such as `13476480@N07`."""
        return self._user_id

    @property
    def id(self) -> str:
        """The same as `user_id`."""
        return self._user_id

    @property
    def username(self) -> str:
        """The name that the account shows."""
        return self._username

    @staticmethod
    def from_json(payload: Payload) -> FlickrUser:
        """Return the user that `people.findByUsername`, `urls.lookupUser` or `people.getInfo` describes.

        Raises `ValueError` where the answer names no account, because NSIDs become names of folders.

        {"id": "13476480@N07", "nsid": "13476480@N07", "username": {"_content": "manhhai"}}
        """
        user_id = text_of(payload.get("nsid") or payload.get("id"))
        if not is_nsid(user_id):
            raise ValueError(f"Flickr sent {user_id!r} as the id of an account.")
        return FlickrUser(user_id, text_of(payload.get("username")))


@dataclass(frozen=True, slots=True)
class FlickrProfile:
    """What `people.getInfo` tells of an account; `photo_count` is `None` where it does not tell."""

    user: FlickrUser
    photo_count: int | None

    @staticmethod
    def from_json(payload: Payload) -> FlickrProfile:
        """Return the profile in an answer.

        {"nsid": "13476480@N07", "ispro": 1, "username": {"_content": "manhhai"},
         "photos": {"firstdate": {"_content": "1194620000"}, "count": {"_content": 101899}}}
        """
        photos = payload.get("photos")
        count = photos.get("count") if isinstance(photos, dict) else None
        return FlickrProfile(FlickrUser.from_json(payload), to_int(text_of(count)))


@dataclass(frozen=True, slots=True)
class FlickrPhotoSize:
    """One file of a photo: `width` and `height` in pixels (0 where Flickr does not say), `media` is
    `photo` or `video`."""

    label: str
    width: int
    height: int
    url: str
    media: str = "photo"

    @property
    def area(self) -> int:
        """The number of pixels."""
        return self.width * self.height

    @staticmethod
    def from_json(payload: Payload) -> FlickrPhotoSize:
        """Return the size that an entry of `photos.getSizes` describes.

        {"label": "Large Square", "width": "150", "height": "150", "media": "photo",
         "source": "https://live.staticflickr.com/65535/49499525286_e6f0b9d940_q.jpg", "url": "https://..."}
        """
        return FlickrPhotoSize(
            text_of(payload.get("label")),
            _pixels(payload.get("width")),
            _pixels(payload.get("height")),
            text_of(payload.get("source")),
            text_of(payload.get("media")) or "photo",
        )


@dataclass(frozen=True, slots=True)
class FlickrComment:
    """A comment on a photo; `date` is in seconds since 1970 (UTC)."""

    id: str
    author: str
    date: int | None
    content: str

    @staticmethod
    def from_json(payload: Payload) -> FlickrComment:
        """Return the comment that an entry of `photos.comments.getList` describes.

        {"id": "153473870-52990598628-721577", "author": "195953201@N08", "datecreate": "1687322647",
         "_content": "Great shot!"}
        """
        return FlickrComment(
            text_of(payload.get("id")),
            text_of(payload.get("author")),
            to_int(payload.get("datecreate")),
            text_of(payload),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMetadata:
    """What a listing tells of a photo beyond its id, title and sizes.

    `uploaded` and `updated` are in seconds since 1970 (UTC); `taken` is the camera's clock as Flickr writes
    it. `comment_count` is `None` where the listing does not say. `rotation` is in degrees. `secret` is a part
    of the images' addresses: another image has another one.
    """

    secret: str = ""
    uploaded: int | None = None
    updated: int | None = None
    taken: str = ""
    taken_granularity: int = 0
    taken_unknown: bool = False
    tags: str = ""
    machine_tags: str = ""
    license: str = ""
    latitude: float | None = None
    longitude: float | None = None
    accuracy: int | None = None
    media: str = "photo"
    media_status: str = "ready"
    comment_count: int | None = None
    rotation: int = 0
    path_alias: str = ""

    @staticmethod
    def from_json(payload: Payload) -> PhotoMetadata:
        """Return the facts in an entry of `people.getPhotos`."""
        # latitude and accuracy are 0 without a place; a real one comes with geo_is_public
        located = "geo_is_public" in payload
        return PhotoMetadata(
            secret=text_of(payload.get("secret")),
            uploaded=to_int(payload.get("dateupload")),
            updated=to_int(payload.get("lastupdate")),
            taken=text_of(payload.get("datetaken")),
            taken_granularity=to_int(payload.get("datetakengranularity")) or 0,
            taken_unknown=bool(to_int(payload.get("datetakenunknown"))),
            tags=text_of(payload.get("tags")),
            machine_tags=text_of(payload.get("machine_tags")),
            license=text_of(payload.get("license")),
            latitude=_to_float(payload.get("latitude")) if located else None,
            longitude=_to_float(payload.get("longitude")) if located else None,
            accuracy=to_int(payload.get("accuracy")) if located else None,
            media=text_of(payload.get("media")) or "photo",
            media_status=text_of(payload.get("media_status")) or "ready",
            comment_count=to_int(payload.get("count_comments")),
            rotation=to_int(payload.get("rotation")) or 0,
            path_alias=text_of(payload.get("pathalias")),
        )


def _to_float(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


class FlickrPhoto:
    """A photo published on Flickr.

    `title` is a text, whose language is detected when it is first read, or a `Label`.
    """

    __slots__ = ("_comments", "_description", "_id", "_sizes", "_title", "extension", "facts")

    def __init__(
        self,
        photo_id: str,
        title: str | Label,
        *,
        facts: PhotoMetadata | None = None,
        description: str | None = None,
        sizes: list[FlickrPhotoSize] | None = None,
    ) -> None:
        self._id = photo_id
        self._title = title
        self._description: str | Label | None = description
        self._comments: list[str | Label] | None = None
        self._sizes = sizes or []
        self.facts = facts or PhotoMetadata()
        self.extension = "jpg"
        """The extension of the image's file, without the dot: it follows from the bytes."""

    @property
    def id(self) -> str:
        """The identification of the photo, a decimal number."""
        return self._id

    @property
    def raw_title(self) -> str:
        """The title as it is, without detecting its language."""
        return self._title if isinstance(self._title, str) else self._title.content

    @property
    def raw_description(self) -> str | None:
        """The description as it is, or `None` where nobody told it yet."""
        return self._description.content if isinstance(self._description, Label) else self._description

    @property
    def title(self) -> Label:
        """The title, with its language."""
        if isinstance(self._title, str):
            self._title = _label(self._title)
        return self._title

    @property
    def description(self) -> Label | None:
        """The description, with its language; `None` as long as it is not known. Set it with a `str`."""
        if isinstance(self._description, str):
            self._description = _label(self._description)
        return self._description

    @description.setter
    def description(self, description: str) -> None:
        self._description = description

    @property
    def comments(self) -> list[Label]:
        """The comments, oldest first, with their languages. Set them with a list of `str`."""
        labels = [_label(text) if isinstance(text, str) else text for text in self._comments or []]
        self._comments = [*labels]
        return labels

    @comments.setter
    def comments(self, comments: list[str]) -> None:
        self._comments = [*comments]

    @property
    def sizes(self) -> list[FlickrPhotoSize]:
        """The available sizes, as far as they are known."""
        return self._sizes

    @sizes.setter
    def sizes(self, sizes: list[FlickrPhotoSize]) -> None:
        self._sizes = sizes

    @property
    def best_size(self) -> FlickrPhotoSize | None:
        """The size with the highest resolution, the first of several; `None` where none is known."""
        pictures = [size for size in self._sizes if size.media == "photo" and size.area and size.url]
        whole = [size for size in pictures if size.label not in CROPPED]
        return max(whole or pictures, key=lambda size: size.area, default=None)

    @property
    def inventory_number(self) -> str:
        """The name under which this photo's files are kept: 32 hexadecimal digits."""
        return inventory_number(self._id)

    @property
    def image_filename(self) -> str:
        """The name of the image's file, such as `fb2e16023f14649810da65b5fcbea02e.jpg`."""
        return f"{self.inventory_number}.{self.extension}"

    @staticmethod
    def from_json(payload: Payload) -> FlickrPhoto:
        """Return the photo that an entry of `people.getPhotos` describes.

        Raises `ValueError` where the id is none, because ids become names of files.

        {"id": "4941540830", "title": "Sit", "dateupload": "1283169092", "lastupdate": "1703001234",
         "media": "photo", "count_comments": "0", "description": {"_content": ""},
         "url_o": "https://live.staticflickr.com/4141/4941540830_0d1a994712_o.jpg",
         "height_o": "2048", "width_o": 1536}
        """
        return FlickrPhoto(
            photo_id_of(payload.get("id")),
            text_of(payload.get("title")),
            facts=PhotoMetadata.from_json(payload),
            description=text_of(payload["description"]) if "description" in payload else None,
            sizes=listed_sizes(payload),
        )


def _label(text: str) -> Label:
    return Label(text, detect_locale(text))


def listed_sizes(payload: Payload) -> list[FlickrPhotoSize]:
    """Return the sizes that an entry of a listing gave by its `url_*` keys, largest name first."""
    return [
        FlickrPhotoSize(
            label,
            _pixels(payload.get(f"width_{key}")),
            _pixels(payload.get(f"height_{key}")),
            text_of(payload[f"url_{key}"]),
        )
        for key, (label, _) in LISTED_SIZES.items()
        if payload.get(f"url_{key}")
    ]


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """One answer of `people.getPhotos`: `page` of `pages`, `total` photos in all as far as Flickr knows.

    `malformed` counts the entries that are not photos. `is_usable` is whether there are a list and a total at
    all: Flickr has answered `{"photos": {}}` with `stat: ok`, which says nothing about the photostream.
    """

    photos: list[FlickrPhoto] = field(default_factory=list)
    page: int = 1
    pages: int = 0
    total: int = 0
    malformed: int = 0
    is_usable: bool = True

    @staticmethod
    def from_json(payload: Payload) -> PhotoPage:
        """Return the page in an answer; an empty count is 0.

        {"page": 1, "pages": 203, "perpage": 500, "total": "101311", "photo": [...]}
        """
        photos: list[FlickrPhoto] = []
        listed = payload.get("photo")
        entries = listed if isinstance(listed, list) else []
        for entry in entries:
            try:
                photos.append(FlickrPhoto.from_json(entry))
            except (ValueError, AttributeError):  # counted, so that the page gives no false coverage
                continue
        return PhotoPage(
            photos,
            to_int(payload.get("page")) or 1,
            to_int(payload.get("pages")) or 0,
            to_int(payload.get("total")) or 0,
            len(entries) - len(photos),
            isinstance(listed, list) and "total" in payload,
        )
