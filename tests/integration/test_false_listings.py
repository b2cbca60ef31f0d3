"""A mirror of a Flickr with false listings, clocks and states: it is complete, or reported as incomplete."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror import CachingStrategy, MirrorReport
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.cli.commands.status import status_of
from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.simulator import Kind, SimulatedFlickr, SimulatedPhotostream
from tests.integration.test_full_scan import FIND, LIST, SIZES, in_trash, rerun, trash
from tests.support.mirroring import PagedRun, Run, mirroring
from tests.support.parameters import with_slow_rest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

DAY = 86_400
BOTH = pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
FALSE_ANSWERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "unusable": lambda page: page.clear(),
    "empty": lambda page: page.update(photo=[], total=0),
    "malformed": lambda page: page.update(photo=[{"id": "x"} for _ in page["photo"]]),
}


class FalseListings:
    """Falsifies the listings whose number, from 0, is in `at`."""

    def __init__(self, run: PagedRun, change: Callable[[dict[str, Any]], object]) -> None:
        self.run = run
        self.change = change
        self.at: set[int] = set()
        self.answers = 0
        run.flickr.intercept = self.intercept

    async def intercept(self, request: web.Request) -> web.StreamResponse | None:
        """Change an answer."""
        if request.query.get("method") != LIST:
            return None
        response = await self.run.flickr.answer(request)
        assert isinstance(response, web.Response)
        payload = json.loads(response.text or "")
        if self.answers in self.at:
            self.change(payload["photos"])
        self.answers += 1
        response.text = json.dumps(payload)
        return response


def leave_out(run: Run, photo_id: str) -> None:
    """Exclude a photo from listings and their counts."""

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        if request.query.get("method") != LIST:
            return None
        answer = run.flickr.call(**request.query)["photos"]
        answer["photo"] = [photo for photo in answer["photo"] if photo["id"] != photo_id]
        answer["total"] = int(answer["total"]) - 1
        return web.json_response({"photos": answer, "stat": "ok"})

    run.flickr.intercept = intercept


def images(run: PagedRun) -> set[str]:
    """Return the ids of the photos whose image is on disk."""
    return {photo_id for photo_id in run.stream.ids if run.path(photo_id).exists()}


@BOTH
@pytest.mark.parametrize("change", FALSE_ANSWERS)
@pytest.mark.parametrize("at", with_slow_rest(range(6), 0, 3))
async def test_one_false_answer_hides_no_photo(
    tmp_path: Path, change: str, at: int, strategy: CachingStrategy
) -> None:
    """At any position, the run is complete, or its exit code and `status` state that it is not."""
    async with mirroring(tmp_path, 35) as other:
        run = PagedRun(other.flickr, tmp_path)
        listings = FalseListings(run, FALSE_ANSWERS[change])
        listings.at = {at}
        report = await run(image_only=True, strategy=strategy)
        if images(run) != set(run.stream.ids):
            assert code_of(report) == 3
            assert status_of(tmp_path, run.stream.username).unlisted >= 1
        listings.at = set()
        report = await run(image_only=True, strategy=strategy)
        assert (images(run), code_of(report)) == (set(run.stream.ids), 0)
        assert status_of(tmp_path, run.stream.username).unlisted == 0


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("change", FALSE_ANSWERS)
async def test_a_permanently_false_page_stays_open(
    tmp_path: Path, change: str, strategy: CachingStrategy
) -> None:
    """A page without an answer is named by every run with exit code 3, until all photos are listed."""
    async with mirroring(tmp_path, 35) as other:
        run = PagedRun(other.flickr, tmp_path)
        listings = FalseListings(run, FALSE_ANSWERS[change])
        for _ in range(5):
            listings.answers, listings.at = 0, set(range(1, 100))
            report = await run(image_only=True, strategy=strategy)
            if images(run) == set(
                run.stream.ids
            ):  # oldest first, the one true answer of each run is of another page
                break
            assert (code_of(report), report.unlisted > 0) == (3, True)
            assert "next run asks again" in run.notices
            status = status_of(tmp_path, run.stream.username)
            assert status.unlisted == report.unlisted
        listings.at = set()
        report = await run(image_only=True, strategy=strategy)
        assert (images(run), code_of(report), run.notices) == (set(run.stream.ids), 0, "")


@BOTH
async def test_a_failed_listing_of_new_photos_is_reported(tmp_path: Path, strategy: CachingStrategy) -> None:
    """If the only answer of a run is unusable, the run does not report an unchanged photostream."""
    async with mirroring(tmp_path, 12) as other:
        run = PagedRun(other.flickr, tmp_path)
        await run(image_only=True, strategy=strategy)
        run.stream.upload(1, at=run.stream.photo(run.stream.ids[0]).uploaded + 5)
        listings = FalseListings(run, FALSE_ANSWERS["unusable"])
        listings.at = set(range(100))
        report = await run(image_only=True, strategy=strategy)
        assert (code_of(report), report.images) == (3, 0)


# Gone


@BOTH
async def test_a_photo_missing_from_a_scan_is_verified(tmp_path: Path, strategy: CachingStrategy) -> None:
    """One photo is hidden, another one omitted by the listing: only the first is gone, and moved to the trash."""
    async with mirroring(tmp_path, 40) as run:
        await run(image_only=True)
        hidden, left_out = run.stream.ids[4], run.stream.ids[20]
        run.stream.hide(hidden)
        leave_out(run, left_out)
        report = await rerun(run, image_only=True, full_scan=True, prune=True, strategy=strategy)
        assert (report.gone, report.pruned, run.flickr.calls[SIZES]) == (1, 1, 2)
        assert run.path(left_out).exists()
        assert trash(run) == in_trash(run, (hidden, "jpg"))


async def test_a_photo_that_reappears_is_not_pruned(tmp_path: Path) -> None:
    """A photo that an earlier run marked as gone is verified before it is moved; if it exists, it stays."""
    async with mirroring(tmp_path, 40) as run:
        await run(image_only=True)
        back, gone = run.stream.ids[4], run.stream.ids[5]
        run.stream.hide(back)
        run.stream.hide(gone)
        assert (await run(image_only=True, full_scan=True)).gone == 2
        run.stream.publish(back)
        leave_out(run, back)
        report = await run(image_only=True, full_scan=True, prune=True)
        assert report.pruned == 1
        assert run.path(back).exists()
        assert not run.path(gone).exists()
        assert status_of(tmp_path, run.stream.username).gone == 0


async def test_an_unverified_photo_is_not_pruned(tmp_path: Path) -> None:
    """A photo that an earlier run marked as gone stays in the mirror if this run gets no answer about it."""
    async with mirroring(tmp_path, 40) as run:
        await run(image_only=True)
        silent, gone = run.stream.ids[4], run.stream.ids[5]
        run.stream.hide(silent)
        run.stream.hide(gone)
        assert (await run(image_only=True, full_scan=True)).gone == 2

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != SIZES or request.query["photo_id"] != silent:
                return None
            return web.json_response({"stat": "fail", "code": 105, "message": "Service unavailable"})

        run.flickr.intercept = intercept
        report = await run(image_only=True, full_scan=True, prune=True)
        assert report.pruned == 1
        assert run.path(silent).exists()
        assert trash(run) == in_trash(run, (gone, "jpg"))


async def test_a_photo_that_is_listed_again_needs_no_verification(tmp_path: Path) -> None:
    """A photo that a scan omitted, and that a later page lists, needs no call."""
    async with mirroring(tmp_path, 40) as run:
        await run(image_only=True)
        left_out = run.stream.ids[4]
        leave_out(run, left_out)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("flickr_mirror.engine.absent_photos.MAX_VERIFIED", 0)
            await rerun(run, image_only=True, full_scan=True)
        assert "Flickr must still be asked about: 1" in run.notices
        run.flickr.intercept = None
        report = await rerun(run, image_only=True)
        assert (report.gone, run.flickr.calls[SIZES]) == (0, 0)


async def test_a_run_verifies_a_limited_number_of_absent_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are reported, neither marked nor pruned, and verified by the next runs, full scans or not."""
    monkeypatch.setattr("flickr_mirror.engine.absent_photos.MAX_VERIFIED", 3)
    async with mirroring(tmp_path, 60) as run:
        await run(image_only=True)
        for photo_id in run.stream.ids[:5]:
            run.stream.delete(photo_id)
        report = await rerun(run, image_only=True, full_scan=True, prune=True)
        assert (report.gone, report.pruned, run.flickr.calls[SIZES]) == (3, 3, 3)
        assert "Flickr must still be asked about: 2" in run.notices
        assert (
            await run.mirror(image_only=True).estimate()
        ).calls == 4  # the name, a page, and one for each of them
        report = await rerun(run, image_only=True)
        assert (report.gone, report.pruned, run.flickr.calls) == (2, 0, {FIND: 1, LIST: 1, SIZES: 2})
        assert run.notices == ""
        assert (await rerun(run, image_only=True)).gone == 0
        assert run.flickr.calls == {FIND: 1, LIST: 1}


