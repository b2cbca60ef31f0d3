"""Walks through the pages of a list, and judges whether all of it was listed."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from flickr_mirror.models.list_page import ListPage

T = TypeVar("T")


class ListWalk(Generic[T]):
    """One walk through a list. `ask` requests the page of a number, and `key` identifies an entry.

    A page that cannot be whole is requested once more, and the entries of both answers count: Flickr has sent empty
    and short lists, once, with `stat: ok`. A first answer that counts fewer than `expected` entries is one of these.
    """

    def __init__(
        self, ask: Callable[[int], Awaitable[ListPage[T]]], key: Callable[[T], str], *, expected: int = 0
    ) -> None:
        self._ask = ask
        self._key = key
        self._expected = expected
        self._pages = 0
        self._has_malformed = False
        self._has_ended = False
        self._seen: set[str] = set()
        self.total: int | None = None
        """The greatest number of entries that an answer counted; `None` if none did."""

    @property
    def listed(self) -> int:
        """The number of different entries that were listed."""
        return len(self._seen)

    @property
    def is_complete(self) -> bool:
        """Whether the walk is over, and as many entries were listed as Flickr counts."""
        # Entries that move to an earlier page during the walk are missed, but were counted by the first answer.
        return (
            self._has_ended
            and not self._has_malformed
            and self.total is not None
            and len(self._seen) >= self.total
        )

    async def pages(self) -> AsyncIterator[list[T]]:
        """Yield the entries of each page, each entry once. Raises what `ask` raises."""
        number = 1
        while True:
            page = await self._ask_soundly(number)
            new = [entry for entry in _unique(page.entries, self._key) if self._key(entry) not in self._seen]
            self._seen.update(map(self._key, new))
            self._has_malformed = self._has_malformed or page.malformed > 0
            yield new
            if not self._is_followed(page, number, bool(new)):
                self._has_ended = page.is_usable
                return
            number += 1

    def _is_followed(self, page: ListPage[T], number: int, has_new: bool) -> bool:  # noqa: FBT001
        """Return whether there is another page. A page of known entries only is followed if Flickr counts more."""
        if page.page not in (None, number) or not page.entries:
            return False  # for a page after the last one, Flickr can repeat another one
        if page.has_more is not None:
            return page.has_more and has_new
        return number < self._pages

    async def _ask_soundly(self, number: int) -> ListPage[T]:
        page = await self._ask_once(number)
        if not self._is_short(page, number):
            return page
        again = await self._ask_once(number)
        first, second = (again, page) if len(again.entries) >= len(page.entries) else (page, again)
        return replace(
            first,
            entries=list(_unique([*first.entries, *second.entries], self._key)),
            malformed=first.malformed,
        )

    async def _ask_once(self, number: int) -> ListPage[T]:
        page = await self._ask(number)
        if page.total is not None:
            self.total = max(self.total or 0, page.total)
        pages = page.pages or ceil((page.total or 0) / (page.size or 1))
        self._pages = max(self._pages, pages)
        return page

    def _is_short(self, page: ListPage[T], number: int) -> bool:
        """Return whether an answer contradicts a count: its own, or one from before."""
        if not page.is_usable or page.malformed:
            return True
        if page.total is None:
            return False
        if number == 1 and page.total < self._expected:
            return True
        if page.total < (self.total or 0):
            return True
        left = page.total - (number - 1) * (page.size or 0)
        return len(page.entries) < min(page.size or left, left)


def _unique(entries: list[T], key: Callable[[T], str]) -> list[T]:
    return list({key(entry): entry for entry in entries}.values())
