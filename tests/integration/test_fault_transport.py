"""Broken connections and misbehaving servers: rows 1 to 28 of the catalogue of faults, on real sockets."""

from __future__ import annotations

import datetime
import io
import math
import socket
import ssl
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import trustme
from aiohttp import web
from PIL import Image

from flickr_mirror import ApiBudget, AsyncFlickrApi, CertificateError, Limits, ThrottledError, TransportError
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.cli.runner import run_mirror
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.flickr.downloader import ImageFetcher
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.flickr.proxies import ProxiedTransport
from flickr_mirror.flickr.retry import retry_after
from flickr_mirror.flickr.tls import tls_context
from flickr_mirror.models.events import PhotoFailed, Waiting
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.models.options import MirrorOptions
from flickr_mirror.models.sizes import FlickrPhotoSize
from flickr_mirror.simulator import (
    Disturbance,
    Kind,
    Mix,
    Rule,
    Script,
    SimulatedFlickr,
    SimulatedPhotostream,
    faults,
)
from flickr_mirror.simulator.fault_plan import MIXES
from flickr_mirror.storage.partial_file import open_partial_file
from tests.support import canary
from tests.support.command import infos, parts, tree
from tests.support.mirroring import Run, jpeg, mirroring
from tests.support.parameters import with_slow_rest
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror.simulator.faults import Fault

pytestmark = pytest.mark.usefixtures("canary", "one_language")

TINY = (40, 30)
LIVE = "https://live.staticflickr.com"


def assert_complete(run: Run, *without: str) -> None:
    """Assert that the disk has exactly the server's files, for all photos except these."""
    files_of: dict[str, list[Path]] = {}
    for path in run.root.rglob("*"):
        if ".flickr_mirror" not in path.parts and path.is_file() and path.suffix != ".json":
            files_of.setdefault(path.stem, []).append(path)
    for photo in map(run.stream.photo, run.stream.ids):
        found = files_of.pop(inventory_number(photo.id), [])
        if photo.id in without:
            assert not found
        elif photo.videos:
            assert {path.suffix for path in found} == {".jpg", ".mp4"}
            for path in found:
                files = [run.flickr.file(photo.id, size) for size in (*photo.pictures, *photo.videos)]
                assert path.read_bytes() in files
        else:
            (path,) = found
            assert path.read_bytes() == run.flickr.file(photo.id)
    assert not files_of
    assert parts(run.root) == []


def script(run: Run, *rules: Rule) -> Script:
    """Set the fault script of the server."""
    made = Script(*rules)
    run.flickr.faults = made
    return made


async def exit_code(run: Run, **options: Any) -> int:
    """Run as the command does, and return its exit code."""
    mirror = run.mirror(**options)
    return await run_mirror(mirror, RunView(MirrorOptions(cache_path=run.root, **options)))


class Naps:
    """A clock that advances only during sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seconds: list[float] = []

    def clock(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the clock at once."""
        self.seconds.append(seconds)
        self.now += seconds
        await anyio.lowlevel.checkpoint()


def open_transport(flickr: SimulatedFlickr, naps: Naps, **limits: Any) -> HttpClient:
    """Return connections that do not wait."""
    budget = ApiBudget(clock=naps.clock, sleep=naps.sleep)
    return HttpClient(
        canary.KEY, budget=budget, api_url=flickr.api_url, limits=Limits(**limits), sleep=naps.sleep
    )


def open_api(transport: HttpClient) -> AsyncFlickrApi:
    """Return an API that uses these connections."""
    return AsyncFlickrApi(canary.KEY, canary.SECRET, http_client=transport)


# Bodies

SPOILED: dict[str, Fault] = {
    **{
        f"row 1: TCP RST mid-body, Content-Length present [{n}]": faults.Broken(n, "reset")
        for n in (0, 1, 0.5, -1)
    },
    **{
        f"row 2: RST mid-body, no Content-Length [{n}]": faults.Broken(n, "reset", "none")
        for n in (0, 1, 0.5, -1)
    },
    "row 3: clean close short of Content-Length": faults.Broken(0.5),
    "row 3: clean close one byte short of Content-Length": faults.Broken(-1),
    "row 3: clean close short of Flickr's own header of the length": faults.Broken(-1, framing="hint"),
    "row 4: clean close, no Content-Length, half an image": faults.Broken(0.5, framing="none"),
    "row 5: chunked, terminator missing": faults.Broken(0.5, framing="chunked"),
    "row 5: chunked, terminator missing behind the last byte": faults.Broken(1.0, framing="chunked"),
    "row 5: bad chunk size": faults.Broken(0.5, framing="bad chunk"),
    "row 7: empty 200 body, length 0": faults.Answer(content_type="image/jpeg"),
    "row 7: empty 200 body, no length": faults.Broken(0, framing="none"),
    "row 8: 200 text/html error page for an image": faults.page(),
    "row 9: HTML named image/jpeg": faults.page("image/jpeg"),
    "row 11: image smaller than getSizes width x height": faults.Answer(
        200, jpeg(20, 15), content_type="image/jpeg"
    ),
    **{f"row 16: {status} once": faults.failing(status) for status in (500, 502, 503, 504)},
}


