"""After any fault of the disk, a run ends with a sentence, and the mirror is consistent; see `faulty_disk`."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from flickr_mirror.catalogue import database
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.cli.exit_codes import EXIT_CODES
from flickr_mirror.errors import (
    CacheError,
    CacheFullError,
    CacheLockedError,
    CatalogueError,
    PlaceTakenError,
)
from flickr_mirror.models.events import Event, InfoCached
from flickr_mirror.models.options import Limits
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage import directories, filesystem
from flickr_mirror.storage.call_ledger import CallLedgerFile
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import STATE_FOLDER
from flickr_mirror.storage.partial_file import BLOCK_SIZE, open_partial_file
from tests.support.command import command, parts, tree
from tests.support.faulty_disk import NOTHING_LEFT, Fault, FaultyDisk, FaultyOs, PowerLoss, claims
from tests.support.mirroring import Run, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import web

SMALL = {"image_dims": (48, 36), "commented": 0.5}
OPTIONS: dict[str, Any] = {"info_level": 2, "cache_directory_depth": 2}
BLOCKS = bytes(range(256)) * (BLOCK_SIZE // 256 * 2) + b"the rest"

quick = pytest.mark.usefixtures("one_language", "one_tls_context")


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> FaultyDisk:
    """Return the disk that fails on demand."""
    return FaultyDisk(monkeypatch)


class Trial:
    """Many runs of one small photostream, each in its own folder and with one fault."""

    def __init__(self, run: Run, faulty: FaultyDisk, root: Path) -> None:
        self.run = run
        self.faulty = faulty
        self.root = root
        self.undisturbed: dict[str, str] = {}
        self.calls = 0

    async def prepare(self) -> None:
        """Mirror once without a fault."""
        self.run.root = self.root / "undisturbed"
        await self.run(**OPTIONS)
        self.calls = self.faulty.counted
        self.undisturbed = tree(self.run.root)

    async def disturb(self, fault: Fault, kind: type[CacheError]) -> None:
        """Run with a fault, check the result, and run again without one."""
        self.run.root = self.root / "disturbed"
        self.run.root.mkdir()
        loss = PowerLoss(self.root)
        loss.assume(self.root, synced=True)
        self.faulty.reset(fault)
        errors: list[CacheError] = []
        with anyio.fail_after(20):
            try:
                await self.run(**OPTIONS)
            except CacheError as error:
                errors.append(error)
        assert bool(errors) == bool(fault.hit), fault
        assert all(isinstance(error, kind) and str(error).endswith(".") for error in errors), (fault, errors)
        assert fault.hit.startswith("unlink") or not parts(self.run.root), fault
        finals = {name: sha for name, sha in tree(self.run.root).items() if not name.endswith(".part")}
        assert finals.items() <= self.undisturbed.items(), fault
        self._look_behind(loss, fault)
        self.faulty.reset()
        report = await self.run(**OPTIONS)
        assert report.complete, fault
        assert not report.failures, fault
        assert tree(self.run.root) == self.undisturbed, fault
        assert not parts(self.run.root), fault
        shutil.rmtree(self.run.root)

    def _look_behind(self, loss: PowerLoss, fault: Fault) -> None:
        """Check that the catalogue claims only files that are durable."""
        for call in self.faulty.calls:
            loss.feed(call)
        left = loss.left(NOTHING_LEFT)
        for photo_id, extension, _ in claims(loss.commits[-1]) if loss.commits else []:
            path = self.run.path(photo_id, extension)
            assert left.get(path.parents[2] / path.name), fault


@pytest.fixture
async def trial(faulty: FaultyDisk, ram: Path) -> AsyncIterator[Trial]:
    """Return a photostream of three photos, and its undisturbed mirror."""
    async with mirroring(ram, 3, **SMALL) as run:
        trial = Trial(run, faulty, ram)
        await trial.prepare()
        yield trial


@pytest.mark.slow
@quick
@pytest.mark.parametrize("quarter", range(4))
async def test_a_disk_that_is_full_at_any_call_ends_the_run(trial: Trial, quarter: int) -> None:
    """Row 53: ENOSPC at open, write, fsync, rename, mkdir and commit, at every single call of a run.

    The run ends, no temporary file is left, every file under a final name is complete, every claim is
    durable, and the next run completes the mirror.
    """
    for at in range(1 + quarter, trial.calls + 5, 4):
        fault = Fault(
            at, errno.ENOSPC, rolls_back=bool(at // 4 % 2), lasting=at // 8 % 2 == 0, short=at // 8 % 4 == 0
        )
        await trial.disturb(fault, CacheFullError)
    assert trial.calls > 100


@quick
@pytest.mark.parametrize(
    ("number", "code", "kind"),
    [
        pytest.param(errno.EDQUOT, sqlite3.SQLITE_IOERR_WRITE, CacheError, marks=pytest.mark.slow),
        pytest.param(errno.EFBIG, sqlite3.SQLITE_FULL, CacheError, marks=pytest.mark.slow),
        (errno.EIO, sqlite3.SQLITE_IOERR_FSYNC, CacheError),
        pytest.param(errno.EROFS, sqlite3.SQLITE_READONLY, CacheError, marks=pytest.mark.slow),
        (errno.EACCES, sqlite3.SQLITE_CANTOPEN, CacheError),
        pytest.param(errno.ENOENT, sqlite3.SQLITE_IOERR, CacheError, marks=pytest.mark.slow),
    ],
    ids=lambda value: errno.errorcode.get(value, "") if isinstance(value, int) else "",
)
async def test_a_disk_that_fails_in_any_way_ends_the_run(
    trial: Trial, number: int, code: int, kind: type[CacheError]
) -> None:
    """Rows 54 to 56: a quota, a limit of size, a failing, a read-only, a forbidden, a vanished disk."""
    for at in range(1 + number % 23, trial.calls + 1, 23):  # the test above covers every call
        await trial.disturb(Fault(at, number, code=code, lasting=bool(at % 2)), kind)
    assert trial.undisturbed


@quick
@pytest.mark.slow
async def test_a_file_that_was_not_synced_is_never_marked_done(trial: Trial) -> None:
    """Row 56: EIO on fsync: after any failed sync, no row claims that file, and the next run fetches it."""
    hits = set()
    for kind in ("fsync", "sync folder"):
        for at in range(1, trial.faulty.kinds.count(kind) + 1, 1 if kind == "fsync" else 3):
            fault = Fault(at, errno.EIO, kind=kind)
            await trial.disturb(fault, CacheError)
            hits.add(fault.hit.split(" ")[0])
            if not fault.hit:
                break
    assert {"fsync", "sync"} <= hits


@pytest.mark.parametrize("at", range(1, 5))
async def test_a_short_write_loses_nothing(tmp_path: Path, faulty: FaultyDisk, at: int) -> None:
    """Row 53: an almost full disk accepts a part of a block: the rest is written after it."""
    filesystem.make_folder(tmp_path)
    faulty.reset(Fault(at, short=True, kind="write"))
    async with open_partial_file(tmp_path) as part:
        await part.write(BLOCKS[:100])
        await part.write(BLOCKS[100:])
        await part.write(b".")
        await part.commit(tmp_path / "photo.jpg")
    filesystem.write_file(tmp_path / "info.json", BLOCKS)

    assert (tmp_path / "photo.jpg").read_bytes() == BLOCKS + b"."
    assert (tmp_path / "info.json").read_bytes() == BLOCKS
    assert faulty.fault
    assert bool(faulty.fault.hit) == (at < 4)


async def test_lost_bytes_are_detected(
    tmp_path: Path, faulty: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 56: a disk that reports a write which it did not make: the file gets no name."""
    monkeypatch.setattr(FaultyOs, "write", lambda *_: 5)
    with pytest.raises(CacheError, match="0 of 5 bytes are there"):
        async with open_partial_file(tmp_path) as part:
            await part.write(b"image")
            await part.commit(tmp_path / "photo.jpg")

    assert list(tmp_path.iterdir()) == []


