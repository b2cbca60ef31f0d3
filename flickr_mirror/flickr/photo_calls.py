"""Calls of Flickr's API about one photo that a run makes only on request. Each raises like `AsyncFlickrApi`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import PermissionDeniedError, PhotoNotFoundError, TransportError
from flickr_mirror.flickr.api_call import call
from flickr_mirror.flickr.rate_limiter import Priority
from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.photo_details import exif_in, faves_in
from flickr_mirror.models.photo_info import PhotoInfo, people_in

if TYPE_CHECKING:
    from flickr_mirror.errors import FlickrApiError
    from flickr_mirror.flickr.http_client import HttpClient
    from flickr_mirror.models.payloads import Payload

FAVES_PER_PAGE = 50
"""The most that Flickr returns: https://www.flickr.com/services/api/flickr.photos.getFavorites.html."""
_PHOTO: dict[int, type[FlickrApiError]] = {1: PhotoNotFoundError, 2: PermissionDeniedError}


async def get_photo(http_client: HttpClient, photo_id: str) -> PhotoInfo:
    """Return a photo with its owner and its details: one call, or two for a photo with people."""
    answer = await _ask(http_client, "flickr.photos.getInfo", "photo", photo_id)
    try:
        info = PhotoInfo.from_json(answer)
    except ValueError as error:
        raise TransportError(str(error)) from error
    if not info.has_people:
        return info
    answer = await _ask(http_client, "flickr.photos.people.getList", "people", photo_id)
    return replace(info, details={**info.details, "people": people_in(answer)})


async def get_faves(http_client: HttpClient, photo_id: str) -> list[dict[str, Any]]:
    """Return who marked a photo as a favourite, newest first: one call for 50 people."""
    found: dict[str, dict[str, Any]] = {}
    page = pages = 1
    while page <= pages:
        answer = await _ask(
            http_client,
            "flickr.photos.getFavorites",
            "photo",
            photo_id,
            page=str(page),
            per_page=str(FAVES_PER_PAGE),
        )
        people = faves_in(answer)
        if not people:  # a page after the last one, because some were taken back meanwhile
            break
        # a new favourite moves the others on, and the last one of a page comes again on the next page
        found.update((person["nsid"], person) for person in people)
        pages = to_int(answer.get("pages")) or 1
        page += 1
    return list(found.values())


async def get_exif(http_client: HttpClient, photo_id: str) -> dict[str, Any] | None:
    """Return the camera's data of a photo; `None` if the owner does not share them."""
    try:
        return exif_in(await _ask(http_client, "flickr.photos.getExif", "photo", photo_id))
    except PermissionDeniedError:
        return None


async def _ask(http_client: HttpClient, method: str, part: str, photo_id: str, **arguments: str) -> Payload:
    return await call(http_client, method, part, _PHOTO, Priority.DETAILS, photo_id=photo_id, **arguments)
