"""One run at a time uses a mirror."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import CacheLockedError
from flickr_mirror.storage.locks import holder_of, locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import os, sys
from pathlib import Path
from flickr_mirror.storage.locks import holder_of, locked
with locked(Path(sys.argv[1])):
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""

TRY = """
import sys
from pathlib import Path
from flickr_mirror.storage.locks import holder_of, locked
from flickr_mirror.errors import CacheLockedError
try:
    with locked(Path(sys.argv[1])):
        print("free")
except CacheLockedError as error:
    print(error)
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"{process.pid}\n"
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    """Two runs on one mirror exclude each other, and the second one names the process of the first."""
    path = tmp_path / "state" / "lock"
    with (
        holder(path) as process,
        pytest.raises(CacheLockedError, match=rf"\(process {process.pid} on .+, since \d{{4}}-"),
        locked(path),
    ):
        pytest.fail("two processes hold the lock")


def test_another_process_is_refused_while_the_lock_is_held(tmp_path: Path) -> None:
    """The lock of this process excludes others, only as long as it is held."""

    def attempt() -> str:
        command = [sys.executable, "-c", TRY, str(tmp_path / "lock")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with locked(tmp_path / "lock"):
        assert f"process {os.getpid()} on" in attempt()
    assert attempt() == "free\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_is_free_after_the_holder_was_killed(tmp_path: Path, number: signal.Signals) -> None:
    """A killed run never locks its mirror permanently."""
    path = tmp_path / "lock"
    with holder(path) as process:
        process.send_signal(number)
        process.wait(timeout=10)

        with locked(path):
            assert json.loads((tmp_path / "lock.json").read_bytes())["pid"] == os.getpid()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"pid": 1, "host": "x", "since": "x"}', b"\xff"])
def test_an_unreadable_record_of_the_holder_keeps_the_lock(tmp_path: Path, content: bytes) -> None:
    """The refusal depends on the lock, not on the file that names its holder."""
    path = tmp_path / "lock"
    with locked(path):
        (tmp_path / "lock.json").write_bytes(content)
        with pytest.raises(CacheLockedError, match="Another run works on this mirror"), locked(path):
            pytest.fail("two holders of one lock")


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    """A killed run leaves its process id, which another program may have now."""
    path = tmp_path / "lock"
    assert holder_of(path) is None
    with locked(path):
        who = holder_of(path)
        named = (tmp_path / "lock.json").read_bytes()
    assert who is not None
    assert who["pid"] == os.getpid()
    (tmp_path / "lock.json").write_bytes(named)
    assert holder_of(path) is None


@pytest.mark.parametrize("content", [b"", b"[]", b'{"pid": 1, "host": "x", "since": 1e300}', b"\xff" * 99])
def test_an_unreadable_record_means_an_unknown_holder(tmp_path: Path, content: bytes) -> None:
    """The lock is held by an unknown process."""
    path = tmp_path / "lock"
    with locked(path):
        (tmp_path / "lock.json").write_bytes(content)
        assert holder_of(path) == {"pid": None, "host": None, "since": None}


def test_reading_the_holder_of_a_lock_does_not_block_a_run(tmp_path: Path) -> None:
    """Reading takes the lock for a moment, for which a run that begins waits."""
    path = tmp_path / "lock"
    path.touch()  # some versions of filelock leave the file, some delete it
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.05, os.close, [looking]).start()
    with locked(path):
        assert holder_of(path)


def test_a_lock_is_private(tmp_path: Path) -> None:
    """With any umask, other users can neither hold the lock nor change the record of its holder."""
    before = os.umask(0)
    try:
        with locked(tmp_path / "lock"):
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"lock": 0o600, "lock.json": 0o600}
