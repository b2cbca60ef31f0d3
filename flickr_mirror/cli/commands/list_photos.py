"""`mirror_flickr list`: the mirrored photos as a table on a terminal, as tab-separated columns or JSON elsewhere."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

from rich.cells import set_cell_size

from flickr_mirror.cli.commands.status import open_catalogue
from flickr_mirror.cli.output.summary import time_text
from flickr_mirror.cli.output.text import json_text, name_text
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_lookup import get_mirror
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.storage.mirror_folder import MirrorFolder

COLUMNS = ("id", "uploaded", "path", "url", "title")
_ID, _DAY, _GAP = 12, 10, 2
MIN_TITLE = 20
"""The least width of the title column; if there is less room, the table has no file column."""


def list_photos(root: Path, name: str, *, as_json: bool) -> int:
    """Print each mirrored photo on standard output, newest first, and return the exit code.

    The output is a table on a terminal; elsewhere each photo is a line of tab-separated columns, or of JSON. Raises
    the errors of `status_of`.
    """
    cache, owner = get_mirror(filesystem.home(root).absolute(), name.strip())
    user = owner["username"]
    is_table = not as_json and sys.stdout.isatty()
    with open_catalogue(cache) as catalogue:
        line: Callable[[dict[str, Any]], str] = json_text if as_json else _tabbed
        if is_table:
            line = table = _Table(cache)
            sys.stdout.write(
                f"{name_text(user)} ({owner['nsid']}) in {plain(str(cache.folder))}{table.note}\n"
            )
        if not as_json:
            sys.stdout.write(f"{line({name: name for name in COLUMNS})}\n")
        for photo in catalogue.statistics.mirrored():
            extensions = [*photo.extensions, *(["json"] if photo.described else [])]
            paths = [str(cache.path(photo.photo_id, extension)) for extension in extensions]
            row = {
                "id": photo.photo_id,
                "uploaded": time_text(photo.uploaded),
                "path": paths[0],
                "url": f"https://www.flickr.com/photos/{owner['nsid']}/{photo.photo_id}/",
                "title": photo.title,
            }
            more = {"paths": paths, "gone": photo.gone, "user": user} if as_json else {}
            sys.stdout.write(f"{line(row | more)}\n")
    return 0


def _tabbed(row: dict[str, Any]) -> str:
    return "\t".join(plain(row[name]) for name in COLUMNS)


class _Table:
    """Formats table rows as wide as the terminal: id, upload day, title, and the file if it fits."""

    def __init__(self, cache: MirrorFolder) -> None:
        self._folder = f"{cache.folder}/"
        width = shutil.get_terminal_size().columns - 1
        left = width - _ID - _DAY - 2 * _GAP
        file = len(str(cache.path("1", "json").relative_to(cache.folder)))
        lacking = MIN_TITLE + _GAP + file - left
        self._shows_file = lacking <= 0
        self.note = f" (files: in {width + 1 + lacking} columns or a pipe)" if lacking > 0 else ""
        self._title = max(left - (file + _GAP) * self._shows_file, 1)

    def __call__(self, row: dict[str, Any]) -> str:
        title = set_cell_size(plain(row["title"]), self._title)
        file = row["path"].removeprefix(self._folder) if self._shows_file else ""
        return f"{row['id']:{_ID}}  {row['uploaded'][:_DAY]:{_DAY}}  {title}  {plain(file)}".rstrip()
