"""The methods of Flickr's API about lists of photos of several owners: favourites, galleries, pools of groups, people.

A list that is mirrored by itself has its photos in the order of their upload, the newest first, and no dates, because
such a mirror does not record when a photo was added. Other lists are in the documents of an account, with dates and
comments, and with addresses of images only for photos that one of the mirrors has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import objects_of, text_of, to_int
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.models.sources import SourceKind, is_source_address, source_address
from flickr_mirror.web.account_documents import (
    document_of,
    entry_of,
    favorites_of,
    galleries_with,
    gallery_of,
    listed_in,
)
from flickr_mirror.web.account_methods import account_name
from flickr_mirror.web.answers import listed_photo
from flickr_mirror.web.paging import extras_of, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto
    from flickr_mirror.web.account_methods import AccountMethods
    from flickr_mirror.web.paging import Arguments, Method
    from flickr_mirror.web.photo_index import PhotoIndex

    PageOf = Callable[[PhotoIndex, Sequence[int], Arguments, str], Payload]
    Find = Callable[[str], tuple[PhotoIndex, ArchivedPhoto] | None]


class ListMethods:
    """Answers calls about lists of photos.

    `page` returns a page of photos of a mirror, `find` a photo of any mirror that may be shown.
    """

    def __init__(
        self, indexes: Sequence[PhotoIndex], accounts: AccountMethods, page: PageOf, find: Find
    ) -> None:
        self._lists = {
            (source["kind"], source["id"]): index for index in indexes if (source := index.reader.source)
        }
        self._streams = [index for index in indexes if index.reader.source is None]
        self._accounts = accounts
        self._page = page
        self._find_photo = find
        self.methods: dict[str, Method] = {
            "flickr.favorites.getList": self._get_favorites,
            "flickr.favorites.getPublicList": self._get_favorites,
            "flickr.galleries.getInfo": self._get_gallery,
            "flickr.galleries.getListForPhoto": self._get_galleries_of_photo,
            "flickr.galleries.getPhotos": self._get_gallery_photos,
            "flickr.groups.pools.getPhotos": self._get_pool,
            "flickr.people.getPhotosOf": self._get_photos_of,
            "flickr.urls.lookupGroup": self._lookup_group,
        }

    def _get_favorites(self, arguments: Arguments, base: str) -> Payload:
        if index := self._lists.get((SourceKind.FAVORITES, arguments.get("user_id", ""))):
            return self._page(index, index.ids(), arguments, base)
        favorites = favorites_of(self._accounts.photostream(arguments))
        low, high = (to_int(arguments.get(f"{name}_fave_date")) for name in ("min", "max"))
        shown = [
            entry
            for entry in favorites
            if (low is None or (entry.get("added") or 0) >= low)
            and (high is None or (entry.get("added") or 0) <= high)
        ]
        return self._documented(
            shown, arguments, base, lambda entry: {"date_faved": text_of(entry.get("added"))}
        )

    def _documented(
        self, entries: Sequence[Payload], arguments: Arguments, base: str, more: Callable[[Payload], Payload]
    ) -> Payload:
        """Return a page of photos of a document, each with `more`. A photo may have become private since then."""
        indexes = [*self._streams, *self._lists.values()]
        hidden = set[int]().union(*(index.hidden_ids() for index in indexes))
        shown = [entry for entry in entries if to_int(entry.get("id")) not in hidden]
        page, extras = page_of(arguments, len(shown)), extras_of(arguments)
        photos = []
        for entry in page.of(shown):
            found = self._find_photo(text_of(entry.get("id")))
            mirrored = listed_photo(found[1], found[0].reader, extras, base) if found else None
            photos.append(entry_of(entry, extras, mirrored) | more(entry))
        return {"photos": {**page.numbers, "total": str(page.total), "photo": photos}}

    # Galleries

    def _gallery_mirror(self, arguments: Arguments) -> PhotoIndex | None:
        return self._lists.get((SourceKind.GALLERY, _gallery_id(arguments)))

    def _gallery(self, arguments: Arguments) -> tuple[PhotoIndex, Payload]:
        """Return the document of a gallery. Raises `FlickrRefusal` if no mirror has it."""
        wanted = _gallery_id(arguments)
        for index in self._streams:
            if wanted and (document := index.reader.account_document(f"galleries/{wanted}")):
                return index, document
        raise FlickrRefusal(1, "Gallery not found")

    def _get_gallery(self, arguments: Arguments, _: str) -> Payload:
        index = self._gallery_mirror(arguments)
        if index is None:
            stream, document = self._gallery(arguments)
            return {"gallery": gallery_of(document, stream.reader.username)}
        reader = index.reader
        gallery = source_address(reader.url).gallery
        return {
            "gallery": {
                "id": gallery,
                "gallery_id": gallery,
                "url": reader.url,
                "owner": reader.nsid,
                "username": account_name(reader),
                "count_photos": len(index.ids()),
                "title": {"_content": reader.username},
                "description": {"_content": ""},
            }
        }

    def _get_gallery_photos(self, arguments: Arguments, base: str) -> Payload:
        if index := self._gallery_mirror(arguments):
            return self._page(index, index.ids(), arguments, base)
        document = self._gallery(arguments)[1]

        def more(entry: Payload) -> Payload:
            comment = text_of(entry.get("comment"))
            about = {
                "is_primary": int(entry.get("id") == document.get("cover")),
                "has_comment": int(bool(comment)),
            }
            return about | ({"comment": {"_content": comment}} if comment else {})

        return self._documented(objects_of(document.get("photos")), arguments, base, more)

    def _get_galleries_of_photo(self, arguments: Arguments, _: str) -> Payload:
        """Return the galleries with a photo, of the accounts that are mirrored; the photo can be one of others."""
        photo_id = arguments.get("photo_id", "")
        found = [
            gallery_of(gallery, index.reader.username)
            for index in self._streams
            for gallery in galleries_with(index, photo_id)
        ]
        if not found and self._find_photo(photo_id) is None:
            raise FlickrRefusal(1, "Photo not found")
        page = page_of(arguments, len(found))
        numbers = {**page.numbers, "per_page": page.size, "photo_id": photo_id}
        return {"galleries": {**numbers, "gallery": page.of(found)}}

    # Groups and people

    def _get_pool(self, arguments: Arguments, base: str) -> Payload:
        """Return the photos of a pool: all that are mirrored, or those of one account."""
        nsid, user_id = arguments.get("group_id", ""), arguments.get("user_id", "")
        index = self._lists.get((SourceKind.POOL, nsid))
        if not user_id:
            if index is None:
                raise FlickrRefusal(1, "Group not found")
            return self._page(index, index.ids(), arguments, base)
        if index is None:
            return self._get_own_pool(self._accounts.photostream(arguments), nsid, arguments, base)
        ids = [int(photo.id) for photo in index.photos(index.ids()) if photo.facts.owner == user_id]
        return self._page(index, ids, arguments, base)

    def _get_own_pool(self, index: PhotoIndex, nsid: str, arguments: Arguments, base: str) -> Payload:
        groups = listed_in(document_of(index, "groups", "groups"), "groups")
        group = next((group for group in groups if group.get("nsid") == nsid), None)
        if group is None:
            raise FlickrRefusal(1, "Group not found")
        if refusal := text_of(group.get("refusal")):
            raise FlickrRefusal(2, refusal)
        document = index.reader.account_document(f"groups/{nsid}") or {}
        added = {to_int(entry.get("id")): entry.get("added") for entry in objects_of(document.get("photos"))}
        answer = self._page(index, index.visible([key for key in added if key]), arguments, base)
        for photo in answer["photos"]["photo"]:
            photo["dateadded"] = text_of(added[int(photo["id"])])
        return answer

    def _get_photos_of(self, arguments: Arguments, base: str) -> Payload:
        index = self._lists.get((SourceKind.PEOPLE, arguments.get("user_id", "")))
        if index is None:
            raise FlickrRefusal(1, "User not found")
        photos = self._page(index, index.ids(), arguments, base)["photos"]
        # documented: for another account there is no total (https://www.flickr.com/services/api/flickr.people.getPhotosOf)
        pages = photos.pop("pages")
        del photos["total"]
        return {"photos": {**photos, "has_next_page": int(photos["page"] < pages)}}

    def _lookup_group(self, arguments: Arguments, _: str) -> Payload:
        url = arguments.get("url", "")
        if is_source_address(url) and (wanted := source_address(url)).kind is SourceKind.POOL:
            for (kind, nsid), index in self._lists.items():
                known = (nsid, source_address(index.reader.url).name)
                if kind == SourceKind.POOL and wanted.name in known:
                    return {"group": {"id": nsid, "groupname": {"_content": account_name(index.reader)}}}
        raise FlickrRefusal(1, "Group not found")


def _gallery_id(arguments: Arguments) -> str:
    """Return the id of a gallery as in its address; as recorded, the API calls it 65530607-72157660993107903."""
    wanted = arguments.get("gallery_id", "").rpartition("-")[2]
    return wanted if wanted.isascii() and wanted.isdecimal() else ""
