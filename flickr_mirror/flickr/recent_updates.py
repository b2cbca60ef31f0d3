"""Request the photos of the account that is logged in that changed since some time, latest change first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.flickr.api_call import call
from flickr_mirror.models.photos import PhotoPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flickr_mirror.flickr.api import AsyncFlickrApi


async def updated_pages(api: AsyncFlickrApi, since: int, per_page: int) -> AsyncIterator[PhotoPage]:
    """Yield pages of the photos that changed since a time in seconds since 1970 (UTC), as `people.getPhotos` has them.

    Photos of any upload time and privacy are listed, and new comments count as changes
    (https://www.flickr.com/services/api/flickr.photos.recentlyUpdated.html). A photo that changes meanwhile moves to
    the first page, and is not missed by a later listing with the same `since`. Raises what `AsyncFlickrApi` raises.
    """
    ids: set[str] = set()
    number = 1
    while True:
        page = PhotoPage.from_json(
            await call(
                api.http_client,
                "flickr.photos.recentlyUpdated",
                "photos",
                {},
                min_date=str(since),
                page=str(number),
                per_page=str(per_page),
                extras=EXTRAS,
            )
        )
        yield page
        listed = {photo.id for photo in page.photos}
        if listed <= ids or len(ids | listed) >= page.total:
            return
        ids |= listed
        number += 1
