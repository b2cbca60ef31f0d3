"""The methods of Flickr's API about albums that `serve` answers: `photosets.*` and `photos.getAllContexts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.web.answers import FARM, SERVER, listed_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import ArchivedAlbum, ArchivedPhoto
    from flickr_mirror.web.photo_index import PhotoIndex

    Method = Callable[[Mapping[str, str], str], Payload]

MOST_ON_PAGE = 500


class AlbumMethods:
    """Answers calls about the albums of mirrors. `account` returns the mirror that a call is about."""

    def __init__(
        self,
        indexes: Sequence[PhotoIndex],
        account: Callable[[Mapping[str, str]], PhotoIndex],
        photo: Callable[[Mapping[str, str]], tuple[PhotoIndex, ArchivedPhoto]],
    ) -> None:
        self._indexes = indexes
        self._account = account
        self._photo = photo
        self.methods: dict[str, Method] = {
            "flickr.photosets.getList": self._get_list,
            "flickr.photosets.getInfo": self._get_info,
            "flickr.photosets.getPhotos": self._get_photos,
            "flickr.photos.getAllContexts": self._get_contexts,
        }

    def _get_list(self, arguments: Mapping[str, str], _: str) -> Payload:
        index = self._account(arguments)
        albums = [album for album in index.albums() if not album.gone]
        page, size, pages = _page(arguments, len(albums))
        chosen = albums[(page - 1) * size : page * size]
        return {
            "photosets": {
                "page": page,
                "pages": pages,
                "perpage": size,
                "total": len(albums),
                "photoset": [_described(album, index) for album in chosen],
            }
        }

    def _album(self, arguments: Mapping[str, str]) -> tuple[PhotoIndex, ArchivedAlbum]:
        album_id = arguments.get("photoset_id", "")
        for index in self._indexes:
            for album in index.albums():
                if album.id == album_id:
                    return index, album
        raise FlickrRefusal(1, "Photoset not found")

    def _get_info(self, arguments: Mapping[str, str], _: str) -> Payload:
        index, album = self._album(arguments)
        return {"photoset": _described(album, index)}

    def _get_photos(self, arguments: Mapping[str, str], base: str) -> Payload:
        index, album = self._album(arguments)
        members = index.visible([int(photo_id) for photo_id in album.photo_ids])
        page, size, pages = _page(arguments, len(members))
        extras = set(arguments.get("extras", "").replace(" ", "").split(","))
        photos = []
        for photo in index.photos(members[(page - 1) * size : page * size]):
            entry = listed_photo(photo, index.reader, extras, base)
            entry.pop("owner")  # as recorded: all are of the owner of the album
            photos.append({**entry, "isprimary": str(int(photo.id == album.cover))})
        return {
            "photoset": {
                "id": album.id,
                "primary": album.cover,
                "owner": index.reader.nsid,
                "ownername": index.reader.username,
                "photo": photos,
                "page": page,
                "per_page": size,
                "perpage": size,
                "pages": pages,
                "title": album.title,
                "total": len(members),
            }
        }

    def _get_contexts(self, arguments: Mapping[str, str], _: str) -> Payload:
        index, photo = self._photo(arguments)
        sets = [_described(album, index) for album in index.albums() if photo.id in album.photo_ids]
        return {"set": sets} if sets else {}


def _page(arguments: Mapping[str, str], total: int) -> tuple[int, int, int]:
    """Return the number of the page, its size, and the number of pages."""
    size = min(max(to_int(arguments.get("per_page")) or MOST_ON_PAGE, 1), MOST_ON_PAGE)
    pages = max(-(-total // size), 1)
    return min(max(to_int(arguments.get("page")) or 1, 1), pages), size, pages


def _described(album: ArchivedAlbum, index: PhotoIndex) -> Payload:
    visible = index.visible([int(photo_id) for photo_id in album.photo_ids])
    return {
        "id": album.id,
        "owner": index.reader.nsid,
        "username": index.reader.username,
        "primary": album.cover,
        "secret": "0000000000",
        "server": SERVER,
        "farm": FARM,
        "count_views": "0",
        "count_comments": "0",
        "count_photos": len(visible),
        "count_videos": 0,
        "photos": len(visible),
        "title": {"_content": album.title},
        "description": {"_content": album.description},
        "can_comment": 0,
        "date_create": str(album.created or 0),
        "date_update": str(album.updated or 0),
        "visibility_can_see_set": 1,
    }
