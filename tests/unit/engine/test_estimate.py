"""The estimate of a run: a few calls and headers, nothing written, and close to the real run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from flickr_mirror import Limits, MirrorOptions, PhotostreamMirror
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.cli.output.plan_text import plan_line
from flickr_mirror.engine.download_volume import ENOUGH, IMAGE_RATE, MOST_ASKED
from flickr_mirror.flickr.rate_limiter import ApiBudget
from flickr_mirror.models.timing import Timing
from flickr_mirror.simulator import Kind
from tests.support import canary
from tests.support.command import tree
from tests.support.mirroring import Run, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")


class Headers(httpx.AsyncBaseTransport):
    """Image servers that answer with headers, and whose bodies may not be read."""

    def __init__(self, run: Run, status: int = 200) -> None:
        self.run = run
        self.status = status
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the headers for the file of a photo."""
        self.asked.append(str(request.url))
        photo_id = request.url.path.rpartition("/")[2].partition("_")[0]
        headers = {"x-ttdb-l": str(len(self.run.flickr.file(photo_id))), "Transfer-Encoding": "chunked"}
        return httpx.Response(self.status, headers=headers, stream=Unread())


class Unread(httpx.AsyncByteStream):
    """A body that must not be read."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("The body was read.")
        yield b""


def mirror_with(run: Run, servers: httpx.AsyncBaseTransport, **options: Any) -> PhotostreamMirror:
    """Return a mirror whose images come from these servers."""
    return PhotostreamMirror(
        run.stream.username,
        canary.KEY,
        canary.SECRET,
        options=MirrorOptions(cache_path=run.root, api_url=run.flickr.api_url, **options),
        limits=run.limits,
        observer=run.events.append,
        budget=ApiBudget(calls_per_second=10_000),
        image_transport=servers,
    )


def catalogue_of(run: Run) -> Path:
    """Return the path of a mirror's catalogue."""
    return run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"


@pytest.mark.slow
async def test_the_bytes_of_a_first_run_are_estimated(tmp_path: Path) -> None:
    """From the headers of a few images, without their bodies, and without an additional API call."""
    async with mirroring(tmp_path / "cache", 600, image_dims=(320, 240)) as run:
        run.stream.image_shapes = [(320, 240), (480, 360), (240, 320), (640, 480)]
        servers = Headers(run)
        plan = await mirror_with(run, servers, image_only=True).estimate()
        calls = run.flickr.calls.total()
        assert not tree(tmp_path)
        assert 1 <= len(servers.asked) <= MOST_ASKED
        assert plan.free
        assert plan.free > 0
        assert plan.image_seconds is None
        assert plan.basis.startswith(f"An estimate from the announced sizes of {len(servers.asked)} images.")
        run.flickr.reset_counters()
        estimate = await mirror_with(run, Headers(run), info_only=True).estimate()
        assert run.flickr.calls.total() == calls
        assert (estimate.bytes, estimate.image_seconds, estimate.basis) == (0, 0.0, "")
        report = await run(image_only=True)
        assert plan.bytes == pytest.approx(report.bytes, rel=0.15)


async def test_a_mirror_with_enough_files_sends_no_request(tmp_path: Path) -> None:
    """Its own files give the estimate; mirrored photos are not counted again; a complete mirror has nothing left."""
    async with mirroring(tmp_path, 60, image_dims=(320, 240)) as run:
        run.limits = Limits(max_photos=ENOUGH + 5, timing=FAST)
        first = await run(image_only=True)
        run.limits = Limits(timing=FAST)
        servers = Headers(run)
        plan = await mirror_with(run, servers, image_only=True).estimate()
        assert servers.asked == []
        assert f"{ENOUGH + 5} files of this mirror" in plan.basis
        rest = await run(image_only=True)
        assert plan.bytes == pytest.approx(rest.bytes, rel=0.15)
        assert rest.images + first.images == 60
        plan = await mirror_with(run, servers, image_only=True).estimate()
        assert (plan.bytes, plan.image_seconds) == (0, 0.0)
        assert servers.asked == []


