"""The blocking API: the specification's classes, which run each call of the async API in a new event loop."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import anyio

from flickr_mirror.engine.mirror import PhotostreamMirror
from flickr_mirror.flickr.api import AsyncFlickrApi
from flickr_mirror.flickr.rate_limiter import ApiBudget
from flickr_mirror.models.options import (
    DEFAULT_CACHE_DIRECTORY_DEPTH,
    DEFAULT_CACHE_PATH,
    FLICKR_API_URL,
    CachingStrategy,
    MirrorOptions,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.photos import FlickrComment, FlickrPhoto, PhotoPage
    from flickr_mirror.models.reports import MirrorReport
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.models.users import FlickrProfile, FlickrUser

P = ParamSpec("P")
T = TypeVar("T")


def run_blocking(function: Callable[[], Awaitable[T]]) -> T:
    """Run an async function in a new event loop, and return its result.

    Raises `RuntimeError` if a loop is already running in this thread, because blocking would freeze it.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise RuntimeError(
            "An event loop is already running in this thread: await AsyncFlickrApi or PhotostreamMirror instead."
        )
    return anyio.run(function)


class FlickrApi:
    """A blocking client for Flickr's REST API: the counterpart of `AsyncFlickrApi`.

    The calls of one object share one rate limit. With a `token`, they are signed by the login of an account.
    `api_url` is an endpoint other than Flickr's, such as a simulated one.
    """

    def __init__(
        self,
        consumer_key: str,
        consumer_secret: str,
        *,
        token: AccessToken | None = None,
        api_url: str = FLICKR_API_URL,
    ) -> None:
        self.__token = token
        self.__api_url = api_url
        self.__consumer_key = consumer_key
        self.__consumer_secret = consumer_secret
        self.__budget = ApiBudget()

    def __call(
        self,
        method: Callable[Concatenate[AsyncFlickrApi, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        async def call() -> T:
            async with AsyncFlickrApi(
                self.__consumer_key,
                self.__consumer_secret,
                token=self.__token,
                budget=self.__budget,
                api_url=self.__api_url,
            ) as api:
                return await method(api, *args, **kwargs)

        return run_blocking(call)

    def check_key(self) -> None:
        """Raise `InvalidKeyError` unless Flickr accepts the key; the secret is not checked."""
        self.__call(AsyncFlickrApi.check_key)

    def check_token(self) -> AccessToken:
        """Return the token with the account and the permissions that it has now.

        Raises `LoginError` if the token is missing or Flickr does not accept it.
        """
        return self.__call(AsyncFlickrApi.check_token)

    def find_user(self, username: str) -> FlickrUser:
        """Return the user with this username."""
        return self.__call(AsyncFlickrApi.find_user, username)

    def lookup_user(self, url: str) -> FlickrUser:
        """Return the user whose photos or profile are at this address on flickr.com."""
        return self.__call(AsyncFlickrApi.lookup_user, url)

    def get_profile(self, user_id: str) -> FlickrProfile:
        """Return the profile of an account, with the number of its public photos."""
        return self.__call(AsyncFlickrApi.get_profile, user_id)

    def get_photos(
        self, user_id: str, page: int = 1, per_page: int = 100
    ) -> tuple[list[FlickrPhoto], int, int]:
        """Return a page of a user's photostream, newest first, the number of pages, and of photos."""
        return self.__call(AsyncFlickrApi.get_photos, user_id, page, per_page)

    def get_page(
        self,
        user_id: str,
        *,
        page: int = 1,
        per_page: int = 500,
        min_upload_date: int | None = None,
        max_upload_date: int | None = None,
    ) -> PhotoPage:
        """Return a page of the photos that a user uploaded between two times (both included), newest first."""
        return self.__call(
            AsyncFlickrApi.get_page,
            user_id,
            page=page,
            per_page=per_page,
            min_upload_date=min_upload_date,
            max_upload_date=max_upload_date,
        )

    def get_photo_sizes(self, photo_id: str) -> list[FlickrPhotoSize]:
        """Return the sizes of a photo, smallest first."""
        return self.__call(AsyncFlickrApi.get_photo_sizes, photo_id)

    def get_photo_description(self, photo_id: str) -> str:
        """Return the description of a photo."""
        return self.__call(AsyncFlickrApi.get_photo_description, photo_id)

    def get_photo_comments(self, photo_id: str) -> list[str]:
        """Return the texts of the comments on a photo, oldest first."""
        return self.__call(AsyncFlickrApi.get_photo_comments, photo_id)

    def get_comments(self, photo_id: str) -> list[FlickrComment]:
        """Return the comments on a photo, oldest first."""
        return self.__call(AsyncFlickrApi.get_comments, photo_id)

    def get_photo_info(self, photo_id: str) -> tuple[str, list[str]]:
        """Return the description of a photo, and the texts of its comments."""
        return self.__call(AsyncFlickrApi.get_photo_info, photo_id)


class FlickrUserPhotostreamMirroringAgent:
    """Mirrors the photostream of a user: the blocking counterpart of `PhotostreamMirror`.

    Raises `ValueError` for arguments that exclude each other or are out of range.
    """

    def __init__(
        self,
        username: str,
        flickr_consumer_key: str,
        flickr_consumer_secret: str,
        cache_root_path_name: str | Path | None = None,
        cache_directory_depth: int = DEFAULT_CACHE_DIRECTORY_DEPTH,
        image_only: bool = False,  # noqa: FBT001, FBT002 - the specification's signature
        info_level: int = 0,
        info_only: bool = False,  # noqa: FBT001, FBT002
        caching_strategy: CachingStrategy = CachingStrategy.LIFO,
        verify_image: bool = False,  # noqa: FBT001, FBT002
        *,
        api_url: str = FLICKR_API_URL,
        image_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        options = MirrorOptions(
            cache_path=Path(cache_root_path_name or DEFAULT_CACHE_PATH),
            cache_directory_depth=cache_directory_depth,
            image_only=image_only,
            info_level=info_level,
            info_only=info_only,
            strategy=caching_strategy,
            verify_image=verify_image,
            api_url=api_url,
        )
        self.__mirror = PhotostreamMirror(
            username,
            flickr_consumer_key,
            flickr_consumer_secret,
            options=options,
            image_transport=image_transport,
        )
        self.__user: FlickrUser | None = None

    @property
    def user(self) -> FlickrUser:
        """The user whose photostream is mirrored, looked up at the first use."""
        if self.__user is None:
            self.__user = run_blocking(self.__mirror.find_user)
        return self.__user

    def run(self) -> MirrorReport:
        """Mirror new, interrupted and missing photos, and return a report."""
        return run_blocking(self.__mirror.run)

    def __download_photo_image(self, photo: FlickrPhoto) -> None:
        """Download the best image of one photo."""
        run_blocking(partial(self.__mirror.cache_photo_image, photo))