async def test_a_missing_answer_marks_nothing(tmp_path: Path) -> None:
    """Only codes 1 and 2 mean that a photo is gone: after any other refusal, the next run verifies it."""
    async with mirroring(tmp_path, 40) as run:
        await run(image_only=True)
        run.stream.delete(run.stream.ids[4])

        codes = iter((3, 7))

        async def refuse(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != SIZES:
                return None
            return web.json_response({"stat": "fail", "code": next(codes), "message": "Something else"})

        run.flickr.intercept = refuse
        for _ in range(2):
            report = await run(image_only=True, full_scan=True, prune=True)
            assert (report.gone, report.pruned) == (0, 0)
        run.flickr.intercept = None
        assert (await run(image_only=True)).gone == 1


# Clocks


class Clock:
    """Flickr's clock, which is ahead."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return max(time.time() + self.ahead, 0)


@BOTH
@pytest.mark.parametrize("ahead", with_slow_rest([3650 * DAY, 30 * DAY, -2 * DAY, -1e10], 30 * DAY))
async def test_a_wrong_clock_of_flickr_hides_no_photo(
    tmp_path: Path, ahead: float, strategy: CachingStrategy
) -> None:
    """With a wrong `Date`, no future time counts as listed, and no photo is omitted."""
    stream = SimulatedPhotostream(30, newest=int(time.time()) - 7200)
    clock = Clock(ahead)
    async with SimulatedFlickr(stream, clock=clock) as flickr:
        run = PagedRun(flickr, tmp_path)
        report = await run(image_only=True, strategy=strategy)
        assert images(run) == set(stream.ids)
        assert "clock" in run.notices
        clock.ahead = 0
        stream.upload(1, at=int(time.time()) - 5000)
        report = await run(image_only=True, strategy=strategy)
        assert (report.new, report.images, run.notices) == (1, 1, "")
        clock.ahead = ahead
        report = await run(image_only=True, strategy=strategy, full_scan=True, prune=True)
        assert (report.gone, report.pruned, report.unlisted) == (0, 0, 0)
        assert images(run) == set(stream.ids)


@pytest.mark.parametrize("ahead", [0, 30 * DAY])
async def test_the_last_hour_is_not_covered(tmp_path: Path, ahead: float) -> None:
    """By the earlier of both clocks: a photo uploaded in the last hour can still become visible."""
    stream = SimulatedPhotostream(5, newest=int(time.time()) - 600)
    async with SimulatedFlickr(stream, clock=Clock(ahead)) as flickr:
        run = PagedRun(flickr, tmp_path)
        await run(image_only=True)
        with Catalogue(tmp_path / stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
            (covered,) = catalogue.coverage.listed().intervals
        assert time.time() - 3700 < covered.high < time.time() - 3600


async def test_a_local_clock_ahead_hides_no_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This computer's clock is a day ahead, and Flickr's is unknown: photos uploaded within that day are mirrored."""
    stream = SimulatedPhotostream(30, newest=int(time.time()) - 7200)
    async with SimulatedFlickr(stream) as flickr:
        run = PagedRun(flickr, tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr("flickr_mirror.flickr.api.AsyncFlickrApi.server_time", None)
            patch.setattr("flickr_mirror.engine.workers.page_producer.time", _Ahead(DAY))
            await run(image_only=True)
        stream.upload(1, at=int(time.time()) - 5000)
        assert (await run(image_only=True)).images == 1


class _Ahead:
    """The module `time`, for a clock that is ahead."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def time(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + self._seconds


async def test_coverage_of_the_future_is_dropped_and_named(tmp_path: Path) -> None:
    """Times that an earlier version recorded as listed with a wrong clock are listed again."""
    stream = SimulatedPhotostream(30, newest=int(time.time()) - 7200)
    async with SimulatedFlickr(stream) as flickr:
        run = PagedRun(flickr, tmp_path)
        await run(image_only=True)
        with Catalogue(tmp_path / stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
            database = catalogue.listings._database
            database.query("UPDATE coverage SET high = ?", (int(time.time()) + 3650 * DAY,))
        stream.upload(1, at=int(time.time()) - 5000)
        report = await run(image_only=True)
        assert report.images == 1
        assert "clock that was wrong" in run.notices
        await run(image_only=True)
        assert run.notices == ""


# Photos that are never processed


@BOTH
async def test_a_photo_that_is_never_processed_is_tried_after_a_week(
    tmp_path: Path, strategy: CachingStrategy
) -> None:
    """A video whose processing failed in 2008 is requested: served files are mirrored, others reported."""
    async with mirroring(tmp_path, 3) as other:
        run = PagedRun(other.flickr, tmp_path)
        served, unserved = run.stream.ids[0], run.stream.ids[1]
        run.stream.edit(unserved, kind=Kind.NOT_READY)

        def fail(page: dict[str, Any]) -> None:
            for photo in page["photo"]:
                if photo["id"] in (served, unserved):
                    photo["media_status"] = "failed"

        listings = FalseListings(run, fail)
        listings.at = set(range(100))
        report: MirrorReport = await run(strategy=strategy)
        assert run.path(served).exists()
        assert [failure.photo_id for failure in report.failures] == [unserved]
        assert code_of(report) == 3
        report = await run(strategy=strategy)
        assert (report.failures, report.unavailable) == ([], 1)


async def test_a_photo_of_today_is_waited_for_and_counted(tmp_path: Path) -> None:
    """A photo that Flickr still processes does not count as failed; the next run tries again, and counts it."""
    async with mirroring(tmp_path, 3, newest=int(time.time()) - 3600) as run:
        young = run.stream.ids[0]
        run.stream.edit(young, kind=Kind.NOT_READY)
        report = await run()
        assert (report.failures, report.not_ready, code_of(report)) == ([], 1, 0)
        assert status_of(tmp_path, run.stream.username).not_ready == 1
        run.stream.edit(young, kind=Kind.PLAIN)
        report = await run()
        assert (report.images, report.not_ready) == (1, 0)


async def test_ids_that_are_numbers_are_photos(tmp_path: Path) -> None:
    """An id that is a number is the same photo as one that is a text."""
    async with mirroring(tmp_path, 12) as other:
        run = PagedRun(other.flickr, tmp_path)
        await run(image_only=True)

        def number(page: dict[str, Any]) -> None:
            for photo in page["photo"]:
                photo["id"] = int(photo["id"])

        FalseListings(run, number).at = set(range(100))
        run.stream.upload(1, at=run.stream.photo(run.stream.ids[0]).uploaded + 5)
        report = await run(image_only=True, full_scan=True)
        assert (report.new, report.images, report.gone, report.unlisted) == (1, 1, 0, 0)
