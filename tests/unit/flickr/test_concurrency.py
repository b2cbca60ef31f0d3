"""The number of parallel downloads, and their bandwidth."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from aiohttp import web
from typer import BadParameter

from flickr_mirror import ApiBudget, FlickrPhotoSize, Limits
from flickr_mirror.cli.options.parsing import bandwidth
from flickr_mirror.flickr.bandwidth import MIN_RATE, BandwidthLimiter
from flickr_mirror.flickr.concurrency import (
    FIRST_REST,
    INITIAL_LEVEL,
    AdaptiveConcurrency,
    DownloadSlots,
)
from flickr_mirror.flickr.downloader import ImageFetcher
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.models.timing import Timing
from flickr_mirror.storage.partial_file import open_partial_file
from tests.support import canary
from tests.support.mirroring import jpeg, mirroring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE = 100_000
"""Bytes."""


@dataclass
class Line:
    """A simulated connection: a single download takes `latency` seconds, and all share `most` bytes per second."""

    latency: float
    most: float = 1e12
    now: float = 0.0

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def pass_by(self, climb: AdaptiveConcurrency, seconds: float, *, is_full: bool = True) -> list[int]:
        """Run downloads; return the levels."""
        levels, end = [climb.level], self.now + seconds
        while self.now < end:
            pace = min(climb.level * IMAGE / self.latency, self.most)
            self.now += IMAGE / pace
            climb.record_latency(climb.level * IMAGE / pace)
            climb.record_bytes(IMAGE)
            climb.record_image(is_full=is_full)
            if climb.level != levels[-1]:
                levels.append(climb.level)
        return levels


class Downloads:
    """Counts the parallel downloads of a simulated server, each of which takes some `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seen = [0]
        self._running = 0
        self._seconds = seconds

    async def intercept(self, request: web.Request) -> None:
        """Delay a download."""
        if ".jpg" in request.path:
            self._running += 1
            self.seen.append(self._running)
            await anyio.sleep(self._seconds)
            self._running -= 1


def test_distant_servers_get_the_maximum_of_downloads() -> None:
    """With a high latency, more parallel downloads increase the throughput, up to the maximum."""
    line = Line(latency=0.05)
    climb = AdaptiveConcurrency(1, 16, clock=line.clock)

    assert line.pass_by(climb, 4) == [INITIAL_LEVEL, 6, 9, 13, 16]
    assert line.pass_by(climb, 600) == [16]


def test_a_full_connection_keeps_few_downloads() -> None:
    """With a full connection, more downloads do not help: this is tried once, and then at growing intervals."""
    line = Line(latency=0.05, most=4 * IMAGE / 0.05)
    climb = AdaptiveConcurrency(1, 16, clock=line.clock)

    assert line.pass_by(climb, FIRST_REST) == [4, 6, 4]
    line.pass_by(climb, 3600)
    assert climb.level in {4, 6}
    tries = line.pass_by(climb, 3600)
    assert len(tries) // 2 <= 3600 // 300 + 1


def test_a_faster_connection_is_detected() -> None:
    """An hour later, more downloads are tried again."""
    line = Line(latency=0.05, most=4 * IMAGE / 0.05)
    climb = AdaptiveConcurrency(1, 16, clock=line.clock)
    line.pass_by(climb, 60)
    line.most = 1e12
    line.pass_by(climb, 400)

    assert climb.level == 16


def test_servers_that_get_slower_get_fewer_downloads() -> None:
    """Responses that take twice as long, with fewer bytes, show that servers are overloaded."""
    line = Line(latency=0.05)
    climb = AdaptiveConcurrency(1, 16, clock=line.clock)
    line.pass_by(climb, 10)
    line.most = 2 * IMAGE / 0.05
    line.pass_by(climb, 2)
    assert climb.level == 12

    line.most /= 4
    line.pass_by(climb, 10)
    assert climb.level == 9


def test_intervals_with_idle_workers_are_not_measured() -> None:
    """A few new photos are no evidence about the connection."""
    line = Line(latency=0.05)
    climb = AdaptiveConcurrency(1, 16, clock=line.clock)

    assert line.pass_by(climb, 60, is_full=False) == [INITIAL_LEVEL]


@pytest.mark.parametrize(("least", "most", "levels"), [(16, 16, [16]), (1, 2, [2]), (8, 9, [8, 9])])
def test_the_users_limits_are_obeyed(least: int, most: int, levels: list[int]) -> None:
    """Never fewer and never more downloads than the user allows."""
    line = Line(latency=0.05)
    climb = AdaptiveConcurrency(least, most, clock=line.clock)
    assert line.pass_by(climb, 60) == levels

    line.most = IMAGE / 100
    line.pass_by(climb, 100_000)
    assert least <= climb.level <= most


async def test_after_too_many_requests_the_level_grows_slowly() -> None:
    """After a 429 halved the downloads, they grow by one per 20 good images, and then adapt again."""
    line = Line(latency=0.05)
    slots = DownloadSlots(16, 1, clock=line.clock, sleep=anyio.sleep)
    pace = 1.0

    async def wait_for_a_place() -> None:
        async with slots:
            await anyio.sleep_forever()

    def go_on(images: int) -> int:
        for _ in range(images):
            line.now += 0.05 / slots.parallel / pace
            slots.record_bytes(IMAGE)
            slots.record_success()
        return slots.parallel

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(wait_for_a_place)
        await anyio.wait_all_tasks_blocked()
        assert go_on(120) == 9
        slots.record_throttling(line.now)
        assert slots.parallel == 4
        pace = 0.1  # slower because they were halved, not because of the connection
        line.now += 10
        assert go_on(20) == 5
        assert go_on(20 * 4) == 9
        pace = 1.0
        assert go_on(20 * 20) == 16
        tasks.cancel_scope.cancel()


async def test_the_bandwidth_is_shared_by_all_downloads() -> None:
    """Ten downloads together get exactly the bandwidth over the whole time."""
    naps: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    limit = BandwidthLimiter(1000, clock=lambda: now, sleep=sleep)
    for _ in range(10):
        await limit.take(500)
    assert naps == pytest.approx([0.5 * turn for turn in range(1, 11)])

    now = 60.0
    await limit.take(500)
    assert naps[-1] == pytest.approx(0.5), "a pause does not make up for more later"


def test_a_low_bandwidth_allows_few_downloads() -> None:
    """With 64 kB/s two downloads run, so that each is fast enough for the servers."""
    assert BandwidthLimiter(None).max_parallel(16) == 16
    assert BandwidthLimiter(2 * MIN_RATE).max_parallel(16) == 2
    assert BandwidthLimiter(MIN_RATE // 2).max_parallel(16) == 1
    assert BandwidthLimiter(100 * MIN_RATE).max_parallel(16) == 16


@pytest.mark.slow
@pytest.mark.parametrize(("least", "most", "first", "top"), [(1, 16, 4, 9), (8, 16, 8, 12), (1, 2, 2, 2)])
async def test_a_run_finds_the_useful_number_of_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: int, most: int, first: int, top: int
) -> None:
    """A run begins with a few downloads, or the user's minimum, and uses more for distant servers."""
    answers: list[float] = []
    monkeypatch.setattr(AdaptiveConcurrency, "record_latency", lambda _, seconds: answers.append(seconds))
    downloads = Downloads(0.05)
    async with mirroring(tmp_path, 150, image_dims=(48, 36)) as run:
        run.flickr.intercept = downloads.intercept
        run.limits = Limits(image_workers=most, min_image_workers=least, timing=Timing(throughput_window=0.1))
        await run(image_only=True)

    assert len(answers) == 150
    assert min(answers) >= 0.05
    assert max(downloads.seen[:9]) == first
    assert top <= max(downloads.seen) <= most


async def test_a_run_keeps_few_downloads_if_more_do_not_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If servers send one image after the other, half as many more downloads are tried once, and not kept."""
    line, turn, levels = Line(latency=0, most=10_000), anyio.Semaphore(1), []
    monkeypatch.setitem(DownloadSlots.__init__.__kwdefaults__, "clock", line.clock)  # type: ignore[arg-type]
    record_success = DownloadSlots.record_success

    def next_turn(slots: DownloadSlots) -> None:
        record_success(slots)
        levels.append(slots.parallel)
        turn.release()

    monkeypatch.setattr(DownloadSlots, "record_success", next_turn)
    async with mirroring(tmp_path, 150, image_dims=(48, 36)) as run:

        async def intercept(request: web.Request) -> None:
            if ".jpg" in request.path:
                await turn.acquire()
                photo_id, _, _ = request.path.rpartition("/")[2].partition("_")
                line.now += len(run.flickr.file(photo_id)) / line.most

        run.flickr.intercept = intercept
        run.limits = Limits()
        with anyio.fail_after(60):
            await run(image_only=True)

    assert line.now < FIRST_REST
    assert [level for level, _ in groupby(levels)] == [4, 6, 4]


async def test_a_run_uses_no_more_than_its_bandwidth(tmp_path: Path) -> None:
    """A whole run takes the time of its bytes at the given bandwidth."""
    downloads = Downloads(0.01)
    async with mirroring(tmp_path, 40, image_dims=(320, 240)) as run:
        run.flickr.intercept = downloads.intercept
        run.limits = Limits(bwlimit=64 * 1024)
        begun = time.monotonic()
        with anyio.fail_after(60):
            report = await run(image_only=True)
        seconds = time.monotonic() - begun

    assert report.images == 40
    assert report.bytes / seconds <= 64 * 1024
    assert report.bytes > 64 * 1024
    assert max(downloads.seen) == 2


@pytest.mark.parametrize(
    ("text", "rate"), [("512k", 512 << 10), ("2M", 2 << 20), ("1.5m", 3 << 19), ("1G", 1 << 30)]
)
def test_a_bandwidth_has_a_unit(text: str, rate: int) -> None:
    """Bytes per second in kilo-, mega- or gigabytes, as in wget and rclone."""
    assert bandwidth(text) == rate


@pytest.mark.parametrize("text", ["", "2", "2T", "M", "-1M", "fast", "2 Mbit"])
def test_an_invalid_bandwidth_is_refused(text: str) -> None:
    """One sentence states what to use."""
    with pytest.raises(BadParameter, match="such as 512k or 2M"):
        bandwidth(text)


@pytest.mark.parametrize(
    "make", [lambda: Limits(bwlimit=100), lambda: Limits(image_workers=2, min_image_workers=3)]
)
def test_invalid_limits_are_refused(make: Callable[[], Limits]) -> None:
    """Too little bandwidth, or a minimum above the maximum."""
    with pytest.raises(ValueError, match=r"16k|must be 1 to 2"):
        make()


@pytest.mark.parametrize("workers", [1, 4])
async def test_a_stop_starts_no_more_downloads(tmp_path: Path, workers: int) -> None:
    """After Ctrl-C downloads in flight are finished, and waiting ones do not start."""
    asked: list[str] = []
    stopped = 0
    async with mirroring(tmp_path, 60, image_dims=(48, 36)) as run:
        mirror = run.mirror(image_only=True)

        async def intercept(request: web.Request) -> None:
            nonlocal stopped
            if ".jpg" in request.path:
                asked.append(request.path)
                if len(asked) == workers:
                    await anyio.sleep(0.1)  # so that all others wait for a slot
                    stopped = len(asked)
                    mirror.stop()
                await anyio.sleep(0.3)

        run.flickr.intercept = intercept
        mirror._limits = Limits(image_workers=workers, min_image_workers=workers)
        begun = time.monotonic()
        with anyio.fail_after(20):
            report = await mirror.run()

    assert stopped == len(asked) == workers
    assert not report.complete
    assert not report.failures
    assert time.monotonic() - begun < 5
    assert report.images == workers


async def test_a_stop_ends_a_pause(tmp_path: Path) -> None:
    """Row 94: Ctrl-C during a long pause of the image servers ends it."""
    async with mirroring(tmp_path, 10, image_dims=(48, 36)) as run:
        mirror = run.mirror(image_only=True)

        async def intercept(request: web.Request) -> web.Response | None:
            if ".jpg" not in request.path:
                return None
            asyncio.get_running_loop().call_later(0.2, mirror.stop)
            return web.Response(status=429, headers={"Retry-After": "600"})

        run.flickr.intercept = intercept
        begun = time.monotonic()
        report = await mirror.run()

    assert time.monotonic() - begun < 5
    assert not report.failures


@pytest.mark.slow
async def test_few_photos_wait_in_a_short_outage(tmp_path: Path) -> None:
    """In an outage of seconds no photo uses all its attempts, because few photos are tried at once."""
    asked: set[str] = set()
    until = time.monotonic() + 1.5
    async with mirroring(tmp_path, 100, image_dims=(48, 36)) as run:

        async def intercept(request: web.Request) -> web.Response | None:
            if ".jpg" not in request.path or time.monotonic() > until:
                return None
            asked.add(request.path)
            return web.Response(status=503)

        run.flickr.intercept = intercept
        run.limits = Limits(image_workers=4, attempts=20)  # five attempts can happen within 1.5 s
        report = await run(image_only=True)

    assert len(asked) == 4
    assert (report.images, report.failures) == (100, [])


async def test_many_workers_need_many_misses(tmp_path: Path) -> None:
    """With 16 parallel downloads, twenty failures at once do not mean a lost connection."""
    refused = 0
    async with mirroring(tmp_path, 100, image_dims=(48, 36)) as run:

        async def intercept(request: web.Request) -> web.Response | None:
            nonlocal refused
            if ".jpg" not in request.path or refused == 40:
                return None
            refused += 1
            return web.Response(status=503)

        run.flickr.intercept = intercept
        run.limits = Limits(image_workers=16, min_image_workers=16, attempts=1)
        report = await run(image_only=True)

    assert (report.images, report.failures) == (100, [])


async def test_one_large_chunk_is_not_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A complete body from an embedder's transport may take minutes at the given bandwidth."""
    monkeypatch.setattr("flickr_mirror.flickr.responses.SPEED_LIMIT", 1)
    content = jpeg(300, 200) + bytes(60_000)
    transport = HttpClient(
        canary.KEY,
        budget=ApiBudget(),
        limits=Limits(timing=Timing(stall_time=0.5)),
        image_transport=httpx.MockTransport(lambda _: httpx.Response(200, content=content)),
    )
    fetcher = ImageFetcher(transport, DownloadSlots(1), BandwidthLimiter(48 * 1024))
    async with transport, open_partial_file(tmp_path) as part:
        size = FlickrPhotoSize("Original", 300, 200, "https://live.staticflickr.com/1/2_3_o.jpg")
        fetched = await fetcher.fetch(size, part)

    assert fetched.size == len(content)


async def test_a_transport_is_closed_once() -> None:
    """A transport of an embedder that serves all images is closed with the run, and only once."""
    closed = []

    class Closing(httpx.MockTransport):
        async def aclose(self) -> None:
            closed.append(self)

    async with HttpClient(
        canary.KEY, budget=ApiBudget(), image_transport=Closing(lambda _: httpx.Response(200))
    ):
        pass

    assert len(closed) == 1
