"""The folder of a mirror passes the contract of stores."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.mirror_folder import MirrorFolder
from tests.support.faulty_disk import FaultyDisk
from tests.unit.storage.store_contract import StoreContract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flickr_mirror.storage.store import Store

USER = FlickrUser("13476480@N07", "manhhai")
STEPS = {
    "write": "write",
    "fsync": "sync bytes",
    "replace": "name",
    "unlink": "remove",
    "sync folder": "sync names",
}


@pytest.fixture(params=[0, 4], ids=["flat", "deep"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> MirrorFolder:
    """Return the folder of a new mirror."""
    folder = MirrorFolder.of(tmp_path / "cache", USER, request.param)
    folder.prepare(USER, USER.username)
    return folder


class TestMirrorFolder(StoreContract):
    """The folder of a mirror, with commits in threads."""

    @pytest.fixture
    def store(self, folder: MirrorFolder) -> Store:
        """Return an empty folder."""
        return folder

    @pytest.fixture
    def reopen(self, folder: MirrorFolder) -> Callable[[], Store]:
        """Return a function that finds the folder again by its user."""
        return lambda: MirrorFolder.of(folder.folder.parent, USER, None)

    @pytest.fixture
    def steps(self, folder: MirrorFolder, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
        """Return a function that returns the operations on the disk."""
        del folder  # made before the disk is observed
        disk = FaultyDisk(monkeypatch)

        def taken() -> list[str]:
            kinds = [STEPS[kind] for kind in disk.kinds if kind in STEPS]
            disk.calls.clear()
            return [kind for kind, _ in groupby(kinds)]

        return taken


class TestMirrorFolderWithProcesses(TestMirrorFolder):
    """The folder of a mirror as a run uses it, with processes for groups of small files."""

    @pytest.fixture(autouse=True)
    def processes(self, folder: MirrorFolder, writer_processes: None) -> Iterator[None]:
        """Commit groups in processes."""
        with folder.committer.processes():
            yield
