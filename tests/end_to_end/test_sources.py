"""`--source` and `--include`: messages, exit codes, other commands, and runs that are killed."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, fill_lists
from tests.support.command import THREAD, is_there, parts, run, running, start, tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FAVORITES = "https://www.flickr.com/photos/saigon-archive/favorites"
NAME = "favorites of saigon_archive"


@pytest.fixture
async def flickr() -> AsyncIterator[SimulatedFlickr]:
    """Serve two accounts; the first one has lists of the second one's photos."""
    own = SimulatedPhotostream(3)
    other = SimulatedPhotostream(30, nsid="8800001@N03", username="other", path_alias="other")
    fill_lists(own, [other], favorites=20, groups=3)
    async with SimulatedFlickr(own, other) as server:
        yield server


async def report(cache: Path, *arguments: str) -> tuple[int, str]:
    """Run a command on the mirror of the favourites; return its exit code and its output."""
    process = start([*arguments, "--cache-path", str(cache), "--username", NAME])
    try:
        outcome = await process.wait()
    finally:
        await process.close()
    return outcome.code, outcome.out


async def test_other_commands_find_mirrored_favorites_by_name(
    flickr: SimulatedFlickr, tmp_path: Path
) -> None:
    outcome = await run(flickr, tmp_path, "--source", FAVORITES)
    assert outcome.code == 0, outcome.err
    assert outcome.summary["user"] == f'"{NAME}"'
    assert (outcome.summary["images"], outcome.summary["left"]) == ("20", "0")
    assert f"Mirroring the list at '{FAVORITES}'." in outcome.err
    assert outcome.err.count("within 24 hours") == 1
    code, text = await report(tmp_path, "status")
    assert code == 0
    assert f"listed    as Flickr shows {FAVORITES}, which need not be complete" in text
    code, text = await report(tmp_path, "status", "--json")
    assert json.loads(text)["source"] == FAVORITES
    code, text = await report(tmp_path, "list")
    assert (code, text.count("https://www.flickr.com/photos/8800001@N03/")) == (0, 20)
    assert "Number of owners: 1." in (tmp_path / NAME / "README.txt").read_text(encoding="utf-8")
    code, text = await report(tmp_path, "describe")
    assert (code, "wrote nothing, because all files are up to date" in text) == (0, True)
    code, text = await report(tmp_path, "check", "--json")
    assert (code, json.loads(text)["files"]) == (0, 40)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            ("--source", "manhhai"),
            2,
            "--source: invalid address 'manhhai': use that of a list of photos, such as",
        ),
        (("--source", "https://www.flickr.com/photos/x/"), 2, "use that of a list of photos, such as"),
        (("--source", FAVORITES, "--username", "x"), 2, "--source and --username exclude each other"),
        (("--source", FAVORITES, "--include", "tags"), 2, "--source and --include exclude each other"),
        (("--source", FAVORITES, "--since", "2020-01-01"), 2, "--source and --since exclude each other"),
        (("--source", FAVORITES, "--dry-run"), 2, "--source and --dry-run exclude each other"),
        (("--username", FAVORITES), 2, "is the address of a list of photos: to mirror it, use --source."),
        (("--source", "https://www.flickr.com/groups/none/pool"), 4, "Flickr has no such group."),
    ],
)
async def test_invalid_sources_are_refused_in_a_sentence(
    flickr: SimulatedFlickr, tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    outcome = await run(flickr, tmp_path, *arguments)
    assert (outcome.code, sentence in outcome.err) == (code, True), outcome.err
    assert tree(tmp_path) == {}


async def test_a_source_overrides_a_username_of_the_environment(
    flickr: SimulatedFlickr, tmp_path: Path
) -> None:
    outcome = await run(flickr, tmp_path, "--source", FAVORITES, MIRROR_FLICKR_USERNAME="anna")
    assert (outcome.code, outcome.summary["images"]) == (0, "20"), outcome.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        ("--include", "profile,tags,contacts,favorites,galleries,groups"),
        ("--source", FAVORITES, "--info-level", "2"),
    ],
)
async def test_killed_runs_are_completed_by_the_next_one(
    flickr: SimulatedFlickr, tmp_path: Path, line: tuple[str, ...]
) -> None:
    """Kill -9 at ten moments, each after one more API call than the one before."""
    killed = 0
    for calls in range(1, 11):
        flickr.reset_counters()
        async with running(flickr, tmp_path / "killed", *line, settings=THREAD) as process:
            with anyio.fail_after(30):
                while flickr.calls.total() < calls and is_there(process.pid):  # noqa: ASYNC110
                    await anyio.sleep(0.001)
            process.signal(signal.SIGKILL)
            killed += (await process.wait()).code == -signal.SIGKILL
    assert killed >= 5
    for folder in ("killed", "undisturbed"):
        outcome = await run(flickr, tmp_path / folder, *line)
        assert outcome.code == 0, outcome.err
    assert tree(tmp_path / "killed") == tree(tmp_path / "undisturbed")
    assert parts(tmp_path) == []
