"""Reserved free space of the disk: the remaining bytes of downloads in flight count as used."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from flickr_mirror import CacheError, Limits
from flickr_mirror.cli.exit_codes import code_of
from flickr_mirror.models.events import ImageCached
from flickr_mirror.storage.free_space import FreeSpace, free_space
from flickr_mirror.storage.partial_file import BLOCK_SIZE
from tests.support.command import parts
from tests.support.mirroring import Run, mirroring
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MB = 1_000_000


class Disk:
    """A disk with the free space `free`, which counts its measurements."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free: Callable[[], int]) -> None:
        self.looks = 0
        self.free = free
        monkeypatch.setattr("flickr_mirror.storage.free_space.os", self)

    def statvfs(self, _: object) -> SimpleNamespace:
        """Return the figures of the disk."""
        self.looks += 1
        return SimpleNamespace(f_bavail=self.free(), f_frsize=1, f_blocks=1)


class PendingFile:
    """A file that is being written."""

    size = 0
    is_closed = False


async def test_downloads_in_flight_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each counts with its remaining bytes, from its announced length until it is committed."""
    disk = Disk(monkeypatch, lambda: 100 * MB)
    messages: list[str] = []
    space = FreeSpace(tmp_path, 50 * MB)
    space.on_full = messages.append
    first, second, third = PendingFile(), PendingFile(), PendingFile()
    assert await space.takes(first, 30 * MB)
    assert await space.takes(second, 20 * MB)
    assert messages == []
    assert not await space.takes(third, 1)
    assert messages == [f"0.10 GB are free in {tmp_path}, downloads need 0.05 GB, 0.05 GB are to stay free"]

    # written bytes would count twice if they were not subtracted
    disk.free = lambda: 80 * MB
    first.size = 20 * MB
    assert await space.takes(third, 0)
    assert not await space.takes(third, 1)
    # the last block of a file is in memory until it is committed
    disk.free = lambda: 70 * MB + BLOCK_SIZE
    first.size = 30 * MB
    assert await space.takes(third, 0)
    assert not await space.takes(third, 1)
    first.is_closed = True
    assert await space.takes(third, BLOCK_SIZE)


async def test_a_restarted_download_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted transfer does not stop the run."""
    Disk(monkeypatch, lambda: 100 * MB)
    space = FreeSpace(tmp_path, 50 * MB)
    file = PendingFile()
    for _ in range(3):
        assert await space.takes(file, 50 * MB)


async def test_free_space_is_read_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A measurement of a second ago is recent enough to begin a photo; a download measures again."""
    now = [0.0]
    disk = Disk(monkeypatch, lambda: 100 * MB)
    space = FreeSpace(tmp_path, 50 * MB, clock=lambda: now[0])
    for _ in range(10):
        assert await space.is_left()
    assert disk.looks == 1
    disk.free = lambda: 49 * MB
    now[0] += 0.9
    assert await space.is_left()
    now[0] += 0.2
    assert not await space.is_left()
    assert disk.looks == 2
    assert not await space.takes(PendingFile(), 1)
    assert disk.looks == 3


async def test_a_disk_that_reports_no_free_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that cannot be enforced is an error that states what to do."""

    class Silent(Disk):
        def statvfs(self, _: object) -> SimpleNamespace:
            return SimpleNamespace(f_bavail=0, f_frsize=1, f_blocks=0)

    Silent(monkeypatch, lambda: 0)
    assert free_space(tmp_path) is None
    with pytest.raises(CacheError, match=r"does not report its free space\. Leave out --min-free"):
        await FreeSpace(tmp_path, 1).is_left()


def test_the_space_of_a_missing_folder(tmp_path: Path) -> None:
    """It is that of its parent."""
    free = free_space(tmp_path / "a" / "b")
    assert free is not None
    assert free > 0


def disk_of(run: Run, monkeypatch: pytest.MonkeyPatch, capacity: int) -> Disk:
    """Simulate a disk of this capacity for the mirror's images."""

    def used() -> int:
        sizes = {}
        for pattern in ("*.part", "*.jpg"):  # in this order, because a file may get its final name meanwhile
            for path in run.root.rglob(pattern):
                with suppress(FileNotFoundError):
                    status = path.stat()
                    sizes[status.st_ino] = status.st_size
        return sum(sizes.values())

    return Disk(monkeypatch, lambda: capacity - used())


@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize("content_length", [False, True], ids=["hint", "length"])
async def test_a_run_stops_before_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, content_length: bool
) -> None:
    """No number of parallel downloads uses the reserved space; the next run continues."""
    async with mirroring(tmp_path, 30, content_length=content_length) as run:
        size = max(len(run.flickr.file(photo_id)) for photo_id in run.stream.ids)
        disk = disk_of(run, monkeypatch, capacity=20 * size)
        run.limits = Limits(attempts=1, image_workers=8, min_image_workers=8, min_free=10 * size, timing=FAST)
        report = await run(image_only=True)
        assert disk.free() >= 10 * size
        assert 5 <= report.images == len(run.events_of(ImageCached)) < 30
        assert (report.stopped_by, report.complete, code_of(report)) == ("min_free", False, 8)
        assert (
            run.notices.count("--min-free (") == run.notices.count("is reached: no new work is started") == 1
        )
        assert f"are free in {tmp_path / run.stream.username}, downloads need" in run.notices
        assert report.failures == []
        assert parts(tmp_path) == []

        disk.free = lambda: 100 * size
        report = await run(image_only=True)
        assert (report.complete, report.stopped_by, code_of(report)) == (True, "", 0)
        assert len(list(tmp_path.rglob("*.jpg"))) == 30


@pytest.mark.usefixtures("one_language")
@pytest.mark.parametrize("options", [{}, {"info_only": True}, {"image_only": True}])
async def test_too_little_space_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    """No image and no information is begun; a complete mirror is still complete."""
    async with mirroring(tmp_path, 5) as run:
        disk = Disk(monkeypatch, lambda: 10)
        run.limits = Limits(min_free=11, timing=FAST)
        report = await run(**options)
        assert (report.images, report.infos, code_of(report)) == (0, 0, 8)
        assert run.flickr.requests.total() == 0
        assert "to stay free) is reached" in run.notices
        disk.free = lambda: 10 * MB
        assert code_of(await run(**options)) == 0
        disk.free = lambda: 10
        report = await run(**options)
        assert (report.complete, report.stopped_by, code_of(report)) == (True, "", 0)


@pytest.mark.usefixtures("one_language")
async def test_a_watch_stops_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends at the round that finds no space."""
    async with mirroring(tmp_path, 5) as run:
        Disk(monkeypatch, lambda: 10)
        run.limits = Limits(min_free=11, timing=FAST)
        with anyio.fail_after(60):
            report = await run.mirror(image_only=True).watch(3600)
        assert (report.stopped_by, code_of(report)) == ("min_free", 8)


@pytest.mark.usefixtures("one_language")
async def test_without_the_limit_free_space_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the option, the disk is not measured."""
    async with mirroring(tmp_path, 3) as run:
        disk = Disk(monkeypatch, lambda: 0)
        assert (await run()).complete
        assert disk.looks == 0
