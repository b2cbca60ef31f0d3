"""The photos of others that an account has marked as favourites.

An account can have 100,000 of them. So there is one document for each month in which favourites were added, such as
`favorites/2024-05`, and a run writes only those that change. Flickr lists the latest first and takes a date from which
to list, so a run asks for what is new; a favourite that was removed is found only when all are listed.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.engine.lists.documents import (
    access,
    entries_of,
    is_accepted,
    is_owner,
    mark_of_owner,
    read,
    shows_less,
    write,
)
from flickr_mirror.engine.lists.merging import NOT_LISTED, Merged, mark, merge
from flickr_mirror.flickr.account_lists import get_favorites
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.list_result import ListResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flickr_mirror.engine.lists.documents import Document
    from flickr_mirror.engine.lists.merging import Entry
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.account_lists import ListedPhoto
    from flickr_mirror.storage.store import Store

NAME = "favorites"
_MOST_PENDING = 5000
"""How many favourites of one month are collected before its document is written."""


async def mirror_favorites(context: JobContext, full: bool) -> ListResult:  # noqa: FBT001
    """Write the document `favorites` and those of the months. List all in a `full` scan, else what is new."""
    header = await read(context, NAME)
    if shows_less(context, NAME, header):
        return ListResult(header.get("count", 0), 0)
    is_known = header.get("listed_as") == access(context) and isinstance(header.get("newest"), int)
    # without `newest`, because the next run must list all if this one fails
    await mark_of_owner(context, NAME, {**header, "newest": None})
    run = FavoritesRun(context, header, since=header["newest"] if is_known and not full else None)
    return await run.run()


def list_all_again(store: Store) -> None:
    """Let the next run list all favourites, because the document of a month was lost."""
    if header := store.read_document(NAME):
        store.write_document(NAME, {**header, "newest": None})


class FavoritesRun:
    """One walk through the favourites, from the second `since` on; `None` for all of them."""

    def __init__(self, context: JobContext, header: Document, *, since: int | None) -> None:
        self._context = context
        self._since = since
        self._newest: int | None = since
        self._count = header.get("count", 0) if isinstance(header.get("count"), int) else 0
        self._dates: dict[str, int | None] = {}
        self._changed = 0
        self._new = 0

    async def run(self) -> ListResult:
        """Walk, write the documents, and return the result."""
        context = self._context
        ask = partial(
            get_favorites,
            context.api.http_client,
            context.user.id,
            as_owner=is_owner(context),
            since=self._since,
        )
        expected = self._count if self._since is None else 0
        walk = ListWalk(ask, lambda photo: photo.id, expected=expected)
        await self._store(walk.pages())
        if self._since is None:
            self._count = await self._end_full_walk(is_complete=walk.is_complete)
        else:
            self._count += self._new
            if not walk.is_complete:  # the next run asks from the same second on
                self._newest = self._since
        months = await to_thread.run_sync(context.store.list_documents, NAME)
        await write(
            context,
            NAME,
            {
                "listed_as": access(context),
                "count": self._count,
                "newest": self._newest or 0,
                "months": [name.partition("/")[2] for name in months],
            },
        )
        return ListResult(self._count, self._changed)

    async def _store(self, pages: AsyncIterator[list[ListedPhoto]]) -> None:
        """Write the documents of the months as the walk passes them."""
        pending: dict[str, dict[str, Entry]] = {}
        month = ""
        async for page in pages:
            for photo in page:
                month = month_of(photo.added)
                pending.setdefault(month, {})[photo.id] = photo.to_document()
                self._dates[photo.id] = photo.added
                self._newest = max(self._newest or 0, photo.added or 0)
            for name in [name for name in pending if name != month or len(pending[name]) >= _MOST_PENDING]:
                await self._write_month(name, pending.pop(name))
        for name, listed in pending.items():
            await self._write_month(name, listed)

    async def _write_month(self, month: str, listed: dict[str, Entry]) -> None:
        stored = await self._month(f"{NAME}/{month}")
        merged = merge(stored, listed, "id")
        await self._write(f"{NAME}/{month}", merged.entries)
        self._new += merged.new
        self._changed += merged.new + merged.changed

    async def _end_full_walk(self, *, is_complete: bool) -> int:
        """Mark the favourites that the walk did not list, and return how many are listed."""
        names = await to_thread.run_sync(self._context.store.list_documents, NAME)
        missed, known = 0, 0
        for name in names:
            merged = self._compare(await self._month(name))
            missed, known = missed + merged.missed, known + len(merged.entries)
        is_gone = is_complete and is_accepted(self._context, NAME, missed, known)
        for name in names:
            entries = self._compare(stored := await self._month(name)).entries
            if is_gone:
                entries = mark(
                    entries, self._dates, "id", round(time.time()), prune=self._context.options.prune
                )
            if entries != stored:
                await self._write(name, entries)
        if is_gone:
            self._changed += missed
            return len(self._dates)
        return known

    def _compare(self, stored: list[Entry]) -> Merged:
        """Return the entries of a month without those that were added again in another month; count the missed."""
        kept = [entry for entry in stored if self._dates.get(entry["id"], entry["added"]) == entry["added"]]
        missed = sum(entry["id"] not in self._dates and NOT_LISTED not in entry for entry in kept)
        return Merged(kept, missed=missed)

    async def _month(self, name: str) -> list[Entry]:
        document = await read(self._context, name)
        return [entry for entry in entries_of(document, NAME) if {"id", "added"} <= entry.keys()]

    async def _write(self, name: str, entries: list[Entry]) -> None:
        await write(self._context, name, {NAME: sorted_by_date(entries)})


def sorted_by_date(entries: list[Entry]) -> list[Entry]:
    """Return the entries of a month in the order of its document: the latest first."""
    return sorted(entries, key=_date, reverse=True)


def month_of(second: int | None) -> str:
    """Return the month of a second, such as `2024-05` (UTC)."""
    try:
        return f"{datetime.fromtimestamp(second, UTC):%Y-%m}" if second else "undated"
    except (OverflowError, OSError, ValueError):
        return "undated"


def _date(entry: Entry) -> tuple[int, str]:
    return entry["added"] or 0, entry["id"]
