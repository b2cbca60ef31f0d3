"""Checks of addresses, names and commands; their messages do not quote addresses, which may hold secrets."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from flickr_mirror.models.addresses import photostream_address
from flickr_mirror.models.sources import is_source_address


def checked_endpoint(url: str) -> str:
    """Return the URL of an API. Raises `ValueError` for anything else."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
        url.encode()
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("api_url is invalid: use a URL such as https://api.flickr.com/services/rest/.")
    return url


def check_takes_login(url: str) -> None:
    """Raise `ValueError` for the URL of an API with a password, which needs the same header as a login."""
    if urlsplit(url).username:
        raise ValueError("api_url with a name or password cannot be used with a login.")


def checked_ping_url(url: str | None) -> str | None:
    """Return the URL of a monitor. Raises `ValueError` for anything else."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        is_local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        valid = url.isprintable() and parts.hostname and parts.port != 0
        valid = valid and (parts.scheme == "https" or (parts.scheme == "http" and is_local))
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(
            "--ping-url is invalid: use a URL that begins with https:// (http:// on this machine only), such as "
            "https://hc-ping.com/ and your check's UUID."
        )
    return url


def hook_command(command: str | None) -> list[str]:
    """Return a program and its arguments, split as by a shell. Raises `ValueError` for an invalid command."""
    if command is None:
        return []
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"--hook is invalid: {str(error).rstrip('.').lower()}.") from None
    if not words or not words[0]:
        raise ValueError("--hook is empty: use a program, with its arguments if it needs some.")
    return words


def checked_username(username: str) -> str:
    """Return the name of a user.

    Raises `ValueError` for bytes that are not UTF-8, and for the address of an album or the like.
    """
    try:
        username.encode()
    except UnicodeEncodeError:
        raise ValueError(
            "--username is not UTF-8: use a username, an NSID or the address of a photostream."
        ) from None
    if is_source_address(username):
        raise ValueError(f"{username!r} is the address of a list of photos: to mirror it, use --source.")
    photostream_address(username.strip())
    return username