@pytest.mark.parametrize("row", with_slow_rest(SPOILED, *list(SPOILED)[::3]))
async def test_a_damaged_body_is_discarded_and_fetched_again(tmp_path: Path, row: str) -> None:
    """Each image is damaged the first time: it is requested once more, and the server's bytes are kept."""
    async with mirroring(tmp_path, 3, image_dims=TINY) as run:
        done = script(run, Rule(SPOILED[row], kind="image", each=True))
        report = await run(image_only=True)
        assert (report.images, report.failures, len(done.done)) == (3, [], 3)
        assert len([asked for asked in done.asked if asked.kind == "image"]) == 6
        assert_complete(run)


async def test_a_permanently_damaged_body_fails_its_photo_only(tmp_path: Path) -> None:
    """Rows 1 to 9, 16: one photo each is never complete: it is reported, and the others are mirrored."""
    lasting = [fault for name, fault in SPOILED.items() if not name.startswith("row 11")]
    async with mirroring(tmp_path, 2 * len(lasting), image_dims=TINY) as run:
        run.limits = Limits(attempts=2, passes=2, image_workers=1, timing=FAST)
        bad = run.stream.ids[::2]
        rules = (
            Rule(fault, photo_id=photo_id, kind="image", times=None)
            for fault, photo_id in zip(lasting, bad, strict=True)
        )
        done = script(run, *rules)
        report = await run(image_only=True)
        assert report.complete
        assert {failure.photo_id for failure in report.failures if not failure.lasting} == set(bad)
        assert len(report.failures) == len(bad)
        assert len(done.done) == 4 * len(bad)
        assert_complete(run, *bad)


@pytest.mark.parametrize("kind", [Kind.PLAIN, Kind.PNG, Kind.GIF, Kind.VIDEO])
@pytest.mark.parametrize("by", ["reset", "close"])
async def test_a_cut_file_of_any_format_is_detected_without_a_length(
    tmp_path: Path, kind: Kind, by: str
) -> None:
    """Row 4: clean close, no Content-Length, half a JPEG, PNG, GIF or MP4; row 2: the same with RST."""
    async with mirroring(tmp_path, 1, mix=Mix({kind: 1})) as run:
        spoiled = script(
            run,
            Rule(faults.Broken(0.5, by, "none"), kind="image", each=True),
            Rule(faults.Broken(0.5, by, "none"), kind="video", start=2),  # the first one is a redirect
        )
        report = await run(image_only=True)
        assert (report.images, report.failures) == (1, [])
        assert len(spoiled.done) == (2 if kind is Kind.VIDEO else 1)
        assert_complete(run)


async def test_a_whole_body_without_a_proof_of_its_end_is_kept(tmp_path: Path) -> None:
    """Row 4: without a stated length, the image is decoded, and a whole one is requested once."""
    async with mirroring(tmp_path, 3, image_dims=TINY) as run:
        done = script(run, Rule(faults.Broken(1.0, framing="none"), kind="image", times=None))
        assert (await run(image_only=True)).images == len(done.done) == 3
        assert_complete(run)


async def test_bytes_beyond_the_length_corrupt_no_later_response(tmp_path: Path) -> None:
    """Row 6: more bytes than Content-Length: the image has the announced bytes, and the next ones are correct."""
    async with mirroring(tmp_path, 12, image_dims=TINY) as run:
        run.limits = Limits(attempts=2, image_workers=1, timing=FAST)
        done = script(run, Rule(faults.Excess(), kind="image", times=6))
        report = await run(image_only=True)
        assert (report.images, report.failures, len(done.done)) == (12, [], 6)
        assert_complete(run)


# Other responses than an image


