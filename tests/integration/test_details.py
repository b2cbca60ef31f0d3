"""Notes, faves and EXIF of each photo: their calls, their place in the sidecar, and that they are kept."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from flickr_mirror import Include, check_mirror, forget_photos
from flickr_mirror.errors import TransportError
from flickr_mirror.models.events import DetailCached, RunPlanned
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.reader.index_texts import notes_of
from flickr_mirror.simulator import Disturbance, Rule, Script, faults
from flickr_mirror.simulator.data.sizes import Kind, Mix
from flickr_mirror.simulator.photo_details import notes_of as notes_in_simulator
from tests.support.mirroring import Run, age_failures, mirroring

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")
NOTES, FAVES, EXIF = (frozenset({one}) for one in (Include.NOTES, Include.FAVES, Include.EXIF))
ALL = NOTES | FAVES | EXIF
METHODS = {
    "notes": "flickr.photos.getInfo",
    "faves": "flickr.photos.getFavorites",
    "exif": "flickr.photos.getExif",
}


def parts(run: Run) -> dict[str, dict[str, Any]]:
    """Return the `flickr` objects of all JSON files by the ids of their photos."""
    found = {}
    for photo_id in run.stream.ids:
        path = run.path(photo_id, "json")
        if path.exists():
            found[photo_id] = json.loads(path.read_bytes())["flickr"]
    return found


def files(run: Run) -> dict[str, bytes]:
    """Return the JSON files by name."""
    return {path.name: path.read_bytes() for path in run.root.rglob("*/?/*.json")}


def catalogue_of(run: Run) -> Path:
    """Return the catalogue's path."""
    return run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"


def rows(run: Run, photo_id: str | None = None) -> set[tuple[str, int]]:
    """Return the kinds and states of the details in the catalogue, of all photos or of one."""
    with closing(sqlite3.connect(catalogue_of(run))) as database:
        query = "SELECT kind, status FROM details WHERE photo_id = ifnull(?, photo_id)"
        return set(database.execute(query, (photo_id,)))


async def _refusing(path: str, request: web.Request) -> web.StreamResponse | None:
    return web.Response(status=403) if request.path == path else None


async def test_notes_take_one_call_for_each_photo(tmp_path: Path) -> None:
    """A photo with people takes two; the plan states the calls, and a second run makes none."""
    async with mirroring(tmp_path, 14) as run:
        plan = await run.mirror(include=NOTES).estimate()
        run.flickr.reset_counters()
        report = await run(include=NOTES)
        photos = [run.stream.photo(photo_id) for photo_id in run.stream.ids]
        peopled = sum(photo.index % 7 == 0 for photo in photos)
        assert run.flickr.calls[METHODS["notes"]] == 14
        assert run.flickr.calls["flickr.photos.people.getList"] == peopled == 2
        assert (plan.calls, plan.details) == (run.flickr.calls.total() - peopled, 14)
        (exact,) = (event for event in run.events_of(RunPlanned) if event.exact)
        assert exact.details == 14
        assert (report.details, report.complete, report.left) == (14, True, 0)
        assert len(run.events_of(DetailCached)) == 14
        for photo in photos:
            details = parts(run)[photo.id]["details"]
            assert len(details["notes"]) == photo.index % 3
            assert len(details["people"]) == 2 * (photo.index % 7 == 0)
            assert [tag["tag"] for tag in details["tags"]] == photo.tags.split()
            assert (details["place"] is None) == (photo.caption.place is None)
            assert details["updated"] == photo.updated
        run.flickr.reset_counters()
        report = await run(include=NOTES)
        assert (run.flickr.calls.total(), report.details) == (2, 0)


async def test_without_the_option_no_detail_is_requested(tmp_path: Path) -> None:
    """Also in a mirror with details, which stay in the files."""
    async with mirroring(tmp_path) as run:
        await run(include=ALL)
        before = files(run)
        run.flickr.reset_counters()
        await run(full_scan=True)
        assert not {*METHODS.values()} & run.flickr.calls.keys()
        assert files(run) == before


