"""Paths and texts that are not UTF-8, a deleted working folder, and a system without threads and processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from tests.support.command import KEYS, Outcome, arguments_for, run, start, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_THREADS = """
import os, subprocess, sys, threading

left, start_thread = int(sys.argv.pop(1)), threading.Thread.start

def start(thread):
    global left
    left -= 1
    if left < 0:
        raise RuntimeError("can't start new thread")
    start_thread(thread)

def fork(*_):
    raise BlockingIOError(11, "Resource temporarily unavailable")

threading.Thread.start = start
subprocess._fork_exec = fork
from flickr_mirror.__main__ import main
main()
"""
"""The command on a system with only a few threads left, and no process."""


@pytest.fixture(scope="module")
def flickr() -> Iterator[SimulatedFlickr]:
    """Return a Flickr of a few photos."""
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(6, image_dims=(48, 36)))) as flickr:
        yield flickr


async def outcome_of(*line: str, **environment: str) -> Outcome:
    """Run the command with exactly these arguments."""
    process = start([*line], environment)
    try:
        return await process.wait()
    finally:
        await process.close()


@pytest.mark.slow
async def test_a_cache_path_that_is_not_utf8(tmp_path: Path, flickr: SimulatedFlickr) -> None:
    """A folder name that is not UTF-8 works like any other; it is shown escaped, as Python and JSON do."""
    cache = tmp_path / os.fsdecode(b"caf\xe9")
    summary = tmp_path / "summary"
    outcome = await run(flickr, cache, "--json", "--hook", f"tee {summary}")
    assert outcome.code == 0, outcome.err
    assert outcome.summary["images"] == "6"
    assert len(tree(cache)) == 12
    (last,) = cache.rglob("last-run.json")
    folder = cache / flickr.streams[0].username
    summaries = [last.read_text(), summary.read_text(), outcome.out.splitlines()[-1]]
    assert [json.loads(text)["folder"] for text in summaries] == [str(folder)] * 3
    mirror = ("--username", flickr.streams[0].username, "--cache-path", str(cache))
    status = await outcome_of("status", *mirror, "--json")
    assert json.loads(status.out)["folder"] == str(folder)
    assert json.loads(status.out)["last_run"]["exit"] == 0
    listed = await outcome_of("list", *mirror, "--json")
    assert all(Path(json.loads(line)["path"]).is_file() for line in listed.out.splitlines())
    photo = flickr.streams[0].ids[0]
    forget = ["forget", photo, *mirror, "--yes"]
    for line in (
        forget,
        ["forget", photo, *mirror, "--undo"],
        ["status", *mirror],
        ["list", *mirror],
        ["check", *mirror, "--json"],
    ):
        assert (await outcome_of(*line)).code == 0
    assert (await run(flickr, cache)).summary["images"] == "1"
    demo = await outcome_of("demo", "--cache-path", str(cache / "demo"))
    assert demo.code == 0, demo.err


async def test_keys_and_addresses_that_are_not_utf8(tmp_path: Path) -> None:
    """Values that cannot be sent are refused in a sentence that does not repeat them."""
    odd = os.fsdecode(b"odd-\xff")
    place = ("--username", "x", "--cache-path", str(tmp_path))
    for code, line, environment in (
        (5, place, {"FLICKR_CONSUMER_KEY": odd, "FLICKR_CONSUMER_SECRET": "x"}),
        (5, place, {"FLICKR_CONSUMER_KEY": "x", "FLICKR_CONSUMER_SECRET": odd}),
        (5, ("keys", "check"), {"FLICKR_CONSUMER_KEY": odd, "FLICKR_CONSUMER_SECRET": "x"}),
        (2, (*place, *KEYS, "--api-url", f"https://x/{odd}"), {}),
    ):
        outcome = await outcome_of(*line, **environment)
        assert outcome.code == code, outcome.err
        assert "unexpected" not in outcome.err
        assert "odd-" not in outcome.err


@pytest.mark.slow
async def test_a_deleted_working_folder_is_reported(tmp_path: Path, flickr: SimulatedFlickr) -> None:
    """Exit code 7 with its path if a path is relative; otherwise it is not needed."""
    gone = tmp_path / "gone"
    keys = {"FLICKR_CONSUMER_KEY": KEYS[1], "FLICKR_CONSUMER_SECRET": KEYS[3]}
    cache = str(tmp_path / "cache")
    mirror = ("--username", flickr.streams[0].username)
    lines: list[tuple[int, list[str]]] = [
        (7, [*mirror, "--api-url", flickr.api_url, "--cache-path", "x"]),
        (7, [*mirror, "--api-url", flickr.api_url, "--cache-path", "x", "--dry-run"]),
        *((7, [name, *mirror, "--cache-path", "x"]) for name in ("status", "list", "check")),
        (7, ["forget", "1", *mirror, "--cache-path", "x", "--yes"]),
        *((7, ["keys", name, "--cache-path", "x"]) for name in ("check", "forget")),
        (7, ["demo"]),
        (0, [*mirror, "--api-url", flickr.api_url, "--cache-path", cache]),
        (0, ["check", *mirror, "--cache-path", cache]),
        (0, ["--print-config"]),
    ]
    for code, line in lines:
        gone.mkdir()
        script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
        command = ["bash", "-c", script, "-", str(gone), sys.executable, "-m", "flickr_mirror", *line]
        result = await anyio.run_process(
            command, check=False, stdin=subprocess.DEVNULL, env={**os.environ, **keys}
        )
        err = result.stderr.decode()
        assert result.returncode == code, (line, err)
        assert "unexpected" not in err
        assert (f"the working folder {gone} does not exist any more" in err) == (code == 7), (line, err)


@pytest.mark.slow
@pytest.mark.parametrize("left", range(4))
async def test_a_lack_of_threads_is_reported(tmp_path: Path, left: int) -> None:
    """Exit code 7 and the remedy in one sentence, or the usual code if the remaining threads sufficed."""
    async with SimulatedFlickr(SimulatedPhotostream(6, image_dims=(48, 36))) as flickr:
        # the name of a host is looked up in a thread
        named = flickr.api_url.replace("127.0.0.1", "localhost")
        for line in (
            arguments_for(flickr, tmp_path, "--info-level", "2"),
            arguments_for(flickr, tmp_path, "--api-url", named, "--dry-run"),
            ["keys", "check", "--cache-path", str(tmp_path), "--api-url", named],
        ):
            result = await anyio.run_process(
                [sys.executable, "-c", NO_THREADS, str(left), *line],
                check=False,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "FLICKR_CONSUMER_KEY": KEYS[1], "FLICKR_CONSUMER_SECRET": KEYS[3]},
            )
            err = result.stderr.decode()
            assert result.returncode == 7 or (result.returncode == 0 and left), err
            assert err.count("The system allows no more threads or processes.") == (result.returncode == 7)
            assert "Traceback" not in err
            assert "unexpected" not in err
        assert (await run(flickr, tmp_path, "--info-level", "2")).code == 0
        assert len(tree(tmp_path)) == 12


@pytest.mark.slow
async def test_a_check_reports_a_lack_of_threads(tmp_path: Path, flickr: SimulatedFlickr) -> None:
    """The same holds for a check; its earlier findings count."""
    assert (await run(flickr, tmp_path)).code == 0
    mirror = ["--username", flickr.streams[0].username, "--cache-path", str(tmp_path)]
    for line in (["check", *mirror], ["forget", flickr.streams[0].ids[0], "--yes", *mirror]):
        result = await anyio.run_process([sys.executable, "-c", NO_THREADS, "0", *line], check=False)
        assert result.returncode == 7
        assert b"The system allows no more threads" in result.stderr
