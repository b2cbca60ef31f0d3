"""The engine as an embedder uses it, with a misbehaving simulated Flickr."""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from aiohttp import web
from PIL import Image

from flickr_mirror import (
    BadImageError,
    CacheFullError,
    CacheLockedError,
    CachingStrategy,
    Event,
    FlickrPhoto,
    InvalidKeyError,
    MirrorReport,
    PhotostreamError,
    PhotostreamMirror,
    TransportError,
)
from flickr_mirror.models.events import FileBroken, ImageCached, PageScanned, PhotoFailed, Waiting, Watching
from flickr_mirror.simulator import Kind, Mix
from tests.support.command import infos, parts, tree
from tests.support.mirroring import age_failures, answering, jpeg, mirroring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")


def chunked(body: bytes, length: str) -> web.Response:
    """Return a body without a Content-Length, but with the header of the length that Flickr's image servers send."""
    response = web.Response(body=body, content_type="image/jpeg", headers={"x-ttdb-l": length})
    response.enable_chunked_encoding()
    return response


async def test_the_report_counts_the_work(tmp_path: Path) -> None:
    """A first run reports new photos, images, information and calls; a second one reports nothing new."""
    async with mirroring(tmp_path) as run:
        report = await run(info_level=1)
        assert (report.new, report.images, report.infos, report.known) == (12, 12, 12, 12)
        assert report.complete
        assert not report.failures
        assert report.bytes == run.flickr.bytes_sent
        assert report.api_calls == sum(run.flickr.calls.values()) == 3
        assert len(run.events_of(ImageCached)) == 12
        assert [event.number for event in run.events_of(PageScanned)] == [1]
        report = await run(info_level=1)
        assert (report.new, report.images, report.infos, report.known) == (0, 0, 0, 12)
        assert report.api_calls == 2


async def test_an_address_that_changed_since_the_listing_is_requested_once(tmp_path: Path) -> None:
    """After a 404, getSizes is called once, and the image is fetched."""
    async with mirroring(tmp_path, 5) as run:
        answering(run, "/65535/", lambda: web.Response(status=404))
        report = await run()
        assert report.images == 5
        assert not report.failures
        assert run.flickr.calls["flickr.photos.getSizes"] == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_missing_image_is_reported_once_and_not_requested_again(tmp_path: Path, status: int) -> None:
    """An image that stays gone is a failure of the first run, and later only counted."""
    async with mirroring(tmp_path, 5) as run:
        gone = run.stream.ids[2]
        answering(run, gone, lambda: web.Response(status=status), forever=True)
        report = await run()
        assert [(f.photo_id, f.job, f.lasting) for f in report.failures] == [(gone, "image", True)]
        assert str(status) in report.failures[0].reason
        assert report.images == 4
        assert set(infos(tmp_path)) == set(run.stream.ids)
        run.flickr.reset_counters()
        report = await run()
        assert (report.failures, report.unavailable) == ([], 1)
        assert sum(run.flickr.calls.values()) == 2


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=500),
        lambda: web.Response(text="<html>sorry</html>", content_type="text/html"),
        lambda: web.Response(text="<html>sorry</html>", content_type="image/jpeg"),
        lambda: web.Response(body=b"", content_type="image/jpeg"),
        lambda: web.Response(body=jpeg(640, 480)[:-200], content_type="image/jpeg"),
        lambda: chunked(jpeg(640, 480), "999999"),
    ],
    ids=["500", "html", "html as jpeg", "empty", "cut", "wrong length"],
)
async def test_a_body_that_is_not_an_image_is_fetched_again(
    tmp_path: Path, answer: Callable[[], web.StreamResponse]
) -> None:
    """A server error, an HTML page, an empty or cut body: not stored, and fetched again at once."""
    async with mirroring(tmp_path, 3) as run:
        answering(run, "/65535/", answer)
        report = await run()
        assert report.images == 3
        assert not report.failures
        for photo_id in run.stream.ids:
            assert run.path(photo_id).read_bytes() == run.flickr.file(photo_id)
        assert parts(tmp_path) == []


