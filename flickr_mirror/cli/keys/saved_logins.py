"""Find, save and remove logins: in the file `flickr_tokens`, the keyring, and the credentials of a service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.cli.keys.keyring_logins import (
    LOGIN_ORIGIN,
    read_keyring_logins,
    remove_all_keyring_logins,
    remove_keyring_logins,
    save_keyring_login,
)
from flickr_mirror.cli.keys.keyring_store import ORIGIN
from flickr_mirror.cli.keys.lookup import key_folders
from flickr_mirror.cli.keys.token_file import (
    FILE_NAME,
    SavedLogin,
    read_login_credentials,
    read_logins,
    write_logins,
)
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
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
    return found + (read_keyring_logins() if keys and keys.origin == ORIGIN else [])


def save_login(root: Path, keys: ApiKeys, login: SavedLogin) -> str:
    """Save a login where `keys` are, in the keyring or else in `root`, and return a description of the place.

    It replaces the login of the same account with the same key. Raises `CacheError`, `KeysError` or `LoginError`.
    """
    if keys.origin == ORIGIN:
        save_keyring_login(login)
        return LOGIN_ORIGIN
    others = [
        saved
        for saved in read_logins(root)
        if (saved.token.nsid, saved.key_hash) != (login.token.nsid, login.key_hash)
    ]
    return str(write_logins(root, [*others, login]))


def remove_all_logins(root: Path) -> list[str]:
    """Remove all logins from `root` and the keyring, and return where they were. Raises `CacheError` or `KeysError`."""
    path = root / FILE_NAME
    removed = [str(path)] if os.path.lexists(path) else []
    filesystem.remove(path)
    return removed + ([LOGIN_ORIGIN] if remove_all_keyring_logins() else [])


def remove_logins_of(root: Path, name: str) -> list[str]:
    """Remove the logins of an account from `root` and the keyring, and return where they were.

    Raises `CacheError`, `KeysError` or `LoginError`.
    """
    removed = []
    logins = read_logins(root)
    left = [login for login in logins if not login.is_of(name)]
    if len(left) < len(logins):
        removed.append(str(write_logins(root, left)))
    if remove_keyring_logins(name):
        removed.append(LOGIN_ORIGIN)
    return removed
