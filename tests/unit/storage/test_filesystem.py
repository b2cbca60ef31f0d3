"""Files on the disk are complete and durable, despite errors during writes."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.errors import CacheError, CacheFullError
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.partial_file import BLOCK_SIZE, open_partial_file

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCKS = b"x" * (BLOCK_SIZE * 2 + 7)


def names(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def open_files() -> int:
    """Return how many descriptors this process has open, if the system reports that."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def refuse(monkeypatch: pytest.MonkeyPatch, function: str, number: int) -> None:
    """Make every call of a function of `os` fail."""

    def refused(path: object, *_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, function, refused)


@contextmanager
def mask(value: int) -> Iterator[None]:
    """Set the umask."""
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


async def test_a_committed_file_appears_complete(tmp_path: Path) -> None:
    """A downloaded file has all its bytes under its final name, in a folder created for it."""
    final = tmp_path / "f" / "b" / "photo.jpg"
    async with open_partial_file(tmp_path) as part:
        await part.write(b"first ")
        await part.write(BLOCKS)
        assert not final.exists()
        await part.commit(final)

    assert final.read_bytes() == b"first " + BLOCKS
    assert part.size == len(BLOCKS) + 6
    assert names(tmp_path) == ["f"]


async def test_an_uncommitted_file_is_deleted(tmp_path: Path) -> None:
    """An abandoned download leaves no file."""
    async with open_partial_file(tmp_path) as part:
        await part.write(BLOCKS)
        assert names(tmp_path) == [part.path.name]
        assert part.path.suffix == filesystem.PART_SUFFIX

    assert names(tmp_path) == []


async def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    """An error during a download leaves no file, and is raised."""
    with pytest.raises(ZeroDivisionError):
        async with open_partial_file(tmp_path) as part:
            await part.write(BLOCKS)
            raise ZeroDivisionError

    assert names(tmp_path) == []


async def test_a_cancelled_write_leaves_no_file(tmp_path: Path) -> None:
    """Ctrl-C during a download leaves no file and no open descriptor."""
    before = open_files()
    for _ in range(5):
        with anyio.CancelScope() as scope:
            async with open_partial_file(tmp_path) as part:
                await part.write(BLOCKS)
                scope.cancel()
                await part.write(BLOCKS)
        assert scope.cancelled_caught

    assert names(tmp_path) == []
    assert open_files() <= before


async def test_a_cancelled_opening_leaves_no_file(tmp_path: Path) -> None:
    """Ctrl-C at the beginning of a download leaves no file."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with open_partial_file(tmp_path):
            await anyio.lowlevel.checkpoint()

    assert names(tmp_path) == []


async def test_a_restarted_file_discards_its_bytes(tmp_path: Path) -> None:
    """A download that restarts discards the bytes of the first attempt."""
    async with open_partial_file(tmp_path) as part:
        await part.write(BLOCKS)
        await part.write(b"left over")
        await part.restart()
        await part.write(b"new")
        await part.commit(tmp_path / "photo.jpg")

    assert (tmp_path / "photo.jpg").read_bytes() == b"new"
    assert part.size == 3


async def test_a_commit_replaces_the_older_file_atomically(tmp_path: Path) -> None:
    """A reader that has the older file open still reads all of it; the name is that of the new one."""
    final = tmp_path / "photo.jpg"
    final.write_bytes(b"the older, longer file")
    with final.open("rb") as reader:
        async with open_partial_file(tmp_path) as part:
            await part.write(b"new")
            await part.commit(final)
        assert reader.read() == b"the older, longer file"

    assert final.read_bytes() == b"new"


async def test_bytes_are_durable_before_they_have_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss of power leaves no empty file under a final name: fsync comes before the rename."""
    final, steps = tmp_path / "photo.jpg", []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        steps.append((kind, final.exists(), os.fstat(descriptor).st_size if kind == "file" else None))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    async with open_partial_file(tmp_path) as part:
        await part.write(b"new")
        await part.commit(final)

    assert steps == [("file", False, 3), ("folder", True, None)]