async def test_a_failing_photo_is_retried_and_reported_until_it_is_mirrored(tmp_path: Path) -> None:
    """A photo that fails does not stop the others; it is tried again at the end, and by a later run when due."""
    async with mirroring(tmp_path, 5) as run:
        bad = run.stream.ids[0]
        answering(run, bad, lambda: web.Response(status=503), forever=True)
        report = await run(image_only=True)
        assert [(f.photo_id, f.lasting) for f in report.failures] == [(bad, False)]
        assert "503" in report.failures[0].reason
        assert [event.again for event in run.events_of(PhotoFailed)] == [True, True, False]
        assert report.images == 4
        run.flickr.intercept = None
        assert len((await run(image_only=True)).failures) == 1  # not due yet
        catalogue = tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"
        age_failures(catalogue)
        report = await run(image_only=True)
        assert (report.images, report.failures) == (1, [])


async def test_a_throttling_image_server_fails_no_photo(tmp_path: Path) -> None:
    """After a 429 the run pauses and reports that, and no photo counts as failed."""
    async with mirroring(tmp_path, 12) as run:
        answering(run, "/65535/", *[lambda: web.Response(status=429, text="<h1>429")] * 9)
        report = await run()
        assert (report.images, report.failures) == (12, [])
        assert {event.cause for event in run.events_of(Waiting)} == {"images"}


async def test_an_image_damaged_at_flickr_is_kept_and_reported(tmp_path: Path) -> None:
    """A broken image that is received twice with equal bytes is kept; verifying does not fetch it repeatedly."""
    async with mirroring(tmp_path, 3) as run:
        odd = run.stream.ids[1]
        answering(run, odd, lambda: web.Response(body=jpeg(90, 60), content_type="image/jpeg"), forever=True)
        report = await run()
        assert report.images == 3
        assert run.path(odd).read_bytes() == jpeg(90, 60)
        assert run.flickr.calls["flickr.photos.getSizes"] == 1
        assert odd in run.notices
        run.flickr.reset_counters()
        assert (await run(verify_image=True)).images == 0
        assert not run.flickr.requests


async def test_a_placeholder_is_never_stored_as_a_photo(tmp_path: Path) -> None:
    """A redirect to another host's picture, or a PNG where a JPEG was listed, is not stored as this photo."""
    png = io.BytesIO()
    Image.new("RGB", (500, 374)).save(png, "PNG")

    def redirect() -> web.Response:
        return web.Response(status=302, headers={"Location": "https://s.yimg.com/pw/unavailable.png"})

    for answer in (redirect, lambda: web.Response(body=png.getvalue(), content_type="image/png")):
        async with mirroring(tmp_path / answer.__name__, 3) as run:
            gone = run.stream.ids[0]
            answering(run, gone, answer, forever=True)
            report = await run()
            assert [(f.photo_id, f.lasting) for f in report.failures] == [(gone, True)]
            assert not run.path(gone).exists()
            assert not run.path(gone, "png").exists()


async def test_films_are_mirrored_beside_their_posters(tmp_path: Path) -> None:
    """The best film that is served is stored as .mp4; if only the owner may download it, the next one."""
    async with mirroring(tmp_path, 20, mix=Mix({Kind.VIDEO: 1})) as run:
        report = await run()
        assert report.images + len(report.failures) == 20
        for photo_id in run.stream.ids:
            best = [size for size in run.stream.photo(photo_id).videos if not size.refusal]
            assert run.path(photo_id).exists()
            assert run.path(photo_id, "mp4").exists() == bool(best), photo_id
        run.flickr.reset_counters()
        await run()
        assert not run.flickr.requests


async def test_a_video_without_a_file_keeps_its_poster_and_is_reported(tmp_path: Path) -> None:
    """If no film is served, the poster stays, and the report names the photo."""
    async with mirroring(tmp_path, 2, mix=Mix({Kind.VIDEO: 1})) as run:
        answering(run, "/play/", lambda: web.Response(status=404), forever=True)
        report = await run()
        assert len(report.failures) == 2
        assert "poster is mirrored" in report.failures[0].reason
        assert all(run.path(photo_id).exists() for photo_id in run.stream.ids)


