"""The state of a gallery between two builds, in `.gallery.sqlite` in its folder."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from flickr_mirror.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

STATE_FILE = ".gallery.sqlite"
_SCHEMA = """
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL, version BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE shards (number INTEGER PRIMARY KEY, postings BLOB NOT NULL, people TEXT NOT NULL);
CREATE TABLE thumbnails (id INTEGER PRIMARY KEY, version BLOB NOT NULL);
PRAGMA user_version = 1;
"""


class GalleryState:
    """The state of a gallery; a context manager that keeps other builds out.

    Nothing is written to the file if nothing changes. Raises `CacheError` if another build is running or the disk
    fails; a damaged file is replaced, and everything is then written again.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / STATE_FILE
        self._database = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _open(self) -> sqlite3.Connection:
        with self.errors():
            try:
                return self._connect()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # damaged
                self._path.unlink(missing_ok=True)
                return self._connect()

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=1)
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("PRAGMA synchronous = OFF")  # it is derived, and checked against the files
            database.execute("PRAGMA secure_delete = ON")  # erased photos leave no words behind
            database.execute("BEGIN IMMEDIATE")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            database.execute("COMMIT")
            if version == 0:
                database.executescript(_SCHEMA)
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise `CacheError` in place of an error of SQLite."""
        try:
            yield
        except sqlite3.Error as error:
            raise CacheError(
                f"Cannot use {self._path}: {error}. Another build may be writing this gallery, or the disk is full.",
                self._path,
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is stored within, also if it ends with an exception: each part is valid by itself."""
        with self.errors():
            self._database.execute("BEGIN")
            try:
                yield
            finally:
                self._database.execute("COMMIT")

    def note(self, name: str) -> str:
        """Return a note; empty if there is none."""
        row = self._database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_note(self, name: str, value: str) -> None:
        """Store a note unless it has this value."""
        if self.note(name) != value:
            self._database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Return the size and version of each file of the last build, by name."""
        rows = self._database.execute("SELECT name, bytes, version FROM files")
        return {name: (size, version) for name, size, version in rows}

    def set_file(self, name: str, size: int, version: bytes) -> None:
        """Store the size and version of a file."""
        self._database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (name, size, version))

    def forget_file(self, name: str) -> None:
        """Remove a file from the state."""
        self._database.execute("DELETE FROM files WHERE name = ?", (name,))

    def set_shard(self, number: int, postings: bytes, people: str) -> None:
        """Store the packed postings of some photos, and their commenters as JSON."""
        self._database.execute("INSERT OR REPLACE INTO shards VALUES (?, ?, ?)", (number, postings, people))

    def shards(self) -> Iterator[tuple[int, bytes, str]]:
        """Yield the number, the postings and the people of each shard, in order."""
        yield from self._database.execute("SELECT number, postings, people FROM shards ORDER BY number")

    def cut_shards(self, count: int) -> None:
        """Remove the shards from number `count` on."""
        if self._database.execute("SELECT 1 FROM shards WHERE number >= ?", (count,)).fetchone():
            self._database.execute("DELETE FROM shards WHERE number >= ?", (count,))

    def thumbnails(self) -> dict[int, bytes]:
        """Return the source version of each thumbnail, by the id of its photo."""
        return dict(self._database.execute("SELECT id, version FROM thumbnails"))

    def set_thumbnails(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Store the source versions of some thumbnails."""
        self._database.executemany("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", rows)

    def forget_thumbnails(self, photo_ids: Iterable[int]) -> None:
        """Remove thumbnails from the state."""
        self._database.executemany("DELETE FROM thumbnails WHERE id = ?", ((number,) for number in photo_ids))
