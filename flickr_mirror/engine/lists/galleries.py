"""The galleries that an account curates, with their photos and the comments of the curator on them."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from flickr_mirror.engine.failure_policy import ENDING
from flickr_mirror.engine.lists.documents import entries_of, read, write, write_list
from flickr_mirror.errors import FlickrApiError
from flickr_mirror.flickr.account_lists import get_galleries, get_gallery_photos
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.list_result import ListResult

if TYPE_CHECKING:
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.account_lists import Gallery

_GONE = 1  # the code of galleries.getPhotos for a gallery that does not exist (any more)


async def mirror_galleries(context: JobContext, full: bool) -> ListResult:  # noqa: FBT001
    """Write the document `galleries`, and one for each gallery, such as `galleries/72157785056293116`.

    A gallery whose dates, counts and texts are those of its document is not listed again, except in a `full` scan.
    """
    client = context.api.http_client
    stored = await read(context, "galleries")
    walk = ListWalk(
        partial(get_galleries, client, context.user.id),
        lambda gallery: gallery.id,
        expected=len(entries_of(stored, "galleries")),
    )
    galleries = [gallery async for page in walk.pages() for gallery in page]
    changed = 0
    for gallery in galleries:
        changed += await _mirror(context, gallery, full=full)
    listed: dict[str, dict[str, Any]] = {gallery.id: asdict(gallery) for gallery in galleries}
    result = await write_list(context, "galleries", stored, listed, "id", is_complete=walk.is_complete)
    return ListResult(result.entries, changed + result.changed)


async def _mirror(context: JobContext, gallery: Gallery, *, full: bool) -> bool:
    """Write the document of a gallery; return whether its photos changed."""
    name = f"galleries/{gallery.id}"
    facts = asdict(gallery)
    stored = await read(context, name)
    if not full and stored.get("is_whole") and facts.items() <= stored.items():
        return False
    ask = partial(get_gallery_photos, context.api.http_client, gallery.key)
    walk = ListWalk(ask, lambda photo: photo.id, expected=len(entries_of(stored, "photos")))
    try:
        photos = [photo.to_document() async for page in walk.pages() for photo in page]
    except ENDING:
        raise
    except FlickrApiError as error:
        if error.code != _GONE:
            raise
        return False  # it was deleted a moment ago; the next run does not list it
    if not walk.is_complete:
        # a photo that this walk did not show may be there: keep it, behind the others
        shown = {photo["id"] for photo in photos}
        photos += [photo for photo in entries_of(stored, "photos") if photo.get("id") not in shown]
    is_changed = photos != entries_of(stored, "photos")
    await write(context, name, {**facts, "is_whole": walk.is_complete, "photos": photos})
    return is_changed
