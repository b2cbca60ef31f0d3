"""The rows of photos: inserted and updated as listings show them, or restored from sidecars."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.catalogue.changes import Change, State, refresh
from flickr_mirror.catalogue.row_encoding import STORED, reduced_text, stored_photo, text_row
from flickr_mirror.catalogue.rows import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flickr_mirror.catalogue.callers import Callers
    from flickr_mirror.catalogue.changes import Refresh
    from flickr_mirror.catalogue.database import Database
    from flickr_mirror.catalogue.details import Details
    from flickr_mirror.catalogue.files import Files
    from flickr_mirror.catalogue.rows import RestoredPhoto, StateRow, StoredPhoto
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.users import FlickrUser


class KnownPhoto(NamedTuple):
    """A photo that was listed before, with the state of its row."""

    stored: StoredPhoto
    state: State


class PhotoRows:
    """Writes the tables `photos` and `listed`. Call its methods inside of a transaction, except `restore`."""

    def __init__(self, database: Database, callers: Callers, files: Files, details: Details) -> None:
        self._database = database
        self._callers = callers
        self._query = database.query
        self._files = files
        self._details = details

    def known(self, ids: Collection[int]) -> dict[int, KnownPhoto]:
        """Return those of some photos that were listed before, by their ids."""
        marks = ", ".join("?" * len(ids))
        rows = self._query(
            f"SELECT {STORED}, uploaded, image_status, info_status, gone IS NOT NULL FROM photos"
            f" JOIN listed USING (id) WHERE id IN ({marks})",
            ids,
        ).fetchall()
        found = {}
        with self._database.reading():
            for *columns, uploaded, image_status, info_status, is_gone in rows:
                stored = stored_photo(tuple(columns))
                state = State(
                    uploaded, Status(image_status), Status(info_status), stored.stale, bool(is_gone)
                )
                found[int(columns[0])] = KnownPhoto(stored, state)
        return found

    def insert(self, photos: Mapping[int, FlickrPhoto], rows: Mapping[int, StateRow]) -> None:
        """Insert photos that were never listed, with their `rows` by id. They are not listed for any caller yet."""
        self._database.query_many(
            "INSERT INTO photos (id, uploaded, video, size_label, width, height, url, proof, image_status,"
            " info_status, callers) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            rows.values(),
        )
        self._database.query_many(
            "INSERT INTO listed VALUES (?, ?, ?, ?)", [text_row(photo) for photo in photos.values()]
        )

    def refresh(
        self, known: KnownPhoto, photo: FlickrPhoto, row: StateRow, *, comments: bool, scanning: bool
    ) -> Refresh:
        """Update a photo that is listed again, put what changed on the work list, and return what that is.

        `row` is the row that the photo would get if it were new. `comments` and `scanning` are as in
        `changes.refresh`.
        """
        stored, state = known
        result = refresh(stored, state, photo, row, comments=comments, scanning=scanning)
        if result.state == state and _listed(photo) == _listed(stored.photo):
            return result
        self._query(
            "UPDATE listed SET title = ?, description = ?, facts = ? WHERE id = ?",
            (*text_row(photo)[1:], photo.id),
        )
        if result.state == state and not result.change and not result.has_more and not result.takes_size:
            return result  # only volatile facts differ, of which a full scan finds some in nearly every photo
        self._query(
            "UPDATE photos SET uploaded = ?, image_status = ?, info_status = ?, stale = ?, gone = NULL,"
            " revision = revision + ? WHERE id = ?",
            (
                result.state.uploaded,
                result.state.image_status,
                result.state.info_status,
                result.state.stale,
                bool(result.change or result.has_more),
                photo.id,
            ),
        )
        if Change.IMAGE in result.change:
            self._files.clear_replacements(photo.id)
        if result.takes_size:
            self._query(
                "UPDATE photos SET video = ?, size_label = ?, width = ?, height = ?, url = ?, proof = ?"
                " WHERE id = ?",
                (*row[2:8], photo.id),
            )
        return result

    def restore(self, photos: Collection[RestoredPhoto]) -> None:
        """Insert photos as their files on disk describe them, in one transaction; known photos stay as they are."""
        found = {int(restored.photo.id): restored for restored in photos}
        with self._database.transaction():
            for key in self.known(found):
                del found[key]
            self.insert(
                {key: restored.photo for key, restored in found.items()},
                {key: restored.row for key, restored in found.items()},
            )
            self._callers.restore([restored.photo for restored in found.values()])
            self._database.query_many(
                "UPDATE photos SET info_level = ?, reduced = ? WHERE id = ?",
                [
                    (restored.info_level, reduced_text(restored.reduced), key)
                    for key, restored in found.items()
                ],
            )
            for restored in found.values():
                for file in restored.files:
                    self._files.put(restored.photo.id, file)
                self._details.restore(restored.photo.id, restored.details)

    def end_restoring(self, owner: FlickrUser) -> None:
        """Record that everything on disk is restored; the photos are of `owner`."""
        with self._database.transaction():
            self._callers.end_restoring(owner)
            self._database.set_note("restored", 1)


def _listed(photo: FlickrPhoto) -> tuple[object, ...]:
    return photo.raw_title, photo.raw_description, photo.facts
