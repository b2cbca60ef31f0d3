"""The SQLite file of a catalogue: opening, schema, transactions, errors."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.schema import APPLICATION_ID, VERSION, upgrade
from flickr_mirror.errors import CacheError, CacheFullError, CatalogueDamagedError, CatalogueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

BUSY_TIMEOUT = 60.0
"""So many seconds another program may hold the file up."""
BATCH = 200
"""Rows are read from SQLite in groups of this size."""
_DAMAGED = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,  # the tables or JSON texts are not those that the statement is for
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_TOOBIG,
}
_FAILING_DISK = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}


class Rows:
    """The rows that a statement returns. Reading them raises the same errors as the statement itself."""

    def __init__(self, cursor: sqlite3.Cursor, errors: Callable[[], AbstractContextManager[None]]) -> None:
        self._cursor = cursor
        self._errors = errors
        self.rowcount = cursor.rowcount
        """How many rows the statement changed."""

    def fetchone(self) -> Any:  # noqa: ANN401 - whatever a row holds
        """Return the next row, `None` after the last one."""
        with self._errors():
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        with self._errors():
            return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows that are left."""
        while rows := self._fetch_many():
            yield from rows

    def _fetch_many(self) -> list[Any]:
        with self._errors():
            return self._cursor.fetchmany(BATCH)


class Database:
    """An open catalogue file. Every method raises a `CacheError` where SQLite fails.

    Where the file is not what it was, that is a `CatalogueDamagedError`.

    One that is opened `for_reading` changes nothing, not even beside the file, and may be used while a run works.

    The photos' state stands apart from their texts, so that marking a photo rewrites a short row, and
    counting reads few pages.
    """

    def __init__(self, path: Path, *, for_reading: bool = False) -> None:
        self._path = path
        self.is_damaged = False
        """Whether something was read that was not as it was written."""
        with self._errors():
            self._database = sqlite3.connect(
                _address_for_reading(path) if for_reading else path,
                isolation_level=None,
                check_same_thread=False,
                timeout=BUSY_TIMEOUT,
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
            self._check_header()
            if not for_reading:
                (mode,) = query("PRAGMA journal_mode = WAL").fetchone()
                # A commit lost with the power costs no photo: its file is found whole and adopted. Where the file
                # system cannot share memory, there is no WAL, and without it only a full sync keeps the file whole.
                query(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
            (application,) = query("PRAGMA application_id").fetchone()
            (version,) = query("PRAGMA user_version").fetchone()
            is_new = (application, version) == (0, 0) and not query("SELECT 1 FROM sqlite_master").fetchone()
            if application != APPLICATION_ID and not is_new:
                raise self.damaged("it is no catalogue")
            if version > VERSION:
                raise CatalogueError(
                    f"{self._path} has version {version}, and this program knows {VERSION}: update it. If no newer "
                    "version was used here, the number is damaged: run `mirror_flickr check --rebuild`.",
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
        except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes damaged texts in its answers
            code = getattr(error, "sqlite_errorcode", 0)
            if code == sqlite3.SQLITE_FULL:
                raise CacheFullError(
                    f"{self._path}: the disk is full. Make room and run the same command again.", self._path
                ) from error
            # a text in a row that is not UTF-8 has no code
            is_no_text = code == 0 and isinstance(error, (sqlite3.OperationalError, UnicodeDecodeError))
            if code & 0xFF in _DAMAGED or is_no_text:  # the higher bits tell what of it
                raise self.damaged(str(error)) from error
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

    def damaged(self, reason: str) -> CatalogueDamagedError:
        """Return the error that says that the file is not as it was written, and note that."""
        self.is_damaged = True
        return CatalogueDamagedError(
            f"{self._path} is damaged ({' '.join(reason.split())}). The next run of the mirror rebuilds it from "
            "the files.",
            self._path,
        )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn a `ValueError` for a value that cannot be read into a `CatalogueDamagedError`."""
        try:
            yield
        except ValueError as error:
            raise self.damaged(str(error)) from error

    @contextmanager
    def transaction(self, *, for_reading: bool = False) -> Iterator[None]:
        """Do all that is called inside as one step, or nothing of it; `for_reading`, see nothing change meanwhile."""
        with self._errors():
            self._database.execute("BEGIN" if for_reading else "BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full or failing disk has made SQLite do so by itself
                    self._database.execute("ROLLBACK")
                raise

    def query(self, sql: str, parameters: Iterable[object] = ()) -> Rows:
        """Run one statement."""
        with self._errors():
            return Rows(self._database.execute(sql, tuple(parameters)), self._errors)

    def query_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> int:
        """Run one statement for each row; return how many rows of the file were changed."""
        with self._errors():
            before = self._database.total_changes
            self._database.executemany(sql, rows)
            return self._database.total_changes - before

    def set_note(self, name: str, value: object) -> None:
        """Keep a value under a name; `None` forgets it."""
        if value is None:
            self.query("DELETE FROM notes WHERE name = ?", (name,))
        else:
            self.query("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, str(value)))

    def get_note(self, name: str) -> str | None:
        """Return the value that is kept under a name, as text."""
        row = self.query("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def get_number(self, name: str) -> int | None:
        """Return the number that is kept under a name."""
        text = self.get_note(name)
        with self.reading():
            return None if text is None else int(text)

    def sync_commits(self) -> None:
        """From now on, let no loss of power take a transaction: for work that moves files away."""
        self.query("PRAGMA synchronous = FULL")

    def vacuum(self) -> None:
        """Write the file anew, without what is left in it and in its log of rows that were deleted or changed.

        Raises `CatalogueError` where another program reads the file for longer than `BUSY_TIMEOUT`.
        """
        self.query("VACUUM")
        (is_busy, _, _) = self.query("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise CatalogueError(_locked(self._path), self._path)

    def check_structure(self) -> None:
        """Read the whole file, and raise `CatalogueDamagedError` where its parts do not fit together."""
        (answer,) = self.query("PRAGMA integrity_check(1)").fetchone()
        if answer != "ok":
            raise self.damaged(answer)

    def _check_header(self) -> None:
        # SQLite opens a file of an unknown format all the same, for reading only; what fails here fails there, too
        with suppress(OSError), self._path.open("rb") as file:
            header = file.read(20)
            if len(header) == 20 and not {header[18], header[19]} <= {1, 2}:
                raise self.damaged("its header has an unknown format")

    def create_function(self, name: str, function: Callable[..., bool], arguments: int) -> None:
        """Let statements use a function of Python by this name."""
        with self._errors():
            self._database.create_function(name, arguments, function, deterministic=True)


def _locked(path: Path) -> str:
    return f"{path} is locked. Another program has it open: close that, and run the same command again."


def _address_for_reading(path: Path) -> str:
    # Without a log beside it the file is all there is, and SQLite is told so, or it would make one.
    is_all = not path.with_name(f"{path.name}-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_all else ''}"
