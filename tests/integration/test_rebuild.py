"""A lost or damaged catalogue is rebuilt from the files of the mirror, without a download."""

from __future__ import annotations

import random
import sqlite3
from typing import TYPE_CHECKING

import pytest

from flickr_mirror import CatalogueError, check_mirror
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.schema import APPLICATION_ID, VERSION
from flickr_mirror.models.events import PhotoUpdated
from flickr_mirror.simulator import Kind, Mix
from flickr_mirror.storage.sidecar import photo_from_sidecar
from tests.support.command import infos, tree
from tests.support.mirroring import Run, age_failures, mirroring
from tests.support.parameters import with_slow_rest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

COMMENTS = "flickr.photos.comments.getList"
LIST = "flickr.people.getPhotos"


def catalogue_of(run: Run) -> Path:
    """Return the path of the catalogue."""
    return run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"


def other_database(path: Path) -> None:
    """Replace the catalogue by another program's database."""
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE songs (title TEXT)")
    database.close()


LOSSES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "of zero bytes": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(random.Random(1).randbytes(50_000)),
    "text": lambda path: path.write_text("<html>not found</html>" * 500),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 700]),
    "of another program": other_database,
}


@pytest.mark.parametrize("loss", with_slow_rest(LOSSES, *list(LOSSES)[::3]))
async def test_a_lost_catalogue_is_rebuilt_from_the_folders(tmp_path: Path, loss: str) -> None:
    """Rows 75, 76: a run rebuilds a lost or damaged catalogue; no image and no comment is fetched."""
    async with mirroring(tmp_path, 12, commented=1.0, mix=Mix({Kind.PLAIN: 3, Kind.VIDEO: 1})) as run:
        await run(info_level=2)
        before = tree(tmp_path)
        LOSSES[loss](catalogue_of(run))
        run.flickr.reset_counters()
        report = await run(info_level=2)
        assert (report.new, report.updated, report.images) == (0, 0, 0)
        assert report.complete
        assert not run.flickr.requests
        assert run.flickr.calls[COMMENTS] == 0
        assert tree(tmp_path) == before
        assert "12 photos were restored" in run.notices
        assert (await run(info_level=2)).api_calls == 2
        kept = [
            path for path in catalogue_of(run).parent.iterdir() if path.name.startswith("catalogue.sqlite.")
        ]
        assert bool(kept) == (loss not in ("missing", "of zero bytes"))


async def test_any_damaged_page_is_detected(tmp_path: Path) -> None:
    """Row 76: after damage at any position of the catalogue, the run results in the same mirror, without an error."""
    async with mirroring(tmp_path, 30, commented=0.3) as run:
        await run(info_level=2)
        before = tree(tmp_path)
        whole = catalogue_of(run).read_bytes()
        pages = len(whole) // 4096
        chance = random.Random(3)
        for page in sorted(chance.sample(range(pages), 8)):
            data = bytearray(whole)
            data[page * 4096 : page * 4096 + 400] = chance.randbytes(400)
            catalogue_of(run).write_bytes(data)
            run.flickr.reset_counters()
            report = await run(info_level=2)
            assert report.complete, page
            assert not run.flickr.requests, page
            assert run.flickr.calls[COMMENTS] == 0, page
            assert tree(tmp_path) == before, page


async def test_changes_before_a_rebuild_are_found(tmp_path: Path) -> None:
    """A title, a comment and a photo that are new since the loss are mirrored, and nothing else is."""
    async with mirroring(tmp_path, 12, commented=1.0) as run:
        await run(info_level=2)
        catalogue_of(run).unlink()
        edited, commented = run.stream.ids[2], run.stream.ids[6]
        run.stream.edit(edited, title="Another title")
        run.stream.add_comment(commented, "One more")
        (new,) = run.stream.upload(1)
        run.flickr.reset_counters()
        report = await run(info_level=2)
        assert (report.new, report.updated, report.images) == (1, 2, 1)
        assert {event.photo_id: event.what for event in run.events_of(PhotoUpdated)} == {
            edited: ("text",),
            commented: ("comments",),
        }
        assert set(run.flickr.requests) == {new}
        assert infos(tmp_path)[edited]["title"]["content"] == "Another title"
        assert infos(tmp_path)[commented]["comments"][-1]["content"] == "One more"


async def test_gone_photos_are_restored_to_the_catalogue(tmp_path: Path) -> None:
    """A photo that only the mirror still has is in the new catalogue, so that a full scan finds that it is gone."""
    async with mirroring(tmp_path, 12) as run:
        await run()
        gone = run.stream.ids[4]
        run.stream.delete(gone)
        catalogue_of(run).unlink()
        assert (await run(full_scan=True)).gone == 1
        assert run.path(gone).exists()
        report = await check_mirror(run.stream.username, tmp_path)
        assert (report.files, report.broken) == (24, [])


