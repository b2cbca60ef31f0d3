"""After a loss of power at any moment, the catalogue claims only durable files, and the next run completes the mirror.

The disk of these tests loses unsynced data, or any part of them (see `faulty_disk`). Set
FLICKR_MIRROR_POWER_LOSSES to the number of losses to try with a run after each.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from random import Random
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from flickr_mirror.errors import CacheError
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.group_committer import GroupCommitter
from flickr_mirror.storage.owner import STATE_FOLDER
from flickr_mirror.storage.partial_file import open_partial_file
from tests.support.command import parts, tree
from tests.support.faulty_disk import (
    ALL_LEFT,
    BYTES_LEFT,
    NAMES_LEFT,
    NOTHING_LEFT,
    Call,
    Choice,
    Fault,
    FaultyDisk,
    PowerLoss,
    claims,
)
from tests.support.mirroring import Run, mirroring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")

LOSSES = int(os.environ.get("FLICKR_MIRROR_POWER_LOSSES", "160"))
EXTREMES = (NOTHING_LEFT, NAMES_LEFT, BYTES_LEFT, ALL_LEFT)
SMALL = {"image_dims": (48, 36), "commented": 0.5}
OPTIONS: dict[str, Any] = {"info_level": 2, "cache_directory_depth": 2}


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> FaultyDisk:
    """Return a disk that records calls and loses unsynced data."""
    return FaultyDisk(monkeypatch)


def cuts(calls: list[Call], before: PowerLoss) -> Iterator[tuple[int, PowerLoss]]:
    """Apply one call after the other, and yield the possible states of the disk after each."""
    yield 0, before
    for number, call in enumerate(calls, 1):
        before.feed(call)
        yield number, before


def choices(seed: int, count: int) -> list[Choice]:
    """Return the four extremes, and some random choices."""
    return [*EXTREMES, *(Choice(f"seed {n}", dice=Random(n)) for n in range(seed, seed + count))]


def finals(left: dict[Path, bytes | None]) -> dict[Path, bytes]:
    """Return the files under final names."""
    return {
        path: content
        for path, content in left.items()
        if content is not None and STATE_FOLDER not in path.parts and path.suffix != filesystem.PART_SUFFIX
    }


def false_claims(run: Run, catalogue: bytes, left: dict[Path, bytes | None]) -> list[str]:
    """Return the claims of a catalogue that do not hold on the disk."""
    found = []
    for photo_id, extension, sha256 in claims(catalogue):
        content = left.get(place(run, photo_id, extension))
        is_whole = content is not None and (
            hashlib.sha256(content).digest() == sha256 if sha256 else content.rstrip(b"\0").endswith(b"}\n")
        )
        if not is_whole:
            found.append(f"{photo_id}.{extension}")
    return found


def place(run: Run, photo_id: str, extension: str) -> Path:
    """Return the path of a file, two folders deep."""
    path = run.path(photo_id, extension)
    return path.parents[2] / path.name


def put(left: dict[Path, bytes | None], root: Path, target: Path) -> None:
    """Write the remains of a disk to a folder."""
    for path, content in sorted(left.items()):
        new = target / path.relative_to(root)
        if content is None:
            new.mkdir(parents=True, exist_ok=True)
        else:
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(content)


async def test_files_in_the_catalogue_are_always_durable(ram: Path, faulty: FaultyDisk) -> None:
    """Row 58: power loss: every file under its final name is complete, and every row's file exists."""
    root = ram / "disk"
    root.mkdir()
    async with mirroring(root / "cache", 6, **SMALL) as run:
        await run(**OPTIONS)
        whole = {path: path.read_bytes() for path in (root / "cache").rglob("*") if path.is_file()}
        seen = 0
        for number, loss in cuts(faulty.calls, PowerLoss(root)):
            for choice in choices(number * 10, 6):
                left = loss.left(choice)
                cut = f"after call {number}, {choice}"
                assert not {p for p, content in finals(left).items() if whole[p] != content}, cut
                if loss.commits:
                    assert not false_claims(run, loss.commits[-1], left), cut
                    seen += len(claims(loss.commits[-1]))
    assert seen > 500