@pytest.mark.parametrize(
    "fault",
    [faults.redirect(faults.PLACEHOLDER_URL), faults.placeholder()],
    ids=["302 to s.yimg.com", "200 with a PNG"],
)
async def test_a_placeholder_is_never_stored(tmp_path: Path, fault: Fault) -> None:
    """Row 10: "photo unavailable" picture: the sizes are requested once more, then the photo is unavailable."""
    async with mirroring(tmp_path, 3, image_dims=TINY) as run:
        gone = run.stream.ids[1]
        script(run, Rule(fault, photo_id=gone, kind="image", times=None))
        report = await run(image_only=True)
        assert [(failure.photo_id, failure.lasting) for failure in report.failures] == [(gone, True)]
        assert run.flickr.calls["flickr.photos.getSizes"] == 1
        assert_complete(run, gone)


async def test_an_image_gets_the_extension_of_its_bytes(tmp_path: Path) -> None:
    """Row 12: wrong extension (PNG original behind .jpg): stored with its true extension, and once only."""
    file = io.BytesIO()
    Image.new("RGB", TINY).save(file, "PNG")
    async with mirroring(tmp_path, 1, image_dims=TINY) as run:
        script(
            run,
            Rule(
                faults.Answer(200, file.getvalue(), content_type="image/jpeg"),
                kind="image",
                times=None,
            ),
        )
        assert (await run(image_only=True)).images == 1
        assert run.path(run.stream.ids[0], "png").read_bytes() == file.getvalue()
        assert (await run(image_only=True)).images == 0
        assert [name.rpartition(".")[2] for name in tree(tmp_path)] == ["png"]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_gone_image_is_requested_once_more(tmp_path: Path, status: int) -> None:
    """Row 19: 404/410 image: a fresh getSizes, then the photo is unavailable, without an endless loop."""
    async with mirroring(tmp_path, 3, image_dims=TINY) as run:
        gone, moved = run.stream.ids[:2]
        done = script(
            run,
            Rule(faults.failing(status), kind="image", photo_id=gone, times=None),
            Rule(faults.failing(status), kind="image", photo_id=moved),
        )
        report = await run(image_only=True)
        assert [(failure.photo_id, failure.lasting) for failure in report.failures] == [(gone, True)]
        assert run.flickr.calls["flickr.photos.getSizes"] == 2
        assert len(done.done) == 3
        assert_complete(run, gone)


# Too many requests

RETRY_AFTER: dict[str, tuple[object, float]] = {
    "seconds": (7, 7),
    "fewer seconds than our own pause": (1, 5),
    "HTTP-date": (faults.retry_at(time.time() + 100 * 86_400), 900),
    "HTTP-date that is past": (faults.retry_at(0), 5),
    "absurd 10^9": (10**9, 900),
    "infinite": ("inf", 900),
    "negative": (-5, 5),
    "junk": ("soon", 5),
    "none, HTML body of 117 bytes": (None, 5),
}


@pytest.mark.parametrize(("value", "seconds"), RETRY_AFTER.values(), ids=RETRY_AFTER)
async def test_every_retry_after_is_a_pause_within_reason(
    tmp_path: Path, value: object, seconds: float
) -> None:
    """Row 13: 429 + Retry-After; row 14: without. API and images pause as requested, 15 minutes at most."""
    naps = Naps()
    async with SimulatedFlickr(stream := SimulatedPhotostream(1, image_dims=TINY)) as flickr:
        flickr.faults = Script(Rule(faults.throttling(value), each=True))
        transport = open_transport(flickr, naps, attempts=1)
        async with open_api(transport) as api, open_partial_file(tmp_path) as part:
            (size,) = [size for size in await api.get_photo_sizes(stream.ids[0]) if size.label == "Original"]
            assert naps.seconds == [pytest.approx(seconds, abs=2)]
            naps.seconds.clear()
            slots = DownloadSlots(4, clock=naps.clock, sleep=naps.sleep)
            fetched = await ImageFetcher(transport, slots).fetch(size, part)
            assert fetched.size == len(flickr.file(stream.ids[0]))
            assert naps.seconds == [pytest.approx(seconds, abs=2)]


