"""The SQL statements of a search: one counts the photos, one reads the ids of those that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.reader.search_query import Expression

WEIGHTS = (10, 2, 1, 5, 1, 3)
"""How much a word in each column counts for the rank."""
ORDERS = {
    "newest": "uploaded DESC, id DESC",
    "oldest": "uploaded, id",
    "taken": "taken IS NULL, taken, id",
    "last taken": "taken IS NULL, taken DESC, id DESC",
    "rank": f"bm25(words, {', '.join(map(str, WEIGHTS))}), uploaded DESC",
}
"""The orders of results, by name."""
_JOINED = "words JOIN photos ON id = words.rowid WHERE words MATCH ?"
_BY_UPLOAD = "photos WHERE +id IN (SELECT rowid FROM words WHERE words MATCH ?)"
"""With "+" SQLite reads the index by_upload and stops at the limit. Otherwise it reads and sorts a row of `photos` for
each match, which takes five times as long where most photos match."""


def statements(query: Expression, where: Sequence[str], order: str) -> tuple[str, str, list[str]]:
    """Return the statements that count and read the photos that match a query and other conditions.

    The list has their first parameters. Those of the conditions follow, and the most photos to read.
    """
    others = " AND ".join(where) or "1"
    if not query.wanted:
        order = "newest" if order == "rank" else order
        excluded = "id NOT IN (SELECT rowid FROM words WHERE words MATCH ?) AND " if query.excluded else ""
        source = f"FROM photos WHERE {excluded}{others}"
        counting, matches = f"SELECT count(*) {source}", [query.excluded] if query.excluded else []
    else:
        source = f"FROM {_JOINED} AND {others}"
        counting = f"SELECT count(*) {source}" if where else "SELECT count(*) FROM words WHERE words MATCH ?"
        matches = [f"({query.wanted}) NOT ({query.excluded})" if query.excluded else query.wanted]
        if order in ("newest", "oldest"):
            source = f"FROM {_BY_UPLOAD} AND {others}"
    return counting, f"SELECT id {source} ORDER BY {ORDERS[order]} LIMIT ?", matches