@pytest.mark.slow
@pytest.mark.parametrize("half", range(2))
async def test_a_run_after_a_loss_of_power_completes_the_mirror(
    ram: Path, faulty: FaultyDisk, half: int
) -> None:
    """Row 58: power loss: from any remains, the next run succeeds, with the files of an undisturbed mirror."""
    root = ram / "disk"
    root.mkdir()
    async with mirroring(root / "cache", 4, **SMALL) as run:
        await run(**OPTIONS)
        undisturbed = tree(root / "cache")
        calls = list(faulty.calls)
        for seed in range(half, LOSSES, 2):
            dice = Random(seed)
            loss = PowerLoss(root)
            for call in calls[: dice.randrange(len(calls) + 1)]:
                loss.feed(call)
            choice = EXTREMES[seed] if seed < len(EXTREMES) else Choice(f"seed {seed}", dice=dice)
            target = ram / str(seed)
            target.mkdir()
            put(loss.left(choice), root, target)
            # SQLite may lose its latest commits, but none before them.
            commits = loss.commits[-2:] if seed % 4 else loss.commits
            state = target / "cache" / run.stream.username / STATE_FOLDER
            if commits and state.is_dir():
                (state / "catalogue.sqlite").write_bytes(dice.choice(commits))
            run.root = target / "cache"
            faulty.reset()
            report = await run(**OPTIONS)

            assert report.complete, seed
            assert not report.failures, seed
            assert tree(run.root) == undisturbed, seed
            assert not parts(target), seed
            shutil.rmtree(target)


@pytest.mark.parametrize("way", ["adopted", "rebuilt"])
async def test_adopted_files_are_durable_before_they_are_recorded(
    ram: Path, faulty: FaultyDisk, way: str
) -> None:
    """Row 58: power loss: a run that adopts unsynced files syncs them, and their folders, first."""
    root = ram / "disk"
    async with mirroring(root / "cache", 6, **SMALL) as run:
        await run(**OPTIONS)
        state = root / "cache" / run.stream.username / STATE_FOLDER
        if way == "adopted":
            shutil.rmtree(state)
        for path in state.glob("catalogue.sqlite*"):
            path.unlink()
        loss = PowerLoss(root)
        loss.assume(root)
        faulty.reset()
        report = await run(**OPTIONS)

        assert (report.images, report.adopted) == (0, 6 if way == "adopted" else 0)
        for number, loss_now in cuts(faulty.calls, loss):
            if loss_now.commits:
                for choice in choices(number * 10, 2):
                    assert not false_claims(run, loss_now.commits[-1], loss_now.left(choice)), (
                        number,
                        choice,
                    )
        assert len(claims(loss.commits[-1])) == 12


async def test_a_file_in_an_unsynced_folder_is_made_durable(ram: Path, faulty: FaultyDisk) -> None:
    """Row 58: power loss: folders that a killed run, or another worker, made a moment ago are synced before use."""
    root = ram / "disk"
    folder = root / "mirror" / "a" / "b"
    (root / "mirror" / "parts").mkdir(parents=True)
    folder.mkdir(parents=True)
    loss = PowerLoss(root)
    loss.assume(root)
    filesystem.make_folder(root / "mirror" / "parts")
    filesystem.write_file(folder / "info.json", b"{}", folder=root / "mirror" / "parts")
    async with open_partial_file(root / "mirror" / "parts") as part:
        await part.write(b"image")
        await part.commit(folder / "photo.jpg")
    for call in faulty.calls:
        loss.feed(call)

    for choice in choices(0, 50):
        assert finals(loss.left(choice)) == {folder / "info.json": b"{}", folder / "photo.jpg": b"image"}


