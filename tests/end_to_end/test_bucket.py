"""The command with `--store`: exit codes, messages, kills, and no output of the credentials."""

from __future__ import annotations

import asyncio
import shutil
import signal
import uuid
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage.bucket import Bucket
from tests.support import object_servers
from tests.support.command import Outcome, arguments_for, run, running, start
from tests.support.object_servers import set_credentials

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from aiohttp import web

COUNT = 20


@pytest.fixture
async def flickr() -> AsyncIterator[SimulatedFlickr]:
    """Open a simulated Flickr."""
    async with SimulatedFlickr(SimulatedPhotostream(COUNT)) as flickr:
        yield flickr


@pytest.fixture
def store(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty store."""
    set_credentials(monkeypatch)
    return f"s3://archive/{uuid.uuid4().hex}?region=us-east-1&endpoint={s3_server}"


def objects(store: str, flickr: SimulatedFlickr) -> list[str]:
    """Return the keys of the files of photos."""
    bucket = Bucket.open(parse_store_address(store), 5).below(flickr.streams[0].username)
    return [found.key for found in bucket.objects() if not found.key.startswith(".")]


def waiting(
    started: anyio.Event, proceed: anyio.Event
) -> Callable[[web.Request], Awaitable[web.StreamResponse | None]]:
    """Return an interceptor that delays images until `proceed`."""

    async def wait(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith(".jpg"):
            started.set()
            await proceed.wait()
        return None

    return wait


async def report(tmp_path: Path, command: str, *arguments: str) -> Outcome:
    """Run a command on the mirrors below a folder."""
    process = start([command, *arguments, "--cache-path", str(tmp_path)])
    try:
        return await process.wait()
    finally:
        await process.close()


async def test_a_run_a_check_and_a_list(tmp_path: Path, flickr: SimulatedFlickr, store: str) -> None:
    """Commands that need no local files know the bucket; the others explain what to do."""
    outcome = await run(flickr, tmp_path, "--store", store, "--dry-run")
    assert (outcome.code, "of images to download" in outcome.err) == (0, True), outcome.err
    assert "disk" not in outcome.err
    outcome = await run(flickr, tmp_path, "--store", store)
    assert outcome.code == 0, outcome.err
    assert outcome.summary["images"] == str(COUNT)
    assert len(objects(store, flickr)) == 2 * COUNT
    assert not list(tmp_path.rglob("*.jpg"))

    outcome = await report(tmp_path, "check")
    assert (outcome.code, "broken=0" in outcome.err) == (0, True), outcome.err
    outcome = await report(tmp_path, "check", "--manifest", "--read")
    assert (outcome.code, "Copy the bucket" in outcome.err, "checked " in outcome.err) == (7, True, False)
    outcome = await report(tmp_path, "check", "--read")
    assert (outcome.code, "broken=0" in outcome.err) == (0, True), outcome.err
    outcome = await report(tmp_path, "list", "--limit", "1", "--paths")
    assert outcome.out.startswith("s3://archive/"), outcome.err
    outcome = await report(tmp_path, "status")
    assert "mirrored in s3://archive/" in outcome.out
    outcome = await report(tmp_path, "describe")
    assert (outcome.code, "Copy the bucket to a folder" in outcome.err) == (7, True)


async def test_a_killed_run_does_not_delay_the_next(
    tmp_path: Path, flickr: SimulatedFlickr, store: str
) -> None:
    """The lease of a run that was killed on this machine is taken over at once."""
    served = 0

    async def slow(request: web.Request) -> web.StreamResponse | None:
        nonlocal served
        if request.path.endswith(".jpg"):
            served += 1
            await asyncio.sleep(60 if served > COUNT // 2 else 0)
        return None

    flickr.intercept = slow
    async with running(flickr, tmp_path, "--store", store) as process:
        with anyio.fail_after(60):
            while len(objects(store, flickr)) < COUNT // 2:  # noqa: ASYNC110
                await anyio.sleep(0.05)
        process.signal(signal.SIGKILL)
        await process.wait()
    flickr.intercept = None
    before = [key for key in objects(store, flickr) if key.endswith(".jpg")]

    outcome = await run(flickr, tmp_path, "--store", store)
    assert outcome.code == 0, outcome.err
    assert int(outcome.summary["images"]) <= COUNT - len(before) + 1
    assert len(objects(store, flickr)) == 2 * COUNT


async def test_two_machines_on_one_bucket_exclude_each_other(
    tmp_path: Path, flickr: SimulatedFlickr, store: str
) -> None:
    """The second exits with 11, and the first continues."""
    started, proceed = anyio.Event(), anyio.Event()
    flickr.intercept = waiting(started, proceed)
    async with running(flickr, tmp_path / "one", "--store", store) as first:
        with anyio.fail_after(60):
            await started.wait()
        second = await run(flickr, tmp_path / "two", "--store", store)
        assert second.code == 11, second.err
        assert "Another run works on the mirror in s3://archive/" in second.err
        proceed.set()
        assert (await first.wait()).code == 0
    shutil.rmtree(tmp_path / "one")
    outcome = await run(flickr, tmp_path / "two", "--store", store)
    assert (outcome.code, outcome.summary["images"]) == (0, "0"), outcome.err


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("s3://archive", "s3://no-such-bucket"), 7, "there is no such bucket"),
        (("us-east-1", "eu-west-3"), 7, "in another region"),
        (("endpoint=http://127.0.0.1:", "endpoint=http://127.0.0.1:1#"), 2, "invalid store: use an address"),
        (("region=", "secret="), 2, "invalid parameter 'secret'"),
    ],
)
async def test_an_unusable_store_is_reported(
    tmp_path: Path, flickr: SimulatedFlickr, store: str, change: tuple[str, str], code: int, words: str
) -> None:
    """One sentence, and a distinct exit code."""
    outcome = await run(flickr, tmp_path, "--store", store.replace(*change))
    assert (outcome.code, words in outcome.err) == (code, True), outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.slow
async def test_the_loss_of_the_store_ends_the_run(
    tmp_path: Path, flickr: SimulatedFlickr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends soon, with the code for a temporary failure, and no photo counts as failed."""
    set_credentials(monkeypatch)
    (tmp_path / "server").mkdir()
    with object_servers.ministack(tmp_path / "server") as url:
        store = f"s3://archive/dies?region=us-east-1&endpoint={url}"
        started, proceed = anyio.Event(), anyio.Event()
        flickr.intercept = waiting(started, proceed)
        patience = {"store_patience": 0.2}
        process = await anyio.to_thread.run_sync(
            lambda: start(arguments_for(flickr, tmp_path / "cache", "--store", store), timing=patience)
        )
        with anyio.fail_after(60):
            await started.wait()
    proceed.set()
    outcome = await process.wait()
    await process.close()
    assert outcome.code == 75, outcome.err
    assert "the store does not answer" in outcome.err
    assert "failed" not in outcome.err.replace("failed=0", "")


async def test_a_store_without_conditions_is_allowed_with_a_warning(
    tmp_path: Path, flickr: SimulatedFlickr, simple_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A single writer needs no conditions."""
    set_credentials(monkeypatch)
    store = f"s3://archive/{uuid.uuid4().hex}?region=us-east-1&endpoint={simple_server}"
    first = await run(flickr, tmp_path, "--store", store)
    second = await run(flickr, tmp_path, "--store", store)
    assert (first.code, first.summary["images"]) == (0, str(COUNT)), first.err
    assert "this store ignores conditions of writes" in first.err
    assert (second.code, second.summary["images"]) == (0, "0"), second.err
    assert len(objects(store, flickr)) == 2 * COUNT


async def test_forgotten_photos_leave_the_bucket(tmp_path: Path, flickr: SimulatedFlickr, store: str) -> None:
    """Their objects are erased, and the snapshot for the next machine does not contain them."""
    await run(flickr, tmp_path, "--store", store)
    photo_id = flickr.streams[0].ids[3]
    outcome = await report(tmp_path, "forget", "--username", flickr.streams[0].username, photo_id, "--yes")
    assert outcome.code == 0, outcome.err
    assert len(objects(store, flickr)) == 2 * COUNT - 2
    shutil.rmtree(tmp_path)
    outcome = await run(flickr, tmp_path, "--store", store)
    assert (outcome.code, outcome.summary["images"]) == (0, "0"), outcome.err
    assert len(objects(store, flickr)) == 2 * COUNT - 2
