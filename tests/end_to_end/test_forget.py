"""The command `forget` on a terminal and in scripts."""

from __future__ import annotations

import hashlib
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage.locks import locked
from tests.support.command import Outcome, run, start, tree

if TYPE_CHECKING:
    from pathlib import Path

NAME = "saigon_archive"


async def forget(cache: Path, *arguments: str, **environment: str) -> Outcome:
    """Run `mirror_flickr forget` without a terminal."""
    line = ["forget", "--username", NAME, "--cache-path", str(cache), *arguments]
    process = start(line, environment)
    try:
        return await process.wait()
    finally:
        await process.close()


def everything(cache: Path) -> dict[str, str]:
    """Return all files with hashes, including those of the state folder."""
    return {
        str(path.relative_to(cache)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(cache.rglob("*"))
        if path.is_file()
    }


async def test_a_photo_is_forgotten_and_mirrored_again(tmp_path: Path) -> None:
    """--dry-run shows the files and changes nothing; --yes erases; --list and `status` show it; --undo reverses it."""
    async with SimulatedFlickr(SimulatedPhotostream(6, username=NAME)) as flickr:
        await run(flickr, tmp_path)
        photo_id = flickr.streams[0].ids[2]
        title = flickr.streams[0].photo(photo_id).title
        address = f"https://www.flickr.com/photos/{NAME}/{photo_id}/in/dateposted/"
        before, files = everything(tmp_path), tree(tmp_path)
        outcome = await forget(tmp_path, "--dry-run", address, "99")
        assert (outcome.code, everything(tmp_path)) == (0, before)
        assert re.search(rf'^photo {photo_id} "{re.escape(title)}": 2 files, ', outcome.out, re.MULTILINE)
        assert "photo 99: not known to this mirror\n" in outcome.out
        shown = re.findall(r"^  /.*/(\w+\.\w+)$", outcome.out, re.MULTILINE)
        outcome = await forget(tmp_path, "--yes", address, "99")
        assert outcome.code == 0
        assert re.search(
            rf'^forgot user="{NAME}" nsid=\S+ photos=2 files=2 bytes=\d+ exit=0$', outcome.err, re.MULTILINE
        )
        assert "Photo 99 is not known to this mirror. No later run will mirror it." in outcome.err
        gone = files.keys() - tree(tmp_path).keys()
        assert sorted(name.rpartition("/")[2] for name in gone) == sorted(shown)
        assert len(gone) == 2
        outcome = await forget(tmp_path, "--list")
        assert re.search(rf"^{photo_id}\t\d{{4}}-", outcome.out, re.MULTILINE)
        status = await run(None, tmp_path, "status", "--username", NAME)
        assert status.code == 2  # options of the run come after `status`
        process = start(["status", "--username", NAME, "--cache-path", str(tmp_path)])
        assert "forgotten 2: erased or in the trash on request" in (await process.wait()).out
        await process.close()
        assert (await run(flickr, tmp_path, "--full-scan")).summary["images"] == "0"
        outcome = await forget(tmp_path, "--undo", photo_id, "98")
        assert (outcome.code, "Photo 98 was not forgotten." in outcome.err) == (0, True)
        assert (await run(flickr, tmp_path)).summary["new"] == "1"
        assert tree(tmp_path) == files


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Photos are missing"),
        (("7",), "No terminal to ask for confirmation: add --yes"),
        (("--yes", "7x"), "invalid photo '7x'"),
        (("--yes", "https://www.flickr.com/photos/manhhai/albums/72157600"), "invalid photo"),
        (("--list", "--undo", "7"), "--list and --undo exclude each other"),
        (("--undo", "--dry-run", "7"), "--undo and --dry-run exclude each other"),
        (("--list", "7"), "--list takes no photos"),
    ],
)
async def test_usage_errors_erase_nothing(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2 with advice; without a terminal nothing is erased unless --yes is given."""
    outcome = await forget(tmp_path, *arguments)
    assert outcome.code == 2
    assert words in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


async def test_a_setting_confirms_nothing(tmp_path: Path) -> None:
    """A variable or a file cannot replace --yes."""
    outcome = await forget(tmp_path, "7", MIRROR_FLICKR_YES="1")
    assert (outcome.code, "add --yes" in outcome.err) == (2, True)


@pytest.mark.slow
async def test_errors_have_the_exit_codes_of_a_run(tmp_path: Path) -> None:
    """No such mirror: 4; a mirror in use: 11; a damaged list of forgotten photos: 7."""
    assert (await forget(tmp_path, "--yes", "7")).code == 4
    async with SimulatedFlickr(SimulatedPhotostream(2, username=NAME)) as flickr:
        await run(flickr, tmp_path)
        state = tmp_path / NAME / ".flickr_mirror"
        with locked(state / "lock"):
            assert (await forget(tmp_path, "--yes", "7")).code == 11
            assert (await forget(tmp_path, "--undo", "7")).code == 11
        (state / "forgotten.json").write_text("{")
        outcomes = [await forget(tmp_path, "--list"), await run(flickr, tmp_path)]
        assert [outcome.code for outcome in outcomes] == [7, 7]
        assert all("forgotten.json cannot be read" in outcome.err for outcome in outcomes)


def forget_on_terminal(cache: Path, photo_id: str, answer: bytes) -> tuple[int, str]:
    """Run `mirror_flickr forget` with a terminal as its input; return its exit code and its output."""
    parent, child = pty.openpty()
    line = [sys.executable, "-m", "flickr_mirror", "forget", "--username", NAME, photo_id]
    process = subprocess.Popen(
        [*line, "--cache-path", str(cache)], stdin=child, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    os.write(parent, answer)
    said = process.communicate(timeout=60)[0].decode()
    os.close(child)
    os.close(parent)
    return process.returncode, said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "code"), [(b"y\n", 0), (b"YES\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x04", 1)]
)
async def test_a_terminal_user_must_confirm(tmp_path: Path, answer: bytes, code: int) -> None:
    """The prompt shows the files; every answer but yes erases nothing."""
    async with SimulatedFlickr(SimulatedPhotostream(2, username=NAME)) as flickr:
        await run(flickr, tmp_path)
        photo_id = flickr.streams[0].ids[0]
    before = tree(tmp_path)
    found, said = forget_on_terminal(tmp_path, photo_id, answer)
    assert found == code, said
    assert f"photo {photo_id}" in said
    assert "[y/N]" in said
    assert len(before) - len(tree(tmp_path)) == (0 if code else 2)
    assert ("Nothing was erased." in said) == bool(code)
