"""A run that is killed at any moment, and one that goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.end_to_end.command import command, parts, run, tree

if TYPE_CHECKING:
    from pathlib import Path

WORKERS = 8


async def start_and_signal(
    flickr: SimulatedFlickr, cache: Path, images: int, number: signal.Signals
) -> tuple[int, str]:
    """Start the command, send it a signal once so many images were served, and return how it ended."""
    enough = flickr.requests.total() + images
    line = command(flickr, cache, "--image-workers", str(WORKERS), "--info-level", "1", "--debug", "2")
    async with await anyio.open_process(
        line, env=os.environ.copy(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        with anyio.fail_after(60):
            while flickr.requests.total() < enough and process.returncode is None:  # noqa: ASYNC110
                await anyio.sleep(0.005)
        if process.returncode is None:
            process.send_signal(number)
        assert process.stderr is not None
        text = b"".join([chunk async for chunk in process.stderr])
        code = await process.wait()
    return code, text.decode()


@pytest.mark.usefixtures("unmeasured")
async def test_ten_kills_cost_nothing_but_time(tmp_path: Path) -> None:
    """Killed ten times and run to the end: the tree of an undisturbed run, hardly an image fetched twice."""
    stream = SimulatedPhotostream(1000)
    async with SimulatedFlickr(stream) as flickr:
        await run(flickr, tmp_path / "undisturbed", "--info-level", "1")
        flickr.reset_counters()
        kills = 0
        for _ in range(10):
            moment = random.Random(kills).randrange(1, 120)
            code, _ = await start_and_signal(flickr, tmp_path / "killed", moment, signal.SIGKILL)
            kills += code == -signal.SIGKILL
        assert kills >= 5
        outcome = await run(flickr, tmp_path / "killed", "--info-level", "1")
        assert outcome.code == 0, outcome.err
        assert parts(tmp_path) == []
        assert tree(tmp_path / "killed") == tree(tmp_path / "undisturbed")
        assert flickr.requests.total() <= 1000 + kills * WORKERS


async def test_ctrl_c_finishes_what_is_in_flight_and_says_how_to_go_on(tmp_path: Path) -> None:
    """Ctrl-C ends the run with code 130 and nothing half done; the same command completes it."""
    stream = SimulatedPhotostream(400)
    async with SimulatedFlickr(stream, image_latency=0.02) as flickr:
        code, text = await start_and_signal(flickr, tmp_path, 30, signal.SIGINT)
        assert code == 130
        assert "Stopping" in text
        assert "Run the same command again" in text
        assert parts(tmp_path) == []
        images = sum(name.endswith(".jpg") for name in tree(tmp_path))
        assert 30 <= images < 400
        outcome = await run(flickr, tmp_path)
        assert outcome.code == 0
        assert outcome.summary["images"] == str(400 - images)
        assert flickr.requests.total() == 400


async def test_sigterm_ends_like_ctrl_c(tmp_path: Path) -> None:
    """A service manager's SIGTERM ends the run with code 143, and the next one goes on."""
    stream = SimulatedPhotostream(200)
    async with SimulatedFlickr(stream, image_latency=0.02) as flickr:
        code, _ = await start_and_signal(flickr, tmp_path, 10, signal.SIGTERM)
        assert code == 143
        assert (await run(flickr, tmp_path)).code == 0
        assert sum(name.endswith(".jpg") for name in tree(tmp_path)) == 200
