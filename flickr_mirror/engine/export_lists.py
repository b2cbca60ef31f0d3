"""Stores the favourites and contacts of an account export as documents that state their origin.

An export states only the ids of favourites, and only names and addresses of contacts. So what Flickr's API listed
stays, and a run with the login of the account replaces what came from an export. A run without the login does not: the
owner made the export, which has what others may not see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.engine.lists import favorites
from flickr_mirror.engine.lists.documents import EXPORT, entries_of
from flickr_mirror.errors import BadImageError
from flickr_mirror.models.export_lists import CONTACTS_FILE, FAVORITES_FILE, contacts_in, favorites_in
from flickr_mirror.models.includes import Include

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from flickr_mirror.engine.lists.merging import Entry
    from flickr_mirror.models.export_lists import ExportList
    from flickr_mirror.storage.export_archive import ExportArchive
    from flickr_mirror.storage.store import Store

_READ = {"account_profile.json", "albums.json"}
"""The JSON files about the account that other parts of an import read."""


@dataclass(slots=True)
class ListsReport:
    """The numbers of entries of the lists that were `stored`, and the lists that the mirror `kept` from Flickr's API.

    `failed` are files that could not be read, or not as a whole, each with the reason; `unread` are the JSON files
    that no part of an import reads.
    """

    stored: dict[str, int] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def store_lists(archive: ExportArchive, store: Store) -> ListsReport:
    """Store the lists of an export in a mirror, and return the result. Raises `CacheError`."""
    report = ListsReport()
    for include, pattern, parse, write in (
        (Include.FAVORITES, FAVORITES_FILE, favorites_in, _write_favorites),
        (Include.CONTACTS, CONTACTS_FILE, contacts_in, _write_contacts),
    ):
        if not (entries := _entries(archive, pattern, parse, report)):
            continue
        if (count := write(store, entries)) is None:
            report.kept.append(include)
        else:
            report.stored[include] = count
    report.unread = [
        name
        for name in sorted(archive.others)
        if name not in _READ and not FAVORITES_FILE.fullmatch(name) and not CONTACTS_FILE.fullmatch(name)
    ]
    return report


def _entries(
    archive: ExportArchive,
    pattern: re.Pattern[str],
    parse: Callable[[object], ExportList],
    report: ListsReport,
) -> dict[str, Entry]:
    """Return the entries in all parts of a list, and note the parts that cannot be read."""
    found: dict[str, Entry] = {}
    for name in sorted(filter(pattern.fullmatch, archive.others)):
        for file in archive.others[name]:
            try:
                part = parse(file.read_json())
            except BadImageError as error:
                report.failed.append((name, str(error)))
            except ValueError as error:
                report.failed.append((name, f"{file} is not a file of Flickr's export: {error}."))
            else:
                found |= part.entries
                if part.unusable:
                    report.failed.append((name, f"{part.unusable:,} of its entries name no photo or account"))
    return found


def _write_favorites(store: Store, entries: dict[str, Entry]) -> int | None:
    """Add favourites to those of earlier exports, and return their number; `None` if the API listed favourites."""
    header = store.read_document(favorites.NAME) or {}
    undated = favorites.month_of(None)
    name = f"{favorites.NAME}/{undated}"
    # without a header, the months are those of a listing that was interrupted
    is_listed = bool(header) or bool(set(store.list_documents(favorites.NAME)) - {name})
    if is_listed and header.get("listed_as") != EXPORT:
        return None
    stored = entries_of(store.read_document(name) or {}, favorites.NAME)
    merged = entries | {entry["id"]: entry for entry in stored if "id" in entry}
    # the header first, so that no run takes the other document for its own
    numbers = {"count": len(merged), "newest": None, "months": [undated]}
    store.write_document(favorites.NAME, {"listed_as": EXPORT, **numbers})
    store.write_document(name, {favorites.NAME: favorites.sorted_by_date([*merged.values()])})
    return len(merged)


def _write_contacts(store: Store, entries: dict[str, Entry]) -> int | None:
    """Add contacts to those of earlier exports, and return their number; `None` if the API listed contacts."""
    name = str(Include.CONTACTS)
    document = store.read_document(name) or {}
    if document and document.get("listed_as") != EXPORT:
        return None
    stored = entries_of(document, name)
    merged = {entry["address"]: entry for entry in stored if "address" in entry} | entries
    store.write_document(name, {"listed_as": EXPORT, name: [*merged.values()]})
    return len(merged)
