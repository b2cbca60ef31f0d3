"""Runs that end at a number of photos or bytes, or at a time: begun work is finished, and the next run continues."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import web

from flickr_mirror import CachingStrategy, Event, Limits, MirrorReport
from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.models.events import ImageCached, ImageStarted, InfoStarted, PageScanned, Watching
from tests.support.command import parts, tree
from tests.support.mirroring import answering, mirroring
from tests.support.parameters import with_slow_rest
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

COUNT = 47
PAGE = 10
HOURS = 5 * 3600
NOON = 1_800_014_400.0
TIMING = replace(FAST, clock_check=0.01)
SHORT_GRACE = replace(TIMING, stop_grace=0.05)


def limited(run: Run, timing: Any = TIMING, **limits: Any) -> None:
    """Set these limits, and short pages, for the next runs."""
    run.limits = Limits(page_size=PAGE, attempts=1, image_workers=4, timing=timing, **limits)


def listen(run: Run) -> list[tuple[str, ...]]:
    """Return a list to which each requested page is added: its number and its two bounds."""
    asked: list[tuple[str, ...]] = []

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        query = request.query
        if query.get("method") == "flickr.people.getPhotos" and query["per_page"] == str(PAGE):
            asked.append(
                tuple(query.get(name, "") for name in ("page", "min_upload_date", "max_upload_date"))
            )
        return None

    run.flickr.intercept = intercept
    return asked


def requested_twice(asked: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the pages that were requested more than once, except the newest page, which every run requests."""
    day = 86_400
    old = Counter(page for page in asked if int(page[2]) < time.time() - day)
    return [page for page, count in old.items() if count > 1]


def begun(run: Run) -> tuple[set[str], set[str]]:
    """Return the ids of the photos whose images and whose information were begun."""
    images = {event.photo_id for event in run.events_of(ImageStarted)}
    return images, {event.photo_id for event in run.events_of(InfoStarted)}


def begun_after_the_end(run: Run) -> list[Event]:
    """Return the events of new work after the run announced that it starts no more."""
    (end,) = [place for place, event in enumerate(run.events) if "no new work is started" in str(event)]
    return [event for event in run.events[end:] if isinstance(event, ImageStarted | InfoStarted)]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Advance the event loop's clock, which is anyio's, by some seconds at once."""
    ahead = [0.0]

    def install(seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if not ahead[0]:
            now = loop.time
            monkeypatch.setattr(loop, "time", lambda: now() + ahead[0])
        ahead[0] += seconds

    return install


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_max_photos_limits_the_photos_begun(tmp_path: Path, strategy: CachingStrategy) -> None:
    """Images and information are of the same photos, the first in the run's order; one sentence reports the limit."""
    async with mirroring(tmp_path, COUNT) as run:
        limited(run, max_photos=7)
        report = await run(strategy=strategy, info_level=1)
        ids = run.stream.ids if strategy is CachingStrategy.LIFO else run.stream.ids[::-1]
        assert begun(run) == ({*ids[:7]}, {*ids[:7]})
        assert (report.images, report.infos, report.begun) == (7, 7, 7)
        assert (report.stopped_by, report.complete, code_of(report)) == ("max_photos", False, 8)
        assert run.notices.count("--max-photos is reached") == 1
        assert "fewer" not in run.notices


@pytest.mark.slow
@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
@pytest.mark.parametrize("limits", [{"max_photos": 9}, {"max_bytes": 20_000}], ids=["photos", "bytes"])
async def test_limited_runs_produce_the_mirror_of_an_unlimited_one(
    tmp_path: Path, limits: dict[str, int], strategy: CachingStrategy
) -> None:
    """Repeated until complete: the same files, no image fetched twice, no page listed twice."""
    async with mirroring(tmp_path / "at once", COUNT) as run:
        limited(run)
        await run(strategy=strategy, info_level=2)
        expected = tree(tmp_path / "at once")
    async with mirroring(tmp_path / "bit by bit", COUNT) as run:
        asked, reports = listen(run), list[MirrorReport]()
        limited(run, **limits)
        while not (reports and reports[-1].complete):
            reports.append(await run(strategy=strategy, info_level=2))
            assert parts(tmp_path) == []
            assert len(reports) < 12
    assert tree(tmp_path / "bit by bit") == expected
    assert len(reports) > 2
    assert [code_of(report) for report in reports] == [8] * (len(reports) - 1) + [0]
    assert set(run.flickr.requests.values()) == {1}
    assert len(run.flickr.requests) == sum(report.images for report in reports) == COUNT
    assert requested_twice(asked) == []
    assert len(asked) >= COUNT // PAGE