async def test_a_full_disk_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is reported in a sentence that states what to do, and no existing file is lost."""
    final = tmp_path / "photo.jpg"
    final.write_bytes(b"older")
    sentence = r"photo\.jpg: No space .* Make room and run the same command"
    with pytest.raises(CacheFullError, match=sentence):
        async with open_partial_file(tmp_path) as part:
            await part.write(b"new")
            refuse(monkeypatch, "fsync", errno.ENOSPC)
            await part.commit(final)

    assert names(tmp_path) == ["photo.jpg"]
    assert final.read_bytes() == b"older"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, CacheFullError),
        (errno.EDQUOT, CacheFullError),
        (errno.EMLINK, CacheFullError),
        (errno.EACCES, CacheError),
        (errno.EROFS, CacheError),
        (errno.EIO, CacheError),
    ],
)
def test_each_disk_error_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[CacheError]
) -> None:
    """For any disk error, the message has the path, the reason and advice."""
    path = tmp_path / "keys"
    path.write_bytes(b"older")
    filesystem.make_folder(tmp_path)
    refuse(monkeypatch, "fsync", number)
    with pytest.raises(CacheError) as caught:
        filesystem.write_file(path, b"new")

    assert caught.type is kind
    assert str(path) in str(caught.value)
    assert os.strerror(number) in str(caught.value)
    assert str(caught.value).endswith(".")
    assert path.read_bytes() == b"older"
    assert names(tmp_path) == ["keys"]


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unwritable cache path is named, with advice."""
    refuse(monkeypatch, "mkdir", errno.EACCES)
    with pytest.raises(CacheError, match=r"Permission denied\. Check that the folder exists and that you"):
        filesystem.check_writable(tmp_path / "mirror")


def test_a_file_in_place_of_a_folder_is_reported(tmp_path: Path) -> None:
    """A cache path below a file is reported without a traceback."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CacheError, match="Not a directory"):
            filesystem.make_folder(folder)


def test_a_folder_is_created_with_its_parents_once(tmp_path: Path) -> None:
    """The folders of a mirror are created if needed; existing ones are not an error."""
    for _ in range(2):
        filesystem.make_folder(tmp_path / "a" / "b" / "c")

    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_private_file_is_private_from_its_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other users can never read saved keys, not even through an existing file."""
    path, opened = tmp_path / "flickr_keys", []
    path.write_bytes(b"older")
    path.chmod(0o644)
    real = os.open

    def record(name: str | Path, flags: int, mode: int = 0o777, **more: int) -> int:
        descriptor = real(name, flags, mode, **more)
        if flags & os.O_CREAT:
            status = os.fstat(descriptor)
            opened.append((stat.S_IMODE(status.st_mode), status.st_size, bool(flags & os.O_EXCL)))
        return descriptor

    monkeypatch.setattr(os, "open", record)
    with mask(0):
        filesystem.write_file(path, b"secret", private=True)

    assert opened == [(0o600, 0, True)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"secret"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
async def test_files_follow_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    """Images and information obey the user's umask."""
    tmp_path.chmod(0o755)
    with mask(umask):
        filesystem.write_file(tmp_path / "info.json", b"{}")
        async with open_partial_file(tmp_path) as part:
            await part.commit(tmp_path / "photo.jpg")

    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {mode}


async def test_files_and_folders_in_a_private_folder_are_private(tmp_path: Path) -> None:
    """Files and folders created in a private folder are private, too."""
    tmp_path.chmod(0o700)
    with mask(0o022):
        filesystem.write_file(tmp_path / "a" / "b" / "info.json", b"{}", base=tmp_path)
        async with open_partial_file(tmp_path / "a") as part:
            await part.commit(tmp_path / "a" / "c" / "photo.jpg")

    made = list(tmp_path.rglob("*"))
    assert len(made) == 5
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in made} == {0}


def test_the_temporary_file_can_be_in_another_folder(tmp_path: Path) -> None:
    """A file can be created in the folder of partial files, so that it is not visible in the mirror."""
    parts = tmp_path / "parts"
    parts.mkdir()
    filesystem.write_file(tmp_path / "a" / "info.json", b"{}", folder=parts)

    assert names(tmp_path / "a") == ["info.json"]
    assert names(parts) == []


def test_moving_a_missing_file_does_nothing(tmp_path: Path) -> None:
    """A broken file is moved once, even if two workers try."""
    (tmp_path / "photo.jpg").write_bytes(b"broken")
    for _ in range(2):
        filesystem.move(tmp_path / "photo.jpg", tmp_path / "broken" / "photo.jpg")

    assert names(tmp_path) == ["broken"]
    assert (tmp_path / "broken" / "photo.jpg").read_bytes() == b"broken"


def test_sweep_removes_unfinished_files_only(tmp_path: Path) -> None:
    """Partial files of a killed run are removed, and no others."""
    for name in ("12-0.part", ".12-1.part", "photo.jpg", "part", "x.part.jpg", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.part").mkdir()
    (tmp_path / "12-2.part").symlink_to(tmp_path / "photo.jpg")

    assert filesystem.sweep(tmp_path) == 3
    assert names(tmp_path) == ["folder.part", "notes.txt", "part", "photo.jpg", "x.part.jpg"]


def test_an_unreadable_folder_of_partial_files_is_reported(tmp_path: Path) -> None:
    """A folder of partial files that cannot be listed is reported like other disk errors."""
    with pytest.raises(CacheError):
        filesystem.sweep(tmp_path / "missing")
