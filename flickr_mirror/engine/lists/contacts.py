"""The accounts that an account follows."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.engine.lists.documents import (
    EXPORT,
    entries_of,
    is_accepted,
    is_owner,
    read,
    shows_less,
    write_list,
)
from flickr_mirror.flickr.account_lists import get_contacts
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.events import Notice
from flickr_mirror.models.list_result import ListResult

if TYPE_CHECKING:
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.account_lists import Contact


async def mirror_contacts(context: JobContext, full: bool) -> ListResult:  # noqa: FBT001
    """Write the document `contacts`."""
    stored = await read(context, "contacts")
    known = entries_of(stored, "contacts")
    if shows_less(context, "contacts", stored):
        return ListResult(len(known), 0)
    ask = partial(get_contacts, context.api.http_client, context.user.id, as_owner=is_owner(context))
    walk = ListWalk(ask, lambda contact: contact.nsid, expected=len(known))
    listed = {contact.nsid: asdict(contact) async for page in walk.pages() for contact in page}
    if stored.get("listed_as") == EXPORT:
        if not _replaces_export(context, walk, len(known)):
            return ListResult(len(known), 0)
        stored = {}
    return await write_list(context, "contacts", stored, listed, "nsid", is_complete=walk.is_complete)


def _replaces_export(context: JobContext, walk: ListWalk[Contact], known: int) -> bool:
    """Return whether the contacts that Flickr lists can replace the `known` ones of an account export.

    Those have no NSID, so that only their number can be compared. Emits a notice if they cannot.
    """
    if not walk.is_complete:
        context.emit(
            Notice(
                "Flickr did not list all contacts. Those of the account export stay until a run lists all."
            )
        )
        return False
    return is_accepted(context, "contacts", known - walk.listed, known)
