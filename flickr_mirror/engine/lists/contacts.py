"""The accounts that an account follows."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.engine.lists.documents import entries_of, is_owner, read, shows_less, write_list
from flickr_mirror.flickr.account_lists import get_contacts
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.list_result import ListResult

if TYPE_CHECKING:
    from flickr_mirror.engine.workers.jobs import JobContext


async def mirror_contacts(context: JobContext, full: bool) -> ListResult:  # noqa: FBT001
    """Write the document `contacts`."""
    stored = await read(context, "contacts")
    known = entries_of(stored, "contacts")
    if shows_less(context, "contacts", stored):
        return ListResult(len(known), 0)
    ask = partial(get_contacts, context.api.http_client, context.user.id, as_owner=is_owner(context))
    walk = ListWalk(ask, lambda contact: contact.nsid, expected=len(known))
    listed = {contact.nsid: asdict(contact) async for page in walk.pages() for contact in page}
    return await write_list(context, "contacts", stored, listed, "nsid", is_complete=walk.is_complete)