async def test_each_file_of_a_group_is_durable_by_itself(ram: Path, faulty: FaultyDisk) -> None:
    """Row 58: power loss: a file that was awaited is durable, even if others of its group are lost."""
    root = ram / "disk"
    temporary = root / "mirror" / "parts"
    loss = PowerLoss(root)
    loss.assume(root)
    filesystem.make_folder(temporary)
    keeper = GroupCommitter()
    kept: dict[Path, tuple[int, bytes]] = {}
    refused = []

    async def keep(number: int) -> None:
        final, data = root / "mirror" / str(number % 3) / f"{number}.jpg", b"image %d" % number
        async with open_partial_file(temporary, keeper) as part:
            await part.write(data)
            try:
                assert await part.commit(final) == hashlib.sha256(data).digest()
            except CacheError:
                refused.append(number)
            else:
                kept[final] = len(faulty.calls), data

    faulty.fault = Fault(faulty.counted + 7, errno.EIO, kind="fsync")
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(keep, number)

    assert len(refused) == 1
    assert not (root / "mirror" / str(refused[0] % 3) / f"{refused[0]}.jpg").exists()
    assert len(kept) == 19
    syncs = faulty.kinds.count("sync folder")
    assert syncs < 20, "each folder is synced once for a group"
    for cut in range(len(faulty.calls) + 1):
        if cut:
            loss.feed(faulty.calls[cut - 1])
        safe = {final: data for final, (at, data) in kept.items() if at <= cut}
        for choice in choices(cut, 3):
            assert safe.items() <= finals(loss.left(choice)).items()


def test_moves_and_deletions_are_durable(ram: Path, faulty: FaultyDisk) -> None:
    """Row 58: power loss: a file in the trash stays there, and a deleted one does not reappear."""
    root = ram / "disk"
    for name in ("moved", "removed"):
        path = root / "mirror" / f"{name} from" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    loss = PowerLoss(root)
    loss.assume(root, synced=True)
    target = root / "mirror" / "trash" / "a" / "moved"
    filesystem.move(root / "mirror" / "moved from" / "moved", target)
    filesystem.remove(root / "mirror" / "removed from" / "removed")
    for _, loss_now in cuts(faulty.calls, loss):
        kept = [path for path, content in loss_now.left(BYTES_LEFT).items() if content == b"moved"]
        assert kept, "it is in at least one place"

    for choice in choices(0, 50):
        assert finals(loss.left(choice)) == {target: b"moved"}


async def test_a_replaced_image_is_always_the_old_or_the_new_one(ram: Path, faulty: FaultyDisk) -> None:
    """Row 58: power loss: the older image stays until the new one is durable, also with another extension."""
    root = ram / "disk"
    async with mirroring(root / "cache", 6, **SMALL) as run:
        await run(**OPTIONS)
        loss = PowerLoss(root)
        loss.assume(root, synced=True)
        old = {photo_id: place(run, photo_id, "jpg").read_bytes() for photo_id in run.stream.ids}
        for photo_id in run.stream.ids[:3]:
            run.stream.replace_image(photo_id)
        faulty.reset()
        await run(full_scan=True, **OPTIONS)
        new = {photo_id: place(run, photo_id, "jpg").read_bytes() for photo_id in run.stream.ids}

        assert sum(old[photo_id] != new[photo_id] for photo_id in old) == 3
        for number, loss_now in cuts(faulty.calls, loss):
            for choice in choices(number * 10, 4):
                left = loss_now.left(choice)
                for photo_id in old:
                    image = left[place(run, photo_id, "jpg")]
                    assert image in (old[photo_id], new[photo_id]), (number, choice)
        assert not false_claims(run, loss.commits[-1], loss.left(NOTHING_LEFT))


def test_the_model_loses_unsynced_data(tmp_path: Path) -> None:
    """Checks the disk of these tests: each omitted sync loses data."""
    part, final = tmp_path / "part", tmp_path / "a" / "photo"
    steps = [
        Call("mkdir", tmp_path / "a"),
        Call("sync folder", tmp_path),
        Call("create", part, 1),
        Call("write", part, 1, data=b"image"),
        Call("fsync", part, 1),
        Call("replace", part, target=final),
        Call("sync folder", tmp_path / "a"),
    ]
    for left_out in (None, *(step for step in steps if "sync" in step.kind)):
        loss = PowerLoss(tmp_path)
        for step in steps:
            if step is not left_out:
                loss.feed(step)
        outcomes = {loss.left(choice).get(final) for choice in choices(0, 20)}
        assert (outcomes == {b"image"}) == (left_out is None), left_out
