"""Notes, faves and EXIF by the real command: the estimate, kills, the summary."""

from __future__ import annotations

import hashlib
import json
import random
import re
import signal
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.simulator.data.sizes import Kind, Mix
from tests.support.command import THREAD, is_there, parts, run, running, tree
from tests.support.inspection import Inspector

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 10
MIX = Mix({Kind.PLAIN: 1, Kind.NO_ORIGINAL: 1})
LINE = ("--include", "notes,faves,exif", "--info-level", "2")


@pytest.mark.slow
async def test_kills_lose_no_detail_and_no_file(tmp_path: Path, home: Path) -> None:
    """After kill -9 at ten moments of the calls for details, the mirror equals an undisturbed one."""
    chance = random.Random(16)
    stream = SimulatedPhotostream(40, mix=MIX, image_dims=(40, 30))
    killed = 0
    async with SimulatedFlickr(stream, api_latency=0.005) as flickr:
        inspector = Inspector(flickr, tmp_path / "killed", home)
        while killed < KILLS:
            enough = flickr.calls.total() + chance.randrange(5, 25)
            async with running(flickr, tmp_path / "killed", *LINE, settings=THREAD) as process:
                while flickr.calls.total() < enough and is_there(process.pid):  # noqa: ASYNC110
                    await anyio.sleep(0.001)
                process.signal(signal.SIGKILL)
                outcome = await process.wait()
            inspector.check(outcome.err, outcome.out)
            killed += outcome.code != 0
            if outcome.code == 0:
                stream.upload(10)
        outcome = await run(flickr, tmp_path / "killed", *LINE)
        assert (outcome.code, outcome.summary["left"]) == (0, "0")
        await run(flickr, tmp_path / "undisturbed", *LINE)
        assert tree(tmp_path / "killed") == tree(tmp_path / "undisturbed")
        flickr.reset_counters()
        await run(flickr, tmp_path / "killed", *LINE)
        assert flickr.calls.total() <= 3
    assert parts(tmp_path) == []


async def test_the_estimate_of_details_is_exact(tmp_path: Path) -> None:
    """--dry-run counts the calls, and the plan line of the run agrees; the summary counts the fetched details."""
    stream = SimulatedPhotostream(6, image_dims=(40, 30))
    async with SimulatedFlickr(stream) as flickr:
        dry = await run(flickr, tmp_path, "--dry-run", "--include", "notes")
        planned = int(re.findall(r"calls=(\d+)", dry.out)[0])
        plain = await run(flickr, tmp_path, "--dry-run")
        assert planned == int(re.findall(r"calls=(\d+)", plain.out)[0]) + 6
        assert not flickr.calls["flickr.photos.getInfo"]
        outcome = await run(flickr, tmp_path, "--include", "notes")
        assert (outcome.code, flickr.calls["flickr.photos.getInfo"]) == (0, 6)
        last = tmp_path / stream.username / ".flickr_mirror" / "last-run.json"
        assert json.loads(last.read_bytes())["details"] == 6


async def test_notes_need_the_json_files(tmp_path: Path) -> None:
    """--image-only writes no JSON files: one sentence, exit code 2, and no call."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        outcome = await run(flickr, tmp_path, "--image-only", "--include", "notes")
        assert outcome.code == 2
        assert "--image-only and --include notes exclude each other" in outcome.err
        assert not flickr.calls


async def test_a_run_that_adds_only_details_brings_the_manifest_up_to_date(tmp_path: Path) -> None:
    """The JSON files have changed, and the manifest has their SHA-256."""
    stream = SimulatedPhotostream(2, image_dims=(40, 30))
    async with SimulatedFlickr(stream) as flickr:
        assert (await run(flickr, tmp_path)).code == 0
        before = tree(tmp_path)
        assert (await run(flickr, tmp_path, "--include", "faves")).code == 0
    assert tree(tmp_path) != before
    folder = tmp_path / stream.username
    for line in (folder / "manifest-sha256.txt").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
