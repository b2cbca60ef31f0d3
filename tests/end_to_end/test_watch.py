"""`--watch` and full scans with the real command, on real sockets."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from aiohttp import web

from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import IMPATIENT, infos, run, running, tree
from tests.support.monitor import monitoring

if TYPE_CHECKING:
    from pathlib import Path


def image(root: Path, stream: SimulatedPhotostream, photo_id: str) -> Path:
    """Return the expected path of a photo's image."""
    number = inventory_number(photo_id)
    return root.joinpath(stream.username, *number[:4], f"{number}.jpg")


async def until(root: Path, stream: SimulatedPhotostream, photo_id: str, seconds: float) -> float:
    """Wait for the image of a photo, and return the seconds."""
    begun = time.monotonic()
    with anyio.fail_after(seconds):
        while not image(root, stream, photo_id).exists():  # noqa: ASYNC110
            await anyio.sleep(0.02)
    return time.monotonic() - begun


@pytest.mark.slow
async def test_a_watch_mirrors_uploads_and_prints_nothing_else(tmp_path: Path) -> None:
    """New photos are on disk soon, a poll costs one call, and SIGTERM ends it cleanly."""
    stream = SimulatedPhotostream(5, newest=int(time.time()) - 86_400)
    async with SimulatedFlickr(stream) as flickr, running(flickr, tmp_path, "--watch", "1s") as process:
        await until(tmp_path, stream, stream.ids[-1], 30)
        for _ in range(3):
            (photo_id,) = stream.upload(1)
            assert await until(tmp_path, stream, photo_id, 10) < 5
        begun, before = time.monotonic(), flickr.calls.total()
        while flickr.calls.total() < before + 3:  # noqa: ASYNC110
            await anyio.sleep(0.02)
        assert time.monotonic() - begun > 1.5
        process.signal(signal.SIGTERM)
        outcome = await process.wait()
        assert outcome.code == 143
        assert (outcome.summary["new"], outcome.summary["images"]) == ("8", "8")
        assert set(flickr.calls) == {
            "flickr.people.findByUsername",
            "flickr.people.getInfo",
            "flickr.people.getPhotos",
        }
        assert outcome.err.count("Scanning page") == 4


@pytest.mark.slow
async def test_a_watch_waits_for_a_lost_connection(tmp_path: Path) -> None:
    """A lost connection is reported once, also to a monitor; photos uploaded meanwhile are mirrored after it."""
    stream = SimulatedPhotostream(3, newest=int(time.time()) - 86_400)
    down = False

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        if down and request.transport is not None:
            request.transport.abort()
            return web.Response()
        return None

    async with monitoring() as monitor, SimulatedFlickr(stream) as flickr:
        flickr.intercept = intercept
        arguments = ("--watch", "1s", "--ping-url", monitor.url)
        async with running(flickr, tmp_path, *arguments, timing=IMPATIENT) as process:
            await until(tmp_path, stream, stream.ids[-1], 30)
            down, before = True, flickr.calls.total()
            (photo_id,) = stream.upload(1)
            with anyio.fail_after(60):
                while flickr.calls.total() < before + 6:  # noqa: ASYNC110
                    await anyio.sleep(0.05)
            assert not image(tmp_path, stream, photo_id).exists()
            down = False
            await until(tmp_path, stream, photo_id, 120)
            process.signal(signal.SIGINT)
            outcome = await process.wait()
    assert outcome.code == 130
    assert outcome.err.count("Trying again until it works") == 1
    assert outcome.err.count("Flickr answers again") == 1
    assert re.fullmatch("start (0 )+(75 )+(0 )*", " ".join([*monitor.words, ""]))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--watch", "0.5s"), "--watch"),
        (("--watch", "soon"), "soon"),
        (("--watch", "0s"), "0s"),
        (("--full-scan-every", "30"), "30d"),
        (("--prune",), "--full-scan"),
        (("--accept-loss",), "--full-scan"),
    ],
)
async def test_invalid_durations_and_scans_are_refused(
    tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    """A duration without a unit, an interval too short, a prune without a scan: exit 2 with the remedy."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        outcome = await run(flickr, tmp_path, *arguments)
    assert outcome.code == 2, outcome.err
    assert word in outcome.err
    assert tree(tmp_path) == {}


@pytest.mark.slow
async def test_a_full_scan_counts_changes(tmp_path: Path) -> None:
    """The last line counts new, updated and gone photos; the files of gone photos stay until --prune."""
    stream = SimulatedPhotostream(40, newest=int(time.time()) - 86_400)
    async with SimulatedFlickr(stream) as flickr:
        await run(flickr, tmp_path, "--info-level", "2")
        stream.edit(stream.ids[20], title="Rue Catinat, 1921")
        stream.replace_image(stream.ids[30])
        stream.add_comment(stream.ids[10], "My grandfather stood there")
        lost = stream.ids[35]
        lost_file = image(tmp_path, stream, lost)
        stream.delete(lost)
        plain = await run(flickr, tmp_path, "--info-level", "2")
        assert plain.code == 0, plain.err
        assert "1 photo fewer" in plain.err
        flickr.reset_counters()
        outcome = await run(flickr, tmp_path, "--info-level", "2", "--full-scan")
        assert outcome.code == 0, outcome.err
        summary = {name: outcome.summary[name] for name in ("updated", "gone", "images", "exit")}
        # every run lists the newest page, so the plain one saw the edits
        assert int(plain.summary["updated"]) + int(outcome.summary["updated"]) == 3
        assert summary["gone"] == "1"
        assert lost_file.exists()
        assert infos(tmp_path)[stream.ids[20]]["title"]["content"] == "Rue Catinat, 1921"
        outcome = await run(flickr, tmp_path, "--info-level", "2", "--full-scan", "--prune")
        assert outcome.code == 0, outcome.err
        assert ": 2 files of photos no longer on Flickr." in outcome.err
        assert not lost_file.exists()
        assert len([path for path in tmp_path.rglob(lost_file.name) if "trash" in path.parts]) == 1