@quick
@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT])
async def test_a_cache_that_cannot_be_written_is_reported_before_any_call(
    tmp_path: Path, faulty: FaultyDisk, number: int
) -> None:
    """Row 55: an EACCES or EROFS cache is reported before the first API call, with exit code 7."""
    async with mirroring(tmp_path / "new", 3) as run:
        for kind in ("mkdir", "create", "write", "fsync"):
            shutil.rmtree(run.root, ignore_errors=True)
            faulty.reset(Fault(1, number, kind=kind, lasting=True))
            with pytest.raises(CacheError) as caught:
                await run()
            assert next(code for cls, code in EXIT_CODES if isinstance(caught.value, cls)) == 7
        assert not run.flickr.calls


async def test_part_files_of_an_active_run_are_not_removed(tmp_path: Path) -> None:
    """Row 59: stale temporary files are swept under the lock only: never those of an active run."""
    async with mirroring(tmp_path, 2) as run:
        await run(image_only=True)
        state = tmp_path / run.stream.username / STATE_FOLDER
        part = state / "parts" / "1-0.part"
        part.write_bytes(b"half an image")
        with locked(state / "lock"), pytest.raises(CacheLockedError):
            await run(image_only=True)
        assert part.exists()
        (state / "parts" / "notes.txt").write_bytes(b"of the user")
        await run(image_only=True)
        assert [path.name for path in (state / "parts").iterdir()] == ["notes.txt"]


