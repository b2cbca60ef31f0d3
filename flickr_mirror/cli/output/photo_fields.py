"""The fields of a photo that `list` and `search` print, and their formats: table, tabs, CSV, JSON and paths."""

from __future__ import annotations

import csv
import io
import re
import shutil
from typing import TYPE_CHECKING, Any

from rich.cells import set_cell_size

from flickr_mirror.cli.output.summary import time_text
from flickr_mirror.cli.output.text import json_text
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flickr_mirror.reader.mirror_reader import ArchivedPhoto, MirrorReader
    from flickr_mirror.storage.mirror_folder import MirrorFolder

DEFAULT_FIELDS = ("id", "uploaded", "path", "url", "title")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
MIN_TITLE = 20
"""The least width of the title column; if there is less room, the table has no file column."""
_ID, _DAY, _GAP = 12, 10, 2

FIELDS: dict[str, Callable[[ArchivedPhoto, MirrorReader], Any]] = {
    "id": lambda photo, reader: photo.id,
    "uploaded": lambda photo, reader: time_text(photo.uploaded),
    "taken": lambda photo, reader: photo.taken,
    "path": lambda photo, reader: _paths(photo)[0],
    "url": lambda photo, reader: photo.url,
    "title": lambda photo, reader: photo.title,
    "description": lambda photo, reader: photo.description,
    "tags": lambda photo, reader: " ".join(photo.tags),
    "license": lambda photo, reader: photo.license.name,
    "license_url": lambda photo, reader: photo.license.url,
    "media": lambda photo, reader: photo.facts.media,
    "width": lambda photo, reader: photo.width,
    "height": lambda photo, reader: photo.height,
    "bytes": lambda photo, reader: sum(file.bytes for file in photo.files if file.kind != "info"),
    "sha256": lambda photo, reader: image.sha256 if (image := photo.file("image")) else None,
    "latitude": lambda photo, reader: photo.facts.latitude,
    "longitude": lambda photo, reader: photo.facts.longitude,
    "comments": lambda photo, reader: photo.facts.comment_count,
    "paths": lambda photo, reader: _paths(photo),
    "gone": lambda photo, reader: photo.gone is not None,
    "user": lambda photo, reader: reader.username,
    "owner": lambda photo, reader: reader.owner_of(photo).name,
}
"""The fields by name. Each returns a value for JSON; `None` is empty in text."""


def _paths(photo: ArchivedPhoto) -> list[str]:
    order = {"image": 0, "video": 1, "info": 2}
    return [str(file.path) for file in sorted(photo.files, key=lambda file: order[file.kind])]


def row_of(photo: ArchivedPhoto, reader: MirrorReader, fields: Sequence[str]) -> dict[str, Any]:
    """Return the values of some fields of a photo."""
    return {name: FIELDS[name](photo, reader) for name in fields}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def tabbed(row: dict[str, Any]) -> str:
    """Return a row as columns between tabs."""
    return "\t".join(plain(_text(value)) for value in row.values())


def csv_line(row: dict[str, Any]) -> str:
    """Return a row as CSV (RFC 4180), without the end of the line. A text that a spreadsheet would take for a formula
    begins with an apostrophe, and a control character, which a terminal would obey, is replaced."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([_safe(value) for value in row.values()])
    return buffer.getvalue()


def _safe(value: object) -> str:
    text = _CONTROLS.sub("\ufffd", _text(value))
    # https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{text}" if isinstance(value, str) and text[:1] in tuple("=+-@\t\r") else text


def json_line(row: dict[str, Any]) -> str:
    """Return a row as a line of JSON."""
    return json_text(row)


class Table:
    """Formats table rows as wide as the terminal: id, upload day, title, and the file if it fits."""

    def __init__(self, cache: MirrorFolder) -> None:
        self._folder = f"{cache.place}/"
        width = shutil.get_terminal_size().columns - 1
        left = width - _ID - _DAY - 2 * _GAP
        file = len(str(cache.path("1", "json").relative_to(cache.place)))
        lacking = MIN_TITLE + _GAP + file - left
        self._shows_file = lacking <= 0
        self.note = f" (files: in {width + 1 + lacking} columns or a pipe)" if lacking > 0 else ""
        self._title = max(left - (file + _GAP) * self._shows_file, 1)

    def __call__(self, row: dict[str, Any]) -> str:
        """Return the line for a row with the default fields."""
        title = set_cell_size(plain(row["title"]), self._title)
        file = row["path"].removeprefix(self._folder) if self._shows_file else ""
        return f"{row['id']:{_ID}}  {row['uploaded'][:_DAY]:{_DAY}}  {title}  {plain(file)}".rstrip()
