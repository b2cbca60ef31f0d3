"""One more row in the table of photo metadata: its consequences, and mistakes that it cannot cause."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror.models.events import PhotoUpdated
from flickr_mirror.simulator import SimulatedFlickr
from tests.integration.test_stored_mirrors import folder, stream
from tests.support.command import infos, tree
from tests.support.mirroring import Run
from tests.support.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["folder"]  # the fixture

pytestmark = pytest.mark.usefixtures("one_language")

VIEWS = 'all_views: int | None = fact(None, "count_views", number_at("count_views"), key="all_views"{})'
VOLATILE_VIEWS = VIEWS.format(", volatile=True")
NESTED_VIEWS = VOLATILE_VIEWS.replace("all_views: ", "nested: ").replace('key="all_views"', 'key="seen.all"')
LICENSE_COPIED = 'server: str = fact("", "count_views", text_at("server"), key="server")'
OPTIONAL_SERVER = (
    'server: str | None = fact(None, "count_views", text_at("server"), key="server", optional=True)'
)
STORED = 9
"""The photos of the stored mirror."""


@pytest.fixture
def current(folder: Path) -> Path:
    """Return the folder of the stored mirror after a run of this version, which has rewritten its sidecar files."""

    async def run() -> None:
        async with SimulatedFlickr(stream()) as flickr:
            await Run(flickr, folder.parent)(info_level=2)

    asyncio.run(run())
    return folder


def runs(row: str, folder: Path, *steps: str) -> list[dict[str, Any]]:
    """Return the results of runs with one more row in the table; see `tests.support.added_field`."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.added_field", row, folder, *steps],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.slow
def test_a_volatile_field_rewrites_no_file(current: Path) -> None:
    """New files have its value, and no listing, full scan or rebuild rewrites a file because of it."""
    results = runs(f"{VOLATILE_VIEWS}; {NESTED_VIEWS}", current, "list", "scan", "rebuild")
    for count, result in enumerate(results, 1):
        assert (result["rewritten"], result["updated"], result["new"]) == ([], 0, 1)
        assert result["sidecar"]["all_views"] == result["sidecar"]["seen"]["all"] == 1_000 * count


@pytest.mark.slow
def test_an_unreadable_volatile_value_loses_no_photo(current: Path) -> None:
    """A rebuild restores the photo, and the next listing has the value."""
    listed, rebuilt = runs(VOLATILE_VIEWS, current, "list", "spoil")
    assert listed["new"] == rebuilt["new"] == 1
    assert rebuilt["rewritten"] == []


@pytest.mark.slow
def test_a_field_that_is_not_volatile_rewrites_the_files_that_change(current: Path) -> None:
    """Shows that the test above can fail: the same field without the mark rewrites every listed file."""
    first, second = runs(VIEWS.format(""), current, "list", "scan")
    assert len(first["rewritten"]) == first["updated"] == STORED - 1  # one photo is gone from the photostream
    assert len(second["rewritten"]) == second["updated"] == STORED


@pytest.mark.slow
def test_an_optional_field_rewrites_each_file_once_and_counts_no_update(current: Path) -> None:
    """Files gain the fact with the first listing that states it, although no photo was edited."""
    first, second = runs(OPTIONAL_SERVER, current, "list", "scan")
    assert (len(first["rewritten"]), first["updated"], first["new"]) == (STORED - 1, 0, 1)
    assert first["sidecar"]["server"] == "65535"
    assert (second["rewritten"], second["updated"], second["new"]) == ([], 0, 1)


@pytest.mark.slow
def test_a_new_field_leaves_older_files_readable(folder: Path) -> None:
    """A row copied from its neighbour needs no default of its own: the catalogue is rebuilt from the older files."""
    rebuilt, scanned = runs(LICENSE_COPIED, folder, "rebuild", "scan")
    assert rebuilt["new"] == 1
    assert rebuilt["known"] == STORED + 1
    assert rebuilt["sidecar"]["server"] == "65535"
    assert len(rebuilt["rewritten"]) == STORED - 1
    assert (scanned["rewritten"], scanned["updated"]) == ([], 0)


async def test_no_file_is_rewritten_only_to_have_a_format(folder: Path) -> None:
    """A photo that Flickr touched without an edit keeps its file without a format; an edit writes the format."""
    photos = stream()
    async with SimulatedFlickr(photos) as flickr:
        run = Run(flickr, folder.parent)
        touched = next(photo_id for photo_id in photos.ids if photos.photo(photo_id).comments)
        photos.edit(
            touched, at=photos.photo(touched).updated + 60
        )  # its comments gain the names of their authors
        await run(info_level=2)
        for path in folder.glob("?/**/*.json"):
            info = json.loads(path.read_text(encoding="utf-8"))
            info["flickr"].pop("format", None)
            path.write_text(json.dumps(info), encoding="utf-8")
        before = tree(folder)
        photos.edit(touched, at=photos.photo(touched).updated + 60)
        report = await run(info_level=2, full_scan=True)
        assert [event.what for event in run.events_of(PhotoUpdated)] == [("comments",)]
        assert report.infos == 1
        assert before.items() <= tree(folder).items()
        assert not any("format" in info["flickr"] for info in infos(folder).values())

        photos.edit(touched, title="Huế", at=photos.photo(touched).updated + 60)
        await run(info_level=2, full_scan=True)
        formats = {photo_id: info["flickr"].get("format") for photo_id, info in infos(folder).items()}
        assert formats == {**dict.fromkeys(formats), touched: 1}
