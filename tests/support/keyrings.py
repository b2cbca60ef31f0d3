"""A keyring for tests: a file in the home folder, so that processes share it; it may be locked."""

from __future__ import annotations

import json
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Stores passwords in a file; refuses everything if there is a file `locked`."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """Return the stored password."""
        return self._read().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        self._write(self._read() | {f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        """Forget a password."""
        kept = self._read()
        if kept.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError
        self._write(kept)

    def _read(self) -> dict[str, str]:
        if Path("~/locked").expanduser().exists():
            raise KeyringLocked("The keyring is locked")
        try:
            kept: dict[str, str] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        self._path.write_text(json.dumps(kept))

    @property
    def _path(self) -> Path:
        return Path("~/keyring.json").expanduser()


class ForgetfulKeyring(FileKeyring):
    """Accepts passwords and stores none, like the null keyring."""

    def _write(self, kept: dict[str, str]) -> None:
        """Do nothing."""
