"""`mirror_flickr list` and `search`: photos of a mirror as a table on a terminal, as text or JSON elsewhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.photo_fields import (
    DEFAULT_FIELDS,
    Table,
    csv_line,
    json_line,
    row_of,
    tabbed,
)
from flickr_mirror.cli.output.text import name_text
from flickr_mirror.models.photo_addresses import photo_id_at
from flickr_mirror.reader.filters import ALL_PHOTOS
from flickr_mirror.reader.mirror_reader import MirrorReader, require_files
from flickr_mirror.reader.search_index import SearchIndex
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.mirror_lookup import get_mirror
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from flickr_mirror.reader.filters import PhotoFilter

TABLE_LIMIT = 50
"""How many photos a search shows on a terminal unless `--limit` is given."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which photos are printed, and how.

    `words` is the query, empty for all photos that pass the `photo_filter`. `style` is `json`, `csv`, `paths`, or empty
    for a table on a terminal and columns between tabs elsewhere. `limit` is the most photos to print, `None` for all.
    `heading` is whether the names of the fields come first.
    """

    words: str = ""
    photo_filter: PhotoFilter = ALL_PHOTOS
    order: str = "newest"
    limit: int | None = None
    style: str = ""
    fields: tuple[str, ...] = DEFAULT_FIELDS
    opens: bool = False
    heading: bool = True

    @property
    def uses_index(self) -> bool:
        """Whether the photos are selected by the search index."""
        return bool(self.words) or self.photo_filter != ALL_PHOTOS or self.order != "newest"


def list_photos(root: Path, name: str, listing: Listing) -> int:
    """Print photos of the mirror called `name`, and return the exit code.

    Raises the errors of `status_of`, and `CacheError` if the search index cannot be written.
    """
    cache, owner = get_mirror(filesystem.home(root).absolute(), name.strip())
    if listing.uses_index:
        require_files(cache)
    else:
        from flickr_mirror.cli.commands.status import open_catalogue

        open_catalogue(cache).close()  # reads all of it, and reports one that is damaged
    with MirrorReader(cache, owner) as reader:
        photo_ids, total = _select(reader, listing)
        is_table = not listing.style and listing.fields == DEFAULT_FIELDS and sys.stdout.isatty()
        line: Callable[[dict[str, Any]], str] = {"json": json_line, "csv": csv_line}.get(
            listing.style, tabbed
        )
        fields: Sequence[str] = listing.fields
        if is_table:
            line = table = Table(cache)
            sys.stdout.write(
                f"{name_text(reader.username)} ({reader.nsid}) in {plain(str(cache.place))}{table.note}\n"
            )
        if listing.style == "paths":
            fields, line = ("path",), lambda row: row["path"]
        elif listing.style == "json" and listing.fields == DEFAULT_FIELDS:
            fields = (*listing.fields, "paths", "gone", "user")
        elif listing.style != "json" and listing.heading:
            sys.stdout.write(f"{line({field: field for field in fields})}\n")
        for photo in reader.photos(photo_ids):
            sys.stdout.write(f"{line(row_of(photo, reader, fields))}\n")
        if listing.opens and photo_ids:
            _open_first(reader, photo_ids[0])
    if listing.uses_index and not listing.style:
        _report(total, len(photo_ids))
    return 0


def _select(reader: MirrorReader, listing: Listing) -> tuple[Sequence[int], int]:
    if not listing.uses_index:
        chosen = reader.photo_ids[: listing.limit]
        return chosen, len(reader)
    with SearchIndex(reader) as index:
        index.update()
        limit = listing.limit
        if limit is None and listing.words and not listing.style and sys.stdout.isatty():
            limit = TABLE_LIMIT
        found = index.search(listing.words, listing.photo_filter, order=listing.order, limit=limit)
    named = photo_id_at(listing.words) if listing.photo_filter == ALL_PHOTOS else None
    if named and int(named) not in found.photo_ids and reader.photo(named):
        return [int(named), *found.photo_ids][:limit], found.total + 1
    return found.photo_ids, found.total


def _open_first(reader: MirrorReader, photo_id: int) -> None:
    import typer

    photo = reader.photo(photo_id)
    if photo and (file := photo.file("video") or photo.file("image")):
        typer.launch(str(file.path))


def _report(total: int, shown: int) -> None:
    if not total:
        echo("No photo matches.")
    elif shown < total:
        echo(f"{shown:,} of {total:,} photos. Add --limit {total} to show all.")
