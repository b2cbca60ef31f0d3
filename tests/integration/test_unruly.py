"""The engine with unusual answers, wrong clocks, and stops at inconvenient moments."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import web

from flickr_mirror import ApiBudget, CacheOwnerError, MirrorOptions, PhotostreamMirror, TransportError
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.models.events import ImageCached, Waiting
from flickr_mirror.models.intervals import Interval
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize
from flickr_mirror.simulator import Kind, Mix, SimulatedFlickr, SimulatedPhotostream
from tests.support.command import infos, tree
from tests.support.mirroring import Run, answering, jpeg, mirroring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")


def rewriting(run: Run, method: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the answers to a method before they are sent."""

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        if request.query.get("method") != f"flickr.{method}":
            return None
        answer = run.flickr.call(**request.query)
        change(answer)
        return web.json_response(answer)

    run.flickr.intercept = intercept


@pytest.mark.slow
async def test_a_temporarily_lower_level_is_completed_later(tmp_path: Path) -> None:
    """Photos added at a lower level get the missing information when the level is higher again."""
    async with mirroring(tmp_path, 3) as run:
        await run(info_level=2)
        for photo_id in run.stream.upload(2):
            run.stream.add_comment(photo_id, "A fine picture")
        await run(info_level=0)
        await run(info_level=2)
        assert all("comments" in info and "description" in info for info in infos(tmp_path).values())


@pytest.mark.slow
async def test_a_video_may_be_processed_for_days(tmp_path: Path) -> None:
    """Its film is mirrored once it is ready, after any number of early tries, and it does not count as failed."""
    async with mirroring(tmp_path, 2, mix=Mix({Kind.NOT_READY: 1}), newest=int(time.time()) - 7200) as run:
        for _ in range(3):
            report = await run()
            assert (report.images, report.failures, report.unavailable) == (0, [], 0)
        ready = run.stream.ids[0]
        run.stream.edit(ready, kind=Kind.VIDEO)
        report = await run()
        assert report.images + len(report.failures) == 1
        assert run.path(ready).exists()


async def test_unavailable_photos_do_not_delay_the_others(tmp_path: Path) -> None:
    """Too many failures in a row end a run; the next one does the rest first, and completes."""
    async with mirroring(tmp_path, 60) as run:
        bad = set(run.stream.ids[:25])

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            return web.Response(status=500) if any(photo_id in request.path for photo_id in bad) else None

        run.flickr.intercept = intercept
        with pytest.raises(TransportError, match="in a row"):
            await run(info_only=False, image_only=True)
        report = await run(image_only=True)
        assert report.complete
        assert {failure.photo_id for failure in report.failures} == bad
        assert len(tree(tmp_path)) == 35


async def test_a_few_photos_that_always_fail_never_end_a_run(tmp_path: Path) -> None:
    """The tries at the end of a run, when only failing photos are left, do not count as a lost connection."""
    async with mirroring(tmp_path, 30) as run:
        bad = set(run.stream.ids[::2])

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            return web.Response(status=500) if any(photo_id in request.path for photo_id in bad) else None

        run.flickr.intercept = intercept
        report = await run(info_level=1)
        assert report.complete
        assert (report.images, report.infos, len(report.failures)) == (15, 30, 15)


@pytest.mark.parametrize(
    "address",
    [
        "https://live.staticflickr.com:abc/1/2_3_o.jpg",
        "https://live..staticflickr.com/1/2_3_o.jpg",
        f"https://{'a' * 64}.staticflickr.com/1/2_3_o.jpg",
        "https://live.staticflickr.com/1/2\n_o.jpg",
        "//[",
        "",
    ],
)
async def test_an_invalid_address_fails_one_photo_only(tmp_path: Path, address: str) -> None:
    """For any invalid address, the other photos are mirrored."""
    async with mirroring(tmp_path, 3) as run:

        def change(answer: dict[str, Any]) -> None:
            for photo in answer.get("photos", {}).get("photo", ())[:1]:
                for key in [key for key in photo if key.startswith("url_")]:
                    photo[key] = address
            for size in answer.get("sizes", {}).get("size", ()):
                size["source"] = address

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if "method" not in request.query:
                return None
            answer = run.flickr.call(**request.query)
            change(answer)
            return web.json_response(answer)

        run.flickr.intercept = intercept
        report = await run(image_only=True)
        assert report.complete
        assert (report.images, len(report.failures)) == (2, 1)