@quick
async def test_existing_files_are_verified(tmp_path: Path) -> None:
    """Row 60: an existing final file is empty, cut, HTML or a link: fetched again; a complete one is kept."""
    async with mirroring(tmp_path / "a", 6) as run:
        await run()
        undisturbed = tree(run.root)
        names = [run.path(photo_id) for photo_id in run.stream.ids]
        run.root = tmp_path / "b"
        paths = [run.path(photo_id) for photo_id in run.stream.ids]
        for path, name in zip(paths, names, strict=True):
            path.parent.mkdir(parents=True)
            path.write_bytes(name.read_bytes())
        paths[0].write_bytes(b"")
        paths[1].write_bytes(paths[1].read_bytes()[:-200])
        paths[2].write_text("<!DOCTYPE html><title>Sorry</title>")
        paths[3].write_bytes(bytes(paths[3].stat().st_size))
        paths[4].unlink()
        paths[4].symlink_to(names[4])
        report = await run()

        assert (report.images, report.adopted) == (5, 1)
        assert tree(run.root) == undisturbed
        assert not paths[4].is_symlink()


@quick
@pytest.mark.parametrize("image_first", [True, False])
async def test_two_photos_of_one_name_do_not_overwrite_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, image_first: bool
) -> None:
    """Row 63: two photos map to one file name: the second fails with the name of the first, which is kept."""
    monkeypatch.setattr(
        "flickr_mirror.storage.mirror_folder.inventory_number", lambda _: "0123456789abcdef" * 2
    )
    async with mirroring(tmp_path, 1) as run:
        await run(**OPTIONS)
        first, undisturbed = run.stream.ids[0], tree(tmp_path)
        run.stream.upload()
        if not image_first:
            (tmp_path / run.stream.username / STATE_FOLDER / "catalogue.sqlite").unlink()
        report = await run(**OPTIONS)

        assert tree(tmp_path) == undisturbed
        assert {failure.photo_id for failure in report.failures} == {run.stream.ids[0]} - {first}
        assert all(f"is of photo {first}" in failure.reason for failure in report.failures)
        assert {failure.job for failure in report.failures} == {"image", "info"}


@quick
async def test_two_photos_of_one_name_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 63: two photos map to one file name: the image of the first is not replaced by that of the second."""
    monkeypatch.setattr(
        "flickr_mirror.storage.mirror_folder.inventory_number", lambda _: "0123456789abcdef" * 2
    )
    async with mirroring(tmp_path, 2) as run:
        first, second = run.stream.ids
        folder = tmp_path / run.stream.username
        run.limits = Limits(info_workers=1, attempts=1, timing=FAST)
        described = anyio.Event()

        async def intercept(request: web.Request) -> None:
            if second in request.path:
                await described.wait()

        def observe(event: Event) -> None:
            if isinstance(event, InfoCached):
                described.set()

        run.flickr.intercept = intercept
        report = await run.mirror(observe).run()

        assert [path.read_bytes() for path in folder.glob("?/**/*.jpg")] == [run.flickr.file(first)]
        assert {failure.photo_id for failure in report.failures} == {second}


def block_by_folder(path: Path) -> Path:
    """Replace a photo by a folder with a file."""
    (path / "of the user").mkdir(parents=True)
    return path


def block_by_file(path: Path) -> Path:
    """Replace the photo's folder by a file."""
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.write_bytes(b"of the user")
    return path.parent


