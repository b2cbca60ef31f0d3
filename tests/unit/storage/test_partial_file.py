"""Group commit: each file of a group has its own outcome."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from flickr_mirror.errors import CacheError, PlaceTakenError
from flickr_mirror.storage import directories, filesystem, group_committer
from flickr_mirror.storage.group_committer import GroupCommitter
from flickr_mirror.storage.partial_file import BLOCK_SIZE, open_partial_file
from tests.support.faulty_disk import Fault, FaultyDisk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit one group at a time, so that waiting files form the next one."""
    monkeypatch.setattr(group_committer, "MAX_GROUPS", 1)


class Files:
    """Commits files in one group, after a file that waits until all are ready."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outcomes: dict[str, object] = {}
        self._committer = GroupCommitter()
        self._go = threading.Event()

    async def commit(
        self, name: str, data: bytes, final: Path, check: Callable[[], Any] | None = None
    ) -> None:
        """Commit one file, and record the outcome."""
        async with open_partial_file(self.folder, self._committer) as part:
            await part.write(data)
            try:
                self.outcomes[name] = await part.commit(final, check)
            except Exception as error:  # noqa: BLE001
                self.outcomes[name] = error

    async def all(self, *files: tuple[Any, ...]) -> None:
        """Commit files in one group."""
        blocker = self.folder / "blocker"
        blocker.write_bytes(b"")
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.commit, "blocker", b"x", blocker, self._go.wait)
                await anyio.wait_all_tasks_blocked()
                for file in files:
                    tasks.start_soon(self.commit, *file)
                await anyio.wait_all_tasks_blocked()
                self._go.set()


async def test_an_error_of_a_folder_is_raised_for_all_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 57: if a folder cannot be synced, none of its files is durable, and the system reports that once."""
    faulty = FaultyDisk(monkeypatch)
    filesystem.make_folder(tmp_path / "a")
    filesystem.make_folder(tmp_path / "b")
    files = Files(tmp_path)
    # the first sync of a folder is the blocker's
    faulty.reset()
    faulty.fault = Fault(2, errno.EIO, kind="sync folder")
    monkeypatch.setattr(directories, "_durable", {str(tmp_path), str(tmp_path / "a"), str(tmp_path / "b")})
    await files.all(
        ("one", b"1", tmp_path / "a" / "1"),
        ("two", b"2", tmp_path / "a" / "2"),
        ("three", b"3", tmp_path / "b" / "3"),
    )

    assert isinstance(files.outcomes["one"], CacheError)
    assert isinstance(files.outcomes["two"], CacheError)
    assert isinstance(files.outcomes["three"], bytes)


async def test_two_files_with_one_name_in_a_group(tmp_path: Path) -> None:
    """Row 63: the second of two photos with one name is refused, also if both are committed at once."""
    final = tmp_path / "photo.jpg"

    def refuse() -> None:
        raise PlaceTakenError("That is another photo's.", final)

    files = Files(tmp_path)
    await files.all(("one", b"1", final, refuse), ("two", b"2", final, refuse))

    assert isinstance(files.outcomes["one"], bytes)
    assert isinstance(files.outcomes["two"], PlaceTakenError)
    assert final.read_bytes() == b"1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blocker", "photo.jpg"]


async def test_without_threads_every_file_gets_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 29: too many threads or too little memory: no task waits forever, and the next group works."""
    files = Files(tmp_path)
    run_sync = anyio.to_thread.run_sync
    count = 0

    async def run(function: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal count
        is_group = function == files._committer._commit_group
        count += is_group
        if is_group and count == 2:
            raise RuntimeError("can't start new thread")
        return await run_sync(function, *arguments)

    monkeypatch.setattr(anyio.to_thread, "run_sync", run)
    await files.all(("one", b"1", tmp_path / "1"), ("two", b"2", tmp_path / "2"))
    assert isinstance(files.outcomes["one"], RuntimeError)
    assert isinstance(files.outcomes["two"], RuntimeError)

    with anyio.fail_after(10):
        await files.commit("three", b"3", tmp_path / "3")
    assert isinstance(files.outcomes["three"], bytes)


async def test_a_cancelled_task_does_not_affect_its_group(tmp_path: Path) -> None:
    """When a cancelled task has ended, its file is committed or deleted, and the others of its group are committed."""
    files = Files(tmp_path)
    blocker = tmp_path / "blocker"
    blocker.write_bytes(b"")
    with anyio.fail_after(20):
        async with anyio.create_task_group() as others:
            others.start_soon(files.commit, "blocker", b"x", blocker, files._go.wait)
            await anyio.wait_all_tasks_blocked()
            others.start_soon(files.commit, "other", b"o", tmp_path / "other")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(files.commit, "one", b"1", tmp_path / "one")
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
                threading.Timer(0.05, files._go.set).start()
            # the task has ended: no work is done for it any more
            assert (tmp_path / "one").read_bytes() == b"1"

    assert isinstance(files.outcomes["other"], bytes)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blocker", "one", "other"]


async def test_a_file_that_is_being_opened_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 83: asyncio's cancellation ignores shields: the descriptor that a thread is opening is closed."""
    opened = threading.Event()
    descriptors = []
    new_file = filesystem.new_file

    def slow(name: str, folder: int) -> int:
        opened.set()
        threading.Event().wait(0.1)
        descriptors.append(new_file(name, folder))
        return descriptors[-1]

    monkeypatch.setattr(filesystem, "new_file", slow)

    async def write() -> None:
        async with open_partial_file(tmp_path) as part:
            await part.write(bytes(BLOCK_SIZE))

    task = asyncio.create_task(write())
    await asyncio.to_thread(opened.wait)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert len(descriptors) == 1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptors[0])
    assert list(tmp_path.iterdir()) == []
