"""The albums of a mirror, as the gallery shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from flickr_mirror.reader.mirror_reader import MirrorReader


class GalleryAlbum(NamedTuple):
    """An album: `cover` is the id of a photo or empty, `photo_ids` are in the owner's order."""

    id: str
    title: str
    description: str
    cover: str
    photo_ids: list[str]


def albums_of(reader: MirrorReader) -> list[GalleryAlbum]:
    """Return the albums in the owner's order, with all of their photos, mirrored or not."""
    albums = reader.catalogue.albums
    stored = albums.find(albums.ids())
    found = []
    for album_id in albums.ids():
        album = stored[album_id].album
        found.append(
            GalleryAlbum(album_id, album.title, album.description, album.cover, albums.members(album_id))
        )
    return found
