"""Forgotten photos: erased from the mirror, and not mirrored by later runs until that is undone."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any, NoReturn

import pytest
from aiohttp import web

from flickr_mirror import (
    CacheError,
    CacheLockedError,
    CachingStrategy,
    CatalogueError,
    FlickrPhoto,
    PhotoForgottenError,
    PhotostreamError,
    PlaceTakenError,
    check_mirror,
    forget_photos,
    forgotten_photos,
    undo_forget,
)
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.database import Database
from flickr_mirror.cli.commands.status import status_of
from flickr_mirror.engine.progress.engine_snapshot import EngineSnapshot
from flickr_mirror.engine.progress.run_stats import RunStats
from flickr_mirror.models.events import PhotoFound, RunPlanned, RunStarted
from flickr_mirror.simulator import Kind, Mix
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.tombstones import FILE_NAME
from tests.integration.test_power_loss import choices, cuts, put
from tests.support.command import run as run_command
from tests.support.command import tree
from tests.support.faulty_disk import Choice, Fault, FaultyDisk, PowerLoss
from tests.support.mirroring import Run, answering, mirroring
from tests.support.parameters import with_slow_rest

pytestmark = pytest.mark.usefixtures("one_language")

SMALL = {"image_dims": (48, 36), "commented": 1.0}


def state_of(run: Run) -> Path:
    """Return the folder of a mirror's state."""
    return run.root / run.stream.username / ".flickr_mirror"


@pytest.fixture
def plain_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite leave deleted rows in the file, as its default build does."""
    opened = Database._open

    def open_plainly(self: Database, *, for_reading: bool) -> None:
        opened(self, for_reading=for_reading)
        self.query("PRAGMA secure_delete = OFF")

    monkeypatch.setattr(Database, "_open", open_plainly)


async def forget(run: Run, *photo_ids: str, **options: Any) -> list[tuple[str, bool, int]]:
    """Forget photos; return for each its id, whether it was known, and its number of files."""
    report = await forget_photos(run.stream.username, photo_ids, run.root, **options)
    return [(photo.photo_id, photo.is_known, len(photo.files)) for photo in report.photos]


def of_photo(run: Run, photo_id: str) -> list[Path]:
    """Return all paths below the cache path that are named like a photo's files."""
    return sorted(run.root.rglob(f"{run.path(photo_id).stem}*"))


def holding(root: Path, *texts: str) -> list[str]:
    """Return the files below a folder that contain one of the texts, as it is or escaped as JSON."""
    needles = [form for text in texts for form in (text.encode(), json.dumps(text)[1:-1].encode())]
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


def stop(_: object) -> NoReturn:
    """Stop the process here."""
    raise KeyboardInterrupt


async def never_comes_back(run: Run, photo_id: str, **options: Any) -> None:
    """Assert that no run, scan, check or rebuild lists a photo as new, requests it or writes a file of it."""
    others = {name: sha for name, sha in tree(run.root).items() if run.path(photo_id).stem not in name}
    total = len(run.stream.ids)
    for more in ({}, {"full_scan": True}, {"verify_image": True}, {"full_scan": True, "prune": True}):
        run.flickr.reset_counters()
        report = await run(**options, **more)
        assert (report.new, report.updated, report.gone, report.failures) == (0, 0, 0, []), more
        assert (report.images, report.infos, report.complete) == (0, 0, True), more
        assert (run.notices, run.events_of(PhotoFound), run.flickr.requests[photo_id]) == ("", [], 0), more
        (plan,) = run.events_of(RunPlanned)[-1:]
        # a full scan requests the better films of other videos again
        assert (plan.photos, plan.mirrored) == (total, total) or more.get("full_scan"), more
        (started,) = run.events_of(RunStarted)
        assert started.known == started.images + started.forgotten == total
        assert not of_photo(run, photo_id), more
    assert tree(run.root) == others
    assert (await check_mirror(run.stream.username, run.root)).broken == []
    run.flickr.reset_counters()
    assert (await run(**options)).api_calls == 2
    plan = await run.mirror(**options).estimate()
    assert (plan.photos, plan.mirrored) == (total, total)


