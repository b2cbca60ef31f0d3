"""The SQLite file of a catalogue: opening, schema, transactions, errors."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError, CacheFullError, CatalogueDamagedError, CatalogueError
from flickr_mirror.schema import APPLICATION_ID, VERSION, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

PATIENCE = 60.0
"""So many seconds another program may hold the file up."""
REBUILT = "Run the same command again: it is rebuilt from the files of the mirror."
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FAILING_DISK = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}


class Database:
    """An open catalogue file. Every method raises a `CacheError` where SQLite fails.

    Where the file is not what it was, that is a `CatalogueDamagedError`.

    One that is opened `for_reading` changes nothing, not even beside the file, and may be used while a run works.

    The photos' state stands apart from their texts, so that marking a photo rewrites a short row, and
    counting reads few pages.
    """

    def __init__(self, path: Path, *, for_reading: bool = False) -> None:
        self._path = path
        with self._errors():
            self._database = sqlite3.connect(
                _address_for_reading(path) if for_reading else path,
                isolation_level=None,
                check_same_thread=False,
                timeout=PATIENCE,
                uri=for_reading,
            )
        try:
            self._open(for_reading=for_reading)
        except BaseException:
            self._database.close()
            raise

    def _open(self, *, for_reading: bool) -> None:
        with self._errors():
            query = self._database.execute
            if not for_reading:
                (mode,) = query("PRAGMA journal_mode = WAL").fetchone()
                # A commit lost with the power costs no photo: its file is found whole and adopted. Where the file
                # system cannot share memory, there is no WAL, and without it only a full sync keeps the file whole.
                query(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
            (application,) = query("PRAGMA application_id").fetchone()
            (version,) = query("PRAGMA user_version").fetchone()
            is_new = (application, version) == (0, 0) and not query("SELECT 1 FROM sqlite_master").fetchone()
            if application != APPLICATION_ID and not is_new:
                raise CatalogueDamagedError(f"{self._path} is no catalogue. {REBUILT}", self._path)
            if version > VERSION:
                raise CatalogueError(
                    f"{self._path} has version {version}, and this program knows {VERSION}: update it.",
                    self._path,
                )
            if for_reading and version < VERSION:
                self._use_copy()
            upgrade(self._database)

    def _use_copy(self) -> None:
        """Continue on a temporary copy: reading an older catalogue must not change it."""
        copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.backup(copy)
        self._database.close()
        self._database = copy

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            if code == sqlite3.SQLITE_FULL:
                raise CacheFullError(
                    f"{self._path}: the disk is full. Make room and run the same command again.", self._path
                ) from error
            if code & 0xFF in _DAMAGED:  # the higher bits tell what of it
                raise CatalogueDamagedError(
                    f"{self._path} is damaged ({error}). {REBUILT}", self._path
                ) from error
            if code & 0xFF == sqlite3.SQLITE_BUSY:
                raise CatalogueError(_locked(self._path), self._path) from error
            if code & 0xFF in _FAILING_DISK:
                raise CacheError(
                    f"{self._path}: {error}. Check that the disk is there, whole, not full and can be written "
                    "to, then run the same command again.",
                    self._path,
                ) from error
            raise CatalogueError(
                f"{self._path} cannot be used ({error}). Check that it is yours and that no other program has it "
                "open, and run the same command again.",
                self._path,
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all that is called inside as one step, or nothing of it."""
        with self._errors():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full or failing disk has made SQLite do so by itself
                    self._database.execute("ROLLBACK")
                raise

    def query(self, sql: str, parameters: Iterable[object] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        with self._errors():
            return self._database.execute(sql, tuple(parameters))

    def query_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> int:
        """Run one statement for each row; return how many rows of the file were changed."""
        with self._errors():
            before = self._database.total_changes
            self._database.executemany(sql, rows)
            return self._database.total_changes - before

    def note(self, name: str, value: object) -> None:
        """Keep a value under a name; `None` forgets it."""
        if value is None:
            self.query("DELETE FROM notes WHERE name = ?", (name,))
        else:
            self.query("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, str(value)))

    def text(self, name: str) -> str | None:
        """Return the value that is kept under a name, as text."""
        row = self.query("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def number(self, name: str) -> int | None:
        """Return the number that is kept under a name."""
        text = self.text(name)
        return None if text is None else int(text)

    def sync_commits(self) -> None:
        """From now on, let no loss of power take a transaction: for work that moves files away."""
        self.query("PRAGMA synchronous = FULL")

    def rewrite(self) -> None:
        """Write the file anew, without what is left in it and in its log of rows that were deleted or changed.

        Raises `CatalogueError` where another program reads the file for longer than `PATIENCE`.
        """
        self.query("VACUUM")
        (is_busy, _, _) = self.query("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise CatalogueError(_locked(self._path), self._path)

    def check(self) -> None:
        """Read the whole file, and raise `CatalogueDamagedError` where its parts do not fit together."""
        answers = [row[0] for row in self.query("PRAGMA quick_check(1)")]
        if answers != ["ok"]:
            reason = " ".join(answers[0].split())
            raise CatalogueDamagedError(f"{self._path} is damaged ({reason}). {REBUILT}", self._path)

    def define(self, name: str, function: Callable[..., bool], arguments: int) -> None:
        """Let statements use a function of Python by this name."""
        with self._errors():
            self._database.create_function(name, arguments, function, deterministic=True)


def _locked(path: Path) -> str:
    return f"{path} is locked. Another program has it open: close that, and run the same command again."


def _address_for_reading(path: Path) -> str:
    # Without a log beside it the file is all there is, and SQLite is told so, or it would make one.
    is_all = not path.with_name(f"{path.name}-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_all else ''}"
