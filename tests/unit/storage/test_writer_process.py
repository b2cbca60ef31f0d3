"""Commits in worker processes: no file is lost or incomplete if a process is lost."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.errors import PlaceTakenError
from flickr_mirror.storage import group_committer
from flickr_mirror.storage.durable_write import FileCommit, TemporaryFile
from flickr_mirror.storage.group_committer import GroupCommitter
from flickr_mirror.storage.partial_file import BLOCK_SIZE, open_partial_file
from flickr_mirror.storage.writer_process import ProcessLostError, WriterProcess, _serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("writer_processes")

COUNT = 3 * group_committer.MIN_PROCESS_GROUP


@pytest.fixture(autouse=True)
def one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit one group at a time, so that waiting files form the next one."""
    monkeypatch.setattr(group_committer, "MAX_GROUPS", 1)


@pytest.fixture
def committer() -> Iterator[GroupCommitter]:
    """Return a committer that may use a process."""
    committer = GroupCommitter()
    with committer.processes():
        yield committer


class Files:
    """Commits files concurrently."""

    def __init__(self, folder: Path, committer: GroupCommitter) -> None:
        self.folder = folder
        self.outcomes: dict[str, object] = {}
        self._committer = committer

    async def commit(self, name: str, check: Callable[[], object] | None = None) -> None:
        """Commit a file whose content is its name."""
        async with open_partial_file(self.folder, self._committer) as part:
            await part.write(name.encode())
            try:
                self.outcomes[name] = await part.commit(self.folder / "images" / name, check)
            except Exception as error:  # noqa: BLE001
                self.outcomes[name] = error

    async def all(self, *names: str, check: Callable[[], object] | None = None) -> None:
        """Commit files, nearly all of them in one group after the first one."""
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                for name in names:
                    tasks.start_soon(self.commit, name, check)

    def assert_committed(self, *names: str) -> None:
        """Check that these files exist, that their outcomes agree, and that no others exist."""
        for name in names:
            assert (self.folder / "images" / name).read_bytes() == name.encode()
            assert self.outcomes[name] == hashlib.sha256(name.encode()).digest()
        assert sorted(path.name for path in self.folder.rglob("*") if path.is_file()) == sorted(names)


def names(start: int = 0) -> list[str]:
    """Return enough names of files for a process."""
    return [f"{number}.jpg" for number in range(start, start + COUNT)]


def process_of(committer: GroupCommitter) -> int:
    """Return the id of the process that commits files."""
    (process,) = committer._idle
    assert process._process is not None, "no process was started"
    return process._process.pid


async def test_many_small_files_are_committed_by_a_process(tmp_path: Path) -> None:
    """All of them exist, with their SHA-256, and the process has ended."""
    committer = GroupCommitter()
    files = Files(tmp_path, committer)
    with committer.processes():
        await files.all(*names())
        pid = process_of(committer)
    files.assert_committed(*names())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_few_files_need_no_process(tmp_path: Path, committer: GroupCommitter) -> None:
    """For slow downloads a thread is enough, and no process is started."""
    files = Files(tmp_path, committer)
    await files.all("1.jpg", "2.jpg")
    files.assert_committed("1.jpg", "2.jpg")
    assert committer._idle[0]._process is None


async def test_large_files_are_committed_by_a_thread(tmp_path: Path, committer: GroupCommitter) -> None:
    """A file that is too large for memory is on disk already, and committed by a thread."""
    files = Files(tmp_path, committer)
    data = bytes(BLOCK_SIZE) + b"the end"

    async def keep_large() -> None:
        async with open_partial_file(tmp_path, committer) as part:
            await part.write(data)
            assert await part.commit(tmp_path / "large.jpg") == hashlib.sha256(data).digest()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_large)
        tasks.start_soon(files.all, *names())
    assert (tmp_path / "large.jpg").read_bytes() == data
    (tmp_path / "large.jpg").unlink()
    files.assert_committed(*names())


