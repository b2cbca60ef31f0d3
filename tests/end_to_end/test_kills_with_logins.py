"""Runs with and without a login that are killed at any moment: the result is that of undisturbed runs."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support import canary
from tests.support.command import parts, tree
from tests.support.signed_mirror import mirror_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

KILLS = 2
"""How often each run is killed before it may end."""
LATEST = 15
"""The requests after which a run is killed, at most."""
SCRIPT = """
import asyncio, json, sys
from tests.support.signed_mirror import mirror_of

asyncio.run(mirror_of(*json.loads(sys.argv[1])).run())
"""


class Mirrors:
    """Two mirrors of a photostream: runs of the first one are killed, those of the other one are not."""

    def __init__(self, flickr: SimulatedFlickr, folder: Path) -> None:
        self.flickr = flickr
        self.roots = folder / "killed", folder / "undisturbed"
        self.token = self._log_in()
        self.kills = 0
        self._chance = random.Random(18)

    def _log_in(self) -> list[str]:
        issued = self.flickr.oauth.issue(self.flickr.streams[0].nsid)
        return [issued.token, issued.secret, issued.nsid, "saigon_archive"]

    async def run(self, *, login: bool, **options: Any) -> list[int]:
        """Run both mirrors, the first one with kills; return the report of the undisturbed run."""
        token = self.token if login else None
        for _ in range(KILLS):
            await self._run_and_kill(self.flickr.api_url, str(self.roots[0]), token, options)
        await mirror_of(self.flickr.api_url, str(self.roots[0]), token, options).run()
        report = await mirror_of(self.flickr.api_url, str(self.roots[1]), token, options).run()
        return [report.gone, report.pruned, len(report.failures), report.login_only]

    async def _run_and_kill(self, *arguments: Any) -> None:
        enough = self._requests + self._chance.randrange(LATEST)
        async with await anyio.open_process([sys.executable, "-c", SCRIPT, json.dumps(arguments)]) as process:
            while self._requests <= enough and process.returncode is None:  # noqa: ASYNC110
                await anyio.sleep(0.001)
            if process.returncode is None:
                process.kill()
                self.kills += 1

    @property
    def _requests(self) -> int:
        return self.flickr.calls.total() + self.flickr.requests.total()

    def are_equal(self) -> bool:
        """Return whether both have the same files, and the same rows for every photo."""
        assert parts(self.roots[0]) == []
        assert tree(self.roots[0]) == tree(self.roots[1])
        assert rows(self.roots[0]) == rows(self.roots[1])
        return True


def rows(root: Path) -> Iterable[Any]:
    """Return the photos of a catalogue: for whom each was listed, whether it is gone, its status."""
    database = sqlite3.connect(root / "saigon_archive" / ".flickr_mirror" / "catalogue.sqlite")
    columns = "id, callers, gone IS NOT NULL, image_status"
    found = database.execute(f"SELECT {columns} FROM photos ORDER BY id").fetchall()  # noqa: S608
    database.close()
    return found


def change(stream: SimulatedPhotostream, edits: Callable[[str], object], every: int) -> None:
    """Change one in `every` photos that visitors see."""
    for photo_id in stream.ids[::every]:
        edits(photo_id)


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
async def test_killed_runs_with_and_without_a_login_are_completed(tmp_path: Path) -> None:
    """With the login, without it, and again with it, while the owner hides, deletes, replaces and adds photos."""
    stream = SimulatedPhotostream(120, commented=0, image_dims=(40, 30))
    change(stream, lambda photo_id: stream.edit(photo_id, privacy="private"), 4)
    async with SimulatedFlickr(stream, api_secret=canary.SECRET) as flickr:
        mirrors = Mirrors(flickr, tmp_path)
        assert await mirrors.run(login=True) == [0, 0, 0, 0]
        assert mirrors.are_equal()
        change(stream, lambda photo_id: stream.edit(photo_id, privacy="private"), 18)
        for _ in range(2):
            assert await mirrors.run(login=False, full_scan=True, prune=True) == [0, 0, 0, 35]
            assert mirrors.are_equal()
        change(stream, stream.replace_image, 7)
        stream.upload(25)
        stream.edit(stream.upload()[0], privacy="friends")
        await mirrors.run(login=True)
        assert mirrors.are_equal()
        change(stream, stream.delete, 23)
        deleted = await mirrors.run(login=True, full_scan=True, prune=True)
        assert deleted[0] == 5
        assert mirrors.are_equal()
        assert await mirrors.run(login=False, full_scan=True, prune=True) == [0, 0, 0, 36]
        assert mirrors.are_equal()
    assert mirrors.kills >= KILLS
