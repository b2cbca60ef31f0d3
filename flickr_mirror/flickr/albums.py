"""The calls of Flickr's API about albums and collections. Each raises what `api_call.call` raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.errors import AlbumNotFoundError, TransportError, UserNotFoundError
from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.flickr.api_call import call, raise_failure
from flickr_mirror.flickr.rate_limiter import Priority
from flickr_mirror.models.albums import (
    FlickrAlbum,
    FlickrCollection,
    album_comment,
    collections_from_json,
)
from flickr_mirror.models.identifiers import photo_id_of
from flickr_mirror.models.list_page import ListPage
from flickr_mirror.models.photos import FlickrPhoto

if TYPE_CHECKING:
    from flickr_mirror.errors import FlickrApiError
    from flickr_mirror.flickr.http_client import HttpClient
    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.models.photos import FlickrComment
    from flickr_mirror.models.users import FlickrUser

_USER: dict[int, type[FlickrApiError]] = {1: UserNotFoundError}
_ALBUM: dict[int, type[FlickrApiError]] = {1: AlbumNotFoundError, 2: UserNotFoundError}
_TREE = "flickr.collections.getTree"


async def get_album_page(
    http_client: HttpClient, user_id: str, size: int, page: int
) -> ListPage[FlickrAlbum]:
    """Return a page of the albums of an account, in the order of the owner.

    Without `page`, Flickr leaves out all albums after the first 500 (https://github.com/jeremybrooks/SuprSetr/issues/10).
    """
    answer = await call(
        http_client,
        "flickr.photosets.getList",
        "photosets",
        _USER,
        user_id=user_id,
        page=str(page),
        per_page=str(size),
    )
    return ListPage.from_json(answer, "photoset", FlickrAlbum.from_json)


async def get_album(http_client: HttpClient, user_id: str, album_id: str) -> FlickrAlbum:
    """Return one album of an account."""
    answer = await call(
        http_client, "flickr.photosets.getInfo", "photoset", _ALBUM, user_id=user_id, photoset_id=album_id
    )
    try:
        return FlickrAlbum.from_json(answer)
    except ValueError as error:
        raise TransportError(str(error)) from error


async def find_album(http_client: HttpClient, user: FlickrUser, album_id: str) -> FlickrAlbum:
    """Return one album of a user. The `AlbumNotFoundError` that it raises states what to do."""
    method = "flickr.photosets.getInfo"
    try:
        album = await get_album(http_client, user.id, album_id)
    except AlbumNotFoundError as error:
        raise AlbumNotFoundError(
            f"Flickr shows no album {album_id} of {user.username!r}: check the address. The album may be deleted, "
            "private, or of another account; what was mirrored of it is kept.",
            error.code,
            method,
        ) from error
    if album.owner and album.owner != user.id:
        raise AlbumNotFoundError(
            f"Album {album_id} is not of {user.username!r} ({user.id}), but of {album.owner}: use --username "
            f"{album.owner}.",
            1,
            method,
        )
    return album


async def get_member_page(
    http_client: HttpClient, user_id: str, album_id: str, size: int, page: int
) -> ListPage[str]:
    """Return a page of the ids of an album's photos, in the order of the owner."""
    answer = await _members(http_client, user_id, album_id, size, page)
    return ListPage.from_json(answer, "photo", lambda entry: photo_id_of(entry.get("id")))


async def get_photo_page(
    http_client: HttpClient, user_id: str, album_id: str, size: int, page: int
) -> ListPage[FlickrPhoto]:
    """Return a page of an album's photos with everything that a listing of the photostream states about them."""
    answer = await _members(http_client, user_id, album_id, size, page, extras=EXTRAS)
    return ListPage.from_json(answer, "photo", FlickrPhoto.from_json)


async def get_album_comments(http_client: HttpClient, album_id: str) -> list[FlickrComment]:
    """Return all comments on an album, oldest first. Flickr does not divide them into pages."""
    answer = await call(
        http_client,
        "flickr.photosets.comments.getList",
        "comments",
        _ALBUM,
        Priority.COMMENTS,
        photoset_id=album_id,
    )
    entries = answer.get("comment")  # without comments there is no such key
    return [album_comment(entry) for entry in entries or () if isinstance(entry, dict)]


async def get_collections(http_client: HttpClient, user_id: str) -> tuple[FlickrCollection, ...]:
    """Return the collections of an account as a tree; an account without any has an empty object or an empty list."""
    async for attempt in http_client.retrying():
        with attempt:
            answer = await http_client.call(_TREE, user_id=user_id)
            raise_failure(answer, _TREE, _USER)
            tree = answer.get("collections")
            if not isinstance(tree, dict) and tree != []:
                raise TransportError(f"{_TREE}: the answer has no 'collections'.")
            return collections_from_json(tree or {})
    raise AssertionError("the last attempt returns or raises")


async def _members(
    http_client: HttpClient, user_id: str, album_id: str, size: int, page: int, **more: str
) -> Payload:
    return await call(
        http_client,
        "flickr.photosets.getPhotos",
        "photoset",
        _ALBUM,
        user_id=user_id,
        photoset_id=album_id,
        page=str(page),
        per_page=str(size),
        **more,
    )
