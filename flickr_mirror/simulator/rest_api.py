"""The answers of Flickr's REST API to each method, and its refusals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import to_int
from flickr_mirror.models.rest_answers import FlickrRefusal, refused
from flickr_mirror.simulator.account_lists import AccountLists
from flickr_mirror.simulator.albums import AlbumMethods
from flickr_mirror.simulator.oauth import PERMS
from flickr_mirror.simulator.payloads import (
    UNDOCUMENTED_EXTRAS,
    comments_of,
    listed_photo,
    person,
    photo_info,
    sizes_of,
    user,
)
from flickr_mirror.simulator.photo_details import exif_of, faves_of, people_of
from flickr_mirror.simulator.photo_lists import PhotoLists

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.simulator.data.photo import SimulatedPhoto
    from flickr_mirror.simulator.data.stream import SimulatedPhotostream
    from flickr_mirror.simulator.oauth import Caller, IssuedToken

_ADDRESS = re.compile(r"^(?:https?://)?(?:www\.|m\.)?flickr\.com/(?:photos|people)/([^/?#]+)")


class RestApi:
    """The methods that a mirror calls, for some photostreams."""

    def __init__(
        self,
        streams: Sequence[SimulatedPhotostream],
        *,
        undocumented_extras: bool,
        count_comments: bool,
        api_key: str | None,
    ) -> None:
        self._streams = streams
        self._api_key = api_key
        self._ignored = frozenset() if undocumented_extras else UNDOCUMENTED_EXTRAS
        if not count_comments:
            self._ignored |= {"count_comments"}
        self._viewer: str | None = None
        """The account that signed the call that is being answered."""
        self._login_methods = {
            "flickr.photos.recentlyUpdated": self._recently_updated,
            "flickr.auth.oauth.checkToken": self._check_token,
            "flickr.test.login": self._test_login,
        }
        self._lists = (
            AlbumMethods(streams).methods
            | AccountLists(streams).methods
            | PhotoLists(streams, self.find_photo).methods
        )
        self._methods = {
            "flickr.test.echo": _echo,
            "flickr.people.findByUsername": self._find_by_username,
            "flickr.urls.lookupUser": self._lookup_user,
            "flickr.people.getInfo": self._get_person,
            "flickr.people.getPhotos": self._get_photos,
            "flickr.photos.getSizes": self._get_sizes,
            "flickr.photos.getInfo": self._get_photo_info,
            "flickr.photos.people.getList": self._get_people,
            "flickr.photos.getFavorites": self._get_faves,
            "flickr.photos.getExif": self._get_exif,
            "flickr.photos.comments.getList": self._get_comments,
        }

    def answer(self, arguments: Mapping[str, str], caller: Caller | None = None) -> Payload:
        """Return the answer to a call: `{"photos": {...}, "stat": "ok"}`, or Flickr's refusal.

        `caller` signed the call, and its signature is valid.
        """
        try:
            self._check(arguments, caller.key if caller else arguments.get("api_key", ""))
            if caller and caller.sent_token and caller.token is None:
                raise FlickrRefusal(98, "Invalid auth token")
            method = arguments["method"]
            self._viewer = caller.token.nsid if caller and caller.token else None
            if method in self._lists:
                return self._lists[method](arguments, self._viewer or "") | {"stat": "ok"}
            if method not in self._login_methods:
                return self._methods[method](arguments) | {"stat": "ok"}
            if caller is None or caller.token is None or caller.token.perms not in PERMS[1:]:
                raise FlickrRefusal(
                    99, "Insufficient permissions. Method requires read privileges; none granted."
                )
            return self._login_methods[method](caller.token, arguments) | {"stat": "ok"}
        except FlickrRefusal as refusal:
            return refused(refusal)

    def find_photo(self, photo_id: str) -> tuple[SimulatedPhotostream, SimulatedPhoto] | None:
        """Return a photo and the photostream that it is in. The address of a file is enough to fetch it."""
        for stream in self._streams:
            if stream.is_seen_by(photo_id, stream.nsid) and not stream.deleted:
                return stream, stream.photo(photo_id)
        return None

    def _check(self, arguments: Mapping[str, str], key: str) -> None:
        if not key or self._api_key not in (None, key):
            raise FlickrRefusal(100, "Invalid API Key (Key has invalid format)")
        if arguments.get("method") not in {*self._methods, *self._login_methods, *self._lists}:
            raise FlickrRefusal(112, f'Method "{arguments.get("method", "")}" not found')
        if arguments.get("format") != "json":
            raise FlickrRefusal(111, f'Format "{arguments.get("format", "rest")}" not found')

    def _check_token(self, token: IssuedToken, _: Mapping[str, str]) -> Payload:
        stream = self._account(token)
        return {
            "oauth": {
                "token": {"_content": token.token},
                "perms": {"_content": token.perms},
                "user": {"nsid": stream.nsid, "username": stream.username, "fullname": stream.real_name},
            }
        }

    def _recently_updated(self, token: IssuedToken, arguments: Mapping[str, str]) -> Payload:
        since = to_int(arguments.get("min_date"))
        if since is None:
            raise FlickrRefusal(1, "Required arguments missing")
        stream = self._account(token)
        photos = stream.updated_since(since)
        per_page = min(max(to_int(arguments.get("per_page")) or 100, 1), 500)
        page = max(to_int(arguments.get("page")) or 1, 1)
        shown = photos[(page - 1) * per_page : page * per_page]
        return self._listing(arguments, stream, shown, page, per_page, len(photos))

    def _test_login(self, token: IssuedToken, _: Mapping[str, str]) -> Payload:
        stream = self._account(token)
        return {
            "user": {
                "id": stream.nsid,
                "path_alias": stream.path_alias or None,
                "username": {"_content": stream.username},
            }
        }

    def _account(self, token: IssuedToken) -> SimulatedPhotostream:
        return next(stream for stream in self._streams if stream.nsid == token.nsid)

    def _find_by_username(self, arguments: Mapping[str, str]) -> Payload:
        name = arguments.get("username", "").casefold()
        for stream in self._streams:
            if stream.username.casefold() == name and not stream.deleted:
                return {"user": user(stream)}
        raise FlickrRefusal(1, "User not found")

    def _lookup_user(self, arguments: Mapping[str, str]) -> Payload:
        address = _ADDRESS.match(arguments.get("url", ""))
        for stream in self._streams:
            if address and address[1] in (stream.nsid, stream.path_alias) and not stream.deleted:
                return {"user": {"id": stream.nsid, "username": {"_content": stream.username}}}
        raise FlickrRefusal(1, "User not found")

    def _get_person(self, arguments: Mapping[str, str]) -> Payload:
        stream = self._stream(arguments)
        if stream is None:
            raise FlickrRefusal(1, "User not found")
        if stream.deleted:
            raise FlickrRefusal(5, "User deleted")
        return {"person": person(stream, len(stream.seen_by(self._viewer)))}

    def _get_photos(self, arguments: Mapping[str, str]) -> Payload:
        if not arguments.get("user_id"):
            raise FlickrRefusal(1, "Required arguments missing")
        stream = self._stream(arguments)
        if stream is None:
            raise FlickrRefusal(2, "Unknown user")
        if stream.deleted:
            raise FlickrRefusal(5, "User deleted")
        per_page = min(max(to_int(arguments.get("per_page")) or 100, 1), 500)
        photos, page, _, total = stream.page(
            page=max(to_int(arguments.get("page")) or 1, 1),
            per_page=per_page,
            min_upload_date=to_int(arguments.get("min_upload_date")),
            max_upload_date=to_int(arguments.get("max_upload_date")),
            viewer=self._viewer,
            only_safe=arguments.get("safe_search") != "3",
        )
        return self._listing(arguments, stream, photos, page, per_page, total)

    def _listing(
        self,
        arguments: Mapping[str, str],
        stream: SimulatedPhotostream,
        photos: Sequence[SimulatedPhoto],
        page: int,
        per_page: int,
        total: int,
    ) -> Payload:
        extras = set(arguments.get("extras", "").replace(" ", "").split(",")) - self._ignored
        return {
            "photos": {
                "page": page,
                "pages": -(-total // per_page),
                "perpage": per_page,
                # Flickr sends it as text or as a number: "946" and 487 were recorded
                "total": str(total) if total and page % 2 else total,
                "photo": [listed_photo(photo, stream, extras) for photo in photos],
            }
        }

    def _get_sizes(self, arguments: Mapping[str, str]) -> Payload:
        return {"sizes": sizes_of(self._photo(arguments)[1])}

    def _get_photo_info(self, arguments: Mapping[str, str]) -> Payload:
        stream, photo = self._photo(arguments)
        return {"photo": photo_info(photo, stream)}

    def _get_people(self, arguments: Mapping[str, str]) -> Payload:
        return {"people": people_of(self._photo(arguments)[1])}

    def _get_faves(self, arguments: Mapping[str, str]) -> Payload:
        per_page = min(max(to_int(arguments.get("per_page")) or 10, 1), 50)
        page = max(to_int(arguments.get("page")) or 1, 1)
        return {"photo": faves_of(self._photo(arguments)[1], page, per_page)}

    def _get_exif(self, arguments: Mapping[str, str]) -> Payload:
        exif = exif_of(self._photo(arguments)[1])
        if exif is None:
            raise FlickrRefusal(2, "Permission denied")
        return {"photo": exif}

    def _get_comments(self, arguments: Mapping[str, str]) -> Payload:
        stream, photo = self._photo(arguments)
        return {"comments": comments_of(photo, stream)}

    def _stream(self, arguments: Mapping[str, str]) -> SimulatedPhotostream | None:
        user_id = arguments.get("user_id")
        return next((stream for stream in self._streams if stream.nsid == user_id), None)

    def _photo(self, arguments: Mapping[str, str]) -> tuple[SimulatedPhotostream, SimulatedPhoto]:
        found = self.find_photo(arguments.get("photo_id", ""))
        if found is None or not found[0].is_seen_by(found[1].id, self._viewer):
            raise FlickrRefusal(1, "Photo not found")  # also for private ones, since about 2025
        return found


def _echo(arguments: Mapping[str, str]) -> Payload:
    """Return the arguments, including the key: `{"method": {"_content": "flickr.test.echo"}, ...}`."""
    return {name: {"_content": value} for name, value in arguments.items()}
