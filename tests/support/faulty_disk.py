"""A disk that fails on demand, records its operations, and loses unsynced data.

`FaultyDisk` replaces `os` in `flickr_mirror.storage.filesystem` and `directories`, and `sqlite3` in
`flickr_mirror.catalogue.database`.
`PowerLoss` derives from its records the trees that a loss of power may leave.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections import defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue import database
from flickr_mirror.storage import directories, filesystem, group_committer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    import pytest

READING = ("SELECT", "PRAGMA synchronous", "PRAGMA application_id", "PRAGMA user_version", "ROLLBACK")


@dataclass(frozen=True, slots=True)
class Call:
    """An operation: `create`, `write`, `truncate`, `fsync`, `replace`, `unlink`, `mkdir`, `sync folder`, or, by
    SQLite, `statement` and `commit`. `file` numbers the files, `data` are the bytes (of a commit: the catalogue).
    """

    kind: str
    path: Path
    file: int = 0
    target: Path | None = None
    data: bytes = b""


@dataclass(slots=True)
class Fault:
    """A fault, and the number of the call that it hits (of one `kind`, if set).

    `number` is an errno; SQLite's statements fail with `code`, after which it may have rolled back by itself.
    A `short` write takes half of the bytes. A `lasting` fault also hits all later calls except `unlink`.
    """

    at: int
    number: int = 0
    code: int = sqlite3.SQLITE_FULL
    kind: str = ""
    short: bool = False
    lasting: bool = False
    rolls_back: bool = False
    hit: str = ""
    """The call that it hit."""


class FaultyDisk:
    """The disk of the product: every call that changes it is counted, recorded and possibly refused."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[Call] = []
        self.counted = 0
        """The number of calls that could have been refused."""
        self.fault: Fault | None = None
        self._turn = RLock()
        self._files: dict[int, tuple[Path, int]] = {}
        self._numbers = 0
        for module in (filesystem, directories):
            monkeypatch.setattr(module, "os", FaultyOs(self))
        monkeypatch.setattr(directories, "_durable", set())
        monkeypatch.setattr(group_committer, "MIN_PROCESS_GROUP", inf)  # another process is not observed
        monkeypatch.setattr(database, "sqlite3", _Sqlite(self))

    def reset(self, fault: Fault | None = None) -> None:
        """Clear the records, as in a new process, and set a fault."""
        self.calls.clear()
        self.counted = 0
        self.fault = fault
        directories._durable.clear()

    @property
    def kinds(self) -> list[str]:
        """The kinds of operations, in order."""
        return [call.kind for call in self.calls]

    @contextmanager
    def call(self, kind: str, path: Path, **more: Any) -> Iterator[None]:
        """Run an operation in this context, and record it afterwards."""
        with self._turn:
            self._is_hit(kind, path)
            yield
            self.calls.append(Call(kind, path, **more))

    def _is_hit(self, kind: str, path: Path) -> bool:
        fault = self.fault
        if fault is None or (fault.kind and kind != fault.kind):
            self.counted += not (fault and fault.kind)
            return False
        self.counted += 1
        if self.counted != fault.at and not (fault.lasting and fault.hit and kind != "unlink"):
            return False
        fault.hit = fault.hit or f"{kind} {path.name}"
        if fault.short and kind == "write" and self.counted == fault.at:
            return True
        if kind in {"statement", "commit"}:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = fault.code
            raise error
        raise OSError(fault.number, os.strerror(fault.number), str(path))

    def opened(self, descriptor: int, path: Path) -> int:
        """Record the file of a descriptor, and return the number of the file."""
        with self._turn:
            self._numbers += 1
            self._files[descriptor] = path, self._numbers
            return self._numbers

    def file(self, descriptor: int) -> tuple[Path, int]:
        """Return the path and the number of an open file."""
        return self._files[descriptor]


