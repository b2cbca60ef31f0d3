"""The methods of Flickr's API about accounts that `serve` answers: `people.*` and `urls.*`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.models.payloads import text_of
from flickr_mirror.models.rest_answers import FlickrRefusal
from flickr_mirror.models.sources import SourceKind, source_address
from flickr_mirror.web.answers import FLICKR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flickr_mirror.models.payloads import Payload
    from flickr_mirror.reader.mirror_reader import MirrorReader
    from flickr_mirror.web.paging import Method
    from flickr_mirror.web.photo_index import PhotoIndex

_ADDRESS = re.compile(r"^(?:https?://)?(?:www\.|m\.)?flickr\.com/(?:photos|people)/([^/?#]+)")
_TITLE = re.compile(r"(?:favorites|gallery \d+|pool|photos) of ")


class Account(NamedTuple):
    """An account or a group: `alias` is its name in addresses. `mirror` is the one that it is known by."""

    nsid: str
    username: str
    alias: str
    mirror: PhotoIndex

    @property
    def is_of_list(self) -> bool:
        """Whether only a list of the account is mirrored, and not its photostream."""
        return self.mirror.reader.source is not None


class AccountMethods:
    """Answers calls about the accounts of mirrors, and finds the photostream that a call is about."""

    def __init__(self, indexes: Sequence[PhotoIndex]) -> None:
        self._indexes = indexes
        self.methods: dict[str, Method] = {
            "flickr.people.findByUsername": self._find_by_username,
            "flickr.people.getInfo": self._get_person,
            "flickr.urls.getUserPhotos": self._get_user_photos,
            "flickr.urls.lookupUser": self._lookup_user,
        }

    def photostream(self, arguments: Mapping[str, str]) -> PhotoIndex:
        """Return the mirror of the photostream that a call is about. Raises `FlickrRefusal` if there is none."""
        account = self.find(arguments.get("user_id", ""))
        if account is None:
            raise FlickrRefusal(1, "User not found")
        if account.is_of_list:
            title = account.mirror.reader.username
            raise FlickrRefusal(1, f"The photostream of {account.username} is not mirrored, only: {title}")
        return account.mirror

    def find(self, name: str) -> Account | None:
        """Return the account with this NSID, path alias or username; `None` if no mirror is of it."""
        for account in self._accounts():
            if name in (account.nsid, account.username, account.alias):
                return account
        return None

    def _accounts(self) -> list[Account]:
        """Return the accounts of the mirrors, those of photostreams first."""
        found = [_account(index) for index in self._indexes]
        return sorted(found, key=lambda account: account.is_of_list)

    def _get(self, name: str) -> Account:
        account = self.find(name)
        if account is None:
            raise FlickrRefusal(1, "User not found")
        return account

    def _find_by_username(self, arguments: Mapping[str, str], _: str) -> Payload:
        name = arguments.get("username", "").casefold()
        for account in self._accounts():
            if account.username.casefold() == name:
                user = {"id": account.nsid, "nsid": account.nsid, "username": {"_content": account.username}}
                return {"user": user}
        raise FlickrRefusal(1, "User not found")

    def _lookup_user(self, arguments: Mapping[str, str], _: str) -> Payload:
        address = _ADDRESS.match(arguments.get("url", ""))
        account = self._get(address[1] if address else "")
        return {"user": {"id": account.nsid, "username": {"_content": account.username}}}

    def _get_user_photos(self, arguments: Mapping[str, str], _: str) -> Payload:
        account = self._get(arguments.get("user_id", ""))
        return {"user": {"nsid": account.nsid, "url": f"{FLICKR}/photos/{account.alias}/"}}

    def _get_person(self, arguments: Mapping[str, str], _: str) -> Payload:
        account = self._get(arguments.get("user_id", ""))
        reader = account.mirror.reader
        profile = None if account.is_of_list else reader.account_document("profile")
        return {"person": _person(account, profile or {})}


def _person(account: Account, profile: Payload) -> Payload:
    """Return the answer of `people.getInfo`; `profile` is the document of the mirror, empty if it has none."""
    shown = {key: text_of(value) for key, value in profile.items()}
    alias = "" if account.alias == account.nsid else account.alias
    photos = {
        key: {"_content": shown[name]}
        for key, name in (("firstdatetaken", "first_taken"), ("firstdate", "first_uploaded"))
        if shown.get(name)
    }
    person: Payload = {
        "id": account.nsid,
        "nsid": account.nsid,
        "ispro": int(bool(profile.get("is_pro"))),
        **({"expire": "0"} if profile.get("is_pro") else {}),  # recorded for accounts whose end is not shown
        "is_deleted": 0,
        "iconserver": "0",
        "iconfarm": 0,
        "path_alias": shown.get("path_alias") or alias or None,
        "has_stats": 0,
        "username": {"_content": account.username},
        **{key: {"_content": shown[key]} for key in ("realname", "location") if shown.get(key)},
        "description": {"_content": shown.get("description", "")},
        "photosurl": {"_content": shown.get("photos_url") or f"{FLICKR}/photos/{account.alias}/"},
        "profileurl": {"_content": shown.get("profile_url") or f"{FLICKR}/people/{account.alias}/"},
    }
    if shown.get("timezone"):
        person["timezone"] = {"label": shown["timezone"], "timezone_id": shown["timezone"]}
    count = 0 if account.is_of_list else len(account.mirror.ids())
    return {**person, "photos": {**photos, "count": {"_content": count}}}


def _account(index: PhotoIndex) -> Account:
    reader = index.reader
    if reader.source is None:
        newest = index.photos(index.ids()[:1])
        return Account(
            reader.nsid,
            reader.username,
            (newest[0].facts.path_alias if newest else "") or reader.nsid,
            index,
        )
    address = source_address(reader.url)
    alias = reader.nsid if address.kind is SourceKind.GALLERY else address.name
    return Account(reader.nsid, account_name(reader), alias, index)


def account_name(reader: MirrorReader) -> str:
    """Return the name of the account or the group whose list is mirrored."""
    return _TITLE.sub("", reader.username, count=1)
