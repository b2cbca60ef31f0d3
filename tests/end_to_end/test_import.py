"""The command `import`: its output, its exit codes, and kills at any moment."""

from __future__ import annotations

import json
import random
import re
import signal
import sqlite3
import zipfile
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from flickr_mirror.simulator import SimulatedContact, SimulatedFlickr, SimulatedPhotostream, write_export
from tests.support.command import THREAD, Outcome, Process, parts, run, start, tree

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 10
PHOTOS = 150
SMALL = (40, 30)


def begin(cache: Path, *arguments: object, **settings: float) -> Process:
    """Start an import."""
    line = ["import", "--cache-path", str(cache), *map(str, arguments)]
    return start(line, settings={**THREAD, **settings})


async def import_export(cache: Path, *arguments: object) -> Outcome:
    """Run an import to its end."""
    process = begin(cache, *arguments)
    try:
        return await process.wait()
    finally:
        await process.close()


def rows(cache: Path) -> dict[str, list[Any]]:
    """Return the rows of the catalogue that an import writes."""
    (path,) = cache.glob("*/.flickr_mirror/catalogue.sqlite")
    database = sqlite3.connect(path)
    found = {
        table: database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
        for table in ("photos", "listed", "files", "imported", "failures")
    }
    database.close()
    return found


