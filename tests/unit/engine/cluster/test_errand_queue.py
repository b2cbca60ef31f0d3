"""The coordinator's queue, with workers that a test controls."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from flickr_mirror.engine.cluster.errand_queue import (
    KILLED,
    LARGEST,
    LOSSES,
    RETURNS,
    SPARE,
    TASKS,
    ErrandQueue,
    open_queue,
)
from flickr_mirror.engine.cluster.workers_of_run import WorkersLostError
from flickr_mirror.errors import ClusterError, ThrottledError
from flickr_mirror.flickr.interruption import StoppedError
from flickr_mirror.models.errands import (
    ErrandResult,
    FileErrand,
    FileFailed,
    FileStored,
    NotTried,
    WorkerSettings,
)
from flickr_mirror.models.events import ClusterStatus, Notice, Waiting
from flickr_mirror.models.options import Limits
from flickr_mirror.models.reports import ClusterFigures
from flickr_mirror.models.sizes import FlickrPhotoSize
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

    from flickr_mirror.models.errands import Errand, FileOutcome

TIMING = replace(FAST, cluster_wait=0.2, cluster_poll=0.01)
LIMITS = Limits(timing=TIMING)
SETTINGS = WorkerSettings(
    store="s3://archive/x",
    depth=4,
    has_md5=True,
    api_url="https://api.flickr.com",
    image_workers=16,
    min_image_workers=1,
    timeout=30,
    attempts=5,
    max_wait=60,
    timing=TIMING,
)
STORED = FileStored("jpg", 10, b"sha", "tag")
MISS = FileFailed("TransportError", "no answer")


class FakeCluster:
    """Workers whose answers a test chooses; implements `Cluster`."""

    def __init__(self, *workers: str) -> None:
        self.addresses = list(workers)
        self.errands: list[tuple[Errand, list[str]]] = []
        self.in_flight = self.most_in_flight = 0
        self.pauses: list[float] = []
        self.answer: Callable[[Errand, str], Awaitable[ErrandResult]] = store_all
        self.bad: dict[str, str] = {}
        self.connections = 0
        self.on_pause: Callable[[str, float], None] = lambda _worker, _seconds: None
        self.on_start: Callable[[int], None] = lambda _number: None

    async def connect(self) -> None:
        """Count it."""
        self.connections += 1

    async def workers(self) -> list[str]:
        """Return the workers."""
        return self.addresses

    async def unsuitable(self, addresses: Sequence[str]) -> dict[str, str]:
        """Return the bad ones."""
        return {worker: reason for worker, reason in self.bad.items() if worker in addresses}

    async def fetch(self, errand: Errand, workers: Collection[str]) -> ErrandResult:
        """Assign errands to the workers in turn."""
        self.errands.append((errand, list(workers)))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            worker = list(workers)[errand.number % len(workers)]
            self.on_start(errand.number)
            return await self.answer(errand, worker)
        finally:
            self.in_flight -= 1

    async def pause(self, seconds: float) -> None:
        """Record the pause."""
        self.pauses.append(seconds)

    async def close(self) -> None:
        """Do nothing."""

    def sizes(self) -> list[int]:
        """Return the number of files of each errand."""
        return [len(errand.files) for errand, _ in self.errands]


async def store_all(errand: Errand, worker: str) -> ErrandResult:
    """Return an outcome of all files as stored."""
    await anyio.lowlevel.checkpoint()
    return ErrandResult(worker, (STORED,) * len(errand.files))


def file(number: int, kind: str = "image") -> FileErrand:
    """Return the errand of a photo."""
    return FileErrand(str(number), kind, FlickrPhotoSize("Original", 10, 10, f"https://x/{number}.jpg"))


class Fetching:
    """A queue, and the outcomes of the files that were fetched through it."""

    def __init__(
        self, queue: ErrandQueue, cluster: FakeCluster, events: list[Any], figures: ClusterFigures
    ) -> None:
        self.queue = queue
        self.cluster = cluster
        self.events = events
        self.figures = figures
        self.outcomes: dict[str, FileOutcome] = {}
        self.errors: list[Exception] = []

    async def fetch(self, *files: FileErrand) -> None:
        """Fetch files concurrently."""

        async def fetch_one(one: FileErrand) -> None:
            try:
                self.outcomes[one.photo_id], _ = await self.queue.fetch(one)
            except (ClusterError, ThrottledError, StoppedError) as error:
                self.errors.append(error)

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                for one in files:
                    tasks.start_soon(fetch_one, one)

    @property
    def notices(self) -> list[str]:
        """The texts of all notices."""
        return [event.text for event in self.events if isinstance(event, Notice)]


@asynccontextmanager
async def fetching(*workers: str, limits: Limits = LIMITS) -> AsyncIterator[Fetching]:
    """Open a queue for these workers."""
    events: list[Any] = []
    cluster, figures = FakeCluster(*workers), ClusterFigures()
    queue = ErrandQueue(cluster, SETTINGS, limits, events.append, figures)
    async with open_queue(queue, cluster.close):
        yield Fetching(queue, cluster, events, figures)


async def test_files_are_sent_in_errands_that_shrink_towards_the_end() -> None:
    """All files get their outcome. The last errands are small, so that all workers end together."""
    async with fetching("a", "b") as run:
        await run.fetch(file(2000))  # connects
        run.cluster.errands.clear()
        await run.fetch(*map(file, range(2000)))
    assert run.outcomes.pop("2000") == STORED
    assert run.outcomes == {str(number): STORED for number in range(2000)}
    sizes = run.cluster.sizes()
    assert (sum(sizes), max(sizes), sizes[-1] <= LARGEST // 4) == (2000, LARGEST, True), sizes
    assert run.cluster.most_in_flight <= TASKS * 2 + SPARE
    assert run.figures.errands == len(sizes) + 1


async def test_a_film_is_a_separate_errand() -> None:
    """It takes as long as a hundred images."""
    async with fetching("a") as run:
        await run.fetch(file(1), file(2, "video"), file(3), file(4, "video"))
    assert sorted(run.cluster.sizes()) == [1, 1, 1, 1]


async def test_the_limits_are_divided_among_the_workers() -> None:
    """Each errand has the share of one worker."""
    async with fetching(
        "a", "b", "c", "d", limits=replace(LIMITS, bwlimit=1_000_000, images_per_second=2)
    ) as run:
        await run.fetch(file(1))
    errand, _ = run.cluster.errands[0]
    assert (errand.bandwidth, errand.images_per_second) == (250_000, 0.5)


async def test_the_coordinator_has_a_share_while_it_downloads() -> None:
    """It waits for the errands with the whole limit; later ones leave it a share until it has finished."""
    limits = replace(LIMITS, bwlimit=1_200_000, images_per_second=12)
    may_end = anyio.Event()
    shares: list[tuple[float | None, float | None]] = []

    async def answer(errand: Errand, worker: str) -> ErrandResult:
        await may_end.wait()
        return await store_all(errand, worker)

    async def download_here(run: Fetching, finished: anyio.Event) -> None:
        async with run.queue.shares.own_download() as share:
            shares.append(share)
            await finished.wait()

    async with fetching("a", "b", "c", limits=limits) as run, anyio.create_task_group() as tasks:
        run.cluster.answer = answer
        finished = anyio.Event()
        tasks.start_soon(run.fetch, file(1))
        await reached(lambda: run.cluster.in_flight == 1)
        for _ in range(2):
            tasks.start_soon(download_here, run, finished)
        tasks.start_soon(run.fetch, file(2))
        await reached(lambda: run.cluster.in_flight == 2)
        assert shares == []
        may_end.set()
        await reached(lambda: len(shares) == 2)
        finished.set()
        await reached(lambda: run.cluster.in_flight == 0)
        await anyio.lowlevel.checkpoint()
        await run.fetch(file(3))
    assert shares == [(300_000, 3)] * 2
    assert [errand.images_per_second for errand, _ in run.cluster.errands] == [4, 3, 4]
    assert [errand.bandwidth for errand, _ in run.cluster.errands] == [400_000, 300_000, 400_000]


@pytest.mark.parametrize("fails", ["lost", "scheduler"])
async def test_a_failed_errand_does_not_block_the_coordinator(fails: str) -> None:
    """The share of an errand is free whenever it ends."""
    may_fail = anyio.Event()

    async def answer(errand: Errand, worker: str) -> ErrandResult:
        await may_fail.wait()
        raise WorkersLostError if fails == "lost" and errand.number == 1 else ClusterError("lost")

    async with (
        fetching("a", limits=replace(LIMITS, images_per_second=2)) as run,
        anyio.create_task_group() as tasks,
    ):
        run.cluster.answer = answer
        tasks.start_soon(run.fetch, file(1))
        await reached(lambda: run.cluster.in_flight == 1)

        async def download_here() -> None:
            async with run.queue.shares.own_download() as share:
                assert share.images_per_second == 1

        tasks.start_soon(download_here)
        await anyio.lowlevel.checkpoint()
        may_fail.set()
    assert len(run.errors) == 1


async def test_without_limits_the_coordinator_does_not_wait() -> None:
    """Its downloads do not reduce those of the workers then."""

    async def never(errand: Errand, worker: str) -> ErrandResult:
        await anyio.sleep_forever()
        raise AssertionError

    async with fetching("a") as run, anyio.create_task_group() as tasks:
        run.cluster.answer = never
        tasks.start_soon(run.fetch, file(1))
        await reached(lambda: run.cluster.in_flight == 1)
        with anyio.fail_after(5):
            async with run.queue.shares.own_download() as share:
                assert share == (None, None)
        tasks.cancel_scope.cancel()


async def reached(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - of a queue that has no event for it
            await anyio.sleep(0.001)


async def test_a_lost_errand_is_sent_again() -> None:
    """It is counted as repeated."""
    lost = 0

    async def lose_once(errand: Errand, worker: str) -> ErrandResult:
        nonlocal lost
        lost += 1
        if lost == 1:
            raise WorkersLostError
        return await store_all(errand, worker)

    async with fetching("a") as run:
        run.cluster.answer = lose_once
        await run.fetch(*map(file, range(5)))
    assert (len(run.outcomes), run.errors, run.figures.repeated) == (5, [], 1)


async def test_an_errand_that_always_loses_its_workers_ends_the_run() -> None:
    """The error names a photo; no photo fails."""

    async def lose(errand: Errand, worker: str) -> ErrandResult:
        raise WorkersLostError

    async with fetching("a") as run:
        run.cluster.answer = lose
        await run.fetch(file(7))
    assert [
        str(error).startswith("The workers that got photo 7 were lost again") for error in run.errors
    ] == [True]
    assert len(run.cluster.errands) == ceil(LOSSES / KILLED)


async def test_files_of_a_bad_worker_go_to_another_one() -> None:
    """After three errands it gets no more, and that is reported."""

    async def answer(errand: Errand, worker: str) -> ErrandResult:
        if worker == "bad":
            await anyio.lowlevel.checkpoint()
            rest = (NotTried(),) * (len(errand.files) - 1)
            return ErrandResult(worker, (MISS, *rest), gave_up="no answer")
        return await store_all(errand, worker)

    async with fetching("bad", "good") as run:
        run.cluster.answer = answer
        await run.fetch(*map(file, range(400)))
    assert run.outcomes == {str(number): STORED for number in range(400)}
    assert run.notices == ["The worker at bad gets no photos for a while: no answer"]
    assert run.cluster.errands[-1][1] == ["good"]


async def test_failures_of_the_only_worker_are_outcomes() -> None:
    """They show that the connection is lost, and the failure policy ends the run."""

    async def fail(errand: Errand, worker: str) -> ErrandResult:
        return ErrandResult(worker, (MISS,) * len(errand.files), gave_up="no answer")

    async with fetching("a") as run:
        run.cluster.answer = fail
        await run.fetch(*map(file, range(5)))
    assert [*run.outcomes.values()] == [MISS] * 5


async def test_if_the_only_worker_is_throttled_for_too_long_the_run_ends() -> None:
    """Its message is that of the image server."""

    async def give_up(errand: Errand, worker: str) -> ErrandResult:
        return ErrandResult(worker, (NotTried(),) * len(errand.files), "HTTP 429", is_throttled=True)

    async with fetching("a", limits=replace(LIMITS, max_wait=TIMING.worker_patience)) as run:
        run.cluster.answer = give_up
        await run.fetch(file(1))
    assert [(type(error), str(error)) for error in run.errors] == [(ThrottledError, "HTTP 429")]


async def test_a_run_waits_for_a_throttled_worker_up_to_its_limit() -> None:
    """Its files stay in the queue, even if it returns them repeatedly."""
    refusals = 0

    async def give_up(errand: Errand, worker: str) -> ErrandResult:
        nonlocal refusals
        refusals += 1
        if refusals > RETURNS + 2:
            return await store_all(errand, worker)
        await anyio.sleep(0.01)
        return ErrandResult(worker, (NotTried(),) * len(errand.files), "HTTP 429", is_throttled=True)

    async with fetching("a") as run:
        run.cluster.answer = give_up
        await run.fetch(file(1))
    assert (run.outcomes, run.errors) == ({"1": STORED}, [])


async def test_an_unusable_worker_ends_the_run() -> None:
    """For example, it has no space for temporary files. The error names the worker and its reason."""

    async def give_up(errand: Errand, worker: str) -> ErrandResult:
        return ErrandResult(worker, (NotTried(),) * len(errand.files), "unexpected OSError(28)")

    async with fetching("a") as run:
        run.cluster.answer = give_up
        await run.fetch(file(1))
    assert [str(error) for error in run.errors] == ["The worker at a gave up: unexpected OSError(28)"]


async def test_if_most_workers_are_throttled_all_pause() -> None:
    """No errand is sent during the pause."""
    async with fetching("a", "b", "c") as run:
        await run.fetch(file(0))
        for worker in "ab":
            run.cluster.on_pause(worker, 0.3)
        sent, started = len(run.cluster.errands), anyio.current_time()
        await run.fetch(file(1))
    assert anyio.current_time() - started >= 0.29
    assert (sent, len(run.cluster.errands)) == (1, 2)
    assert run.cluster.pauses == pytest.approx([0.3], abs=0.1)
    assert [event.cause for event in run.events if isinstance(event, Waiting)] == ["images"]


async def test_workers_that_share_an_address_are_named() -> None:
    """They are throttled at the same time."""
    async with fetching("a", "b", "c", "d", "e") as run:
        await run.fetch(file(0))
        for _ in range(3):
            for worker in "ab":
                run.cluster.on_pause(worker, 0.01)
    assert [text.startswith("The workers at a and b seem to share an address") for text in run.notices] == [
        True
    ]


async def test_a_worker_with_another_version_gets_no_errands() -> None:
    """The others continue."""
    async with fetching("a") as run:
        run.cluster.bad = {"b": "it has version 0.1."}
        await run.fetch(file(0))
        run.cluster.addresses = ["a", "b"]
        while not run.notices:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        await run.fetch(*map(file, range(1, 100)))
    assert run.notices == ["The worker at b gets no photos: it has version 0.1."]
    assert {tuple(workers) for _, workers in run.cluster.errands} == {("a",)}


async def test_without_workers_for_a_while_all_files_fail() -> None:
    """Also those in errands, which no worker does any more."""

    async def hang(errand: Errand, worker: str) -> ErrandResult:
        run.cluster.addresses = []
        await anyio.sleep_forever()
        raise AssertionError

    async with fetching("a") as run:
        run.cluster.answer = hang
        await run.fetch(*map(file, range(30)))
        assert run.queue.in_flight == 0
    assert {type(error) for error in run.errors} == {ClusterError}
    assert len(run.errors) == 30
    statuses = [(event.workers, event.lost) for event in run.events if isinstance(event, ClusterStatus)]
    assert statuses == [(1, 0), (0, 1)]


async def test_an_errand_whose_workers_have_all_left_is_sent_to_others() -> None:
    """Dask would keep it waiting for them, although another worker has joined."""

    async def hang(errand: Errand, worker: str) -> ErrandResult:
        if worker != "a":
            return await store_all(errand, worker)
        run.cluster.addresses = ["b"]
        await anyio.sleep_forever()
        raise AssertionError

    async with fetching("a") as run:
        run.cluster.answer = hang
        await run.fetch(*map(file, range(5)))
    assert (len(run.outcomes), run.errors, run.figures.repeated) == (5, [], 1)
    assert [workers for _, workers in run.cluster.errands] == [["a"], ["b"]]


async def test_after_the_scheduler_was_lost_the_next_file_connects_again() -> None:
    """The next round of a watch uses it with the current workers."""

    async def lose(errand: Errand, worker: str) -> ErrandResult:
        raise ClusterError("The scheduler is lost.")

    async with fetching("a") as run:
        run.cluster.answer = lose
        await run.fetch(file(1))
        run.cluster.answer, run.cluster.addresses = store_all, ["b"]
        await run.fetch(file(2))
    assert [str(error) for error in run.errors] == ["The scheduler is lost."]
    assert ([*run.outcomes], run.cluster.connections) == (["2"], 2)
    assert run.cluster.errands[-1][1] == ["b"]


async def test_stop_ends_the_wait_for_an_errand() -> None:
    """Errands in flight are finished."""
    may_end = anyio.Event()

    async def wait(errand: Errand, worker: str) -> ErrandResult:
        await may_end.wait()
        return await store_all(errand, worker)

    async with fetching("a") as run, anyio.create_task_group() as tasks:
        run.cluster.answer = wait
        tasks.start_soon(run.fetch, *map(file, range(100)))
        while run.cluster.in_flight < TASKS + SPARE:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        sent = sum(run.cluster.sizes())
        run.queue.stop()
        may_end.set()
    assert (len(run.outcomes), len(run.errors)) == (sent, 100 - sent)
    assert {type(error) for error in run.errors} == {StoppedError}