async def test_verifying_restores_broken_files(tmp_path: Path) -> None:
    """A truncated, an HTML and a missing file are found, moved aside and downloaded again, and no others."""
    async with mirroring(tmp_path, 8) as run:
        await run()
        before = tree(tmp_path)
        cut, html, lost = (run.path(photo_id) for photo_id in run.stream.ids[:3])
        cut.write_bytes(cut.read_bytes()[:-300])
        html.write_text("<html>")
        lost.unlink()
        run.flickr.reset_counters()
        report = await run(verify_image=True)
        assert report.images == 3
        assert sum(run.flickr.requests.values()) == 3
        assert tree(tmp_path) == before
        assert {event.path for event in run.events_of(FileBroken)} == {cut, html, lost}
        aside = tmp_path / run.stream.username / ".flickr_mirror" / "broken"
        assert {path.name for path in aside.iterdir()} == {cut.name, html.name}


async def test_a_lost_catalogue_needs_no_image_again(tmp_path: Path) -> None:
    """Without its catalogue the photostream is listed again, and the files on disk are adopted."""
    async with mirroring(tmp_path, 8) as run:
        await run(info_level=1)
        before = tree(tmp_path)
        for path in (tmp_path / run.stream.username / ".flickr_mirror").glob("catalogue*"):
            path.unlink()
        run.flickr.reset_counters()
        report = await run(info_level=1)
        assert (report.new, report.updated, report.images) == (0, 0, 0)
        assert not run.flickr.requests
        assert tree(tmp_path) == before


async def test_the_number_of_hidden_photos_is_reported(tmp_path: Path) -> None:
    """The first run reports how many public photos are hidden from visitors without a login."""
    async with mirroring(tmp_path, 8) as run:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != "flickr.people.getInfo":
                return None
            answer = run.flickr.call(**request.query)
            answer["person"]["photos"]["count"]["_content"] = 20
            return web.json_response(answer)

        run.flickr.intercept = intercept
        await run()
        assert "20 public photos" in run.notices
        assert "8 of them" in run.notices
        await run()
        assert run.notices == ""


async def test_a_photo_deleted_before_its_comments_keeps_its_texts(tmp_path: Path) -> None:
    """A photo deleted between the listing and its comments keeps its title and description."""
    async with mirroring(tmp_path, 8, commented=1.0) as run:
        gone = run.stream.ids[3]

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("photo_id") != gone:
                return None
            return web.json_response({"stat": "fail", "code": 1, "message": "Photo not found"})

        run.flickr.intercept = intercept
        report = await run(info_level=2)
        assert [(f.photo_id, f.job, f.reason) for f in report.failures] == [(gone, "info", "Photo not found")]
        assert "description" in infos(tmp_path)[gone]
        assert "comments" not in infos(tmp_path)[gone]


async def test_a_listing_without_counts_costs_a_call_each(tmp_path: Path) -> None:
    """If the listing lacks the number of comments, each photo costs a call."""
    async with mirroring(tmp_path, 8, count_comments=False) as run:
        await run(info_level=2)
        assert run.flickr.calls["flickr.photos.comments.getList"] == 8


@pytest.mark.slow
async def test_information_names_the_size_in_any_order_of_work(tmp_path: Path) -> None:
    """Information, then images: the files equal those of a run for both."""
    for name, steps in (("both", [{}]), ("apart", [{"info_only": True}, {}])):
        settings = {"mix": Mix.NO_ORIGINALS, "newest": 1_600_000_000, "undocumented_extras": False}
        async with mirroring(tmp_path / name, 30, **settings) as run:
            for options in steps:
                await run(info_level=2, **options)
    assert tree(tmp_path / "both") == tree(tmp_path / "apart")
    assert all(document["flickr"]["size"] for document in infos(tmp_path / "both").values())


async def test_the_listing_is_trusted_after_fifty_confirmations(tmp_path: Path) -> None:
    """For a free account, whose photos could all be larger, about fifty calls are made, not one per photo."""
    async with mirroring(tmp_path, 200, mix=Mix.FREE) as run:
        report = await run(image_only=True)
        assert report.images == 200
        assert 50 <= run.flickr.calls["flickr.photos.getSizes"] <= 60


