"""The logins in the desktop's keyring: an entry for each of them, and one that lists these entries.

A keyring cannot list its entries itself. One entry for all logins would become too long: that of Windows has at most
2,560 bytes (CRED_MAX_CREDENTIAL_BLOB_SIZE of the Windows API), enough for three or four logins. Earlier versions wrote
such an entry, under the name that the list has now. It is read, and divided when a login is saved or removed.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from flickr_mirror.cli.keys.keyring_store import (
    SERVICE,
    read_entry,
    remove_entry,
    require_entry,
    save_entry,
)
from flickr_mirror.cli.keys.token_file import SavedLogin, as_json, parse_logins
from flickr_mirror.errors import LoginError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOGIN_ENTRY = "flickr_tokens"
LOGIN_ORIGIN = f"the keyring ({LOGIN_ENTRY} of {SERVICE})"
LIST_FORMAT = 2
"""The format of the list. The entry of an earlier version has the format 1, that of the file of logins."""

logger = logging.getLogger("flickr_mirror")


def read_keyring_logins() -> list[SavedLogin]:
    """Return the logins in the keyring; none, with a warning, if it is locked. Raises `LoginError` for other content.

    An entry that another program removed is left out.
    """
    return _read(read_entry)


def save_keyring_login(login: SavedLogin) -> None:
    """Save a login. It replaces that of the same account with the same key.

    Raises `KeysError`, or `LoginError` if the keyring did not save it.
    """
    entry = entry_of(login)
    others = [saved for saved in _read(require_entry) if entry_of(saved) != entry]
    _write(others, [entry])
    save_entry(entry, as_json([login]), "login")
    if login not in read_keyring_logins():
        raise LoginError(
            "The keyring did not save the login: save the keys without --keyring, then log in again."
        )


def remove_keyring_logins(name: str) -> bool:
    """Remove the logins of an account, and return whether there were any. Raises `KeysError` or `LoginError`."""
    logins = _read(require_entry)
    left = [login for login in logins if not login.is_of(name)]
    if len(left) == len(logins):
        return False
    for login in logins:
        if login not in left:
            remove_entry(entry_of(login), "login")
    _write(left)
    return True


def remove_all_keyring_logins() -> bool:
    """Remove all logins, and return whether there was an entry, also a damaged one. Raises `KeysError`."""
    content = require_entry(LOGIN_ENTRY)
    if content is None:
        return False
    entries = _listed(content)
    for entry in entries or ():
        remove_entry(entry, "login")
    if entries is None:
        _warn_if_damaged(content)
    return remove_entry(LOGIN_ENTRY, "logins")


def entry_of(login: SavedLogin) -> str:
    """Return the name of the entry of a login."""
    return f"{LOGIN_ENTRY}/{login.token.nsid}/{login.key_hash}"


def _read(read: Callable[[str], str | None]) -> list[SavedLogin]:
    content = read(LOGIN_ENTRY)
    if content is None:
        return []
    entries = _listed(content)
    found = [content] if entries is None else filter(None, map(read, entries))
    return [login for text in found for login in _parse(text)]


def _parse(content: str) -> list[SavedLogin]:
    return parse_logins(content, LOGIN_ORIGIN, "Run `mirror_flickr logout`, then log in again.")


def _listed(content: str) -> list[str] | None:
    """Return the names of the entries in the list; `None` for one of an earlier version, and a damaged one."""
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        document = json.loads(content)
        if document["format"] == LIST_FORMAT:
            return [str(entry) for entry in document["entries"]]
    return None


def _write(logins: Sequence[SavedLogin], more: Sequence[str] = ()) -> None:
    """Write the entries of logins, then the list of them and of `more` entries, or remove it if it is empty.

    An entry is never there without being in the list, so that `logout` finds it.
    """
    for login in logins:
        save_entry(entry_of(login), as_json([login]), "login")
    if entries := [*map(entry_of, logins), *more]:
        save_entry(LOGIN_ENTRY, json.dumps({"format": LIST_FORMAT, "entries": entries}), "logins")
    else:
        remove_entry(LOGIN_ENTRY, "logins")


def _warn_if_damaged(content: str) -> None:
    try:
        _parse(content)
    except LoginError:
        logger.warning(
            "The list of logins in the keyring is damaged. Logins may be left in it: remove the entries of %s whose "
            "names begin with %s/ with your desktop's password manager.",
            SERVICE,
            LOGIN_ENTRY,
        )
