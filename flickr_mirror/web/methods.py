"""The methods of Flickr's REST API that `serve` answers from mirrors, read only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flickr_mirror.models.licenses import LICENSES
from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.rest_answers import FlickrRefusal, refused
from flickr_mirror.web.account_list_methods import AccountListMethods
from flickr_mirror.web.account_methods import AccountMethods
from flickr_mirror.web.album_methods import AlbumMethods
from flickr_mirror.web.answers import listed_photo
from flickr_mirror.web.collection_methods import CollectionMethods
from flickr_mirror.web.list_methods import ListMethods
from flickr_mirror.web.paging import extras_of, page_of
from flickr_mirror.web.photo_methods import PhotoMethods
from flickr_mirror.web.search_methods import SearchMethods

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto
    from flickr_mirror.reader.search_index import SearchIndex
    from flickr_mirror.web.paging import Arguments, Method
    from flickr_mirror.web.photo_index import PhotoIndex

_LICENSE_NAMES = {"9": "Public Domain Dedication (CC0)", "10": "Public Domain Mark"}
"""Flickr's names of licences that have another one here, as recorded in June 2025; programs look them up by name."""
_WRITING = re.compile(
    r"\.(?:add|create|delete|edit|join|leave|order|post|remove|replace|reply|set|subscribe|un)\w*$"
)


class MirrorApi:
    """Answers API calls from mirrors. `search` returns the search index of one of them.

    Its methods block. Any key and any signature is accepted, and neither is checked.
    """

    def __init__(self, indexes: Sequence[PhotoIndex], search: Callable[[PhotoIndex], SearchIndex]) -> None:
        # a photo can be in several mirrors: that of its own photostream comes first
        self._indexes = sorted(indexes, key=lambda index: index.reader.source is not None)
        accounts = self._accounts = AccountMethods(indexes)
        self._methods: dict[str, Method] = {
            "flickr.people.getPhotos": self._get_photos,
            "flickr.people.getPublicPhotos": self._get_photos,
            "flickr.photos.licenses.getInfo": _get_licenses,
            "flickr.reflection.getMethods": self._get_methods,
            "flickr.test.echo": _echo,
            **accounts.methods,
            **AccountListMethods(accounts).methods,
            **AlbumMethods(self._indexes, accounts.photostream, self._photo).methods,
            **CollectionMethods(self._indexes, accounts.photostream).methods,
            **ListMethods(self._indexes, accounts, self._page, self.find).methods,
            **PhotoMethods(self._photo).methods,
            **SearchMethods(self._indexes, accounts, self._page, search).methods,
        }

    def answer(self, arguments: Arguments, base: str) -> Payload:
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

    def _photo(self, arguments: Arguments) -> tuple[PhotoIndex, ArchivedPhoto]:
        found = self.find(arguments.get("photo_id", ""))
        if found is None:
            raise FlickrRefusal(1, "Photo not found")
        return found

    def _get_photos(self, arguments: Arguments, base: str) -> Payload:
        index = self._accounts.photostream(arguments)
        low, high = (to_int(arguments.get(f"{name}_upload_date")) for name in ("min", "max"))
        return self._page(index, index.ids(low, high), arguments, base)

    def _page(self, index: PhotoIndex, photo_ids: Sequence[int], arguments: Arguments, base: str) -> Payload:
        """Return a page of photos."""
        page, extras = page_of(arguments, len(photo_ids)), extras_of(arguments)
        photos = [
            listed_photo(photo, index.reader, extras, base) for photo in index.photos(page.of(photo_ids))
        ]
        return {"photos": {**page.numbers, "total": str(page.total), "photo": photos}}

    def _get_methods(self, _: Arguments, __: str) -> Payload:
        return {"methods": {"method": [{"_content": name} for name in self._methods]}}


def _get_licenses(_: Arguments, __: str) -> Payload:
    entries = [
        {"id": int(entry.id), "name": _LICENSE_NAMES.get(entry.id, entry.name), "url": entry.url}
        for entry in LICENSES.values()
    ]
    return {"licenses": {"license": entries}}


def _echo(arguments: Arguments, _: str) -> Payload:
    hidden = ("api_key", "method", "format")
    shown = {name: value for name, value in arguments.items() if not name.startswith("oauth_")}
    names = re.compile(r"[A-Za-z_]\w*")
    return {
        name: {"_content": "" if name == hidden[0] else value}
        for name, value in shown.items()
        if names.fullmatch(name) and name != "stat"
    }
