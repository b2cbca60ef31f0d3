"""Effects of processes, other programs and clocks on a run: rows 42 to 44, 74, 78, 79, 81 and 82."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import signal
import sqlite3
import threading
import time
import warnings
from contextlib import closing
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from flickr_mirror import ApiBudget, CatalogueError, Limits
from flickr_mirror.catalogue.work_list import WorkList
from flickr_mirror.engine.dispatcher import Dispatcher
from flickr_mirror.engine.workers.image_downloader import ImageDownloader
from flickr_mirror.engine.workers.info_fetcher import InfoFetcher
from flickr_mirror.engine.workers.page_producer import PageProducer
from flickr_mirror.engine.workers.size_resolver import SizeResolver
from flickr_mirror.flickr.downloader import ImageFetcher
from flickr_mirror.flickr.rate_limiter import MemoryLedger
from flickr_mirror.models.events import ImageCached
from flickr_mirror.models.options import CachingStrategy
from flickr_mirror.models.sliding_window import HOUR
from flickr_mirror.simulator import Mix, SimulatedFlickr, SimulatedPhotostream, arguments_of
from flickr_mirror.storage.call_ledger import CallLedgerFile
from flickr_mirror.storage.partial_file import PartialFile
from tests.support.mirroring import PagedRun, Run, mirroring
from tests.support.parameters import with_slow_rest
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aiohttp import web

    from flickr_mirror import Event

pytestmark = pytest.mark.usefixtures("one_language", "writer_processes")


def leftovers(root: Path) -> list[Path]:
    """Return the files that a run must not leave: temporary files, and the record of the lock's holder."""
    return [*root.rglob("*.part"), *root.rglob("lock.json")]


# Row 82: any exception ends the run


def boom(*_: Any, **__: Any) -> Any:
    """Raise an unexpected exception."""
    raise ZeroDivisionError("boom")


async def late_boom(*_: Any, **__: Any) -> Any:
    """Raise it while other tasks work."""
    await anyio.sleep(0.05)
    raise ZeroDivisionError("boom")


STAGES: dict[str, tuple[type, str, Callable[..., Any]]] = {
    "lister": (PageProducer, "_store", late_boom),
    "listing": (PageProducer, "_emit_result", boom),
    "feeder of images": (WorkList, "images_to_fetch", boom),
    "size feeder": (WorkList, "sizes_to_resolve", boom),
    "feeder of information": (WorkList, "infos_to_write", boom),
    "size resolver": (SizeResolver, "resolve", late_boom),
    "downloader": (ImageDownloader, "download", late_boom),
    "fetcher": (ImageFetcher, "fetch", late_boom),
    "commit of a file": (PartialFile, "rename", boom),
    "information": (InfoFetcher, "fetch", late_boom),
    "book-keeping": (Dispatcher, "_write", boom),
    "end of the run": (WorkList, "end_run", boom),
}
EXAMPLES = ("lister", "feeder of images", "downloader", "book-keeping")
"""The stages that are tried by default."""


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        pytest.param(*STAGES[name], id=name, marks=[] if name in EXAMPLES else pytest.mark.slow)
        for name in STAGES
    ],
)
async def test_an_unexpected_exception_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: type, name: str, fault: Callable[..., Any]
) -> None:
    """Row 82: an unexpected exception in any stage ends the run, cancels the other tasks, and does not hang."""
    async with mirroring(tmp_path, 30, mix=Mix.NO_ORIGINALS, undocumented_extras=False) as run:
        before = asyncio.all_tasks()
        with monkeypatch.context() as patch:
            patch.setattr(place, name, fault)
            with pytest.raises(ZeroDivisionError, match="boom"), anyio.fail_after(10):
                await run()
        await anyio.lowlevel.checkpoint()
        assert asyncio.all_tasks() - before - servers() == set()
        assert not run.mirror().report.complete
        assert leftovers(tmp_path) == []
        with anyio.fail_after(20):
            report = await run()
        assert report.complete
        assert len(list(tmp_path.rglob("*.jpg"))) == 30


def servers() -> set[asyncio.Task[Any]]:
    """Return the tasks of the simulated Flickr, which runs in the same loop."""
    return {task for task in asyncio.all_tasks() if "RequestHandler" in repr(task) or "aiohttp" in repr(task)}


# Row 81: a library in another program


def process_state() -> tuple[Any, ...]:
    """Return the state of the process that a library must not change."""
    logger = logging.getLogger("flickr_mirror")
    root = logging.getLogger()
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    return handlers, logger.level, logger.handlers[:], logger.propagate, root.level, warnings.filters[:]


