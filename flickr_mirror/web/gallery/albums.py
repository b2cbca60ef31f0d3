"""The albums and collections of a mirror, as the pages show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flickr_mirror.web.gallery.html_nodes import nodes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flickr_mirror.reader.mirror_reader import MirrorReader

MOST_LEVELS = 10
"""How deep collections are nested; Flickr allows five levels."""


def albums_of(reader: MirrorReader, places: Mapping[str, int]) -> list[list[Any]]:
    """Return id, title, description, cover, photos and whether it is gone of each album, in the owner's order.

    `places` has the ordinals of the photos that are shown; albums without any of them are left out.
    """
    return [
        [album.id, album.title, nodes_of(album.description), places.get(album.cover, -1), members, album.gone]
        for album in reader.albums()
        if (members := [places[photo_id] for photo_id in album.photo_ids if photo_id in places])
    ]


def collections_of(reader: MirrorReader, album_ids: set[str]) -> list[list[Any]]:
    """Return title, description, ids of albums and collections of each collection that has one of the albums."""
    return _level(reader.store.read_document("collections"), album_ids, MOST_LEVELS)


def _level(document: object, album_ids: set[str], levels: int) -> list[list[Any]]:
    listed = document.get("collections") if isinstance(document, dict) else None
    found = []
    for entry in listed if isinstance(listed, list) and levels else ():
        albums = entry.get("albums") if isinstance(entry, dict) else None
        shown = [album for album in albums if album in album_ids] if isinstance(albums, list) else []
        inner = _level(entry, album_ids, levels - 1)
        if shown or inner:
            found.append([_text(entry.get("title")), nodes_of(_text(entry.get("description"))), shown, inner])
    return found


def _text(label: object) -> str:
    return str(label.get("content", "")) if isinstance(label, dict) else ""
