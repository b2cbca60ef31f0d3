"""An invalid value in the catalogue is damage: it is reported, and the catalogue is rebuilt from the files."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flickr_mirror import CatalogueDamagedError, check_mirror
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.database import Database
from flickr_mirror.cli.commands.list_photos import Listing
from flickr_mirror.cli.commands.reports import list_mirror, status
from flickr_mirror.engine.rebuild import open_catalogue
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.mirror_folder import MirrorFolder
from tests.support.command import run as run_command
from tests.support.command import tree
from tests.support.connections import all_closed
from tests.support.mirroring import Run, mirroring
from tests.support.parameters import with_slow_rest
from tests.support.payloads import ANYTHING

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

DAMAGES = {
    "facts that are not JSON": "UPDATE listed SET facts = '{'",
    "facts that are a list": "UPDATE listed SET facts = '[1]'",
    "facts that are a number": "UPDATE listed SET facts = '1'",
    "an unknown fact": 'UPDATE listed SET facts = \'{"secrit": ""}\'',
    "a fact of another type": 'UPDATE listed SET facts = \'{"comment_count": "3"}\'',
    "facts of deep nesting": "UPDATE listed SET facts = '" + '{"tags":' * 99_999 + "'",
    "a title that is not UTF-8": "UPDATE listed SET title = CAST(x'c328ff' AS TEXT)",
    "a description that is not UTF-8": "UPDATE listed SET description = CAST(x'ff' AS TEXT)",
    "a title that is bytes": "UPDATE listed SET title = x'00'",
    "an address that is not UTF-8": "UPDATE photos SET url = CAST(x'ff' AS TEXT)",
    "status 9": "UPDATE photos SET image_status = 9",
    "a status that is a text": "UPDATE photos SET info_status = 'x'",
    "a failed photo without a failure": "UPDATE photos SET image_status = 4",
    "a photo without its texts": "DELETE FROM listed WHERE id = (SELECT min(id) FROM listed)",
    "texts without their photo": "DELETE FROM photos WHERE id = (SELECT min(id) FROM photos)",
    "proof 7": "UPDATE photos SET proof = 7",
    "stale 8": "UPDATE photos SET stale = 8",
    "level 5": "UPDATE photos SET info_level = 5",
    "a time that is a text": "UPDATE photos SET uploaded = 'noon'",
    "a size without pixels": "UPDATE photos SET width = NULL",
    "a negative size": "UPDATE photos SET height = -1",
    "a file of no kind": "UPDATE files SET kind = 'imbge' WHERE kind = 'image'",
    "an extension that leads elsewhere": "UPDATE files SET extension = '../x'",
    "a short hash": "UPDATE files SET sha256 = x'00'",
    "a file of no photo": "UPDATE files SET photo_id = photo_id + 1",
    "a failure of no job": "INSERT INTO failures SELECT id, 'imagf', 'why', 1, 0 FROM photos",
    "a reason that is not UTF-8": "INSERT INTO failures SELECT id, 'info', CAST(x'ff' AS TEXT), 1, 0 FROM photos",
    "coverage that is a text": "UPDATE coverage SET high = 'x'",
    "coverage that ends before it begins": "UPDATE coverage SET low = high + 1",
    "a number of walks that is none": "UPDATE notes SET value = '1x' WHERE name = 'walks'",
    "a column of another name": "ALTER TABLE photos RENAME COLUMN proof TO prooe",
    "a schema that is not UTF-8": "PRAGMA writable_schema = ON;"
    " UPDATE sqlite_master SET name = CAST(x'69ff' AS TEXT), sql = 'x' WHERE name = 'gone_photos'",
    "a lost table": "DROP TABLE files",
    "a check that was interrupted nowhere": "INSERT INTO notes VALUES ('check 1/1', '[1, 2]')",
}


def catalogue_of(run: Run) -> Path:
    """Return the path of the catalogue."""
    return run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite"


def execute(path: Path, sql: str) -> None:
    """Change a catalogue directly."""
    database = sqlite3.connect(path)
    database.executescript(sql)
    database.close()


@pytest.mark.parametrize("damage", with_slow_rest(DAMAGES, *list(DAMAGES)[::5]))
async def test_an_unreadable_value_is_damage(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`status` and `list` report it and exit with 7; a run and `check` move the catalogue aside and rebuild it."""
    async with mirroring(tmp_path, 4, commented=1.0) as run:
        await run(info_level=2)
        before, name = tree(tmp_path), run.stream.username
        execute(catalogue_of(run), DAMAGES[damage])
        assert status(name, cache_path=tmp_path, max_age=None, as_json=False) == 7
        assert list_mirror(name, cache_path=tmp_path, listing=Listing()) == 7
        assert capsys.readouterr().err.count(" is damaged (") == 2
        run.flickr.reset_counters()
        report = await run(info_level=2)
        assert (report.complete, report.images, report.failures) == (True, 0, [])
        assert not run.flickr.requests
        assert "is damaged (" in run.notices
        assert "rebuilt" in run.notices
        assert tree(tmp_path) == before
        assert (await run(info_level=2)).api_calls == 2
        assert run.notices == ""
        execute(catalogue_of(run), DAMAGES[damage])
        assert (await check_mirror(name, tmp_path)).rebuilt
        assert status(name, cache_path=tmp_path, max_age=None, as_json=False) == 0


