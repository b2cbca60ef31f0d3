"""Addresses at Flickr: those of photostreams and albums, and those of pages that cannot be mirrored."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from flickr_mirror.models.identifiers import is_photo_id

_FLICKR = re.compile(r"(?:https?://)?(?:(?:www|m|secure)\.)?flickr\.com(?:[/?#].*)?", re.IGNORECASE)
_SHORT = re.compile(r"(?:https?://)?(?:www\.)?flic\.kr(?:[/?#].*)?", re.IGNORECASE)
_FILE = re.compile(r"(?:https?://)?[\w.-]+\.static\.?flickr\.com(?:[/?#].*)?", re.IGNORECASE)
_OF_USERS = {
    "albums": "an album",
    "sets": "an album",
    "galleries": "a gallery",
    "collections": "a collection",
    "favorites": "favorites",
    "faves": "favorites",
    "tags": "a tag",
}
_OF_ALL = {
    "groups": "a group",
    "search": "a search",
    "explore": "Explore",
    "photo.gne": "a photo",
    "tags": "a tag",
    "friends": "photos of contacts",
    "contacts": "photos of contacts",
}


def page_of(name: str) -> str:
    """Return the address of the photostream whose path alias or NSID is `name`."""
    return f"https://www.flickr.com/photos/{quote(name, safe='@')}/"


class AlbumAddress(NamedTuple):
    """The id of an album, and the path alias or NSID of its owner if the address names it."""

    album_id: str
    owner: str | None = None


def album_address(text: str) -> AlbumAddress:
    """Return the album at an address of Flickr, or with the id `text`. Raises `ValueError` for anything else.

    >>> album_address("https://www.flickr.com/photos/manhhai/albums/72157600000000001").album_id
    '72157600000000001'
    """
    name = text.strip()
    if is_photo_id(name):
        return AlbumAddress(name)
    if _FLICKR.fullmatch(name):
        address = name if "://" in name else f"https://{name}"
        match [unquote(part) for part in urlsplit(address).path.split("/") if part]:
            case ["photos", owner, "albums" | "sets", album_id, *_] if is_photo_id(album_id):
                return AlbumAddress(album_id, owner)
    raise ValueError(
        f"{text!r} is not the address of an album: use one such as {page_of('NAME')}albums/72157600000000001, or the "
        "number at its end."
    )


def photostream_address(name: str) -> str | None:
    """Return the canonical address of the photostream or profile at the address `name`; `None` if it is not an address.

    Raises `ValueError` for the address of anything else at Flickr; the message names it.
    """
    if _SHORT.fullmatch(name) or _FILE.fullmatch(name):
        raise ValueError(_refusal(name, "a file" if _FILE.fullmatch(name) else "a short link"))
    if not _FLICKR.fullmatch(name):
        return None
    address = name if "://" in name else f"https://{name}"
    match [unquote(part) for part in urlsplit(address).path.split("/") if part]:
        case ["photos" | "people", top, *_] | [top, *_] if top.lower() in _OF_ALL:
            raise ValueError(_refusal(name, _OF_ALL[top.lower()]))
        case ["photos" | "people" as kind, user, *rest]:
            if what := _what(rest):
                raise ValueError(_refusal(name, what, user))
            return page_of(user) if kind == "photos" else page_of(user).replace("/photos/", "/people/", 1)
        case [user] if user not in ("photos", "people"):
            return page_of(user)
        case _:
            raise ValueError(_refusal(name, "a page without a photostream"))


def _what(parts: list[str]) -> str:
    """Describe the page that the parts after a user's name address; `""` for the photostream or the profile."""
    match [part.lower() for part in parts]:
        case [] | ["with" | "about", *_]:
            return ""
        case [page] if re.fullmatch(r"page\d+", page):
            return ""
        case [photo, *_] if photo.isdigit():
            return "a photo"
        case [part, *rest] if part in _OF_USERS and (rest or part in ("favorites", "faves")):
            return _OF_USERS[part]
        case [part, *_]:
            return f"the page {part!r} of a user"
    raise AssertionError(parts)


def _refusal(name: str, what: str, user: str = "") -> str:
    if what == "an album":
        return f"{name!r} is the address of {what}: to mirror its photos, use --album {name}."
    instead = f"Use the address of a photostream, such as {page_of('NAME')}."
    if user:  # The name alone could be the username of another account.
        instead = f"To mirror the whole photostream of this user, use --username {page_of(user)}."
    if what in ("a photo", "a short link"):
        return f"{name!r} is the address of {what}. To fetch a photo, use `mirror_flickr photo`. {instead}"
    if what in ("a gallery", "favorites", "a group"):
        return f"{name!r} is the address of {what}. To mirror its photos, use --source {name}. {instead}"
    return f"{name!r} is the address of {what}, which cannot be mirrored. {instead}"