async def test_a_forgotten_photo_is_erased_and_never_mirrored_again(tmp_path: Path) -> None:
    """Its image, film and information are erased, also in trash and broken, and all other files stay."""
    mix = Mix({Kind.PLAIN: 3, Kind.VIDEO: 1})
    async with mirroring(tmp_path, 8, commented=1.0, mix=mix) as run:
        await run(info_level=2)
        photo = next(photo for photo in map(run.stream.photo, run.stream.ids) if photo.media == "video")
        photo_id, before = photo.id, tree(tmp_path)
        films = [path for path in of_photo(run, photo_id) if path.suffix not in {".jpg", ".json"}]
        assert len(films) == 1
        relative = run.path(photo_id).relative_to(tmp_path / run.stream.username)
        for copy in (
            state_of(run) / "broken" / relative.name,
            state_of(run) / "broken" / f"{relative.stem}.1.jpg",
            state_of(run) / "trash" / relative,
            state_of(run) / "trash" / relative.with_suffix(".1.json"),
        ):
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text("copy")
        other = state_of(run) / "broken" / run.path(run.stream.ids[-1]).name
        other.write_text("another photo")
        (state_of(run) / "parts" / ".0123.part").write_text("half of an image")
        assert await forget(run, photo_id, dry_run=True) == [(photo_id, True, 7)]
        assert len(of_photo(run, photo_id)) == 7
        assert await forget(run, photo_id) == [(photo_id, True, 7)]
        assert of_photo(run, photo_id) == []
        assert other.read_text() == "another photo"
        assert list((state_of(run) / "parts").iterdir()) == []
        assert tree(tmp_path).items() == {item for item in before.items() if relative.stem not in item[0]}
        database = sqlite3.connect(state_of(run) / "catalogue.sqlite")
        (row,) = database.execute("SELECT * FROM photos WHERE id = ?", (photo_id,))
        database.close()
        first = (int(photo_id), photo.uploaded, 0, *[None] * 4, 0, 8, 8, -1, row[11], 0, 0, None)
        assert row == (*first, None, 0, 0, None, 1)
        status = status_of(tmp_path, run.stream.username)
        assert (status.photos, status.images, status.forgotten) == (8, 7, 1)
        assert (status.images_left, status.infos_left, status.gaps) == (0, 0, [])
        assert [stone.photo_id for stone in forgotten_photos(run.stream.username, tmp_path)] == [photo_id]
        await never_comes_back(run, photo_id, info_level=2)
        assert await forget(run, photo_id) == [(photo_id, True, 0)]


async def leave_texts(run: Run, photo_id: str) -> list[str]:
    """Mirror a photo whose texts change from run to run, with a rebuild in between; return its texts."""
    texts = [
        f"the {which} {what}"
        for which in ("first", "second", "third", "fourth")
        for what in ("title", "text")
    ]
    for number, (title, text) in enumerate(zip(texts[::2], texts[1::2], strict=True)):
        long = 20 if number % 2 == 0 else 1
        run.stream.edit(photo_id, title=f"{title} " * long, description=f"{text} " * long * 2)
        await run(info_level=2, full_scan=True)
        if number == 1:
            await check_mirror(run.stream.username, run.root, rebuild=True)
    return texts