@pytest.mark.slow
async def test_the_command_continues_after_damage(tmp_path: Path) -> None:
    """The first run afterwards reports it and exits with 0; the next one reports nothing."""
    async with mirroring(tmp_path, 3) as run:
        assert (await run_command(run.flickr, tmp_path)).code == 0
        execute(catalogue_of(run), "UPDATE listed SET facts = 'x'; UPDATE photos SET image_status = 1")
        dry = await run_command(run.flickr, tmp_path, "--dry-run")
        assert dry.code == 7
        assert "The next run of the mirror rebuilds it from the files." in dry.err
        first = await run_command(run.flickr, tmp_path)
        second = await run_command(run.flickr, tmp_path)
    assert (first.code, second.code) == (0, 0)
    assert "catalogue.sqlite is damaged (" in first.err
    assert "is damaged" not in second.err


async def test_damage_found_during_a_run_is_repaired_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damage that the first check does not find ends one run, and not every run."""
    async with mirroring(tmp_path, 3) as run:
        await run()
        execute(catalogue_of(run), "UPDATE listed SET facts = 'x'; UPDATE photos SET image_status = 1")
        with monkeypatch.context() as patch:
            patch.setattr("flickr_mirror.catalogue.value_checks._fault_of_facts", lambda _: "")
            with pytest.raises(CatalogueDamagedError, match="The next run of the mirror rebuilds it"):
                await run()
            assert "The damaged catalogue is kept as " in run.notices
            report = await run()
        assert (report.complete, report.images, report.known) == (True, 0, 3)


@pytest.mark.parametrize("number", [18, 19])
async def test_a_header_of_an_unknown_format_is_damage(tmp_path: Path, number: int) -> None:
    """SQLite opens such a file for reading only, and every run would end with a refused write."""
    async with mirroring(tmp_path, 2) as run:
        await run()
        data = bytearray(catalogue_of(run).read_bytes())
        data[number] = 6
        catalogue_of(run).write_bytes(data)
        assert (await run()).complete
        assert "rebuilt" in run.notices


def test_errors_while_reading_rows_are_translated(tmp_path: Path) -> None:
    """The second row is damaged: reading it raises the error of the package."""
    database = Database(tmp_path / "catalogue.sqlite")
    database.query("INSERT INTO notes VALUES ('a', 'whole'), ('b', CAST(x'ff' AS TEXT))")
    for read in (
        lambda rows: [*rows],
        lambda rows: rows.fetchall(),
        lambda rows: [rows.fetchone() for _ in "ab"],
    ):
        database.is_damaged = False
        with pytest.raises(CatalogueDamagedError, match="UTF-8"):
            read(database.query("SELECT value FROM notes ORDER BY name"))
        assert database.is_damaged
    database.close()


def test_a_damaged_file_is_closed(tmp_path: Path) -> None:
    """Also if the damage is noticed when the file is open and the first value is read."""
    path = tmp_path / "catalogue.sqlite"
    Catalogue(path).close()
    execute(path, DAMAGES["a schema that is not UTF-8"])
    with all_closed(), pytest.raises(CatalogueDamagedError):
        Catalogue(path, for_reading=True)


def replaced(document: Any, path: list[int], value: Any) -> Any:
    """Return a document with the value at a path replaced."""
    if not path or not isinstance(document, (dict, list)) or not document:
        return value
    keys = [*document] if isinstance(document, dict) else [*range(len(document))]
    key = keys[path[0] % len(keys)]
    changed = document.copy()
    changed[key] = replaced(document[key], path[1:], value)
    return changed


INFO: dict[str, Any] = {
    "title": {"content": "Huế", "locale": "vi"},
    "description": {"content": "", "locale": "en"},
    "flickr": {
        "id": "4941540830",
        "license": "4",
        "tags": ["a"],
        "machine_tags": [],
        "dates": {"uploaded": 1283169092, "taken": "2010-08-30 10:11:12", "taken_granularity": 0},
        "geo": {"latitude": 10.5, "longitude": 106, "accuracy": 16},
        "media": "photo",
        "rotation": 0,
        "size": {"label": "Original", "width": 40, "height": 30},
    },
}
PLACES = st.lists(st.integers(0, 9), min_size=1, max_size=4)
VALUES = ANYTHING | st.sampled_from(
    [10**30, -(10**18), -5, 1e400, "\ud800", "\0", True, float("nan"), "9" * 5000]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(PLACES, VALUES), min_size=1, max_size=3))
def test_a_rebuilt_catalogue_is_never_damaged(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[list[int], Any]]
) -> None:
    """For any information file, the rebuilt catalogue is valid; otherwise each run would rebuild it."""
    document: Any = INFO
    for path, value in changes:
        document = replaced(document, path, value)
    cache = MirrorFolder(tmp_path_factory.mktemp("mirror"), 1)
    cache.prepare(FlickrUser("1@N01", "owner"), "owner")
    place = cache.path(INFO["flickr"]["id"], "json")
    place.parent.mkdir()
    place.write_text(json.dumps(document))

    async def rebuild() -> None:
        async with open_catalogue(cache, lambda _: None) as catalogue:
            catalogue.check()

    anyio.run(rebuild)
