"""The rows of the table of photo metadata, and how their facts are read from an entry of a listing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from flickr_mirror.models.payloads import pixels_of, text_of, to_int

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
    lacks the fact. A `volatile` fact changes without an edit: it never counts as a change and causes no rewrite. An
    `optional` one is `None` until a listing states it: its first value causes a rewrite, but is not a change.
    """

    name: str
    default: Any
    extra: str
    parse: Callable[[Payload], Any]
    key: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    volatile: bool
    optional: bool

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
    write: Callable[[Any], object] | None = None,
    read: Callable[[Any], T] | None = None,
    volatile: bool = False,
    optional: bool = False,
) -> T:
    """Declare an attribute of `PhotoMetadata` as a row of the table; see `MetadataField`.

    By default the sidecar file holds the value itself, which is converted to the type of `default` when it is read.
    """
    row = {
        "extra": extra,
        "parse": parse,
        "key": key,
        "write": write,
        "volatile": volatile,
        "optional": optional,
    }
    row["read"] = read or (_unchanged if default is None else type(default))
    return field(default=default, metadata=row)


def _unchanged(value: object) -> object:
    return value


def text_at(key: str) -> Callable[[Payload], str]:
    """Return a parser of the text under a key."""
    return lambda entry: text_of(entry.get(key))


def number_at(key: str) -> Callable[[Payload], int | None]:
    """Return a parser of the whole number under a key."""
    return lambda entry: to_int(entry.get(key))


def flag_at(key: str) -> Callable[[Payload], bool | None]:
    """Return a parser of the 0 or 1 under a key."""
    return lambda entry: None if (number := to_int(entry.get(key))) is None else bool(number)


def pixels_at(key: str) -> Callable[[Payload], int | None]:
    """Return a parser of the pixels under a key; 0 is not a length."""
    return lambda entry: pixels_of(entry.get(key)) or None


_PRIVACY = {
    (False, False): "private",
    (True, False): "friends",
    (False, True): "family",
    (True, True): "friends and family",
}


def privacy_of(entry: Payload) -> str | None:
    """Return who may see a photo, by its bits: https://www.flickr.com/services/api/flickr.photos.setPerms.html."""
    bits = [to_int(entry.get(key)) for key in ("ispublic", "isfriend", "isfamily")]
    if bits[0]:
        return "public"
    return None if None in bits else _PRIVACY[bool(bits[1]), bool(bits[2])]


def place_at(key: str, convert: Callable[[object], T]) -> Callable[[Payload], T | None]:
    """Return a parser of a part of the place; only a real place has one."""
    # Without a place, latitude and accuracy are 0; only a real place comes with geo_is_public.
    return lambda entry: convert(entry.get(key)) if "geo_is_public" in entry else None
