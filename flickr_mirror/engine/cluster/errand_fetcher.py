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
    ThrottledError,
    TransportError,
)
from flickr_mirror.flickr.bandwidth import BandwidthLimiter
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

    from flickr_mirror.models.errands import Errand, FileErrand, FileOutcome, WorkerSettings
    from flickr_mirror.storage.object_store import ObjectStore

MISSES_IN_A_ROW = 20
"""After this number of files in a row without an answer, a worker gives up an errand."""


class ErrandFetcher:
    """Does the errands of one run on one machine, which share its connections, its parallel downloads and its pauses.

    `on_pause` is called with the seconds of each pause that the image servers ask for.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        client: ImageClient,
        store: ObjectStore,
        on_pause: Callable[[float], None],
    ) -> None:
        self._store = store
        self._bandwidth = BandwidthLimiter(None)
        self._slots = DownloadSlots(
            settings.image_workers, settings.min_image_workers, timing=settings.timing
        )
        self._slots.on_pause = on_pause
        self._fetcher = ImageFetcher(client, self._slots, self._bandwidth)

    def pause(self, seconds: float) -> None:
        """Start no download for some seconds, because other workers were refused."""
        self._slots.record_throttling(anyio.current_time(), seconds)

    async def fetch(self, errand: Errand, worker: str) -> ErrandResult:
        """Download and store the files of an errand; `worker` is the address of this worker.

        Failures are outcomes. An errand is given up after `MISSES_IN_A_ROW` files without an answer, and after a
        pause of more than `Timing.worker_patience`.
        """
        self._bandwidth.limit = errand.bandwidth
        work = _ErrandWork(len(errand.files))

        async def fetch_one(number: int, file: FileErrand) -> None:
            async with self._fetcher.photo_slots:
                if not work.gave_up:
                    work.note(number, await self._outcome(file))

        async with anyio.create_task_group() as tasks:
            for number, file in enumerate(errand.files):
                tasks.start_soon(fetch_one, number, file)
        return ErrandResult(worker, tuple(work.outcomes), work.gave_up, work.is_throttled)

    async def _outcome(self, file: FileErrand) -> FileOutcome:
        try:
            return await self._fetch(file)
        except (PhotoError, TransportError, CacheError) as error:
            return FileFailed(type(error).__name__, str(error), getattr(error, "status", 0))

    async def _fetch(self, file: FileErrand) -> FileOutcome:
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


class _ErrandWork:
    """The outcomes of an errand so far, and why it was given up, if it was."""

    def __init__(self, count: int) -> None:
        self.outcomes: list[FileOutcome] = [NotTried()] * count
        self.gave_up = ""
        self.is_throttled = False
        self._misses = 0

    def note(self, number: int, outcome: FileOutcome) -> None:
        if not isinstance(outcome, FileFailed):
            self._misses = 0
        elif outcome.error == ThrottledError.__name__:
            self.gave_up, self.is_throttled = outcome.message, True
            return  # the file stays "not tried"
        elif outcome.error in _MISSES or (
            outcome.error == ImageGoneError.__name__ and outcome.status in (401, 403)
        ):
            self._misses += 1
            if self._misses >= MISSES_IN_A_ROW:
                self.gave_up = outcome.message
        self.outcomes[number] = outcome


_MISSES = {kind.__name__ for kind in (TransportError, CertificateError, ProxyLoginError)}


@asynccontextmanager
async def open_fetcher(
    settings: WorkerSettings, on_pause: Callable[[float], None]
) -> AsyncIterator[ErrandFetcher]:
    """Open what a worker needs for the errands of a run. Sends nothing. Raises `CacheError` without obstore."""
    limits = Limits(
        timeout=settings.timeout,
        attempts=settings.attempts,
        max_wait=settings.timing.worker_patience,
        timing=settings.timing,
    )
    with tempfile.TemporaryDirectory(prefix="flickr_mirror_") as folder:
        store = await to_thread.run_sync(
            open_shared_store,
            settings.store,
            settings.depth,
            Path(folder),
            settings.has_md5,
            settings.timing.store_patience,
        )
        async with ImageClient(settings.api_url, limits) as client:
            yield ErrandFetcher(settings, client, store, on_pause)
