"""The groups of an account, and which of its photos are in their pools."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.engine.failure_policy import ENDING
from flickr_mirror.engine.lists.documents import (
    entries_of,
    is_owner,
    mark_of_owner,
    read,
    shows_less,
    write,
    write_list,
)
from flickr_mirror.errors import FlickrApiError, TransportError
from flickr_mirror.flickr.account_lists import get_groups, get_pool_photos
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.list_result import ListResult

if TYPE_CHECKING:
    from flickr_mirror.engine.lists.documents import Document
    from flickr_mirror.engine.lists.merging import Entry
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.account_lists import Group
    from flickr_mirror.models.list_page import ListPage

VOLATILE = ("members", "pool", "pool_when_listed", "photos")
"""The keys of a group that do not count as a change of the group: most of them change every day."""
_SAVED_EVERY = 50  # groups; an account can be in thousands
_REFUSALS = (1, 2, 4)
"""The codes of `groups.pools.getPhotos` for a group that is gone, that is private, and whose pool only members see."""


async def mirror_groups(context: JobContext, full: bool) -> ListResult:  # noqa: FBT001
    """Write the document `groups`, and one for each group, such as `groups/34427469792@N01`.

    The latter has the photos of the account in the pool of the group. A pool whose total is the same as before is not
    asked for, except in a `full` scan and if its document was lost.
    """
    stored = await read(context, "groups")
    known = {entry["nsid"]: entry for entry in entries_of(stored, "groups") if "nsid" in entry}
    if shows_less(context, "groups", stored):
        return ListResult(len(known), 0)
    await mark_of_owner(context, "groups", stored)

    async def ask(_: int) -> ListPage[Group]:
        return await get_groups(context.api.http_client, context.user.id, as_owner=is_owner(context))

    walk = ListWalk(ask, lambda group: group.nsid, expected=len(known))
    groups = [group async for page in walk.pages() for group in page]
    listed: dict[str, Entry] = {group.nsid: asdict(group) for group in groups}
    for nsid, entry in listed.items():
        _keep_progress(entry, known.get(nsid, {}))
    save = partial(
        write_list, context, "groups", stored, listed, "nsid", is_complete=walk.is_complete, volatile=VOLATILE
    )
    there = set(await to_thread.run_sync(context.store.list_documents, "groups"))
    changed, asked = 0, 0
    try:
        for group in groups:
            entry = listed[group.nsid]
            is_lost = bool(entry["photos"]) and f"groups/{group.nsid}" not in there
            is_same = group.pool is not None and entry["pool_when_listed"] == group.pool
            if is_same and not full and not is_lost:
                continue
            changed += await _mirror_pool(context, group, entry, full=full)
            asked += 1
            if asked % _SAVED_EVERY == 0:
                await save()
    except (FlickrApiError, TransportError):
        await save()  # the next run continues with the pools that are left
        raise
    result = await save()
    return ListResult(result.entries, changed + result.changed)


def _keep_progress(entry: Entry, known: Entry) -> None:
    """Add to a group the photos that earlier runs found in its pool."""
    entry["photos"] = known.get("photos", 0)
    entry["pool_when_listed"] = known.get("pool_when_listed")
    entry["refusal"] = known.get("refusal", "")


async def _mirror_pool(context: JobContext, group: Group, entry: Entry, *, full: bool) -> int:
    """Write which photos of the account are in a pool; return how many were added or removed."""
    name = f"groups/{group.nsid}"
    stored = await read(context, name)
    try:
        photos = await _list_pool(context, group, stored, full=full)
    except ENDING:
        raise
    except FlickrApiError as error:
        if error.code not in _REFUSALS:
            raise
        entry["refusal"], entry["pool_when_listed"] = str(error), group.pool
        return 0
    entry["refusal"], entry["pool_when_listed"], entry["photos"] = "", group.pool, len(photos)
    before = {photo.get("id") for photo in entries_of(stored, "photos")}
    if photos or stored:
        await write(context, name, {"nsid": group.nsid, "name": group.name, "photos": photos})
    return len(before ^ {photo["id"] for photo in photos})


async def _list_pool(context: JobContext, group: Group, stored: Document, *, full: bool) -> list[Entry]:
    """Return the photos of the account in a pool, the latest addition first."""
    known = entries_of(stored, "photos")
    ids = {photo.get("id") for photo in known}
    ask = partial(get_pool_photos, context.api.http_client, group.nsid, context.user.id)
    walk = ListWalk(ask, lambda photo: photo.id, expected=len(known))
    photos: list[Entry] = []
    async for page in walk.pages():
        photos += map(asdict, page)
        if not full and page and walk.total == len(known) and ids.issuperset(photo.id for photo in page):
            return known
    if not walk.is_complete:
        # a photo that this walk did not show may be there: keep it
        shown = {photo["id"] for photo in photos}
        photos += [photo for photo in known if photo.get("id") not in shown]
    return photos