async def test_exif_is_requested_if_the_original_is_not_mirrored(tmp_path: Path) -> None:
    """Not for videos and originals; after "permission denied" it is not requested again."""
    mix = Mix({Kind.LARGE: 4, Kind.NO_ORIGINAL: 5, Kind.VIDEO: 1})
    async with mirroring(tmp_path, 20, mix=mix) as run:
        report = await run(include=EXIF)
        wanted = {
            photo.id: photo
            for photo in map(run.stream.photo, run.stream.ids)
            if photo.kind is Kind.NO_ORIGINAL
        }
        assert run.flickr.calls[METHODS["exif"]] == len(wanted) == 10
        assert (report.failures, report.complete) == ([], True)
        for photo_id, more in parts(run).items():
            assert ("exif" in more) == (photo_id in wanted)
        for photo in wanted.values():
            exif = parts(run)[photo.id]["exif"]
            if photo.index % 5 == 0:
                assert exif is None
            else:
                assert exif["camera"] == "Nikon D750"
                assert {"space": "ExifIFD", "tag": "ExposureTime"}.items() <= exif["tags"][1].items()
        run.flickr.reset_counters()
        await run(include=EXIF)
        assert not run.flickr.calls[METHODS["exif"]]
        report = await run(include=EXIF, info_only=True)
        assert not run.flickr.calls[METHODS["exif"]]  # the originals are on disk


async def test_exif_is_requested_for_all_photos_if_images_are_not_mirrored(tmp_path: Path) -> None:
    """Then no original is on disk."""
    async with mirroring(tmp_path) as run:
        plan = await run.mirror(include=EXIF, info_only=True).estimate()
        assert plan.details == 12
        await run(include=EXIF, info_only=True)
        assert run.flickr.calls[METHODS["exif"]] == 12


async def test_exif_is_requested_after_a_refused_original(tmp_path: Path) -> None:
    """The same run requests the EXIF of such a photo."""
    async with mirroring(tmp_path, mix=Mix({Kind.LARGE: 1})) as run:
        photo = run.stream.photo(run.stream.ids[3])
        run.flickr.intercept = partial(_refusing, photo.best.path)
        await run(include=EXIF)
        assert [photo_id for photo_id, more in parts(run).items() if "exif" in more] == [photo.id]
        run.flickr.reset_counters()
        await run(include=EXIF)
        assert not run.flickr.calls[METHODS["exif"]]


async def test_details_of_changed_photos_only_are_requested_again(tmp_path: Path) -> None:
    """A comment moves `lastupdate`, as a note does; the information is rewritten, with the earlier details."""
    async with mirroring(tmp_path) as run:
        await run(include=ALL, info_level=2)
        photo_id = run.stream.ids[4]
        before = parts(run)[photo_id]
        run.stream.edit(photo_id, title="Another title", tags="one two")
        run.flickr.reset_counters()
        await run(info_level=2)
        after = parts(run)[photo_id]
        assert {"details", "faves"} <= before.keys()
        assert all(after[key] == before[key] for key in ("details", "faves"))
        assert after["tags"] == ["one", "two"]
        await run(include=NOTES, info_level=2)
        assert run.flickr.calls[METHODS["notes"]] == 1
        assert [tag["tag"] for tag in parts(run)[photo_id]["details"]["tags"]] == ["one", "two"]
        assert parts(run)[photo_id]["faves"] == before["faves"]


async def test_more_information_later_keeps_the_details(tmp_path: Path) -> None:
    """A higher level and a full scan rewrite files, and keep the details."""
    async with mirroring(tmp_path) as run:
        await run(include=ALL)
        before = parts(run)
        await run(info_level=2, full_scan=True)
        for photo_id, more in parts(run).items():
            assert more["details"] == before[photo_id]["details"]
            assert more.get("faves") == before[photo_id].get("faves")
            assert "comments" in more


async def test_details_of_a_lost_file_are_fetched_again(tmp_path: Path) -> None:
    """The information is written without a call for them; the next run that includes them requests them."""
    async with mirroring(tmp_path) as run:
        await run(include=NOTES)
        photo_id = run.stream.ids[2]
        run.path(photo_id, "json").unlink()
        await run(info_level=1)
        assert "details" not in parts(run)[photo_id]
        run.flickr.reset_counters()
        await run(include=NOTES)
        assert run.flickr.calls[METHODS["notes"]] == 1
        assert "details" in parts(run)[photo_id]