class FaultyOs:
    """The module `os`, observed."""

    def __init__(self, faulty: FaultyDisk) -> None:
        self._disk = faulty

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _path(self, path: str | Path, folder: int | None) -> Path:
        return Path(path) if folder is None else self._disk.file(folder)[0] / path

    def open(self, name: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        path = self._path(name, dir_fd)
        if not flags & os.O_CREAT:
            descriptor = os.open(name, flags, mode, dir_fd=dir_fd)
            self._disk.opened(descriptor, path)
            return descriptor
        with self._disk._turn, self._disk.call("create", path, file=self._disk._numbers + 1):
            descriptor = os.open(name, flags, mode, dir_fd=dir_fd)
            self._disk.opened(descriptor, path)
        return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        path, number = self._disk.file(descriptor)
        taken = bytes(data)
        with self._disk._turn:
            if self._disk._is_hit("write", path):
                taken = taken[: len(taken) // 2]
            written = os.write(descriptor, taken)
            self._disk.calls.append(Call("write", path, number, data=taken[:written]))
        return written

    def ftruncate(self, descriptor: int, size: int) -> None:
        path, number = self._disk.file(descriptor)
        assert size == 0
        with self._disk.call("truncate", path, file=number):
            os.ftruncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        path, number = self._disk.file(descriptor)
        kind = "sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "fsync"
        with self._disk.call(kind, path, file=number):
            os.fsync(descriptor)

    def replace(
        self, name: str, target: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> None:
        path, final = self._path(name, src_dir_fd), self._path(target, dst_dir_fd)
        with self._disk.call("replace", path, target=final):
            os.replace(name, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    def unlink(self, name: str, *, dir_fd: int | None = None) -> None:
        with self._disk.call("unlink", self._path(name, dir_fd)):
            os.unlink(name, dir_fd=dir_fd)

    def mkdir(self, name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        with self._disk.call("mkdir", self._path(name, dir_fd)):
            os.mkdir(name, mode, dir_fd=dir_fd)


class _Sqlite:
    """The module `sqlite3`, observed."""

    def __init__(self, faulty: FaultyDisk) -> None:
        self._disk = faulty

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)

    def connect(self, path: Path, **settings: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(path, factory=_Connection, **settings)
        connection.disk, connection.path = self._disk, Path(path)
        return connection


class _Connection(sqlite3.Connection):
    disk: FaultyDisk
    path: Path

    def _watch(self, sql: str, run: Callable[..., sqlite3.Cursor], *arguments: Any) -> sqlite3.Cursor:
        if sql.lstrip().startswith(READING):
            return run(sql, *arguments)
        ends = sql == "COMMIT"
        with self.disk._turn:
            try:
                self.disk._is_hit("commit" if ends else "statement", self.path)
            except sqlite3.OperationalError:
                if self.disk.fault and self.disk.fault.rolls_back and self.in_transaction:
                    super().execute("ROLLBACK")
                raise
            cursor = run(sql, *arguments)
            if not self.in_transaction:
                self.disk.calls.append(Call("commit", self.path, data=self.serialize()))
            return cursor

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        return self._watch(sql, super().execute, *arguments)

    def executemany(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        return self._watch(sql, super().executemany, *arguments)

    def executescript(self, sql: str) -> sqlite3.Cursor:
        return self._watch(sql, super().executescript)


def claims(catalogue: bytes) -> list[tuple[str, str, bytes | None]]:
    """Return the files that a catalogue claims: photo ids, extensions, and SHA-256 if known."""
    with closing(sqlite3.connect(":memory:")) as copy:
        copy.deserialize(
            catalogue[:18] + b"\1\1" + catalogue[20:]
        )  # a database in memory has no write-ahead log
        if not copy.execute("SELECT 1 FROM sqlite_master").fetchone():
            return []
        rows = copy.execute(
            "SELECT id, extension, sha256 FROM photos JOIN files ON photo_id = id"
            " WHERE kind IN ('image', 'video') AND image_status = 2"
            " UNION ALL SELECT id, 'json', sha256 FROM photos LEFT JOIN files ON photo_id = id AND kind = 'info'"
            " WHERE info_status = 2"
        ).fetchall()
    return [(str(photo_id), extension, sha256) for photo_id, extension, sha256 in rows]


class Choice:
    """The unsynced data that survive a loss of power: all of one kind, none, or a random part."""

    def __init__(
        self, name: str, *, names: bool = False, contents: bool = False, dice: Random | None = None
    ) -> None:
        self.name = name
        self._names = names
        self._contents = contents
        self._dice = dice

    def __repr__(self) -> str:
        return self.name

    def entry(self, states: list[int | None]) -> int | None:
        """Choose one of the states of a name; the first is the synced one, the last the latest one."""
        if self._dice:
            return self._dice.choice(states)
        return states[-1] if self._names else states[0]

    def content(self, synced: bytes, latest: bytes) -> bytes:
        """Choose the bytes of a file of which only `synced` is durable."""
        if self._dice and synced != latest:
            part = latest[: self._dice.randrange(len(latest) + 1)]
            return self._dice.choice([synced, latest, part, bytes(len(latest))])
        return latest if self._contents else synced


NOTHING_LEFT = Choice("no unsynced data are left")
NAMES_LEFT = Choice("names without their bytes", names=True)
BYTES_LEFT = Choice("bytes without their names", contents=True)
ALL_LEFT = Choice("everything is left", names=True, contents=True)

FOLDER = -1


class PowerLoss:
    """The possible states of a disk after a loss of power, by the strictest reading of POSIX.

    The bytes of a file are durable once the file was synced. Each name in a folder (of a file, of a folder, a
    deleted one) is durable once the folder was synced. Each other change may survive or not, independently.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: defaultdict[Path, defaultdict[str, list[int | None]]] = defaultdict(
            lambda: defaultdict(lambda: [None])
        )
        self._synced: dict[int, bytes] = {}
        self._latest: dict[int, bytes] = {}
        self.commits: list[bytes] = []
        """The catalogue after each of its commits."""

    def assume(self, tree: Path, *, synced: bool = False) -> None:
        """Start with the files and folders below `tree`."""
        for path in sorted(tree.rglob("*")):
            if path.is_dir():
                self._set(path, FOLDER)
            else:
                number = -2 - len(self._latest)
                self._latest[number] = path.read_bytes()
                self._synced[number] = self._latest[number] if synced else b""
                self._set(path, number)
        for names in self._names.values() if synced else ():
            for name, states in names.items():
                names[name] = states[-1:]

    def feed(self, call: Call) -> None:
        """Apply one call."""
        getattr(self, f"_{call.kind.replace(' ', '_')}")(call)

    def _set(self, path: Path, value: int | None) -> None:
        self._names[path.parent][path.name].append(value)

    def _create(self, call: Call) -> None:
        self._synced[call.file] = self._latest[call.file] = b""
        self._set(call.path, call.file)

    def _write(self, call: Call) -> None:
        self._latest[call.file] += call.data

    def _truncate(self, call: Call) -> None:
        self._latest[call.file] = b""

    def _fsync(self, call: Call) -> None:
        number = call.file
        if number not in self._latest:  # opened for reading
            found = self._names[call.path.parent][call.path.name][-1]
            if found is None:
                return
            number = found
        self._synced[number] = self._latest[number]

    def _replace(self, call: Call) -> None:
        assert call.target
        self._set(call.target, self._names[call.path.parent][call.path.name][-1])
        self._set(call.path, None)

    def _unlink(self, call: Call) -> None:
        self._set(call.path, None)

    def _mkdir(self, call: Call) -> None:
        self._set(call.path, FOLDER)

    def _sync_folder(self, call: Call) -> None:
        names = self._names[call.path]
        for name, states in names.items():
            names[name] = states[-1:]

    def _commit(self, call: Call) -> None:
        self.commits.append(call.data)

    def left(self, choice: Choice) -> dict[Path, bytes | None]:
        """Return the paths that are left, with their bytes; `None` stands for a folder."""
        found: dict[Path, bytes | None] = {}
        contents: dict[int, bytes] = {}
        folders = [self._root]
        while folders:
            folder = folders.pop()
            for name, states in self._names[folder].items():
                number = choice.entry(states)
                if number == FOLDER:
                    found[folder / name] = None
                    folders.append(folder / name)
                elif number is not None:
                    if number not in contents:
                        contents[number] = choice.content(self._synced[number], self._latest[number])
                    found[folder / name] = contents[number]
        return found
