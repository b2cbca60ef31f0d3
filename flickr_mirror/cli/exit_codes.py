"""The exit codes: of a report, of an error, and one code for several photostreams or mirrors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.errors import (
    AlbumNotFoundError,
    CacheError,
    CacheLockedError,
    CacheOwnerError,
    ExportError,
    InvalidKeyError,
    KeysError,
    LoginError,
    PermissionDeniedError,
    PhotoError,
    PhotoNotFoundError,
    PhotostreamError,
    ResourcesError,
    ServerError,
    SettingsError,
    StoreUnavailableError,
    TransportError,
    UserNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flickr_mirror.models.reports import MirrorReport

EXIT_PHOTOS_FAILED = 3
EXIT_LIMIT = 8
EXIT_LOCKED = 11
EXIT_NO_ANSWER = 75
EXIT_CODES: list[tuple[type[BaseException], int]] = [
    (UserNotFoundError, 4),
    (AlbumNotFoundError, 4),
    (PhotoNotFoundError, 4),
    (PermissionDeniedError, 4),
    (PhotostreamError, 4),
    (CacheOwnerError, 4),
    (InvalidKeyError, 5),
    (KeysError, 5),
    (LoginError, 5),
    (SettingsError, 2),
    (ServerError, 7),
    (ExportError, 2),
    (ResourcesError, 7),
    (CacheLockedError, EXIT_LOCKED),
    (StoreUnavailableError, EXIT_NO_ANSWER),
    (CacheError, 7),
    (TransportError, EXIT_NO_ANSWER),
    (PhotoError, EXIT_PHOTOS_FAILED),
]
"""The exit code of each error: the first class that matches; 1 for every other error."""
_WORDS = {
    0: "success",
    1: "unexpected error",
    2: "usage error",
    EXIT_PHOTOS_FAILED: "done, but photos failed or are missing",
    4: "no such user or photo, or no photos",
    5: "API keys or login missing or refused",
    7: "the folder could not be used",
    EXIT_LIMIT: "stopped by a limit",
    EXIT_LOCKED: "another run was using the mirror",
    EXIT_NO_ANSWER: "no answer from Flickr or the object store",
    129: "stopped by SIGHUP",
    130: "stopped by Ctrl-C",
    137: "killed (SIGKILL), perhaps because memory ran out",
    143: "stopped by SIGTERM",
}
WORST_FIRST = (5, 2, 1, 7, 4, 11, 75, 8, 3)
SIGNALLED = 128
"""Codes above this one are those of signals."""


def code_of(report: MirrorReport) -> int:
    """Return the exit code of a run that ended without an error."""
    # a run stopped by a limit does not report failed photos: the run that reaches the end does
    if report.stopped_by and not report.complete:
        return EXIT_LIMIT
    return EXIT_PHOTOS_FAILED if report.failures or report.unlisted or report.list_failures else 0


def code_of_error(error: BaseException) -> int:
    """Return the exit code of a run that ended with this error."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def code_text(code: object) -> str:
    """Return the meaning of an exit code, with its number: `stopped by Ctrl-C (exit 130)`."""
    words = _WORDS.get(code) if isinstance(code, int) else None
    return f"{words} (exit {code})" if words else f"exit {code}"


def worst(codes: Iterable[int]) -> int:
    """Return the worst of exit codes, 0 if there is none; that of a signal is worse than all others."""
    found = set(codes)
    highest = max(found, default=0)
    if highest > SIGNALLED:
        return highest
    return next((code for code in WORST_FIRST if code in found), highest)


def for_each(names: Iterable[str], command: Callable[[str], int]) -> int:
    """Run a command for each name until a signal stops it, and return the worst exit code."""
    codes = []
    for name in names:
        codes.append(command(name))
        if codes[-1] > SIGNALLED:
            return codes[-1]
    return worst(codes)
