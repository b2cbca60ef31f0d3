"""Describe why no answer came, without any address: addresses can contain secrets."""

from __future__ import annotations

import socket
import ssl

import aiohttp
import httpx

from flickr_mirror.errors import CertificateError, TransportError

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""The errors that occur before a request is sent."""


def failure(host: str, error: BaseException, prefix: str = "") -> TransportError:
    """Return the error that describes what failed with `host`; a `CertificateError` is not retried."""
    causes = causes_of(error)
    for cause in reversed(causes):  # the first cause is the most specific
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateError(
                f"{host} does not prove that it is {host} ({cause.verify_message.rstrip('.')}): the connection may "
                "be intercepted, or the clock or the certificates of this machine are out of date. Nothing was sent."
            )
        if isinstance(cause, socket.gaierror):
            reason = f"{host} cannot be found ({cause.strerror}). Is this machine connected to the internet?"
            return TransportError(prefix + reason)
    if isinstance(error, TimeoutError) or any(
        isinstance(cause, aiohttp.ServerTimeoutError) for cause in causes
    ):
        return TransportError(f"{prefix}{host} was silent for too long, or too slow.")
    # httpx-aiohttp reports many kinds of errors as timeouts, so the first cause is more specific
    cause = causes[min(1, len(causes) - 1)]
    # the text of a ClientResponseError can contain the address
    text = "" if isinstance(cause, aiohttp.ClientResponseError) else " ".join(str(cause).split())
    return TransportError(f"{prefix}{host}: {type(cause).__name__}{f' ({text})' if text else ''}.")


def causes_of(error: BaseException | None) -> list[BaseException]:
    """Return an error and its causes, the first cause last."""
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__  # httpcore raises `from None`, which hides the cause
    return causes
