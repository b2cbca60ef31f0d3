"""Checks the documents about the account of a mirror, which the catalogue does not record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.engine.lists import favorites
from flickr_mirror.engine.lists.documents import entries_of
from flickr_mirror.engine.lists.merging import NOT_LISTED
from flickr_mirror.models.events import FileBroken
from flickr_mirror.models.includes import LISTS, Include
from flickr_mirror.storage.album_document import GROUP, TREE, name_of
from flickr_mirror.storage.store import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.storage.store import Store


def check_documents(store: Store, catalogue: Catalogue) -> tuple[int, list[FileBroken]]:
    """Read all documents; return their number, and those that are broken or missing, and move broken ones aside.

    The next run with the list in `--include` writes a document that is not there. Raises `CacheError`.
    """
    names = [name for name in store.list_documents("") if name in {TREE, *LISTS}]
    names += [name for group in sorted(LISTS) for name in store.list_documents(group)]
    unreadable = [name for name in names if store.read_document(name) is None]
    missing = sorted(set(_expected(store, catalogue)).difference(names))
    for name in unreadable:
        store.quarantine(store.document_path(name))
    broken = [_broken(store, name, "It is no whole JSON document.") for name in unreadable]
    broken += [_broken(store, name, MISSING) for name in missing]
    if any(found.kind == Include.FAVORITES for found in broken):
        favorites.list_all_again(store)
    return len(names) + len(missing), broken


def _expected(store: Store, catalogue: Catalogue) -> Iterator[str]:
    """Yield the names of documents that others name: albums, months of favourites, galleries, groups with photos."""
    yield from (name_of(album_id) for album_id in catalogue.albums.ids(None))
    months = (store.read_document(favorites.NAME) or {}).get("months")
    if isinstance(months, list):
        yield from (f"{favorites.NAME}/{month}" for month in months)
    for name, key in (("galleries", "id"), ("groups", "nsid")):
        for entry in entries_of(store.read_document(name) or {}, name):
            found = str(entry.get(key))
            if NOT_LISTED not in entry and entry.get("photos", 1) and found.replace("@", "").isalnum():
                yield f"{name}/{found}"


def _broken(store: Store, name: str, reason: str) -> FileBroken:
    list_name = name.partition("/")[0]
    kind = GROUP if list_name == TREE else list_name
    return FileBroken("", kind, store.document_path(name), reason, comes_again=True)
