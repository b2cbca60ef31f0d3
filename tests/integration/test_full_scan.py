"""Full scans on a simulated Flickr: edits, replaced images and losses are found, and nothing is fetched twice."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror import (
    CachingStrategy,
    MirrorOptions,
    MirrorReport,
    PhotostreamError,
    PhotostreamMirror,
    TransportError,
)
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.models.events import ImageCached, PhotoFound, PhotoGone, PhotoUpdated
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.simulator import Kind, Mix, SimulatedFlickr, SimulatedPhotostream
from tests.support.command import infos, tree
from tests.support.mirroring import PagedRun, Run, age_failures, answering, mirroring
from tests.support.parameters import with_slow_rest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("one_language")

FIND, LIST, SIZES, COMMENTS = (
    "flickr.people.findByUsername",
    "flickr.people.getPhotos",
    "flickr.photos.getSizes",
    "flickr.photos.comments.getList",
)
SCAN = {FIND: 1, LIST: 2}
"""The calls of a full scan of one page: the name, the page, and the count at its end."""
DAY = 86_400
START = 1_780_000_000


class Clock:
    """The clock of Flickr's answers."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self.now


@asynccontextmanager
async def mirroring_with(clock: Clock, root: Path, count: int = 20) -> AsyncIterator[Run]:
    """Open a simulated Flickr with this clock, and a mirror of it."""
    async with SimulatedFlickr(SimulatedPhotostream(count), clock=clock) as flickr:
        yield Run(flickr, root)


def states(root: Path) -> dict[str, tuple[int, int]]:
    """Return the inode and the time of each file, which change with each write."""
    return {
        name: ((root / name).stat().st_ino, (root / name).stat().st_mtime_ns) for name in sorted(tree(root))
    }


def written(before: dict[str, tuple[int, int]], root: Path) -> set[str]:
    """Return the names of files that are rewritten, new, or missing since `before`."""
    after = states(root)
    return {
        name.rpartition("/")[2]
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }


def file_name(photo_id: str, extension: str = "json") -> str:
    """Return the name of a photo's file."""
    return f"{inventory_number(photo_id)}.{extension}"


