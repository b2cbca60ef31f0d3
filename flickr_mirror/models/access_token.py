"""The access that an account on Flickr has granted to a program."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import text_of
from flickr_mirror.models.users import FlickrUser

if TYPE_CHECKING:
    from flickr_mirror.models.payloads import Payload


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The login of an account on Flickr: an OAuth token and its secret, which `repr` does not show.

    It is valid only with the API key that it was made with, until the account revokes it. `perms` is `read`,
    `write` or `delete`.
    """

    token: str = field(repr=False)
    secret: str = field(repr=False)
    nsid: str
    username: str
    perms: str = "read"
    fullname: str = ""

    def updated(self, payload: Payload) -> AccessToken:
        """Return this token with the account and the permissions that `auth.oauth.checkToken` states.

        Raises `ValueError` if the answer has no valid NSID.

        {"token": {"_content": "..."}, "perms": {"_content": "read"},
         "user": {"nsid": "13476480@N07", "username": "manhhai", "fullname": "manhhai"}}
        """
        account = payload.get("user")
        account = account if isinstance(account, dict) else {}
        user = FlickrUser.from_json(account)
        return replace(
            self,
            nsid=user.id,
            username=user.username,
            perms=text_of(payload.get("perms")),
            fullname=text_of(account.get("fullname")),
        )
