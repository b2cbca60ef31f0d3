"""One run at a time works on a mirror."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import CacheLockedError
from flickr_mirror.locks import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import os, sys
from pathlib import Path
from flickr_mirror.locks import locked
with locked(Path(sys.argv[1])):
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""

TRY = """
import sys
from pathlib import Path
from flickr_mirror.locks import locked
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


def test_a_second_run_is_refused_and_told_which_is_the_first(tmp_path: Path) -> None:
    """Two runs on one mirror exclude each other, and the second one names the process of the first."""
    path = tmp_path / "state" / "lock"
    with (
        holder(path) as process,
        pytest.raises(CacheLockedError, match=rf"\(process {process.pid} on .+, since \d{{4}}-"),
        locked(path),
    ):
        pytest.fail("two processes hold one lock")


def test_another_process_is_refused_while_we_hold_the_lock(tmp_path: Path) -> None:
    """Our own lock holds other processes off, and only as long as we hold it."""

    def attempt() -> str:
        command = [sys.executable, "-c", TRY, str(tmp_path / "lock")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with locked(tmp_path / "lock"):
        assert f"process {os.getpid()} on" in attempt()
    assert attempt() == "free\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_is_free_after_the_holder_was_killed(tmp_path: Path, number: signal.Signals) -> None:
    """A killed run never locks its mirror for good."""
    path = tmp_path / "lock"
    with holder(path) as process:
        process.send_signal(number)
        process.wait(timeout=10)

        with locked(path):
            assert json.loads((tmp_path / "lock.json").read_bytes())["pid"] == os.getpid()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"pid": 1, "host": "x", "since": "x"}', b"\xff"])
def test_a_holder_that_cannot_be_read_still_holds(tmp_path: Path, content: bytes) -> None:
    """The refusal depends on the lock, not on the file that says who has it."""
    path = tmp_path / "lock"
    with locked(path):
        (tmp_path / "lock.json").write_bytes(content)
        with pytest.raises(CacheLockedError, match="Another run works on this mirror"), locked(path):
            pytest.fail("two hold one lock")