@pytest.mark.usefixtures("plain_sqlite")
@pytest.mark.parametrize("is_interrupted", [False, True])
async def test_no_file_contains_its_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_interrupted: bool
) -> None:
    """Current and earlier titles, descriptions and comments are in no file, not even in old catalogues."""
    async with mirroring(tmp_path, 30, commented=1.0) as run:
        photo_id = run.stream.ids[7]
        run.stream.add_comment(photo_id, "the comment")
        texts = [*await leave_texts(run, photo_id), "the comment"]
        names = " ".join(holding(tmp_path, *texts))
        assert ".json" in names
        assert "catalogue.sqlite " in f"{names} "
        assert "catalogue.sqlite.2" in names
        # without this, closing would delete the log
        reader = sqlite3.connect(state_of(run) / "catalogue.sqlite")
        reader.execute("SELECT count(*) FROM photos").fetchone()
        if is_interrupted:
            with monkeypatch.context() as patch:
                patch.setattr(Database, "vacuum", stop)
                with pytest.raises(KeyboardInterrupt):
                    await forget(run, photo_id)
            assert holding(tmp_path, *texts)
            await run(info_level=2)
        else:
            await forget(run, photo_id)
        assert holding(tmp_path, *texts) == []
        reader.close()


@pytest.mark.usefixtures("plain_sqlite")
async def test_deleted_rows_are_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The texts are overwritten before the file is rewritten, because its truncated end stays on the disk."""
    async with mirroring(tmp_path, 6) as run:
        await run()
        photo_id = run.stream.ids[2]
        assert holding(tmp_path, run.stream.photo(photo_id).title)
        monkeypatch.setattr("flickr_mirror.catalogue.database.Database.vacuum", lambda _: None)
        await forget(run, photo_id)
        assert holding(tmp_path, run.stream.photo(photo_id).title) == []


def test_the_view_counts_a_forgotten_photo_as_done() -> None:
    """The bar of a complete mirror is full."""
    stats = RunStats(
        images=True, info=True, snapshot=lambda: EngineSnapshot(0, 0, 3600, 0), seconds_for=lambda _: 0.0
    )
    stats(RunStarted("m", "1@N01", Path("/x"), 10, 8, 7, 2))
    assert (stats.done, stats.infos_done, stats.total) == (10, 9, 10)


async def test_the_summary_of_the_last_run_omits_it(tmp_path: Path) -> None:
    """The failure of the photo is removed from the summary and the catalogue; that of another stays."""
    async with mirroring(tmp_path, 6) as run:
        photo_id, other = run.stream.ids[1], run.stream.ids[2]
        answering(run, ".jpg", lambda: web.Response(status=404), forever=True)
        await run_command(run.flickr, tmp_path, "--quiet")
        last = state_of(run) / "last-run.json"
        named = {failure["id"] for failure in json.loads(last.read_text())["failures"]}
        assert {photo_id, other} <= named
        await forget(run, photo_id)
        assert {failure["id"] for failure in json.loads(last.read_text())["failures"]} == named - {photo_id}
        status = status_of(tmp_path, run.stream.username)
        assert photo_id not in {failure["id"] for failure in status.failures}


@pytest.mark.slow
async def test_flickrs_total_is_still_explained(tmp_path: Path) -> None:
    """Forgetting does not change the difference between Flickr's total and the known photos, nor does a deletion."""
    async with mirroring(tmp_path, 30) as run:
        await run()
        photo_id, other = run.stream.ids[20], run.stream.ids[3]
        await forget(run, photo_id)
        await never_comes_back(run, photo_id)
        run.stream.hide(photo_id)  # Flickr does not count it any more
        await run()
        assert "1 photo fewer" in run.notices
        for is_published in (False, True, False):
            if is_published:
                run.stream.publish(photo_id)
            else:
                run.stream.hide(photo_id)
            report = await run(full_scan=True)
            assert (report.gone, report.new, run.notices) == (int(not is_published), 0, "")
            await run()
            assert run.notices == ""
            (started,) = run.events_of(RunStarted)
            assert (started.known, started.images, started.forgotten) == (30, 29, 1)
        assert (await run(full_scan=True, prune=True)).pruned == 0
        assert (await run()).api_calls == 2
        assert run.notices == ""
        assert status_of(tmp_path, run.stream.username).forgotten == 1
        await forget(run, other)
        await never_comes_back(run, other)


