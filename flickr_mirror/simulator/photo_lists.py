"""The answers of Flickr's REST API about photos in lists: favourites, galleries, pools of groups, photos of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.simulator.payloads import FLICKR, listed_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.simulator.data.lists import SimulatedGallery, SimulatedGroup
    from flickr_mirror.simulator.data.photo import SimulatedPhoto
    from flickr_mirror.simulator.data.stream import SimulatedPhotostream

    Arguments = Mapping[str, str]
    Find = Callable[[str], tuple[SimulatedPhotostream, SimulatedPhoto] | None]

T = TypeVar("T")


class PhotoLists:
    """The methods that list photos of any account; `find` finds a public photo.

    Each method of `methods` takes the arguments of a call and the NSID of the account that signed it, or "".
    """

    def __init__(self, streams: Sequence[SimulatedPhotostream], find: Find) -> None:
        self._streams = streams
        self._find = find
        self.methods: dict[str, Callable[[Arguments, str], Payload]] = {
            "flickr.favorites.getPublicList": self._get_favorites,
            "flickr.favorites.getList": self._get_own_favorites,
            "flickr.galleries.getList": self._get_galleries,
            "flickr.galleries.getInfo": self._get_gallery,
            "flickr.galleries.getPhotos": self._get_gallery_photos,
            "flickr.groups.pools.getPhotos": self._get_pool,
            "flickr.people.getPhotosOf": self._get_photos_of,
        }

    def _get_favorites(self, arguments: Arguments, _: str) -> Payload:
        faves = stream_of(self._streams, arguments).lists.favorites
        low = to_int(arguments.get("min_fave_date")) or 0
        ids = [photo_id for photo_id, date in faves.items() if date >= low]
        ids.sort(key=lambda photo_id: faves[photo_id], reverse=True)
        return self._photos(
            ids, arguments, lambda photo_id: {"date_faved": str(faves[photo_id])}, as_text=True
        )

    def _get_own_favorites(self, arguments: Arguments, caller: str) -> Payload:
        if not caller:
            raise no_login()
        return self._get_favorites({"user_id": caller, **arguments}, caller)

    def _get_galleries(self, arguments: Arguments, _: str) -> Payload:
        stream = stream_of(self._streams, arguments)
        shown, numbers = paged(stream.lists.galleries, arguments)
        return {
            "galleries": {
                **numbers,
                "per_page": numbers["perpage"],
                "user_id": stream.nsid,
                "gallery": [_gallery(gallery, stream) for gallery in shown],
            }
        }

    def _get_gallery(self, arguments: Arguments, _: str) -> Payload:
        stream, gallery = self._gallery(arguments)
        return {"gallery": _gallery(gallery, stream) | {"count_total": len(gallery.photos)}}

    def _get_gallery_photos(self, arguments: Arguments, _: str) -> Payload:
        gallery = self._gallery(arguments)[1]

        def more(photo_id: str) -> Payload:
            comment = gallery.comments.get(photo_id)
            about = {"is_primary": int(photo_id == gallery.photos[0]), "has_comment": int(bool(comment))}
            return about | ({"comment": {"_content": comment}} if comment else {})

        return self._photos(gallery.photos, arguments, more)

    def _get_pool(self, arguments: Arguments, caller: str) -> Payload:
        group = group_of(self._streams, arguments.get("group_id", ""))
        if group.is_private:
            raise FlickrRefusal(2, "You don't have permission to view this pool")
        if group.is_members_only and not caller:
            raise FlickrRefusal(4, "Group pool is only visible to members")
        owner = arguments.get("user_id", "")
        ids = [photo_id for photo_id in group.pool if not owner or self._owner(photo_id) == owner]
        ids.sort(key=lambda photo_id: group.pool[photo_id], reverse=True)
        return self._photos(ids, arguments, lambda photo_id: {"dateadded": str(group.pool[photo_id])})

    def _get_photos_of(self, arguments: Arguments, caller: str) -> Payload:
        stream = stream_of(self._streams, arguments)
        answer = self._photos(stream.lists.people, arguments, lambda _: {})
        photos = answer["photos"]
        if stream.nsid != caller:  # documented: others get no totals
            photos["has_next_page"] = int(photos["page"] < int(photos.pop("pages")))
            del photos["total"]
        return answer

    def _photos(
        self,
        ids: Iterable[str],
        arguments: Arguments,
        more: Callable[[str], Payload],
        *,
        as_text: bool = False,
    ) -> Payload:
        """Return a page of the public photos of a list, each with `more` in its entry. Others do not count."""
        public = [photo_id for photo_id in ids if self._owner(photo_id)]
        shown, numbers = paged(public, arguments)
        if as_text:  # as recorded, for favourites
            numbers |= {name: str(numbers[name]) for name in ("pages", "total")}
        extras = arguments.get("extras", "").split(",")
        found = [place for photo_id in shown if (place := self._find(photo_id))]
        return {
            "photos": {
                **numbers,
                "photo": [listed_photo(photo, stream, extras) | more(photo.id) for stream, photo in found],
            }
        }

    def _owner(self, photo_id: str) -> str:
        return next((stream.nsid for stream in self._streams if photo_id in stream), "")

    def _gallery(self, arguments: Arguments) -> tuple[SimulatedPhotostream, SimulatedGallery]:
        wanted = arguments.get("gallery_id", "").rpartition("-")[2]
        for stream in self._streams:
            for gallery in stream.lists.galleries:
                if gallery.id == wanted and not stream.deleted:
                    return stream, gallery
        raise FlickrRefusal(1, "Gallery not found")


def no_login() -> FlickrRefusal:
    """Return the refusal of a call that needs a login."""
    return FlickrRefusal(99, "Insufficient permissions. Method requires read privileges; none granted.")


def stream_of(streams: Sequence[SimulatedPhotostream], arguments: Arguments) -> SimulatedPhotostream:
    """Return the account that a call is about."""
    for stream in streams:
        if stream.nsid == arguments.get("user_id") and not stream.deleted:
            return stream
    raise FlickrRefusal(1, "User not found")


def group_of(streams: Sequence[SimulatedPhotostream], nsid: str) -> SimulatedGroup:
    """Return the group with this id."""
    for group in all_groups(streams):
        if group.nsid == nsid:
            return group
    raise FlickrRefusal(1, "Group not found")


def all_groups(streams: Sequence[SimulatedPhotostream]) -> list[SimulatedGroup]:
    """Return the groups of all accounts."""
    return [group for stream in streams for group in stream.lists.groups]


def paged(entries: Sequence[T], arguments: Arguments, most: int = 500) -> tuple[list[T], Payload]:
    """Return the entries of the page that a call requests, and the numbers of the answer."""
    size = min(to_int(arguments.get("per_page")) or 100, most)
    number = max(to_int(arguments.get("page")) or 1, 1)
    shown = list(entries[(number - 1) * size : number * size])
    total = len(entries)
    return shown, {"page": number, "pages": -(-total // size), "perpage": size, "total": total}


def _gallery(gallery: SimulatedGallery, stream: SimulatedPhotostream) -> Payload:
    return {
        "id": f"{stream.id_suffix + 6000}-{gallery.id}",
        "gallery_id": gallery.id,
        "url": f"{FLICKR}/photos/{stream.path_alias or stream.nsid}/galleries/{gallery.id}",
        "owner": stream.nsid,
        "username": stream.username,
        "primary_photo_id": gallery.photos[0] if gallery.photos else "",
        "date_create": str(gallery.created),
        "date_update": str(gallery.updated),
        "count_photos": len(gallery.photos),
        "count_videos": 0,
        "count_total": 0,
        "title": {"_content": gallery.title},
        "description": {"_content": gallery.description},
        "sort_group": None,
    }
