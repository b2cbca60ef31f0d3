"""The tags of an account, with their number of photos; with its login also as they were typed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from flickr_mirror.engine.lists.documents import entries_of, is_owner, read, shows_less, write_list
from flickr_mirror.flickr.account_lists import get_tag_counts, get_tags, get_typed_tags
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.list_result import ListResult

if TYPE_CHECKING:
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.account_lists import Tag
    from flickr_mirror.models.list_page import ListPage


async def mirror_tags(context: JobContext, full: bool) -> ListResult:  # noqa: FBT001
    """Write the document `tags`."""
    stored = await read(context, "tags")
    known = entries_of(stored, "tags")
    if shows_less(context, "tags", stored):
        return ListResult(len(known), 0)
    client, user_id = context.api.http_client, context.user.id

    async def ask(_: int) -> ListPage[Tag]:
        return await get_tags(client, user_id)

    walk = ListWalk(ask, lambda tag: tag.tag, expected=len(known))
    listed = {tag.tag: asdict(tag) async for page in walk.pages() for tag in page}
    if listed:
        # the list of all tags has no counts, and that of the popular ones is not said to have all tags
        for tag in (await get_tag_counts(client, user_id, len(listed))).entries:
            listed.setdefault(tag.tag, asdict(tag))["count"] = tag.count
    if is_owner(context):
        for tag in (await get_typed_tags(client)).entries:
            listed.setdefault(tag.tag, asdict(tag))["raw"] = tag.raw
    _keep(known, listed)
    return await write_list(context, "tags", stored, listed, "tag", is_complete=walk.is_complete)


def _keep(known: list[dict[str, object]], listed: dict[str, dict[str, object]]) -> None:
    """Keep spellings and counts that were known before, where this run received none."""
    for entry in known:
        now = listed.get(str(entry.get("tag")))
        if now is not None:
            now["raw"] = now["raw"] or entry.get("raw") or []
            now["count"] = now["count"] if now["count"] is not None else entry.get("count")