class Gate:
    """A pause that the test ends, and a clock that advances whenever it is read."""

    def __init__(self, step: float = 0) -> None:
        self.now = 0.0
        self.step = step
        self.asleep = 0
        self._open = anyio.Event()

    def clock(self) -> float:
        """Return the time."""
        self.now += self.step
        return self.now

    async def sleep(self, _: float) -> None:
        """Return when the pause is over."""
        self.asleep += 1
        await self._open.wait()
        await anyio.lowlevel.checkpoint()

    def end(self) -> None:
        """End the pause."""
        self.now += 1000
        self._open.set()

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, and a moment longer, in which a forbidden request could be made."""
        with anyio.fail_after(10):
            while not condition():  # noqa: ASYNC110
                await anyio.sleep(0.005)
        await anyio.sleep(0.1)


async def test_no_worker_fetches_an_image_during_a_pause(tmp_path: Path) -> None:
    """Row 14: 429 without Retry-After: one pause for all eight workers, then fewer at once, no failure."""
    gate = Gate()
    async with SimulatedFlickr(stream := SimulatedPhotostream(16, image_dims=TINY)) as flickr:
        asked = Script(Rule(faults.throttling(), kind="image", times=8))
        flickr.faults = asked
        transport = open_transport(flickr, Naps())
        slots = DownloadSlots(8, clock=gate.clock, sleep=gate.sleep)
        gate.now += 1
        fetcher = ImageFetcher(transport, slots)

        async def fetch(photo_id: str) -> None:
            best = stream.photo(photo_id).best
            size = FlickrPhotoSize(best.label, best.width, best.height, flickr.url + best.path)
            async with open_partial_file(tmp_path) as part:
                await fetcher.fetch(size, part)

        async with transport, anyio.create_task_group() as tasks:
            for photo_id in stream.ids:
                tasks.start_soon(fetch, photo_id)
            await gate.wait_for(lambda: gate.asleep == slots.parallel == 4)
            assert len(asked.asked) == len(asked.done) == 8
            gate.end()
        assert len(asked.asked) == 24
        assert set(flickr.requests) == set(stream.ids)


async def test_no_call_is_made_during_a_pause() -> None:
    """Row 13: 429 from the API pauses all callers, also those whose call is just being counted."""
    gate = Gate(step=0.2)  # so that the pace of ten calls a second delays no call
    async with SimulatedFlickr(stream := SimulatedPhotostream(8)) as flickr:
        asked = Script(Rule(faults.throttling(900), kind="api"))
        flickr.faults = asked
        budget = ApiBudget(calls_per_second=10, clock=gate.clock, sleep=gate.sleep)
        transport = HttpClient(canary.KEY, budget=budget, api_url=flickr.api_url)
        async with open_api(transport) as api, anyio.create_task_group() as tasks:
            tasks.start_soon(api.get_comments, stream.ids[0])
            await gate.wait_for(lambda: gate.asleep == 1)
            for photo_id in stream.ids[1:]:
                tasks.start_soon(api.get_comments, photo_id)
            await gate.wait_for(lambda: gate.asleep == 8)
            assert len(asked.asked) == 1
            gate.end()
        assert len(asked.asked) == 9


async def test_a_pause_that_begins_while_a_call_is_counted_delays_it() -> None:
    """Row 13: 429 from the API: a call that was counted already is not made before the end of the pause."""
    gate, counting, go_on = Gate(), threading.Event(), threading.Event()

    class SlowLedger:
        used = 0

        def take(self, now: float, calls_per_hour: int) -> float:
            counting.set()
            go_on.wait(10)
            return 0

    budget = ApiBudget(ledger=SlowLedger(), clock=gate.clock, sleep=gate.sleep)
    gate.now += 1
    passed: list[float] = []

    async def call() -> None:
        passed.append(await budget.wait())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await gate.wait_for(counting.is_set)
        budget.record_throttling(gate.now)
        go_on.set()
        await gate.wait_for(lambda: gate.asleep == 1)
        assert passed == []
        gate.end()
    assert passed == [gate.now]


async def test_a_storm_of_429_marks_no_photo_as_failed(tmp_path: Path) -> None:
    """Rows 13, 14: half of all requests are refused; although nothing is retried, nothing fails."""
    async with mirroring(tmp_path, 60, image_dims=TINY, commented=1) as run:
        timing = replace(FAST, first_pause=0.001, longest_pause=0.01)
        run.limits = Limits(attempts=1, passes=1, timing=timing)
        storm = Disturbance(0.5, mix={"429": MIXES["429"]})
        run.flickr.faults = storm
        report = await run(info_level=2)
        assert report.complete
        assert (report.images, report.infos, report.failures) == (60, 60, [])
        assert run.events_of(PhotoFailed) == []
        assert {event.cause for event in run.events_of(Waiting)} == {"api", "images"}
        assert storm.counts["429"] > 60
        assert_complete(run)


@pytest.mark.parametrize("kind", ["image", "api"])
async def test_a_permanent_429_ends_the_run_and_nothing_is_lost(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row 15: permanent 429 for hours: items stay pending; after `max_wait` exit 75; the next run continues."""
    async with mirroring(tmp_path, 12, image_dims=TINY, commented=1) as run:
        run.limits = Limits(max_wait=0.5, timing=FAST)
        method = "flickr.photos.comments.getList" if kind == "api" else ""
        script(run, Rule(faults.throttling(), kind=kind, method=method, start=4, times=None))
        assert await exit_code(run, info_level=2) == 75
        assert run.events_of(PhotoFailed) == []
        said = capsys.readouterr().err
        assert "HTTP 429" in said
        assert "Failed" not in said
        assert "Traceback" not in said
        run.flickr.faults = None
        report = await run(info_level=2)
        assert report.complete
        assert (report.failures, len(infos(tmp_path))) == ([], 12)
        assert_complete(run)


