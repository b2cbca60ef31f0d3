"""Find the Flickr account for a name: an NSID, an address, a username or a path alias."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import PhotostreamError, UserNotFoundError
from flickr_mirror.models.addresses import page_of, photostream_address
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.users import FlickrUser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.users import FlickrProfile


@contextmanager
def named(name: str) -> Iterator[None]:
    """Add the name of the account, and what to do, to a `UserNotFoundError` that does not have them."""
    try:
        yield
    except UserNotFoundError as error:
        if name in str(error):
            raise
        raise UserNotFoundError(
            f"{error}: Flickr has no account {name!r}. Check the name or the address; if the account was deleted, "
            "its mirror is kept.",
            error.code,
            error.method,
        ) from error


@dataclass(frozen=True, slots=True)
class Account:
    """The account that was found.

    `sentence` explains how, if that is not obvious; `profile` is set if it was requested.
    """

    user: FlickrUser
    sentence: str = ""
    profile: FlickrProfile | None = None


async def identify(api: AsyncFlickrApi, name: str, *, alias_known: bool = False) -> Account:
    """Return the account that `name` identifies.

    A bare word is tried as a username, which is what Flickr shows, then as the path alias of an address. The two can
    belong to different accounts. With `alias_known` the alias is tried first, because an earlier run found that it
    is one. Raises `UserNotFoundError`, whose text states what was tried, and `ValueError` for an address that
    is not that of a photostream or a profile.
    """
    if address := photostream_address(name):
        return Account(await api.lookup_user(address))
    if is_nsid(name):
        profile = await api.get_profile(name)
        return Account(profile.user, profile=profile)
    for is_alias in (alias_known, not alias_known):
        try:
            user = await (api.lookup_user(page_of(name)) if is_alias else api.find_user(name))
        except UserNotFoundError as error:
            refusal = error
        else:
            sentence = f"{page_of(name)} is the account {user.user_id}, whose username is {user.username!r}."
            return Account(user, sentence if is_alias else "")
    raise UserNotFoundError(
        f"{refusal}: no Flickr account has the username or the address {name!r}. Copy the address of the "
        "photostream from the browser, or give the NSID.",
        refusal.code,
        refusal.method,
    )


async def find_account(
    api: AsyncFlickrApi, name: str, owners: Sequence[tuple[Path, dict[str, Any]]]
) -> Account:
    """Return the account that `name` identifies; `owners` are the existing mirrors and their owners.

    An NSID or an alias that was mirrored before costs at most one call. If Flickr does not know a name any more,
    return the account that was mirrored under it. Raises `UserNotFoundError`.
    """
    alias_known = False
    for _, owner in owners:
        if is_nsid(name) and owner["nsid"] == name:
            return Account(FlickrUser(owner["nsid"], owner["username"]))
        if owner.get("asked_for") == name and name != owner["username"]:
            alias_known = True
    try:
        return await identify(api, name, alias_known=alias_known)
    except UserNotFoundError:
        for folder, owner in owners:
            if name in (folder.name, owner["username"], owner.get("asked_for")):
                return await _renamed(api, name, folder, owner["nsid"])
        raise


async def _renamed(api: AsyncFlickrApi, name: str, folder: Path, nsid: str) -> Account:
    profile = await api.get_profile(nsid)
    user = profile.user
    sentence = (
        f"{name!r} ({user.user_id}) is now called {user.username!r}. The mirror continues in {folder}. Use --username "
        f"{user.user_id}, which stays valid when the account is renamed."
    )
    return Account(user, sentence, profile)


async def check_has_photos(api: AsyncFlickrApi, name: str, profile: FlickrProfile) -> None:
    """Raise `PhotostreamError` if an account has no public photos; the text names a likely other account."""
    if profile.photo_count != 0:
        return
    user = profile.user
    advice = "Check the name; private photos cannot be mirrored without a login."
    try:
        other = None if is_nsid(name) or "/" in name else await api.lookup_user(page_of(name))
    except UserNotFoundError:
        other = None
    if other is not None and other.user_id != user.user_id:
        advice = (
            f"{page_of(name)} is another account, {other.username!r}: to mirror that one, give "
            f"--username {other.user_id}."
        )
    raise PhotostreamError(f"{user.username!r} ({user.user_id}) has no public photos. {advice}")
