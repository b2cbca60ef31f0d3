"""The lists of an account that a run mirrors beside the photos. A new list is one more entry of `ACCOUNT_LISTS`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.engine.albums import mirror_albums
from flickr_mirror.engine.failure_policy import ENDING
from flickr_mirror.engine.lists.contacts import mirror_contacts
from flickr_mirror.engine.lists.favorites import mirror_favorites
from flickr_mirror.engine.lists.galleries import mirror_galleries
from flickr_mirror.engine.lists.groups import mirror_groups
from flickr_mirror.engine.lists.profile import mirror_profile
from flickr_mirror.engine.lists.tags import mirror_tags
from flickr_mirror.errors import FlickrApiError, TransportError
from flickr_mirror.models.events import ListMirrored, Notice
from flickr_mirror.models.includes import Include

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.list_result import ListResult

DAY = 86_400
"""How often a watch mirrors the lists, in seconds."""
_MIRRORED = "lists_mirrored"


@dataclass(frozen=True, slots=True)
class AccountList:
    """How a run mirrors one list; `full` is whether this run scans the whole photostream, and therefore the whole list.

    `mirror` writes to the catalogue through the dispatcher and to documents of the store. It raises
    `FlickrApiError` or `TransportError` if that fails; what it stored until then must stay valid, and the next run
    must be able to continue.
    """

    include: Include
    mirror: Callable[[JobContext, bool], Awaitable[ListResult]]


ACCOUNT_LISTS: tuple[AccountList, ...] = (
    AccountList(Include.PROFILE, mirror_profile),
    AccountList(Include.ALBUMS, mirror_albums),
    AccountList(Include.TAGS, mirror_tags),
    AccountList(Include.CONTACTS, mirror_contacts),
    AccountList(Include.FAVORITES, mirror_favorites),
    AccountList(Include.GALLERIES, mirror_galleries),
    AccountList(Include.GROUPS, mirror_groups),
)
"""The lists, in the order in which they are mirrored."""


async def mirror_lists(context: JobContext, *, again: bool, full: bool) -> None:
    """Mirror the lists that the options request. A list that fails is reported, and the others are mirrored.

    A round that runs `again`, a moment after another one, mirrors them if that was not done for a day.
    """
    wanted = [entry for entry in ACCOUNT_LISTS if entry.include in context.options.include]
    if not wanted or (again and not full and not await _is_due(context)):
        return
    report = context.report
    report.list_failures.clear()
    for entry in wanted:
        try:
            result = await entry.mirror(context, full)
        except ENDING:
            raise
        except (FlickrApiError, TransportError) as error:
            report.list_failures[entry.include] = str(error)
            context.emit(Notice(f"The {entry.include} were not mirrored: {error} The next run tries again."))
        else:
            report.lists[entry.include] = result.entries
            context.emit(ListMirrored(entry.include, result.entries, result.changed))
    if not report.list_failures:
        await context.dispatcher.call(context.catalogue.set_note, _MIRRORED, round(time.time()))


async def _is_due(context: JobContext) -> bool:
    last = await context.dispatcher.call(context.catalogue.get_note, _MIRRORED)
    return last is None or not 0 <= time.time() - float(last) < DAY
