"""Parses a user's query, and writes it as an expression of SQLite's FTS5.

    huế "cầu gỗ" cho* -chùa title:mưa

All words must occur. A phrase in quotation marks must occur as it is, `*` completes a word, `-` excludes a word or
phrase, and a field limits it: `title:`, `description:`, `comment:`, `tag:`, `note:`, `album:`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from flickr_mirror.reader.folding import fold, is_plain, normalize

if TYPE_CHECKING:
    from collections.abc import Callable

FIELDS = {
    "title": "title",
    "description": "description",
    "comment": "comments",
    "tag": "tags",
    "note": "notes",
    "album": "albums",
}
"""The names of fields in a query, and the columns of the index."""
MOST_SPELLINGS = 400
"""How many spellings of one word are searched for; a longer beginning of a word has fewer."""
MOST_PHRASES = 256
"""How many spellings of a phrase are searched for."""
_TERM = re.compile(r"(-?)(?:(" + "|".join(FIELDS) + r'):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a query: the `words` that must follow each other, in one column or in any (empty).

    The last word is a beginning if `is_prefix`.
    """

    words: tuple[str, ...]
    column: str = ""
    is_prefix: bool = False
    is_excluded: bool = False


def parse_query(text: str) -> list[Term]:
    """Return the terms of a query. Every text is a query; characters that are not part of words separate them.

    >>> parse_query('Huế -title:"cầu gỗ" cho*')[1]
    Term(words=('cầu', 'gỗ'), column='title', is_prefix=False, is_excluded=True)
    """
    terms = []
    for minus, field, phrase, single in _TERM.findall(text):
        words = tuple(words_of(phrase or single))
        if words:
            is_prefix = not phrase and single.endswith("*")
            terms.append(Term(words, FIELDS.get(field.lower(), ""), is_prefix, bool(minus)))
    return terms


def words_of(text: str) -> list[str]:
    """Return the words in a text as the index separates them."""
    spaced = "".join(char if _is_word(char) else " " for char in normalize(text))
    return spaced.split()


def _is_word(char: str) -> bool:
    # the categories in `search_index.TOKENIZER`
    category = unicodedata.category(char)
    return category[0] in "LN" or category in {"Co", "Mn", "Mc"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A query as FTS5 reads it: what must occur and what must not, empty if there is nothing.

    `phrases` are those with too many spellings for an expression, which only requires their words: each is a column
    (or empty) and the words without marks, to be compared with the texts of the photos found.
    """

    wanted: str
    excluded: str
    phrases: tuple[tuple[str, str], ...]


def expression(terms: list[Term], spellings: Callable[[str, bool], list[str]]) -> Expression:
    """Return the expression for a query.

    `spellings(folded, is_prefix)` returns the words of the index that fold to a word, or begin like it. A word typed
    without marks stands for all of its spellings, one typed with marks for itself only.
    """
    wanted, excluded, phrases = [], [], []
    for term in terms:
        choices = _choices(term, spellings)
        is_large = len(choices) > 1 and prod(map(len, choices)) > MOST_PHRASES
        if term.is_excluded:
            excluded.append(_match(term, choices, split=False))
        else:
            wanted.append(_match(term, choices, split=is_large))
            if is_large:
                phrases.append((term.column, " ".join(map(fold, term.words))))
    return Expression(" AND ".join(wanted), " OR ".join(excluded), tuple(phrases))


def _choices(term: Term, spellings: Callable[[str, bool], list[str]]) -> list[list[str]]:
    """Return the spellings to look for in the place of each word, in quotation marks."""
    choices = []
    for number, word in enumerate(term.words):
        is_prefix = term.is_prefix and number == len(term.words) - 1
        if is_plain(word):
            found = spellings(fold(word), is_prefix)[:MOST_SPELLINGS]
            choices.append([_quoted(spelling) for spelling in found or [word]])
        else:
            choices.append([_quoted(word) + ("*" if is_prefix else "")])
    return choices


def _match(term: Term, choices: list[list[str]], *, split: bool) -> str:
    if split:
        found = " AND ".join(f"({' OR '.join(choice)})" for choice in choices)
    else:
        found = " OR ".join(" + ".join(words) for words in product(*choices))
    return f"{{{term.column}}} : ({found})" if term.column else f"({found})"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