def marked(run: Run) -> set[str]:
    """Return the ids of the photos that the mirror has marked as gone."""
    with Catalogue(run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
        return set(catalogue.gone_photos.ids(1000))


def trash(run: Run) -> set[str]:
    """Return the files in the trash, by their path below it."""
    folder = run.root / run.stream.username / ".flickr_mirror" / "trash"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def in_trash(run: Run, *names: tuple[str, str]) -> set[str]:
    """Return the paths in the trash of files of photos, by id and extension."""
    folder = run.root / run.stream.username
    return {str(run.path(photo_id, extension).relative_to(folder)) for photo_id, extension in names}


async def rerun(run: Run, **options: Any) -> MirrorReport:
    """Reset the counters, and run once more."""
    run.flickr.reset_counters()
    return await run(**options)


# Without changes


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_a_full_scan_without_changes_fetches_nothing(tmp_path: Path, strategy: CachingStrategy) -> None:
    """A full scan of an unchanged photostream costs the listing, and writes no file."""
    mix = Mix(dict.fromkeys((kind for kind in Kind if kind is not Kind.NOT_READY), 1))
    async with mirroring(tmp_path, 24, mix=mix, commented=0.5) as run:
        await run(info_level=2, strategy=strategy)
        before = states(tmp_path)
        report = await rerun(run, info_level=2, strategy=strategy, full_scan=True)
        assert report.scanned
        assert (report.new, report.updated, report.gone, report.images, report.infos) == (0, 0, 0, 0, 0)
        assert run.flickr.calls == SCAN
        assert not run.flickr.requests
        assert written(before, tmp_path) == set()
        assert run.notices == ""
        assert not run.events_of(PhotoUpdated)


@pytest.mark.parametrize(("strategy", "pages"), [(CachingStrategy.FIFO, 11), (CachingStrategy.LIFO, 12)])
async def test_a_full_scan_costs_a_call_for_each_page(
    tmp_path: Path, strategy: CachingStrategy, pages: int
) -> None:
    """A full scan requests each page, and the count once more; newest first, pages share a photo."""
    async with mirroring(tmp_path, 101) as other:
        run = PagedRun(other.flickr, tmp_path)
        await run(image_only=True, strategy=strategy)
        report = await rerun(run, image_only=True, strategy=strategy, full_scan=True)
        assert report.scanned
        assert run.flickr.calls == {FIND: 1, LIST: pages + 1}
        assert report.calls == run.flickr.calls
        assert not run.flickr.requests


async def test_photos_that_are_gone_do_not_count_as_skipped(tmp_path: Path) -> None:
    async with mirroring(tmp_path, 20, commented=0) as run:
        await run()
        run.stream.delete(run.stream.ids[3])
        run.stream.edit(run.stream.ids[4], title="Edited")
        report = await run(full_scan=True)
        assert (report.gone, report.updated, report.skipped, report.mirrored) == (1, 1, 18, 19)


async def test_a_full_scan_may_be_the_first_run(tmp_path: Path) -> None:
    """A new mirror that begins with a full scan is complete after it."""
    async with mirroring(tmp_path, 20) as run:
        report = await run(full_scan=True)
        assert (report.scanned, report.new, report.images, report.gone) == (True, 20, 20, 0)
        assert run.flickr.calls[LIST] == 2


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_uploads_and_deletions_during_a_full_scan_are_no_losses(
    tmp_path: Path, strategy: CachingStrategy
) -> None:
    """Uploads and deletions while the photostream is listed do not count as lost, and the next run handles them."""
    async with mirroring(tmp_path, 40) as run:
        await run(strategy=strategy)
        uploaded: list[str] = []
        deleted = run.stream.ids[7]

        async def intercept(request: web.Request) -> None:
            if request.query.get("method") == LIST and not uploaded:
                uploaded.extend(run.stream.upload(3))
                run.stream.delete(deleted)

        run.flickr.intercept = intercept
        report = await run(strategy=strategy, full_scan=True)
        assert report.scanned
        assert [event.photo_id for event in run.events_of(PhotoGone)] == [deleted]
        await run(strategy=strategy)
        assert {photo_id for photo_id in run.stream.ids if run.path(photo_id).exists()} == set(run.stream.ids)
        assert marked(run) == {deleted}


# Edits


async def test_only_edited_photos_are_rewritten(tmp_path: Path) -> None:
    """A new title, description, tags or date is in the information file; no other file is rewritten."""
    async with mirroring(tmp_path, 12, commented=0) as run:
        await run(info_level=1)
        before = states(tmp_path)
        title, description, tags, taken = run.stream.ids[:4]
        run.stream.edit(title, title="Sài Gòn 1968 – Đường Tự Do")
        run.stream.edit(description, description="A street in the morning, seen from the hotel.")
        run.stream.edit(tags, tags="saigon catinat")
        run.stream.edit(taken, taken="1968-02-01 00:00:00")
        report = await rerun(run, info_level=1, full_scan=True)
        assert (report.updated, report.new, report.gone, report.images, report.infos) == (4, 0, 0, 0, 4)
        edited = {title, description, tags, taken}
        assert {event.photo_id: event.what for event in run.events_of(PhotoUpdated)} == dict.fromkeys(
            edited, ("text",)
        )
        assert written(before, tmp_path) == {file_name(photo_id) for photo_id in edited}
        texts = infos(tmp_path)
        assert texts[title]["title"]["content"] == "Sài Gòn 1968 – Đường Tự Do"
        assert texts[description]["description"]["content"].startswith("A street in the morning")
        assert texts[tags]["flickr"]["tags"] == ["saigon", "catinat"]
        assert texts[taken]["flickr"]["dates"]["taken"] == "1968-02-01 00:00:00"
        assert run.flickr.calls == SCAN
        assert not run.flickr.requests
        assert (await run(info_level=1, full_scan=True)).updated == 0


async def test_an_ordinary_run_finds_edits_of_the_newest_photos_only(tmp_path: Path) -> None:
    """Photos on the one page of an ordinary run are refreshed; an edit of an older photo needs a full scan."""
    async with mirroring(tmp_path, 40, commented=0) as other:
        run = PagedRun(other.flickr, tmp_path)
        await run()
        new, old = run.stream.ids[3], run.stream.ids[30]
        for photo_id in (new, old):
            run.stream.edit(photo_id, title="Huế 1968")
        report = await rerun(run)
        assert report.updated == 1
        assert run.flickr.calls == {FIND: 1, LIST: 1}
        assert infos(tmp_path)[new]["title"]["content"] == "Huế 1968"
        assert infos(tmp_path)[old]["title"]["content"] != "Huế 1968"
        assert (await run(full_scan=True)).updated == 1
        assert infos(tmp_path)[old]["title"]["content"] == "Huế 1968"


async def test_new_comments_cost_a_call_for_their_photo(tmp_path: Path) -> None:
    """Only the photo with a new comment needs a call."""
    async with mirroring(tmp_path, 12, commented=0.5) as run:
        await run(info_level=2)
        before = states(tmp_path)
        first, second = sorted(
            run.stream.ids, key=lambda photo_id: len(infos(tmp_path)[photo_id]["comments"])
        )[::11]
        texts = {
            photo_id: [comment["content"] for comment in infos(tmp_path)[photo_id]["comments"]]
            for photo_id in (first, second)
        }
        assert not texts[first]
        assert texts[second]
        run.stream.add_comment(first, "My father stood there in 1968.")
        run.stream.add_comment(second, "Ảnh đẹp quá!")
        report = await rerun(run, info_level=2, full_scan=True)
        assert (report.updated, report.infos, report.images) == (2, 2, 0)
        assert {event.what for event in run.events_of(PhotoUpdated)} == {("comments",)}
        assert run.flickr.calls == {**SCAN, COMMENTS: 2}
        found = {
            photo_id: [comment["content"] for comment in infos(tmp_path)[photo_id]["comments"]]
            for photo_id in (first, second)
        }
        assert found == {
            first: ["My father stood there in 1968."],
            second: [*texts[second], "Ảnh đẹp quá!"],
        }
        assert written(before, tmp_path) == {file_name(first), file_name(second)}


async def test_unchanged_information_is_not_rewritten(tmp_path: Path) -> None:
    """If only the time of the last update changed, the comments are requested, and no file is written."""
    async with mirroring(tmp_path, 12, commented=1.0) as run:
        await run(info_level=2)
        before = states(tmp_path)
        touched = run.stream.ids[5]
        run.stream.edit(touched, title=run.stream.photo(touched).title)
        await rerun(run, info_level=2, full_scan=True)
        assert run.flickr.calls == {**SCAN, COMMENTS: 1}
        assert written(before, tmp_path) == set()


async def test_a_comment_noticed_at_a_lower_level_is_not_lost(tmp_path: Path) -> None:
    """A full scan at a lower level costs no call for comments; the next run at level 2 fetches the new one."""
    async with mirroring(tmp_path, 12, commented=1.0) as run:
        await run(info_level=2)
        before = tree(tmp_path)
        commented = run.stream.ids[5]
        run.stream.add_comment(commented, "Ảnh đẹp quá!")
        report = await rerun(run, info_level=0, full_scan=True)
        assert (report.updated, run.flickr.calls) == (0, SCAN)
        assert tree(tmp_path) == before
        await rerun(run, info_level=2)
        assert run.flickr.calls == {FIND: 1, LIST: 1, COMMENTS: 1}
        assert infos(tmp_path)[commented]["comments"][-1]["content"] == "Ảnh đẹp quá!"


async def test_a_run_for_images_records_edits_for_later(tmp_path: Path) -> None:
    """The next run for information writes an edit that a run for images listed."""
    async with mirroring(tmp_path, 12) as run:
        await run()
        edited = run.stream.ids[3]
        run.stream.edit(edited, title="Huế 1968")
        await run(image_only=True, full_scan=True)
        await rerun(run)
        assert run.flickr.calls == {FIND: 1, LIST: 1}
        assert infos(tmp_path)[edited]["title"]["content"] == "Huế 1968"


# Images


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_a_replaced_image_is_fetched(tmp_path: Path, strategy: CachingStrategy) -> None:
    """The new image replaces the old one; no byte of the others is fetched."""
    async with mirroring(tmp_path, 12) as run:
        await run(strategy=strategy)
        replaced = run.stream.ids[4]
        before, old = states(tmp_path), run.path(replaced).read_bytes()
        run.stream.replace_image(replaced)
        report = await rerun(run, full_scan=True, strategy=strategy)
        assert (report.updated, report.images) == (1, 1)
        assert [event.what for event in run.events_of(PhotoUpdated)] == [("image",)]
        assert run.path(replaced).read_bytes() == run.flickr.file(replaced) != old
        assert run.flickr.requests == {replaced: 1}
        assert run.flickr.calls == SCAN
        assert written(before, tmp_path) == {file_name(replaced, "jpg")}
        assert not (await rerun(run, full_scan=True, strategy=strategy)).images


@pytest.mark.slow
async def test_an_image_in_another_format_leaves_one_file(tmp_path: Path) -> None:
    """A JPEG that was replaced by a PNG is removed after the PNG is stored, and vice versa."""
    async with mirroring(tmp_path, 12) as run:
        photo_id = run.stream.ids[4]
        await run()
        for kind, new, old in (
            (Kind.PNG, "png", "jpg"),
            (Kind.GIF, "gif", "png"),
            (Kind.PLAIN, "jpg", "gif"),
        ):
            run.stream.replace_image(photo_id)
            run.stream.edit(photo_id, kind=kind)
            answering(run, photo_id, lambda: web.Response(status=503), forever=True)
            assert [failure.photo_id for failure in (await run(full_scan=True)).failures] == [photo_id]
            assert run.path(photo_id, old).exists()
            assert not run.path(photo_id, new).exists()
            run.flickr.intercept = None
            age_failures(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")
            assert (await run()).images == 1
            assert run.path(photo_id, new).read_bytes() == run.flickr.file(photo_id)
            assert not run.path(photo_id, old).exists()
        assert len(tree(tmp_path)) == 24


async def test_the_old_file_stays_until_the_new_one_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo always has a complete file: the old one is removed after the new one has its name."""
    async with mirroring(tmp_path, 3) as run:
        photo_id = run.stream.ids[1]
        await run()
        run.stream.replace_image(photo_id)
        run.stream.edit(photo_id, kind=Kind.PNG)
        seen: list[bytes] = []
        remove = os.unlink

        def unlink(name: str, *, dir_fd: int | None = None) -> None:
            if name == run.path(photo_id).name:
                seen.append(run.path(photo_id, "png").read_bytes())
            remove(name, dir_fd=dir_fd)

        monkeypatch.setattr("flickr_mirror.storage.filesystem.os.unlink", unlink)
        await run(full_scan=True)
        assert seen == [run.flickr.file(photo_id)]
        assert not run.path(photo_id).exists()


async def test_larger_sizes_that_became_available_are_fetched(tmp_path: Path) -> None:
    """If an owner allows the originals, they are fetched, and the JSON files name their size."""
    async with mirroring(tmp_path, 8, mix=Mix.FREE) as run:
        await run()
        before = states(tmp_path)
        allowed = run.stream.ids[2:4]
        for photo_id in allowed:
            run.stream.edit(photo_id, kind=Kind.LARGE)
        report = await rerun(run, full_scan=True)
        assert (report.updated, report.images) == (2, 2)
        assert run.flickr.calls == SCAN
        assert set(run.flickr.requests) == set(allowed)
        for photo_id in allowed:
            assert run.path(photo_id).read_bytes() == run.flickr.file(photo_id)
            size = infos(tmp_path)[photo_id]["flickr"]["size"]
            assert (size["label"], size["width"], size["height"]) == (
                "Original",
                *run.stream.photo(photo_id).best_dims,
            )
        names = {file_name(photo_id, extension) for photo_id in allowed for extension in ("jpg", "json")}
        assert written(before, tmp_path) == names


async def test_a_withdrawn_size_removes_no_file(tmp_path: Path) -> None:
    """If an owner forbids the originals, the mirror stays the same."""
    async with mirroring(tmp_path, 8, mix=Mix({Kind.LARGE: 1})) as run:
        await run()
        before = states(tmp_path)
        for photo_id in run.stream.ids:
            run.stream.edit(photo_id, kind=Kind.LIMITED)
        report = await rerun(run, full_scan=True)
        assert (report.updated, report.images) == (0, 0)
        assert not run.flickr.requests
        assert written(before, tmp_path) == set()


async def test_a_run_for_information_records_a_replaced_image_for_later(tmp_path: Path) -> None:
    """An image that was replaced between two runs for information is fetched by the next one for images."""
    async with mirroring(tmp_path, 8) as run:
        await run()
        replaced = run.stream.ids[4]
        run.stream.replace_image(replaced)
        await rerun(run, info_only=True, full_scan=True)
        assert not run.flickr.requests
        report = await rerun(run)
        assert (report.images, report.adopted) == (1, 0)
        assert run.path(replaced).read_bytes() == run.flickr.file(replaced)


async def test_a_replaced_film_is_fetched(tmp_path: Path) -> None:
    """The new poster and the new film of a replaced video are fetched."""
    async with mirroring(tmp_path, 5, mix=Mix({Kind.VIDEO: 1})) as run:
        await run()
        playing = [photo_id for photo_id in run.stream.ids if run.path(photo_id, "mp4").exists()]
        run.stream.replace_image(playing[0])
        report = await rerun(run, full_scan=True)
        assert report.updated == 1
        assert set(run.flickr.requests) == {playing[0]}
        assert run.path(playing[0], "mp4").read_bytes() == run.flickr.file(playing[0])


async def test_unavailable_photos_are_tried_again(tmp_path: Path) -> None:
    """A full scan tries refused photos once more, and does not report them again if they fail."""
    async with mirroring(tmp_path, 12) as run:
        refused = run.stream.ids[4]
        answering(run, f"/{refused}_", lambda: web.Response(status=404), forever=True)
        assert len((await run()).failures) == 1
        report = await rerun(run)
        assert (report.unavailable, report.failures, run.flickr.calls[SIZES]) == (1, [], 0)
        report = await rerun(run, full_scan=True)
        assert (report.unavailable, report.failures) == (1, [])
        assert run.flickr.calls == {**SCAN, SIZES: 1}
        run.flickr.intercept = None
        assert (await rerun(run)).images == 0
        report = await rerun(run, full_scan=True)
        assert (report.images, report.unavailable, report.failures) == (1, 0, [])
        assert run.path(refused).read_bytes() == run.flickr.file(refused)


# Photos that appear


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_photos_made_public_later_are_found(tmp_path: Path, strategy: CachingStrategy) -> None:
    """Old photos made public are found where Flickr counts more than are known, without a full scan."""
    async with mirroring(tmp_path, 200) as other:
        run = PagedRun(other.flickr, tmp_path)
        late = [run.stream.ids[25], run.stream.ids[171]]
        for photo_id in late:
            run.stream.hide(photo_id)
        await run(strategy=strategy)
        for photo_id in late:
            run.stream.publish(photo_id)
        report = await rerun(run, strategy=strategy)
        assert (report.new, report.images, report.infos, report.unlisted) == (2, 2, 2, 0)
        assert {event.photo_id for event in run.events_of(PhotoFound)} == set(late)
        assert set(run.flickr.requests) == set(late)
        assert all(run.path(photo_id).exists() for photo_id in late)
        assert run.flickr.calls[LIST] <= 16  # of 21 pages
        assert run.notices == ""
        await rerun(run, strategy=strategy)
        assert run.flickr.calls == {FIND: 1, LIST: 1}


async def test_photos_that_are_counted_but_never_listed_are_assumed_hidden(tmp_path: Path) -> None:
    """Two photos that Flickr counts in total, but in no part: three runs report them, then they count as hidden."""
    async with mirroring(tmp_path, 40) as run:
        await run()
        asked: list[object] = []

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != LIST or "min_upload_date" in request.query:
                return None
            asked.append(request.query)
            answer = run.flickr.call(**request.query)
            if int(request.query["max_upload_date"]) > run.stream.photo(run.stream.ids[0]).uploaded:
                answer["photos"]["total"] = int(answer["photos"]["total"]) + 2
            return web.json_response(answer)

        run.flickr.intercept = intercept
        for _ in range(2):
            report = await run()
            assert (report.unlisted, code_of(report)) == (2, 3)
            assert "2 photos more than it lists, without an upload time" in run.notices
        report = await run()
        assert (report.unlisted, code_of(report)) == (0, 0)
        assert "hidden" in run.notices
        asked.clear()
        report = await rerun(run)
        assert (report.unlisted, run.notices, len(asked)) == (0, "", 1)


@pytest.mark.parametrize("days", [20, -10_000])
async def test_a_changed_upload_date_does_not_mark_a_photo_as_gone(tmp_path: Path, days: int) -> None:
    """A photo with another upload date is neither gone nor new: its JSON file is rewritten, its image stays."""
    async with mirroring(tmp_path, 12) as run:
        await run()
        before = states(tmp_path)
        moved = run.stream.ids[5]
        uploaded = run.stream.photo(moved).uploaded + days * DAY
        run.stream.redate(moved, uploaded)
        report = await rerun(run, full_scan=True)
        assert (report.new, report.gone, report.updated, report.images) == (0, 0, 1, 0)
        assert infos(tmp_path)[moved]["flickr"]["dates"]["uploaded"] == uploaded
        assert written(before, tmp_path) == {file_name(moved)}
        assert run.flickr.calls == SCAN


# Gone photos


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_gone_photos_keep_their_files(tmp_path: Path, strategy: CachingStrategy) -> None:
    """Deleted and private photos are reported once, counted and marked; their files stay."""
    async with mirroring(tmp_path, 20) as run:
        await run(strategy=strategy)
        before = states(tmp_path)
        deleted, hidden = run.stream.ids[3], run.stream.ids[11]
        run.stream.delete(deleted)
        run.stream.hide(hidden)
        report = await rerun(run, full_scan=True, strategy=strategy)
        assert (report.gone, report.scanned, report.new, report.updated) == (2, True, 0, 0)
        assert {event.photo_id for event in run.events_of(PhotoGone)} == {deleted, hidden} == marked(run)
        assert written(before, tmp_path) == set()
        # one call to confirm that there are fewer photos, and one for each of them
        assert run.flickr.calls == {FIND: 1, LIST: 3, SIZES: 2}
        for full_scan in (False, True):
            report = await run(full_scan=full_scan, strategy=strategy, info_level=1)
            assert (report.gone, report.unavailable, report.failures) == (0, 0, [])
            assert not run.events_of(PhotoGone)
            assert run.notices == ""
        assert marked(run) == {deleted, hidden}
        run.stream.publish(hidden)
        report = await rerun(run, full_scan=True, strategy=strategy)
        assert (report.new, report.images, marked(run)) == (0, 0, {deleted})


async def test_an_ordinary_run_reports_missing_photos(tmp_path: Path) -> None:
    """A lower count is reported once; only a full scan finds which photo was deleted."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        run.stream.delete(run.stream.ids[3])
        report = await run()
        assert report.gone == 0
        assert "1 photo fewer" in run.notices
        await run()
        assert run.notices == ""
        assert (await run(full_scan=True)).gone == 1


async def test_a_photo_deleted_before_its_download_does_not_fail_the_run(tmp_path: Path) -> None:
    """A photo that failed, and is gone by the next full scan, is not reported as failed any more."""
    async with mirroring(tmp_path, 20) as run:
        bad = run.stream.ids[3]
        answering(run, f"/{bad}_", lambda: web.Response(status=503), forever=True)
        assert len((await run()).failures) == 1
        run.stream.delete(bad)
        report = await rerun(run, full_scan=True)
        assert (report.gone, report.failures, report.unavailable) == (1, [], 0)
        age_failures(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")
        report = await rerun(run)
        assert (report.failures, run.flickr.calls) == ([], {FIND: 1, LIST: 1})


async def test_a_listing_that_shrank_is_ignored(tmp_path: Path) -> None:
    """If more than a tenth is missing, that is reported, and nothing is marked or moved to the trash."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        before = states(tmp_path)
        missing = run.stream.ids[5:8]
        for photo_id in missing:
            run.stream.hide(photo_id)
        report = await run(full_scan=True, prune=True)
        assert (report.gone, report.pruned, report.scanned, marked(run)) == (0, 0, False, set())
        assert "3 photos" in run.notices
        assert "--accept-loss" in run.notices
        assert written(before, tmp_path) == set()
        report = await run(full_scan=True, accept_loss=True)
        assert (report.gone, report.scanned, marked(run)) == (3, True, set(missing))
        assert run.notices == ""
        assert written(before, tmp_path) == set()


async def test_an_empty_photostream_ends_the_run(tmp_path: Path) -> None:
    """An owner who hides everything, or an empty answer, ends the run, even with --accept-loss."""
    async with mirroring(tmp_path, 5) as run:
        await run()
        before = states(tmp_path)
        for photo_id in run.stream.ids:
            run.stream.hide(photo_id)
        with pytest.raises(PhotostreamError, match="The mirrored photos are kept"):
            await run(full_scan=True, prune=True, accept_loss=True)
        assert marked(run) == set()
        assert written(before, tmp_path) == set()


# How often


async def test_full_scans_run_when_they_are_due(tmp_path: Path) -> None:
    """With --full-scan-every, a run is a full scan if the last one is that old; otherwise it takes two calls."""
    clock = Clock()
    async with mirroring_with(clock, tmp_path) as run:
        every = {"full_scan_every": 30 * DAY}
        assert not (await run(**every)).scanned  # the first run lists everything anyway
        clock.now += 30 * DAY - 1
        assert not (await rerun(run, **every)).scanned
        assert run.flickr.calls == {FIND: 1, LIST: 1}
        clock.now += 1
        assert (await rerun(run, **every)).scanned
        assert run.flickr.calls == SCAN
        clock.now += 30 * DAY - 1
        assert not (await run(**every)).scanned
        clock.now += 1
        assert (await run(**every)).scanned


async def test_a_requested_full_scan_postpones_the_next_one(tmp_path: Path) -> None:
    """The age counts from the last full scan, scheduled or requested."""
    clock = Clock()
    async with mirroring_with(clock, tmp_path) as run:
        await run()
        clock.now += 20 * DAY
        assert (await run(full_scan=True)).scanned
        clock.now += 20 * DAY
        assert not (await run(full_scan_every=30 * DAY)).scanned
        clock.now += 10 * DAY
        assert (await run(full_scan_every=30 * DAY)).scanned


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_an_interrupted_full_scan_continues_where_it_stopped(
    tmp_path: Path, strategy: CachingStrategy
) -> None:
    """A full scan that lost its connection is continued, and finds gone photos in the rest."""
    async with mirroring(tmp_path, 60) as other:
        run = PagedRun(other.flickr, tmp_path)
        await run(image_only=True)
        deleted = {run.stream.ids[2], run.stream.ids[50]}
        for photo_id in deleted:
            run.stream.delete(photo_id)

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") == LIST and run.flickr.calls[LIST] > 4:
                return web.Response(status=503)
            return None

        run.flickr.intercept = intercept
        with pytest.raises(TransportError, match="503"):
            await rerun(run, image_only=True, full_scan=True, strategy=strategy)
        assert marked(run) == set()
        run.flickr.intercept = None
        report = await rerun(run, image_only=True, full_scan=True, strategy=strategy)
        assert report.scanned
        assert {event.photo_id for event in run.events_of(PhotoGone)} == deleted == marked(run)
        assert run.flickr.calls[LIST] <= 8  # of 9 or 10


# The trash


async def test_pruning_moves_gone_photos_to_the_trash(tmp_path: Path) -> None:
    """Image and information of a gone photo have the same paths in the trash; no other file moves."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        before = states(tmp_path)
        deleted = run.stream.ids[3]
        image, info = run.path(deleted).read_bytes(), run.path(deleted, "json").read_bytes()
        run.stream.delete(deleted)
        report = await run(full_scan=True, prune=True)
        assert (report.gone, report.pruned) == (1, 2)
        assert trash(run) == in_trash(run, (deleted, "jpg"), (deleted, "json"))
        assert written(before, tmp_path) == {file_name(deleted, "jpg"), file_name(deleted)}
        assert not run.path(deleted).exists()
        folder = tmp_path / run.stream.username
        in_trash_now = folder / ".flickr_mirror" / "trash" / run.path(deleted).relative_to(folder)
        assert in_trash_now.read_bytes() == image
        assert in_trash_now.with_suffix(".json").read_bytes() == info
        report = await run(full_scan=True, prune=True)
        assert (report.gone, report.pruned, report.known) == (0, 0, 19)


async def test_pruning_moves_the_film_too(tmp_path: Path) -> None:
    """The poster, the film and the information of a video are moved together; so is a PNG."""
    async with mirroring(tmp_path, 20, mix=Mix({Kind.VIDEO: 1, Kind.PNG: 1})) as run:
        await run()
        film = next(photo_id for photo_id in run.stream.ids if run.path(photo_id, "mp4").exists())
        png = next(photo_id for photo_id in run.stream.ids if run.path(photo_id, "png").exists())
        for photo_id in (film, png):
            run.stream.delete(photo_id)
        assert (await run(full_scan=True)).gone == 2
        assert (await run(full_scan=True, prune=True)).pruned == 5
        names = [(film, "jpg"), (film, "mp4"), (film, "json"), (png, "png"), (png, "json")]
        assert trash(run) == in_trash(run, *names)


async def test_pruning_moves_an_unrecorded_file(tmp_path: Path) -> None:
    """A killed run left an image without a row; if its photo is gone, the image is moved to the trash."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        gone = run.stream.ids[3]
        run.path(gone, "png").write_bytes(run.path(gone).read_bytes())
        run.stream.delete(gone)
        report = await run(full_scan=True, prune=True)
        assert report.pruned == 3
        assert trash(run) == in_trash(run, (gone, "jpg"), (gone, "png"), (gone, "json"))


async def test_nothing_is_pruned_without_the_option(tmp_path: Path) -> None:
    """Full scans without `prune`, and other runs with it, do not move gone photos."""
    clock = Clock()
    async with mirroring_with(clock, tmp_path) as run:
        await run()
        before = states(tmp_path)
        run.stream.delete(run.stream.ids[3])
        assert (await run(full_scan=True)).gone == 1
        report = await run(full_scan_every=DAY, prune=True)
        assert (report.scanned, report.pruned) == (False, 0)
        assert written(before, tmp_path) == set()
        clock.now += DAY
        assert (await run(full_scan_every=DAY, prune=True)).pruned == 2


async def test_nothing_is_pruned_when_a_photo_failed(tmp_path: Path) -> None:
    """A run with failures moves no file, and states why; the next complete one does."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        deleted, (new,) = run.stream.ids[3], run.stream.upload()
        run.stream.delete(deleted)
        answering(run, f"/{new}_", lambda: web.Response(status=503), forever=True)
        report = await run(full_scan=True, prune=True)
        assert (report.gone, report.pruned, len(report.failures)) == (1, 0, 1)
        assert "Nothing was moved to the trash" in run.notices
        assert run.path(deleted).exists()
        run.flickr.intercept = None
        age_failures(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")
        report = await run(full_scan=True, prune=True)
        assert (report.pruned, report.failures) == (2, [])
        assert not run.path(deleted).exists()


async def test_unavailable_photos_do_not_prevent_pruning(tmp_path: Path) -> None:
    """A photo that was reported as unavailable earlier does not prevent pruning."""
    async with mirroring(tmp_path, 20) as run:
        answering(run, f"/{run.stream.ids[7]}_", lambda: web.Response(status=404), forever=True)
        await run()
        run.stream.delete(run.stream.ids[3])
        report = await run(full_scan=True, prune=True)
        assert (report.pruned, report.unavailable) == (2, 1)


async def test_nothing_is_pruned_when_the_scan_is_short(tmp_path: Path) -> None:
    """A page that is short twice proves no loss: nothing is marked or moved, and that is reported."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        before = states(tmp_path)
        kept_back = run.stream.ids[3]

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("method") != LIST:
                return None
            answer = run.flickr.call(**request.query)
            answer["photos"]["photo"] = [
                photo for photo in answer["photos"]["photo"] if photo["id"] != kept_back
            ]
            return web.json_response(answer)

        run.flickr.intercept = intercept
        report = await run(full_scan=True, prune=True)
        assert (report.scanned, report.gone, report.pruned) == (False, 0, 0)
        assert "1 photo more than it lists" in run.notices
        assert marked(run) == set()
        assert written(before, tmp_path) == set()
        run.flickr.intercept = None
        report = await run(full_scan=True, prune=True)
        assert (report.scanned, report.gone, report.pruned, report.new) == (True, 0, 0, 0)


async def test_nothing_is_pruned_when_the_run_was_stopped(tmp_path: Path) -> None:
    """A stopped run moves no file, although its full scan is complete."""
    async with mirroring(tmp_path, 60) as run:
        await run()
        deleted = run.stream.ids[3]
        run.stream.delete(deleted)
        for photo_id in run.stream.ids:
            run.stream.replace_image(photo_id)
        mirrors: list[PhotostreamMirror] = []

        def observe(event: object) -> None:
            if isinstance(event, ImageCached):
                mirrors[0].stop(5)

        mirrors.append(run.mirror(observe, full_scan=True, prune=True))
        report = await mirrors[0].run()
        assert not report.complete
        assert report.pruned == 0
        assert run.path(deleted).exists()


async def test_a_photo_that_returns_after_pruning_is_mirrored_anew(tmp_path: Path) -> None:
    """A photo that is public again is fetched; if it is gone again, the trash keeps both copies."""
    async with mirroring(tmp_path, 20) as run:
        await run()
        hidden = run.stream.ids[3]
        run.stream.hide(hidden)
        assert (await run(full_scan=True, prune=True)).pruned == 2
        run.stream.publish(hidden)
        report = await rerun(run, full_scan=True, prune=True)
        assert (report.new, report.images, report.pruned) == (1, 1, 0)
        assert run.path(hidden).read_bytes() == run.flickr.file(hidden)
        assert hidden in infos(tmp_path)
        run.stream.hide(hidden)
        assert (await run(full_scan=True, prune=True)).pruned == 2
        assert len(trash(run)) == 4
        assert in_trash(run, (hidden, "jpg"), (hidden, "json")) < trash(run)


@pytest.mark.parametrize("options", [{"prune": True}, {"accept_loss": True}])
def test_pruning_without_a_full_scan_is_refused(options: dict[str, Any]) -> None:
    """The error states that only a full scan finds gone photos."""
    with pytest.raises(ValueError, match="full scan"):
        MirrorOptions(**options)
    MirrorOptions(full_scan=True, **options)
    MirrorOptions(full_scan_every=60, **options)


@pytest.mark.parametrize("every", [0, -1])
def test_an_interval_of_zero_is_refused(every: float) -> None:
    """The error states the valid range."""
    with pytest.raises(ValueError, match="full_scan_every must be more than 0"):
        MirrorOptions(full_scan_every=every)
