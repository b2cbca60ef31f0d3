"""Bits that flip in the state of a mirror: exit codes are correct, nothing is lost, and runs recover.

Set FLICKR_MIRROR_BIT_FLIPS to the number of mirrors to damage.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
from random import Random
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from flickr_mirror import FlickrMirrorError, check_mirror, forget_photos
from flickr_mirror.cli.commands.list_photos import Listing
from flickr_mirror.cli.commands.reports import list_mirror, status
from flickr_mirror.cli.exit_codes import code_of_error
from flickr_mirror.simulator import Kind, Mix, SimulatedFlickr, SimulatedPhotostream
from tests.support.command import infos, tree
from tests.support.mirroring import Run, age_failures, answering

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

MIRRORS = int(os.environ.get("FLICKR_MIRROR_BIT_FLIPS", "40"))
TARGETS = {
    "catalogue.sqlite": 12,
    "catalogue.sqlite-wal": 3,
    "owner.json": 2,
    "forgotten.json": 1,
    "last-run.json": 1,
    "lock.json": 1,
}
"""The files whose bits flip, and how often each of them is chosen."""
VALUES = re.compile(rb'\{"secret|https?://|walks|scanned|imagejpg|infojson')
"""The beginnings of values in a catalogue."""
MIX = Mix({Kind.PLAIN: 5, Kind.VIDEO: 1, Kind.GIF: 1})


async def make_template(flickr: SimulatedFlickr, root: Path) -> None:
    """Make a mirror with a failed photo and a gone one; a part of its catalogue is in the write-ahead log."""
    run = Run(flickr, root)
    lost, gone = run.stream.ids[2], run.stream.ids[4]
    answering(run, f"/{lost}_", lambda: web.Response(status=500), forever=True)
    await run(info_level=2)
    run.stream.delete(gone)
    await run(info_level=2, full_scan=True, accept_loss=True)
    await forget_photos(run.stream.username, ["99"], root)
    state = root / run.stream.username / ".flickr_mirror"
    reader = sqlite3.connect(state / "catalogue.sqlite")
    reader.execute("SELECT count(*) FROM photos").fetchone()  # the log exists while it is open
    run.stream.upload(3)
    run.stream.edit(run.stream.ids[5], title="Another title")
    await run(info_level=2)
    (state / "last-run.json").write_text('{"last_success": "2026-11-27T08:26:24Z", "exit": 0, "new": 3}')
    (state / "lock.json").write_text('{"pid": 4711, "host": "nas", "since": 1795767984}')
    shutil.copytree(root, root.with_name("template"))
    reader.close()
    flickr.intercept = None


def flip(path: Path, chance: Random) -> None:
    """Flip some bits: anywhere, close to each other, or in a value."""
    data = bytearray(path.read_bytes())
    places = 8 * len(data)
    values = [match.start() * 8 for match in VALUES.finditer(data)]
    how = chance.choice(["anywhere", "close", "value"] if values else ["anywhere", "close"])
    start = {"anywhere": 0, "close": chance.randrange(places), "value": chance.choice(values or [0])}[how]
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        place = (start + chance.randrange({"anywhere": places, "close": 2000, "value": 600}[how])) % places
        data[place // 8] ^= 1 << place % 8
    path.write_bytes(data)


async def run_with_remedies(run: Run) -> None:
    """Run until a run ends normally, and follow the advice of errors; at most three runs may fail."""
    state = run.root / run.stream.username / ".flickr_mirror"
    for _ in range(4):
        try:
            await run(info_level=2)
        except FlickrMirrorError as found:
            error = found
        else:
            return
        if code_of_error(error) not in (4, 7):
            raise error
        if "owner.json is damaged: it does not name the owner of this mirror. Move it" in str(error):
            (state / "owner.json").unlink()
        elif "forgotten.json cannot be read" in str(error) and "or move it" in str(error):
            (state / "forgotten.json").unlink()
        elif "check --rebuild" in str(error):
            await check_mirror(run.stream.username, run.root, rebuild=True)
        elif "The next run of the mirror rebuilds it" not in str(error):
            raise error
    pytest.fail("no run ends normally")


async def assert_whole_after_all_commands(
    root: Path, flickr: SimulatedFlickr, originals: dict[str, str]
) -> None:
    """Run all commands on a damaged mirror, which restores it, and compare it with the photostream."""
    run = Run(flickr, root)
    name = run.stream.username
    assert status(name, cache_path=root, as_json=False, max_age=None) in (0, 7)
    assert list_mirror(name, cache_path=root, listing=Listing()) in (0, 7)
    await run_with_remedies(run)
    assert status(name, cache_path=root, max_age=None, as_json=True) == 0
    assert list_mirror(name, cache_path=root, listing=Listing(style="json")) == 0
    await check_mirror(name, root)
    age_failures(root / name / ".flickr_mirror" / "catalogue.sqlite")
    await run(info_level=2, full_scan=True, accept_loss=True)
    report = await run(info_level=2)
    assert report.complete
    assert report.failures == []
    assert "rebuilt" not in run.notices
    for photo_id in run.stream.ids:
        files = run.path(photo_id).parent.glob(f"{run.path(photo_id).stem}.*")
        assert flickr.file(photo_id) in [path.read_bytes() for path in files], photo_id
    assert set(run.stream.ids) <= infos(root).keys()
    kept = {hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}
    lost = [path for path, digest in originals.items() if digest not in kept and not path.endswith(".json")]
    assert lost == []
    assert originals.keys() <= tree(root).keys() | {
        path
        for path in originals
        if (root / name / ".flickr_mirror" / "broken" / path.rpartition("/")[2]).exists()
    }


@pytest.mark.slow
async def test_a_mirror_recovers_from_flipped_bits(ram: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After bits of the state have flipped, status, check and runs report correctly, and the mirror is complete."""
    stream = SimulatedPhotostream(9, commented=0.5, image_dims=(40, 30), mix=MIX)
    async with SimulatedFlickr(stream) as flickr:
        await make_template(flickr, ram / "first")
        originals = tree(ram / "template")
        for seed in range(MIRRORS):
            chance = Random(seed)
            root = ram / "damaged"
            shutil.copytree(ram / "template", root)
            (target,) = chance.choices([*TARGETS], [*TARGETS.values()])
            flip(root / stream.username / ".flickr_mirror" / target, chance)
            try:
                await assert_whole_after_all_commands(root, flickr, originals)
            except BaseException as error:
                error.add_note(f"seed {seed}, bits of {target}")
                raise
            shutil.rmtree(root)
            capsys.readouterr()