@pytest.mark.parametrize("way", ["cancel", "wait_for", "fail_after"])
@pytest.mark.parametrize("moment", with_slow_rest([0.0, 0.02, 0.2, 0.35], 0.02))
async def test_a_cancelled_run_leaves_nothing_open(tmp_path: Path, way: str, moment: float) -> None:
    """Row 81: after any cancellation at any time, the caller gets its own error, and everything is closed."""
    before = process_state()
    async with mirroring(tmp_path, 400) as run:
        run.flickr.image_latency = 0.01
        begun = time.monotonic()
        if way == "cancel":
            task = asyncio.create_task(run())
            await asyncio.sleep(moment)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        elif way == "wait_for":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(run(), moment)
        else:
            with pytest.raises(TimeoutError), anyio.fail_after(moment):
                await run()
        assert time.monotonic() - begun < moment + 3
        assert leftovers(tmp_path) == []
    gc.collect()  # unclosed resources warn now, and warnings are errors
    assert process_state() == before


@pytest.mark.parametrize("name", ["begin_run", "recheck_sizes", "requeue", "end_run"])
async def test_a_cancelled_run_abandons_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Row 81: a thread that writes to the catalogue is awaited, also if asyncio itself cancels the task."""
    slow, entered, left = getattr(WorkList, name), threading.Event(), threading.Event()

    def slowly(*arguments: Any, **options: Any) -> Any:
        entered.set()
        time.sleep(0.3)
        try:
            return slow(*arguments, **options)
        finally:
            left.set()

    async with mirroring(tmp_path) as run:
        with monkeypatch.context() as patch:
            patch.setattr(WorkList, name, slowly)
            task = asyncio.create_task(run())
            while not entered.is_set() and not task.done():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert left.is_set()
        assert (await run()).complete


async def test_two_mirrors_in_one_loop(tmp_path: Path) -> None:
    """Row 81: one program mirrors two photostreams at once, into one folder, with one budget."""
    streams = [
        SimulatedPhotostream(30, nsid="1@N01", username="one", path_alias=None),
        SimulatedPhotostream(40, nsid="2@N02", username="two", path_alias=None),
    ]
    async with SimulatedFlickr(*streams) as flickr:
        runs = [Run(flickr, tmp_path), Run(flickr, tmp_path)]
        runs[1].stream = streams[1]
        one, two = await asyncio.gather(*(run() for run in runs))
    assert (one.images, two.images) == (30, 40)
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}


def test_a_mirror_outlives_its_loop(tmp_path: Path) -> None:
    """Row 81: the same mirror and budget work in two loops, one after the other."""
    stream = SimulatedPhotostream(10, newest=int(time.time()) - 86_400)
    budget = ApiBudget(calls_per_second=10_000)
    counts = []

    async def once() -> int:
        async with SimulatedFlickr(stream) as flickr:
            run = Run(flickr, tmp_path)
            mirror = run.mirror()
            mirror._session.budget = budget
            return (await mirror.run()).images

    for _ in range(2):
        counts.append(asyncio.run(once()))
        stream.upload(2)
    gc.collect()
    assert counts == [10, 2]


# Row 78: another program has the catalogue open


def catalogue_of(root: Path) -> Path:
    """Return the path of the catalogue."""
    (path,) = root.rglob("catalogue.sqlite")
    return path


async def test_a_reader_of_the_catalogue_does_not_block_a_run(tmp_path: Path) -> None:
    """Row 78: another program reads the catalogue while a run writes to it."""
    async with mirroring(tmp_path) as run:
        await run()
        run.stream.upload(20)
        with closing(sqlite3.connect(catalogue_of(tmp_path), isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM photos").fetchone() == (12,)
            report = await run()
            assert report.complete
            assert reader.execute("SELECT count(*) FROM photos").fetchone() == (12,)
        assert report.images == 20


async def test_a_run_waits_for_a_lock_on_the_catalogue(tmp_path: Path) -> None:
    """Row 78: another program that writes to the catalogue only delays a run."""
    async with mirroring(tmp_path) as run:
        await run()
        run.stream.upload(5)
        with closing(
            sqlite3.connect(catalogue_of(tmp_path), isolation_level=None, check_same_thread=False)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            timer = threading.Timer(0.6, other.execute, ["ROLLBACK"])
            timer.start()
            report = await run()
            timer.join()
        assert report.complete
        assert report.seconds > 0.4


async def test_a_lasting_lock_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 78: a catalogue that stays locked ends the run with suitable advice, which is not to move it."""
    monkeypatch.setattr("flickr_mirror.catalogue.database.BUSY_TIMEOUT", 0.1)
    async with mirroring(tmp_path) as run:
        await run()
        run.stream.upload(5)
        with closing(sqlite3.connect(catalogue_of(tmp_path), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(CatalogueError, match="Another program") as caught, anyio.fail_after(10):
                await run()
        assert "Move it" not in str(caught.value)
        assert leftovers(tmp_path) == []
        assert (await run()).images == 5


# Rows 74 and 79: sleep and clocks


@pytest.mark.slow
async def test_a_suspended_process_continues(tmp_path: Path) -> None:
    """Row 74: after a pause of the whole process, longer than every time-out, nothing counts as failed."""

    class Hasty(Run):
        limits = Limits(timeout=0.3, attempts=5, image_workers=8, passes=1, timing=FAST)

    async with mirroring(tmp_path, 120) as plain:
        run = Hasty(plain.flickr, tmp_path)
        run.flickr.image_latency = 0.02
        images = 0

        def observe(event: Event) -> None:
            nonlocal images
            images += isinstance(event, ImageCached)
            if images in (20, 60):
                images += 1
                time.sleep(0.5)  # the whole process is suspended, as after Ctrl-Z

        report = await run.mirror(observe).run()
    assert report.complete
    assert report.failures == []
    assert report.images == 120


@pytest.mark.parametrize("years", [10, -10])
async def test_a_clock_that_jumps_delays_no_failed_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    """Row 79: photos that failed while the clock was wrong are tried again when it is right."""
    real = time.time
    async with mirroring(tmp_path) as run:
        bad = run.stream.ids[3]

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if f"/{bad}_" in request.path and request.transport is not None:
                request.transport.abort()
            return None

        run.flickr.intercept = intercept
        with monkeypatch.context() as patch:
            patch.setattr("time.time", lambda: real() + years * 365 * 86_400)
            assert [failure.photo_id for failure in (await run()).failures] == [bad]
        run.flickr.intercept = None
        monkeypatch.setattr("time.time", lambda: real() + 3700)
        assert (await run()).images == 1


async def test_deadlines_and_pauses_do_not_use_the_wall_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 79: a clock that jumps by years during a run neither ends nor delays it."""
    real, jump = time.time, 0.0
    monkeypatch.setattr("time.time", lambda: real() + jump)
    async with mirroring(tmp_path, 60, commented=0.5) as run:
        images = 0

        def observe(event: Event) -> None:
            nonlocal images, jump
            images += isinstance(event, ImageCached)
            jump = {0: 0.0, 1: 3e8, 2: -3e8}[images // 10 % 3]

        with anyio.fail_after(20):
            report = await run.mirror(observe, info_level=2).run()
    assert report.complete
    assert (report.images, report.infos, report.failures) == (60, 60, [])
    assert report.seconds < 20


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_call_recorded_out_of_order_is_counted(tmp_path: Path, kind: str) -> None:
    """Row 83: of two concurrent calls, the one with the earlier time does not remove the other from the ledger."""
    ledger = MemoryLedger() if kind == "memory" else CallLedgerFile(tmp_path / "calls")
    now = time.time()
    assert ledger.take(now, 2) == 0
    assert ledger.take(now - 0.2, 2) == 0
    assert ledger.take(now - 0.1, 2) == pytest.approx(HOUR - 0.1, abs=0.01)


# Rows 42 to 44: a stream that changes while it is listed, on real sockets


def between_pages(flickr: SimulatedFlickr, change: Callable[[], None]) -> None:
    """Call `change` before each page of the listing except the first."""
    pages = 0

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        nonlocal pages
        if (await arguments_of(request)).get("method") == "flickr.people.getPhotos":
            pages += 1
            if pages > 1:
                change()
        return None

    flickr.intercept = intercept


@pytest.mark.slow
@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
@pytest.mark.parametrize("what", ["uploads", "deletions", "both"])
async def test_changes_between_the_pages_lose_no_photo(
    tmp_path: Path, strategy: CachingStrategy, what: str
) -> None:
    """Rows 42, 43, 44: seven uploads, seven deletions or both during one run: it mirrors all remaining photos."""
    stream = SimulatedPhotostream(100, newest=int(time.time()) - 86_400)
    chance = random.Random(7)
    changes = {"uploads": 7 * (what != "deletions"), "deletions": 7 * (what != "uploads")}

    def change() -> None:
        if changes["uploads"]:
            changes["uploads"] -= 1
            stream.upload(1, at=int(time.time()) - 4000 + changes["uploads"])
        if changes["deletions"]:
            changes["deletions"] -= 1
            stream.delete(chance.choice(stream.ids))

    async with SimulatedFlickr(stream) as flickr:
        there_before = set(stream.ids)
        between_pages(flickr, change)
        run = PagedRun(flickr, tmp_path)
        report = await run(strategy=strategy)
        assert sum(changes.values()) == 0, "the listing had too few pages for all changes"
        remaining = there_before & set(stream.ids)
        assert [photo_id for photo_id in remaining if not run.path(photo_id).exists()] == []
        for photo_id in remaining:
            assert run.path(photo_id).read_bytes() == flickr.file(photo_id)
        assert report.complete
        flickr.intercept = None
        assert (await run(strategy=strategy)).complete
        assert [photo_id for photo_id in stream.ids if not run.path(photo_id).exists()] == []
