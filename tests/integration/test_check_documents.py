"""Checking the documents about an account: a broken one is found and moved aside, and a run writes it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from flickr_mirror import Include, check_mirror
from flickr_mirror.models.events import FileBroken
from flickr_mirror.models.includes import LISTS
from flickr_mirror.simulator import SimulatedPhotostream, fill_albums, fill_lists
from tests.support.command import tree
from tests.support.mirroring import Run, mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

PHOTOS = 12


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror a photostream with all lists of its account."""
    other = SimulatedPhotostream(40, nsid="8800001@N03", username="other", path_alias="other")
    async with mirroring(tmp_path, PHOTOS, accounts=[other], commented=0) as run:
        fill_albums(run.stream, 3)
        fill_lists(run.stream, [other], favorites=30)
        await run(include=LISTS)
        yield run


def folder(run: Run) -> Path:
    """Return the folder of the documents."""
    return run.root / run.stream.username / "account"


def documents(run: Run) -> dict[str, Path]:
    """Return the documents by name."""
    paths = sorted(folder(run).rglob("*.json"))
    return {path.relative_to(folder(run)).with_suffix("").as_posix(): path for path in paths}


async def check(run: Run) -> list[tuple[str, str]]:
    """Check the mirror, and return the name and the reason of each broken document."""
    found: list[object] = []
    report = await check_mirror(run.stream.username, run.root, observer=found.append)
    broken = report.broken
    assert [event for event in found if isinstance(event, FileBroken)] == broken
    assert {one.photo_id for one in broken} <= {""}
    names = [one.path.relative_to(folder(run)).with_suffix("").as_posix() for one in broken]
    return [(name, one.reason) for name, one in zip(names, broken, strict=True)]


async def test_valid_documents_are_counted(run: Run) -> None:
    report = await check_mirror(run.stream.username, run.root)
    assert (report.files, report.broken) == (2 * PHOTOS + len(documents(run)), [])
    half = await check_mirror(run.stream.username, run.root, part=(2, 2))
    assert half.files <= PHOTOS * 2


async def test_each_broken_document_is_found_and_written_again(run: Run) -> None:
    """Cut, empty and invalid documents are reported, moved aside, and restored by the next run."""
    before = {name: path.read_bytes() for name, path in documents(run).items()}
    assert {name.partition("/")[0] for name in before} == {*LISTS, "collections"}
    spoiled = ('{"name": ', "", "[]", "\0" * 100)
    for number, path in enumerate(documents(run).values()):
        path.write_text(spoiled[number % len(spoiled)])
    assert {name for name, reason in await check(run) if reason == "It is no whole JSON document."} == {
        *before
    }
    assert not documents(run)
    assert len(list((folder(run).parent / ".flickr_mirror/broken").iterdir())) == len(before)
    await run(include=LISTS)
    assert {name: path.read_bytes() for name, path in documents(run).items()} == before
    assert await check(run) == []


async def test_missing_albums_and_months_of_favourites_are_found(run: Run) -> None:
    """The catalogue and the document of the favourites name them; the next run lists them again."""
    before = tree(folder(run))
    [month, *_] = json.loads((folder(run) / "favorites.json").read_text())["months"]
    lost = [f"albums/{run.stream.albums[0].id}", f"favorites/{month}"]
    for name in lost:
        documents(run)[name].unlink()
    assert await check(run) == [(name, "It is missing.") for name in lost]
    await run(include=LISTS)
    assert tree(folder(run)) == before
    assert await check(run) == []


@pytest.mark.parametrize("is_removed", [True, False])
async def test_the_document_of_one_gallery_or_group_is_written_again(run: Run, is_removed: bool) -> None:
    """The document of the list names it, and nothing has changed at Flickr since."""
    before = tree(folder(run))
    lost = [
        next(name for name in documents(run) if name.startswith(f"{group}/"))
        for group in ("galleries", "groups")
    ]
    for name in lost:
        path = documents(run)[name]
        path.unlink() if is_removed else path.write_text("{")
    assert [name for name, _ in await check(run)] == lost
    await run(include=LISTS)
    assert tree(folder(run)) == before
    assert await check(run) == []


async def test_a_run_that_does_not_include_a_list_leaves_it_broken(run: Run) -> None:
    """The sentence states which option restores it."""
    documents(run)["profile"].write_text("{")
    found: list[object] = []
    await check_mirror(run.stream.username, run.root, observer=found.append)
    [text] = [event.text for event in found if isinstance(event, FileBroken)]
    assert text.endswith("It is no whole JSON document. The next run with --include profile restores it.")
    await run()
    assert "profile" not in documents(run)
    await run(include=frozenset({Include.PROFILE}))
    assert "profile" in documents(run)


async def test_other_files_in_the_folder_are_not_changed(run: Run) -> None:
    (folder(run) / "mine.json").write_text("[my notes]")
    assert await check(run) == []
    assert (folder(run) / "mine.json").read_text() == "[my notes]"
