"""The command `check` on a terminal and in scripts."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage.locks import locked
from tests.support.command import Outcome, run, running, start, tree

if TYPE_CHECKING:
    from pathlib import Path


async def check(cache: Path, name: str, *arguments: str) -> Outcome:
    """Run `mirror_flickr check`."""
    process = start(["check", "--username", name, "--cache-path", str(cache), *arguments])
    try:
        return await process.wait()
    finally:
        await process.close()


@pytest.mark.slow
async def test_four_broken_files_of_a_thousand_are_restored_by_four_downloads(tmp_path: Path) -> None:
    """Row 61: a flipped bit, a cut, an HTML page and a missing file are named, and the next run restores them."""
    stream = SimulatedPhotostream(1000, image_dims=(40, 30))
    async with SimulatedFlickr(stream) as flickr:
        async with running(flickr, tmp_path, "--info-level", "1") as process:
            assert (await process.wait()).code == 0
        whole = tree(tmp_path)
        images = [tmp_path / name for name in sorted(whole) if name.endswith(".jpg")]
        flipped, cut, page, missing = images[:4]
        data = bytearray(flipped.read_bytes())
        data[len(data) // 2] ^= 4
        flipped.write_bytes(data)
        cut.write_bytes(cut.read_bytes()[:-100])
        page.write_text("<html>Not found</html>")
        missing.unlink()
        outcome = await check(tmp_path, stream.username, "--json")
        assert outcome.code == 3
        report = json.loads(outcome.out)
        assert {entry["path"] for entry in report["broken"]} == {
            str(p) for p in (flipped, cut, page, missing)
        }
        assert (report["files"], report["exit"], report["complete"]) == (2000, 3, True)
        assert re.search(
            rf"^checked user=\"{stream.username}\" .* broken=4 .* exit=3$", outcome.err, re.MULTILINE
        )
        assert (await check(tmp_path, stream.username)).code == 3
        flickr.reset_counters()
        assert (await run(flickr, tmp_path, "--info-level", "1")).summary["images"] == "4"
        assert flickr.requests.total() == 4
        assert tree(tmp_path) == whole
        assert (await check(tmp_path, stream.username)).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 4, "There is no mirror of 'nobody'"),
        (("--part", "4/3"), 2, "invalid share"),
        (("--part", "0/3"), 2, "invalid share"),
        (("--part", "third"), 2, "invalid share"),
    ],
)
async def test_an_impossible_check_is_reported(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """No such mirror, no such share: the problem, the remedy, and a distinct exit code."""
    outcome = await check(tmp_path, "nobody", *arguments)
    assert outcome.code == code
    assert words in outcome.err.replace("\n", " ")
    assert "Traceback" not in outcome.err


@pytest.mark.slow
async def test_a_mirror_in_use_is_not_checked(tmp_path: Path) -> None:
    """While another process uses the mirror, the check exits with 11."""
    async with SimulatedFlickr(SimulatedPhotostream(2)) as flickr:
        await run(flickr, tmp_path)
        name = flickr.streams[0].username
        with locked(tmp_path / name / ".flickr_mirror" / "lock"):
            assert (await check(tmp_path, name)).code == 11


def has_begun_check(catalogue: Path) -> bool:
    """Return whether an unfinished check has recorded its position."""
    database = sqlite3.connect(f"{catalogue.as_uri()}?mode=ro", uri=True)
    (count,) = database.execute("SELECT count(*) FROM notes WHERE name LIKE 'check %'").fetchone()
    database.close()
    return bool(count)


async def test_a_check_stopped_by_ctrl_c_is_continued(tmp_path: Path) -> None:
    """Ctrl-C ends a check with code 130 and advice to continue; the same command does so."""
    async with SimulatedFlickr(SimulatedPhotostream(200, image_dims=(40, 30))) as flickr:
        await run(flickr, tmp_path, "--image-only")
        name = flickr.streams[0].username
        line = ["check", "--username", name, "--cache-path", str(tmp_path)]
        process = start(line, settings={"engine.check.BATCH": 1})
        try:
            catalogue = tmp_path / name / ".flickr_mirror" / "catalogue.sqlite"
            while not has_begun_check(catalogue):  # noqa: ASYNC110
                await anyio.sleep(0.001)
            process.signal(signal.SIGINT)
            outcome = await process.wait()
        finally:
            await process.close()
        assert outcome.code == 130, outcome.err
        assert "Run the same command again" in outcome.err
        looked_at = int(re.search(r"files=(\d+)", outcome.err)[1])  # type: ignore[index]
        assert looked_at < 200
        outcome = await check(tmp_path, name)
        assert outcome.code == 0
        before = int(re.search(r"had read (\d+) of", outcome.err)[1])  # type: ignore[index]
        assert before in (looked_at - 1, looked_at)  # the last one may not have been recorded
        assert f" files={200 - before} " in outcome.err


async def test_the_check_says_that_files_were_moved_only_if_some_were(tmp_path: Path) -> None:
    """A missing file cannot be moved; a broken one is."""
    stream = SimulatedPhotostream(2, image_dims=(40, 30))
    async with SimulatedFlickr(stream) as flickr:
        assert (await run(flickr, tmp_path)).code == 0
    first, second = sorted((tmp_path / stream.username).glob("?/*/*/*/*.jpg"))
    first.unlink()
    outcome = await check(tmp_path, stream.username)
    assert "It is missing. The next run restores it." in outcome.err
    assert "were moved" not in outcome.err
    second.write_bytes(b"x")
    outcome = await check(tmp_path, stream.username)
    assert "Broken files were moved to" in outcome.err
