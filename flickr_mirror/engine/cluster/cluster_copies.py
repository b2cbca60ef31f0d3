"""Gets the files of photos into the bucket of a mirror by the workers of a cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from flickr_mirror import errors
from flickr_mirror.catalogue.rows import Stale, StoredFile
from flickr_mirror.engine.cluster.errand_queue import FILES_IN_FLIGHT
from flickr_mirror.engine.workers.file_copies import Copy, FileCopies
from flickr_mirror.models.errands import FileDoubtful, FileErrand, FileFailed, FileStored, FileUnchanged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.engine.cluster.errand_queue import ErrandQueue
    from flickr_mirror.engine.workers.file_copies import CopyContext
    from flickr_mirror.models.sizes import FlickrPhotoSize


class ClusterCopies(FileCopies):
    """Lets workers download the files of photos; see `FileCopies`.

    The image of a photo that was replaced at Flickr is downloaded here: its new file is announced in the catalogue
    before it is stored, and workers have no catalogue.
    """

    def __init__(self, context: CopyContext, queue: ErrandQueue, *, adopting: bool) -> None:
        super().__init__(context, adopting=adopting)
        self._queue = queue
        self._own = anyio.CapacityLimiter(1)

    @property
    def parallel(self) -> int:
        """See `FileCopies.parallel`."""
        return FILES_IN_FLIGHT

    def stop(self) -> None:
        """See `FileCopies.stop`."""
        super().stop()
        self._queue.stop()

    async def download(
        self,
        stored: StoredPhoto,
        kind: str,
        size: FlickrPhotoSize,
        refresh: Callable[[], Awaitable[FlickrPhotoSize]],
        started: Callable[[], None],
    ) -> Copy:
        """Let a worker download a file of this size; see `FileCopies.download`. Raises like `ErrandQueue.fetch`."""
        if stored.stale & Stale.IMAGE:
            async with self._queue.shares.own_download() as share:
                self._own.total_tokens = self.fetcher.limit(*share)
                async with self._own:
                    return await super().download(stored, kind, size, refresh, started)
        known = await self.kept(stored, kind) if stored.is_second_best else None
        kept = known.file.sha256 if known else b""
        errand = FileErrand(stored.photo.id, kind, size, seen=kept, kept=kept)
        self._queue.check_open()  # there must be no event for a download that does not begin
        started()
        outcome = await self._fetch(errand)
        if isinstance(outcome, FileDoubtful):
            self.received(outcome.size)
            again = replace(errand, size=await refresh(), seen=outcome.sha256)
            outcome = await self._fetch(again)
            if isinstance(outcome, FileDoubtful):
                self.received(outcome.size)
                raise errors.BadImageError(outcome.suspicion)
        self.received(outcome.size)
        if isinstance(outcome, FileUnchanged) and known:
            return known
        assert isinstance(outcome, FileStored)  # noqa: S101 - a file is unchanged only if one is known
        copy = self._copy_of(stored, kind, size, outcome)
        await self.finish(stored.photo.id, kind, copy, outcome.suspicion, replaces=known is not None)
        return copy

    async def _fetch(self, errand: FileErrand) -> FileStored | FileUnchanged | FileDoubtful:
        outcome, worker = await self._queue.fetch(errand)
        if isinstance(outcome, FileFailed):
            raise _error_of(outcome, worker)
        return outcome

    def _copy_of(self, stored: StoredPhoto, kind: str, size: FlickrPhotoSize, outcome: FileStored) -> Copy:
        note = outcome.suspicion or (size.label if kind == "video" else "")
        file = StoredFile(kind, outcome.extension, outcome.size, outcome.sha256, note, outcome.e_tag)
        return Copy(file, self.path_of(stored.photo.id, outcome.extension), outcome.size)


def _error_of(outcome: FileFailed, worker: str) -> Exception:
    """Return the error that a worker met, with its class."""
    kind: type[Exception] = getattr(errors, outcome.error)
    if issubclass(kind, errors.ImageGoneError):
        return errors.ImageGoneError(outcome.message, outcome.status)
    if issubclass(kind, errors.CacheError) and not issubclass(kind, errors.PlaceTakenError):
        # the machine of the worker can have other credentials than this one
        return kind(f"The worker at {worker}: {outcome.message}")
    if kind is errors.TransportError:
        return errors.TransportError(outcome.message, status=outcome.status)
    return kind(outcome.message)
