"""Find, save and remove logins: in the file `flickr_tokens`, the keyring, and the credentials of a service."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.cli.keys.keyring_store import (
    LOGIN_ENTRY,
    LOGIN_ORIGIN,
    ORIGIN,
    read_entry,
    remove_entry,
    save_entry,
)
from flickr_mirror.cli.keys.lookup import key_folders
from flickr_mirror.cli.keys.token_file import (
    FILE_NAME,
    SavedLogin,
    as_json,
    parse_logins,
    read_login_credentials,
    read_logins,
    write_logins,
)
from flickr_mirror.errors import LoginError
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.cli.keys.key_file import ApiKeys


def saved_logins(root: Path, keys: ApiKeys | None) -> list[SavedLogin]:
    """Return the logins of the service manager, then those saved in `root` and `~/.flickr`, and in the keyring.

    The keyring is read only if it is where `keys` come from, because reading it may ask for a password. Raises
    `LoginError` if one of these places holds something else.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    found = read_login_credentials(Path(credentials)) if credentials else []
    for folder in key_folders(root):
        found += read_logins(folder)
    return found + (_in_keyring() if keys and keys.origin == ORIGIN else [])


def save_login(root: Path, keys: ApiKeys, login: SavedLogin) -> str:
    """Save a login where `keys` are, in the keyring or else in `root`, and return a description of the place.

    It replaces the login of the same account with the same key. Raises `CacheError`, `KeysError` or `LoginError`.
    """
    in_keyring = keys.origin == ORIGIN
    others = [
        saved
        for saved in (_in_keyring() if in_keyring else read_logins(root))
        if (saved.token.nsid, saved.key_hash) != (login.token.nsid, login.key_hash)
    ]
    if not in_keyring:
        return str(write_logins(root, [*others, login]))
    _write_to_keyring([*others, login])
    if login not in _in_keyring():
        raise LoginError(
            "The keyring did not save the login: save the keys without --keyring, then log in again."
        )
    return LOGIN_ORIGIN


def remove_all_logins(root: Path) -> list[str]:
    """Remove all logins from `root` and the keyring, and return where they were. Raises `CacheError` or `KeysError`."""
    path = root / FILE_NAME
    removed = [str(path)] if os.path.lexists(path) else []
    filesystem.remove(path)
    return removed + ([LOGIN_ORIGIN] if remove_entry(LOGIN_ENTRY, "logins") else [])


def remove_logins_of(root: Path, name: str) -> list[str]:
    """Remove the logins of an account from `root` and the keyring, and return where they were.

    Raises `CacheError`, `KeysError` or `LoginError`.
    """
    removed = []
    for logins, write in (
        (read_logins(root), partial(write_logins, root)),
        (_in_keyring(), _write_to_keyring),
    ):
        left = [login for login in logins if not login.is_of(name)]
        if len(left) < len(logins):
            write(left)
            removed.append(logins[0].origin)
    return removed


def _write_to_keyring(logins: Sequence[SavedLogin]) -> None:
    if logins:
        save_entry(LOGIN_ENTRY, as_json(logins), "logins")
    else:
        remove_entry(LOGIN_ENTRY, "logins")


def _in_keyring() -> list[SavedLogin]:
    content = read_entry(LOGIN_ENTRY)
    if content is None:
        return []
    return parse_logins(content, LOGIN_ORIGIN, "Run `mirror_flickr logout`, then log in again.")
