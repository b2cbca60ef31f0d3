"""One API call: retries it as often as the limits allow, and raises the error that Flickr's code stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.errors import FlickrApiError, InvalidCallError, InvalidKeyError, TransportError
from flickr_mirror.flickr.oauth_problems import LOGIN_CODES, code_error
from flickr_mirror.flickr.rate_limiter import Priority
from flickr_mirror.models.payloads import Payload, text_of, to_int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flickr_mirror.flickr.http_client import HttpClient

# Codes that have the same meaning for every method: https://www.flickr.com/services/api/flickr.photos.getInfo.html
_KEY_CODES = {95, 96, 97, 100}
_CALL_CODES = {111, 112, 114, 115, 116}
_TEMPORARY_CODES = {105, 106, 201}
# "Sorry, the Flickr API service is not currently available." comes with the codes 0, 105 and 201
_TEMPORARY_MESSAGE = "not currently available"


async def call(
    http_client: HttpClient,
    method: str,
    part: str,
    errors: Mapping[int, type[FlickrApiError]],
    priority: Priority = Priority.LISTING,
    /,
    **arguments: str,
) -> Payload:
    """Return the object `part` of the answer to `method`. `errors` maps codes of this method to error classes.

    Raises a `FlickrApiError` if Flickr refuses, a `LoginError` if it refuses or requires a login, and a
    `TransportError` if no usable answer came after several attempts.
    """
    async for attempt in http_client.retrying():
        with attempt:
            answer: Payload = await http_client.call(method, priority, **arguments)
            raise_failure(answer, method, errors)
            payload = answer.get(part)
            if not isinstance(payload, dict):
                raise TransportError(f"{method}: the answer has no {part!r}.")
            return payload
    raise AssertionError("the last attempt returns or raises")


def raise_failure(answer: Payload, method: str, errors: Mapping[int, type[FlickrApiError]]) -> None:
    """Raise the error for a refusal: {"stat": "fail", "code": 1, "message": "User not found"}."""
    if answer.get("stat") == "ok":
        return
    message = text_of(answer.get("message")) or "Flickr refused the call without a reason"
    code = to_int(answer.get("code")) or 0
    if code in _TEMPORARY_CODES or _TEMPORARY_MESSAGE in message:
        raise TransportError(f"{method}: {message}")
    if code in LOGIN_CODES:
        raise code_error(code, message)
    if code in _KEY_CODES:
        raise InvalidKeyError(message, code, method)
    if code in _CALL_CODES:
        raise InvalidCallError(message, code, method)
    raise errors.get(code, FlickrApiError)(message, code, method)
