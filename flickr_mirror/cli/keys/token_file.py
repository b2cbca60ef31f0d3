"""The saved logins, and the files that hold them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.keys.private_file import LOGINS, read_credential, read_private
from flickr_mirror.errors import LoginError
from flickr_mirror.models.access_token import AccessToken
from flickr_mirror.models.identifiers import is_nsid
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE_NAME = "flickr_tokens"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SavedLogin:
    """The login of an account, with the key that it is valid for (`key_hash`), its date, and where it is saved."""

    token: AccessToken
    key_hash: str
    date: str = ""
    origin: str = field(default="", compare=False)

    @property
    def account(self) -> str:
        """The account as messages name it: `'manhhai' (13476480@N07)`."""
        return f"{self.token.username!r} ({self.token.nsid})"

    def is_of(self, name: str) -> bool:
        """Return whether this is the login of the account with this NSID or username."""
        return name == self.token.nsid or name.casefold() == self.token.username.casefold()


def hash_of(consumer_key: str) -> str:
    """Return a hash that identifies an API key and does not reveal it.

    The text before the key makes it differ from the hashes that other programs store.
    """
    return hashlib.sha256(f"flickr_mirror login {consumer_key}".encode()).hexdigest()[:16]


def read_logins(cache_path: Path) -> list[SavedLogin]:
    """Return the logins saved in the folder `cache_path`.

    A file that other users can read is made private, with a warning in the log. Raises `LoginError` for a file that
    holds no logins, or that belongs to another user.
    """
    path = cache_path / FILE_NAME
    content = read_private(path, LOGINS)
    return [] if content is None else parse_logins(content, str(path), "Remove it, then log in again.")


def read_login_credentials(folder: Path) -> list[SavedLogin]:
    """Return the logins that the service manager puts into a folder for this process.

    Its permissions are not checked. Raises `LoginError` if the file holds no logins.
    """
    path = folder / FILE_NAME
    content = read_credential(path, LOGINS)
    return [] if content is None else parse_logins(content, str(path), "Correct this credential.")


def parse_logins(content: bytes | str, origin: str, advice: str) -> list[SavedLogin]:
    """Return the logins in a JSON text. Raises `LoginError`, whose message has the `origin` and the `advice`."""
    try:
        document = json.loads(content)
        if document["format"] > FORMAT:
            raise LoginError(f"{origin} was written by a newer version of flickr_mirror: update this one.")
        return [_login(entry, origin) for entry in document["logins"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        # from None: the error may quote the tokens
        raise LoginError(f"{origin} holds no logins of this program. {advice}") from None


def as_json(logins: Sequence[SavedLogin]) -> str:
    """Return logins as JSON."""
    entries = [
        {
            "token": login.token.token,
            "token_secret": login.token.secret,
            "nsid": login.token.nsid,
            "username": login.token.username,
            "fullname": login.token.fullname,
            "perms": login.token.perms,
            "key_hash": login.key_hash,
            "date": login.date,
        }
        for login in logins
    ]
    return json.dumps({"format": FORMAT, "logins": entries}, indent=2)


def write_logins(cache_path: Path, logins: Sequence[SavedLogin]) -> Path:
    """Save logins in a file that only the user can read, or remove it if there are none, and return its path.

    Raises `CacheError`.
    """
    path = cache_path / FILE_NAME
    if logins:
        filesystem.write_file(path, f"{as_json(logins)}\n".encode(), private=True)
    else:
        filesystem.remove(path)
    return path


def _login(entry: dict[str, Any], origin: str) -> SavedLogin:
    """Return the login that an entry describes. Raises `KeyError`, `TypeError` or `ValueError`."""
    names = ("token", "token_secret", "nsid", "username", "perms", "key_hash")
    values = [*(entry[name] for name in names), entry.get("fullname", ""), entry.get("date", "")]
    if not all(isinstance(value, str) for value in values):
        raise TypeError
    token, secret, nsid, username, perms, key_hash, fullname, date = values
    if not (token and secret and is_nsid(nsid)):
        raise ValueError
    return SavedLogin(AccessToken(token, secret, nsid, username, perms, fullname), key_hash, date, origin)
