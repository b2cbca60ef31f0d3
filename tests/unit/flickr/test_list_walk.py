"""Walks through lists: pages, false answers, repeated pages, and completeness."""

from __future__ import annotations

from typing import Any

import pytest

from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.list_page import ListPage


def page(entries: str, number: int | None = 1, total: int | None = None, **more: Any) -> ListPage[str]:
    """Return a page with one entry for each letter, of a list in pages of two."""
    pages = None if total is None else -(-total // 2)
    return ListPage(list(entries), page=number, pages=pages, size=2, total=total, **more)


async def walk(
    *answers: ListPage[str], expected: int = 0
) -> tuple[list[list[str]], list[int], ListWalk[str]]:
    """Walk through a list that answers with these pages; return what was yielded and requested."""
    left, asked = list(answers), list[int]()

    async def ask(number: int) -> ListPage[str]:
        asked.append(number)
        return left.pop(0)

    found = ListWalk(ask, str, expected=expected)
    yielded = [entries async for entries in found.pages()]
    assert not left
    return yielded, asked, found


async def test_each_page_is_requested_once() -> None:
    yielded, asked, found = await walk(page("ab", 1, 5), page("cd", 2, 5), page("e", 3, 5))
    assert (yielded, asked) == ([["a", "b"], ["c", "d"], ["e"]], [1, 2, 3])
    assert (found.listed, found.total, found.is_complete) == (5, 5, True)


async def test_an_empty_list_is_complete() -> None:
    yielded, asked, found = await walk(page("", 1, 0))
    assert (yielded, asked, found.is_complete) == ([[]], [1], True)


async def test_a_list_is_not_complete_before_its_end() -> None:
    found = ListWalk(_full, str)
    async for _ in found.pages():
        assert not found.is_complete
        break


async def _full(number: int) -> ListPage[str]:
    return page(f"{number}x", number, 4)


async def test_an_entry_that_moved_to_the_next_page_is_yielded_once() -> None:
    yielded, _, found = await walk(page("ab", 1, 3), page("bc", 2, 4))
    assert yielded == [["a", "b"], ["c"]]
    assert not found.is_complete  # an entry was added at the top during the walk


async def test_a_list_with_an_entry_moved_to_an_earlier_page_is_incomplete() -> None:
    """After page 1, the entry b is removed, c moves to page 1, and page 2 begins with d."""
    _, _, found = await walk(page("ab", 1, 4), page("d", 2, 3), page("d", 2, 3))
    assert (found.listed, found.total, found.is_complete) == (3, 4, False)


@pytest.mark.parametrize(
    "false",
    [
        page("a", 1, 4),
        page("", 1, 4),
        ListPage(is_usable=False),
        page("ab", 1, 4, malformed=1),
        page("", 1, 0),
    ],
)
async def test_a_false_answer_is_requested_once_more(false: ListPage[str]) -> None:
    yielded, asked, found = await walk(false, page("ab", 1, 4), page("cd", 2, 4), expected=4)
    assert (yielded, asked, found.is_complete) == ([["a", "b"], ["c", "d"]], [1, 1, 2], True)


async def test_the_entries_of_both_answers_count() -> None:
    yielded, _, found = await walk(page("a", 1, 2), page("b", 1, 2))
    assert (sorted(yielded[0]), found.is_complete) == (["a", "b"], True)


async def test_a_repeated_false_answer_leaves_the_list_incomplete() -> None:
    _, asked, found = await walk(ListPage(is_usable=False), ListPage(is_usable=False))
    assert (asked, found.is_complete) == ([1, 1], False)
    _, _, found = await walk(page("a", 1, 1, malformed=1), page("a", 1, 1, malformed=1))
    assert not found.is_complete


async def test_a_page_that_flickr_repeats_ends_the_walk() -> None:
    """For a number beyond the last page, Flickr can answer with another page."""
    _, asked, found = await walk(page("ab", 1, 4), page("ab", 1, 4))
    assert (asked, found.listed, found.is_complete) == ([1, 2], 2, False)


async def test_a_list_without_counts_is_followed_to_its_end() -> None:
    yielded, asked, found = await walk(
        page("ab", 1, has_more=True), page("cd", 2, has_more=True), page("e", 3, has_more=False)
    )
    assert (asked, yielded[-1], found.is_complete) == ([1, 2, 3], ["e"], False)
    _, asked, _ = await walk(page("ab", None, has_more=True), page("ab", None, has_more=True))
    assert asked == [1, 2]