async def test_a_check_accepts_a_file_that_was_being_written(tmp_path: Path) -> None:
    """A killed run may have written a newer file than it recorded; any other difference is reported."""
    async with mirroring(tmp_path) as run:
        await run(include=NOTES)
        path = run.path(run.stream.ids[2], "json")
        path.write_bytes(path.read_bytes() + b" ")
        for status, broken in ((0, 0), (2, 1)):
            with closing(sqlite3.connect(catalogue_of(run))) as database, database:
                database.execute("UPDATE details SET status = ?", (status,))
            report = await check_mirror(run.stream.username, tmp_path)
            assert len(report.broken) == broken


async def test_search_finds_the_notes(tmp_path: Path) -> None:
    """The index reads them from the sidecars."""
    async with mirroring(tmp_path) as run:
        await run(include=NOTES)
        noted = [
            run.stream.photo(photo_id) for photo_id in run.stream.ids if run.stream.photo(photo_id).index % 3
        ]
        for photo in noted:
            texts = notes_of(json.loads(run.path(photo.id, "json").read_bytes()))
            assert texts == [note["_content"] for note in notes_in_simulator(photo)]


async def test_a_rebuilt_catalogue_has_the_details(tmp_path: Path) -> None:
    """Nothing is requested again, except for a changed photo."""
    async with mirroring(tmp_path, mix=Mix({Kind.LARGE: 1, Kind.NO_ORIGINAL: 1})) as run:
        await run(include=ALL)
        before = files(run)
        for path in (run.root / run.stream.username / ".flickr_mirror").glob("catalogue*"):
            path.unlink()
        changed = run.stream.ids[5]
        run.stream.edit(changed, description="Another description")
        run.flickr.reset_counters()
        report = await run(include=ALL)
        assert run.flickr.calls[METHODS["notes"]] == 1
        assert not run.flickr.calls[METHODS["exif"]]
        assert report.left == 0
        changed_name = f"{inventory_number(changed)}.json"
        assert {name for name, data in files(run).items() if before[name] != data} == {changed_name}


async def test_failures_are_tried_again_and_reported(tmp_path: Path) -> None:
    """At the end of the run and, if they still fail, by a later one; a refused photo is requested once."""
    async with mirroring(tmp_path) as run:
        ids = run.stream.ids
        run.flickr.faults = Script(
            Rule(faults.failing(500), method=METHODS["notes"], photo_id=ids[1], times=None),
            Rule(faults.refusal(1, "Photo not found"), method=METHODS["notes"], photo_id=ids[2], times=None),
        )
        report = await run(include=NOTES)
        assert {(failure.photo_id, failure.job, failure.lasting) for failure in report.failures} == {
            (ids[1], "notes", False),
            (ids[2], "notes", True),
        }
        assert rows(run) == {("notes", 2), ("notes", 4), ("notes", 5)}
        run.flickr.faults = None
        run.flickr.reset_counters()
        report = await run(include=NOTES)
        assert not run.flickr.calls[METHODS["notes"]]  # one is not due, the other is known
        assert [failure.photo_id for failure in report.failures] == [ids[1]]
        age_failures(catalogue_of(run))
        report = await run(include=NOTES)
        assert (run.flickr.calls[METHODS["notes"]], report.failures) == (1, [])


async def test_details_of_forgotten_and_gone_photos_are_not_requested(tmp_path: Path) -> None:
    """Their rows are deleted, or kept, with them."""
    async with mirroring(tmp_path) as run:
        await run()
        ids = run.stream.ids
        await forget_photos(run.stream.username, [ids[0]], tmp_path)
        run.stream.delete(ids[1])
        await run(full_scan=True)
        run.flickr.reset_counters()
        await run(include=NOTES)
        assert run.flickr.calls[METHODS["notes"]] == 10
        assert rows(run, ids[2]) == {("notes", 2)}
        await forget_photos(run.stream.username, [ids[2]], tmp_path)
        assert rows(run, ids[2]) == set()


async def test_a_pruned_photo_leaves_no_details(tmp_path: Path) -> None:
    """A row about a photo that is not in the catalogue would be damage."""
    async with mirroring(tmp_path) as run:
        await run(include=NOTES)
        photo_id = run.stream.ids[1]
        run.stream.delete(photo_id)
        await run(include=NOTES, full_scan=True, prune=True)
        assert rows(run, photo_id) == set()
        assert len(rows(run)) == 1


