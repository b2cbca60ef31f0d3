"""Flickr's API: one method per call, each raising what went wrong there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

import anyio.lowlevel

from flickr_mirror.errors import (
    FlickrApiError,
    InvalidCallError,
    InvalidKeyError,
    PermissionDeniedError,
    PhotoNotFoundError,
    TransportError,
    UserNotFoundError,
)
from flickr_mirror.flickr.http_client import Transport
from flickr_mirror.flickr.rate_limiter import ApiBudget, Priority
from flickr_mirror.models.metadata import FIELDS
from flickr_mirror.models.options import FLICKR_API_URL, Limits
from flickr_mirror.models.payloads import Payload, text_of, to_int
from flickr_mirror.models.photos import FlickrComment, FlickrPhoto, PhotoPage
from flickr_mirror.models.sizes import LISTED_SIZES, FlickrPhotoSize
from flickr_mirror.models.users import FlickrProfile, FlickrUser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

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
"""The fields that a listing is asked for, of each photo. One more makes the next run of every mirror list it all again.

From `url_k` on the keys of sizes are undocumented but served (gallery-dl#472), as are `count_comments` and `rotation`;
a server that ignores them leaves the keys out.
"""

_AT_ONCE = 1000  # comments that are read before other tasks have a turn

# Codes that mean the same for every method: https://www.flickr.com/services/api/flickr.photos.getInfo.html
_KEY_CODES = {95, 96, 97, 98, 99, 100}
_CALL_CODES = {111, 112, 114, 115, 116}
_PASSING_CODES = {105, 106, 201}
# "Sorry, the Flickr API service is not currently available." comes with the codes 0, 105 and 201
_PASSING_MESSAGE = "not currently available"

_USER: dict[int, type[FlickrApiError]] = {1: UserNotFoundError}
_STREAM: dict[int, type[FlickrApiError]] = dict.fromkeys((1, 2, 5), UserNotFoundError)
_PHOTO: dict[int, type[FlickrApiError]] = {1: PhotoNotFoundError, 2: PermissionDeniedError}


class AsyncFlickrApi:
    """Flickr's REST API, read without a login; an async context manager.

    Every method raises a `FlickrApiError` where Flickr refuses (`InvalidKeyError` for the key,
    `InvalidCallError` where it does not understand), and a `TransportError` when no usable answer came after
    several attempts. `api_transport` carries the requests, in place of connections of its own; what goes through
    it has the key in it. `transport` replaces all of the other settings.
    """

    def __init__(
        self,
        consumer_key: str,
        consumer_secret: str,
        *,
        budget: ApiBudget | None = None,
        api_url: str = FLICKR_API_URL,
        limits: Limits | None = None,
        api_transport: httpx.AsyncBaseTransport | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.__consumer_secret = consumer_secret  # signs calls with a login; public photos need the key alone
        self._transport = transport or Transport(
            consumer_key,
            budget=budget or ApiBudget(),
            api_url=api_url,
            limits=limits,
            api_transport=api_transport,
        )

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._transport.__aexit__(*error)

    @property
    def transport(self) -> Transport:
        """The connections that the calls go through."""
        return self._transport

    @property
    def calls(self) -> dict[str, int]:
        """How many calls of each method were sent."""
        return self._transport.calls

    @property
    def server_time(self) -> float | None:
        """Flickr's clock as its answers told it, in seconds since 1970 (UTC)."""
        return self._transport.server_time

    async def check_key(self) -> None:
        """Raise `InvalidKeyError` unless Flickr accepts the key; the secret is not asked for."""
        await self._call("flickr.test.echo", "method", {})

    async def find_user(self, username: str) -> FlickrUser:
        """Return the user who shows this username."""
        return _read(
            FlickrUser.from_json,
            await self._call("flickr.people.findByUsername", "user", _USER, username=username),
        )

    async def lookup_user(self, url: str) -> FlickrUser:
        """Return the user whose photos or profile are at this address on flickr.com."""
        return _read(FlickrUser.from_json, await self._call("flickr.urls.lookupUser", "user", _USER, url=url))

    async def get_profile(self, user_id: str) -> FlickrProfile:
        """Return what Flickr tells of an account, among it the number of its public photos."""
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

        Flickr answers page 10,000 to every page above without an error, so look at the `page` that came.
        """
        if not 1 <= per_page <= 500:
            raise ValueError(f"per_page is 1 to 500, not {per_page!r}.")
        arguments = {"user_id": user_id, "page": str(page), "per_page": str(per_page), "extras": EXTRAS}
        if min_upload_date is not None:
            arguments["min_upload_date"] = str(min_upload_date)
        if max_upload_date is not None:
            arguments["max_upload_date"] = str(max_upload_date)
        return PhotoPage.from_json(
            await self._call("flickr.people.getPhotos", "photos", _STREAM, **arguments)
        )

    async def get_photo_sizes(self, photo_id: str) -> list[FlickrPhotoSize]:
        """Return the sizes in which Flickr has a photo, smallest first; unusable entries are left out."""
        part = await self._call("flickr.photos.getSizes", "sizes", _PHOTO, Priority.SIZES, photo_id=photo_id)
        sizes = [FlickrPhotoSize.from_json(entry) for entry in _entries(part.get("size"))]
        return [size for size in sizes if size.url and (size.area or size.media == "video")]

    async def get_photo_description(self, photo_id: str) -> str:
        """Return the description of a photo."""
        part = await self._call("flickr.photos.getInfo", "photo", _PHOTO, photo_id=photo_id)
        return text_of(part.get("description"))

    async def get_photo_comments(self, photo_id: str) -> list[str]:
        """Return the texts of the comments on a photo, oldest first."""
        return [comment.content for comment in await self.get_comments(photo_id)]

    async def get_comments(self, photo_id: str) -> list[FlickrComment]:
        """Return the comments on a photo, oldest first: all of them, for Flickr does not page here."""
        part = await self._call(
            "flickr.photos.comments.getList", "comments", _PHOTO, Priority.COMMENTS, photo_id=photo_id
        )
        # without a comment there is no key "comment"; with 100,000, others go on meanwhile
        entries = _entries(part.get("comment"))
        comments: list[FlickrComment] = []
        for start in range(0, len(entries), _AT_ONCE):
            comments += map(FlickrComment.from_json, entries[start : start + _AT_ONCE])
            await anyio.lowlevel.checkpoint()
        return comments

    async def get_photo_info(self, photo_id: str) -> tuple[str, list[str]]:
        """Return the description of a photo, and the texts of its comments."""
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
        async for attempt in self._transport.retrying():
            with attempt:
                answer: Payload = await self._transport.call(method, priority, **arguments)
                _raise_failure(answer, method, errors)
                wanted = answer.get(part)
                if not isinstance(wanted, dict):
                    raise TransportError(f"{method}: the answer has no {part!r}.")
                return wanted
        raise AssertionError("the last attempt returns or raises")


def _raise_failure(answer: Payload, method: str, errors: Mapping[int, type[FlickrApiError]]) -> None:
    """Raise what Flickr refuses: {"stat": "fail", "code": 1, "message": "User not found"}."""
    if answer.get("stat") == "ok":
        return
    message = text_of(answer.get("message")) or "Flickr refused the call without saying why"
    code = to_int(answer.get("code")) or 0
    if code in _PASSING_CODES or _PASSING_MESSAGE in message:
        raise TransportError(f"{method}: {message}")
    if code in _KEY_CODES:
        raise InvalidKeyError(message, code, method)
    if code in _CALL_CODES:
        raise InvalidCallError(message, code, method)
    raise errors.get(code, FlickrApiError)(message, code, method)


def _read(from_json: Callable[[Payload], T], payload: Payload) -> T:
    try:
        return from_json(payload)
    except ValueError as error:
        raise TransportError(str(error)) from error


def _entries(value: object) -> list[Payload]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
