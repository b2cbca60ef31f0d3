"""Checks the values of a catalogue: their types, their ranges, their texts, and which rows belong together.

SQLite checks that its pages are consistent. It does not notice a status that does not exist, a text that is not UTF-8,
or facts that are not JSON.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.files import KINDS
from flickr_mirror.catalogue.row_encoding import read_facts, read_reduced, text_row
from flickr_mirror.catalogue.rows import Stale, Status
from flickr_mirror.catalogue.schema import tables
from flickr_mirror.models.job_kinds import DETAIL_KEYS, JobKind
from flickr_mirror.models.sizes import SizeEvidence

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import IntEnum

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.rows import StateRow
    from flickr_mirror.models.photos import FlickrPhoto

_NUMBERS = (
    "walks",
    "scanned",
    "scan_begun",
    "difference",
    "restored",
    "collections",
    "caller",
    "updates_since",
    "updates_listed",
)
"""The notes that are numbers. Those of a caller who was logged in have its bit after the name."""
_OTHER_TYPE = {"INTEGER": "{0} <> {0} | 0", "TEXT": "{0} < '' OR {0} >= x''", "BLOB": "{0} < x''"}
"""Conditions on values of another type than their column has: SQLite sorts numbers before texts before blobs."""
BATCH = 500


def _one_of(values: Iterable[str] | type[IntEnum]) -> str:
    return f"({', '.join(repr(str(v)) if isinstance(v, str) else str(int(v)) for v in values)})"


_TRIED = _one_of([Status.RETRY, Status.FAILED, Status.UNAVAILABLE])  # type: ignore[list-item]
_UNKNOWN = "caller NOT IN (SELECT bit FROM callers)"
_UNSOUND = {
    "photos": (
        "id NOT BETWEEN 1 AND 999999999999999999",
        f"image_status <> {int(Status.FORGOTTEN)} AND id NOT IN (SELECT id FROM listed)",
        "damaged NOT IN (0, 1)",
        "looks < 0",
        "video NOT IN (0, 1)",
        "seen < 0",
        "callers < 0 OR callers & ~(SELECT sum(bit) FROM callers)",
        "info_level NOT BETWEEN -1 AND 2",
        "revision < 0",
        "size_label IS NOT NULL AND (width IS NULL OR height IS NULL OR url IS NULL)",
        "width < 0",
        "height < 0",
        f"proof NOT IN {_one_of(SizeEvidence)}",
        f"stale & ~{sum(Stale)}",
        f"image_status NOT IN {_one_of(Status)}",
        f"info_status NOT IN {_one_of(Status)}",
        # a later run finds them by their failure
        f"image_status IN {_TRIED} AND id NOT IN (SELECT photo_id FROM failures WHERE job = 'image')",
        f"info_status IN {_TRIED} AND id NOT IN (SELECT photo_id FROM failures WHERE job = 'info')",
    ),
    "listed": ("id NOT IN (SELECT id FROM photos)",),
    "files": (
        "photo_id NOT IN (SELECT id FROM photos)",
        f"kind NOT IN {_one_of([*KINDS, 'broken'])}",
        "kind <> 'broken' AND (extension = '' OR extension GLOB '*[^a-z0-9]*')",
        "bytes < -1",
        "length(sha256) <> 32",
    ),
    "failures": ("photo_id NOT IN (SELECT id FROM photos)", f"job NOT IN {_one_of(JobKind)}", "runs < 0"),
    "forgotten": (f"photo_id IN (SELECT id FROM photos WHERE image_status <> {int(Status.FORGOTTEN)})",),
    "imported": ("photo_id NOT IN (SELECT id FROM photos)", "listed NOT IN (0, 1)"),
    "callers": ("bit < 1", "bit & bit - 1"),
    "coverage": ("scan NOT IN (0, 1)", "low > high", _UNKNOWN),
    "absences": (_UNKNOWN,),
    "shortfalls": ("low > high", _UNKNOWN, "missing < 0", "runs < 0"),
    "albums": ("id < 1", "cover < 1", "photos < 0", "videos < 0", "comments < 0", "missing < 0", "walks < 0"),
    "album_photos": ("album_id NOT IN (SELECT id FROM albums)", "position < 1", "photo_id < 1"),
    "collections": ("position < 1", "parent IS NOT NULL AND parent NOT IN (SELECT id FROM collections)"),
    "collection_albums": (
        "collection_id NOT IN (SELECT id FROM collections)",
        "position < 1",
        "album_id < 1",
    ),
    "details": (
        "photo_id NOT IN (SELECT id FROM photos)",
        f"kind NOT IN {_one_of(DETAIL_KEYS)}",
        f"status NOT IN {_one_of([Status.UNSETTLED, Status.PENDING, Status.DONE])} AND status NOT IN {_TRIED}",  # type: ignore[list-item]
        f"status IN {_TRIED} AND (photo_id, kind) NOT IN (SELECT photo_id, job FROM failures)",
        "count < 0",
    ),
}
"""Conditions that no row of a table may meet, besides those on the types of its columns."""


def check(database: Database) -> None:
    """Read a whole catalogue, and raise `CatalogueDamagedError` if a value is not as it was written.

    This takes about a second for 100,000 photos.
    """
    with database.transaction(for_reading=True):
        database.check_structure()
        if fault := _fault_of_tables(database) or _fault_of_facts(database) or _fault_of_notes(database):
            raise database.damaged(fault)


def _fault_of_tables(database: Database) -> str:
    for table, columns in tables().items():
        found = [(name, kind) for _, name, kind, *_ in database.query(f"PRAGMA table_info({table})")]
        if found != columns:
            return f"the table {table} has other columns"
        conditions = [_OTHER_TYPE[kind].format(name) for name, kind in columns]
        unsound = " OR ".join((*conditions, *_UNSOUND.get(table, ())))
        if database.query(f"SELECT 1 FROM {table} WHERE {unsound} LIMIT 1").fetchone():
            return f"the table {table} has a value that is not possible"
        texts = [name for name, kind in columns if kind == "TEXT" and table != "listed"]
        for _ in database.query(f"SELECT {', '.join(texts)} FROM {table}") if texts else ():
            pass  # reading decodes it
    return ""


def _fault_of_facts(database: Database) -> str:
    rows = iter(database.query("SELECT facts, title, description FROM listed"))
    try:
        while texts := [facts for facts, _, _ in islice(rows, BATCH)]:
            read_facts(texts)
        for (text,) in database.query("SELECT reduced FROM photos WHERE reduced IS NOT NULL"):
            read_reduced(text)
    except ValueError as error:
        return str(error)
    return ""


def _fault_of_notes(database: Database) -> str:
    for name, text in database.query("SELECT name, value FROM notes"):
        try:
            if name.partition(" ")[0] in _NUMBERS:
                int(text)
            elif name.startswith("check ") and not _is_position(*json.loads(text)):
                raise ValueError
        except (ValueError, TypeError, RecursionError):
            return f"the note {name!r} cannot be read"
    return ""


def _is_position(begun: Any, kind: Any, photo_id: Any, seen: Any, broken: Any, /) -> bool:  # noqa: ANN401
    """Return whether an interrupted check (see `engine.check`) can continue from these values."""
    return (
        all(type(number) is int for number in (begun, photo_id, seen))
        and isinstance(kind, str)
        and all([type(value) for value in found] == [str, str, str, str, bool] for found in broken)
    )


def can_be_stored(photo: FlickrPhoto, row: StateRow) -> bool:
    """Return whether a photo read from a sidecar can be stored in a catalogue."""
    try:
        values = (*text_row(photo), *row)
        read_facts([str(values[3])])
        for value in values:
            if isinstance(value, str):
                value.encode()
            elif isinstance(value, int) and abs(value) >= 1 << 63:
                return False
    except ValueError:
        return False
    return (row.width or 0) >= 0 and (row.height or 0) >= 0
