"""The methods of Flickr's API about albums that `serve` answers: `photosets.*` and `photos.getAllContexts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import text_of
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.storage.album_document import name_of, read_album
from flickr_mirror.web.account_documents import pools_with
from flickr_mirror.web.answers import FARM, SECRET, SERVER, listed_photo
from flickr_mirror.web.paging import MOST_ON_PAGE, extras_of, page_of
from flickr_mirror.web.refusals import not_mirrored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto
    from flickr_mirror.web.paging import Arguments, Method
    from flickr_mirror.web.photo_index import PhotoIndex, ShownAlbum


class AlbumMethods:
    """Answers calls about the albums of mirrors. `account` and `photo` return what a call is about."""

    def __init__(
        self,
        indexes: Sequence[PhotoIndex],
        account: Callable[[Arguments], PhotoIndex],
        photo: Callable[[Arguments], tuple[PhotoIndex, ArchivedPhoto]],
    ) -> None:
        self._indexes = indexes
        self._account = account
        self._photo = photo
        self.methods: dict[str, Method] = {
            "flickr.photosets.comments.getList": self._get_comments,
            "flickr.photosets.getInfo": self._get_info,
            "flickr.photosets.getList": self._get_list,
            "flickr.photosets.getPhotos": self._get_photos,
            "flickr.photos.getAllContexts": self._get_contexts,
        }

    def _get_list(self, arguments: Arguments, _: str) -> Payload:
        index = self._account(arguments)
        albums = [shown for shown in index.albums() if not shown.album.gone]
        page = page_of(arguments, len(albums), usual=MOST_ON_PAGE)
        entries = [_described(shown, index) for shown in page.of(albums)]
        return {"photosets": {"cancreate": 0, **page.numbers, "photoset": entries}}

    def _album(self, arguments: Arguments) -> tuple[PhotoIndex, ShownAlbum]:
        album_id = arguments.get("photoset_id", "")
        for index in self._indexes:
            for shown in index.albums():
                if shown.album.id == album_id:
                    return index, shown
        raise FlickrRefusal(1, "Photoset not found")

    def _get_info(self, arguments: Arguments, _: str) -> Payload:
        index, shown = self._album(arguments)
        return {"photoset": _described(shown, index)}

    def _get_photos(self, arguments: Arguments, base: str) -> Payload:
        index, shown = self._album(arguments)
        page, extras = page_of(arguments, len(shown.photo_ids), usual=MOST_ON_PAGE), extras_of(arguments)
        photos = []
        for photo in index.photos(page.of(shown.photo_ids)):
            entry = listed_photo(photo, index.reader, extras, base)
            entry.pop("owner")  # as recorded: all are of the owner of the album
            photos.append({**entry, "isprimary": str(int(photo.id == shown.cover))})
        return {
            "photoset": {
                "id": shown.album.id,
                "primary": shown.cover,
                "owner": index.reader.nsid,
                "ownername": index.reader.username,
                "photo": photos,
                **page.numbers,
                "per_page": page.size,
                "title": shown.album.title,
            }
        }

    def _get_comments(self, arguments: Arguments, _: str) -> Payload:
        index, shown = self._album(arguments)
        album = shown.album
        stored = read_album(index.reader.account_document(name_of(album.id)))
        if album.comment_count and (stored is None or stored.comments is None):
            raise not_mirrored("comments on this album", "albums --info-level 2")
        comments = [
            {
                "id": comment.id,
                "author": comment.author,
                "authorname": comment.author_name,
                "date_create": "" if comment.date is None else str(comment.date),
                "permalink": comment.permalink,
                "path_alias": comment.path_alias or None,
                "realname": comment.real_name,
                "_content": comment.content,
            }
            for comment, _ in (stored and stored.comments) or ()
        ]
        return {"comments": {"photoset_id": album.id, **({"comment": comments} if comments else {})}}

    def _get_contexts(self, arguments: Arguments, _: str) -> Payload:
        index, photo = self._photo(arguments)
        sets = [_context(shown) for shown in index.albums() if int(photo.id) in shown.photo_ids]
        pools = [_pool(group) for group in pools_with(index, photo.id)]
        return {**({"set": sets} if sets else {}), **({"pool": pools} if pools else {})}


def _described(shown: ShownAlbum, index: PhotoIndex) -> Payload:
    album, photo_count = shown.album, len(shown.photo_ids) - shown.video_count
    return {
        "id": album.id,
        "owner": index.reader.nsid,
        "username": index.reader.username,
        "primary": shown.cover,
        "secret": SECRET,
        "server": SERVER,
        "farm": FARM,
        "count_views": "0",
        "count_comments": str(album.comment_count),
        "count_photos": photo_count,
        "count_videos": shown.video_count,
        "photos": photo_count,
        "videos": shown.video_count,
        "title": {"_content": album.title},
        "description": {"_content": album.description},
        "can_comment": 0,
        "date_create": str(album.created or 0),
        "date_update": str(album.updated or 0),
        "visibility_can_see_set": 1,
        "needs_interstitial": 0,
    }


def _pool(group: Payload) -> Payload:
    """Return the entry of a group in `photos.getAllContexts`."""
    nsid = text_of(group.get("nsid"))
    return {
        "title": text_of(group.get("name")),
        "url": f"/groups/{nsid}/pool/",
        "id": nsid,
        "iconserver": "0",
        "iconfarm": 0,
        "members": text_of(group.get("members")),
        "pool_count": text_of(group.get("pool")),
    }


def _context(shown: ShownAlbum) -> Payload:
    """Return the entry of an album in `photos.getAllContexts`, whose names differ from those of other answers."""
    return {
        "title": shown.album.title,
        "id": shown.album.id,
        "primary": shown.cover,
        "secret": SECRET,
        "server": SERVER,
        "farm": FARM,
        "view_count": "0",
        "comment_count": str(shown.album.comment_count),
        "count_photo": len(shown.photo_ids) - shown.video_count,
        "count_video": shown.video_count,
    }