@pytest.mark.parametrize("is_ours", [True, False])
async def test_a_name_in_use_is_checked_by_the_parent(
    tmp_path: Path, committer: GroupCommitter, *, is_ours: bool
) -> None:
    """Row 63: only the caller can decide whether a file may be replaced, also if the process finds it first."""
    taken = tmp_path / "images" / names()[-1]
    taken.parent.mkdir()
    taken.write_bytes(b"old")

    def check() -> None:
        if not is_ours:
            raise PlaceTakenError("That is another photo's.", taken)

    files = Files(tmp_path, committer)
    await files.all(*names(), check=check)
    assert process_of(committer)
    if is_ours:
        files.assert_committed(*names())
    else:
        assert isinstance(files.outcomes.pop(taken.name), PlaceTakenError)
        assert taken.read_bytes() == b"old"
        taken.unlink()
        files.assert_committed(*names()[:-1])


async def test_a_file_in_place_of_a_folder_is_reported(tmp_path: Path, committer: GroupCommitter) -> None:
    """Row 58: a file in place of a folder is reported like by a thread."""
    (tmp_path / "images").write_bytes(b"")
    files = Files(tmp_path, committer)
    await files.all(*names())
    for error in files.outcomes.values():
        assert isinstance(error, PlaceTakenError)
        assert "Cannot write" in str(error)
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


async def test_a_killed_process_is_replaced_by_threads(
    tmp_path: Path, committer: GroupCommitter, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 83: threads continue its work, with one warning."""
    files = Files(tmp_path, committer)
    await files.all(*names())
    os.kill(process_of(committer), signal.SIGKILL)
    await files.all(*names(COUNT))
    await files.all(*names(2 * COUNT))
    files.assert_committed(*names(), *names(COUNT), *names(2 * COUNT))
    (warning,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert "a thread writes them" in warning


async def test_a_process_killed_during_a_commit_loses_no_file(
    tmp_path: Path, committer: GroupCommitter
) -> None:
    """Row 83: its files are committed by a thread, and none of its temporary files are left."""
    files = Files(tmp_path, committer)
    await files.all(*names())
    pid = process_of(committer)
    os.kill(pid, signal.SIGSTOP)  # so that it has files when it is killed
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(files.all, *names(COUNT))
        with anyio.fail_after(10):
            while committer._idle:  # noqa: ASYNC110
                await anyio.sleep(0.001)
        os.kill(pid, signal.SIGKILL)
    files.assert_committed(*names(), *names(COUNT))


def test_temporary_files_of_a_lost_process_are_removed(tmp_path: Path) -> None:
    """The temporary file of a killed process is deleted, because a thread creates it again under the same name."""
    part, final = TemporaryFile(tmp_path / "1.part", bytearray(b"1")), tmp_path / "1.jpg"
    part.path.write_bytes(b"half")
    process = WriterProcess()
    ours, theirs = socket.socketpair()
    process._socket = ours
    theirs.close()
    with pytest.raises(ProcessLostError):
        process.commit_all([FileCommit(part, final, None)])
    assert list(tmp_path.iterdir()) == []


async def test_a_frozen_program_commits_in_threads(
    tmp_path: Path,
    committer: GroupCommitter,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A frozen program has no interpreter to start."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    files = Files(tmp_path, committer)
    await files.all(*names())
    files.assert_committed(*names())
    assert "a thread writes them" in caplog.text


async def test_a_process_ignores_the_signals_of_a_terminal(tmp_path: Path, committer: GroupCommitter) -> None:
    """Ctrl-C is for the main process, which has ten seconds to finish work in flight."""
    files = Files(tmp_path, committer)
    await files.all(*names())
    pid = process_of(committer)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    await files.all(*names(COUNT))
    assert process_of(committer) == pid
    files.assert_committed(*names(), *names(COUNT))


@pytest.mark.parametrize("sent", [0, 5, 9])
def test_an_incomplete_request_leaves_no_file(tmp_path: Path, sent: int) -> None:
    """Row 57: if the parent process was killed, an incomplete file gets no name."""
    ours, theirs = socket.socketpair()
    serving = threading.Thread(target=_serve, args=(theirs,))
    serving.start()
    files = [(str(tmp_path / f"{name}.part"), str(tmp_path / name), 5) for name in ("one", "two")]
    with ours:
        ours.sendall(json.dumps(files).encode() + b"\n" + b"0123456789"[:sent])
    serving.join(10)
    assert not serving.is_alive()
    assert list(tmp_path.iterdir()) == []
