"""The errands of a worker: with the image servers of a simulated Flickr, and a store in memory."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest
from aiohttp import web
from obstore.store import MemoryStore

from flickr_mirror.engine.cluster.errand_fetcher import MISSES_IN_A_ROW, ErrandFetcher, WorkerConnections
from flickr_mirror.models.errands import (
    Errand,
    FileDoubtful,
    FileErrand,
    FileFailed,
    FileStored,
    FileUnchanged,
    NotTried,
    WorkerSettings,
)
from flickr_mirror.models.sizes import FlickrPhotoSize
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage.bucket import Bucket
from flickr_mirror.storage.object_store import ObjectStore
from tests.support.mirroring import jpeg
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from flickr_mirror.models.errands import ErrandResult

pytestmark = pytest.mark.usefixtures("one_tls_context")
WORKER = "tcp://10.0.0.1:1"


class Worker:
    """A worker of this process, and the pauses that it reported."""

    def __init__(self, flickr: SimulatedFlickr, folder: Path, settings: WorkerSettings) -> None:
        self.flickr = flickr
        self.settings = settings
        self.connections = WorkerConnections(settings)
        self.pauses: list[float] = []
        self.connections.listeners.add(self.pauses.append)
        (folder / "parts").mkdir()
        self.store = ObjectStore(Bucket(MemoryStore(), "memory"), 4, folder / "parts", folder)
        self.fetcher = ErrandFetcher(self.connections, self.store)

    def file(self, number: int, **more: bytes) -> FileErrand:
        """Return the errand of a photo of the stream."""
        stream = self.flickr.streams[0]
        photo = stream.photo(stream.ids[number])
        return FileErrand(
            photo.id, "image", FlickrPhotoSize("Original", *photo.best_dims, photo.best_url), **more
        )

    async def fetch(self, *files: FileErrand, **limits: float) -> ErrandResult:
        """Do an errand."""
        with anyio.fail_after(30):
            return await self.fetcher.fetch(Errand(1, self.settings, files, **limits), WORKER)


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    """Return a worker of a simulated Flickr of 60 photos."""
    async with opened(tmp_path) as worker:
        yield worker


@asynccontextmanager
async def opened(folder: Path, **settings: object) -> AsyncIterator[Worker]:
    """Open a worker with these settings."""
    async with SimulatedFlickr(SimulatedPhotostream(60)) as flickr:
        chosen = WorkerSettings(
            store="s3://archive/x",
            depth=4,
            has_md5=False,
            api_url=flickr.api_url,
            image_workers=4,
            min_image_workers=4,
            timeout=10,
            attempts=2,
            max_wait=60,
            timing=replace(FAST, worker_patience=0.3),
        )
        worker = Worker(flickr, folder, replace(chosen, **settings))  # type: ignore[arg-type]
        async with worker.connections.client:
            yield worker


def sha256(worker: Worker, errand: FileErrand) -> bytes:
    """Return the SHA-256 of the object of a photo."""
    path = worker.store.path(errand.photo_id, "jpg")
    with worker.store.open_file(path) as file:
        return hashlib.sha256(file.readall()).digest()


async def test_files_are_stored_with_their_hashes(worker: Worker) -> None:
    """The outcomes are in the order of the files."""
    files = [worker.file(number) for number in range(5)]
    result = await worker.fetch(*files)
    assert (result.worker, result.gave_up) == (WORKER, "")
    for errand, outcome in zip(files, result.outcomes, strict=True):
        assert isinstance(outcome, FileStored)
        assert (outcome.extension, outcome.sha256, outcome.was_there) == (
            "jpg",
            sha256(worker, errand),
            False,
        )


async def test_a_repeated_errand_finds_its_files_stored(worker: Worker) -> None:
    """The earlier worker was lost after storing them; nothing is written again."""
    await worker.fetch(worker.file(0))
    (outcome,) = (await worker.fetch(worker.file(0))).outcomes
    assert isinstance(outcome, FileStored)
    assert outcome.was_there


async def test_a_file_equal_to_the_kept_one_is_not_replaced(worker: Worker) -> None:
    """The run requested a better one."""
    await worker.fetch(worker.file(0))
    kept = sha256(worker, worker.file(0))
    (outcome,) = (await worker.fetch(worker.file(0, seen=kept, kept=kept))).outcomes
    assert isinstance(outcome, FileUnchanged)
    assert outcome.size > 0


async def test_suspicious_bytes_are_stored_if_they_were_received_before(worker: Worker) -> None:
    """The first time they are reported with their hash."""

    async def answer(request: web.Request) -> web.StreamResponse | None:
        return web.Response(body=jpeg(31, 17), content_type="image/jpeg")

    worker.flickr.intercept = answer
    (first,) = (await worker.fetch(worker.file(0))).outcomes
    assert isinstance(first, FileDoubtful)
    (second,) = (await worker.fetch(worker.file(0, seen=first.sha256))).outcomes
    assert isinstance(second, FileStored)
    assert (second.suspicion, second.sha256) == (first.suspicion, first.sha256)


async def test_a_failure_of_one_file_is_an_outcome(worker: Worker) -> None:
    """The others are stored."""
    gone = worker.file(1)

    async def answer(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=404) if gone.photo_id in request.path else None

    worker.flickr.intercept = answer
    first, second = (await worker.fetch(worker.file(0), gone)).outcomes
    assert isinstance(first, FileStored)
    assert isinstance(second, FileFailed)
    assert (second.error, second.status) == ("ImageGoneError", 404)


async def test_several_files_without_an_answer_end_an_errand(worker: Worker) -> None:
    """Files that were not tried go to another worker."""

    async def refuse(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=503)

    worker.flickr.intercept = refuse
    result = await worker.fetch(*(worker.file(number) for number in range(60)))
    failed = sum(isinstance(outcome, FileFailed) for outcome in result.outcomes)
    assert MISSES_IN_A_ROW <= failed <= MISSES_IN_A_ROW + 4
    assert sum(isinstance(outcome, NotTried) for outcome in result.outcomes) == 60 - failed
    assert ("503" in result.gave_up, result.is_throttled) == (True, False)


async def test_a_worker_throttled_for_too_long_gives_up(worker: Worker) -> None:
    """It has reported its pauses. No file has failed."""

    async def refuse(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=429)

    worker.flickr.intercept = refuse
    result = await worker.fetch(worker.file(0), worker.file(1))
    assert result.is_throttled
    assert result.outcomes == (NotTried(), NotTried())
    assert worker.pauses


async def test_a_pause_for_other_workers_is_not_reported(worker: Worker) -> None:
    """Otherwise the worker would count as throttled, and all workers would pause repeatedly."""
    worker.fetcher.pause(0.3)
    started = anyio.current_time()
    await worker.fetch(worker.file(0))
    assert anyio.current_time() - started >= 0.29
    assert worker.pauses == []


async def test_an_errand_obeys_its_share_of_images_per_second(worker: Worker) -> None:
    """Ten images at twenty per second take half a second."""
    started = anyio.current_time()
    await worker.fetch(*(worker.file(number) for number in range(10)), images_per_second=20)
    assert anyio.current_time() - started >= 0.5


async def test_a_small_share_of_the_bandwidth_is_not_split_among_many_downloads(worker: Worker) -> None:
    """Servers close connections that are slower than 32 kB per second."""
    running = most = 0

    async def watch(request: web.Request) -> web.StreamResponse | None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.02)
        running -= 1
        return None

    worker.flickr.intercept = watch
    await worker.fetch(*(worker.file(number) for number in range(4)), bandwidth=40_000)
    assert most == 1
