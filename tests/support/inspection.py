"""Checks the files of a run after any end: are they complete, and as the catalogue states?"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.rows import Status
from flickr_mirror.export.description.describe import NAMES
from flickr_mirror.models.identifiers import inventory_number
from tests.support.canary import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flickr_mirror.simulator import SimulatedFlickr

STATE = ".flickr_mirror"
STATE_FILES = {
    "lock",
    "lock.json",
    "last-run.json",
    "owner.json",
    "catalogue.sqlite",
    "catalogue.sqlite-wal",
    "catalogue.sqlite-shm",
    "description.json",
    "search.sqlite",
    "search.sqlite-wal",
    "search.sqlite-shm",
    "search.sqlite-journal",
}


class Inspector:
    """Checks the invariants of a mirror in `root` after each run; unchanged files are not read again.

    A file that was complete once must not be fetched again.

    `home` is the home folder of the runs, which has only the ledger of calls.
    """

    def __init__(self, flickr: SimulatedFlickr, root: Path, home: Path) -> None:
        self.flickr = flickr
        self.stream = flickr.streams[0]
        self.root = root
        self.home = home
        self.found: Counter[str] = Counter()
        """The counts of other findings: partial files, unrecorded files, and so on."""
        self._seen: dict[Path, tuple[int, int, int]] = {}
        self._images: set[str] = set()
        self._digests: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._levels: dict[str, int] = {}
        self._ids: dict[str, str] = {}
        self._requests: dict[str, int] = {}

    def check(self, *texts: str) -> None:
        """Check all files, and that the key is in none of the `texts`, the output of the run."""
        for text in texts:
            assert not any(word in text for word in FORBIDDEN), text
        for photo_id in self.stream.ids:
            self._ids.setdefault(inventory_number(photo_id), photo_id)
        parts = 0
        for path in _files(self.root):
            parts += path.suffix == ".part"
            if self._is_news(path):
                self._check_file(path)
        for path in _files(self.home):
            assert path.relative_to(self.home).parts[:2] == (".flickr", "api_calls"), path
        for photo_id in self._images:
            asked = self.flickr.requests[photo_id]
            assert self._requests.setdefault(photo_id, asked) == asked, (
                f"photo {photo_id} is fetched once more"
            )
        self.found["parts"] += parts
        self.found["runs that left parts"] += parts > 0
        self._check_catalogue()

    def _is_news(self, path: Path) -> bool:
        status = path.lstat()
        mark = (status.st_ino, status.st_mtime_ns, status.st_size)
        is_news = self._seen.get(path) != mark
        self._seen[path] = mark
        return is_news

    def _check_file(self, path: Path) -> None:
        data = path.read_bytes()
        assert not any(word.encode() in data for word in FORBIDDEN), path
        assert not path.is_symlink()
        assert not path.stat().st_mode & 0o111, f"{path} can be executed"
        folder, *below = path.relative_to(self.root).parts
        assert folder == self.stream.username, path
        if below[0] == STATE:
            assert path.suffix == ".part" or (below[1] in STATE_FILES and len(below) == 2), path
            if path.suffix == ".json":
                json.loads(data)
            return
        if len(below) == 1 and below[0] in NAMES:  # the description of the mirror
            return
        photo_id = self._ids[path.stem]
        assert below[:-1] == list(path.stem[:4]), path
        if path.suffix == ".json":
            self._check_document(photo_id, json.loads(data))
            kind = "info"
        else:
            assert data == self.flickr.file(photo_id), f"{path} is not the image of photo {photo_id}"
            self._images.add(photo_id)
            kind = "image"
        self._digests[kind, photo_id] = (len(data), hashlib.sha256(data).digest())

    def _check_document(self, photo_id: str, document: dict[str, Any]) -> None:
        photo = self.stream.photo(photo_id)
        assert document["flickr"]["id"] == photo_id
        assert document["title"]["content"] == photo.title
        assert document.get("description", {"content": photo.description})["content"] == photo.description
        comments = [comment["content"] for comment in document.get("comments", [])]
        if "comments" in document:
            assert comments == [comment.text for comment in photo.comments], photo_id
        self._levels[photo_id] = 2 if "comments" in document else 1 if "description" in document else 0

    def _check_catalogue(self) -> None:
        """Read a copy, because opening it would recover a state that the next run must find."""
        original = self.root / self.stream.username / STATE / "catalogue.sqlite"
        if not original.exists():
            self.found["no catalogue yet"] += 1
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, original.name)
            for suffix in ("", "-wal", "-journal"):
                source = original.with_name(original.name + suffix)
                if source.exists():
                    shutil.copy(source, copy.with_name(copy.name + suffix))
            database = sqlite3.connect(copy)
            try:
                self._check_claims(database)
            finally:
                database.close()

    def _check_claims(self, database: sqlite3.Connection) -> None:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self.found["an empty catalogue"] += 1
            return
        noted = set()
        # a file to which details were being added may be newer than recorded
        known = (
            "SELECT kind, photo_id, bytes, sha256 FROM files WHERE NOT (kind = 'info'"
            " AND photo_id IN (SELECT photo_id FROM details WHERE status = 0))"
        )
        for kind, number, *facts in database.execute(known):
            place = kind, str(number)
            assert self._digests.get(place) == tuple(facts), f"{place} is not as noted"
            noted.add(place)
        query = "SELECT id, image_status, info_status, info_level FROM photos"
        for number, image, info, level in database.execute(query):
            if image == Status.DONE:
                assert ("image", str(number)) in noted, f"photo {number} is marked done without a file"
            if info == Status.DONE:
                assert self._levels[str(number)] >= level, f"photo {number} has a lower level than noted"
        unnoted = len(self._digests.keys() - noted)
        self.found["files not noted"] += unnoted
        self.found["runs that left files not noted"] += unnoted > 0


def _files(folder: Path) -> Iterator[Path]:
    for name, _, files in os.walk(folder):
        for file in files:
            yield Path(name, file)
