"""Errors of the disk, turned into messages."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError, CacheFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMLINK}
_TAKEN = {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENOTEMPTY}
_MORE_FILES = (
    "Allow more of them (`ulimit -n 256`) and run the same command again: it continues where it stopped."
)
_REMEDIES = {
    errno.EIO: "Check the disk and its cable, then run the same command again.",
    errno.EMFILE: _MORE_FILES,
    errno.ENFILE: _MORE_FILES,
}


@contextmanager
def disk_errors(path: Path, kind: type[CacheError] = CacheError) -> Iterator[None]:
    """Raise a `CacheError` that states what failed and what to do in place of an `OSError`.

    Raises `kind` if something other than a file has the file's name.
    """
    try:
        yield
    except OSError as error:
        name = error.filename2 or error.filename  # the second is the target of a rename
        # errors for a file in an open folder name the file without its folder
        place = Path(os.fsdecode(name)) if name and Path(os.fsdecode(name)).is_absolute() else path
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            raise CacheFullError(
                f"{place}: {reason}. Make room and run the same command again: it continues where it stopped.",
                place,
            ) from error
        if error.errno in _TAKEN and kind is not CacheError:
            raise kind(
                f"Cannot write {place}: {reason}. Move it and run the same command again.", place
            ) from error
        remedy = _REMEDIES.get(error.errno or 0, "Check that the folder exists and that you may write to it.")
        raise CacheError(f"{place}: {reason}. {remedy}", place) from error
