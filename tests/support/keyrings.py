"""A keyring for tests: a file in the home folder, so that processes share it; it may be locked."""

from __future__ import annotations

import json
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps passwords in a file; where there is a file `locked`, it does nothing but refuse."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """Return what was kept."""
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
    """Takes passwords and keeps none, as the keyring of those who want none does."""

    def _write(self, kept: dict[str, str]) -> None:
        """Do nothing."""
