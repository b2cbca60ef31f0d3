"""Errors of an object store, turned into messages of one sentence that quote no request and no credentials."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError, CacheFullError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_REGION = re.compile(r"<(?:Region|Endpoint)>([\w.-]+)<|expecting '([\w-]+)'")
_BY_CONDITION = {"AlreadyExistsError", "PreconditionError"}
_FULL = {
    "QuotaExceeded",
    "XMinioStorageFull",
    "InsufficientStorage",
    "StorageQuotaExceeded",
    "AccountQuotaExceeded",
}
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_AGAIN = "Run the same command again later: it continues where it stopped."


@contextmanager
def store_errors(place: str) -> Iterator[None]:
    """Raise a `CacheError` in place of an error of obstore, which may quote a request with an access key.

    `place` is the address of the store in messages. Errors that state that an object is missing, exists or has another
    version are not changed.
    """
    try:
        yield
    except Exception as error:
        name, text = type(error).__name__, str(error)
        is_missing = isinstance(error, FileNotFoundError) and "NoSuchBucket" not in text
        is_own = not type(error).__module__.startswith("obstore") and not isinstance(error, FileNotFoundError)
        if name in _BY_CONDITION or is_missing or (is_own and not _is_of_obstore(error)):
            raise
        error.args = (name,)  # a traceback shows the text of the error that this one replaces
        raise _explain(place, name, text) from None


def _is_of_obstore(error: Exception) -> bool:
    """Return whether a built-in error was raised by obstore, as some are."""
    return isinstance(error, PermissionError | ValueError) and "Debug source" in str(error)


def _explain(place: str, name: str, text: str) -> CacheError:
    code = found[1] if (found := _CODE.search(text)) else ""
    status = found[1] if (found := _STATUS.search(text)) else ""
    what = " ".join(filter(None, (status, code)))
    if code in ("NoSuchBucket", "ContainerNotFound"):
        return CacheError(f"{place}: there is no such bucket. Create it, or correct --store.")
    if code in _ELSEWHERE or status == "301" or "incorrectly configured region" in text:
        region = next(filter(None, found.groups()), "") if (found := _REGION.search(text)) else ""
        example = region or "eu-west-1"
        return CacheError(
            f"{place}: the bucket is in another region{f' ({region})' if region else ''}. Add it to --store, such as "
            f"?region={example}."
        )
    if code in _FULL or status == "507":
        return CacheFullError(
            f"{place}: the store is full ({what}). Make room and run the same command again."
        )
    if "169.254." in text or "metadata.google" in text:  # the addresses that give a machine its role
        return CacheError(
            f"{place}: no credentials were found. Set them in the environment (such as AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY), or give the machine a role."
        )
    if status in ("401", "403") or name in (
        "PermissionDeniedError",
        "UnauthenticatedError",
        "PermissionError",
    ):
        return CacheError(
            f"{place}: the store refuses the credentials of this machine ({what or 'no access'}). Check the variables "
            "of the environment or the role, and that they permit to read, write, list and delete objects."
        )
    if status in ("408", "429") or status.startswith("5"):
        return StoreUnavailableError(f"{place}: the store is busy or out of order ({what}). {_AGAIN}")
    if not status and name == "GenericError":
        return StoreUnavailableError(f"{place}: the store does not answer ({_connection(text)}). {_AGAIN}")
    return CacheError(f"{place}: the store reports an error ({what or name}).")


def _connection(text: str) -> str:
    if "dns error" in text:
        return "its address is not known"
    if "ConnectionRefused" in text:
        return "connection refused"
    if "TimedOut" in text or "timed out" in text:
        return "no answer in time"
    return "connection lost"
