"""The tables of the catalogue, and the numbered migrations from each version to the next.

To change the tables (see docs/decisions/0003-numbered-migrations-of-the-catalogue.md):

1. Append one string of SQL statements to `_MIGRATIONS`, without BEGIN or COMMIT, with a comment that names the version
   and its purpose. `VERSION` counts the strings. Edit an existing string only if its version was never released.
2. Give new columns a DEFAULT, or fill them by UPDATE, so that a row of an older version is complete afterwards.
   `ALTER TABLE ... ADD COLUMN` appends, so use column names, never positions, in statements on that table.
3. Add conditions for new columns to `_UNSOUND` in `value_checks`: values that a row can never have.
4. Run `python docs/generate.py`, which writes the tables to docs/reference/catalogue.md.
5. Store a small mirror written by the last released version as tests/data/mirror_of_version_N.tar.gz, and run the
   tests in tests/integration/test_stored_mirrors.py on it: they upgrade, continue and check it.

A catalogue is upgraded when a run opens it to write. Commands that only read, such as `status`, upgrade a temporary
copy. A catalogue of a later version is refused.
"""

from __future__ import annotations

import sqlite3
from functools import cache

APPLICATION_ID = 0x464C4D52  # "FLMR": marks a catalogue among SQLite files

_MIGRATIONS = (
    # Version 1
    """
CREATE TABLE photos (
    id INTEGER PRIMARY KEY,
    uploaded INTEGER NOT NULL,
    video INTEGER NOT NULL,
    size_label TEXT, width INTEGER, height INTEGER, url TEXT,
    proof INTEGER NOT NULL,
    image_status INTEGER NOT NULL,
    info_status INTEGER NOT NULL,
    info_level INTEGER NOT NULL DEFAULT -1,
    revision INTEGER NOT NULL DEFAULT 0,
    stale INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL DEFAULT 0,
    gone INTEGER
);
CREATE INDEX images_to_ask ON photos (uploaded, id) WHERE image_status = 0;
CREATE INDEX images_to_fetch ON photos (uploaded, id) WHERE image_status = 1;
CREATE INDEX infos_to_write ON photos (uploaded, id) WHERE info_status = 1;
CREATE INDEX images_not_ready ON photos (id) WHERE image_status = 6;
CREATE INDEX comments_stale ON photos (id) WHERE stale & 1;
CREATE INDEX gone_photos ON photos (id) WHERE gone IS NOT NULL;
CREATE TABLE listed (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT,
    facts TEXT NOT NULL
);
CREATE TABLE files (
    photo_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    extension TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (kind, photo_id)
) WITHOUT ROWID;
CREATE TABLE failures (
    photo_id INTEGER NOT NULL,
    job TEXT NOT NULL,
    reason TEXT NOT NULL,
    runs INTEGER NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (photo_id, job)
) WITHOUT ROWID;
CREATE TABLE coverage (
    scan INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (scan, low)
) WITHOUT ROWID;
CREATE TABLE shortfalls (
    low INTEGER PRIMARY KEY,
    high INTEGER NOT NULL,
    missing INTEGER,
    runs INTEGER NOT NULL,
    run INTEGER NOT NULL
);
CREATE TABLE size_evidence (
    label TEXT PRIMARY KEY,
    listed INTEGER NOT NULL DEFAULT 0,
    confirmed INTEGER NOT NULL DEFAULT 0,
    contradicted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
""",
    # Version 2: absent photos, which a full scan did not list and which are not verified yet; the surplus that a full
    # scan left unexplained becomes a shortfall without a place; forgotten photos; photos that are mirrored damaged or
    # in a reduced size; the hashes of files that are about to replace others
    """
CREATE TABLE absences (photo_id INTEGER PRIMARY KEY, since INTEGER NOT NULL);
INSERT INTO shortfalls SELECT -1, -1, CAST(value AS INTEGER), 3, 0 FROM notes WHERE name = 'surplus' AND value > 0;
DELETE FROM notes WHERE name = 'surplus';
CREATE TABLE forgotten (photo_id INTEGER PRIMARY KEY, uploaded INTEGER, since INTEGER NOT NULL);
ALTER TABLE photos ADD COLUMN reduced TEXT;
ALTER TABLE photos ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN look_again INTEGER;
CREATE INDEX second_looks ON photos (look_again) WHERE look_again IS NOT NULL;
UPDATE photos SET damaged = 1, looks = 1, look_again = 0
    WHERE id IN (SELECT photo_id FROM files WHERE kind = 'image' AND note <> '');
CREATE TABLE arrivals (
    photo_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (photo_id, kind)
) WITHOUT ROWID;
""",
    # Version 3: no other tables. The facts in `listed` have names that version 2 would take for damage
    "",
    # Version 4: the callers that a mirror was listed as; coverage, shortfalls and absences of each of them. Until now
    # there were only visitors (1)
    """
CREATE TABLE callers (bit INTEGER PRIMARY KEY, nsid TEXT NOT NULL, username TEXT NOT NULL);
INSERT INTO callers VALUES (1, '', '');
ALTER TABLE photos ADD COLUMN callers INTEGER NOT NULL DEFAULT 1;
ALTER TABLE coverage RENAME TO coverage_of_visitors;
CREATE TABLE coverage (
    caller INTEGER NOT NULL,
    scan INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (caller, scan, low)
) WITHOUT ROWID;
INSERT INTO coverage SELECT 1, scan, low, high FROM coverage_of_visitors;
DROP TABLE coverage_of_visitors;
ALTER TABLE shortfalls RENAME TO shortfalls_of_visitors;
CREATE TABLE shortfalls (
    caller INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    missing INTEGER,
    runs INTEGER NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (caller, low)
) WITHOUT ROWID;
INSERT INTO shortfalls SELECT 1, low, high, missing, runs, run FROM shortfalls_of_visitors;
DROP TABLE shortfalls_of_visitors;
ALTER TABLE absences RENAME TO absences_of_visitors;
CREATE TABLE absences (
    caller INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (caller, photo_id)
) WITHOUT ROWID;
INSERT INTO absences SELECT 1, photo_id, since FROM absences_of_visitors;
DROP TABLE absences_of_visitors;
""",
    # Version 5: details of photos that need a call for each one (notes, faves, EXIF)
    """
CREATE TABLE details (
    photo_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status INTEGER NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,
    version TEXT,
    fetched INTEGER,
    PRIMARY KEY (photo_id, kind)
) WITHOUT ROWID;
CREATE INDEX details_to_fetch ON details (kind, photo_id) WHERE status < 2;
""",
    # Version 6: the albums of the account with their photos in order, and the collections that hold albums
    """
CREATE TABLE albums (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    cover INTEGER,
    created INTEGER,
    updated INTEGER,
    photos INTEGER NOT NULL,
    videos INTEGER NOT NULL,
    comments INTEGER NOT NULL,
    position INTEGER,
    comments_stored INTEGER,
    missing INTEGER NOT NULL,
    walks INTEGER NOT NULL,
    scan INTEGER,
    caller TEXT NOT NULL,
    gone INTEGER
);
CREATE TABLE album_photos (
    album_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    PRIMARY KEY (album_id, position)
) WITHOUT ROWID;
CREATE INDEX albums_of_photo ON album_photos (photo_id);
CREATE TABLE collections (
    id TEXT PRIMARY KEY,
    parent TEXT,
    position INTEGER NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE collection_albums (
    collection_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    album_id INTEGER NOT NULL,
    PRIMARY KEY (collection_id, position)
) WITHOUT ROWID;
""",
    # Version 7: the photos that an account export brought
    """
CREATE TABLE imported (
    photo_id INTEGER PRIMARY KEY,
    mark TEXT NOT NULL,
    outcome TEXT NOT NULL,
    listed INTEGER NOT NULL
);
""",
    # Version 8: the version marks of files in an object store
    """
ALTER TABLE files ADD COLUMN e_tag TEXT NOT NULL DEFAULT '';
""",
)
"""The statements from each version to the next. Those of a released version never change."""
VERSION = len(_MIGRATIONS)


def upgrade(database: sqlite3.Connection) -> None:
    """Upgrade a catalogue, empty or of an older version, to this version, in one transaction.

    Raises `sqlite3.Error` if that fails; the catalogue then stays as it was.
    """
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    statements = "".join(_MIGRATIONS[version:])
    try:
        database.executescript(
            f"BEGIN IMMEDIATE; {statements} PRAGMA application_id = {APPLICATION_ID};"
            f" PRAGMA user_version = {VERSION}; COMMIT;"
        )
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


@cache
def tables() -> dict[str, list[tuple[str, str]]]:
    """Return the names and types of the columns of each table of this version."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    upgrade(database)
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {
        table: [(name, kind) for _, name, kind, *_ in database.execute(f"PRAGMA table_info({table})")]
        for table in names
    }
    database.close()
    return found
