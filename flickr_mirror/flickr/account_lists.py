"""The API methods for the lists of an account, besides its photos.

Each function returns one page, and takes `as_owner`, whether the calls are signed by the login of that account, where
Flickr then shows more. They raise what `call` raises. The methods are documented at
https://www.flickr.com/services/api/; the comments on answers are from recorded ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.errors import FlickrApiError, TransportError, UserNotFoundError
from flickr_mirror.flickr.api_call import call
from flickr_mirror.flickr.rate_limiter import Priority
from flickr_mirror.models.account_lists import (
    Contact,
    Gallery,
    Group,
    ListedPhoto,
    PoolPhoto,
    Tag,
    profile_of,
)
from flickr_mirror.models.list_page import ListPage

if TYPE_CHECKING:
    from flickr_mirror.flickr.http_client import HttpClient
    from flickr_mirror.models.payloads import Payload

PAGE_SIZE = 500
CONTACTS_PER_PAGE = 1000
PHOTO_EXTRAS = "license,date_upload,owner_name,path_alias,media"
"""The fields of each photo in a list; `date_faved` and `dateadded` come without being requested."""

_USER: dict[int, type[FlickrApiError]] = {1: UserNotFoundError}


async def get_profile_document(client: HttpClient, user_id: str) -> dict[str, object]:
    """Return the document about the profile of an account. Raises `TransportError` for that of another one."""
    person = await _call(client, "flickr.people.getInfo", "person", _USER, user_id=user_id)
    profile = await _call(client, "flickr.profile.getProfile", "profile", _USER, user_id=user_id)
    found = profile_of(person, profile)
    if found["nsid"] != user_id:
        raise TransportError("flickr.people.getInfo: the answer does not describe the account.")
    return found


async def get_favorites(
    client: HttpClient, user_id: str, number: int, *, as_owner: bool, since: int | None = None
) -> ListPage[ListedPhoto]:
    """Return a page of an account's favourites, the latest first, from second `since` on."""
    arguments = {"min_fave_date": str(since)} if since else {}
    method = "flickr.favorites.getList" if as_owner else "flickr.favorites.getPublicList"
    part = await _call(
        client,
        method,
        "photos",
        _USER,
        user_id=user_id,
        extras=PHOTO_EXTRAS,
        **_paged(number),
        **arguments,
    )
    return ListPage.from_json(part, "photo", ListedPhoto.from_json)


async def get_galleries(client: HttpClient, user_id: str, number: int) -> ListPage[Gallery]:
    """Return a page of the galleries that an account curates."""
    # without page and per_page Flickr answers with all of them, or not at all
    # (https://github.com/kiler129/flickr-dumper, GalleriesEndpoint)
    part = await _call(
        client, "flickr.galleries.getList", "galleries", _USER, user_id=user_id, **_paged(number)
    )
    return ListPage.from_json(part, "gallery", Gallery.from_json)


async def get_gallery_photos(client: HttpClient, key: str, number: int) -> ListPage[ListedPhoto]:
    """Return a page of the photos of a gallery, in the curator's order."""
    part = await _call(
        client,
        "flickr.galleries.getPhotos",
        "photos",
        {},
        gallery_id=key,
        extras=PHOTO_EXTRAS,
        **_paged(number),
    )
    return ListPage.from_json(part, "photo", ListedPhoto.from_json)


async def get_groups(client: HttpClient, user_id: str, *, as_owner: bool) -> ListPage[Group]:
    """Return the groups of an account: all, or those that it shows to everyone."""
    method = "flickr.people.getGroups" if as_owner else "flickr.people.getPublicGroups"
    part = await _call(client, method, "groups", _USER, user_id=user_id)
    return ListPage.whole(part, "group", Group.from_json)


async def get_pool_photos(
    client: HttpClient, group_id: str, user_id: str, number: int
) -> ListPage[PoolPhoto]:
    """Return a page of the photos of an account in the pool of a group, the latest addition first."""
    part = await _call(
        client,
        "flickr.groups.pools.getPhotos",
        "photos",
        {},
        group_id=group_id,
        user_id=user_id,
        **_paged(number),
    )
    return ListPage.from_json(part, "photo", PoolPhoto.from_json)


async def get_contacts(client: HttpClient, user_id: str, number: int, *, as_owner: bool) -> ListPage[Contact]:
    """Return a page of the accounts that an account follows."""
    arguments = _paged(number, CONTACTS_PER_PAGE)
    if not as_owner:
        arguments["user_id"] = user_id
    method = "flickr.contacts.getList" if as_owner else "flickr.contacts.getPublicList"
    part = await _call(client, method, "contacts", _USER, **arguments)
    return ListPage.from_json(part, "contact", Contact.from_json)


async def get_tags(client: HttpClient, user_id: str) -> ListPage[Tag]:
    """Return all tags of an account, without counts."""
    return await _tags(client, "flickr.tags.getListUser", user_id=user_id)


async def get_tag_counts(client: HttpClient, user_id: str, count: int) -> ListPage[Tag]:
    """Return the `count` tags of an account with the most photos."""
    return await _tags(client, "flickr.tags.getListUserPopular", user_id=user_id, count=str(count))


async def get_typed_tags(client: HttpClient) -> ListPage[Tag]:
    """Return the tags of the account that is logged in, as they were typed."""
    return await _tags(client, "flickr.tags.getListUserRaw")


async def _tags(client: HttpClient, method: str, **arguments: str) -> ListPage[Tag]:
    who = await _call(client, method, "who", _USER, **arguments)
    tags = who.get("tags")
    return ListPage.whole(tags if isinstance(tags, dict) else {}, "tag", Tag.from_json)


async def _call(
    client: HttpClient, method: str, part: str, errors: dict[int, type[FlickrApiError]], **arguments: str
) -> Payload:
    return await call(client, method, part, errors, Priority.SIZES, **arguments)  # the listing comes first


def _paged(number: int, size: int = PAGE_SIZE) -> dict[str, str]:
    return {"page": str(number), "per_page": str(size)}