async def test_a_refused_import_does_not_offer_to_continue(tmp_path: Path) -> None:
    """The addresses of the photos name another account than the one that the user named."""
    [metadata, *media] = write_export(SimulatedPhotostream(1, path_alias="99@N01"), tmp_path / "export")
    with zipfile.ZipFile(metadata) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if "profile" not in name}
    with zipfile.ZipFile(metadata, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    outcome = await import_export(tmp_path / "m", metadata, *media, "--username", "5@N01")
    assert (outcome.code, "has photos of '99@n01'" in outcome.err) == (4, True), outcome.err
    assert "continue" not in outcome.err


async def test_an_import_reports_its_result(tmp_path: Path) -> None:
    """The last line, the sentences about missing photos, exit code 3 for these, and the same as JSON."""
    stream = SimulatedPhotostream(12, image_dims=SMALL)
    missing = stream.ids[3]
    stream.lists.favorites = {"5690422749": 1_400_000_000}
    stream.lists.contacts = [SimulatedContact("1@N01", "anna"), SimulatedContact("2@N01", "ben")]
    write_export(stream, tmp_path / "export", without=[missing], strays=["IMG_1.jpg"])
    outcome = await import_export(tmp_path / "m", tmp_path / "export", "--json")
    assert outcome.code == 3, outcome.err
    said = " ".join(outcome.err.split())
    assert f"1 photos have no file in the export: a run with an API key fetches them: {missing}." in said
    assert (
        "The mirror has 1 favorites and 2 contacts from the export. A run with the login of the account and --include "
        "favorites,contacts adds what the export does not state of them."
    ) in said
    assert "1 JSON files are of kinds that are not imported, so keep the zips: galleries.json." in said
    assert "1 files have no id of the export in their name, and were not imported: IMG_1.jpg in" in said
    assert re.search(
        r'imported user="saigon_archive" nsid=72157600@N07 photos=12/12 new=12 images=11 videos=0 kept=0 missing=1 '
        r"unmatched=1 smaller=0 failed=0 bytes=\d+ seconds=[\d.]+ exit=3",
        said,
    )
    report = json.loads(outcome.out)
    assert (report["images"], report["missing"], report["exit"]) == (11, [missing], 3)
    assert (report["lists"], report["kept_lists"]) == ({"favorites": 1, "contacts": 2}, [])
    assert report["folder"] == str(tmp_path / "m" / stream.username)


async def test_a_mirror_without_a_key_is_checked_and_listed(tmp_path: Path) -> None:
    """A mirror from an import alone is complete for `check`, `status` and `list`."""
    stream = SimulatedPhotostream(5, image_dims=SMALL)
    paths = write_export(stream, tmp_path / "export")
    assert (await import_export(tmp_path / "m", *paths)).code == 0
    assert (await run(None, tmp_path / "m", "check")).code == 2  # options follow the command
    for command in ("check", "status", "list"):
        process = start([command, "--cache-path", str(tmp_path / "m")])
        outcome = await process.wait()
        await process.close()
        assert outcome.code == 0, outcome.err
        assert "rebuilt" not in outcome.err
    assert len(outcome.out.splitlines()) == 6


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ("cut", 2, "data-download-2.zip is cut or damaged"),
        ("two accounts", 2, "of two accounts"),
        ("other mirror", 4, "is of 'saigon_archive'"),
        ("nothing", 2, "does not exist"),
        ("no json", 2, "no photo_*.json"),
        ("bomb", 2, "zip bomb"),
        ("dots", 2, "leads out of a folder"),
    ],
)
async def test_bad_input_is_one_sentence(tmp_path: Path, change: str, code: int, words: str) -> None:
    """The problem and the remedy, the usual exit codes, and nothing written."""
    paths: list[object] = [*write_export(SimulatedPhotostream(6, image_dims=SMALL), tmp_path / "export")]
    second = tmp_path / "export" / "data-download-2.zip"
    if change == "cut":
        second.write_bytes(second.read_bytes()[: second.stat().st_size // 2])
    elif change == "two accounts":
        other = SimulatedPhotostream(2, nsid="9@N09", username="other", path_alias="other", image_dims=SMALL)
        paths += write_export(other, tmp_path / "other")
    elif change == "other mirror":
        paths += ["--username", "somebody"]
    elif change == "nothing":
        paths = [tmp_path / "none"]
    elif change == "no json":
        paths = [second]
    else:
        name, data = ("../x.jpg", b"x") if change == "dots" else ("1_o.jpg", bytes(30 << 20))
        with zipfile.ZipFile(second, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, data)
    outcome = await import_export(tmp_path / "m", *paths)
    assert outcome.code == code, outcome.err
    said = " ".join(outcome.err.split())
    assert words in said
    assert said.count("mirror_flickr: ") == 1
    assert "Traceback" not in said
    assert not (tmp_path / "m").exists()


@pytest.mark.slow
async def test_a_killed_import_is_completed(tmp_path: Path) -> None:
    """Kill -9 at ten moments of an import, then one to the end: files and catalogue are those of an undisturbed one."""
    stream = SimulatedPhotostream(PHOTOS, image_dims=SMALL, commented=0.3)
    paths = write_export(stream, tmp_path / "export")
    cache = tmp_path / "killed"
    chance = random.Random(16)
    killed = 0
    for number in range(KILLS):
        process = begin(cache, *paths)
        enough = number * PHOTOS // KILLS + chance.randrange(PHOTOS // KILLS)
        with anyio.fail_after(60):
            while len(list(cache.rglob("*.jpg"))) < enough and not process.err:  # noqa: ASYNC110
                await anyio.sleep(0.002)
        await anyio.sleep(chance.uniform(0, 0.03))
        process.signal(signal.SIGKILL)
        killed += (await process.wait()).code == -signal.SIGKILL
        await process.close()
    assert killed >= KILLS - 1
    outcome = await import_export(cache, *paths, "--json")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert (report["photos"], report["complete"], report["missing"]) == (PHOTOS, True, [])
    assert report["earlier"] > 0
    await import_export(tmp_path / "undisturbed", *paths)
    assert tree(cache) == tree(tmp_path / "undisturbed")
    assert rows(cache) == rows(tmp_path / "undisturbed")
    assert parts(cache) == []
    async with SimulatedFlickr(stream) as flickr:
        assert (await run(flickr, cache, "--info-level", "2")).code == 0
        assert flickr.requests.total() == 0


@pytest.mark.slow
async def test_an_import_stopped_by_ctrl_c_is_continued(tmp_path: Path) -> None:
    """Exit code 130 and advice to continue; the same command imports the rest."""
    paths = write_export(SimulatedPhotostream(PHOTOS, image_dims=SMALL), tmp_path / "export")
    process = begin(tmp_path / "m", *paths)
    try:
        with anyio.fail_after(60):
            while len(list((tmp_path / "m").rglob("*.jpg"))) < 20:  # noqa: ASYNC110
                await anyio.sleep(0.002)
        process.signal(signal.SIGINT)
        outcome = await process.wait()
    finally:
        await process.close()
    assert outcome.code == 130, outcome.err
    assert "Run the same command again to continue." in outcome.err
    outcome = await import_export(tmp_path / "m", *paths)
    assert outcome.code == 0, outcome.err
    assert "photos had been imported from the same files before." in outcome.err
