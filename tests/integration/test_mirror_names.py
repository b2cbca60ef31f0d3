"""The mirrors that `status`, `list` and `check` select: the named one, or all in the cache path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import PhotostreamError
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage.mirror_lookup import all_mirrors, get_mirror
from tests.support.command import Outcome, run, start
from tests.support.command import tree as files

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")


async def report(root: Path, *words: str) -> Outcome:
    """Run a report on the mirrors in a cache path."""
    process = start([*words, "--cache-path", str(root)])
    try:
        return await process.wait()
    finally:
        await process.close()


async def mirror(root: Path, *names: str) -> None:
    """Mirror the information of two photos of each of these users."""
    streams = [
        SimulatedPhotostream(2, nsid=f"{number}@N01", username=name, path_alias=None)
        for number, name in enumerate(names, 1)
    ]
    users = [word for name in names for word in ("--username", name)]
    async with SimulatedFlickr(*streams) as flickr:
        assert (await run(flickr, root, *users, "--quiet", "--info-only")).code == 0


@pytest.mark.slow
async def test_reports_are_for_all_mirrors_by_default(tmp_path: Path) -> None:
    """Without a name all mirrors are reported, and the worst exit code counts; other folders are ignored."""
    await mirror(tmp_path, "one", "two")
    (tmp_path / "three").mkdir()
    before = files(tmp_path)

    status = await report(tmp_path, "status")
    assert status.code == 0
    assert [line for line in status.out.splitlines() if "@N01" in line] == [
        f"one (1@N01) in {tmp_path}/one",
        f"two (2@N01) in {tmp_path}/two",
    ]
    lines = (await report(tmp_path, "list", "--json")).out.splitlines()
    assert [json.loads(line)["user"] for line in lines] == ["one", "one", "two", "two"]
    heading = "id\tuploaded\tpath\turl\ttitle\n"
    assert (await report(tmp_path, "list")).out.count(heading) == 2
    assert await report(tmp_path, "check", "--quiet") == Outcome(0, "", "")
    assert files(tmp_path) == before

    (tmp_path / "one" / ".flickr_mirror" / "owner.json").write_text("{")
    next(tmp_path.glob("two/?/*/*/*/*.json")).write_text("{}")
    broken = await report(tmp_path, "check", "--quiet")
    assert broken.code == 7
    unreadable, checked = broken.err.splitlines()
    assert "one/.flickr_mirror/owner.json is damaged: it does not name the owner of this mirror" in unreadable
    assert checked.startswith('checked user="two"')


async def test_the_only_mirror_is_one_object(tmp_path: Path) -> None:
    """`status --json` of the only mirror equals that of a named one."""
    await mirror(tmp_path, "one")
    alone = await report(tmp_path, "status", "--json")
    named = await report(tmp_path, "status", "--json", "--username", "one")
    assert alone.code == named.code == 0
    assert json.loads(alone.out).keys() == json.loads(named.out).keys()
    assert json.loads(alone.out)["user"] == "one"


@pytest.mark.parametrize("command", ["status", "list", "check"])
async def test_without_a_mirror_the_error_names_likely_places(tmp_path: Path, command: str) -> None:
    """A cache path without mirrors: exit 4, with the folder, --cache-path and the command that begins a mirror."""
    outcome = await report(tmp_path / "nas", command)
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err == (
        f"mirror_flickr: There is no mirror in {tmp_path}/nas. That folder does not exist. If it is in another folder, "
        "name that with --cache-path, such as --cache-path flickr_demo after `mirror_flickr demo`. To begin a mirror, "
        "run `mirror_flickr --username NAME`.\n"
    )


def test_a_mirrors_folder_is_refused_as_cache_path(tmp_path: Path) -> None:
    """If --cache-path is the folder of a mirror, the message names the folder above it."""
    (tmp_path / "one" / ".flickr_mirror").mkdir(parents=True)
    for find in (all_mirrors, lambda root: get_mirror(root, "one")):
        with pytest.raises(PhotostreamError, match=f"is a mirror itself: use --cache-path {tmp_path}\\."):
            find(tmp_path / "one")


@pytest.mark.parametrize(
    "words",
    [
        ("--username", "x"),
        ("status",),
        ("list", "--username", "x"),
        ("check",),
        ("demo",),
        ("keys", "check"),
        ("keys", "forget"),
        ("keys", "set"),
    ],
)
async def test_a_cache_path_that_is_a_file_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Every command reports that the path is not a folder, with advice; exit 7."""
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        outcome = await report(path, *words)
        assert outcome.code == 7, outcome.err
        assert f"mirror_flickr: {tmp_path}/file is not a folder: use another --cache-path.\n" in outcome.err
    assert (tmp_path / "file").read_text() == "mine"