async def test_a_lost_connection_ends_the_run_and_fails_no_photo(tmp_path: Path) -> None:
    """Twenty photos in a row without an answer: the run stops, and the next one continues with all of them."""
    async with mirroring(tmp_path, 60) as run:
        answering(run, "/65535/", lambda: web.Response(status=502), forever=True)
        with pytest.raises(TransportError, match="20 photos in a row"):
            await run()
        run.flickr.intercept = None
        report = await run()
        assert (report.images, report.failures) == (60, [])


async def test_a_key_that_expires_ends_the_run(tmp_path: Path) -> None:
    """A key refused during a run is one error, not an exception group, and not sixty failed photos."""
    async with mirroring(tmp_path, 8, commented=1.0) as run:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != "flickr.photos.comments.getList":
                return None
            return web.json_response({"stat": "fail", "code": 100, "message": "Key has expired"})

        run.flickr.intercept = intercept
        with pytest.raises(InvalidKeyError, match="Key has expired"):
            await run(info_level=2)


async def test_a_full_disk_ends_the_run_and_the_next_run_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No space: one error, no partial file under a final name, and nothing lost."""
    async with mirroring(tmp_path, 12) as run:
        real, calls = os.fsync, iter(range(1000))

        def fsync(descriptor: int) -> None:
            if next(calls) >= 30:
                raise OSError(28, "No space left on device")
            real(descriptor)

        monkeypatch.setattr("os.fsync", fsync)
        with pytest.raises(CacheFullError, match="No space left"):
            await run()
        monkeypatch.undo()
        for path in tmp_path.rglob("*.jpg"):
            assert path.read_bytes().endswith(b"\xff\xd9")
        assert not (await run()).failures
        assert sum(name.endswith(".jpg") for name in tree(tmp_path)) == 12


async def test_a_stop_finishes_work_in_flight(tmp_path: Path) -> None:
    """`stop` ends a run early and cleanly; the next one completes it."""
    async with mirroring(tmp_path, 200) as run:
        mirrors: list[PhotostreamMirror] = []

        def observe(event: Event) -> None:
            if isinstance(event, ImageCached):
                mirrors[0].stop(5)

        mirrors.append(run.mirror(observe))
        report = await mirrors[0].run()
        assert not report.complete
        assert 0 < report.images < 200
        assert parts(tmp_path) == []
        assert (await run()).images == 200 - report.images


async def test_cancelling_leaves_a_correct_mirror(tmp_path: Path) -> None:
    """An embedder may cancel the task at any moment."""
    async with mirroring(tmp_path, 100) as run:
        with anyio.move_on_after(0.3):
            await run()
        assert parts(tmp_path) == []
        report = await run()
        assert report.complete
        assert sum(name.endswith(".jpg") for name in tree(tmp_path)) == 100


async def test_an_observer_that_fails_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken progress bar is disabled, and the mirror is completed."""
    calls: list[Event] = []

    def observe(event: Event) -> None:
        calls.append(event)
        raise RuntimeError("broken bar")

    async with mirroring(tmp_path, 5) as run:
        report = await run.mirror(observe).run()
    assert report.images == 5
    assert len(calls) == 1
    assert "broken bar" in caplog.text


async def test_two_runs_of_one_mirror_exclude_each_other(tmp_path: Path) -> None:
    """A second run on the same mirror is refused at once; the first one continues."""
    async with mirroring(tmp_path, 100) as run:
        reports: list[MirrorReport] = []
        refused: list[CacheLockedError] = []
        started = anyio.Event()

        def observe(event: Event) -> None:
            if isinstance(event, PageScanned):
                started.set()

        async def first() -> None:
            reports.append(await run.mirror(observe).run())

        async def second() -> None:
            await started.wait()
            try:
                await run()
            except CacheLockedError as error:
                refused.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            tasks.start_soon(second)
        assert reports[0].images == 100
        assert str(os.getpid()) in str(refused[0])


