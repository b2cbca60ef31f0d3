"""The documents of lists in a mirror: reads and writes them, and decides what this run may change in one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from flickr_mirror.engine.lists.merging import is_doubtful, mark, merge
from flickr_mirror.models.events import Notice
from flickr_mirror.models.list_result import ListResult

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flickr_mirror.engine.lists.merging import Entry
    from flickr_mirror.engine.workers.jobs import JobContext

Document = dict[str, Any]

OWNER, PUBLIC, EXPORT = "owner", "public", "export"
"""The origin of a document: a listing with the login of the account, one without it, or the account's export."""


def is_owner(context: JobContext) -> bool:
    """Return whether the calls are signed by the login of the account that is mirrored."""
    caller = context.api.caller
    return caller is not None and caller.id == context.user.id


def access(context: JobContext) -> str:
    """Return the value of the key `listed_as` for what this run lists."""
    return OWNER if is_owner(context) else PUBLIC


async def read(context: JobContext, name: str) -> Document:
    """Return a document, empty if there is none."""
    return await to_thread.run_sync(context.store.read_document, name) or {}


async def write(context: JobContext, name: str, document: Document) -> bool:
    """Write a document; return whether its content is new. Raises `CacheError`."""
    return await to_thread.run_sync(context.store.write_document, name, document)


def entries_of(document: Document, name: str) -> list[Entry]:
    """Return the entries of a document; a damaged one has none."""
    found = document.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def shows_less(context: JobContext, name: str, document: Document) -> bool:
    """Return whether a document is from the owner and this run is not the owner. Emits a notice about that."""
    sources = {
        OWNER: "were mirrored with the login of the account, which shows more of them. Without it",
        EXPORT: "are those of the account export, which has more of them. Without the login of the account",
    }
    source = sources.get(document.get("listed_as", ""))
    if source is None or is_owner(context):
        return False
    context.emit(Notice(f"The {name} {source} they stay as they are."))
    return True


async def mark_of_owner(context: JobContext, name: str, document: Document) -> None:
    """Mark a `document` that the public listed as the owner's, before parts of it get what the public does not see."""
    if is_owner(context) and document.get("listed_as") == PUBLIC:
        await write(context, name, {**document, "listed_as": OWNER})


def is_accepted(context: JobContext, name: str, missed: int, known: int) -> bool:
    """Return whether to accept that `missed` of the `known` entries are gone. Emits a notice if not."""
    if context.options.accept_loss or not is_doubtful(missed, known):
        return True
    context.emit(
        Notice(
            f"Flickr does not list {missed:,} of the {known:,} {name} in the mirror, more than a tenth, so they "
            "are kept. If they were removed, use --accept-loss once."
        )
    )
    return False


async def write_list(
    context: JobContext,
    name: str,
    document: Document,
    listed: Mapping[str, Entry],
    key: str,
    *,
    is_complete: bool,
    volatile: Collection[str] = (),
) -> ListResult:
    """Write the document of a list that was walked from its beginning to its end, and return the result.

    `document` is the one of an earlier run, `key` identifies an entry. Entries that are not listed any more are marked
    if the walk was complete and the loss is accepted, otherwise kept.
    """
    stored = entries_of(document, name)
    merged = merge(stored, listed, key, volatile=volatile)
    entries, missed = merged.entries, 0
    if is_complete and is_accepted(context, name, merged.missed, len(stored)):
        missed = merged.missed
        entries = mark(entries, listed, key, round(time.time()), prune=context.options.prune)
    await write(context, name, {"listed_as": access(context), name: entries})
    return ListResult(len(listed), merged.new + merged.changed + missed)