async def test_a_forgotten_photo_that_is_gone_and_reappears_is_not_fetched(tmp_path: Path) -> None:
    """Neither a loss, nor a --prune that was killed, nor its return puts it on the work list."""
    async with mirroring(tmp_path, 6) as run:
        await run()
        photo_id = run.stream.ids[2]
        await forget(run, photo_id)
        with Catalogue(state_of(run) / "catalogue.sqlite") as catalogue:
            assert catalogue.gone_photos.mark_gone(photo_id, 1)
            catalogue.gone_photos.begin_deletion([photo_id])
            assert catalogue.gone_photos.mark_found(photo_id)
            assert not catalogue.work_list.has_work("image")
            assert not catalogue.work_list.has_work("info")
            assert catalogue.statistics.counts().forgotten == 1


async def test_an_unknown_photo_can_be_forgotten(tmp_path: Path) -> None:
    """An id that no listing has shown is accepted, and counts once it is listed."""
    async with mirroring(tmp_path, 6) as run:
        hidden = run.stream.ids[2]
        run.stream.hide(hidden)
        await run()
        assert await forget(run, hidden, "99") == [(hidden, False, 0), ("99", False, 0)]
        run.stream.publish(hidden)
        report = await run(full_scan=True)
        assert (report.new, report.images, report.known) == (0, 0, 6)
        await never_comes_back(run, hidden)
        assert status_of(tmp_path, run.stream.username).forgotten == 2


@pytest.mark.parametrize("strategy", with_slow_rest(CachingStrategy, CachingStrategy.LIFO))
async def test_an_undone_photo_is_mirrored_by_the_next_run(tmp_path: Path, strategy: CachingStrategy) -> None:
    """The next run lists its second again, at one call, and fetches it; the mirror is the same as before."""
    async with mirroring(tmp_path, 12, commented=1.0) as run:
        await run(info_level=2)
        before = tree(tmp_path)
        photo_id = run.stream.ids[5]
        await forget(run, photo_id)
        await run(info_level=2)
        assert await undo_forget(run.stream.username, [photo_id, "99"], tmp_path) == [photo_id]
        assert len(status_of(tmp_path, run.stream.username).gaps) == 1
        run.flickr.reset_counters()
        report = await run(info_level=2, strategy=strategy)
        assert (report.new, report.images, report.infos, run.notices) == (1, 1, 1, "")
        # the newest page, the second of its upload, and the count that each run with a new photo requests
        assert run.flickr.calls["flickr.people.getPhotos"] == 3
        assert tree(tmp_path) == before
        assert (await run(info_level=2)).api_calls == 2
        assert forgotten_photos(run.stream.username, tmp_path) == []


async def test_it_survives_the_loss_of_the_catalogue(tmp_path: Path) -> None:
    """The tombstone is in a file beside the catalogue; files restored from a backup are erased again."""
    async with mirroring(tmp_path, 8) as run:
        await run(info_level=1)
        photo_id = run.stream.ids[3]
        backup = [(path, path.read_bytes()) for path in of_photo(run, photo_id)]
        await forget(run, photo_id, "99")
        for name in state_of(run).glob("catalogue.sqlite*"):
            name.unlink()
        for path, data in backup:
            path.write_bytes(data)
        report = await run(info_level=1)
        assert (report.new, report.images, report.known) == (0, 0, 8)
        assert of_photo(run, photo_id) == []
        await never_comes_back(run, photo_id, info_level=1)
        assert holding(tmp_path, run.stream.photo(photo_id).title) == []
        await check_mirror(run.stream.username, tmp_path, rebuild=True)
        await run(info_level=1)
        await never_comes_back(run, photo_id, info_level=1)