@pytest.mark.parametrize("options", [{"image_only": True}, {"info_only": True}])
async def test_a_mirror_of_images_or_information_only_is_restored(
    tmp_path: Path, options: dict[str, bool]
) -> None:
    """Images without information, and information without images, are not fetched again."""
    async with mirroring(tmp_path, 8, commented=1.0) as run:
        level = {} if "image_only" in options else {"info_level": 2}
        await run(**options, **level)
        before = tree(tmp_path)
        catalogue_of(run).unlink()
        run.flickr.reset_counters()
        report = await run(**options, **level)
        assert report.images == 0
        assert report.complete
        assert not run.flickr.requests
        assert run.flickr.calls[COMMENTS] == 0
        assert tree(tmp_path) == before
        assert len((await run()).failures) == 0
        assert all(run.path(photo_id).exists() for photo_id in run.stream.ids)


async def test_broken_files_on_disk_are_not_adopted(tmp_path: Path) -> None:
    """A cut image and a picture with other pixels are fetched again; another photo's sidecar is ignored."""
    async with mirroring(tmp_path, 6) as run:
        await run()
        before = tree(tmp_path)
        cut, other, stranger = run.stream.ids[:3]
        run.path(cut).write_bytes(run.path(cut).read_bytes()[:-100])
        run.path(other).write_bytes(run.flickr.file(other, run.stream.photo(other).pictures[0]))
        info = run.path(other, "json").read_text().replace(other, "12345")
        run.path(stranger, "json").write_text(info)
        catalogue_of(run).unlink()
        report = await run()
        assert (report.images, report.known) == (2, 6)
        assert {failure.photo_id for failure in report.failures} == {stranger}
        run.path(stranger, "json").unlink()
        age_failures(catalogue_of(run))
        await run()
        assert tree(tmp_path) == before


async def test_a_killed_rebuild_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild that was stopped is repeated by the next run, and has each photo once."""
    monkeypatch.setattr("flickr_mirror.engine.rebuild.BATCH", 3)
    async with mirroring(tmp_path, 8) as run:
        await run()
        catalogue_of(run).unlink()
        catalogue = Catalogue(catalogue_of(run))
        restore = catalogue.photos.restore
        calls = []

        def stop(*arguments: object) -> None:
            calls.append(arguments)
            if len(calls) == 2:
                raise CatalogueError("killed")
            restore(*arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(
                "flickr_mirror.catalogue.photo_rows.PhotoRows.restore", lambda _, photos: stop(photos)
            )
            with pytest.raises(CatalogueError, match="killed"):
                await run()
        report = await run()
        assert (report.known, report.images) == (8, 0)
        assert "8 photos were restored" in run.notices
        catalogue.close()


async def test_a_catalogue_can_be_rebuilt_by_request(tmp_path: Path) -> None:
    """`check --rebuild` rebuilds a catalogue that only seems intact, and keeps the old one."""
    async with mirroring(tmp_path, 5) as run:
        await run()
        with sqlite3.connect(catalogue_of(run)) as database:
            database.execute("DELETE FROM files")
        database.close()
        assert (await check_mirror(run.stream.username, tmp_path)).files == 0
        report = await check_mirror(run.stream.username, tmp_path, rebuild=True)
        assert (report.files, report.broken) == (10, [])
        assert len(list(catalogue_of(run).parent.glob("catalogue.sqlite.*"))) == 1
        assert (await run()).images == 0
        assert "rebuilt" not in run.notices


async def test_a_newer_catalogue_is_not_changed(tmp_path: Path) -> None:
    """Row 77: a catalogue of a later version is refused with both versions named, and not rebuilt."""
    async with mirroring(tmp_path, 2) as run:
        await run()
        with sqlite3.connect(catalogue_of(run)) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
        before = catalogue_of(run).read_bytes()
        with pytest.raises(CatalogueError, match=rf"version 99.* knows {VERSION}"):
            await run()
        assert catalogue_of(run).read_bytes() == before
        assert APPLICATION_ID.to_bytes(4) in before


async def test_a_photo_is_read_back_from_its_sidecar(tmp_path: Path) -> None:
    """All listed facts that a sidecar stores can be read back from it."""
    async with mirroring(tmp_path, 30, mix=Mix.MIXED, commented=0.5) as run:
        await run(info_level=2)
        with Catalogue(catalogue_of(run)) as catalogue:
            catalogue._database.query("UPDATE photos SET info_status = 1")
            page = {"newest_first": True, "frontier": None, "busy": (), "limit": 99}
            listed = {stored.photo.id: stored for stored in catalogue.work_list.infos_to_write(**page)}
        for photo_id, info in infos(tmp_path).items():
            restored = photo_from_sidecar(info)
            assert restored is not None
            photo, size = restored.photo, restored.size
            original = listed[photo_id]
            assert (photo.raw_title, photo.raw_description) == (
                original.photo.raw_title,
                original.photo.raw_description,
            )
            for name in ("uploaded", "tags", "license", "latitude", "media", "rotation", "taken_granularity"):
                assert getattr(photo.facts, name) == getattr(original.photo.facts, name), name
            assert size is None or original.size is None or size.label == original.size.label


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"title": {"content": "x"}},
        {"title": {"content": "x"}, "flickr": {"id": "../1"}},
        {"title": 7, "flickr": 7},
        {"title": {"content": "x"}, "flickr": {"id": "1", "dates": [], "geo": None, "size": None}},
    ],
)
def test_an_invalid_sidecar_is_ignored(info: dict[str, object]) -> None:
    """Other JSON files are skipped."""
    assert photo_from_sidecar(info) is None
