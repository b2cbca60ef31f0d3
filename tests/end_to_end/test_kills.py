"""Row 57: a run that is killed at any moment, with a faulty connection."""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import Disturbance, SimulatedFlickr, SimulatedPhotostream
from tests.support.command import THREAD, Process, is_there, parts, run, running, tree
from tests.support.inspection import Inspector

if TYPE_CHECKING:
    from pathlib import Path

LOG = logging.getLogger(__name__)
KILLS = int(os.environ.get("KILLS", "0"))
"""The number of kills, as `KILLS=200 pytest -n 0 --log-cli-level=INFO tests/end_to_end/test_kills.py` sets it and logs
the figures; by default as many as fit into `SECONDS`, and at least `LEAST`."""
SECONDS, LEAST = 12, 30
WORKERS = 8
LONGEST = 0.6
"""A third of the runs are killed at a random moment within this number of seconds."""
IMAGES = 30
"""The others are killed after a random number of requests for images, up to this one."""
HASTE = {"longest_retry_wait": 0.02, "first_pause": 0.02}
"""Retries at once, because this test is not about waits."""


@pytest.mark.slow
async def test_kills_lose_nothing(tmp_path: Path, home: Path) -> None:
    """Row 57: kill -9 at random moments, a tenth of the requests with a fault: after each kill all files on disk are
    whole and true to the catalogue, and the final mirror equals an undisturbed one."""
    chance = random.Random(57)
    stream = SimulatedPhotostream(100, commented=0.05)
    line = ("--info-level", "2", "--image-workers", str(WORKERS))
    killed: list[Process] = []
    runs = 0
    faults = Disturbance(0.1, seed=57)
    async with SimulatedFlickr(stream, faults=faults) as flickr:
        inspector = Inspector(flickr, tmp_path / "killed", home)
        begun = time.monotonic()
        while len(killed) < KILLS if KILLS else len(killed) < LEAST or time.monotonic() < begun + SECONDS:
            runs += 1
            # the processes that detect languages and write files must not outlive the one that is killed
            settings = {} if runs % 5 == 0 else THREAD
            async with running(
                flickr, tmp_path / "killed", *line, settings=settings, timing=HASTE
            ) as process:
                await moment(flickr, process, chance)
                process.signal(signal.SIGKILL)
                outcome = await process.wait()
                await all_gone(process)
            assert outcome.code in (0, -signal.SIGKILL), outcome.err
            inspector.check(outcome.err, outcome.out)
            if outcome.code == 0:
                stream.upload(30)  # everything was mirrored before the kill
            else:
                killed.append(process)
        seconds = time.monotonic() - begun
        flickr.faults = None
        outcome = await run(flickr, tmp_path / "killed", *line)
        assert outcome.code == 0, outcome.err
        inspector.check(outcome.err)
        fetched_twice = flickr.requests.total() - len(stream)
        await run(flickr, tmp_path / "undisturbed", *line)
        assert tree(tmp_path / "killed") == tree(tmp_path / "undisturbed")
    assert parts(tmp_path) == []
    assert fetched_twice <= len(killed) * WORKERS + faults.counts.total()
    figures = {"kills": len(killed), "runs": runs, "photos": len(stream), "fetched twice": fetched_twice}
    LOG.info("%s %s %.1f s", figures, dict(inspector.found), seconds)


async def all_gone(process: Process) -> None:
    """Wait for the children of an ended process, which finish their work."""
    with anyio.fail_after(5):
        while is_there(process.pid):  # noqa: ASYNC110
            await anyio.sleep(0.002)


async def moment(flickr: SimulatedFlickr, process: Process, chance: random.Random) -> None:
    """Wait for the moment to kill a run, independently of the machine's speed."""
    if chance.random() < 1 / 3:
        await anyio.sleep(chance.uniform(0, LONGEST))
        return
    enough = flickr.requests.total() + chance.randrange(IMAGES)
    while flickr.requests.total() <= enough and is_there(process.pid):  # noqa: ASYNC110
        await anyio.sleep(0.002)
    await anyio.sleep(chance.uniform(0, 0.05))
