"""Reads the mirrored photos with their facts and files, for programs that use a mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flickr_mirror.catalogue.row_encoding import read_facts
from flickr_mirror.models.metadata import PhotoMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flickr_mirror.catalogue.database import Database

BATCH = 500
"""How many photos are decoded at once; SQLite accepts 999 parameters in a statement, and more since version 3.32."""
_FILES = (
    "(SELECT group_concat(kind || ' ' || extension || ' ' || bytes || ' ' || hex(sha256), ',') FROM files"
    " WHERE photo_id = id AND kind IN ('image', 'info', 'video') AND bytes >= 0)"
)
_COLUMNS = f"id, uploaded, title, description, facts, size_label, width, height, gone, {_FILES}"
_HAS_FILES = (
    "EXISTS (SELECT 1 FROM files WHERE photo_id = id AND kind IN ('image', 'info', 'video') AND bytes >= 0)"
)


class FileRow(NamedTuple):
    """A file of a photo: its kind (`image`, `info`, `video`), its extension, its bytes and their SHA-256 in hex."""

    kind: str
    extension: str
    bytes: int
    sha256: str


class ArchiveRow(NamedTuple):
    """A photo that has files; `width` and `height` are those of its image, `gone` is when it was found gone."""

    photo_id: str
    uploaded: int
    title: str
    description: str | None
    facts: PhotoMetadata
    size_label: str | None
    width: int | None
    height: int | None
    gone: int | None
    files: tuple[FileRow, ...]


class Archive:
    """Queries for the photos with files on disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.query

    def count(self) -> int:
        """Return how many photos have files."""
        (count,) = self._query(f"SELECT count(*) FROM photos WHERE {_HAS_FILES}").fetchone()
        return int(count)

    def photo_ids(self) -> list[int]:
        """Return the ids of the photos with files, newest upload first."""
        rows = self._query(f"SELECT id FROM photos WHERE {_HAS_FILES} ORDER BY uploaded DESC, id DESC")
        return [photo_id for (photo_id,) in rows]

    def uploads(self, *, public_only: bool) -> list[tuple[int, int]]:
        """Return the id and the upload time of the photos with files, newest first; only public ones on request.

        A photo that was listed before its privacy was recorded was public, because only public photos were listed.
        """
        where = "AND ifnull(json_extract(facts, '$.privacy'), 'public') = 'public'" if public_only else ""
        return self._query(
            f"SELECT id, uploaded FROM photos JOIN listed USING (id) WHERE {_HAS_FILES} {where}"
            " ORDER BY uploaded DESC, id DESC"
        ).fetchall()

    def private_ids(self) -> list[int]:
        """Return the ids of the photos that not everyone may see, with or without files."""
        rows = self._query(
            "SELECT id FROM listed WHERE ifnull(json_extract(facts, '$.privacy'), 'public') <> 'public'"
        )
        return [photo_id for (photo_id,) in rows]

    def video_ids(self) -> list[int]:
        """Return the ids of the videos."""
        return [photo_id for (photo_id,) in self._query("SELECT id FROM photos WHERE video")]

    def photos(self, photo_ids: Sequence[int]) -> Iterator[ArchiveRow]:
        """Yield the photos with these ids, in this order, without those that have no files."""
        for start in range(0, len(photo_ids), BATCH):
            batch = photo_ids[start : start + BATCH]
            marks = ",".join("?" * len(batch))
            rows = self._query(
                f"SELECT {_COLUMNS} FROM photos JOIN listed USING (id) WHERE id IN ({marks})", batch
            ).fetchall()
            found = {row.photo_id: row for row in self._read(rows) if row.files}
            yield from (found[str(photo_id)] for photo_id in batch if str(photo_id) in found)

    def _read(self, rows: list[tuple[Any, ...]]) -> Iterator[ArchiveRow]:
        with self._database.reading():
            facts = read_facts([row[4] for row in rows])
        for row, values in zip(rows, facts, strict=True):
            photo_id, uploaded, title, description, _, label, width, height, gone, files = row
            yield ArchiveRow(
                str(photo_id),
                uploaded,
                title,
                description,
                PhotoMetadata(**values),
                label,
                width,
                height,
                gone,
                tuple(_file(text) for text in (files or "").split(",") if text),
            )

    def sidecar_hashes(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield the id of each photo with files, and the SHA-256 of its sidecar; `None` if it has none."""
        # two scans of the primary key take half as long as a subquery for each photo
        yield from self._query("SELECT photo_id, sha256 FROM files WHERE kind = 'info' AND bytes >= 0")
        yield from self._query(
            "SELECT DISTINCT photo_id, NULL FROM files AS media WHERE kind IN ('image', 'video') AND bytes >= 0"
            " AND NOT EXISTS (SELECT 1 FROM files WHERE kind = 'info' AND photo_id = media.photo_id AND bytes >= 0)"
        )

    def files(self) -> Iterator[tuple[int, str, str, bytes]]:
        """Yield the photo, kind, extension and SHA-256 of each file of `photos`."""
        yield from self._query(
            "SELECT photo_id, kind, extension, sha256 FROM files"
            " WHERE kind IN ('image', 'info', 'video') AND bytes >= 0"
        )

    def count_gone(self) -> int:
        """Return how many photos with files are gone from Flickr."""
        (count,) = self._query(
            f"SELECT count(*) FROM photos WHERE gone IS NOT NULL AND {_HAS_FILES}"
        ).fetchone()
        return int(count)

    def count_licenses(self) -> dict[str, int]:
        """Return how many photos with files have each licence, by its number; empty if it is not known."""
        return dict(
            self._query(
                "SELECT ifnull(json_extract(facts, '$.license'), ''), count(*) FROM photos JOIN listed USING (id)"
                f" WHERE {_HAS_FILES} GROUP BY 1"
            )
        )


def _file(text: str) -> FileRow:
    kind, extension, size, sha256 = text.split(" ")
    return FileRow(kind, extension, int(size), sha256.lower())
