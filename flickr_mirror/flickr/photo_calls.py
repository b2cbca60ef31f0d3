"""Calls of Flickr's API about one photo that a run makes only on request. Each raises like `AsyncFlickrApi`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flickr_mirror.errors import PermissionDeniedError, PhotoNotFoundError, TransportError
from flickr_mirror.flickr.api_call import call
from flickr_mirror.flickr.rate_limiter import Priority
from flickr_mirror.models.photo_info import PhotoInfo, people_in

if TYPE_CHECKING:
    from flickr_mirror.errors import FlickrApiError
    from flickr_mirror.flickr.http_client import HttpClient

_PHOTO: dict[int, type[FlickrApiError]] = {1: PhotoNotFoundError, 2: PermissionDeniedError}


async def get_photo(http_client: HttpClient, photo_id: str) -> PhotoInfo:
    """Return a photo with its owner and its details: one call, or two for a photo with people."""
    answer = await call(
        http_client, "flickr.photos.getInfo", "photo", _PHOTO, Priority.COMMENTS, photo_id=photo_id
    )
    try:
        info = PhotoInfo.from_json(answer)
    except ValueError as error:
        raise TransportError(str(error)) from error
    if not info.has_people:
        return info
    answer = await call(
        http_client, "flickr.photos.people.getList", "people", _PHOTO, Priority.COMMENTS, photo_id=photo_id
    )
    return replace(info, details={**info.details, "people": people_in(answer)})