async def test_a_run_waits_six_hours_of_429_by_default(tmp_path: Path) -> None:
    """Row 15: permanent 429 for hours: requests become rarer, some thirty in six hours."""
    naps = Naps()
    async with SimulatedFlickr(stream := SimulatedPhotostream(1, image_dims=TINY)) as flickr:
        done = Script(Rule(faults.throttling(), times=None))
        flickr.faults = done
        async with open_api(transport := open_transport(flickr, naps)) as api:
            with pytest.raises(ThrottledError, match="hours"):
                await api.get_comments(stream.ids[0])
            assert 5.5 * 3600 < naps.now < 6 * 3600
            assert len(done.asked) < 35
            best = stream.photo(stream.ids[0]).best
            size = FlickrPhotoSize(best.label, best.width, best.height, flickr.url + best.path)
            naps.now = 0
            fetcher = ImageFetcher(transport, DownloadSlots(1, clock=naps.clock, sleep=naps.sleep))
            async with open_partial_file(tmp_path) as part:
                with pytest.raises(ThrottledError, match="hours"):
                    await fetcher.fetch(size, part)
            assert 5.5 * 3600 < naps.now < 6 * 3600


# Errors of the server


async def test_waits_in_a_burst_of_errors_are_random() -> None:
    """Row 16: 500/502/503/504 burst: bounded retries, then success; the waits grow and differ."""
    async with SimulatedFlickr(stream := SimulatedPhotostream(1)) as flickr:
        waits = []
        for _ in range(8):
            naps = Naps()
            flickr.faults = Script(
                *(Rule(faults.failing(status), start=n) for n, status in enumerate((500, 502, 503, 504), 1))
            )
            async with open_api(open_transport(flickr, naps)) as api:
                assert (await api.find_user(stream.username)).user_id == stream.nsid
                assert api.calls == {"flickr.people.findByUsername": 5}
            waits.append([seconds for seconds in naps.seconds if seconds != 0.1])
        assert len({tuple(wait) for wait in waits}) == 8  # no simultaneous retries
        assert max(wait[0] for wait in waits) <= 1