async def test_an_answer_of_hostile_depth_fails_one_photo_only(tmp_path: Path) -> None:
    """An answer nested two hundred thousand levels deep is invalid, and has no other effect."""
    async with mirroring(tmp_path, 3) as run:
        run.stream.add_comment(run.stream.ids[0], "One")

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != "flickr.photos.comments.getList":
                return None
            return web.Response(text="[" * 200_000, content_type="application/json")

        run.flickr.intercept = intercept
        report = await run(info_level=2)
        assert report.complete
        assert report.images == 3
        assert {failure.job for failure in report.failures} == {"info"}


@pytest.mark.parametrize("code", [1, 2, 5])
async def test_refused_comments_do_not_prevent_the_title(tmp_path: Path, code: int) -> None:
    """If Flickr refuses the comments of a photo, its title and description are mirrored."""
    async with mirroring(tmp_path, 2) as run:
        photo_id = run.stream.ids[0]
        run.stream.add_comment(photo_id, "One")
        rewriting(run, "photos.comments.getList", lambda answer: answer.update(stat="fail", code=code))
        report = await run(info_level=2)
        assert [failure.job for failure in report.failures] == ["info"]
        info = infos(tmp_path)[photo_id]
        assert info["title"]["content"] == run.stream.photo(photo_id).title
        assert "comments" not in info


