"""The methods of Flickr's REST API that `serve` answers from mirrors, read only."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from flickr_mirror.models.licenses import LICENSES
from flickr_mirror.models.payloads import to_float, to_int
from flickr_mirror.models.rest_answers import FlickrRefusal, refused
from flickr_mirror.reader.filters import PhotoFilter
from flickr_mirror.web.account_methods import AccountMethods
from flickr_mirror.web.album_methods import AlbumMethods
from flickr_mirror.web.answers import comments_of, image_path, listed_photo, photo_info, sizes_of
from flickr_mirror.web.list_methods import ListMethods

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto
    from flickr_mirror.reader.search_index import SearchIndex
    from flickr_mirror.web.photo_index import PhotoIndex

MOST_ON_PAGE = 500
_WRITING = re.compile(
    r"\.(?:add|create|delete|edit|join|leave|order|post|remove|replace|reply|set|subscribe|un)\w*$"
)


class MirrorApi:
    """Answers API calls from mirrors. `search` runs a search over one of them.

    Its methods block. Any key and any signature is accepted, and neither is checked.
    """

    def __init__(self, indexes: Sequence[PhotoIndex], search: Callable[[PhotoIndex], SearchIndex]) -> None:
        # a photo can be in several mirrors: that of its own photostream comes first
        self._indexes = sorted(indexes, key=lambda index: index.reader.source is not None)
        self._accounts = AccountMethods(indexes)
        self._search_index = search
        self._methods: dict[str, Callable[[Mapping[str, str], str], Payload]] = {
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
            "flickr.video.getStreamInfo": self._get_streams,
            **self._accounts.methods,
            **AlbumMethods(indexes, self._accounts.photostream, self._photo).methods,
            **ListMethods(indexes, self._page).methods,
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

    def find(self, photo_id: str) -> tuple[PhotoIndex, ArchivedPhoto] | None:
        """Return a photo and its mirror; `None` if no mirror shows it."""
        for index in self._indexes:
            if photo := index.photo(photo_id):
                return index, photo
        return None

    # Photos

    def _get_photos(self, arguments: Mapping[str, str], base: str) -> Payload:
        index = self._accounts.photostream(arguments)
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
        index = self._accounts.photostream(arguments) if arguments.get("user_id") else self._indexes[0]
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
        index = self._accounts.photostream(arguments)
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