@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize("options", [{"image_only": True}, {"info_level": 2}])
@pytest.mark.parametrize("kind", ["api", "image"])
async def test_an_outage_ends_the_run_and_marks_nothing(
    tmp_path: Path, kind: str, options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Row 17: 5xx outage throughout: some requests, exit 75, and the next run mirrors everything.

    Sidecars written meanwhile without a request do not hide the outage of the image servers.
    """
    async with mirroring(tmp_path, 60, image_dims=TINY) as run:
        done = script(run, Rule(faults.failing(503), kind=kind, start=3, times=None))
        assert await exit_code(run, **options) == 75
        assert "HTTP 503" in capsys.readouterr().err
        assert len(done.done) < 100
        run.flickr.faults = None
        report = await run(**options)
        assert (report.failures, report.complete) == ([], True)
        assert_complete(run)


async def test_unanswered_calls_for_comments_end_the_run(tmp_path: Path) -> None:
    """Row 17: if the API does not answer any more, photos without comments do not hide that."""
    async with mirroring(tmp_path, 120, image_dims=TINY, commented=0.5) as run:
        script(run, Rule(faults.failing(503), method="flickr.photos.comments.getList", times=None))
        with pytest.raises(TransportError, match="20 photos in a row"):
            await run(info_level=2, info_only=True)


async def test_a_429_with_a_damaged_body_is_a_pause(tmp_path: Path) -> None:
    """Row 14: a 429 whose body is cut, or compressed, is still "too many requests"."""
    async with mirroring(tmp_path, 1, image_dims=TINY) as run:
        asked = 0

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            nonlocal asked
            asked += 1
            if asked > 4 or "method" not in request.query:
                return None
            headers = {"Retry-After": "0.01", "Content-Encoding": "br"}
            return web.Response(status=429, body=b"<h1>", headers=headers)

        run.flickr.intercept = intercept
        assert (await run(image_only=True)).images == 1
        assert {event.cause for event in run.events_of(Waiting)} == {"api"}


@pytest.mark.parametrize(
    "value",
    ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +99999999999999999"],
)
async def test_an_impossible_date_is_ignored(tmp_path: Path, value: str) -> None:
    """Row 13: invalid Retry-After and Date headers end no run."""
    assert retry_after(value) is None
    async with mirroring(tmp_path, 1, image_dims=TINY) as run:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if "method" not in request.query:
                return None
            return web.json_response(run.flickr.call(**request.query), headers={"Date": value})

        run.flickr.intercept = intercept
        assert (await run(image_only=True)).images == 1


async def test_a_redirect_to_an_invalid_address_fails_its_photo_only(tmp_path: Path) -> None:
    """Row 89: a redirect to the invalid address `//[` does not end the run."""
    async with mirroring(tmp_path, 3, image_dims=TINY) as run:
        gone = run.stream.ids[0]
        script(run, Rule(faults.redirect("//["), kind="image", photo_id=gone, times=None))
        report = await run(image_only=True)
        assert report.complete
        assert [failure.photo_id for failure in report.failures] == [gone]


def test_connections_share_their_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificates are read once per process, because that takes 20 ms."""
    tls_context()
    made: list[object] = []
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: made.append(1))
    HttpClient(canary.KEY, budget=ApiBudget())
    assert made == []


def test_images_have_their_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 25: NO_PROXY for the API does not apply to the image servers."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "api.flickr.com")
    servers = HttpClient(canary.KEY, budget=ApiBudget())
    for url, proxied in (
        ("https://live.staticflickr.com/1/2_3.jpg", True),
        ("https://api.flickr.com/x", False),
    ):
        assert isinstance(servers.image_transport_for(httpx.URL(url)), ProxiedTransport) == proxied


async def test_pages_instead_of_all_images_end_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row 8: HTML for every image ends the run with exit 75 after some photos, and none counts as failed."""
    async with mirroring(tmp_path, 60, image_dims=TINY) as run:
        done = script(run, Rule(faults.page("image/jpeg"), kind="image", times=None))
        assert await exit_code(run, image_only=True) == 75
        assert "20 photos in a row" in capsys.readouterr().err
        assert len(done.done) < 100
        run.flickr.faults = None
        assert (await run(image_only=True)).failures == []
        assert_complete(run)


async def test_a_captive_portal_is_recognised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Row 26: captive portal: HTML 200 for API JSON is retried, then exit 75 with a hint about a network login."""
    async with mirroring(tmp_path, 3, image_dims=TINY) as run:
        done = script(run, Rule(faults.page(), kind="api", times=None))
        assert await exit_code(run) == 75
        said = capsys.readouterr().err
        assert "127.0.0.1 sent an HTML page" in said
        assert "hotel" not in said
        assert len(done.done) == run.limits.attempts
        script(run, Rule(faults.page(), kind="api"))
        assert (await run()).images == 3


# Slow and silent servers


IMPATIENT = replace(FAST, stall_time=0.2)
"""A slow transfer is given up after a fifth of a second instead of a minute."""


async def test_a_stalling_transfer_is_aborted_and_a_slow_one_is_not(tmp_path: Path) -> None:
    """Row 20: slow loris: less than 1 KB/s is aborted and retried, a faster transfer continues, also for the API."""
    async with mirroring(tmp_path, 2) as run:
        run.limits = replace(run.limits, timing=IMPATIENT)
        drip, first = faults.Drip(pace=1, pause=0.02), run.stream.ids[0]
        done = script(
            run,
            Rule(drip, kind="image", photo_id=first),
            Rule(drip, method="flickr.people.getPhotos"),
            Rule(faults.Drip(pace=300, pause=0.02), kind="image", photo_id=run.stream.ids[1], times=None),
        )
        assert len(run.flickr.file(first)) > 0.2 / 0.02 * 300  # the slow one takes longer than that
        with anyio.fail_after(20):
            report = await run(image_only=True)
        assert (report.images, report.failures) == (2, [])
        assert len(done.done) == 3
        assert run.flickr.calls["flickr.people.getPhotos"] == 2
        assert_complete(run)


