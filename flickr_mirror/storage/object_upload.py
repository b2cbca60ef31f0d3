"""Uploads new files to a bucket: an object is created only if its key is free, and replaced only as it was seen."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from anyio import to_thread

from flickr_mirror.errors import CacheError
from flickr_mirror.storage.bucket import LARGE
from flickr_mirror.storage.disk_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.storage.bucket import Bucket
    from flickr_mirror.storage.durable_write import TemporaryFile

SIDE_BY_SIDE = 16
"""The number of uploads at the same time."""
_TRIES = 5
"""How often a replacement is tried while another program changes the object."""


class Uploader:
    """Commits temporary files to a bucket, as `GroupCommitter` does to a folder. `key` returns the key of a path."""

    def __init__(self, bucket: Bucket, key: Callable[[Path], str]) -> None:
        self.e_tags: dict[str, str] = {}
        """The version marks of objects that were written, by key, until the caller takes them."""
        self.found: set[str] = set()
        """The keys of objects that had the bytes of an upload already, until the caller takes them."""
        self._bucket = bucket
        self._key = key
        self._threads = anyio.CapacityLimiter(SIDE_BY_SIDE)

    async def commit(self, file: TemporaryFile, final: Path, check: Callable[[], object] | None) -> bytes:
        """Upload a file; return the SHA-256 of its bytes. See `NewFile.commit`."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True):
            sha256 = await to_thread.run_sync(
                self._commit, file, self._key(final), check, limiter=self._threads
            )
        return sha256  # noqa: RET504 - mypy does not see that a shield suppresses nothing

    def _commit(self, file: TemporaryFile, key: str, check: Callable[[], object] | None) -> bytes:
        with file.lock:
            data: bytes | Path
            with disk_errors(file.path):
                if file.descriptor is None:
                    data = bytes(file.block)
                    file.digest.update(data)
                else:
                    file.write_block()
                    data = file.path
            sha256 = file.digest.digest()
            self.upload(key, data, sha256, check)
            file.discard()
        return sha256

    def upload(
        self, key: str, data: bytes | Path, sha256: bytes, check: Callable[[], object] | None = None
    ) -> None:
        """Write an object. `check` is called if the key is in use; that object is replaced unless `check` raises.

        An object that has these bytes already, because the answer to an earlier upload was lost, is not written again.
        """
        bucket = self._bucket
        attributes = {
            "sha256": sha256.hex(),
            "Content-Type": mimetypes.guess_type(key)[0] or "application/octet-stream",
        }
        is_large = not isinstance(data, bytes) and data.stat().st_size >= LARGE
        for _ in range(_TRIES):
            # an upload in parts has no condition, so the key is looked up before
            e_tag = None if is_large else bucket.create(key, data, attributes)
            if e_tag is None and (there := bucket.stat(key)):
                if check:
                    check()
                if there.sha256 == sha256.hex():
                    e_tag = there.e_tag
                    self.found.add(key)
                elif not is_large:
                    e_tag = bucket.replace(there, data, attributes)
                else:
                    e_tag = bucket.put(key, data, attributes)
            elif e_tag is None and is_large:
                e_tag = bucket.put(key, data, attributes)
            if e_tag is not None:
                self.e_tags[key] = e_tag
                return
        raise CacheError(
            f"{bucket.place}/{key} is being changed by another program: stop it, and run this again."
        )