async def test_faves_take_a_call_for_fifty_people(tmp_path: Path) -> None:
    """No call for a photo without faves; people are listed newest first, each once; the plan states the calls."""
    async with mirroring(tmp_path, 12) as run:
        popular = run.stream.ids[1]
        run.stream.add_faves(popular, 130 - run.stream.photo(popular).faves)
        counts = {photo_id: run.stream.photo(photo_id).faves for photo_id in run.stream.ids}
        assert 0 in counts.values()
        plan = await run.mirror(include=FAVES).estimate()
        run.flickr.reset_counters()
        await run(include=FAVES)
        calls = sum(-(-count // 50) for count in counts.values())
        assert run.flickr.calls[METHODS["faves"]] == calls
        assert plan.calls == run.flickr.calls.total()
        for photo_id, more in parts(run).items():
            assert ("faves" in more) == (counts[photo_id] > 0)
            people = more["faves"]["people"] if counts[photo_id] else []
            assert len({person["nsid"] for person in people}) == len(people) == counts[photo_id]
            dates = [person["date"] for person in people]
            assert dates == sorted(dates, reverse=True)
        run.flickr.reset_counters()
        await run(include=FAVES)
        assert not run.flickr.calls[METHODS["faves"]]


async def test_faves_are_fetched_again_if_their_number_changed(tmp_path: Path) -> None:
    """Only by a run that includes them; a photo that gets its first one also costs a call."""
    async with mirroring(tmp_path, 12) as run:
        await run(include=FAVES)
        ids = run.stream.ids
        first = next(photo_id for photo_id in ids if not run.stream.photo(photo_id).faves)
        second = next(photo_id for photo_id in ids if run.stream.photo(photo_id).faves)
        run.stream.add_faves(first, 1)
        run.stream.add_faves(second, 60)
        run.flickr.reset_counters()
        await run()
        assert not run.flickr.calls[METHODS["faves"]]
        report = await run(include=FAVES)
        assert (run.flickr.calls[METHODS["faves"]], report.details) == (3, 2)
        for photo_id in (first, second):
            assert len(parts(run)[photo_id]["faves"]["people"]) == run.stream.photo(photo_id).faves
        run.flickr.reset_counters()
        await run(include=FAVES)
        assert not run.flickr.calls[METHODS["faves"]]


async def test_withdrawn_faves_are_removed(tmp_path: Path) -> None:
    """Also the last one of a photo, which would otherwise need no call."""
    async with mirroring(tmp_path, 12) as run:
        await run(include=FAVES)
        photo_id = next(photo_id for photo_id in run.stream.ids if run.stream.photo(photo_id).faves == 1)
        run.stream.add_faves(photo_id, -1)
        run.flickr.reset_counters()
        for _ in range(2):
            await run(include=FAVES)
            assert run.flickr.calls[METHODS["faves"]] == 1
            assert parts(run)[photo_id]["faves"] == {"people": []}


async def test_an_unknown_count_of_faves_takes_a_call(tmp_path: Path) -> None:
    """A server that ignores the undocumented extra does not state the count."""
    async with mirroring(tmp_path, 4, undocumented_extras=False) as run:
        await run(include=FAVES)
        assert run.flickr.calls[METHODS["faves"]] == 4
        run.flickr.reset_counters()
        await run(include=FAVES)
        assert not run.flickr.calls[METHODS["faves"]]


async def test_runs_with_faults_have_the_same_result(tmp_path: Path) -> None:
    """A fifth of the requests get a false answer or none: they are retried, and nothing is lost."""
    async with mirroring(
        tmp_path, 20, mix=Mix({Kind.PLAIN: 1, Kind.NO_ORIGINAL: 1}), image_dims=(40, 30)
    ) as run:
        await run(include=ALL, info_level=2)
        whole = files(run)
    async with mirroring(
        tmp_path / "disturbed",
        20,
        mix=Mix({Kind.PLAIN: 1, Kind.NO_ORIGINAL: 1}),
        image_dims=(40, 30),
        faults=Disturbance(0.2, seed=16),
    ) as run:
        for _ in range(10):
            with suppress(TransportError):
                if (await run(include=ALL, info_level=2)).left == 0:
                    break
            age_failures(catalogue_of(run))
        assert files(run) == whole
