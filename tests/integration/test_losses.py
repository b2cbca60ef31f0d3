"""Refused, interrupted, hidden and reappearing photos: no mirrored file is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from flickr_mirror import (
    ApiBudget,
    CachingStrategy,
    CatalogueError,
    Limits,
    MirrorOptions,
    PhotostreamMirror,
    TransportError,
)
from flickr_mirror.simulator import Kind, SimulatedFlickr, SimulatedPhotostream
from tests.integration.test_full_scan import COMMENTS, LIST, SIZES, rerun
from tests.support.command import infos, tree
from tests.support.mirroring import PagedRun, mirroring
from tests.support.timing import FAST
from tests.unit.catalogue.test_listings import Walks, photos, walks

__all__ = ["walks"]
pytestmark = pytest.mark.usefixtures("one_language")

if TYPE_CHECKING:
    from pathlib import Path


async def test_comments_that_flickr_refuses_now_stay_on_disk(tmp_path: Path) -> None:
    """Comments that were mirrored are kept when a refresh of them is refused."""
    async with mirroring(tmp_path, 12, commented=1.0) as run:
        await run(info_level=2)
        refused = run.stream.ids[5]
        before = infos(tmp_path)[refused]["comments"]
        run.stream.add_comment(refused, "x")

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != COMMENTS:
                return None
            return web.json_response({"stat": "fail", "code": 1, "message": "Photo not found"})

        run.flickr.intercept = intercept
        await run(info_level=2, full_scan=True)
        assert infos(tmp_path)[refused].get("comments") == before


async def test_the_comments_of_a_gone_photo_stay_on_disk(tmp_path: Path) -> None:
    """A gone photo keeps its files, also if a new comment was listed before and not fetched."""
    async with mirroring(tmp_path, 20, commented=1.0) as run:
        await run(info_level=2)
        before = tree(tmp_path)
        gone = run.stream.ids[5]
        run.stream.add_comment(gone, "x")
        await run(info_level=0, full_scan=True)
        run.stream.delete(gone)
        assert (await run(info_level=0, full_scan=True)).gone == 1
        report = await rerun(run, info_level=2)
        assert COMMENTS not in run.flickr.calls
        assert report.failures == []
        assert tree(tmp_path) == before


async def test_a_photo_that_reappears_has_the_requested_level(tmp_path: Path) -> None:
    """A photo that reappears gets everything that the run requests."""
    async with mirroring(tmp_path, 20, commented=1.0) as run:
        await run(info_level=0)
        hidden = run.stream.ids[5]
        run.stream.hide(hidden)
        await run(info_level=0, full_scan=True)
        run.stream.publish(hidden)
        await run(info_level=2, full_scan=True)
        assert "comments" in infos(tmp_path)[hidden]


async def test_a_killed_replacement_results_in_one_file(tmp_path: Path) -> None:
    """If a run is killed before it removes the old file, the next one removes it."""
    async with mirroring(tmp_path, 5) as run:
        photo_id = run.stream.ids[1]
        run.stream.edit(photo_id, kind=Kind.PNG)
        await run()
        run.stream.replace_image(photo_id)
        run.stream.edit(photo_id, kind=Kind.PLAIN)
        run.path(photo_id).write_bytes(run.flickr.file(photo_id))  # as the killed run left it
        await run(full_scan=True)
        assert run.path(photo_id).read_bytes() == run.flickr.file(photo_id)
        assert not run.path(photo_id, "png").exists()


def test_hidden_photos_do_not_explain_the_loss_of_others(walks: Walks) -> None:
    """If two photos count as hidden, and a full scan lacks seven there, the other five are not gone."""
    for _ in range(3):
        walks.walk(photos(100), 2, total=102)
    result = walks.walk(photos(95), 7, full=True, total=102)
    assert result.unlisted == 7
    assert walks.absent() == walks.gone() == set()


async def test_photos_outside_of_a_gap_do_not_replace_missing_ones(tmp_path: Path) -> None:
    """Two photos that Flickr counts but does not list: two runs report them, the third takes them as hidden."""
    async with mirroring(tmp_path, 100) as run:
        left_out = set(run.stream.ids[:2])

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != LIST:
                return None
            answer = run.flickr.call(**request.query)
            listed = answer["photos"]["photo"]
            answer["photos"]["photo"] = [each for each in listed if each["id"] not in left_out]
            return web.json_response(answer)

        run.flickr.intercept = intercept
        for _ in range(2):
            await run(image_only=True)
            assert "2 photos more than it lists" in run.notices
        await run(image_only=True)
        assert "Flickr counts 2 photos that it does not list" in run.notices


def test_the_third_run_hides_no_more_photos_than_the_earlier_ones_missed(walks: Walks) -> None:
    """If one photo is missing twice, then four hundred, these are not taken as hidden at once."""
    for missing in (1, 1, 400):
        result = walks.walk(photos(100), missing, total=100 + missing)
    assert result.hidden <= 1
    assert result.short


async def test_a_photo_being_pruned_can_return(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an interrupted prune, a photo that is public again has its files in the mirror."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        hidden = run.stream.ids[3]
        run.stream.hide(hidden)

        def fail(*_: object) -> None:
            raise CatalogueError("killed", tmp_path)

        with monkeypatch.context() as patch:
            patch.setattr("flickr_mirror.catalogue.gone_photos.GonePhotos.delete", fail)
            with pytest.raises(CatalogueError):
                await run(full_scan=True, prune=True)
        run.stream.publish(hidden)
        await run(full_scan=True)
        assert run.path(hidden).exists()
        assert run.path(hidden, "json").exists()


async def test_a_photo_out_of_order_does_not_make_a_scan_incomplete(tmp_path: Path) -> None:
    """A photo that Flickr lists too early makes the walk skip others, which are then listed."""
    async with mirroring(tmp_path, 60) as other:
        run = PagedRun(other.flickr, tmp_path)
        early = run.stream.ids[40]

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != LIST or "min_upload_date" in request.query:
                return None
            answer = run.flickr.call(**request.query)
            if answer["photos"]["photo"][0]["id"] == run.stream.ids[0] and request.query["per_page"] == "10":
                one = run.flickr.call(**{**request.query, "per_page": "60"})["photos"]["photo"]
                answer["photos"]["photo"][-1] = next(each for each in one if each["id"] == early)
            return web.json_response(answer)

        run.flickr.intercept = intercept
        report = await run(image_only=True, full_scan=True)
        assert report.new == 60
        assert run.notices == ""
        assert report.scanned


async def test_a_broken_file_of_a_gone_photo_does_not_fail_the_run(tmp_path: Path) -> None:
    """A broken file of a gone photo is reported, without the promise to download it again."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        gone = run.stream.ids[1]
        run.stream.delete(gone)
        await run(full_scan=True)
        run.path(gone).write_bytes(b"x")
        await rerun(run, verify_image=True)
        assert "downloaded again" not in run.notices


