"""Standard streams that are closed or full: no traceback, the right exit code, and the work is done."""

from __future__ import annotations

import os
import shlex
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from tests.support.command import KEYS, THREAD, Outcome, command, run, start, tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SURROUNDINGS = {
    "<&-": ((0,), ()),
    ">&-": ((1,), ()),
    "2>&-": ((2,), ()),
    "<&- >&- 2>&-": ((0, 1, 2), ()),
    ">/dev/full": ((), (1,)),
    "2>/dev/full": ((), (2,)),
    ">/dev/full 2>/dev/full": ((), (1, 2)),
}
LOST = "mirror_flickr: Cannot write to standard output: No space left on device."


@pytest.fixture(scope="module")
def flickr() -> Iterator[SimulatedFlickr]:
    """Return a Flickr of three photos."""
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(3, image_dims=(48, 36), commented=0))) as flickr:
        yield flickr


async def run_in(surroundings: str, line: list[str]) -> Outcome:
    """Run the command with streams that are closed or full."""
    closed, full = SURROUNDINGS[surroundings]
    environment = {"FLICKR_CONSUMER_KEY": KEYS[1], "FLICKR_CONSUMER_SECRET": KEYS[3]}
    with ExitStack() as stack:
        device = os.open("/dev/full", os.O_WRONLY)
        stack.callback(os.close, device)
        out, err = (device if number in full else None for number in (1, 2))
        process = start(line, environment, settings=THREAD, files=(out, err), closed=closed)
        try:
            outcome = await process.wait()
        finally:
            await process.close()
    for text in (outcome.out, outcome.err):
        assert "Traceback" not in text
        assert "unexpected" not in text.replace("1 unexpected error", "")
        assert "Exception ignored" not in text
    return outcome


def run_line(flickr: SimulatedFlickr, cache: Path, *more: str) -> list[str]:
    """Return the arguments of a run."""
    return [
        *("--api-url", flickr.api_url, "--username", flickr.streams[0].username, "--cache-path", str(cache)),
        *more,
    ]


@pytest.mark.slow
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
async def test_a_run_completes_without_its_streams(
    tmp_path: Path, flickr: SimulatedFlickr, surroundings: str
) -> None:
    """A run completes if its output cannot be written, with or without --json, and its exit code is that of the run."""
    for number, more in enumerate([(), ("--json", "--debug", "4")]):
        cache = tmp_path / str(number)
        assert (await run_in(surroundings, run_line(flickr, cache, *more))).code == 0
        assert len(tree(cache)) == 6
    key = ["keys", "set", "--stdin", "--cache-path", str(tmp_path), "--api-url", flickr.api_url]
    assert (await run_in(surroundings, key)).code == 5  # standard input is empty
    forget = ["keys", "forget", "--cache-path", str(tmp_path)]
    assert (await run_in(surroundings, forget)).code == 0
    check = ["keys", "check", "--cache-path", str(tmp_path), "--api-url", flickr.api_url]
    assert (await run_in(surroundings, check)).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("surroundings", [">&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"])
async def test_a_lost_report_ends_with_exit_code_1(
    tmp_path: Path, flickr: SimulatedFlickr, surroundings: str
) -> None:
    """Output that cannot be written is reported with exit code 1, except on closed streams."""
    name = ("--username", flickr.streams[0].username)
    assert (await run(flickr, tmp_path, "--quiet")).code == 0
    mirror = (*name, "--cache-path", str(tmp_path))
    is_lost = surroundings.startswith(">/dev/full")
    for line in (
        ["status", *mirror],
        ["list", *mirror],
        ["check", *mirror, "--json"],
        run_line(flickr, tmp_path, "--dry-run"),
        run_line(flickr, tmp_path, "--dry-run", "--json"),
        ["--help"],
        ["--version"],
        ["completion", "bash"],
    ):
        outcome = await run_in(surroundings, line)
        assert outcome.code == (1 if is_lost else 0), line
        if surroundings == ">/dev/full" and line[-2:] != ["--dry-run", "--json"]:
            assert outcome.err.endswith(f"{LOST}\n"), line


@pytest.mark.slow
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
async def test_failures_keep_their_exit_code(tmp_path: Path, surroundings: str) -> None:
    """The exit code of wrong usage or a missing mirror does not depend on whether the message can be written."""
    for line, code in (
        (["--nonsense"], 2),
        (["status"], 4),
        (["keys", "nothing"], 2),
        (["--username", "x", "--lifo", "--fifo"], 2),
        (["status", "--username", "x", "--cache-path", str(tmp_path)], 4),
        (["check", "--username", "x", "--cache-path", str(tmp_path), "--json"], 4),
        (["--username", "x", "--cache-path", "/dev/null/x"], 7),
    ):
        assert (await run_in(surroundings, line)).code == code, line


@pytest.mark.slow
async def test_a_process_without_streams(tmp_path: Path) -> None:
    """A process without open streams, whose files would get their descriptors: the demo and a mirror are complete."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        for line in (
            shlex.join(command(flickr, tmp_path / "a", "--image-only", "--debug", "4")),
            shlex.join([*command(None, tmp_path)[:3], "demo", "--cache-path", str(tmp_path / "b")]),
        ):
            for streams in ("<&- >&- 2>&-", ">/dev/full 2>/dev/full"):
                result = await anyio.run_process(
                    ["bash", "-c", f"{line} {streams}"], check=False, stdin=subprocess.DEVNULL
                )
                assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert len(tree(tmp_path / "a")) == 3
    assert len([name for name in tree(tmp_path / "b") if name.endswith(".jpg")]) >= 59
