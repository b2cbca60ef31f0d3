"""Messages about errors that end a run, with advice on what to do."""

from __future__ import annotations

import logging

from flickr_mirror.cli.exit_codes import code_of_error
from flickr_mirror.cli.output.console import echo
from flickr_mirror.errors import (
    ClusterError,
    InvalidKeyError,
    LoginError,
    PhotoNotFoundError,
    ProxyLoginError,
    TransportError,
)
from flickr_mirror.text import plain

_LOGIN = "`mirror_flickr login`"


def echo_failure(error: BaseException) -> int:
    """Print why a run ended, and return the exit code."""
    logging.getLogger("flickr_mirror").debug("The run ended.", exc_info=error)
    echo(f"mirror_flickr: {plain(str(error))}{_advice(error)}", force=True)
    return code_of_error(error)


def echo_unexpected_error(error: Exception) -> None:
    """Print a message about an error that is a bug of this program."""
    logging.getLogger("flickr_mirror").debug("Unexpected error.", exc_info=error)
    echo(
        f"mirror_flickr: unexpected {type(error).__name__}: {plain(str(error))}. Everything mirrored so far is safe. "
        "Run with --debug 4 to log the details, and please report them.",
        force=True,
    )


def _login_advice(sentence: str) -> str:
    """Return the advice for a message about a login."""
    if _LOGIN in sentence:
        return ""
    if "tart the login again" in sentence:
        return f" Run {_LOGIN} again."
    if "og in" in sentence:
        return (
            f" Run {_LOGIN}, or renew FLICKR_OAUTH_TOKEN and FLICKR_OAUTH_TOKEN_SECRET if they are set. Everything "
            "mirrored so far stays."
        )
    return ""


def _advice(error: BaseException) -> str:
    if isinstance(error, InvalidKeyError):
        return (
            ". Check the key at https://www.flickr.com/services/apps/by/me, then save the right one with "
            "`mirror_flickr keys set`, or set FLICKR_CONSUMER_KEY and FLICKR_CONSUMER_SECRET."
        )
    if isinstance(error, LoginError):
        return _login_advice(str(error))
    if isinstance(error, PhotoNotFoundError):
        return ". Either it was deleted, or it is private, or it never existed: Flickr does not distinguish these."
    if isinstance(error, ProxyLoginError):
        return ""
    if isinstance(error, TransportError) and "run the same command again" not in str(error).lower():
        reason = "" if isinstance(error, ClusterError) else " Flickr gave no usable answer."
        return f"{reason} Run the same command again later: it continues where it stopped."
    return ""
