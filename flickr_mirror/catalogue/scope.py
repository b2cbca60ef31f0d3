"""Limits a run to a window of upload time, to the photos of an album, and to a number of photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.models.intervals import Interval


class Scope:
    """The photos that a run works on: those of its caller. All of them until the caller is set and it is restricted.

    `window` and `open` are SQL conditions on rows of `photos`: those in the window or the album, and those that may
    still be begun.
    """

    def __init__(self, database: Database, callers: Callers) -> None:
        self._database = database
        self._callers = callers
        self._most: int | None = None
        self._part = "TRUE"
        self.begun = 0
        """How many photos were begun, if their number is limited."""

    def restrict(self, window: Interval | None, most: int | None) -> None:
        """Limit the run to photos uploaded in a `window`, and to `most` photos; `None` sets no limit."""
        self._most = most
        self._part = f"uploaded BETWEEN {window.low} AND {window.high}" if window else "TRUE"
        if most is not None:
            self._database.query("PRAGMA temp_store = MEMORY")
            self._database.query("CREATE TEMP TABLE begun (id INTEGER PRIMARY KEY)")

    def restrict_to_album(self, album_id: str) -> None:
        """Limit the run to the photos of an album: those that are stored, and those that `add` names."""
        self._database.query("PRAGMA temp_store = MEMORY")
        self._database.query("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
        self._database.query(
            "INSERT OR IGNORE INTO temp.chosen SELECT photo_id FROM album_photos WHERE album_id = ?",
            (album_id,),
        )
        self._part = "id IN (SELECT id FROM temp.chosen)"

    def add(self, photo_ids: Iterable[str]) -> None:
        """Add photos to the album that the run is limited to."""
        self._database.query_many(
            "INSERT OR IGNORE INTO temp.chosen VALUES (?)", ((int(photo_id),) for photo_id in photo_ids)
        )

    @property
    def window(self) -> str:
        """The SQL condition for the caller's photos in the window or the album."""
        return f"{self._part} AND {self._callers.scope}"

    @property
    def is_full(self) -> bool:
        """Whether no more photos may be begun."""
        return self._most is not None and self.begun >= self._most

    @property
    def open(self) -> str:
        """The SQL condition for photos to work on: once the limit is reached, those already begun."""
        return f"{self.window} AND id IN (SELECT id FROM temp.begun)" if self.is_full else self.window

    def admit(self, photos: Iterable[StoredPhoto]) -> list[StoredPhoto]:
        """Return those of some photos that may be worked on, and count each as begun, once."""
        return [stored for stored in photos if self._most is None or self._is_admitted(stored.photo.id)]

    def _is_admitted(self, photo_id: str) -> bool:
        if self.is_full:
            row = self._database.query("SELECT 1 FROM temp.begun WHERE id = ?", (photo_id,)).fetchone()
            return row is not None
        self.begun += self._database.query(
            "INSERT OR IGNORE INTO temp.begun VALUES (?)", (photo_id,)
        ).rowcount
        return True
