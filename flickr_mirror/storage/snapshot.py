"""The compressed copy of the catalogue in the bucket of a mirror, for the case that its local folder is lost."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flickr_mirror.errors import CacheError
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.disk_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from flickr_mirror.storage.bucket import Bucket

KEY = ".flickr_mirror/catalogue.sqlite.gz"
_LEVEL = 6


@contextmanager
def uploaded_copy(bucket: Bucket, parts: Path) -> Iterator[Path]:
    """Yield the path for a copy of the catalogue, then compress it and replace the snapshot in the bucket by it."""
    copy, packed = parts / "copy", parts / "copy.gz"
    try:
        copy.unlink(missing_ok=True)
        yield copy
        with disk_errors(packed), copy.open("rb") as source, gzip.open(packed, "wb", _LEVEL) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        bucket.put(KEY, packed, {"Content-Type": "application/gzip"})
    finally:
        for path in (copy, packed):
            path.unlink(missing_ok=True)


def restore_snapshot(bucket: Bucket, catalogue: Path, parts: Path) -> datetime | None:
    """Write the catalogue from the snapshot; return the time of the snapshot, `None` if there is none.

    Raises `CacheError` if it is damaged; then there is no catalogue, as before.
    """
    found = bucket.stat(KEY)
    if found is None:
        return None
    packed, unpacked = parts / "snapshot.gz", parts / "snapshot"
    try:
        with disk_errors(parts):
            parts.mkdir(parents=True, exist_ok=True)
            with packed.open("wb") as file:
                bucket.save(KEY, file)
            with gzip.open(packed) as source, unpacked.open("wb") as target:
                try:
                    shutil.copyfileobj(source, target, 1 << 20)
                except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                    raise CacheError(f"{bucket.place}/{KEY} is damaged ({error}).") from error
                target.flush()
                os.fsync(target.fileno())
        filesystem.move(unpacked, catalogue)
    finally:
        for path in (packed, unpacked):
            path.unlink(missing_ok=True)
    return found.modified


def delete_snapshot(bucket: Bucket) -> None:
    """Delete the snapshot, which has the texts of photos."""
    bucket.delete(KEY)