@pytest.mark.parametrize("after", [None, 0, 100])
async def test_a_silent_server_is_given_up(tmp_path: Path, after: int | None) -> None:
    """Row 21: accepts, never answers: given up and retried, before the header and after it."""
    async with mirroring(tmp_path, 1, image_dims=TINY) as run:
        run.limits = Limits(timeout=0.2, timing=IMPATIENT)
        done = script(
            run,
            Rule(faults.Silence(after), kind="image"),
            Rule(faults.Silence(after), method="flickr.people.findByUsername"),
        )
        assert (await run(image_only=True)).images == 1
        assert len(done.done) == 2
        assert_complete(run)


async def test_a_server_that_never_completes_tls_is_given_up() -> None:
    """Row 21: never completes TLS: the connection fails after the timeout."""

    async def be_silent(stream: Any) -> None:
        async with stream:
            await anyio.sleep_forever()

    naps = Naps()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, be_silent)
        url = f"https://127.0.0.1:{port}"
        transport = HttpClient(
            canary.KEY,
            budget=ApiBudget(clock=naps.clock, sleep=naps.sleep),
            api_url=f"{url}/",
            limits=Limits(timeout=0.1, attempts=2),
            sleep=naps.sleep,
        )
        async with open_api(transport) as api:
            with anyio.fail_after(5):
                with pytest.raises(TransportError, match=r"127\.0\.0\.1"):
                    await api.find_user("x")
                with pytest.raises(TransportError, match=r"127\.0\.0\.1"):
                    async with transport.stream(f"{url}/1.jpg"):
                        pass
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def test_silent_image_servers_do_not_delay_sidecars(tmp_path: Path) -> None:
    """Row 22: server stalls and holds all workers: the others continue, and a deadline frees the workers."""
    async with mirroring(tmp_path, 6, image_dims=TINY) as run:
        run.limits = Limits(attempts=1, passes=1, image_workers=3, timeout=0.5, timing=IMPATIENT)
        script(run, Rule(faults.Silence(), kind="image", times=None))
        report = await run(info_level=1)
        assert (report.infos, report.images, len(report.failures)) == (6, 0, 6)


@pytest.mark.parametrize("after_answer", [True, False])
async def test_a_connection_closed_between_requests_is_replaced(tmp_path: Path, after_answer: bool) -> None:
    """Row 27: keep-alive closed between requests: retried on another one, also with one attempt only."""
    async with mirroring(tmp_path, 12, image_dims=TINY, commented=1) as run:
        # with two workers, one could get a new connection, which is not retried
        run.limits = Limits(attempts=1, passes=1, image_workers=1, timing=FAST)
        kinds = {"image"} if not after_answer else {"image", "api"}
        rules = [Rule(faults.HangUp(after_answer), kind=kind, start=n) for kind in kinds for n in (4, 7, 10)]
        done = script(run, *rules)
        report = await run(info_level=2)
        assert (report.images, report.infos, report.failures) == (12, 12, [])
        assert len(done.done) == 3 * len(kinds)


