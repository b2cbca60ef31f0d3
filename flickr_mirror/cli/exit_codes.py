"""The exit codes of runs: what a report comes to, and one code for several photostreams or mirrors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.errors import (
    CacheError,
    CacheLockedError,
    CacheOwnerError,
    InvalidKeyError,
    KeysError,
    PhotostreamError,
    ResourcesError,
    SettingsError,
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
    (PhotostreamError, 4),
    (CacheOwnerError, 4),
    (InvalidKeyError, 5),
    (KeysError, 5),
    (SettingsError, 2),
    (ResourcesError, 7),
    (CacheLockedError, EXIT_LOCKED),
    (CacheError, 7),
    (TransportError, EXIT_NO_ANSWER),
]
"""What a script can tell from the exit code; the first class that fits counts, everything else is 1."""
_WORDS = {
    0: "all done",
    1: "unexpected error",
    2: "wrong usage",
    EXIT_PHOTOS_FAILED: "done, but photos failed or are missing",
    4: "no such user or no photos",
    5: "API keys missing or refused",
    7: "the folder could not be used",
    EXIT_LIMIT: "stopped by a limit",
    EXIT_LOCKED: "another run worked on the mirror",
    EXIT_NO_ANSWER: "no answer from Flickr",
    129: "stopped by SIGHUP",
    130: "stopped by Ctrl-C",
    143: "stopped by SIGTERM",
}
GRAVEST_FIRST = (5, 2, 1, 7, 4, 11, 75, 8, 3)
SIGNALLED = 128
"""Codes above are those of signals."""


def code_of(report: MirrorReport) -> int:
    """Return what a run that no error ended comes to."""
    # whether photos failed, the run that comes to the end tells
    if report.stopped_by and not report.complete:
        return EXIT_LIMIT
    return EXIT_PHOTOS_FAILED if report.failures or report.unlisted else 0


def code_of_error(error: BaseException) -> int:
    """Return what a run that this error ended comes to."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def code_text(code: object) -> str:
    """Return what an exit code means, with the number: `stopped by Ctrl-C (exit 130)`."""
    words = _WORDS.get(code) if isinstance(code, int) else None
    return f"{words} (exit {code})" if words else f"exit {code}"


def worst(codes: Iterable[int]) -> int:
    """Return the gravest of exit codes, and 0 where none tells of anything."""
    found = set(codes)
    return next((code for code in GRAVEST_FIRST if code in found), 0)


def for_each(names: Iterable[str], command: Callable[[str], int]) -> int:
    """Do something for one name after the other, until a signal ends it; return the gravest exit code."""
    codes = []
    for name in names:
        codes.append(command(name))
        if codes[-1] > SIGNALLED:
            return codes[-1]
    return worst(codes)