async def test_it_survives_the_loss_of_its_file(tmp_path: Path) -> None:
    """The catalogue writes a lost file again; a damaged one ends a run with a sentence."""
    async with mirroring(tmp_path, 6) as run:
        await run()
        photo_id = run.stream.ids[3]
        await forget(run, photo_id, "99")
        path = state_of(run) / FILE_NAME
        whole = path.read_bytes()
        path.unlink()
        await never_comes_back(run, photo_id)
        assert json.loads(path.read_bytes()) == json.loads(whole)
        newer = whole.replace(b'"format": 1', b'"format": 2')
        odd = (b"", b"[]", b"{}", b'{"format": 1, "photos": [7]}', whole.replace(b'"99"', b'"../x"'))
        other = whole.replace(photo_id.encode(), run.stream.ids[2].encode())
        for damaged in (*odd, other, whole.replace(b'"since": ', b'"since": 9999999999999'), newer):
            path.write_bytes(damaged)
            with pytest.raises(CacheError, match=r"forgotten\.json"):
                await run()
            with pytest.raises(CacheError, match=r"forgotten\.json"):
                await forget(run, "98")
            assert path.read_bytes() == damaged
        assert run.path(run.stream.ids[2]).exists()
        path.unlink()
        await never_comes_back(run, photo_id)


async def test_errors_are_reported_before_anything_is_erased(tmp_path: Path) -> None:
    """An invalid id, no such mirror, a mirror in use, a link in place of a folder."""
    async with mirroring(tmp_path, 6) as run:
        await run()
        photo_id, before = run.stream.ids[0], tree(tmp_path)
        name = run.stream.username
        with pytest.raises(ValueError, match="Invalid photo id"):
            await forget(run, photo_id, "1/../2")
        with pytest.raises(PhotostreamError, match="no mirror of 'nobody'"):
            await forget_photos("nobody", [photo_id], tmp_path)
        with locked(state_of(run) / "lock"):
            with pytest.raises(CacheLockedError):
                await forget(run, photo_id)
            with pytest.raises(CacheLockedError):
                await undo_forget(name, [photo_id], tmp_path)
            assert await forget(run, photo_id, dry_run=True) == [(photo_id, True, 2)]
        trash = state_of(run) / "trash"
        trash.symlink_to(tmp_path)
        with pytest.raises(CacheError, match="is a link"):
            await forget(run, photo_id)
        trash.unlink()
        run.path(photo_id, "json").write_text('{"flickr": {"id": "7"}}')
        with pytest.raises(PlaceTakenError, match="is of photo 7"):
            await forget(run, photo_id)
        assert tree(tmp_path).keys() == before.keys()
        assert forgotten_photos(name, tmp_path) == []


async def test_a_link_to_an_image_is_removed_and_its_target_stays(tmp_path: Path) -> None:
    """Files outside of the mirror are not erased."""
    async with mirroring(tmp_path / "cache", 3) as run:
        await run()
        photo_id = run.stream.ids[0]
        elsewhere = tmp_path / "mine.jpg"
        run.path(photo_id).rename(elsewhere)
        run.path(photo_id).symlink_to(elsewhere)
        await forget(run, photo_id)
        assert of_photo(run, photo_id) == []
        assert elsewhere.exists()


async def test_a_forgotten_photo_is_not_fetched_singly(tmp_path: Path) -> None:
    """`cache_photo_image` refuses a forgotten photo."""
    async with mirroring(tmp_path, 3) as run:
        await run()
        photo_id = run.stream.ids[0]
        await forget(run, photo_id)
        with pytest.raises(PhotoForgottenError, match=photo_id):
            await run.mirror().cache_photo_image(FlickrPhoto(photo_id, ""))
        assert of_photo(run, photo_id) == []