async def test_an_emptied_photostream_keeps_its_mirror(tmp_path: Path) -> None:
    """A photostream without photos ends the run, and the mirrored files stay."""
    async with mirroring(tmp_path, 5) as run:
        await run()
        before = tree(tmp_path)
        for photo_id in list(run.stream.ids):
            run.stream.hide(photo_id)
        with pytest.raises(PhotostreamError, match="no photos any more"):
            await run()
        assert tree(tmp_path) == before


async def test_videos_in_processing_are_tried_again(tmp_path: Path) -> None:
    """A photo that Flickr still processes does not count as failed, and is mirrored once it is ready."""
    newest = int(time.time()) - 3600
    async with mirroring(tmp_path, 3, mix=Mix({Kind.NOT_READY: 1}), newest=newest) as run:
        report = await run()
        assert (report.images, report.failures) == (0, [])
        for photo_id in run.stream.ids:
            run.stream.edit(photo_id, kind=Kind.VIDEO)
        report = await run()
        assert report.images + len(report.failures) == 3
        assert all(run.path(photo_id).exists() for photo_id in run.stream.ids)


@pytest.mark.parametrize("strategy", CachingStrategy)
async def test_a_later_run_fetches_only_new_uploads(tmp_path: Path, strategy: CachingStrategy) -> None:
    """Seven new photos take three calls, one of which confirms their number, and seven images."""
    async with mirroring(tmp_path, 60) as run:
        await run(strategy=strategy)
        run.stream.upload(7)
        run.flickr.reset_counters()
        report = await run(strategy=strategy)
        assert (report.new, report.images) == (7, 7)
        assert sum(run.flickr.calls.values()) == 3
        assert sum(run.flickr.requests.values()) == 7


def test_an_empty_name_is_refused() -> None:
    """An empty username is a `ValueError`."""
    with pytest.raises(ValueError, match="username is empty"):
        PhotostreamMirror("  ", "key", "secret")


async def test_a_lost_catalogue_loses_no_text(tmp_path: Path) -> None:
    """Without its catalogue, a run at a lower level keeps the comments on disk."""
    async with mirroring(tmp_path, 8, commented=1.0) as run:
        await run(info_level=2)
        before = tree(tmp_path)
        for path in (tmp_path / run.stream.username / ".flickr_mirror").glob("catalogue*"):
            path.unlink()
        run.flickr.reset_counters()
        await run(info_level=0)
        assert tree(tmp_path) == before
        assert "flickr.photos.comments.getList" not in run.flickr.calls


async def test_each_image_event_counts_its_own_bytes(tmp_path: Path) -> None:
    """The bytes in the events add up to those that were fetched, with any number of workers."""
    async with mirroring(tmp_path, 40) as run:
        report = await run()
        assert (
            sum(event.fetched for event in run.events_of(ImageCached))
            == report.bytes
            == run.flickr.bytes_sent
        )


async def test_a_suspicious_single_image_is_not_stored(tmp_path: Path) -> None:
    """A singly fetched photo is checked like all others: wrong pixels that differ each time are refused."""
    async with mirroring(tmp_path, 1) as run:
        photo = FlickrPhoto(run.stream.ids[0], "")
        bodies = iter([jpeg(90, 60), jpeg(80, 60)])

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if "/65535/" not in request.path:
                return None
            return web.Response(body=next(bodies), content_type="image/jpeg")

        run.flickr.intercept = intercept
        with pytest.raises(BadImageError, match="pixels"):
            await run.mirror().cache_photo_image(photo)
        assert not run.path(photo.id).exists()
        run.flickr.intercept = None
        path = await run.mirror().cache_photo_image(photo)
        assert path.read_bytes() == run.flickr.file(photo.id)


async def test_a_later_round_that_ends_early_is_not_complete(tmp_path: Path) -> None:
    """The report after a watch is that of its last round."""
    async with mirroring(tmp_path, 2) as run:

        def refuse(event: Event) -> None:
            if isinstance(event, Watching):
                run.flickr._api._api_key = "another"

        mirror = run.mirror(refuse)
        with pytest.raises(InvalidKeyError):
            await mirror.watch(1)
        assert not mirror.report.complete
