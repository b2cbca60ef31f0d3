"""The accounts of Flickr."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.models.payloads import text_of, to_int

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload


class FlickrUser:
    """An account on Flickr: its id (NSID) and its username."""

    __slots__ = ("_user_id", "_username")

    def __init__(self, user_id: str, username: str) -> None:
        self._user_id = user_id
        self._username = username

    @property
    def user_id(self) -> str:
        """The unique id of the account (NSID), such as `13476480@N07`."""
        return self._user_id

    @property
    def id(self) -> str:
        """The same as `user_id`."""
        return self._user_id

    @property
    def username(self) -> str:
        """The name that the account shows."""
        return self._username

    @staticmethod
    def from_json(payload: Payload) -> FlickrUser:
        """Return the user that `people.findByUsername`, `urls.lookupUser` or `people.getInfo` describes.

        Raises `ValueError` if the answer has no valid NSID, because folder names can be derived from it.

        {"id": "13476480@N07", "nsid": "13476480@N07", "username": {"_content": "manhhai"}}
        """
        user_id = text_of(payload.get("nsid") or payload.get("id"))
        if not is_nsid(user_id):
            raise ValueError(f"Flickr sent {user_id!r} as the id of an account.")
        return FlickrUser(user_id, text_of(payload.get("username")))


@dataclass(frozen=True, slots=True)
class FlickrProfile:
    """An account with the number of its public photos; `photo_count` is `None` if Flickr does not state it."""

    user: FlickrUser
    photo_count: int | None

    @staticmethod
    def from_json(payload: Payload) -> FlickrProfile:
        """Return the profile that `people.getInfo` describes.

        {"nsid": "13476480@N07", "ispro": 1, "username": {"_content": "manhhai"},
         "photos": {"firstdate": {"_content": "1194620000"}, "count": {"_content": 101899}}}
        """
        photos = payload.get("photos")
        count = photos.get("count") if isinstance(photos, dict) else None
        return FlickrProfile(FlickrUser.from_json(payload), to_int(text_of(count)))
