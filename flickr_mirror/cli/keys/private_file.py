"""Files of secrets, which only the user may read: the API keys and the logins."""

from __future__ import annotations

import errno
import logging
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.errors import KeysError, LoginError

if TYPE_CHECKING:
    from pathlib import Path

MAX_SIZE = 64 * 1024
"""The largest file of secrets in bytes."""

logger = logging.getLogger("flickr_mirror")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a file contains, for messages: its name, the variables that can replace it, and the error to raise."""

    name: str
    variables: str
    error: type[KeysError] | type[LoginError]


API_KEYS = Secrets("API keys", "FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET", KeysError)
LOGINS = Secrets("logins", "FLICKR_OAUTH_TOKEN and FLICKR_OAUTH_TOKEN_SECRET", LoginError)


def read_private(path: Path, secrets: Secrets) -> bytes | None:
    """Return the content of a file; `None` if it is missing.

    A file that other users can read is made private, with a warning in the log. Raises the error of `secrets` for
    a file that cannot be read or belongs to another user, and for a link.
    """
    try:
        # a link could point to another user's file, and opening a named pipe would block
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return _read(path, descriptor, secrets)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        # the system's message for a link is "Too many levels of symbolic links"
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise secrets.error(f"{path} cannot be read: {why}. Correct or remove it.") from None


def read_credential(path: Path, secrets: Secrets) -> bytes | None:
    """Return the content of a file that the service manager passes to this process; `None` if it is missing.

    Its permissions are not checked. Raises the error of `secrets` for a file that cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return os.read(descriptor, MAX_SIZE)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise secrets.error(f"{path} cannot be read: {error.strerror}. Correct this credential.") from None


def _read(path: Path, descriptor: int, secrets: Secrets) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise secrets.error(f"{path} cannot be read: it is not a file. Remove it.")
    if status.st_uid not in (os.geteuid(), 0):  # root may read and change every file
        raise secrets.error(
            f"{path} belongs to another user (number {status.st_uid}). Change its owner with chown, or remove it."
        )
    if status.st_size > MAX_SIZE:
        raise secrets.error(f"{path} is too large for a file of {secrets.name}. Remove it.")
    if status.st_mode & 0o077:
        _make_private(path, descriptor, stat.S_IMODE(status.st_mode), secrets)
    return os.read(descriptor, MAX_SIZE)


def _make_private(path: Path, descriptor: int, mode: int, secrets: Secrets) -> None:
    try:
        os.fchmod(descriptor, 0o600)
    except OSError:  # root's file, or a file system without permissions
        is_private = False
    else:
        is_private = not os.fstat(descriptor).st_mode & 0o077
    logger.warning(
        "Other users of this machine could read the %s in %s (mode %o). %s",
        secrets.name,
        path,
        mode,
        "It is now readable by you alone."
        if is_private
        else f"Its mode cannot be changed here: use {secrets.variables} instead.",
    )
