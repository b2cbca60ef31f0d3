"""One process at a time uses a mirror, even while it waits; several share the hourly calls of one key."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from filelock import FileLock

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import run, running, tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
async def test_a_second_process_is_refused_for_the_whole_run(tmp_path: Path) -> None:
    """Rows 68, 69: while the first waits for the hour's calls, the second exits 11 at once, and names the first.

    After kill -9 nothing needs to be unlocked by hand, and the lock file stays the same.
    """
    async with SimulatedFlickr(SimulatedPhotostream(12, commented=1.0)) as flickr:
        line = ("--info-level", "2", "--calls-per-hour", "6")
        async with running(flickr, tmp_path, *line) as first:
            await first.wait_for("calls to Flickr are used up")
            (lock,) = tmp_path.glob("*/.flickr_mirror/lock")
            inode = lock.stat().st_ino
            begun = time.monotonic()
            nsid = flickr.streams[0].nsid  # a name would need a call to look it up
            outcome = await run(flickr, tmp_path, "--username", nsid)
            assert time.monotonic() - begun < 3
            assert outcome.code == 11, outcome.err
            who = f"process {first.pid} on {socket.gethostname()}, since {time.strftime('%Y-%m-%d')}"
            assert who in outcome.err
            assert flickr.calls.total() <= 6
            before = tree(tmp_path)
            first.signal(signal.SIGKILL)
            await first.wait()
        assert tree(tmp_path) == before
        outcome = await run(flickr, tmp_path, "--username", nsid)
        assert outcome.code == 0, outcome.err
        assert lock.stat().st_ino == inode
        assert not lock.with_suffix(".json").exists()


@pytest.mark.slow
async def test_a_killed_run_is_not_named_as_the_lock_holder(tmp_path: Path) -> None:
    """Row 70: before a new holder has written its name, the name of an ended process is not shown."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        assert (await run(flickr, tmp_path)).code == 0
        (lock,) = tmp_path.glob("*/.flickr_mirror/lock")
        async with running(flickr, tmp_path, "--watch", "1h") as process:
            await process.wait_for("Scanning")
            process.signal(signal.SIGKILL)
            await process.wait()
        text = json.loads(lock.with_suffix(".json").read_text())
        assert text["pid"] == process.pid
        with FileLock(lock):
            outcome = await run(flickr, tmp_path)
            assert outcome.code == 11
            assert "Another run works on this mirror." in outcome.err
            # on another computer the process cannot be verified, so its record is shown
            lock.with_suffix(".json").write_text(json.dumps({**text, "host": "elsewhere"}))
            outcome = await run(flickr, tmp_path)
            assert outcome.code == 11
            assert f"process {process.pid} on elsewhere" in outcome.err


async def test_two_mirrors_share_the_hourly_limit(tmp_path: Path) -> None:
    """Row 83: two processes mirror two accounts below one folder, and together make no more calls than the key may."""
    streams = [
        SimulatedPhotostream(20, nsid="1@N01", username="one", path_alias=None, commented=1.0),
        SimulatedPhotostream(20, nsid="2@N02", username="two", path_alias=None, commented=1.0),
    ]
    line = ("--info-level", "2", "--calls-per-hour", "14")
    async with (
        SimulatedFlickr(*streams) as flickr,
        running(flickr, tmp_path, *line, "--username", "one") as one,
        running(flickr, tmp_path, *line, "--username", "two") as two,
    ):
        for process in (one, two):
            await process.wait_for("calls to Flickr are used up")
        with anyio.fail_after(20):
            while flickr.requests.total() < 40:  # noqa: ASYNC110 - images need no call
                await anyio.sleep(0.02)
        assert 12 <= flickr.calls.total() <= 14  # comments leave a tenth of the calls to other work
        for process in (one, two):
            process.signal(signal.SIGTERM)
            await process.wait_for("Stopping", 2)
            process.signal(signal.SIGTERM)
            assert (await process.wait()).code == 143
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]
