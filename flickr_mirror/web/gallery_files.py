"""The files of a gallery in a mirror, and the photos that its pages link, as `serve` serves them."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.web.gallery.state import STATE_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.web.photo_index import PhotoIndex

_NAME = re.compile(r"(?:[a-z0-9]+/){0,2}[A-Za-z0-9_-]+\.(?:html|css|js|jpg)")
_PHOTO = re.compile(r"(?:[0-9a-f]/)*([0-9a-f]{32})\.([a-z0-9]{2,5})")
FOLDER = "gallery"


class GalleryFiles:
    """Finds files by the paths of addresses below `prefix`, such as `/gallery/index.html`.

    A gallery that was built with photos that are not public is there only if the server shows these.
    """

    def __init__(self, index: PhotoIndex, prefix: str) -> None:
        self._index = index
        self._folder: Path = index.reader.folder / FOLDER
        self.prefix = prefix
        self._names: dict[str, int] = {}
        self._ids: object = None

    @property
    def address(self) -> str:
        """The path of the gallery's first page."""
        return f"{self.prefix}/{FOLDER}/"

    def is_there(self) -> bool:
        """Return whether there is a gallery that may be shown."""
        if not (self._folder / "index.html").is_file():
            return False
        try:
            uri = (self._folder / STATE_FILE).resolve().as_uri()
            with closing(sqlite3.connect(f"{uri}?mode=ro", uri=True)) as database:
                row = database.execute("SELECT value FROM notes WHERE name = 'private'").fetchone()
        except sqlite3.Error:  # a build is running, or it is not the folder of a gallery
            return False
        return row == ("0",) or self._index.shows_private

    def find(self, path: str) -> Path | None:
        """Return the file at a path; `None` if there is none, or if it may not be shown."""
        if not path.startswith(f"{self.prefix}/") or not self.is_there():
            return None
        name = path[len(self.prefix) + 1 :]
        if match := _PHOTO.fullmatch(name):
            file = self._photo(match[1], match[2])
        else:
            name = name.removeprefix(f"{FOLDER}/") if name.startswith(f"{FOLDER}/") else "-"
            file = self._folder / (name or "index.html") if not name or _NAME.fullmatch(name) else None
        return file if file and file.is_file() and not file.is_symlink() else None

    def _photo(self, number: str, extension: str) -> Path | None:
        ids = self._index.ids()
        if ids != self._ids:
            self._names = {inventory_number(str(photo_id)): photo_id for photo_id in ids}
            self._ids = ids
        photo = self._index.photo(str(self._names.get(number, "")))
        files = photo.files if photo else ()
        return next(
            (
                file.path
                for file in files
                if file.kind != "info" and file.path.name == f"{number}.{extension}"
            ),
            None,
        )
