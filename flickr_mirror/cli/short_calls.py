"""Single calls of Flickr's API for a user who is waiting: few attempts, and no wait for the hour's limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from flickr_mirror.cli.runner import run_async
from flickr_mirror.engine.shared_budget import shared_budget
from flickr_mirror.errors import ThrottledError
from flickr_mirror.flickr.api import AsyncFlickrApi
from flickr_mirror.models.options import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flickr_mirror.cli.keys.key_file import ApiKeys
    from flickr_mirror.models.access_token import AccessToken

T = TypeVar("T")

LIMITS = Limits(attempts=2, timeout=15, max_wait=30)
"""Short, because a user is waiting."""


def ask_flickr(
    call: Callable[[AsyncFlickrApi], Awaitable[T]],
    keys: ApiKeys,
    api_url: str,
    limits: Limits,
    token: AccessToken | None = None,
) -> T:
    """Return what `call` returns for the API, whose calls are signed if there is a `token`.

    Raises a `FlickrMirrorError`: `ThrottledError` if the calls of the hour are used up.
    """

    async def ask() -> T:
        budget = shared_budget(keys.consumer_key, limits, api_url)
        budget.on_wait = _do_not_wait
        async with AsyncFlickrApi(
            keys.consumer_key,
            keys.consumer_secret,
            token=token,
            budget=budget,
            api_url=api_url,
            limits=limits,
        ) as api:
            return await call(api)

    return run_async(ask)


def _do_not_wait(seconds: float) -> NoReturn:
    raise ThrottledError(
        f"The API calls of this hour are used up. Run the same command again in {seconds / 60:.0f} minutes."
    )
