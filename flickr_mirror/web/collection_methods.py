"""The methods of Flickr's API about collections of albums that `serve` answers: `collections.*`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.storage.album_document import TREE, read_tree
from flickr_mirror.web.answers import SECRET, SERVER
from flickr_mirror.web.refusals import not_mirrored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.albums import FlickrCollection
    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.web.paging import Arguments, Method
    from flickr_mirror.web.photo_index import PhotoIndex, ShownAlbum

_ICONS = {f"icon{size}": f"/images/collection_default_{size[0]}.gif" for size in ("large", "small")}


class CollectionMethods:
    """Answers calls about the collections of mirrors. `account` returns the mirror that a call is about."""

    def __init__(self, indexes: Sequence[PhotoIndex], account: Callable[[Arguments], PhotoIndex]) -> None:
        self._indexes = indexes
        self._account = account
        self.methods: dict[str, Method] = {
            "flickr.collections.getInfo": self._get_info,
            "flickr.collections.getTree": self._get_tree,
        }

    def _get_tree(self, arguments: Arguments, _: str) -> Payload:
        index = self._account(arguments)
        stored = _stored_tree(index)
        if stored is None:
            raise not_mirrored(f"collections of {index.reader.username}", "albums")
        tree = _shown(stored, _albums(index))
        if wanted := arguments.get("collection_id", ""):
            tree = [branch for root in tree for branch in _walk(root) if branch["id"] == wanted]
            if not tree:
                raise FlickrRefusal(2, "Collection not found")
        return {"collections": {"collection": tree} if tree else []}

    def _get_info(self, arguments: Arguments, _: str) -> Payload:
        wanted = arguments.get("collection_id", "")
        for index in self._indexes:
            for root in _shown(_stored_tree(index) or (), _albums(index)):
                for branch in _walk(root):
                    if branch["id"] == wanted:
                        return {"collection": _described(branch)}
        raise FlickrRefusal(1, "Collection not found")


def _stored_tree(index: PhotoIndex) -> tuple[FlickrCollection, ...] | None:
    found = read_tree(index.reader.account_document(TREE))
    return found[1] if found else None


def _albums(index: PhotoIndex) -> dict[str, ShownAlbum]:
    return {shown.album.id: shown for shown in index.albums()}


def _shown(collections: Sequence[FlickrCollection], albums: Mapping[str, ShownAlbum]) -> list[Payload]:
    """Return collections as `collections.getTree` does, with the albums that may be shown.

    A collection is left out if it has nothing but albums that may not be shown.
    """
    return [
        branch
        for collection in collections
        if "set" in (branch := _branch(collection, albums))
        or "collection" in branch
        or not any(entry.album_ids for entry in collection.walk())
    ]


def _branch(collection: FlickrCollection, albums: Mapping[str, ShownAlbum]) -> Payload:
    """Return a collection; one without albums or without collections has no key for them, as recorded."""
    branch: Payload = {
        "id": collection.id,
        "title": collection.title,
        "description": collection.description,
        **_ICONS,
    }
    if children := _shown(collection.children, albums):
        branch["collection"] = children
    shown = [albums[album_id].album for album_id in collection.album_ids if album_id in albums]
    if shown:
        branch["set"] = [
            {"id": album.id, "title": album.title, "description": album.description} for album in shown
        ]
    return branch


def _walk(branch: Payload) -> list[Payload]:
    return [branch, *(found for child in branch.get("collection", ()) for found in _walk(child))]


def _described(branch: Payload) -> Payload:
    return {
        "id": branch["id"],
        "title": {"_content": branch["title"]},
        "description": {"_content": branch["description"]},
        "child_count": len(branch.get("set", ())) + len(branch.get("collection", ())),
        **_ICONS,
        "iconphotos": {"photo": []},
        "server": SERVER,
        "secret": SECRET,
    }
