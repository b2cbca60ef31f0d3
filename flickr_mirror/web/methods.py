"""The methods of Flickr's REST API that `serve` answers from mirrors, read only."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from flickr_mirror.models.licenses import LICENSES
from flickr_mirror.models.payloads import to_float, to_int
from flickr_mirror.models.rest_answers import FlickrRefusal, refused
from flickr_mirror.reader.filters import PhotoFilter
from flickr_mirror.web.album_methods import AlbumMethods
from flickr_mirror.web.answers import FLICKR, comments_of, image_path, listed_photo, photo_info, sizes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto
    from flickr_mirror.reader.search_index import SearchIndex
    from flickr_mirror.web.photo_index import PhotoIndex

MOST_ON_PAGE = 500
_ADDRESS = re.compile(r"^(?:https?://)?(?:www\.|m\.)?flickr\.com/(?:photos|people)/([^/?#]+)")
_WRITING = re.compile(
    r"\.(?:add|create|delete|edit|join|leave|order|post|remove|replace|reply|set|subscribe|un)\w*$"
)


class MirrorApi:
    """Answers API calls from mirrors. `search` runs a search over one of them.

    Its methods block. Any key and any signature is accepted, and neither is checked.
    """

    def __init__(self, indexes: Sequence[PhotoIndex], search: Callable[[PhotoIndex], SearchIndex]) -> None:
        self._indexes = indexes
        self._search_index = search
        self._methods: dict[str, Callable[[Mapping[str, str], str], Payload]] = {
            "flickr.people.findByUsername": self._find_by_username,
            "flickr.people.getInfo": self._get_person,
            "flickr.people.getPhotos": self._get_photos,
            "flickr.people.getPublicPhotos": self._get_photos,
            "flickr.photos.comments.getList": self._get_comments,
            "flickr.photos.getInfo": self._get_info,
            "flickr.photos.getSizes": self._get_sizes,
            "flickr.photos.licenses.getInfo": _get_licenses,
            "flickr.photos.search": self._search,
            "flickr.reflection.getMethods": self._get_methods,
            "flickr.tags.getListUser": self._get_tags,
            "flickr.tags.getListUserPopular": self._get_popular_tags,
            "flickr.test.echo": _echo,
            "flickr.urls.getUserPhotos": self._get_user_photos,
            "flickr.urls.lookupUser": self._lookup_user,
            "flickr.video.getStreamInfo": self._get_streams,
            **AlbumMethods(indexes, self._account, self._photo).methods,
        }

    def answer(self, arguments: Mapping[str, str], base: str) -> Payload:
        """Return the answer to a call; `base` is the address of the image server in it."""
        method = arguments.get("method", "")
        try:
            if method in self._methods:
                return self._methods[method](arguments, base) | {"stat": "ok"}
            if _WRITING.search(method):
                raise FlickrRefusal(99, "This is a mirror: it answers only methods that read.")
            raise FlickrRefusal(112, f'Method "{method[:100]}" not found')
        except FlickrRefusal as refusal:
            return refused(refusal)

    def index_of(self, name: str) -> PhotoIndex | None:
        """Return the mirror of an account, by NSID, path alias or username."""
        for index in self._indexes:
            reader = index.reader
            if name in (reader.nsid, reader.username, self.alias_of(index)):
                return index
        return None

    def find(self, photo_id: str) -> tuple[PhotoIndex, ArchivedPhoto] | None:
        """Return a photo and its mirror; `None` if no mirror shows it."""
        for index in self._indexes:
            if photo := index.photo(photo_id):
                return index, photo
        return None

    @staticmethod
    def alias_of(index: PhotoIndex) -> str:
        """Return the name of an account in addresses: its path alias, or else its NSID."""
        newest = index.photos(index.ids()[:1])
        return (newest[0].facts.path_alias if newest else "") or index.reader.nsid

    # Accounts

    def _account(self, arguments: Mapping[str, str]) -> PhotoIndex:
        found = self.index_of(arguments.get("user_id", ""))
        if found is None:
            raise FlickrRefusal(1, "User not found")
        return found

    def _find_by_username(self, arguments: Mapping[str, str], _: str) -> Payload:
        name = arguments.get("username", "").casefold()
        for index in self._indexes:
            if index.reader.username.casefold() == name:
                return {"user": _user(index)}
        raise FlickrRefusal(1, "User not found")

    def _lookup_user(self, arguments: Mapping[str, str], _: str) -> Payload:
        address = _ADDRESS.match(arguments.get("url", ""))
        index = self.index_of(address[1]) if address else None
        if index is None:
            raise FlickrRefusal(1, "User not found")
        return {"user": {"id": index.reader.nsid, "username": {"_content": index.reader.username}}}

    def _get_user_photos(self, arguments: Mapping[str, str], _: str) -> Payload:
        index = self._account(arguments)
        return {"user": {"nsid": index.reader.nsid, "url": f"{FLICKR}/photos/{self.alias_of(index)}/"}}

    def _get_person(self, arguments: Mapping[str, str], _: str) -> Payload:
        index = self._account(arguments)
        reader, name = index.reader, self.alias_of(index)
        return {
            "person": {
                "id": reader.nsid,
                "nsid": reader.nsid,
                "ispro": 0,
                "is_deleted": 0,
                "iconserver": "0",
                "iconfarm": 0,
                "path_alias": None if name == reader.nsid else name,
                "has_stats": 0,
                "username": {"_content": reader.username},
                "description": {"_content": ""},
                "photosurl": {"_content": f"{FLICKR}/photos/{name}/"},
                "profileurl": {"_content": f"{FLICKR}/people/{name}/"},
                "photos": {"count": {"_content": len(index.ids())}},
            }
        }

    # Photos

    def _get_photos(self, arguments: Mapping[str, str], base: str) -> Payload:
        index = self._account(arguments)
        low, high = (to_int(arguments.get(f"{name}_upload_date")) for name in ("min", "max"))
        return self._page(index, index.ids(low, high), arguments, base)

    def _page(
        self, index: PhotoIndex, photo_ids: Sequence[int], arguments: Mapping[str, str], base: str
    ) -> Payload:
        """Return a page of photos. A page beyond the last one is the last one, as at Flickr."""
        size = min(max(to_int(arguments.get("per_page")) or 100, 1), MOST_ON_PAGE)
        total = len(photo_ids)
        pages = -(-total // size)
        page = min(max(to_int(arguments.get("page")) or 1, 1), max(pages, 1))
        extras = set(arguments.get("extras", "").replace(" ", "").split(","))
        chosen = index.photos(photo_ids[(page - 1) * size : page * size])
        return {
            "photos": {
                "page": page,
                "pages": pages,
                "perpage": size,
                "total": str(total),
                "photo": [listed_photo(photo, index.reader, extras, base) for photo in chosen],
            }
        }

    def _photo(self, arguments: Mapping[str, str]) -> tuple[PhotoIndex, ArchivedPhoto]:
        found = self.find(arguments.get("photo_id", ""))
        if found is None:
            raise FlickrRefusal(1, "Photo not found")
        return found

    def _get_sizes(self, arguments: Mapping[str, str], base: str) -> Payload:
        return {"sizes": sizes_of(self._photo(arguments)[1], base)}

    def _get_streams(self, arguments: Mapping[str, str], base: str) -> Payload:
        """Return the addresses of a film: an undocumented method, which gallery-dl calls."""
        photo = self._photo(arguments)[1]
        if photo.file("video") is None:
            raise FlickrRefusal(1, "Photo not found")
        return {"streams": {"stream": [{"type": "orig", "_content": base + image_path(photo, "video")}]}}

    def _get_info(self, arguments: Mapping[str, str], _: str) -> Payload:
        index, photo = self._photo(arguments)
        return {"photo": photo_info(photo, index.reader)}

    def _get_comments(self, arguments: Mapping[str, str], _: str) -> Payload:
        index, photo = self._photo(arguments)
        return {"comments": comments_of(photo.id, index.reader.comments(photo.id))}

    def _search(self, arguments: Mapping[str, str], base: str) -> Payload:
        name = arguments.get("user_id", "")
        index = self.index_of(name) if name else self._indexes[0]
        if index is None:
            raise FlickrRefusal(2, "Unknown user")
        text = arguments.get("text", "")
        tags = [tag for tag in arguments.get("tags", "").split(",") if tag.strip()]
        is_any = arguments.get("tag_mode", "any") != "all"
        if is_any and len(tags) > 1:
            raise FlickrRefusal(3, "Parameterless: a mirror searches for all tags only, with tag_mode=all")
        search = self._search_index(index)
        found = search.search(text, _filter_of(arguments, tags), order=_order(arguments.get("sort", "")))
        return self._page(index, index.visible(found.photo_ids), arguments, base)

    # Tags

    def _tags(self, arguments: Mapping[str, str]) -> tuple[str, Counter[str]]:
        index = self._account(arguments)
        counts: Counter[str] = Counter()
        for photo in index.photos(index.ids()):
            counts.update(photo.tags)
        return index.reader.nsid, counts

    def _get_tags(self, arguments: Mapping[str, str], _: str) -> Payload:
        nsid, counts = self._tags(arguments)
        return {"who": {"id": nsid, "tags": {"tag": [{"_content": tag} for tag in sorted(counts)]}}}

    def _get_popular_tags(self, arguments: Mapping[str, str], _: str) -> Payload:
        nsid, counts = self._tags(arguments)
        most = to_int(arguments.get("count")) or 10
        tags = [{"count": str(count), "_content": tag} for tag, count in counts.most_common(most)]
        return {"who": {"id": nsid, "tags": {"tag": tags}}}

    def _get_methods(self, _: Mapping[str, str], __: str) -> Payload:
        return {"methods": {"method": [{"_content": name} for name in self._methods]}}


def _user(index: PhotoIndex) -> Payload:
    reader = index.reader
    return {"id": reader.nsid, "nsid": reader.nsid, "username": {"_content": reader.username}}


def _get_licenses(_: Mapping[str, str], __: str) -> Payload:
    entries = [{"id": entry.id, "name": entry.name, "url": entry.url} for entry in LICENSES.values()]
    return {"licenses": {"license": entries}}


def _echo(arguments: Mapping[str, str], _: str) -> Payload:
    hidden = ("api_key", "method", "format")
    shown = {name: value for name, value in arguments.items() if not name.startswith("oauth_")}
    names = re.compile(r"[A-Za-z_]\w*")
    return {
        name: {"_content": "" if name == hidden[0] else value}
        for name, value in shown.items()
        if names.fullmatch(name) and name != "stat"
    }


def _order(sort: str) -> str:
    return {"date-posted-asc": "oldest", "relevance": "rank"}.get(sort, "newest")


def _filter_of(arguments: Mapping[str, str], tags: Sequence[str]) -> PhotoFilter:
    near = None
    latitude, longitude = to_float(arguments.get("lat")), to_float(arguments.get("lon"))
    if latitude is not None and longitude is not None:
        near = (latitude, longitude, to_float(arguments.get("radius")) or 5.0)
    return PhotoFilter(
        tags=tuple(re.sub(r"[\W_]+", "", tag).lower() for tag in tags),
        since=to_int(arguments.get("min_upload_date")),
        until=to_int(arguments.get("max_upload_date")),
        licenses=tuple(filter(None, arguments.get("license", "").split(","))),
        media={"photos": "photo", "videos": "video"}.get(arguments.get("media", ""), ""),
        near=near,
    )