@quick
@pytest.mark.parametrize(
    ("block", "reason"),
    [
        pytest.param(block_by_folder, "Is a directory", id="row 64: the target is a directory"),
        pytest.param(block_by_file, "Not a directory", id="row 64: a component is a file"),
    ],
)
async def test_a_folder_in_place_of_a_file_fails_its_photo_only(
    tmp_path: Path, block: Callable[[Path], Path], reason: str
) -> None:
    """Row 64: only this photo fails, with a sentence; it is mirrored once the obstacle is removed."""
    root = tmp_path / "cache"
    async with mirroring(root, 4) as run:
        blocked = block(run.path(run.stream.ids[1]))
        report = await run(image_only=True)

        assert [failure.photo_id for failure in report.failures] == [run.stream.ids[1]]
        assert str(blocked) in report.failures[0].reason
        assert reason in report.failures[0].reason
        assert "Move it and run" in report.failures[0].reason
        assert report.images == 3
        assert report.complete
        assert not parts(root)


@quick
async def test_links_in_a_mirror_are_never_followed_out_of_it(tmp_path: Path) -> None:
    """Row 86: symlink in the cache: a link in place of a file is replaced itself, and its target is unchanged."""
    outside = tmp_path / "outside"
    outside.mkdir()
    async with mirroring(tmp_path / "cache", 3) as run:
        for number, photo_id in enumerate(run.stream.ids):
            for extension in ("jpg", "json"):
                path = run.path(photo_id, extension)
                path.parent.mkdir(parents=True, exist_ok=True)
                target = outside / f"{number}.{extension}"
                if number:
                    target.write_text('{"title": "of the user"}')
                path.symlink_to(target)
        report = await run(info_level=1)

        assert report.images == report.infos == 3
        assert not [path for path in run.root.rglob("*") if path.is_symlink()]
        assert {path.read_text() for path in outside.iterdir()} == {'{"title": "of the user"}'}
        assert len(list(outside.iterdir())) == 4

        info = run.path(run.stream.ids[0], "json")
        info.rename(outside / "moved.json")
        info.symlink_to(outside / "moved.json")
        (run.root / run.stream.username / STATE_FOLDER / "catalogue.sqlite").unlink()
        report = await run(info_level=1)

        assert not report.failures
        assert not info.is_symlink()
        assert info.read_bytes() == (outside / "moved.json").read_bytes()


@pytest.mark.parametrize("name", ["", "parts", "catalogue.sqlite"])
async def test_a_link_in_the_state_folder_is_reported(tmp_path: Path, name: str) -> None:
    """Row 86: symlink in the cache: the mirror's own files are not written through links either."""
    async with mirroring(tmp_path / "cache", 1) as run:
        state = run.root / run.stream.username / STATE_FOLDER
        link = state / name
        link.parent.mkdir(parents=True)
        link.symlink_to(tmp_path / "outside")
        with pytest.raises(CacheError, match="is a link, which is not followed"):
            await run()

        assert not (tmp_path / "outside").exists()


async def test_a_mirror_may_be_behind_a_link(tmp_path: Path) -> None:
    """Row 86: symlink in the cache: the folder that the user names may be a link to another disk."""
    (tmp_path / "big disk").mkdir()
    (tmp_path / "flickr").symlink_to(tmp_path / "big disk")
    async with mirroring(tmp_path / "flickr", 2) as run:
        report = await run(image_only=True)

    assert report.images == 2
    assert len(tree(tmp_path / "big disk")) == 2


@quick
async def test_a_disk_that_is_unmounted_ends_the_run(tmp_path: Path) -> None:
    """Row 67: disk pulled mid-run: the run ends, and the empty mount point is not filled."""
    mount, pulled = tmp_path / "mount", tmp_path / "pulled"
    mount.mkdir()
    async with mirroring(mount / "cache", 20, image_dims=(48, 36)) as run:

        def pull(event: object) -> None:
            if type(event).__name__ == "ImageCached" and not pulled.exists():
                mount.rename(pulled)
                mount.mkdir()

        with pytest.raises(CacheError, match="No such file or directory"):
            await run.mirror(pull).run()

        assert list(mount.iterdir()) == []
        mount.rmdir()
        pulled.rename(mount)
        report = await run()
        assert report.complete
        assert len(tree(mount)) == 40
        assert parts(mount) == []


async def test_an_empty_mount_point_stays_empty(tmp_path: Path) -> None:
    """Row 67: disk pulled mid-run: an image that was just received is not stored in the empty mount point."""
    mount = tmp_path / "mount"
    (mount / "mirror" / "parts").mkdir(parents=True)
    with pytest.raises(CacheError, match="No such file or directory"):
        async with open_partial_file(mount / "mirror" / "parts") as part:
            await part.write(b"image")
            await part.flush()
            mount.rename(tmp_path / "pulled")
            mount.mkdir()
            await part.commit(mount / "mirror" / "a" / "photo.jpg")
    with pytest.raises(CacheError, match="No such file or directory"):
        filesystem.write_file(mount / "mirror" / "a" / "info.json", b"{}", folder=mount / "mirror" / "parts")

    assert list(mount.iterdir()) == []