async def test_bytes_are_counted_as_they_arrive(tmp_path: Path) -> None:
    """The run ends with the image that reaches the limit; only images in flight are still finished."""
    async with mirroring(tmp_path, COUNT) as run:
        size = len(run.flickr.file(run.stream.ids[0]))
        limited(run, max_bytes=10 * size)
        report = await run(image_only=True)
        assert 10 * size <= report.bytes == run.flickr.bytes_sent
        assert report.images <= 10 + 1 + run.limits.image_workers
        assert (report.stopped_by, report.complete) == ("max_bytes", False)
        assert run.notices.count("--max-bytes is reached") == 1
        assert len(run.flickr.requests) == report.images
        assert begun_after_the_end(run) == []


async def test_images_in_flight_are_finished_and_calls_are_not(tmp_path: Path) -> None:
    """Received bytes are not wasted; slow comments cause no delay."""
    async with mirroring(tmp_path, COUNT, commented=1.0) as run:
        slow = run.stream.ids[0]
        others = anyio.Event()

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") == "flickr.photos.comments.getList":
                await anyio.sleep(60)
            if slow in request.path:
                await others.wait()
                await anyio.sleep(0.3)
            return None

        def observe(event: Event) -> None:
            run.events.append(event)
            if "--max-bytes" in str(event):
                others.set()

        run.flickr.intercept = intercept
        limited(run, SHORT_GRACE, max_bytes=20_000)
        with anyio.fail_after(20):
            report = await run.mirror(observe, info_level=2).run()
        assert run.path(slow).read_bytes() == run.flickr.file(slow)
        assert (report.infos, report.stopped_by) == (0, "max_bytes")
        assert set(run.flickr.requests.values()) == {1}


async def test_max_duration_ends_a_run(tmp_path: Path, jump: Callable[[float], None]) -> None:
    """After its time, a run begins no work, finishes work in flight, and the next one continues."""
    async with mirroring(tmp_path, COUNT) as run:
        asked = listen(run)

        def observe(event: Event) -> None:
            run.events.append(event)
            if isinstance(event, ImageCached) and len(run.events_of(ImageCached)) == 3:
                jump(8)

        limited(run, max_duration=8)
        report = await run.mirror(observe, info_level=1).run()
        assert 3 <= report.images < COUNT
        assert (report.stopped_by, report.complete, code_of(report)) == ("max_duration", False, 8)
        assert run.notices.count("--max-duration is reached") == 1
        assert len(run.flickr.requests) == report.images
        assert begun_after_the_end(run) == []
        limited(run)
        assert (await run(info_level=1)).complete
        assert set(run.flickr.requests.values()) == {1}
        assert requested_twice(asked) == []


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return the wall clock, which shows noon until it is set."""
    clock = SimpleNamespace(now=NOON)
    monkeypatch.setattr("flickr_mirror.engine.wall_clock.time", SimpleNamespace(time=lambda: clock.now))
    return clock


def an_hour_later() -> datetime:
    """Return one o'clock of that day."""
    return datetime.fromtimestamp(NOON + 3600, UTC)