class SetClock:
    """Flickr's clock, which the test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("strategy", CachingStrategy)
async def test_a_long_wait_during_a_listing_covers_no_unlisted_time(
    tmp_path: Path, strategy: CachingStrategy
) -> None:
    """Photos that become visible while a listing waits for the hour's calls are found by the next run."""
    clock = SetClock()
    stream = SimulatedPhotostream(30, newest=int(clock.now) - 600)
    async with SimulatedFlickr(stream, clock=clock) as flickr:
        run = PagedRun(flickr, tmp_path)
        for seconds in range(109, 100, -1):
            stream.upload(1, at=int(clock.now) - seconds)
        late: list[str] = []

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") == LIST and flickr.calls[LIST] == 2:
                late.extend(stream.upload(3, at=int(clock.now) - 300))
                clock.now += 3 * 3600
            return None

        flickr.intercept = intercept
        await run(image_only=True, strategy=strategy)
        clock.now += 86_400
        stream.upload(41)  # enough to move the late ones off the newest page
        await run(image_only=True, strategy=strategy)
        assert late
        assert all(run.path(photo_id).exists() for photo_id in late)


async def test_the_second_of_the_listing_is_not_over(tmp_path: Path) -> None:
    """Even without a settle margin, an upload in the second of a listing is found by the next run."""
    clock = SetClock()
    stream = SimulatedPhotostream(3, newest=int(clock.now) - 600)
    async with SimulatedFlickr(stream, clock=clock) as flickr:

        async def mirror() -> None:
            await PhotostreamMirror(
                stream.username,
                "key",
                "secret",
                options=MirrorOptions(cache_path=tmp_path, api_url=flickr.api_url, image_only=True),
                limits=Limits(settle_margin=0, page_size=5, timing=FAST),
                budget=ApiBudget(calls_per_second=10_000),
            ).run()

        await mirror()
        stream.upload(3, at=int(clock.now))
        clock.now += 86_400
        stream.upload(9)
        await mirror()
        assert len(tree(tmp_path)) == len(stream) == 15


async def test_a_photo_that_moves_during_a_scan_is_kept(tmp_path: Path) -> None:
    """A photo that moves from the unread to the read half of a full scan is verified, and stays."""
    async with mirroring(tmp_path, 60) as other:
        run = PagedRun(other.flickr, tmp_path)
        await run(image_only=True)

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") == LIST and run.flickr.calls[LIST] > 3:
                return web.Response(status=503)
            return None

        run.flickr.intercept, run.flickr.calls[LIST] = intercept, 0
        with pytest.raises(TransportError):
            await run(image_only=True, full_scan=True)
        run.flickr.intercept = None
        moved, seen = run.stream.ids[-1], run.stream.ids[1]
        run.stream.redate(moved, run.stream.photo(run.stream.ids[15]).uploaded)
        run.stream.delete(seen)
        report = await rerun(run, image_only=True, full_scan=True, prune=True)
        assert report.resumed
        assert (report.gone, report.pruned, run.flickr.calls[SIZES]) == (0, 0, 1)
        report = await run(image_only=True, full_scan=True, prune=True)
        assert report.pruned == 1
        assert run.path(moved).exists()
        assert not run.path(seen).exists()
