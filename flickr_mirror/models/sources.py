"""The lists of photos at Flickr that can be mirrored by themselves, and their addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from flickr_mirror.models.users import FlickrUser

_FLICKR = re.compile(r"(?:https?://)?(?:(?:www|m|secure)\.)?flickr\.com(?:[/?#].*)?", re.IGNORECASE)
_PAGE = re.compile(r"page\d+")
_FLICKR_URL = "https://www.flickr.com"
_EXAMPLES = (
    f"{_FLICKR_URL}/photos/NAME/favorites, {_FLICKR_URL}/photos/NAME/galleries/72157600000000001, "
    f"{_FLICKR_URL}/groups/NAME/pool or {_FLICKR_URL}/people/NAME/photosof"
)


class SourceKind(StrEnum):
    """A kind of list."""

    FAVORITES = "favorites"
    """The favourites of an account, the latest first."""
    GALLERY = "gallery"
    """A gallery, in the order of its curator."""
    POOL = "pool"
    """The pool of a group, the latest addition first."""
    PEOPLE = "people"
    """The photos in which an account was marked as a person."""


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """The address of a list: its kind, and the name in the address, which is that of an account or of a group.

    `gallery` is the id of a gallery, else empty.
    """

    kind: SourceKind
    name: str
    gallery: str = ""

    @property
    def url(self) -> str:
        """The canonical address."""
        name = quote(self.name, safe="@")
        match self.kind:
            case SourceKind.FAVORITES:
                return f"{_FLICKR_URL}/photos/{name}/favorites"
            case SourceKind.GALLERY:
                return f"{_FLICKR_URL}/photos/{name}/galleries/{self.gallery}"
            case SourceKind.POOL:
                return f"{_FLICKR_URL}/groups/{name}/pool"
            case SourceKind.PEOPLE:
                return f"{_FLICKR_URL}/people/{name}/photosof"


@dataclass(frozen=True, slots=True)
class Source:
    """A list at Flickr. `user` is its account or its group, `id` the id of the list in the API."""

    address: SourceAddress
    user: FlickrUser
    id: str

    @property
    def kind(self) -> SourceKind:
        """The kind of the list."""
        return self.address.kind

    @property
    def title(self) -> str:
        """The name of the list, and of its folder if it can be one: `favorites of manhhai`."""
        match self.kind:
            case SourceKind.FAVORITES:
                return f"favorites of {self.user.username}"
            case SourceKind.GALLERY:
                return f"gallery {self.address.gallery} of {self.user.username}"
            case SourceKind.POOL:
                return f"pool of {self.user.username}"
            case SourceKind.PEOPLE:
                return f"photos of {self.user.username}"


TITLES = ("favorites of ", "gallery ", "pool of ", "photos of ")
"""How the names of lists begin."""


def source_address(text: str) -> SourceAddress:
    """Return the list at an address on flickr.com. Raises `ValueError` for any other text."""
    text = text.strip()
    if not _FLICKR.fullmatch(text):
        raise ValueError(_refusal(text))
    path = urlsplit(text if "://" in text else f"https://{text}").path
    match [unquote(part) for part in path.split("/") if part and not _PAGE.fullmatch(part)]:
        case ["photos" | "people", user, "favorites" | "faves"]:
            return SourceAddress(SourceKind.FAVORITES, user)
        case ["photos", user, "galleries", gallery] if gallery.isascii() and gallery.isdigit():
            return SourceAddress(SourceKind.GALLERY, user, gallery)
        case ["groups", group] | ["groups", group, "pool"]:
            return SourceAddress(SourceKind.POOL, group)
        case ["people" | "photos", user, "photosof"] | ["photosof", user] if "+" not in user:
            return SourceAddress(SourceKind.PEOPLE, user)
    raise ValueError(_refusal(text))


def _refusal(text: str) -> str:
    return f"invalid address {text!r}: use that of a list of photos, such as {_EXAMPLES}."


def is_source_address(text: str) -> bool:
    """Return whether a text is the address of a list of photos."""
    try:
        source_address(text)
    except ValueError:
        return False
    return True