async def test_until_time_ends_a_run(tmp_path: Path, wall: SimpleNamespace) -> None:
    """At its time of day, a run begins no more work, and the next one continues."""
    async with mirroring(tmp_path, COUNT, image_dims=(48, 36)) as run:
        asked = listen(run)

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if "/65535/" in request.path and len(run.events_of(ImageCached)) >= 3:
                wall.now += 3600
                while "--until-time" not in run.notices:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
            return None

        run.flickr.intercept = intercept
        limited(run, until_time=an_hour_later())
        with anyio.fail_after(60):
            report = await run.mirror(info_level=1).run()
        assert 3 <= report.images < COUNT
        assert (report.stopped_by, report.complete, code_of(report)) == ("until_time", False, 8)
        assert run.notices.count("--until-time is reached") == 1
        assert len(run.flickr.requests) == report.images
        assert begun_after_the_end(run) == []
        run.flickr.intercept = None
        limited(run)
        assert (await run(info_level=1)).complete
        assert set(run.flickr.requests.values()) == {1}
        assert requested_twice(asked) == []


async def test_until_time_ends_a_watch(tmp_path: Path, wall: SimpleNamespace) -> None:
    """A watch that waits for its next poll ends too; with nothing left to do its code is 0."""
    async with mirroring(tmp_path, 5) as run:

        def observe(event: Event) -> None:
            run.events.append(event)
            if isinstance(event, Watching):
                wall.now += 86_400

        limited(run, until_time=an_hour_later())
        with anyio.fail_after(60):
            report = await run.mirror(observe).watch(HOURS)
        assert (report.images, report.stopped_by, code_of(report)) == (5, "until_time", 0)


async def test_the_limit_reached_first_ends_a_run(tmp_path: Path, wall: SimpleNamespace) -> None:
    """The report names the limit that was reached first: a time of day or a number of bytes."""
    async with mirroring(tmp_path, COUNT) as run:
        limited(run, until_time=an_hour_later(), max_bytes=1000, max_duration=HOURS)
        report = await run(image_only=True)
        assert (report.stopped_by, report.complete) == ("max_bytes", False)
        assert "--until-time" not in run.notices
        wall.now += 3600
        report = await run(image_only=True)
        assert (report.images, report.stopped_by, code_of(report)) == (0, "until_time", 8)


@pytest.mark.parametrize("limit", ["max_duration", "until_time"])
async def test_downloads_beyond_the_grace_period_are_abandoned(
    tmp_path: Path,
    jump: Callable[[float], None],
    wall: SimpleNamespace,
    limit: str,
) -> None:
    """At the time limit, an image that takes longer than the grace period is left to the next run."""
    async with mirroring(tmp_path, 5) as run:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if "/65535/" in request.path:
                jump(8)
                wall.now += 3600
                await anyio.sleep(60)
            return None

        run.flickr.intercept = intercept
        limited(run, SHORT_GRACE, **{limit: 8 if limit == "max_duration" else an_hour_later()})
        with anyio.fail_after(60):
            report = await run(image_only=True)
        assert (report.images, report.failures, report.stopped_by) == (0, [], limit)
        assert parts(tmp_path) == []


@pytest.mark.slow
async def test_max_duration_ends_a_listing(tmp_path: Path, jump: Callable[[float], None]) -> None:
    """The requested page is stored, no further one is requested, and the next run continues after it."""
    async with mirroring(tmp_path, 40 * PAGE, image_dims=(48, 36)) as run:
        asked = listen(run)
        run.flickr.api_latency = 0.02

        def observe(event: Event) -> None:
            run.events.append(event)
            if isinstance(event, PageScanned) and event.number == 2:
                jump(8)

        limited(run, max_duration=8)
        report = await run.mirror(observe, image_only=True).run()
        assert (report.stopped_by, report.complete) == ("max_duration", False)
        assert [event.number for event in run.events_of(PageScanned)] == [1, 2, 3]
        limited(run)
        assert (await run(image_only=True)).complete
        assert requested_twice(asked) == []


async def test_max_duration_ends_a_run_before_the_first_answer(
    tmp_path: Path, jump: Callable[[float], None]
) -> None:
    """A run that still looks up its user ends as well, without an error."""
    async with mirroring(tmp_path, 5) as run:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            jump(8)
            await anyio.sleep(60)
            return None

        run.flickr.intercept = intercept
        limited(run, max_duration=8)
        with anyio.fail_after(60):
            report = await run()
        assert (report.stopped_by, report.complete, report.username) == ("max_duration", False, "")