async def test_an_interrupted_check_does_not_report_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken file found by an interrupted check is not reported once its photo is forgotten."""
    monkeypatch.setattr("flickr_mirror.engine.check.BATCH", 1)
    async with mirroring(tmp_path, 6) as run:
        await run()
        photo_id = min(run.stream.ids, key=int)
        run.path(photo_id).unlink()
        with pytest.raises(KeyboardInterrupt):
            await check_mirror(run.stream.username, tmp_path, observer=stop)
        await forget(run, photo_id)
        report = await check_mirror(run.stream.username, tmp_path)
        assert (report.broken, report.waiting, report.files) == ([], 0, 10)


async def test_a_reader_delays_erasure_until_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another program reads the catalogue, old texts stay in its log: an error, until the next run erases them."""
    monkeypatch.setattr("flickr_mirror.catalogue.database.BUSY_TIMEOUT", 0.1)
    async with mirroring(tmp_path, 6) as run:
        await run()
        photo_id = run.stream.ids[2]
        title = run.stream.photo(photo_id).title
        reader = sqlite3.connect(state_of(run) / "catalogue.sqlite", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM photos").fetchone()
        with pytest.raises(CatalogueError, match="is locked"):
            await forget(run, photo_id)
        assert of_photo(run, photo_id) == []
        assert holding(tmp_path, title)
        reader.close()
        await never_comes_back(run, photo_id)
        assert holding(tmp_path, title) == []


# The disk


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> FaultyDisk:
    """Return a disk that fails on demand, and records its operations."""
    return FaultyDisk(monkeypatch)


async def fails(run: Run, photo_id: str) -> bool:
    """Forget a photo, and return whether the disk prevented that."""
    try:
        await forget(run, photo_id)
    except CacheError:
        return True
    return False


def is_erased(run: Run, photo_id: str) -> bool:
    """Return whether no file of a photo is left, and its tombstone is in both places."""
    database = sqlite3.connect(state_of(run) / "catalogue.sqlite")
    (noted,) = database.execute("SELECT count(*) FROM forgotten WHERE photo_id = ?", (photo_id,)).fetchone()
    database.close()
    is_written = photo_id in (state_of(run) / FILE_NAME).read_text()
    texts = holding(run.root, run.stream.photo(photo_id).title)
    return bool(noted) and is_written and not texts and not of_photo(run, photo_id)


@pytest.mark.usefixtures("one_tls_context")
@pytest.mark.parametrize("again", with_slow_rest(["forget", "run"], "forget"))
async def test_a_disk_failure_at_any_call_is_recoverable(ram: Path, faulty: FaultyDisk, again: str) -> None:
    """At each call: an error, no file erased without a tombstone, and the same command or a run completes it."""
    async with mirroring(ram / "whole", 4, **SMALL) as run:
        await run(info_level=2)
        photo_id = run.stream.ids[1]
        others = {name: sha for name, sha in tree(run.root).items() if run.path(photo_id).stem not in name}
        at, is_hit, root = 0, True, ram / "tried"
        while is_hit:
            at += 1
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(ram / "whole", root)
            run.root = root
            fault = Fault(at, errno.EIO, code=sqlite3.SQLITE_IOERR, rolls_back=bool(at % 2))
            faulty.reset(fault)
            is_hit = await fails(run, photo_id)
            assert is_hit == bool(fault.hit), fault
            is_whole = len(of_photo(run, photo_id)) == 2
            path = state_of(run) / FILE_NAME
            is_forgotten = path.exists() and photo_id in path.read_text()
            assert is_whole or is_forgotten, fault
            faulty.reset()
            if again == "run":
                report = await run(info_level=2)
                assert (report.new, report.images, report.failures) == (0, 0, []), fault
                if not is_forgotten:
                    assert len(of_photo(run, photo_id)) == 2, fault
                    continue
            else:
                await forget(run, photo_id)
            assert is_erased(run, photo_id), fault
            assert tree(run.root) == others, fault
        assert at > 30


@pytest.mark.usefixtures("one_tls_context")
async def test_a_loss_of_power_restores_no_file(ram: Path, faulty: FaultyDisk) -> None:
    """After any loss, the photo is complete, or its tombstone is durable and the next run erases it."""
    root = ram / "disk"
    async with mirroring(root / "cache", 4, **SMALL) as run:
        await run(info_level=2)
        photo_id = run.stream.ids[1]
        files = {path: path.read_bytes() for path in of_photo(run, photo_id)}
        others = {name: sha for name, sha in tree(run.root).items() if run.path(photo_id).stem not in name}
        loss = PowerLoss(root)
        loss.assume(root, synced=True)
        before = (state_of(run) / "catalogue.sqlite").read_bytes()
        faulty.reset()
        await forget(run, photo_id)
        seen = set()
        for number, now in cuts(list(faulty.calls), loss):
            for choice in _some(number):
                left = now.left(choice)
                has_all = all(left.get(path) == data for path, data in files.items())
                stones = left.get(state_of(run) / FILE_NAME)
                assert has_all or photo_id.encode() in (stones or b""), (number, choice)
                if (case := (has_all, bool(stones), len(now.commits))) in seen:
                    continue
                seen.add(case)
                for catalogue in {before, *now.commits[-1:]}:
                    await _recovers(run, left, catalogue, ram, others, photo_id)
        assert len(seen) > 4


def _some(number: int) -> list[Choice]:
    return choices(number * 10, 4)


async def _recovers(
    run: Run,
    left: dict[Path, bytes | None],
    catalogue: bytes,
    ram: Path,
    others: dict[str, str],
    photo_id: str,
) -> None:
    """Assert that a run after a loss of power results in a mirror with the photo, or without it."""
    target, root = ram / "left", run.root
    put(left, ram / "disk", target)
    run.root = target / "cache"
    for path in state_of(run).glob("catalogue.sqlite*"):
        path.unlink()
    (state_of(run) / "catalogue.sqlite").write_bytes(catalogue)
    is_forgotten = (state_of(run) / FILE_NAME).exists()
    report = await run(info_level=2)
    assert (report.new, report.images, report.failures) == (0, 0, [])
    if is_forgotten:
        assert is_erased(run, photo_id)
        assert tree(run.root) == others
    else:
        assert len(of_photo(run, photo_id)) == 2
    shutil.rmtree(target)
    run.root = root


@pytest.mark.slow
@pytest.mark.usefixtures("one_tls_context")
async def test_an_undo_that_fails_at_any_call_can_be_repeated(ram: Path, faulty: FaultyDisk) -> None:
    """After any failure the photo is forgotten in both places or in neither; the same command completes it."""
    async with mirroring(ram / "whole", 4, **SMALL) as run:
        await run(info_level=2)
        before = tree(run.root)
        photo_id, name = run.stream.ids[1], run.stream.username
        await forget(run, photo_id)
        at, fault = 0, Fault(0, hit="yet to be")
        while fault.hit:
            at += 1
            run.root = ram / str(at)
            shutil.copytree(ram / "whole", run.root)
            fault = Fault(at, errno.EIO, code=sqlite3.SQLITE_IOERR)
            faulty.reset(fault)
            try:
                await undo_forget(name, [photo_id], run.root)
            except CacheError:
                assert fault.hit
            faulty.reset()
            if forgotten_photos(name, run.root):
                assert (await run(info_level=2)).new == 0, fault
                assert is_erased(run, photo_id), fault
                assert await undo_forget(name, [photo_id], run.root) == [photo_id], fault
            assert ((await run(info_level=2)).new, tree(run.root)) == (1, before), fault
        assert at > 10


async def test_a_photo_in_the_trash_is_kept_and_not_mirrored_again(tmp_path: Path) -> None:
    async with mirroring(tmp_path, 4) as run:
        await run()
        photo_id = run.stream.ids[1]
        image = run.path(photo_id)
        data = image.read_bytes()
        await forget_photos(run.stream.username, [photo_id], tmp_path, trash=True)
        trashed = (
            tmp_path
            / run.stream.username
            / ".flickr_mirror"
            / "trash"
            / image.relative_to(tmp_path / run.stream.username)
        )
        assert (image.exists(), trashed.read_bytes()) == (False, data)
        report = await run(full_scan=True)
        assert report.images == 0
        (tmp_path / run.stream.username / ".flickr_mirror" / "catalogue.sqlite").unlink()
        report = await run()
        assert (report.images, trashed.read_bytes()) == (0, data)
        await forget_photos(run.stream.username, [photo_id], tmp_path)
        assert not trashed.exists()
