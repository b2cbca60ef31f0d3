"""The meaning of Flickr's refusals of a signed request: the values of `oauth_problem`, and the codes 98 and 99."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx

from flickr_mirror.errors import FlickrMirrorError, InvalidKeyError, LoginError
from flickr_mirror.flickr.responses import check_encoding

if TYPE_CHECKING:
    from flickr_mirror.flickr.server_clock import ServerClock

MAX_REFUSAL = 64 << 10
"""The longest refusal that is read, in bytes."""
STALE_SIGNATURE = frozenset({"nonce_used", "timestamp_refused"})
"""Problems that a new signature can solve: another nonce, or the time that the refusal states."""
LOGIN_CODES = {98, 99}
"""Codes of the API that concern the login, the same for every method."""

START_AGAIN = "Start the login again."
_USED = f"The login has expired, or its code was already used. {START_AGAIN}"
_HANDSHAKE = {
    "verifier_invalid": "Flickr does not accept the code: enter the one that it shows for this login, or start the "
    "login again.",
    **dict.fromkeys(("token_rejected", "token_used", "token_expired", "token_revoked"), _USED),
    **dict.fromkeys(
        ("permission_denied", "permission_unknown"), f"Access was not granted on Flickr. {START_AGAIN}"
    ),
    "signature_invalid": "Flickr does not accept the signature: the secret of the API key is wrong. Compare it with "
    "the one at https://www.flickr.com/services/apps/by/me.",
    "nonce_used": f"Flickr received the same request twice. {START_AGAIN}",
}
_CALL = {
    "signature_invalid": "Flickr does not accept the signature: the secret of the API key or of the login is wrong. "
    "Compare the API key with the one at https://www.flickr.com/services/apps/by/me, then log in again.",
    "nonce_used": "Flickr received the same request twice. Run again.",
    **dict.fromkeys(
        ("token_rejected", "token_used", "token_expired", "token_revoked"),
        "Flickr does not accept the login: it was revoked, or made with another API key. Log in again.",
    ),
    **dict.fromkeys(
        ("permission_denied", "permission_unknown"),
        "The login does not permit this. Log in again, and grant the access that is asked for.",
    ),
}
_KEY_PROBLEMS = {"consumer_key_unknown", "consumer_key_rejected", "consumer_key_refused"}
_PROBLEM = re.compile(rb"(?:^|&)oauth_problem=([a-z_]{1,40})(?:&|\s|$)")


async def problem_of(response: httpx.Response) -> str:
    """Return the `oauth_problem` of a response; the empty string if it has none.

    The rest of the body is dropped, because it repeats the key and the token:
    `oauth_problem=signature_invalid&debug_sbs=GET&https%3A%2F%2F...`
    """
    if response.status_code not in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED):
        return ""
    check_encoding(response, "gzip")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_REFUSAL:
            return ""
    match = _PROBLEM.search(body)
    return match[1].decode() if match else ""


def handshake_error(problem: str, clock: ServerClock) -> FlickrMirrorError:
    """Return the error for a refusal during the login."""
    return _error(problem, _HANDSHAKE, clock, "")


def call_error(problem: str, clock: ServerClock, method: str) -> FlickrMirrorError:
    """Return the error for a refusal of a signed call of `method`."""
    return _error(problem, _CALL, clock, method)


def code_error(code: int, message: str) -> LoginError:
    """Return the error for one of `LOGIN_CODES`, with Flickr's message."""
    message = message.strip().rstrip(".")
    if code == 98:
        return LoginError(
            "Flickr does not accept the login: it was revoked, or made with another API key. Log in again. "
            f"Flickr's message: {message}."
        )
    return LoginError(
        "This needs a login that is missing or does not permit enough. Log in, and grant the access that is asked "
        f"for. Flickr's message: {message}."
    )


def _error(problem: str, sentences: dict[str, str], clock: ServerClock, method: str) -> FlickrMirrorError:
    if problem in _KEY_PROBLEMS:
        return InvalidKeyError("Flickr does not know the API key", method=method)
    if problem == "timestamp_refused":
        return LoginError(f"{_clock_text(clock)} Set the clock, then run again.", problem)
    default = f"Flickr refused the signed request ({problem})."
    return LoginError(sentences.get(problem, default), problem)


def _clock_text(clock: ServerClock) -> str:
    if clock.offset is None or abs(clock.offset) < 60:
        return "Flickr does not accept the time of this machine's clock."
    minutes = abs(clock.offset) / 60
    amount = f"{minutes / 60:.1f} hours" if minutes >= 90 else f"{minutes:.0f} minutes"
    return f"This machine's clock is {amount} {'behind' if clock.offset > 0 else 'ahead of'} Flickr's."
