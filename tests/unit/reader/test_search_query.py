"""The syntax of a search."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.reader.index_file import TOKENIZER
from flickr_mirror.reader.search_query import Term, expression, parse_query, words_of


def test_words_phrases_exclusions_prefixes_and_fields_are_read() -> None:
    assert parse_query('huế "cầu gỗ" -chùa cho* title:mưa -tag:"a b" ALBUM:x') == [
        Term(("huế",)),
        Term(("cầu", "gỗ")),
        Term(("chùa",), is_excluded=True),
        Term(("cho",), is_prefix=True),
        Term(("mưa",), "title"),
        Term(("a", "b"), "tags", is_excluded=True),
        Term(("x",), "albums"),
    ]


def test_a_word_with_punctuation_is_a_phrase() -> None:
    assert parse_query("da-nang") == [Term(("da", "nang"))]
    assert parse_query("順化") == [Term(("順", "化"))]


def test_an_unknown_field_is_a_word() -> None:
    assert parse_query("year:1908") == [Term(("year", "1908"))]


@pytest.mark.parametrize("text", ["", "  ", '"', '""', "-", "*", "-*", "!?", "title:"])
def test_a_text_without_words_finds_nothing_to_require(text: str) -> None:
    query = expression([term for term in parse_query(text) if term.words != ("title",)], lambda *_: [])
    assert query.wanted == query.excluded == ""


def test_a_word_without_marks_matches_all_of_its_spellings() -> None:
    spellings = {"duong": ["duong", "dương", "đường"]}
    query = expression(parse_query("duong đường"), lambda folded, _: spellings.get(folded, []))
    assert query.wanted == '("duong" OR "dương" OR "đường") AND ("đường")'


def test_a_phrase_with_too_many_spellings_is_compared_with_the_texts() -> None:
    query = expression(parse_query('"da nang"'), lambda folded, _: [f"{folded}{n}" for n in range(20)])
    assert query.phrases == (("", "da nang"),)
    assert "+" not in query.wanted


@given(st.text(max_size=60))
def test_every_text_is_an_expression_that_sqlite_accepts(text: str) -> None:
    database = sqlite3.connect(":memory:")
    columns = "title, description, comments, tags, notes, albums"
    database.execute(f'CREATE VIRTUAL TABLE words USING fts5({columns}, tokenize = "{TOKENIZER}")')
    query = expression(parse_query(text), lambda folded, _: [folded])
    for match in filter(None, (query.wanted, query.excluded)):
        assert database.execute("SELECT count(*) FROM words WHERE words MATCH ?", (match,)).fetchone() == (0,)
    database.close()


@given(st.text(max_size=30))
def test_words_are_separated_as_by_sqlite(text: str) -> None:
    """A search for the words of a text finds that text."""
    database = sqlite3.connect(":memory:")
    columns = "title, description, comments, tags, notes, albums"
    database.execute(f'CREATE VIRTUAL TABLE words USING fts5({columns}, tokenize = "{TOKENIZER}")')
    words = words_of(text)
    database.execute("INSERT INTO words (title) VALUES (?)", (" ".join(words),))
    query = expression([Term((word,)) for word in words], lambda _folded, _prefix: [])
    if words:
        assert database.execute(
            "SELECT count(*) FROM words WHERE words MATCH ?", (query.wanted,)
        ).fetchone() == (1,), words
    database.close()