# Names and certificates


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_AGAIN])
async def test_a_failed_name_lookup_is_reported(
    tmp_path: Path, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 23: DNS failure (NXDOMAIN, EAI_AGAIN): few tries, then exit 75 with the host named, no traceback."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name != "api.flickr.com" and not name.endswith(".staticflickr.com"):
            return resolve(host, *arguments, **options)
        asked.append(name)
        raise socket.gaierror(code, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with mirroring(tmp_path, 25, image_dims=TINY) as run:
        mirror = run.mirror(image_only=True)
        mirror._options = MirrorOptions(cache_path=tmp_path, image_only=True)
        assert await run_mirror(mirror, RunView(mirror._options)) == 75
        said = capsys.readouterr().err
        assert "api.flickr.com cannot be found" in said
        assert "Traceback" not in said
        assert len(asked) == run.limits.attempts
        asked.clear()
        run.stream.base_url = LIVE
        assert await exit_code(run, image_only=True) == 75
        assert "live.staticflickr.com cannot be found" in capsys.readouterr().err
        assert 0 < len(asked) < 30 * run.limits.attempts  # some lookups are shared


def certificate(what: str) -> tuple[ssl.SSLContext, ssl.SSLContext | None]:
    """Return the settings of a server, and of a client that trusts the authority unless that is the fault."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.configure_trust(client)
    host = "other.example" if what == "wrong host" else "127.0.0.1"
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    end = past if what == "expired" else None
    authority.issue_cert(host, not_after=end).configure_cert(server)
    return server, None if what == "self-signed" else client


@pytest.mark.parametrize("what", ["self-signed", "expired", "wrong host"])
async def test_a_wrong_certificate_ends_the_run_at_once(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 24: TLS: self-signed, expired, wrong host: run-fatal, no retry, no hint to switch verification off."""
    server, client = certificate(what)
    if client is not None:
        monkeypatch.setattr("flickr_mirror.flickr.transports.tls_context", lambda: client)
    async with mirroring(tmp_path, 3, image_dims=TINY, ssl=server) as run:
        done = script(run)
        assert await exit_code(run) == 75
        said = capsys.readouterr().err
        assert "127.0.0.1 does not prove that it is 127.0.0.1" in said
        assert not any(word in said.lower() for word in ("traceback", "insecure", "verify=", "disable"))
        calling = Naps()
        async with open_api(transport := open_transport(run.flickr, calling, attempts=5)) as api:
            with pytest.raises(CertificateError):
                await api.find_user("x")
            assert (calling.seconds, api.calls) == ([], {})
            naps: list[float] = []
            fetcher = ImageFetcher(transport, DownloadSlots(1))
            monkeypatch.setattr(transport._retries, "_sleep", naps.append)
            size = FlickrPhotoSize("Original", *TINY, f"{run.flickr.url}/1/2_0123456789_o.jpg")
            async with open_partial_file(tmp_path) as part:
                with pytest.raises(CertificateError):
                    await fetcher.fetch(size, part)
            assert naps == []
        assert done.asked == []  # no byte of a request, and so no key


async def test_a_valid_certificate_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 24: the same server with a certificate of a trusted authority serves API and images."""
    server, client = certificate("right")
    monkeypatch.setattr("flickr_mirror.flickr.transports.tls_context", lambda: client)
    async with mirroring(tmp_path, 3, image_dims=TINY, ssl=server) as run:
        script(run, Rule(faults.Broken(0.5, "reset", "none"), kind="image", each=True))
        assert (await run(image_only=True)).images == 3
        assert_complete(run)


async def test_a_certificate_that_becomes_invalid_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 24: a certificate error in the middle of a run ends it, and no photo counts as failed."""
    async with mirroring(tmp_path, 30, image_dims=TINY) as run:
        asked = script(run)

        async def refuse(*_: Any) -> Any:
            raise CertificateError("live.staticflickr.com does not prove that it is live.staticflickr.com.")

        monkeypatch.setattr("flickr_mirror.flickr.downloader.ImageFetcher._fetch_once", refuse)
        with pytest.raises(CertificateError):
            await run(image_only=True)
        assert run.events_of(PhotoFailed) == []
        monkeypatch.undo()
        assert (await run(image_only=True)).failures == []
        assert asked.asked


# All at once


@pytest.mark.slow
async def test_a_mirror_is_complete_if_a_third_of_the_requests_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows 1 to 17 mixed, 30 % of all requests, 2,000 photos: at most 1.6 times the requests of a faultless run."""
    monkeypatch.setattr("os.fsync", lambda _: None)  # takes half of the time, and is not tested here
    count = 2000
    async with mirroring(tmp_path, count, image_dims=TINY) as run:
        timing = replace(FAST, first_pause=0.002, longest_retry_wait=0.001)
        run.limits = Limits(image_workers=8, timing=timing)
        disturbance = Disturbance(0.3, seed=4)
        run.flickr.faults = disturbance
        report = await run(image_only=True, cache_directory_depth=0)
        assert (report.complete, report.images, report.failures) == (True, count, [])
        assert_complete(run)
        clean = count + 2 + math.ceil(count / 500)
        assert disturbance.requests <= 1.6 * clean
        assert sum(disturbance.counts.values()) >= 0.25 * disturbance.requests
        assert set(disturbance.counts) == set(MIXES)
