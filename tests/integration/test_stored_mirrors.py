"""Stored mirrors of earlier versions, which this version upgrades and continues."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.catalogue.database import Database
from flickr_mirror.catalogue.schema import VERSION
from flickr_mirror.cli.commands.status import status_of
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.simulator import Kind, Mix, SimulatedFlickr, SimulatedPhotostream
from tests.support.command import infos, tree
from tests.support.mirroring import Run, age_failures
from tests.support.stored_mirror import unpack

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

"""Nine photos: one film, one GIF, comments; the image of `FAILED` failed, and a full scan marked `GONE` as gone."""
FAILED, GONE = "53999906178", "53999851178"


def stream() -> SimulatedPhotostream:
    """Return the photostream that was mirrored, without the photo that its owner deleted."""
    mix = Mix({Kind.PLAIN: 5, Kind.VIDEO: 1, Kind.GIF: 1})
    photos = SimulatedPhotostream(9, commented=0.5, image_dims=(40, 30), mix=mix)
    photos.delete(GONE)
    return photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the stored mirror, unpacked."""
    return unpack(tmp_path)


def catalogue_of(folder: Path) -> Path:
    """Return the path of the catalogue."""
    return folder / ".flickr_mirror" / "catalogue.sqlite"


def version_of(path: Path) -> int:
    """Return the version of a catalogue."""
    database = sqlite3.connect(path)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.close()
    return int(version)


def tables_of(path: Path) -> set[tuple[str, str]]:
    """Return the tables and indexes of a catalogue."""
    database = sqlite3.connect(path)
    tables = set(database.execute("SELECT name, sql FROM sqlite_master"))
    database.close()
    return tables


def name_of(photo_id: str) -> str:
    """Return the name of a sidecar file as `tree` states it."""
    number = inventory_number(photo_id)
    return "/".join((*number[:4], f"{number}.json"))


def is_part(old: object, new: object) -> bool:
    """Return whether a document has all values of an older one, possibly with additional keys."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and is_part(value, new[key]) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(is_part, old, new))
    return old == new


async def test_a_mirror_of_version_1_is_continued(folder: Path) -> None:
    """No image is fetched again; failed and new photos are mirrored, and sidecar files gain facts."""
    photos = stream()
    async with SimulatedFlickr(photos) as flickr:
        database = sqlite3.connect(catalogue_of(folder))
        with database:  # the simulator now has another port
            database.execute(
                "UPDATE photos SET url = replace(url, substr(url, 1, instr(url, '/65535/') - 1), ?)",
                (photos.base_url,),
            )
        database.close()
        age_failures(catalogue_of(folder))
        before, old = tree(folder), infos(folder)
        run = Run(flickr, folder.parent)
        (new,) = photos.upload(at=photos.photo(photos.ids[0]).uploaded + 60)
        report = await run(info_level=2)
        assert (report.new, report.images, report.infos, report.updated, report.gone) == (1, 2, 9, 0, 0)
        assert run.notices == ""
        after, gained = tree(folder), infos(folder)
        assert {name for name in before if after[name] != before[name]} == {
            name for name in before if name.endswith(".json") and name != name_of(GONE)
        }
        assert gained.keys() == {*photos.ids, GONE}
        for photo_id, info in old.items():
            assert is_part(info["flickr"], gained[photo_id]["flickr"])
        assert run.path(FAILED).exists()
        assert run.path(new).exists()
        report = await run(info_level=2, full_scan=True)
        assert (report.new, report.images, report.updated, report.gone) == (0, 0, 0, 0)


def test_reading_an_older_catalogue_does_not_change_it(folder: Path) -> None:
    """`status` reads the older version, and changes no byte."""
    before = catalogue_of(folder).read_bytes()
    status = status_of(folder.parent, "saigon_archive")
    assert (status.photos, status.images, status.gone, len(status.failures)) == (9, 8, 1, 1)
    assert catalogue_of(folder).read_bytes() == before


def test_an_upgraded_catalogue_equals_a_new_one(folder: Path, tmp_path: Path) -> None:
    """The migrations create exactly the tables of a new catalogue."""
    assert version_of(catalogue_of(folder)) == 1
    for path in (catalogue_of(folder), tmp_path / "new.sqlite"):
        Database(path).close()
        assert version_of(path) == VERSION
    assert tables_of(catalogue_of(folder)) == tables_of(tmp_path / "new.sqlite")


def test_a_failed_upgrade_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is one transaction, which is never applied in part."""
    monkeypatch.setattr(
        "flickr_mirror.catalogue.schema._MIGRATIONS",
        ("", "CREATE TABLE half (id INTEGER); CREATE TABLE half (id INTEGER);"),
    )
    copy = folder.parent / "copy.sqlite"
    shutil.copy(catalogue_of(folder), copy)
    before = tables_of(copy)
    with pytest.raises(Exception, match="half"):
        Database(copy)
    assert (version_of(copy), tables_of(copy)) == (1, before)
