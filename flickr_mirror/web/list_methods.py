"""The methods of Flickr's API about lists of photos of several owners: favourites, galleries, pools of groups, people.

A mirror does not record when a photo was added to a list: the photos are in the order of their upload, the newest
first, and the answers have no `date_faved` and no `dateadded`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.models.sources import SourceKind, is_source_address, source_address
from flickr_mirror.web.account_methods import account_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.web.photo_index import PhotoIndex

    Arguments = Mapping[str, str]
    Method = Callable[[Arguments, str], Payload]
    Page = Callable[[PhotoIndex, Sequence[int], Arguments, str], Payload]


class ListMethods:
    """Answers calls about mirrors of lists. `page` returns a page of photos of a mirror."""

    def __init__(self, indexes: Sequence[PhotoIndex], page: Page) -> None:
        self._lists = {
            (source["kind"], source["id"]): index for index in indexes if (source := index.reader.source)
        }
        self._page = page
        self.methods: dict[str, Method] = {
            "flickr.favorites.getList": self._get_favorites,
            "flickr.favorites.getPublicList": self._get_favorites,
            "flickr.galleries.getInfo": self._get_gallery,
            "flickr.galleries.getPhotos": self._get_gallery_photos,
            "flickr.groups.pools.getPhotos": self._get_pool,
            "flickr.people.getPhotosOf": self._get_photos_of,
            "flickr.urls.lookupGroup": self._lookup_group,
        }

    def _find(self, kind: SourceKind, list_id: str, refusal: str) -> PhotoIndex:
        index = self._lists.get((kind, list_id))
        if index is None:
            raise FlickrRefusal(1, refusal)
        return index

    def _get_favorites(self, arguments: Arguments, base: str) -> Payload:
        index = self._find(SourceKind.FAVORITES, arguments.get("user_id", ""), "User not found")
        return self._page(index, index.ids(), arguments, base)

    def _gallery(self, arguments: Arguments) -> PhotoIndex:
        wanted = arguments.get("gallery_id", "").rpartition("-")[2]  # as recorded: 65530607-72157660993107903
        return self._find(SourceKind.GALLERY, wanted, "Gallery not found")

    def _get_gallery(self, arguments: Arguments, _: str) -> Payload:
        index = self._gallery(arguments)
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
        index = self._gallery(arguments)
        return self._page(index, index.ids(), arguments, base)

    def _get_pool(self, arguments: Arguments, base: str) -> Payload:
        index = self._find(SourceKind.POOL, arguments.get("group_id", ""), "Group not found")
        return self._page(index, index.ids(), arguments, base)

    def _get_photos_of(self, arguments: Arguments, base: str) -> Payload:
        index = self._find(SourceKind.PEOPLE, arguments.get("user_id", ""), "User not found")
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
