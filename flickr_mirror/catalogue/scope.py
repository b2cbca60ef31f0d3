"""Which photos of a catalogue a run works on: those of a stretch of upload time, and no more than so many."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.models.intervals import Interval


class Scope:
    """The photos that a run works on; at first all of them.

    A part of the catalogue, like which it blocks. `window` and `open` are conditions on rows of `photos`: of all
    that the run is for, and of what it may still take.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._most: int | None = None
        self.window = "TRUE"
        self.begun = 0
        """How many photos were given out, where their number is limited."""

    def restrict(self, window: Interval | None, most: int | None) -> None:
        """From now on, take only what was uploaded in these seconds, and no more than `most` photos.

        Raises `CatalogueError` or `CacheFullError` where SQLite fails.
        """
        self._most = most
        if window is not None:
            self.window = f"uploaded BETWEEN {window.low} AND {window.high}"
        if most is not None:
            self._database.query("PRAGMA temp_store = MEMORY")
            self._database.query("CREATE TEMP TABLE begun (id INTEGER PRIMARY KEY)")

    @property
    def is_full(self) -> bool:
        """Whether no further photo may be begun."""
        return self._most is not None and self.begun >= self._most

    @property
    def open(self) -> str:
        """The photos that may be given out: once as many as allowed are begun, these only."""
        return f"{self.window} AND id IN (SELECT id FROM temp.begun)" if self.is_full else self.window

    def admit(self, photos: Iterable[StoredPhoto]) -> list[StoredPhoto]:
        """Return those that may be given out, and count them, each photo once."""
        return [stored for stored in photos if self._most is None or self._is_admitted(stored.photo.id)]

    def _is_admitted(self, photo_id: str) -> bool:
        if self.is_full:
            row = self._database.query("SELECT 1 FROM temp.begun WHERE id = ?", (photo_id,)).fetchone()
            return row is not None
        self.begun += self._database.query(
            "INSERT OR IGNORE INTO temp.begun VALUES (?)", (photo_id,)
        ).rowcount
        return True
