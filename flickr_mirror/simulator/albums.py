"""The answers of Flickr's REST API about albums and collections, with numbers as `75` and `"150"` mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.simulator.data.photo import SERVER_NUMBER
from flickr_mirror.simulator.data.sizes import Mix
from flickr_mirror.simulator.payloads import FARM, FLICKR, listed_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.simulator.data.albums import SimulatedAlbum, SimulatedCollection
    from flickr_mirror.simulator.data.photo import SimulatedPhoto
    from flickr_mirror.simulator.data.stream import SimulatedPhotostream

    Arguments = Mapping[str, str]

CUT = 500
"""The most albums that `photosets.getList` returns without a page, although its documentation says all of them."""


class AlbumMethods:
    """The methods for the albums of the accounts that own `streams`.

    Each method of `methods` takes the arguments of a call and the NSID of the account that signed it, or "".
    """

    def __init__(self, streams: Sequence[SimulatedPhotostream]) -> None:
        self._streams = streams
        self.methods: dict[str, Callable[[Arguments, str], Payload]] = {
            "flickr.photosets.getList": self._get_list,
            "flickr.photosets.getInfo": self._get_info,
            "flickr.photosets.getPhotos": self._get_photos,
            "flickr.photosets.comments.getList": self._get_comments,
            "flickr.collections.getTree": self._get_tree,
        }

    def _get_list(self, arguments: Arguments, caller: str) -> Payload:
        stream = self._stream(arguments, 1)
        albums = [album for album in stream.albums if _is_visible(album, stream, caller)]
        page = max(to_int(arguments.get("page")) or 1, 1)
        size = min(max(to_int(arguments.get("per_page")) or CUT, 1), CUT)
        shown = albums[(page - 1) * size : page * size]
        answer: Payload = {
            "cancreate": int(caller == stream.nsid),
            "page": page,
            "pages": -(-len(albums) // size),
            "perpage": size if page % 2 else str(size),
            "total": len(albums) if page % 2 else str(len(albums)),
        }
        if shown:
            answer["photoset"] = [_entry(album, stream, caller, is_text=bool(page % 2)) for album in shown]
        return {"photosets": answer}

    def _get_info(self, arguments: Arguments, caller: str) -> Payload:
        stream, album = self._album(arguments, caller)
        return {"photoset": _entry(album, stream, caller, is_text=False)}

    def _get_photos(self, arguments: Arguments, caller: str) -> Payload:
        stream, album = self._album(arguments, caller)
        photos = _visible_ids(album, stream, caller)
        page = max(to_int(arguments.get("page")) or 1, 1)
        size = min(max(to_int(arguments.get("per_page")) or CUT, 1), CUT)
        extras = set(arguments.get("extras", "").split(","))
        return {
            "photoset": {
                "id": album.id,
                "primary": album.cover,
                "owner": stream.nsid,
                "ownername": stream.username,
                "photo": [
                    _member(stream.photo(photo_id), stream, album, extras)
                    for photo_id in photos[(page - 1) * size : page * size]
                ],
                "page": str(page) if page > 1 else page,
                "per_page": size,
                "perpage": size,
                "pages": -(-len(photos) // size),
                "title": album.title,
                "total": len(photos) if len(photos) % 2 else str(len(photos)),
            }
        }

    def _get_comments(self, arguments: Arguments, caller: str) -> Payload:
        stream, album = self._album(arguments, caller)
        page = f"{FLICKR}/photos/{stream.nsid}/albums/{album.id}"
        answer: Payload = {"photoset_id": album.id}
        if album.comments:
            answer["comment"] = [
                {
                    "id": f"1534738-{album.id}-{number}",
                    "author": comment.author,
                    "authorname": comment.author_name,
                    "date_create": str(comment.date),
                    "permalink": f"{page}/comments#comment{number}",
                    "_content": comment.text,
                }
                for number, comment in enumerate(album.comments, 1)
            ]
        return {"comments": answer}

    def _get_tree(self, arguments: Arguments, _: str) -> Payload:
        stream = self._stream(arguments, 1)
        titles = {album.id: album.title for album in stream.albums}
        if not stream.collections:
            return {"collections": []}
        return {"collections": {"collection": [_branch(entry, titles) for entry in stream.collections]}}

    def _stream(self, arguments: Arguments, code: int) -> SimulatedPhotostream:
        for stream in self._streams:
            if stream.nsid == arguments.get("user_id") and not stream.deleted:
                return stream
        raise FlickrRefusal(code, "User not found")

    def _album(self, arguments: Arguments, caller: str) -> tuple[SimulatedPhotostream, SimulatedAlbum]:
        """Return an album that the caller sees; `user_id` is optional, as far as other programs show."""
        streams = [self._stream(arguments, 2)] if arguments.get("user_id") else self._streams
        for stream in streams:
            for album in stream.albums:
                if album.id == arguments.get("photoset_id") and _is_visible(album, stream, caller):
                    return stream, album
        raise FlickrRefusal(1, "Photoset not found")


def _is_visible(album: SimulatedAlbum, stream: SimulatedPhotostream, caller: str) -> bool:
    """Return whether a caller sees an album: an album without a photo for the caller does not exist for it."""
    if album.hidden and caller != stream.nsid:
        return False
    return bool(_visible_ids(album, stream, caller))


def _visible_ids(album: SimulatedAlbum, stream: SimulatedPhotostream, caller: str) -> list[str]:
    if caller == stream.nsid:
        return [photo_id for photo_id in album.photo_ids if stream.exists(photo_id)]
    return [photo_id for photo_id in album.photo_ids if photo_id in stream]


def _entry(album: SimulatedAlbum, stream: SimulatedPhotostream, caller: str, *, is_text: bool) -> Payload:
    visible = _visible_ids(album, stream, caller)
    videos = 0
    if stream.mix is not Mix.PLAIN:
        videos = sum(stream.photo(photo_id).media == "video" for photo_id in visible)
    return {
        "id": album.id,
        "owner": stream.nsid,
        "username": stream.username,
        "primary": album.cover,
        "secret": "72d142b645",
        "server": SERVER_NUMBER,
        "farm": FARM,
        "count_views": "2",
        "count_comments": str(len(album.comments)),
        "count_photos": len(visible) - videos,
        "count_videos": videos,
        "title": album.title if is_text and len(album.photo_ids) % 7 == 0 else {"_content": album.title},
        "description": {"_content": album.description},
        "can_comment": 1,
        "date_create": str(album.created),
        "date_update": str(album.updated) if is_text else album.updated,
        "photos": str(len(visible) - videos) if len(visible) == 1 else len(visible) - videos,
        "visibility_can_see_set": 1,
        "needs_interstitial": 0,
    }


def _member(
    photo: SimulatedPhoto, stream: SimulatedPhotostream, album: SimulatedAlbum, extras: set[str]
) -> Payload:
    """Return a photo of an album: an entry of a listing without its owner."""
    entry = listed_photo(photo, stream, extras)
    del entry["owner"]
    return entry | {"isprimary": str(int(photo.id == album.cover))}


def _branch(collection: SimulatedCollection, titles: Mapping[str, str]) -> Payload:
    """Return a collection; one without albums or without collections has no key for them."""
    branch: Payload = {
        "id": collection.id,
        "title": collection.title,
        "description": collection.description,
        "iconlarge": "/images/collection_default_l.gif",
        "iconsmall": "/images/collection_default_s.gif",
    }
    if collection.children:
        branch["collection"] = [_branch(child, titles) for child in collection.children]
    if collection.album_ids:
        branch["set"] = [
            {"id": album_id, "title": titles.get(album_id, ""), "description": ""}
            for album_id in collection.album_ids
        ]
    return branch