# Network file systems


@quick
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
async def test_folders_that_cannot_be_synced_are_reported_once(
    tmp_path: Path,
    faulty: FaultyDisk,
    number: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Row 65: cache on NFS, SMB, exFAT: no fsync of folders: the mirror is complete, with one warning."""
    monkeypatch.setattr(logging.getLogger("flickr_mirror"), "propagate", True)
    directories.warn_once.cache_clear()
    async with mirroring(tmp_path, 3) as run:
        faulty.reset(Fault(1, number, kind="sync folder", lasting=True))
        report = await run()

    assert report.images == 3
    assert [record.message for record in caplog.records if "sync folders" in record.message] == [
        "This file system cannot sync folders: a loss of power may cost the latest files."
    ]


@quick
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
async def test_a_file_system_without_locks_is_reported(
    tmp_path: Path, number: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 65: cache on NFS, SMB, exFAT: no flock: the mirror is complete, with one warning, and calls are counted."""
    monkeypatch.setattr(logging.getLogger("flickr_mirror"), "propagate", True)
    directories.warn_once.cache_clear()

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refused)
    async with mirroring(tmp_path, 3) as run:
        report = await run()
    ledger = CallLedgerFile(tmp_path / "calls")

    assert report.images == 3
    assert [ledger.take(1.7e9, 1), ledger.take(1.7e9, 1)] == [0, 3600]
    sentences = [record.message for record in caplog.records if "cannot be locked" in record.message]
    assert len(sentences) == 2, "one for the mirror, one for the calls"


