"""Choose the login that signs a run: the one requested, else that of the account whose photostream is mirrored."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from flickr_mirror.cli.keys.saved_logins import saved_logins
from flickr_mirror.cli.keys.token_file import SavedLogin, hash_of
from flickr_mirror.cli.options.argument_checks import check_takes_login
from flickr_mirror.engine.shared_budget import shared_budget
from flickr_mirror.errors import CacheError, LoginError, UserNotFoundError
from flickr_mirror.flickr.accounts import identify
from flickr_mirror.flickr.api import AsyncFlickrApi
from flickr_mirror.models.addresses import photostream_address
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.sources import is_source_address
from flickr_mirror.storage.mirror_lookup import find_mirror

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flickr_mirror.cli.keys.key_file import ApiKeys
    from flickr_mirror.cli.keys.login_choice import LoginChoice
    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.options import Limits

logger = logging.getLogger("flickr_mirror")


async def choose_logins(
    names: Sequence[str], root: Path, keys: ApiKeys, choice: LoginChoice, api_url: str, limits: Limits
) -> dict[str, SavedLogin | None]:
    """Return the login that signs the run of each name; `None` for a run that is not signed.

    A given token costs one call, which shows its account. A name that neither a login nor a mirror has costs one or
    two calls, if there are logins. Raises `LoginError` if the requested login is missing, or was made with another API
    key, `TransportError` if Flickr does not answer, and `ValueError` for an endpoint that cannot be used with a login.
    """
    if choice.is_unwanted:
        return dict.fromkeys(names)
    finder = _LoginFinder(root, keys, api_url, limits, saved_logins(root, keys))
    if token := choice.given():
        check_takes_login(api_url)
        await finder.add_given(token, choice.origin)
    if choice.account is None:
        # a list of photos is public, or visible to an account that only the user can name
        chosen = {name: None if is_source_address(name) else await finder.login_of(name) for name in names}
    elif login := await finder.login_of(choice.account):
        chosen = dict.fromkeys(names, login)
    else:
        raise finder.missing(choice.account)
    if any(chosen.values()):
        check_takes_login(api_url)
    return chosen


class _LoginFinder:
    """Finds the login of an account by its username, NSID, address or path alias."""

    def __init__(
        self, root: Path, keys: ApiKeys, api_url: str, limits: Limits, logins: list[SavedLogin]
    ) -> None:
        self._root = root
        self._keys = keys
        self._api_url = api_url
        self._limits = limits
        self._logins = logins

    async def add_given(self, token: AccessToken, origin: str) -> None:
        """Add a given token, which comes before the saved ones, with the account that Flickr states for it."""
        async with self._open_api(token) as api:
            token = await api.check_token()
        self._logins.insert(0, SavedLogin(token, hash_of(self._keys.consumer_key), origin=origin))

    async def login_of(self, name: str) -> SavedLogin | None:
        """Return the login of an account with the key; `None` if it has none.

        Raises `LoginError` if the only one was made with another key.
        """
        if not self._logins:
            return None
        nsid = self._known_nsid(name) or await self._ask_for_nsid(name)
        found = [login for login in self._logins if login.token.nsid == nsid]
        valid = [login for login in found if login.key_hash == hash_of(self._keys.consumer_key)]
        if found and not valid:
            raise LoginError(
                f"The login of {found[0].account} was made with another API key. Log in again: `mirror_flickr login`."
            )
        return valid[0] if valid else None

    def missing(self, name: str) -> LoginError:
        """Return the error for an account without a login."""
        accounts = ", ".join(dict.fromkeys(login.account for login in self._logins))
        there = f" There are logins of: {accounts}." if accounts else ""
        return LoginError(
            f"There is no login of {name!r}: run `mirror_flickr login` with that account, or leave out --as.{there}"
        )

    def _known_nsid(self, name: str) -> str | None:
        """Return the NSID of an account if it can be found without a call."""
        address = photostream_address(name)
        part = unquote(address.rstrip("/").rpartition("/")[2]) if address else name
        if is_nsid(part):
            return part
        if not address:
            for login in self._logins:
                if login.is_of(name):
                    return login.token.nsid
        with suppress(CacheError):  # the run itself reports it
            if found := find_mirror(self._root, name):
                return str(found[1]["nsid"])
        return None

    async def _ask_for_nsid(self, name: str) -> str | None:
        async with self._open_api() as api:
            try:
                return (await identify(api, name)).user.user_id
            except UserNotFoundError:  # the run itself reports it
                return None

    def _open_api(self, token: AccessToken | None = None) -> AsyncFlickrApi:
        budget = shared_budget(self._keys.consumer_key, self._limits, self._api_url)
        budget.on_wait = _log_wait
        return AsyncFlickrApi(
            self._keys.consumer_key,
            self._keys.consumer_secret,
            token=token,
            budget=budget,
            api_url=self._api_url,
            limits=self._limits,
        )


def _log_wait(seconds: float) -> None:
    logger.warning("The API calls of this hour are used up: waiting %.0f minutes.", seconds / 60)
