"""Merging lists: new, changed and unlisted entries."""

from __future__ import annotations

import pytest

from flickr_mirror.engine.lists.favorites import month_of
from flickr_mirror.engine.lists.merging import NOT_LISTED, is_doubtful, mark, merge


def test_listed_entries_come_first_in_their_order() -> None:
    stored = [{"id": "1", "x": 1}, {"id": "2", "x": 2}, {"id": "3", "x": 3}]
    merged = merge(stored, {"4": {"id": "4", "x": 4}, "2": {"id": "2", "x": 0}}, "id")
    assert [entry["id"] for entry in merged.entries] == ["4", "2", "1", "3"]
    assert (merged.new, merged.changed, merged.missed, merged.listed) == (1, 1, 2, 4)


def test_a_volatile_value_is_replaced_but_is_not_a_change() -> None:
    merged = merge([{"id": "1", "x": 1}], {"1": {"id": "1", "x": 2}}, "id", volatile=["x"])
    assert (merged.entries, merged.changed) == ([{"id": "1", "x": 2}], 0)


def test_the_mark_of_an_unlisted_entry_is_removed_when_it_is_listed_again() -> None:
    entries = [{"id": "1"}, {"id": "2"}]
    marked = mark(entries, {"2"}, "id", 100, prune=False)
    assert mark(marked, {"2"}, "id", 200, prune=False) == [{"id": "1", NOT_LISTED: 100}, {"id": "2"}]
    merged = merge(marked, {"1": {"id": "1"}, "2": {"id": "2"}}, "id")
    assert (merged.entries, merged.changed, merged.missed) == (entries, 1, 0)
    assert merge(marked, {"2": {"id": "2"}}, "id").missed == 0


@pytest.mark.parametrize(
    ("missed", "known", "doubtful"), [(10, 11, False), (11, 11, True), (100, 1000, False), (101, 1000, True)]
)
def test_more_than_a_tenth_is_doubtful_except_in_a_short_list(
    missed: int, known: int, doubtful: bool
) -> None:
    assert is_doubtful(missed, known) is doubtful


@pytest.mark.parametrize(
    ("second", "month"),
    [(1_400_000_000, "2014-05"), (None, "undated"), (0, "undated"), (1 << 62, "undated"), (-1, "1969-12")],
)
def test_the_month_of_a_favorite_is_a_name_of_a_document(second: int | None, month: str) -> None:
    assert month_of(second) == month
