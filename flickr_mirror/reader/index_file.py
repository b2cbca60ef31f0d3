"""The SQLite file of the search index: its tables, and the functions that its statements use."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from flickr_mirror.reader.filters import FILTER_COLUMNS, distance
from flickr_mirror.reader.index_texts import COLUMNS, has_phrase

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "search.sqlite"
"""The file of the index, in the state folder of a mirror."""
VERSION = 1
"""The version of the tables. A file of another version is built again."""
TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
_TABLES = f"""
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE photos (id INTEGER PRIMARY KEY, version BLOB NOT NULL, {FILTER_COLUMNS}, texts BLOB NOT NULL);
CREATE TABLE comments (photo_id INTEGER NOT NULL, author TEXT NOT NULL, name TEXT NOT NULL, date INTEGER);
CREATE INDEX by_photo ON comments (photo_id);
CREATE INDEX by_upload ON photos (uploaded, id);
CREATE VIRTUAL TABLE words USING fts5({", ".join(COLUMNS)}, content = '', tokenize = "{TOKENIZER}");
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row);
CREATE TABLE spellings (folded TEXT, spelling TEXT, PRIMARY KEY (folded, spelling)) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""


def open_index(path: Path | None) -> sqlite3.Connection:
    """Open the index in a file, by default in memory; create the tables if it is empty.

    Raises `sqlite3.DatabaseError` if the file is damaged, has another version, or cannot be written.
    """
    database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=60, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            database.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")
        elif version != VERSION:
            raise sqlite3.DatabaseError("another version")
    except BaseException:
        database.close()
        raise
    database.create_function("has_phrase", 3, has_phrase, deterministic=True)
    database.create_function("distance", 4, distance, deterministic=True)
    return database


def collect_words(database: sqlite3.Connection) -> None:
    """Delete the stamp, and make the empty tables `new_words` and `new_vocabulary` for the words of an update.

    Reading the words of the whole index would take longer.
    """
    database.executescript(f"""
DELETE FROM notes WHERE name = 'stamp';
DROP TABLE IF EXISTS temp.new_vocabulary;
DROP TABLE IF EXISTS temp.new_words;
CREATE VIRTUAL TABLE temp.new_words USING fts5({", ".join(COLUMNS)}, content = '', tokenize = "{TOKENIZER}");
CREATE VIRTUAL TABLE temp.new_vocabulary USING fts5vocab(temp, new_words, row);
""")


def remove_index(state: Path) -> None:
    """Delete the index of a mirror; the next search builds it again. Raises `OSError`."""
    for ending in ("-wal", "-shm", ""):
        (state / f"{FILE_NAME}{ending}").unlink(missing_ok=True)
