"""Checking a mirror: broken files, and only these, are found, moved aside, and restored by the next run."""

from __future__ import annotations

import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import web

from flickr_mirror import CacheLockedError, CheckReport, PhotostreamError, check_mirror
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.engine.check import check_files
from flickr_mirror.models.events import Checked, FileBroken
from flickr_mirror.simulator import Kind, Mix
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.mirror_folder import MirrorFolder
from tests.support.command import infos, tree
from tests.support.mirroring import Run, answering, mirroring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror import Event

pytestmark = pytest.mark.usefixtures("one_language")


async def check(run: Run, **options: Any) -> CheckReport:
    """Check the mirror of a run."""
    return await check_mirror(run.stream.username, run.root, **options)


def catalogue_of(run: Run) -> sqlite3.Connection:
    """Open the catalogue of a mirror directly."""
    return sqlite3.connect(run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite")


async def test_an_intact_mirror_has_no_broken_files(tmp_path: Path) -> None:
    """Images, films and information are checked, each once, without a call."""
    async with mirroring(tmp_path, 12, mix=Mix({Kind.PLAIN: 3, Kind.VIDEO: 1})) as run:
        await run(info_level=1)
        files = tree(tmp_path)
        run.flickr.reset_counters()
        report = await check(run)
        assert (report.files, report.broken, report.complete) == (len(files), [], True)
        assert report.bytes == sum((tmp_path / name).stat().st_size for name in files)
        assert (report.username, report.user_id) == (run.stream.username, run.stream.nsid)
        assert not run.flickr.calls
        assert not run.flickr.requests


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def link(path: Path) -> None:
    """Replace a file by a link to the same bytes."""
    copy = path.parents[4] / "elsewhere.jpg"
    path.rename(copy)
    path.symlink_to(copy)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a flipped bit": flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "an HTML page": lambda path: path.write_text("<html>sorry</html>"),
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "a link": link,
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_broken_image_is_named_and_fetched_again(tmp_path: Path, damage: str) -> None:
    """Row 61: a broken file is found by its size or its SHA-256, moved aside, and fetched by the next run."""
    async with mirroring(tmp_path, 8) as run:
        await run()
        before = tree(tmp_path)
        path = run.path(run.stream.ids[3])
        DAMAGE[damage](path)
        report = await check(run)
        assert [(found.path, found.kind, found.photo_id) for found in report.broken] == [
            (path, "image", run.stream.ids[3])
        ]
        assert not path.exists()
        assert ((await check(run)).broken, (await check(run)).waiting) == ([], 1)
        if damage in ("cut", "an HTML page", "empty"):
            assert "bytes, and had" in report.broken[0].reason
        run.flickr.reset_counters()
        assert (await run()).images == 1
        assert (run.flickr.requests.total(), run.path(run.stream.ids[3]).is_symlink()) == (1, False)
        assert {name: tree(tmp_path)[name] for name in before} == before
        report = await check(run)
        assert (report.broken, report.waiting) == ([], 0)


@pytest.mark.parametrize(("level", "calls"), [(1, 2), (2, 3)])
async def test_broken_information_is_written_again(tmp_path: Path, level: int, calls: int) -> None:
    """A changed information file is found, and written again with a call for its comments only."""
    async with mirroring(tmp_path, 6, commented=1.0) as run:
        await run(info_level=level)
        before = tree(tmp_path)
        path = run.path(run.stream.ids[0], "json")
        path.write_bytes(path.read_bytes().replace(b'"title"', b'"tltle"'))
        report = await check(run)
        assert [(found.path, found.kind) for found in report.broken] == [(path, "info")]
        run.flickr.reset_counters()
        assert (await run(info_level=level)).api_calls == calls
        assert tree(tmp_path) == before
        assert not run.flickr.requests


async def test_an_image_that_flickr_serves_damaged_is_kept(tmp_path: Path) -> None:
    """An image that cannot be decoded is fetched once more; if the same bytes come again, it is kept."""
    async with mirroring(tmp_path, 3, mix=Mix({Kind.PNG: 1})) as run:
        odd = run.stream.ids[1]
        damaged = bytearray(run.flickr.file(odd))
        damaged[len(damaged) // 2] ^= 1
        body = bytes(damaged)
        answering(run, odd, lambda: web.Response(body=body, content_type="image/png"), forever=True)
        path = run.path(odd, "png")
        await run()
        assert path.read_bytes() == body
        (found,) = (await check(run)).broken
        assert found.photo_id == odd
        assert (await run()).images == 1
        assert (await check(run)).broken == []
        flip(path)
        assert len((await check(run)).broken) == 1


async def test_the_last_copy_of_a_photo_is_not_moved(tmp_path: Path) -> None:
    """A broken file of a photo that is gone from Flickr is reported and not moved, because it is the only copy."""
    async with mirroring(tmp_path, 12) as run:
        await run()
        gone = run.stream.ids[5]
        run.stream.delete(gone)
        assert (await run(full_scan=True)).gone == 1
        run.path(gone).write_bytes(b"half")
        (found,) = (await check(run)).broken
        assert (found.photo_id, found.comes_again) == (gone, False)
        assert "does not have it any more" in found.text
        assert run.path(gone).read_bytes() == b"half"
        assert (await run()).images == 0


async def test_the_shares_of_a_mirror_are_complete(tmp_path: Path) -> None:
    """Row 62: each file belongs to exactly one of n shares, always the same."""
    async with mirroring(tmp_path, 40) as run:
        await run()
        for path in (run.path(photo_id) for photo_id in run.stream.ids):
            path.write_bytes(b"")
        counts = []
        found: list[str] = []
        for number in (1, 2, 3, 4):
            report = await check(run, part=(number, 4))
            counts.append(report.files)
            found += [broken.photo_id for broken in report.broken]
        assert sorted(found) == sorted(run.stream.ids)
        assert sum(counts) == 80
        assert min(counts) > 0


async def test_an_interrupted_check_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 62: checked files are not read again, except after a month; another share has its own position."""
    monkeypatch.setattr("flickr_mirror.engine.check.BATCH", 5)
    async with mirroring(tmp_path, 20) as run:
        await run(image_only=True)

        async def interrupt(after: int) -> CheckReport:
            report = CheckReport()
            with anyio.CancelScope() as scope:

                def observe(event: Event) -> None:
                    if isinstance(event, Checked) and event.files >= after:
                        scope.cancel()

                await check(run, observer=observe, report=report)
            return report

        lost = [run.path(photo_id) for photo_id in (run.stream.ids[0], run.stream.ids[-1])]
        for path in lost:
            path.unlink()
        first = await interrupt(10)
        assert len(first.broken) == 1
        assert (first.files, first.complete) == (10, False)
        assert (await check(run, part=(1, 1_000_000))).resumed == 0
        rest = await check(run)
        assert (rest.resumed, rest.files, rest.complete) == (10, 10, True)
        assert {found.path for found in rest.broken} == set(lost)
        await run(image_only=True, verify_image=True)
        assert (await check(run)).files == 20
        await interrupt(5)
        now = time.time()
        monkeypatch.setattr("flickr_mirror.engine.check.time.time", lambda: now + 31 * 86_400)
        assert (await check(run)).files == 20


async def test_a_check_reports_progress(tmp_path: Path) -> None:
    """An observer receives the progress of the check, and the broken files."""
    async with mirroring(tmp_path, 4) as run:
        await run()
        run.path(run.stream.ids[0]).unlink()
        events: list[Event] = []
        report = await check(run, observer=events.append)
        assert [event for event in events if isinstance(event, FileBroken)] == report.broken
        assert [event for event in events if isinstance(event, Checked)] == [Checked(8, 8)]


async def test_files_of_a_killed_run_are_not_checked(tmp_path: Path) -> None:
    """A file newer than its row, because a run was killed between the two, does not count as broken."""
    async with mirroring(tmp_path, 3) as run:
        await run()
        photo_id = run.stream.ids[0]
        with catalogue_of(run) as database:
            database.execute("UPDATE photos SET info_status = 1, image_status = 1 WHERE id = ?", (photo_id,))
        database.close()
        for extension in ("jpg", "json"):
            run.path(photo_id, extension).write_bytes(b"newer")
        report = await check(run)
        assert (report.files, report.broken) == (4, [])


async def test_a_check_needs_the_lock_of_the_mirror(tmp_path: Path) -> None:
    """While a run uses the mirror, it is not checked, because files in progress would seem broken."""
    async with mirroring(tmp_path, 1) as run:
        await run()
        lock = tmp_path / run.stream.username / ".flickr_mirror" / "lock"
        with locked(lock), pytest.raises(CacheLockedError, match="process"):
            await check(run)


async def test_a_mirror_is_found_by_any_of_its_names(tmp_path: Path) -> None:
    """The username, the NSID and the folder's name are one mirror; for another name, the error lists the mirrors."""
    async with mirroring(tmp_path, 1) as run:
        await run()
        for name in (run.stream.username, run.stream.nsid):
            assert (await check_mirror(name, tmp_path)).files == 2
        with pytest.raises(PhotostreamError, match=f"'manhai'.*{run.stream.username}"):
            await check_mirror("manhai", tmp_path)
        with pytest.raises(ValueError, match="1/n to n/n"):
            await check(run, part=(3, 2))


async def test_a_sidecar_without_available_comments_is_valid(tmp_path: Path) -> None:
    """A file that was written without comments, because Flickr refused them, is not broken."""
    async with mirroring(tmp_path, 2, commented=1.0) as run:

        async def intercept(request: web.Request) -> web.StreamResponse | None:
            if "comments" not in request.query.get("method", ""):
                return None
            return web.json_response({"stat": "fail", "code": 1, "message": "Photo not found"})

        run.flickr.intercept = intercept
        assert len((await run(info_level=2)).failures) == 2
        report = await check(run)
        assert (report.files, report.broken) == (4, [])
        assert len(infos(tmp_path)) == 2


async def test_moved_files_are_not_in_the_catalogue_after_a_loss_of_power(tmp_path: Path) -> None:
    """While files are moved away, each transaction is durable before the next step."""
    async with mirroring(tmp_path, 3) as run:
        await run()
        run.path(run.stream.ids[0]).write_bytes(b"")
        with Catalogue(tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite") as catalogue:
            cache = MirrorFolder(tmp_path / run.stream.username, 4)
            await check_files(cache, catalogue, lambda _: None, CheckReport())
            assert catalogue._database.query("PRAGMA synchronous").fetchone() == (2,)


async def test_a_check_after_a_rebuild_recommends_a_run(tmp_path: Path) -> None:
    """A rebuilt catalogue omits images that were broken before, so the check recommends a run."""
    async with mirroring(tmp_path, 5) as run:
        await run()
        run.path(run.stream.ids[0]).unlink()
        run.path(run.stream.ids[1]).write_text("<html>")
        (tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite").unlink()
        assert (await check(run)).rebuilt
        assert (await run()).images == 2
        report = await check(run)
        assert (report.rebuilt, report.files, report.broken) == (False, 10, [])


async def test_photos_pending_for_another_reason_are_not_broken(tmp_path: Path) -> None:
    """An edited title that is not mirrored, because only images are, leaves a valid file."""
    async with mirroring(tmp_path, 3) as run:
        await run(info_level=1)
        run.stream.edit(run.stream.ids[0], title="Another")
        await run(image_only=True)
        report = await check(run)
        assert (report.broken, report.waiting) == ([], 0)


async def test_files_behind_a_link_are_not_changed(tmp_path: Path) -> None:
    """Row 86: if a folder of the mirror is a link, no file behind it is moved."""
    async with mirroring(tmp_path / "cache", 6) as run:
        await run(image_only=True)
        path = run.path(run.stream.ids[0])
        folder = path.parents[3]
        outside = tmp_path / "outside"
        folder.rename(outside)
        folder.symlink_to(outside)
        moved = outside / path.relative_to(folder)
        moved.write_bytes(b"damaged")
        report = await check(run)
        assert {found.comes_again for found in report.broken} == {False}
        assert path in {found.path for found in report.broken}
        assert "is a link" in report.broken[0].text
        assert moved.read_bytes() == b"damaged"


async def test_files_that_were_moved_aside_earlier_are_kept(tmp_path: Path) -> None:
    """A file that breaks twice, and a folder with its name, are moved aside under different names."""
    async with mirroring(tmp_path, 2) as run:
        await run(image_only=True)
        path = run.path(run.stream.ids[0])
        for content in (b"first", b"second"):
            path.write_bytes(content)
            await check(run)
            await run(image_only=True)
        path.unlink()
        path.mkdir()
        assert len((await check(run)).broken) == 1
        aside = tmp_path / run.stream.username / ".flickr_mirror" / "broken"
        assert {one.read_bytes() for one in aside.iterdir() if one.is_file()} == {b"first", b"second"}
        assert [one.is_dir() for one in aside.iterdir()].count(True) == 1


async def test_an_unavailable_photo_is_retried_once(tmp_path: Path) -> None:
    """A missing file of a photo that is gone is tried once more, and then only reported."""
    async with mirroring(tmp_path, 4) as run:
        await run(image_only=True)
        gone = run.stream.ids[1]
        run.path(gone).unlink()
        run.stream.delete(gone)
        assert [found.comes_again for found in (await check(run)).broken] == [True]
        assert len((await run(image_only=True)).failures) == 1
        assert [found.comes_again for found in (await check(run)).broken] == [False]
        assert (await run(image_only=True)).failures == []


async def test_the_named_folder_is_checked(tmp_path: Path) -> None:
    """A copy of a mirror has the same owner: the folder with this name takes precedence."""
    async with mirroring(tmp_path, 2) as run:
        await run()
        name = run.stream.username
        shutil.copytree(tmp_path / name, tmp_path / f"a copy of {name}")
        run.path(run.stream.ids[0]).unlink()
        assert len((await check(run)).broken) == 1
        assert (await check_mirror(f"a copy of {name}", tmp_path)).broken == []


async def test_a_mirror_that_lost_its_owner_keeps_its_depth(tmp_path: Path) -> None:
    """Without its owner file, a mirror is as deep as its folders."""
    async with mirroring(tmp_path, 3) as run:
        await run(cache_directory_depth=2)
        before = tree(tmp_path)
        (tmp_path / run.stream.username / ".flickr_mirror" / "owner.json").unlink()
        assert (await run()).images == 0
        assert tree(tmp_path) == before
        assert (await check(run)).broken == []