async def test_a_clock_ahead_covers_no_future_time(tmp_path: Path) -> None:
    """The local clock is six hours ahead of Flickr's: no future upload counts as listed."""
    stream = SimulatedPhotostream(5, newest=int(time.time()) - 30 * 86_400)
    async with SimulatedFlickr(stream, clock=lambda: time.time() - 6 * 3600) as flickr:
        for _ in range(2):  # the second run makes no call before it lists
            await PhotostreamMirror(
                stream.nsid,
                "key",
                "secret",
                options=MirrorOptions(cache_path=tmp_path, api_url=flickr.api_url, info_only=True),
                budget=ApiBudget(calls_per_second=10_000),
            ).run()
        with Catalogue(tmp_path / stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
            (covered,) = catalogue.coverage.listed().intervals
        assert (covered.low, covered.high) == (0, stream.photo(stream.ids[0]).uploaded)


async def test_a_stop_before_the_first_answer_ends_the_run(tmp_path: Path) -> None:
    """A run that is stopped while it waits for the first answer ends at once; the next one mirrors."""
    async with mirroring(tmp_path, 3) as run:
        asked = anyio.Event()

        async def intercept(_: web.Request) -> web.StreamResponse | None:
            asked.set()
            await anyio.sleep_forever()
            return None

        run.flickr.intercept = intercept
        mirror = run.mirror()
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(mirror.run)
                await asked.wait()
                mirror.stop()
        assert not mirror.report.complete
        run.flickr.intercept = None
        assert (await mirror.run()).images == 3


@pytest.mark.slow
async def test_verifying_distinguishes_damage_at_flickr_from_other_damage(tmp_path: Path) -> None:
    """An image that Flickr serves with other pixels is kept, and fetched again if it is cut."""
    async with mirroring(tmp_path, 2) as run:
        odd = run.path(run.stream.ids[0])
        answering(
            run,
            run.stream.ids[0],
            lambda: web.Response(body=jpeg(10, 10), content_type="image/jpeg"),
            forever=True,
        )
        await run()
        whole = odd.read_bytes()
        assert (await run(verify_image=True)).images == 0
        odd.write_bytes(whole[:100])
        assert (await run(verify_image=True)).images == 1
        assert odd.read_bytes() == whole
        odd.unlink()
        assert (await run(verify_image=True)).images == 1


async def test_a_pause_that_flickr_requests_is_reported(tmp_path: Path) -> None:
    """HTTP 429 from the API: a message states the reason and the length of the pause."""
    async with mirroring(tmp_path, 1) as run:
        answering(run, "/services/rest", lambda: web.Response(status=429, headers={"Retry-After": "0.05"}))
        await run()
        assert [(event.cause, event.seconds) for event in run.events_of(Waiting)] == [("api", 0.05)]
        assert len(run.events_of(ImageCached)) == 1


async def test_a_new_mirror_named_by_its_nsid_makes_no_call_twice(tmp_path: Path) -> None:
    """The profile with the username also contains the number of photos."""
    async with mirroring(tmp_path, 3) as run:
        mirror = run.mirror(info_only=True)
        mirror.name = run.stream.nsid
        await mirror.run()
        assert run.flickr.calls == {"flickr.people.getInfo": 1, "flickr.people.getPhotos": 1}


async def test_information_is_rewritten_if_the_size_was_settled_meanwhile(tmp_path: Path) -> None:
    """If the best size of a photo changes while its information is written, that stays on the work list."""
    photo = SimulatedFlickr(stream := SimulatedPhotostream(1)).call(
        method="flickr.people.getPhotos", user_id=stream.nsid, extras="url_l,date_upload,media"
    )["photos"]["photo"][0]
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        catalogue.listings.begin(2_000_000_000, fields=(), full=False)
        catalogue.listings.add_page(
            [FlickrPhoto.from_json(photo)],
            Interval(0, 2_000_000_000),
            settled_until=2_000_000_000,
            info_waits=False,
            comments=False,
        )
        page: dict[str, Any] = {"newest_first": True, "frontier": None, "busy": (), "limit": 9}
        (stored,) = catalogue.work_list.infos_to_write(**page)
        catalogue.outcomes.set_best_size(
            stored, FlickrPhotoSize("Original", 9, 9, "https://live.staticflickr.com/1/2_3_o.jpg")
        )
        catalogue.outcomes.mark_info_done(stored, 1)
        (again,) = catalogue.work_list.infos_to_write(**page)
        assert again.size is not None
        assert again.size.label == "Original"
        catalogue.outcomes.mark_info_done(again, 1)
        assert catalogue.work_list.infos_to_write(**page) == []


@pytest.mark.slow
async def test_a_renamed_user_keeps_the_folder(tmp_path: Path) -> None:
    """The old name still finds the mirror, which continues in its folder; nothing is downloaded again."""
    async with mirroring(tmp_path, 3) as run:
        await run()
        old = run.stream.username
        run.stream.username, run.stream.path_alias = "A new name", "a-new-name"
        run.stream.upload(1)
        for _ in range(2):
            run.flickr.reset_counters()
            mirror = run.mirror()
            mirror.name = old
            await mirror.run()
            assert mirror.report.folder == tmp_path / old
            assert "A new name" in run.notices
            assert run.stream.nsid in run.notices
        assert sum(run.flickr.requests.values()) == 0
        assert len(tree(tmp_path)) == 8
        mirror.name = "A new name"
        assert (await mirror.run()).folder == tmp_path / old


async def test_a_username_taken_by_another_account_is_refused(tmp_path: Path) -> None:
    """The old name now belongs to another account: both are named, and nothing is written, also after a rename."""
    first = SimulatedPhotostream(3, nsid="1@N01", username="photos", path_alias=None)
    other = SimulatedPhotostream(2, nsid="2@N02", username="somebody", path_alias=None)
    async with SimulatedFlickr(first, other) as flickr:
        run = Run(flickr, tmp_path)
        await run()
        before = tree(tmp_path)
        first.username = "renamed"
        mirror = run.mirror()
        mirror.name = "photos"
        await mirror.run()  # continues under its old name, and records the new one
        other.username = "photos"
        with pytest.raises(CacheOwnerError, match="1@N01") as refusal:
            await mirror.run()
        assert "2@N02" in str(refusal.value)
        assert {name: tree(tmp_path)[name] for name in before if name.endswith(".jpg")} == {
            name: before[name] for name in before if name.endswith(".jpg")
        }
