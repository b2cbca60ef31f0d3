"""The part of a run that a worker does: downloads the files of an errand, and stores them in the bucket."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from flickr_mirror.errors import (
    CacheError,
    CertificateError,
    ImageGoneError,
    PhotoError,
    ProxyLoginError,
    StoreUnavailableError,
    ThrottledError,
    TransportError,
)
from flickr_mirror.flickr.bandwidth import BandwidthLimiter, Pacer
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.flickr.downloader import ImageFetcher
from flickr_mirror.flickr.image_client import ImageClient
from flickr_mirror.models.errands import (
    ErrandResult,
    FileDoubtful,
    FileFailed,
    FileStored,
    FileUnchanged,
    NotTried,
)
from flickr_mirror.models.options import Limits
from flickr_mirror.storage.store_connection import open_shared_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from flickr_mirror.models.errands import Errand, FileErrand, FileOutcome, TriedOutcome, WorkerSettings
    from flickr_mirror.storage.object_store import ObjectStore

MISSES_IN_A_ROW = 20
"""After this number of files in a row without an answer, a worker gives up an errand."""
_MISSES = {kind.__name__ for kind in (TransportError, CertificateError, ProxyLoginError)}
_GIVEN_UP = {kind.__name__ for kind in (ThrottledError, StoreUnavailableError)}
"""After one of these errors a worker gives up an errand at once: it has waited for as long as it may."""


class WorkerConnections:
    """The connections of a worker to the image servers, its parallel downloads and its pauses, for all runs.

    Each function of `listeners` is called with the seconds of a pause that the image servers request.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self.listeners: set[Callable[[float], None]] = set()
        limits = Limits(
            timeout=settings.timeout,
            attempts=settings.attempts,
            max_wait=min(settings.max_wait, settings.timing.worker_patience),
            timing=settings.timing,
        )
        self.client = ImageClient(settings.api_url, limits)
        self.slots = DownloadSlots(settings.image_workers, settings.min_image_workers, timing=settings.timing)
        self.slots.on_pause = self._report_pause

    def _report_pause(self, seconds: float) -> None:
        for listener in self.listeners:
            listener(seconds)


class ErrandFetcher:
    """Does the errands of one run on one machine, within the worker's share of the limits of the run."""

    def __init__(self, connections: WorkerConnections, store: ObjectStore) -> None:
        self._store = store
        self._slots = connections.slots
        self._bandwidth = BandwidthLimiter(None)
        self._pacer = Pacer(None)
        self._fetcher = ImageFetcher(connections.client, self._slots, self._bandwidth)
        self._parallel = anyio.CapacityLimiter(self._slots.most)

    def pause(self, seconds: float) -> None:
        """Start no download for some seconds, because other workers were refused."""
        self._slots.pause(seconds)

    async def fetch(self, errand: Errand, worker: str) -> ErrandResult:
        """Download and store the files of an errand; `worker` is the address of this worker.

        Failures are outcomes. An errand is given up after `MISSES_IN_A_ROW` files without an answer, after a pause of
        more than `Timing.worker_patience`, and if the store does not answer.
        """
        self._bandwidth.limit = errand.bandwidth
        self._pacer.rate = errand.images_per_second
        self._parallel.total_tokens = self._bandwidth.max_parallel(self._slots.most)
        progress = _ErrandProgress(len(errand.files))

        async def fetch_one(number: int, file: FileErrand) -> None:
            async with self._parallel:
                if not progress.gave_up and (delay := self._pacer.delay(1)) > 0:
                    await anyio.sleep(delay)
                if not progress.gave_up:
                    progress.note(number, await self._outcome(file))

        async with anyio.create_task_group() as tasks:
            for number, file in enumerate(errand.files):
                tasks.start_soon(fetch_one, number, file)
        return ErrandResult(worker, tuple(progress.outcomes), progress.gave_up, progress.is_throttled)

    async def _outcome(self, file: FileErrand) -> TriedOutcome:
        try:
            return await self._fetch(file)
        except (PhotoError, TransportError, CacheError) as error:
            return FileFailed(type(error).__name__, str(error), getattr(error, "status", 0))

    async def _fetch(self, file: FileErrand) -> TriedOutcome:
        store = self._store
        async with store.new_file() as part:
            fetched = await self._fetcher.fetch(file.size, part)
            if fetched.suspicion and (sha256 := await part.sha256()) != file.seen:
                return FileDoubtful(fetched.suspicion, sha256, fetched.size)
            if file.kept and (fetched.suspicion or await part.sha256() == file.kept):
                return FileUnchanged(fetched.size)
            extension = fetched.picture.extension
            path = store.path(file.photo_id, extension)
            sha256 = await part.commit(path, partial(store.check_name, file.photo_id))
        was_there = store.was_there(path)
        return FileStored(extension, fetched.size, sha256, store.e_tag(path), fetched.suspicion, was_there)


class _ErrandProgress:
    """The outcomes of an errand so far, and why it was given up, if it was."""

    def __init__(self, count: int) -> None:
        self.outcomes: list[FileOutcome] = [NotTried()] * count
        self.gave_up = ""
        self.is_throttled = False
        self._misses = 0

    def note(self, number: int, outcome: TriedOutcome) -> None:
        if isinstance(outcome, FileFailed) and outcome.error in _GIVEN_UP:
            self.gave_up, self.is_throttled = outcome.message, outcome.error == ThrottledError.__name__
            return  # the file stays "not tried"
        self.outcomes[number] = outcome
        if not _is_miss(outcome):
            self._misses = 0
            return
        self._misses += 1
        if self._misses >= MISSES_IN_A_ROW and isinstance(outcome, FileFailed):
            self.gave_up = outcome.message


def _is_miss(outcome: TriedOutcome) -> bool:
    if not isinstance(outcome, FileFailed):
        return False
    # servers refuse single files for a while, and all files to a network that they block
    is_refusal = outcome.error == ImageGoneError.__name__ and outcome.status in (401, 403)
    return outcome.error in _MISSES or is_refusal


@asynccontextmanager
async def open_store(settings: WorkerSettings) -> AsyncIterator[ObjectStore]:
    """Open the store of a run, with a temporary folder. Sends nothing. Raises `CacheError` without obstore."""
    with tempfile.TemporaryDirectory(prefix="flickr_mirror_") as folder:
        yield await to_thread.run_sync(
            open_shared_store,
            settings.store,
            settings.depth,
            Path(folder),
            settings.has_md5,
            settings.timing.store_patience,
        )
