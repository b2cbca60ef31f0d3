"""A link inside a mirror, even one that replaces a folder during a run, is refused and never written through."""

from __future__ import annotations

import shutil
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import CacheError
from flickr_mirror.models.events import ImageCached, InfoCached
from flickr_mirror.models.tombstones import Tombstone
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage import filesystem, group_committer
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.mirror_folder import MirrorFolder
from flickr_mirror.storage.owner import STATE_FOLDER
from flickr_mirror.storage.tombstones import write_tombstones
from tests.support.command import run
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from aiohttp import web

    from flickr_mirror.models.events import Event

quick = pytest.mark.usefixtures("one_language", "one_tls_context")
REFUSED = "is a link, which is not followed"


def replace_by_link(folder: Path, outside: Path) -> None:
    """Replace a folder by a link to a folder with the same subfolders and one file."""
    below = [path.relative_to(folder) for path in folder.rglob("*") if path.is_dir()]
    folder.rename(outside.with_name("moved"))
    for path in [Path(), *below]:
        (outside / path).mkdir(parents=True)
    (outside / "of the user").touch()
    while True:
        try:
            folder.symlink_to(outside)
        except FileExistsError:  # the run has created the folder again meanwhile
            shutil.rmtree(folder)
        else:
            return


def files(folder: Path) -> list[str]:
    """Return the names of the files below a folder."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@quick
@pytest.mark.parametrize("level", range(4))
async def test_a_folder_that_is_a_link_ends_the_run(tmp_path: Path, level: int) -> None:
    """Row 86: a run that finds a link on the path of a photo ends and names it, at any level of folders."""
    async with mirroring(tmp_path / "cache", 2) as mirror:
        link = mirror.path(mirror.stream.ids[1]).parents[level]
        link.parent.mkdir(parents=True)
        (tmp_path / "outside").mkdir()
        link.symlink_to(tmp_path / "outside")
        with pytest.raises(CacheError, match=f"{link} {REFUSED}"):
            await mirror(image_only=True)

    assert files(tmp_path / "outside") == []
    assert list((tmp_path / "outside").iterdir()) == []


@quick
@pytest.mark.parametrize("many", [1, inf], ids=["process", "thread"])
@pytest.mark.parametrize("name", ["photos", "parts", "state"])
async def test_a_folder_that_becomes_a_link_during_a_run(
    tmp_path: Path, name: str, many: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of photos, or of state, is replaced: the run ends, and nothing is written to the target."""
    monkeypatch.setattr(group_committer, "MIN_PROCESS_GROUP", many)
    outside = tmp_path / "outside"
    async with mirroring(tmp_path / "cache", 40, image_dims=(48, 36)) as mirror:
        state = mirror.root / mirror.stream.username / STATE_FOLDER

        def observe(event: Event) -> None:
            if isinstance(event, ImageCached | InfoCached) and not outside.exists():
                folder = {"photos": event.path.parents[1], "parts": state / "parts", "state": state}[name]
                replace_by_link(folder, outside)

        with pytest.raises(CacheError, match=REFUSED):
            await mirror.mirror(observe, cache_directory_depth=2).run()

    assert files(outside) == ["of the user"]


@pytest.mark.parametrize("name", ["f", STATE_FOLDER])
async def test_the_command_ends_with_one_sentence(tmp_path: Path, name: str) -> None:
    """The command ends with exit code 7 and one sentence, and does not change the target of the link."""
    outside = tmp_path / "outside"
    async with SimulatedFlickr(SimulatedPhotostream(60, image_dims=(48, 36), commented=0)) as flickr:
        folder = tmp_path / "cache" / flickr.streams[0].username / name

        async def intercept(request: web.Request) -> None:
            if folder.exists() and list(folder.parent.rglob("*.jpg")) and not outside.exists():
                replace_by_link(folder, outside)
                (outside / "lock.json").touch()

        flickr.intercept = intercept
        # nothing else is written while the only worker waits for an image, so the run cannot notice the exchange itself
        outcome = await run(flickr, tmp_path / "cache", "--image-only", "--image-workers", "1")

    assert outcome.code == 7
    (sentence,) = [line for line in outcome.err.splitlines() if line.startswith("mirror_flickr: ")]
    assert REFUSED in sentence
    assert outcome.err.count(REFUSED) == 1
    assert "Traceback" not in outcome.err
    assert files(outside) == ["lock.json", "of the user"]


class TestWithoutARun:
    """Functions that move and remove files follow no links."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> MirrorFolder:
        """Return a mirror whose folder of photos is a link to a folder with files of two photos."""
        cache = MirrorFolder.of(tmp_path / "cache", FlickrUser("1@N01", "x"), 2)
        cache.prepare(FlickrUser("1@N01", "x"), "x")
        for photo_id in ("1", "2"):
            path = cache.path(photo_id, "jpg")
            outside = tmp_path / "outside" / path.parents[1].name
            (outside / path.parent.name).mkdir(parents=True)
            (outside / path.parent.name / path.name).touch()
            path.parents[1].symlink_to(outside)
        return cache

    def test_files_are_not_moved_from_behind_a_link(self, cache: MirrorFolder, tmp_path: Path) -> None:
        """Neither the trash nor the folder of broken files gets files from outside of the mirror."""
        with pytest.raises(CacheError, match=REFUSED):
            cache.trash("1")
        with pytest.raises(CacheError, match=REFUSED):
            cache.quarantine(cache.path("1", "jpg"))
        assert len(files(tmp_path / "outside")) == 2

    def test_files_are_not_removed_behind_a_link(self, cache: MirrorFolder, tmp_path: Path) -> None:
        """An older file of a photo that was replaced is removed in the mirror only."""
        with pytest.raises(CacheError, match=REFUSED):
            cache.remove(cache.path("1", "jpg"))
        assert len(files(tmp_path / "outside")) == 2

    def test_nothing_is_erased_behind_a_link(self, cache: MirrorFolder, tmp_path: Path) -> None:
        """`forget` erases in the mirror only, and ignores a file of tombstones behind a link."""
        with pytest.raises(CacheError, match=REFUSED):
            filesystem.remove(cache.path("1", "jpg"), cache.folder)
        outside = tmp_path / "state"
        replace_by_link(cache.state, outside)
        with pytest.raises(CacheError, match=REFUSED):
            write_tombstones(cache.state, [Tombstone("1", None, 0)])
        assert len(files(tmp_path / "outside")) == 2
        assert files(outside) == ["of the user"]

    def test_files_behind_a_link_are_not_adopted(self, cache: MirrorFolder) -> None:
        """A file behind a link is not made durable, and therefore not adopted."""
        with pytest.raises(CacheError, match=REFUSED):
            cache.make_durable([cache.path("1", "jpg")])

    def test_the_state_folder_is_checked_after_the_first_answer(
        self, cache: MirrorFolder, tmp_path: Path
    ) -> None:
        """The lock, the owner file and the removal of temporary files do not follow a link created meanwhile."""
        outside = tmp_path / "state"
        replace_by_link(cache.state, outside)
        (outside / "1.part").touch()
        with pytest.raises(CacheError, match=REFUSED), locked(cache.lock, cache.folder):
            pass
        with pytest.raises(CacheError, match=REFUSED):
            cache.prepare(FlickrUser("1@N01", "x"), "x")
        for work in (filesystem.check_writable, filesystem.sweep):
            with pytest.raises(CacheError, match=REFUSED):
                work(cache.parts, cache.folder)
        assert files(outside) == ["1.part", "of the user"]