async def test_a_file_system_that_replaces_no_file_is_a_sentence(tmp_path: Path, faulty: FaultyDisk) -> None:
    """Row 65: cache on NFS, SMB, exFAT: no rename over a file: the older file stays, with an error."""
    final = tmp_path / "photo.jpg"
    final.write_bytes(b"older")
    filesystem.make_folder(tmp_path)
    for number, sentence in ((errno.EBUSY, "busy"), (errno.EEXIST, "Move it and run")):
        faulty.reset(Fault(1, number, kind="replace"))
        with pytest.raises(CacheError, match=sentence):
            async with open_partial_file(tmp_path) as part:
                await part.write(b"new")
                await part.commit(final)

    assert final.read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_catalogue_without_shared_memory_is_synced_fully(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 65: database never in WAL on a network file system: if WAL is refused, commits are synced fully."""
    statements: list[str] = []

    class Sqlite:
        def __getattr__(self, name: str) -> Any:
            return getattr(sqlite3, name)

        def connect(self, path: Path, **settings: Any) -> sqlite3.Connection:
            name = f"file:{path}?vfs=unix-dotfile"
            connection: sqlite3.Connection = sqlite3.connect(name, **{**settings, "uri": True})
            connection.set_trace_callback(statements.append)
            return connection

    monkeypatch.setattr(database, "sqlite3", Sqlite())
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        assert catalogue.statistics.counts().known == 0

    assert "PRAGMA synchronous = FULL" in statements
    assert not list(tmp_path.glob("*-wal"))


def test_a_failing_disk_does_not_move_the_catalogue_away(tmp_path: Path, faulty: FaultyDisk) -> None:
    """Row 56: EIO on fsync or read: the catalogue does not count as damaged, and stays usable afterwards."""
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        for kind in ("statement", "commit"):
            for rolls_back in (True, False):
                faulty.reset(Fault(1, code=sqlite3.SQLITE_IOERR_FSYNC, kind=kind, rolls_back=rolls_back))
                with pytest.raises(CacheError, match="Check that the disk is connected") as caught:
                    catalogue.work_list.begin_run(0, images=True, info_level=None)
                assert not isinstance(caught.value, CatalogueError)
                faulty.reset()
                catalogue.work_list.begin_run(0, images=True, info_level=None)


# Paths


@pytest.mark.parametrize("umask", [0o077, 0o000, 0o022])
async def test_files_follow_the_umask(tmp_path: Path, umask: int) -> None:
    """Row 66: umask 077 or 000: folders are 0777 and files 0666, less the umask; no file is executable."""
    before = os.umask(umask)
    try:
        async with mirroring(tmp_path / "cache", 2) as run:
            await run(image_only=True)
    finally:
        os.umask(before)

    for path in (tmp_path / "cache").rglob("*"):
        if path.is_dir():
            assert path.stat().st_mode & 0o777 == 0o777 & ~umask, path
        elif path.suffix == ".jpg":
            assert path.stat().st_mode & 0o777 == 0o666 & ~umask, path


@pytest.mark.parametrize(
    "given", ["pictures", "./pictures/", "pictures/../pictures", "~/pictures", "~/pictures/"]
)
async def test_a_cache_path_is_resolved_once(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Row 66: --cache-path relative, `~`, trailing slash: a change of the working folder has no effect."""
    monkeypatch.chdir(tmp_path)
    async with mirroring(Path(given), 2) as run:
        mirror = run.mirror(image_only=True)
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        await mirror.run()

    root = (home if given.startswith("~") else tmp_path) / "pictures"
    assert len(tree(root)) == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []


# Other files


def test_a_full_home_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 53: ENOSPC at the count of the hour's calls: a sentence, and the earlier count is kept."""
    ledger = CallLedgerFile(tmp_path / "calls")
    assert ledger.take(1.7e9, 10) == 0

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(CacheFullError, match="Make room"):
            ledger.take(1.7e9, 10)
    assert ledger.take(1.7e9, 1) == 3600


def test_the_set_of_known_folders_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 80: memory at 1M photos: the set of known folders is cleared before it grows large."""
    monkeypatch.setattr(directories, "_KNOWN_FOLDERS", 10)
    monkeypatch.setattr(directories, "_durable", set())
    for number in range(50):
        filesystem.make_folder(tmp_path / str(number) / "a")

    assert len(directories._durable) < 20


async def test_a_path_taken_by_another_photo_is_named(tmp_path: Path) -> None:
    """Row 63: two photos map to one file name: the information names the photo, and is not replaced."""
    cache = MirrorFolder.of(tmp_path, FlickrUser("1@N01", "x"), 0)
    cache.prepare(FlickrUser("1@N01", "x"), "x")
    cache.path("7", "json").write_text('{"flickr": {"id": "8"}}')
    with pytest.raises(PlaceTakenError, match="is of photo 8"):
        await cache.write_sidecar("7", {"flickr": {"id": "7"}})

    assert cache.path("7", "json").read_text() == '{"flickr": {"id": "8"}}'


# A real disk

IN_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size=400k none "$1"
set +e
shift
"$@" 2> "$OUT/first"
echo $? > "$OUT/first_code"
find "$DISK" -name '*.part' > "$OUT/parts"
mount -o remount,size=64M none "$DISK"
"$@" 2> "$OUT/second"
echo $? > "$OUT/second_code"
cp -r "$DISK/." "$OUT/tree"
"""


def may_mount() -> bool:
    """Return whether tests may mount a disk on this machine."""
    if not (unshare := shutil.which("unshare")):
        return False
    script = ["sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run([unshare, "-rm", *script], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not may_mount(), reason="mounting a small disk takes user namespaces")
async def test_a_real_full_disk_ends_the_run(tmp_path: Path) -> None:
    """Row 53: ENOSPC on a real small disk: one sentence, exit code 7; with free space the mirror is completed."""
    small, out = tmp_path / "small", tmp_path / "out"
    small.mkdir()
    out.mkdir()
    async with SimulatedFlickr(SimulatedPhotostream(24, image_dims=(320, 240), noise=True)) as flickr:
        line = command(flickr, small / "cache", "--info-level", "1", "--debug", "1")
        result = await anyio.run_process(
            ["unshare", "-rm", "sh", "-c", IN_A_SMALL_DISK, "sh", str(small), *line],
            env={**os.environ, "OUT": str(out), "DISK": str(small)},
            check=False,
        )
        images = {flickr.file(photo_id) for photo_id in flickr.streams[0].ids}

    first, second = (out / "first").read_text(), (out / "second").read_text()
    assert (out / "first_code").read_text() == "7\n", (result.stderr, first)
    sentences = [line for line in first.splitlines() if "Make room" in line]
    assert len(sentences) == 1, first
    assert "Traceback" not in first + second
    assert (out / "parts").read_text() == ""
    assert (out / "second_code").read_text() == "0\n", second
    mirrored = {path.read_bytes() for path in (out / "tree").rglob("*.jpg")}
    assert mirrored == images
    assert len(list((out / "tree" / "cache" / "saigon_archive").glob("?/**/*.json"))) == 24
    assert sys.executable in line[0]
