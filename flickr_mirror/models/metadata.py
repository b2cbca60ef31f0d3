"""The table of photo metadata: one row for each fact that a listing states about a photo.

To add a fact, add one attribute to `PhotoMetadata`. The table determines the `extras` that a listing requests, the
reading of its entries, the sidecar file in both directions, the test for changes, and the table in the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from flickr_mirror.models.metadata_field import (
    MetadataField,
    fact,
    flag_at,
    number_at,
    pixels_at,
    place_at,
    privacy_of,
    text_at,
)
from flickr_mirror.models.payloads import to_float, to_int

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload


def _taken(facts: PhotoMetadata) -> str | None:
    return None if facts.taken_unknown else facts.taken


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMetadata:
    """The metadata that a listing states about a photo, besides its id, title, description and sizes.

    It has more than ten attributes because it is the table: the string below each one is its documentation. The order
    is that of the keys in a sidecar file, which must stay as it is for existing files to remain equal.
    """

    secret: str = fact("", "", text_at("secret"))
    """A part of the addresses of the images; a replaced image gets a new one."""
    license: str = fact("", "license", text_at("license"), key="license")
    """Flickr's number of the licence."""
    tags: str = fact(
        "", "tags", text_at("tags"), key="tags", write=lambda facts: facts.tags.split(), read=" ".join
    )
    """The tags."""
    machine_tags: str = fact(
        "",
        "machine_tags",
        text_at("machine_tags"),
        key="machine_tags",
        write=lambda facts: facts.machine_tags.split(),
        read=" ".join,
    )
    """The machine tags, such as `geo:lat=16`."""
    uploaded: int | None = fact(None, "date_upload", number_at("dateupload"), key="dates.uploaded")
    """When the photo was uploaded, in seconds since 1970 (UTC)."""
    taken: str = fact(
        "",
        "date_taken",
        text_at("datetaken"),
        key="dates.taken",
        write=_taken,
        read=lambda value: value or "",
    )
    """When the photo was taken, by the camera's clock; `null` if that is not known."""
    taken_unknown: bool = fact(
        False,  # noqa: FBT003
        "date_taken",
        lambda entry: bool(to_int(entry.get("datetakenunknown"))),
        key="dates.taken",
        write=_taken,
        read=lambda value: value is None,
    )
    """Whether it is not known when the photo was taken."""
    taken_granularity: int = fact(
        0, "date_taken", number_at("datetakengranularity"), key="dates.taken_granularity"
    )
    """How exact `taken` is: 0 to the second, 4 to the month, 6 to the year, 8 circa
    (https://www.flickr.com/services/api/misc.dates.html)."""
    updated: int | None = fact(
        None, "last_update", number_at("lastupdate"), key="dates.updated", volatile=True
    )
    """When the photo or its comments last changed, in seconds since 1970 (UTC)."""
    latitude: float | None = fact(None, "geo", place_at("latitude", to_float), key="geo.latitude")
    """The latitude; `geo` is `null` for a photo without a public place."""
    longitude: float | None = fact(None, "geo", place_at("longitude", to_float), key="geo.longitude")
    """The longitude."""
    accuracy: int | None = fact(None, "geo", place_at("accuracy", to_int), key="geo.accuracy")
    """How exact the place is, from 1 (world) to 16 (street)."""
    media: str = fact("photo", "media", text_at("media"), key="media")
    """`photo` or `video`."""
    media_status: str = fact("ready", "media", text_at("media_status"))
    """Whether Flickr has processed a video: `ready`, or for example `pending`."""
    rotation: int = fact(0, "rotation", number_at("rotation"), key="rotation")
    """The rotation in degrees."""
    privacy: str | None = fact(None, "", privacy_of, key="privacy", optional=True)
    """Who may see the photo: `public`, `friends`, `family`, `friends and family`, or `private`."""
    safety_level: int | None = fact(
        None, "safety_level", number_at("safety_level"), key="safety_level", optional=True
    )
    """0 safe, 1 moderate, 2 restricted (Flickr-Foundation/flickr-photos-api, `parse_safety_level`)."""
    can_download: bool | None = fact(
        None, "can_download", flag_at("can_download"), key="can_download", volatile=True
    )
    """Whether the caller of the listing may download the original; it depends on a setting of the account."""
    original_width: int | None = fact(
        None, "o_dims", pixels_at("o_width"), key="original.width", optional=True
    )
    """The width of the original, which Flickr may refuse to serve; `original` is `null` if it is not known."""
    original_height: int | None = fact(
        None, "o_dims", pixels_at("o_height"), key="original.height", optional=True
    )
    """The height of the original."""
    views: int | None = fact(None, "views", number_at("views"), key="counts.views", volatile=True)
    """The number of views."""
    faves: int | None = fact(None, "count_faves", number_at("count_faves"), key="counts.faves", volatile=True)
    """The number of accounts that have the photo among their favourites."""
    comment_count: int | None = fact(
        None, "count_comments", number_at("count_comments"), key="counts.comments", volatile=True
    )
    """The number of comments; `null` if the listing does not state it."""
    owner: str = fact("", "", lambda _: None)
    """The NSID of the owner, in a mirror of photos of several accounts; elsewhere empty."""
    owner_name: str = fact("", "owner_name", text_at("ownername"), key="owner.username", volatile=True)
    """The username of the account."""
    real_name: str = fact("", "realname", text_at("realname"), key="owner.real_name", volatile=True)
    """The real name that the account shows, if it does."""
    path_alias: str = fact("", "path_alias", text_at("pathalias"), key="owner.path_alias", volatile=True)
    """The account's name in addresses, if it has one."""
    icon_server: int | None = fact(
        None, "icon_server", number_at("iconserver"), key="owner.icon_server", volatile=True
    )
    """The server of the account's icon (https://www.flickr.com/services/api/misc.buddyicons.html)."""
    icon_farm: int | None = fact(
        None, "icon_server", number_at("iconfarm"), key="owner.icon_farm", volatile=True
    )
    """The number in the host name of that server."""

    @staticmethod
    def from_json(payload: Payload) -> PhotoMetadata:
        """Return the metadata in an entry of `people.getPhotos`."""
        parsed = ((row, row.parse(payload)) for row in FIELDS)
        return PhotoMetadata(**{row.name: value for row, value in parsed if value not in (None, "")})

    @staticmethod
    def from_sidecar(sidecar: dict[str, Any]) -> PhotoMetadata:
        """Return the metadata in the `flickr` object of a sidecar file.

        Volatile values are not read: they were true when the file was written, and the next listing states them again.
        Raises `AttributeError`, `TypeError` or `ValueError` if an object or a value in it is of another type.
        """
        return PhotoMetadata(
            **{row.name: row.value_in(sidecar) for row in FIELDS if row.key and not row.volatile}
        )

    def to_sidecar(self, *, volatile: bool = True) -> dict[str, Any]:
        """Return the part of the `flickr` object of a sidecar file that follows from the table.

        Without the `volatile` values, it is what the test for changes compares.
        """
        values: dict[str, Any] = {}
        for row in FIELDS:
            if row.key and (volatile or not row.volatile):
                group, key = row.place
                holder = values.setdefault(group, {}) if group else values
                holder[key] = row.write(self)
        for group, value in (("geo", self.latitude), ("original", self.original_width)):
            if value is None:
                values[group] = None
        return values

    def is_edit_of(self, older: PhotoMetadata) -> bool:
        """Return whether a sidecar file would differ from one with `older` facts, besides volatile values."""
        return _counted(self) != _counted(older) and (
            self.to_sidecar(volatile=False) != older.to_sidecar(volatile=False)
        )

    def completed_from(self, newer: PhotoMetadata) -> PhotoMetadata:
        """Return these facts with the optional ones that only `newer` facts state."""
        found = {
            name: value
            for name in _OPTIONAL
            if getattr(self, name) is None and (value := getattr(newer, name)) is not None
        }
        return replace(self, **found) if found else self


FIELDS = tuple(
    MetadataField(
        name=attribute.name,
        default=attribute.default,
        **{**attribute.metadata, "write": attribute.metadata["write"] or attrgetter(attribute.name)},
    )
    for attribute in fields(PhotoMetadata)
)
"""The table, in the order of the attributes."""

_OPTIONAL = tuple(row.name for row in FIELDS if row.optional)
_counted = attrgetter(*(row.name for row in FIELDS if row.key and not row.volatile))


def without_volatile(sidecar: dict[str, Any]) -> dict[str, Any]:
    """Return the `flickr` object of a sidecar file without its volatile values."""
    kept = dict(sidecar)
    for group, key in (row.place for row in FIELDS if row.volatile):
        if not group:
            kept.pop(key, None)
        elif isinstance(kept.get(group), dict):
            kept[group] = {name: value for name, value in kept[group].items() if name != key}
            if not kept[group]:
                del kept[group]
    return kept
