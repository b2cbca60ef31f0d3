"""The table of photo metadata: one row for each fact that a listing states about a photo.

To add a fact, add one attribute to `PhotoMetadata`. From the table follow the `extras` that a listing asks for, the
reading of its entries, the sidecar file in both directions, the test for changes, and the table in the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from flickr_mirror.models.payloads import text_of, to_float, to_int

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.models.payloads import Payload

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataField:
    """A row of the table.

    `extra` is the field of `extras` that makes a listing state the fact, empty if every listing does, and `parse`
    reads it from an entry of the listing. `key` is the place in the `flickr` object of a sidecar file (`dates.taken` is
    the key `taken` of the object `dates`), empty if the file does not have the fact; `write` returns the value for it
    and `read` converts that value back. `default` is the value where an entry, or a sidecar file of an earlier version,
    lacks the fact. A `volatile` fact changes without an edit: it never counts as a change and causes no rewrite.
    """

    name: str
    default: Any
    extra: str
    parse: Callable[[Payload], Any]
    key: str
    write: Callable[[PhotoMetadata], Any]
    read: Callable[[Any], Any]
    volatile: bool

    @property
    def place(self) -> tuple[str, str]:
        """The object inside `flickr` (empty for `flickr` itself) and the key in it."""
        group, _, key = self.key.rpartition(".")
        return group, key

    def value_in(self, sidecar: dict[str, Any]) -> Any:  # noqa: ANN401
        """Return the value of the fact in the `flickr` object of a sidecar file."""
        group, key = self.place
        holder = sidecar.get(group) if group else sidecar
        if holder is None:
            return self.default
        if not isinstance(holder, dict):
            raise TypeError(f"{group!r} is not an object")
        return self.read(holder[key]) if key in holder else self.default


def fact(
    default: T,
    extra: str,
    parse: Callable[[Payload], T | None],
    *,
    key: str = "",
    write: Callable[[PhotoMetadata], object] | None = None,
    read: Callable[[Any], T] | None = None,
    volatile: bool = False,
) -> T:
    """Declare an attribute of `PhotoMetadata` as a row of the table; see `MetadataField`.

    By default the sidecar file holds the value itself, which is converted to the type of `default` when it is read.
    """
    row = {"extra": extra, "parse": parse, "key": key, "write": write, "volatile": volatile}
    row["read"] = read or (_unchanged if default is None else type(default))
    return field(default=default, metadata=row)


def _unchanged(value: object) -> object:
    return value


def _text(key: str) -> Callable[[Payload], str]:
    return lambda entry: text_of(entry.get(key))


def _number(key: str) -> Callable[[Payload], int | None]:
    return lambda entry: to_int(entry.get(key))


def _place(key: str, convert: Callable[[object], T]) -> Callable[[Payload], T | None]:
    # Without a place, latitude and accuracy are 0; only a real place comes with geo_is_public.
    return lambda entry: convert(entry.get(key)) if "geo_is_public" in entry else None


def _taken(facts: PhotoMetadata) -> str | None:
    return None if facts.taken_unknown else facts.taken


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMetadata:
    """What a listing states about a photo beyond its id, title, description and sizes.

    It has more than ten attributes because it is the table: the string below each one is its documentation. The order
    is that of the keys in a sidecar file, which must stay as it is for existing files to remain equal.
    """

    secret: str = fact("", "", _text("secret"))
    """A part of the addresses of the images; a replaced image gets a new one."""
    updated: int | None = fact(None, "last_update", _number("lastupdate"))
    """When the photo or its comments last changed, in seconds since 1970 (UTC)."""
    license: str = fact("", "license", _text("license"), key="license")
    """Flickr's number of the licence."""
    tags: str = fact(
        "", "tags", _text("tags"), key="tags", write=lambda facts: facts.tags.split(), read=" ".join
    )
    """The tags."""
    machine_tags: str = fact(
        "",
        "machine_tags",
        _text("machine_tags"),
        key="machine_tags",
        write=lambda facts: facts.machine_tags.split(),
        read=" ".join,
    )
    """The machine tags, such as `geo:lat=16`."""
    uploaded: int | None = fact(None, "date_upload", _number("dateupload"), key="dates.uploaded")
    """When the photo was uploaded, in seconds since 1970 (UTC)."""
    taken: str = fact(
        "",
        "date_taken",
        _text("datetaken"),
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
        0, "date_taken", _number("datetakengranularity"), key="dates.taken_granularity"
    )
    """How exact `taken` is: 0 to the second, 4 to the month, 6 to the year, 8 circa
    (https://www.flickr.com/services/api/misc.dates.html)."""
    latitude: float | None = fact(None, "geo", _place("latitude", to_float), key="geo.latitude")
    """The latitude; `geo` is `null` for a photo without a public place."""
    longitude: float | None = fact(None, "geo", _place("longitude", to_float), key="geo.longitude")
    """The longitude."""
    accuracy: int | None = fact(None, "geo", _place("accuracy", to_int), key="geo.accuracy")
    """How exact the place is, from 1 (world) to 16 (street)."""
    media: str = fact("photo", "media", _text("media"), key="media")
    """`photo` or `video`."""
    media_status: str = fact("ready", "media", _text("media_status"))
    """Whether Flickr has processed a video: `ready`, or for example `pending`."""
    comment_count: int | None = fact(None, "count_comments", _number("count_comments"))
    """The number of comments; `None` if the listing does not state it."""
    rotation: int = fact(0, "rotation", _number("rotation"), key="rotation")
    """The rotation in degrees."""
    path_alias: str = fact("", "path_alias", _text("pathalias"))
    """The account's name in addresses, if it has one."""

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
        if self.latitude is None:
            values["geo"] = None
        return values


FIELDS = tuple(
    MetadataField(
        name=attribute.name,
        default=attribute.default,
        **{**attribute.metadata, "write": attribute.metadata["write"] or attrgetter(attribute.name)},
    )
    for attribute in fields(PhotoMetadata)
)
"""The table, in the order of the attributes."""


def without_volatile(sidecar: dict[str, Any]) -> dict[str, Any]:
    """Return the `flickr` object of a sidecar file without its volatile values."""
    kept = dict(sidecar)
    for group, key in (row.place for row in FIELDS if row.volatile):
        if not group:
            kept.pop(key, None)
        elif isinstance(kept.get(group), dict):
            kept[group] = {name: value for name, value in kept[group].items() if name != key}
    return kept