async def test_a_limit_that_is_not_reached_changes_nothing(tmp_path: Path) -> None:
    """A run far below its limit is complete, and does not mention limits."""
    async with mirroring(tmp_path, 12) as run:
        limited(run, max_photos=13, max_bytes=1 << 40, max_duration=HOURS)
        report = await run()
        assert (report.images, report.complete, report.stopped_by) == (12, True, "")
        assert "--max" not in run.notices


@pytest.mark.parametrize("limit", ["max_photos", "max_bytes"])
async def test_a_limit_reached_with_the_last_photo_is_success(tmp_path: Path, limit: str) -> None:
    """A limit that just suffices is reported, and the exit code is 0."""
    async with mirroring(tmp_path, 5) as run:
        size = sum(len(run.flickr.file(photo_id)) for photo_id in run.stream.ids)
        limited(run, **{limit: 5 if limit == "max_photos" else size})
        report = await run(image_only=True)
        assert report.images == 5
        assert (report.stopped_by, report.complete, code_of(report)) == (limit, True, 0)
        assert "is reached" in run.notices


async def test_exit_codes_with_failed_photos_and_a_limit(tmp_path: Path) -> None:
    """The code is 8 while more is left to do, also with failed photos; the run that completes exits with 3."""
    async with mirroring(tmp_path, 12) as run:
        bad = run.stream.ids[1]
        answering(run, bad, lambda: web.Response(status=503), forever=True)
        limited(run, max_photos=6)
        report = await run(image_only=True)
        assert (report.images, len(report.failures), code_of(report)) == (5, 1, 8)
        report = await run(image_only=True)
        assert (report.images, len(report.failures), code_of(report)) == (6, 1, 3)


async def test_a_watch_ends_at_a_limit(tmp_path: Path) -> None:
    """A watch that has begun its number of photos starts no further round; if all is done, its code is 0."""
    async with mirroring(tmp_path, 5) as run:

        def observe(event: Event) -> None:
            run.events.append(event)
            if isinstance(event, Watching):
                run.stream.upload(4)

        limited(run, max_photos=7)
        with anyio.fail_after(30):
            report = await run.mirror(observe, image_only=True).watch(1)
        assert len(run.events_of(Watching)) == 1
        assert (report.images, report.stopped_by, code_of(report)) == (7, "max_photos", 8)


async def test_max_duration_ends_a_watch(tmp_path: Path, jump: Callable[[float], None]) -> None:
    """A watch that waits for its next poll ends at its time limit, with nothing left to do."""
    async with mirroring(tmp_path, 5) as run:

        def observe(event: Event) -> None:
            run.events.append(event)
            if isinstance(event, Watching):
                jump(HOURS)

        limited(run, max_duration=HOURS)
        with anyio.fail_after(2 * HOURS):
            report = await run.mirror(observe).watch(2 * HOURS)
        assert (report.images, report.stopped_by, code_of(report)) == (5, "max_duration", 0)


async def test_a_full_scan_cut_by_a_limit_is_continued(tmp_path: Path) -> None:
    """A full scan that a limit ends marks nothing as gone; the next run continues it, and does."""
    async with mirroring(tmp_path, COUNT) as run:
        limited(run)
        await run(image_only=True)
        lost = run.stream.ids[-1]
        run.stream.delete(lost)
        for photo_id in run.stream.ids[:4]:
            run.stream.replace_image(photo_id)
        limited(run, max_photos=2)
        report = await run(image_only=True, full_scan=True)
        assert (report.gone, report.scanned, report.complete, report.begun) == (0, False, False, 2)
        limited(run)
        report = await run(image_only=True, full_scan=True)
        assert (report.gone, report.scanned, report.resumed, report.complete) == (1, True, True, True)


async def test_max_photos_ends_the_listing(tmp_path: Path) -> None:
    """A few photos of a long photostream do not need the calls to list all of it."""
    async with mirroring(tmp_path, 400, image_dims=(48, 36)) as run:
        limited(run, max_photos=3)
        report = await run(image_only=True)
        assert report.images == 3
        assert len(run.events_of(PageScanned)) < 20
        assert run.flickr.calls["flickr.people.getPhotos"] < 20
