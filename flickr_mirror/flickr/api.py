"""Flickr's API: one method per call. Each raises an error of `flickr_mirror.errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

import anyio.lowlevel

from flickr_mirror.errors import (
    FlickrApiError,
    LoginError,
    PermissionDeniedError,
    PhotoNotFoundError,
    TransportError,
    UserNotFoundError,
)
from flickr_mirror.flickr.api_call import call
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.flickr.rate_limiter import ApiBudget, Priority
from flickr_mirror.models.metadata import FIELDS
from flickr_mirror.models.options import FLICKR_API_URL, Limits
from flickr_mirror.models.payloads import Payload, objects_of, text_of
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto, PhotoPage
from flickr_mirror.models.sizes import LISTED_SIZES, FlickrPhotoSize
from flickr_mirror.models.users import FlickrProfile, FlickrUser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from flickr_mirror.models.access_token import AccessToken

T = TypeVar("T")

EXTRAS = ",".join(
    dict.fromkeys(
        (
            "description",
            "original_format",
            *(row.extra for row in FIELDS if row.extra),
            *(f"url_{key}" for key in LISTED_SIZES),
        )
    )
)
"""The fields of each photo in a listing. An additional one makes the next run of every mirror list all photos again.

From `url_k` on the keys of sizes are undocumented but served (gallery-dl#472), as are `count_comments` and `rotation`;
a server that ignores them leaves the keys out.
"""

_COMMENTS_PER_STEP = 1000  # comments that are parsed before other tasks run

_USER: dict[int, type[FlickrApiError]] = {1: UserNotFoundError}
_STREAM: dict[int, type[FlickrApiError]] = dict.fromkeys((1, 2, 5), UserNotFoundError)
_PHOTO: dict[int, type[FlickrApiError]] = {1: PhotoNotFoundError, 2: PermissionDeniedError}


class AsyncFlickrApi:
    """Flickr's REST API; an async context manager. With a `token`, calls are signed by the login of an account.

    Every method raises a `FlickrApiError` if Flickr refuses (`InvalidKeyError` for the key, `InvalidCallError` for
    a malformed call), a `LoginError` if it refuses the login or requires one, and a `TransportError` if no usable
    answer came after several attempts. `api_transport` replaces the connections; the requests that it receives
    contain the key. `http_client` replaces all of the other settings.
    """

    def __init__(
        self,
        consumer_key: str,
        consumer_secret: str,
        *,
        token: AccessToken | None = None,
        budget: ApiBudget | None = None,
        api_url: str = FLICKR_API_URL,
        limits: Limits | None = None,
        api_transport: httpx.AsyncBaseTransport | None = None,
        http_client: HttpClient | None = None,
    ) -> None:
        self.__token = token
        self._http_client = http_client or HttpClient(
            consumer_key,
            budget=budget or ApiBudget(timing=(limits or Limits()).timing),
            api_url=api_url,
            limits=limits,
            api_transport=api_transport,
            login=(consumer_secret, token) if token else None,  # public photos need only the key
        )

    async def __aenter__(self) -> Self:
        await self._http_client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http_client.__aexit__(*error)

    @property
    def http_client(self) -> HttpClient:
        """The HTTP client that sends the calls."""
        return self._http_client

    @property
    def caller(self) -> FlickrUser | None:
        """The account whose login signs the calls; `None` without a login."""
        return FlickrUser(self.__token.nsid, self.__token.username) if self.__token else None

    @property
    def calls(self) -> dict[str, int]:
        """How many calls of each method were sent."""
        return self._http_client.calls

    @property
    def server_time(self) -> float | None:
        """Flickr's clock (UTC seconds), from its latest answer; `None` before that."""
        return self._http_client.server_time

    async def check_key(self) -> None:
        """Raise `InvalidKeyError` unless Flickr accepts the key. The secret is not checked."""
        await self._call("flickr.test.echo", "method", {})

    async def check_token(self) -> AccessToken:
        """Return the token with the account and the permissions that it has now.

        Raises `LoginError` if the token is missing or Flickr does not accept it.
        """
        if self.__token is None:
            raise LoginError("There is no login to check.")
        return _read(self.__token.updated, await self._call("flickr.auth.oauth.checkToken", "oauth", {}))

    async def find_user(self, username: str) -> FlickrUser:
        """Return the user with this username."""
        return _read(
            FlickrUser.from_json,
            await self._call("flickr.people.findByUsername", "user", _USER, username=username),
        )

    async def lookup_user(self, url: str) -> FlickrUser:
        """Return the user whose photos or profile are at this address on flickr.com."""
        return _read(FlickrUser.from_json, await self._call("flickr.urls.lookupUser", "user", _USER, url=url))

    async def get_profile(self, user_id: str) -> FlickrProfile:
        """Return the profile of an account, including the number of its public photos."""
        return _read(
            FlickrProfile.from_json,
            await self._call("flickr.people.getInfo", "person", _STREAM, user_id=user_id),
        )

    async def get_photos(
        self, user_id: str, page: int = 1, per_page: int = 100
    ) -> tuple[list[FlickrPhoto], int, int]:
        """Return a page of a user's photostream, newest first, the number of pages, and of photos.

        `per_page` is 500 at most.
        """
        listed = await self.get_page(user_id, page=page, per_page=per_page)
        return listed.photos, listed.pages, listed.total

    async def get_page(
        self,
        user_id: str,
        *,
        page: int = 1,
        per_page: int = 500,
        min_upload_date: int | None = None,
        max_upload_date: int | None = None,
    ) -> PhotoPage:
        """Return a page of what a user uploaded between two seconds (both included), newest first.

        With a login, it has photos of every safety level that the account may see, regardless of its settings: without
        `safe_search`, users missed moderate and restricted photos (https://github.com/mikf/gallery-dl/issues/1639).
        Flickr returns page 10,000 for every higher number, without an error: check the `page` of the result.
        """
        if not 1 <= per_page <= 500:
            raise ValueError(f"per_page is 1 to 500, not {per_page!r}.")
        arguments = {"user_id": user_id, "page": str(page), "per_page": str(per_page), "extras": EXTRAS}
        if min_upload_date is not None:
            arguments["min_upload_date"] = str(min_upload_date)
        if max_upload_date is not None:
            arguments["max_upload_date"] = str(max_upload_date)
        if self.__token is not None:
            arguments["safe_search"] = "3"
        return PhotoPage.from_json(
            await self._call("flickr.people.getPhotos", "photos", _STREAM, **arguments)
        )

    async def get_photo_sizes(self, photo_id: str) -> list[FlickrPhotoSize]:
        """Return the sizes of a photo, smallest first, without unusable entries."""
        part = await self._call("flickr.photos.getSizes", "sizes", _PHOTO, Priority.SIZES, photo_id=photo_id)
        sizes = [FlickrPhotoSize.from_json(entry) for entry in objects_of(part.get("size"))]
        return [size for size in sizes if size.url and (size.area or size.media == "video")]

    async def get_photo_description(self, photo_id: str) -> str:
        """Return the description of a photo."""
        part = await self._call("flickr.photos.getInfo", "photo", _PHOTO, photo_id=photo_id)
        return text_of(part.get("description"))

    async def get_photo_comments(self, photo_id: str) -> list[str]:
        """Return the texts of the comments on a photo, oldest first."""
        return [comment.content for comment in await self.get_comments(photo_id)]

    async def get_comments(self, photo_id: str) -> list[FlickrComment]:
        """Return all comments on a photo, oldest first. Flickr does not divide them into pages."""
        part = await self._call(
            "flickr.photos.comments.getList", "comments", _PHOTO, Priority.COMMENTS, photo_id=photo_id
        )
        # without comments there is no key "comment"; parsing 100,000 of them would block the event loop
        entries = objects_of(part.get("comment"))
        comments: list[FlickrComment] = []
        for start in range(0, len(entries), _COMMENTS_PER_STEP):
            comments += map(FlickrComment.from_json, entries[start : start + _COMMENTS_PER_STEP])
            await anyio.lowlevel.checkpoint()
        return comments

    async def get_photo_info(self, photo_id: str) -> tuple[str, list[str]]:
        """Return the description of a photo and the texts of its comments."""
        return await self.get_photo_description(photo_id), await self.get_photo_comments(photo_id)

    async def _call(
        self,
        method: str,
        part: str,
        errors: Mapping[int, type[FlickrApiError]],
        priority: Priority = Priority.LISTING,
        /,
        **arguments: str,
    ) -> Payload:
        return await call(self._http_client, method, part, errors, priority, **arguments)


def _read(from_json: Callable[[Payload], T], payload: Payload) -> T:
    try:
        return from_json(payload)
    except ValueError as error:
        raise TransportError(str(error)) from error
