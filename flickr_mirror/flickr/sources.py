"""Finds the lists of photos that can be mirrored by themselves, and lists their photos."""

from __future__ import annotations

import html
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flickr_mirror.errors import FlickrApiError, InvalidCallError, InvalidKeyError, PhotostreamError
from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.flickr.api_call import call
from flickr_mirror.models.addresses import page_of
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.list_page import ListPage
from flickr_mirror.models.payloads import text_of, to_int
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sources import Source, SourceAddress, SourceKind
from flickr_mirror.models.users import FlickrUser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.payloads import Payload

_METHODS = {
    SourceKind.FAVORITES: ("flickr.favorites.getPublicList", "user_id"),
    SourceKind.GALLERY: ("flickr.galleries.getPhotos", "gallery_id"),
    SourceKind.POOL: ("flickr.groups.pools.getPhotos", "group_id"),
    SourceKind.PEOPLE: ("flickr.people.getPhotosOf", "user_id"),
}
"""The method that lists the photos of each kind of list, and its argument for the list."""
_REFUSALS = {
    (
        SourceKind.GALLERY,
        1,
    ): "Flickr has no such gallery: its curator may have deleted it. Its mirror is kept.",
    (
        SourceKind.POOL,
        1,
    ): "Flickr has no such group. Check the address; the mirror of a group that is gone is kept.",
    (SourceKind.POOL, 2): "The group is private, and shows its photos to its members only.",
    (
        SourceKind.POOL,
        4,
    ): "Only members see the pool of this group: log in as one of them, and use --as NAME.",
}
"""The meaning of the codes of the methods: https://www.flickr.com/services/api/flickr.groups.pools.getPhotos.html."""


@dataclass(frozen=True, slots=True)
class SourcePhoto:
    """A photo of a list, and when it was added (seconds since 1970, UTC), if the list states that."""

    photo: FlickrPhoto
    added: int | None

    @staticmethod
    def from_json(payload: Payload) -> SourcePhoto:
        """Return the photo that an entry of a list describes. Raises `ValueError` without its owner.

        {"id": "23781786", "owner": "10000009@N09", "title": "Sit", "date_faved": "1329579250", ...}
        """
        photo = FlickrPhoto.from_json(payload)
        owner = text_of(payload.get("owner"))
        if not is_nsid(owner):
            raise ValueError(f"Flickr sent {owner!r} as the owner of a photo.")
        photo.facts = replace(photo.facts, owner=owner)
        return SourcePhoto(photo, to_int(payload.get("date_faved") or payload.get("dateadded")))


async def find_source(api: AsyncFlickrApi, address: SourceAddress) -> Source:
    """Return the list at an address.

    Raises `UserNotFoundError` if Flickr has no such account, `PhotostreamError` if it has no such gallery or group.
    """
    client = api.http_client
    match address.kind:
        case SourceKind.FAVORITES | SourceKind.PEOPLE:
            user = await api.lookup_user(page_of(address.name))
            return Source(address, user, user.id)
        case SourceKind.GALLERY:
            with _refusals(address):
                found = await call(
                    client, "flickr.galleries.getInfo", "gallery", {}, gallery_id=address.gallery
                )
            user = FlickrUser.from_json({"id": found.get("owner"), "username": found.get("username")})
            return Source(address, user, address.gallery)
        case SourceKind.POOL:
            with _refusals(address):
                found = await call(client, "flickr.urls.lookupGroup", "group", {}, url=address.url)
            name = html.unescape(text_of(found.get("groupname")))  # names come escaped, as recorded
            user = FlickrUser.from_json({"id": found.get("id"), "username": name})
            return Source(address, user, user.id)


async def get_source_page(
    api: AsyncFlickrApi, source: Source, number: int, *, size: int, since: int | None = None
) -> ListPage[SourcePhoto]:
    """Return a page of a list, of favourites only those added from second `since` on.

    Raises `PhotostreamError` if the list is gone or not shown.
    """
    method, argument = _METHODS[source.kind]
    arguments = {argument: source.id, "page": str(number), "per_page": str(size), "extras": EXTRAS}
    if since and source.kind is SourceKind.FAVORITES:
        arguments["min_fave_date"] = str(since)
    with _refusals(source.address):
        part = await call(api.http_client, method, "photos", {}, **arguments)
    return ListPage.from_json(part, "photo", SourcePhoto.from_json)


@contextmanager
def _refusals(address: SourceAddress) -> Iterator[None]:
    """Raise the refusal of a list as a `PhotostreamError` that names the list and what to do."""
    try:
        yield
    except (InvalidKeyError, InvalidCallError):
        raise
    except FlickrApiError as error:
        sentence = _REFUSALS.get((address.kind, error.code), f"Flickr refuses it: {error}.")
        raise PhotostreamError(f"{address.url} cannot be mirrored. {sentence}") from error
