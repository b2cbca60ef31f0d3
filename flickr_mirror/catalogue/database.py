"""Opens the SQLite file of a catalogue, runs statements in transactions, and translates its errors."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.schema import APPLICATION_ID, VERSION, upgrade
from flickr_mirror.errors import CacheError, CacheFullError, CatalogueDamagedError, CatalogueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

BUSY_TIMEOUT = 60.0
"""How many seconds to wait while another program has the file locked."""
BATCH = 200
"""How many rows are read from SQLite at once."""
_DAMAGED = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,  # a table, a column or a JSON text is not what the statement expects
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_TOOBIG,
}
_FAILING_DISK = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}


class Rows:
    """The rows that a statement returns. Reading them raises the same errors as running the statement."""

    def __init__(self, cursor: sqlite3.Cursor, errors: Callable[[], AbstractContextManager[None]]) -> None:
        self._cursor = cursor
        self._errors = errors
        self.rowcount = cursor.rowcount
        """How many rows the statement changed."""

    def fetchone(self) -> Any:  # noqa: ANN401 - the type depends on the statement
        """Return the next row; `None` after the last one."""
        with self._errors():
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """Return the remaining rows."""
        with self._errors():
            return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        """Yield the remaining rows."""
        while rows := self._fetch_many():
            yield from rows

    def _fetch_many(self) -> list[Any]:
        with self._errors():
            return self._cursor.fetchmany(BATCH)


class Database:
    """An open catalogue file. Every method raises a `CacheError` if SQLite fails.

    If the file is not as it was written, the error is a `CatalogueDamagedError`.

    A file opened `for_reading` is not changed, nor is a file created beside it. It can be read while a run writes.

    The state of photos and their texts are two tables, so that marking a photo rewrites a short row, and counting
    reads few pages.
    """

    def __init__(self, path: Path, *, for_reading: bool = False) -> None:
        self._path = path
        self.is_damaged = False
        """Whether something was read that is not as it was written."""
        self.is_snapshot = for_reading and not _has_log(path)
        """Whether the file is read as it is now. Later writes are not seen, or only in part."""
        with self._errors():
            self._database = sqlite3.connect(
                _address_for_reading(path, is_snapshot=self.is_snapshot) if for_reading else path,
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
                # If a power loss undoes a commit, its files are found complete and adopted, so NORMAL loses no photo.
                # A file system without shared memory allows no WAL. Without WAL, only FULL keeps the file consistent.
                query(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
            (application,) = query("PRAGMA application_id").fetchone()
            (version,) = query("PRAGMA user_version").fetchone()
            is_new = (application, version) == (0, 0) and not query("SELECT 1 FROM sqlite_master").fetchone()
            if application != APPLICATION_ID and not is_new:
                raise self.damaged("it is not a catalogue")
            if version > VERSION:
                raise CatalogueError(
                    f"{self._path} has version {version}, and this program knows {VERSION}. Update the program. If no "
                    "newer version was used here, the number is damaged: run `mirror_flickr check --rebuild`.",
                    self._path,
                )
            if for_reading and version < VERSION:
                self._use_copy()
            upgrade(self._database)

    def _use_copy(self) -> None:
        """Continue on a temporary copy: reading an older catalogue must not change it."""
        with closing(self._database) as original:
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            original.backup(self._database)
        self.is_snapshot = True

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes damaged texts in its messages
            code = getattr(error, "sqlite_errorcode", 0)
            if code == sqlite3.SQLITE_FULL:
                raise CacheFullError(
                    f"{self._path}: the disk is full. Make room and run the same command again.", self._path
                ) from error
            # a text in a row that is not UTF-8 has no code
            is_no_text = code == 0 and isinstance(error, (sqlite3.OperationalError, UnicodeDecodeError))
            if code & 0xFF in _DAMAGED or is_no_text:  # the higher bits are details
                raise self.damaged(str(error)) from error
            if code & 0xFF == sqlite3.SQLITE_BUSY:
                raise CatalogueError(_locked(self._path), self._path) from error
            if code & 0xFF in _FAILING_DISK:
                raise CacheError(
                    f"{self._path}: {error}. Check that the disk is connected, intact, not full and writable, then run "
                    "the same command again.",
                    self._path,
                ) from error
            raise CatalogueError(
                f"{self._path} cannot be used ({error}). Check that it is yours and that no other program has it "
                "open, and run the same command again.",
                self._path,
            ) from error

    def damaged(self, reason: str) -> CatalogueDamagedError:
        """Return the error for a file that is not as it was written, and set `is_damaged`."""
        self.is_damaged = True
        return CatalogueDamagedError(
            f"{self._path} is damaged ({' '.join(reason.split())}). The next run of the mirror rebuilds it from "
            "the files.",
            self._path,
        )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Translate a `ValueError`, raised for a value that cannot be decoded, to a `CatalogueDamagedError`."""
        try:
            yield
        except ValueError as error:
            raise self.damaged(str(error)) from error

    @contextmanager
    def transaction(self, *, for_reading: bool = False) -> Iterator[None]:
        """Commit all changes made inside, or none; `for_reading`, see the file as it is at the first statement."""
        with self._errors():
            self._database.execute("BEGIN" if for_reading else "BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite rolls back by itself on a full or failing disk
                    self._database.execute("ROLLBACK")
                raise

    def query(self, sql: str, parameters: Iterable[object] = ()) -> Rows:
        """Run one statement."""
        with self._errors():
            return Rows(self._database.execute(sql, tuple(parameters)), self._errors)

    def query_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> int:
        """Run one statement for each row of parameters; return how many rows it changed in all."""
        with self._errors():
            before = self._database.total_changes
            self._database.executemany(sql, rows)
            return self._database.total_changes - before

    def set_note(self, name: str, value: object) -> None:
        """Store a value under a name; `None` deletes it."""
        if value is None:
            self.query("DELETE FROM notes WHERE name = ?", (name,))
        else:
            self.query("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, str(value)))

    def get_note(self, name: str) -> str | None:
        """Return the value stored under a name, as text; `None` if there is none."""
        row = self.query("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def get_number(self, name: str) -> int | None:
        """Return the number stored under a name; `None` if there is none."""
        text = self.get_note(name)
        with self.reading():
            return None if text is None else int(text)

    def sync_commits(self) -> None:
        """Sync each commit from now on, so that a power loss undoes none: for work that moves files away."""
        self.query("PRAGMA synchronous = FULL")

    def vacuum(self) -> None:
        """Rewrite the file without the remains of deleted and changed rows, also in its write-ahead log.

        Raises `CatalogueError` if another program reads the file for longer than `BUSY_TIMEOUT`.
        """
        self.query("VACUUM")
        (is_busy, _, _) = self.query("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise CatalogueError(_locked(self._path), self._path)

    def copy_to(self, path: Path) -> None:
        """Write a copy of the file as it is now, without free pages and without a write-ahead log."""
        self.query("VACUUM INTO ?", (str(path),))

    def check_structure(self) -> None:
        """Read the whole file, and raise `CatalogueDamagedError` if SQLite finds an inconsistency."""
        (answer,) = self.query("PRAGMA integrity_check(1)").fetchone()
        if answer != "ok":
            raise self.damaged(answer)

    def _check_header(self) -> None:
        # SQLite opens a file of an unknown format without an error, read-only. An `OSError` here will fail there, too.
        with suppress(OSError), self._path.open("rb") as file:
            header = file.read(20)
            if len(header) == 20 and not {header[18], header[19]} <= {1, 2}:
                raise self.damaged("its header has an unknown format")

    def create_function(self, name: str, function: Callable[..., bool], arguments: int) -> None:
        """Make a Python function available to statements under a name."""
        with self._errors():
            self._database.create_function(name, arguments, function, deterministic=True)


def _locked(path: Path) -> str:
    return (
        f"{path} is locked. Another program has it open: close that program, and run the same command again."
    )


def _address_for_reading(path: Path, *, is_snapshot: bool) -> str:
    # Without a write-ahead log the file is complete. `immutable` keeps SQLite from creating a log.
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_snapshot else ''}"


def _has_log(path: Path) -> bool:
    return path.with_name(f"{path.name}-wal").exists()