async def test_videos_are_estimated_from_mirrored_videos(tmp_path: Path) -> None:
    """Before the first film the estimate excludes films, and states that."""
    async with mirroring(tmp_path, 25, image_dims=(320, 240)) as run:
        run.stream.upload(3, kind=Kind.VIDEO)
        before = await mirror_with(run, Headers(run), image_only=True).estimate()
        assert "the films of 3 videos are left out" in before.basis
        await run(image_only=True)
        run.stream.upload(2, kind=Kind.VIDEO)
        after = await mirror_with(run, Headers(run), image_only=True).estimate()
        assert "and from 3 films of it." in after.basis
        with Catalogue(catalogue_of(run), for_reading=True) as catalogue:
            known = catalogue.statistics.stock()
        assert (known.films, known.videos) == (3, 0)
        films = [len(path.read_bytes()) for path in tmp_path.rglob("*.mp4")]
        assert known.film_bytes == sum(films) > 0


@pytest.mark.parametrize(("status", "most"), [(429, 1), (503, 1), (404, MOST_ASKED)])
async def test_failing_servers_are_asked_once(tmp_path: Path, status: int, most: int) -> None:
    """After a 429 or a failure the bytes are left out, and the other figures are reported."""
    async with mirroring(tmp_path, 30, image_dims=(320, 240)) as run:
        servers = Headers(run, status)
        plan = await mirror_with(run, servers, image_only=True).estimate()
        assert len(servers.asked) == most
        assert (plan.bytes, plan.image_seconds, plan.photos) == (None, None, 30)
        assert plan.basis.startswith("No image server announced a size")
        assert " bytes=" not in plan_line("x", "1@N01", plan)


async def test_silent_servers_do_not_delay_the_estimate(tmp_path: Path) -> None:
    """After some seconds the estimate is returned without the bytes."""

    class Silent(Headers):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await anyio.sleep_forever()
            raise AssertionError

    async with mirroring(tmp_path, 5) as run:
        run.limits = Limits(timing=Timing(estimate_wait=0.05))
        with anyio.fail_after(8):
            plan = await mirror_with(run, Silent(run), image_only=True).estimate()
        assert (plan.bytes, plan.photos) == (None, 5)


async def test_a_run_stores_the_rate_for_the_next_one(tmp_path: Path) -> None:
    """If it downloaded long enough, without --bwlimit; the estimate of the time uses it."""
    async with mirroring(tmp_path, 6) as run:

        async def rate() -> str | None:
            with Catalogue(catalogue_of(run), for_reading=True) as catalogue:
                return catalogue.get_note(IMAGE_RATE)

        await run(image_only=True)
        assert await rate() is None
        timing = replace(FAST, rate_sample=0.0)
        run.stream.upload(1)
        run.limits = Limits(bwlimit=100_000_000, timing=timing)
        await run(image_only=True)
        assert await rate() is None
        run.stream.upload(1)
        run.limits = Limits(timing=timing)
        report = await run(image_only=True)
        measured = int(await rate() or 0)
        assert measured > report.bytes / report.seconds
        await run(image_only=True)
        assert await rate() == str(measured)
        run.stream.upload(5)
        plan = await mirror_with(run, Headers(run), image_only=True).estimate()
        assert plan.bytes
        assert plan.image_seconds == plan.bytes / measured


async def test_the_old_name_works_and_warns(tmp_path: Path) -> None:
    """Before version 1.0, `estimate` was called `price`."""
    async with mirroring(tmp_path, 5) as run:
        mirror = run.mirror(info_only=True)
        with pytest.warns(DeprecationWarning, match="now called estimate"):
            plan = await mirror.price()
        assert (plan.photos, plan.infos) == (5, 5)
