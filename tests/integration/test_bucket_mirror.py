"""Whole runs into a bucket: on an S3 server, on one that ignores conditions, and their errors."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from yarl import URL

from flickr_mirror import Limits
from flickr_mirror.engine.check import check_mirror
from flickr_mirror.engine.forget import forget_photos
from flickr_mirror.errors import CacheError, CacheLockedError, CacheOwnerError, StoreUnavailableError
from flickr_mirror.models.events import ImageCached
from flickr_mirror.models.includes import Include
from tests.support.bucket_runs import BucketRun
from tests.support.mirroring import Run, mirroring
from tests.support.object_servers import set_credentials
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from flickr_mirror.storage.bucket import Bucket

pytestmark = pytest.mark.usefixtures("one_language")
COUNT = 12


@pytest.fixture
async def run(
    tmp_path: Path, s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[BucketRun]:
    """Return a mirror in its own bucket."""
    set_credentials(monkeypatch)
    async with mirroring(tmp_path, COUNT) as plain:
        run = BucketRun(plain.flickr, tmp_path)
        run.store = f"s3://archive/{abs(hash(request.node.nodeid))}?region=us-east-1&endpoint={s3_server}"
        yield run


def lose_state(run: BucketRun) -> None:
    """Delete the local folder of a mirror."""
    shutil.rmtree(run.root / run.stream.username)


@pytest.mark.usefixtures("canary")
async def test_a_run_fills_the_bucket_and_the_next_one_downloads_nothing(run: BucketRun) -> None:
    """The bucket has the files that a folder would have, and the folder has only the state."""
    first = await run()
    assert (first.images, first.infos, first.complete) == (COUNT, COUNT, True)
    expected = {
        str(run.path(photo_id, extension).relative_to(run.root / run.stream.username))
        for photo_id in run.stream.ids
        for extension in ("jpg", "json")
    }
    assert run.names() == expected
    assert {path.name for path in (run.root / run.stream.username).iterdir()} == {".flickr_mirror"}

    second = await run()
    assert (second.images, second.bytes, second.skipped) == (0, 0, COUNT)
    assert run.names() == expected


async def test_without_its_local_folder_a_mirror_continues_from_the_snapshot(run: BucketRun) -> None:
    """Nothing is downloaded again, from Flickr or from the bucket, and the whole stream is not listed again."""
    await run()
    lose_state(run)
    report = await run()
    assert "The catalogue was restored from the snapshot" in run.notices
    assert (report.images, report.bytes, report.adopted, report.skipped) == (0, 0, 0, COUNT)


async def test_without_a_snapshot_the_catalogue_is_rebuilt_from_the_bucket(run: BucketRun) -> None:
    """A damaged snapshot is reported, and not used."""
    await run()
    run.bucket.put(".flickr_mirror/catalogue.sqlite.gz", b"not a snapshot")
    lose_state(run)
    report = await run()
    assert "The snapshot of the catalogue cannot be used" in run.notices
    assert f"{COUNT} photos were restored to the catalogue" in run.notices
    assert (report.images, report.bytes) == (0, 0)


async def test_unrecorded_objects_are_adopted(run: BucketRun) -> None:
    """Images without their JSON files are found by a listing of the bucket, and not downloaded from Flickr."""
    await run()
    for key in sorted(run.names()):
        if key.endswith(".json"):
            run.bucket.delete(key)
    run.bucket.delete(".flickr_mirror/catalogue.sqlite.gz")
    lose_state(run)
    report = await run()
    assert (report.adopted, report.bytes, report.infos) == (COUNT, 0, COUNT)


async def test_a_stopped_run_is_continued(run: BucketRun) -> None:
    """Uploaded files stay."""
    run.limits = Limits(attempts=2, image_workers=4, timing=FAST, max_photos=5)
    assert (await run()).images == 5
    run.limits = Run.limits
    assert (await run()).images == COUNT - 5


async def test_the_bucket_of_another_account_is_refused(run: BucketRun) -> None:
    """Two photostreams never share a prefix, and nothing is changed."""
    owner = {"format": 1, "nsid": "1@N01", "username": run.stream.username, "depth": 4}
    run.bucket.put(".flickr_mirror/owner.json", json.dumps(owner).encode())
    with pytest.raises(CacheOwnerError, match="is another mirror, of the account 1@N01"):
        await run()
    assert run.names() == set()


async def test_a_second_run_on_another_machine_is_refused(run: BucketRun) -> None:
    """It has another local folder, so only the lease separates the two; when the first ends, it may run."""
    other = BucketRun(run.flickr, run.root / "other")
    other.store = run.store
    lease = {"id": "of another", "pid": 7, "host": "elsewhere", "since": 1}
    run.bucket.put(".flickr_mirror/lease.json", json.dumps(lease).encode())
    with pytest.raises(CacheLockedError, match="process 7 on elsewhere"):
        await other()
    run.bucket.delete(".flickr_mirror/lease.json")
    assert (await other()).images == COUNT


async def test_a_lease_that_was_not_renewed_is_taken_over(run: BucketRun) -> None:
    """A run that was killed on another machine keeps the mirror until its lease expires."""
    lease = {"id": "of another", "pid": 7, "host": "elsewhere", "since": 1}
    run.bucket.put(".flickr_mirror/lease.json", json.dumps(lease).encode())
    run.limits = replace(run.limits, timing=replace(FAST, lease_expiry=-1))
    assert (await run()).images == COUNT
    assert run.bucket.stat(".flickr_mirror/lease.json") is None


async def test_a_run_ends_when_it_has_lost_its_lease(run: BucketRun) -> None:
    """A suspended machine does not write at the same time as the run that has taken over."""
    run.limits = replace(run.limits, timing=replace(FAST, lease_renewal=0.01))
    lease = json.dumps({"id": "of another"}).encode()

    def take_over(event: object) -> None:
        run.events.append(event)  # type: ignore[arg-type]
        run.bucket.put(".flickr_mirror/lease.json", lease)

    with anyio.fail_after(30), pytest.raises(CacheLockedError, match="Another run has taken over"):
        await run.mirror(take_over).watch(3600)
    assert run.bucket.read(".flickr_mirror/lease.json")[0] == lease  # type: ignore[index]


async def test_check_finds_objects_that_the_bucket_lost(run: BucketRun) -> None:
    """The next run restores them."""
    await run()
    image, sidecar = (run.bucket.stat(key) for key in sorted(run.names())[:2])
    assert image
    assert sidecar
    run.bucket.delete(image.key)
    run.bucket.put(sidecar.key, b"{}")
    report = await check_mirror(run.stream.username, run.root)
    assert {found.reason.split(",")[0] for found in report.broken} == {"It is missing.", "It has 2 bytes"}
    again = await run()
    assert (again.images, again.infos) == (1, 1)


async def test_check_finds_another_version_by_a_listing_and_another_byte_by_reading(run: BucketRun) -> None:
    """The same number of other bytes has another version mark. Reading finds it also if the mark is not known."""
    await run()
    image = next(found for found in run.bucket.objects() if found.key.endswith(".jpg"))
    data, _ = run.bucket.read(image.key)  # type: ignore[misc]
    run.bucket.put(image.key, data[:-100] + b"?" + data[-99:])
    (broken,) = (await check_mirror(run.stream.username, run.root)).broken
    assert (broken.reason, str(broken.path).startswith("s3://archive/")) == (
        "It is another version than was written.",
        True,
    )

    assert (await run()).images == 1
    with sqlite3.connect(run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite") as database:
        database.execute("UPDATE files SET e_tag = ''")
    database.close()
    run.bucket.put(image.key, data[:-100] + b"?" + data[-99:])
    assert not (await check_mirror(run.stream.username, run.root)).broken
    (broken,) = (await check_mirror(run.stream.username, run.root, read=True)).broken
    assert broken.reason == "Its bytes are not those that were written."


async def test_a_mirror_stays_in_its_bucket(run: BucketRun) -> None:
    """Without --store it is used, and another bucket is refused unless it has the files."""
    await run()
    report = await run(store="")
    assert (report.images, report.skipped) == (0, COUNT)
    assert "The photos of this mirror are in s3://archive/" in run.notices
    with pytest.raises(CacheError, match="leave out --store"):
        await run(store=run.store.replace("archive/", "archive/elsewhere/"))


def copy_to_disk(bucket: Bucket, folder: Path) -> None:
    """Copy all objects to a folder, as `rclone copy` does."""
    for found in list(bucket.objects()):
        path = folder / found.key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            bucket.save(found.key, file)


async def test_a_copy_of_the_bucket_on_a_disk_is_a_mirror(run: BucketRun, tmp_path: Path) -> None:
    """Its catalogue is rebuilt from the files, all files are valid, and a run downloads nothing."""
    await run()
    disk = Run(run.flickr, tmp_path / "disk")
    copy_to_disk(run.bucket, disk.root / run.stream.username)
    report = await check_mirror(run.stream.username, disk.root, rebuild=True)
    assert (report.files, report.broken) == (2 * COUNT, [])
    again = await disk()
    assert (again.images, again.bytes, again.skipped) == (0, 0, COUNT)


async def test_a_mirror_on_a_disk_moves_to_a_bucket(run: BucketRun, tmp_path: Path) -> None:
    """Once its files are copied there, a run with `store` uses them, and downloads nothing."""
    disk = Run(run.flickr, tmp_path)
    await disk()
    with pytest.raises(CacheError, match="leave out --store, or copy all files there first"):
        await run()
    folder = tmp_path / run.stream.username
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            run.bucket.put(str(path.relative_to(folder)), path.read_bytes())
    report = await run()
    assert "from now on they are in s3://archive/" in run.notices
    assert (report.images, report.bytes, report.skipped) == (0, 0, COUNT)
    assert not (await check_mirror(run.stream.username, tmp_path)).broken
    run.stream.upload(2)
    assert (await run(store="")).images == 2
    assert len([key for key in run.names() if key.endswith(".jpg")]) == COUNT + 2
    assert len(list(folder.rglob("*.jpg"))) == COUNT


async def test_snapshots_have_no_texts_of_forgotten_photos(
    run: BucketRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot is deleted before the photo is erased, in case no new one can be saved."""
    await run()

    def fail(*_: object) -> None:
        raise CacheError("The store is full.")

    monkeypatch.setattr("flickr_mirror.engine.mirror_store._save", fail)
    await forget_photos(run.stream.username, [run.stream.ids[0]], run.root)
    assert run.bucket.stat(".flickr_mirror/catalogue.sqlite.gz") is None
    assert len(run.names()) == 2 * COUNT - 2


async def test_an_emptied_bucket_is_not_filled_again(run: BucketRun) -> None:
    """The catalogue would name missing files; the same holds for a bucket of the same name on another server."""
    await run()
    for found in list(run.bucket.objects()):
        run.bucket.delete(found.key)
    with pytest.raises(CacheError, match="does not have this mirror"):
        await run()
    assert list(run.bucket.objects()) == []


async def test_lists_of_the_account_are_documents_in_the_bucket(run: BucketRun, tmp_path: Path) -> None:
    """They have the same names as in a folder."""
    include = frozenset({Include.PROFILE, Include.TAGS, Include.ALBUMS})
    await run(include=include)
    disk = Run(run.flickr, tmp_path / "disk")
    await disk(include=include)
    folder = disk.root / run.stream.username
    files = (path for path in folder.rglob("*") if path.is_file() and ".flickr_mirror" not in path.parts)
    assert run.names() == {str(path.relative_to(folder)) for path in files}
    assert any(name.startswith("account/") for name in run.names())


async def test_a_renamed_account_keeps_its_prefix(run: BucketRun) -> None:
    """Without the local folder, the prefix is found by the account."""
    await run()
    lose_state(run)
    before, keys = run.bucket, run.names()
    run.stream.username = "another_name"
    report = await run()
    assert (report.images, report.skipped) == (0, COUNT)
    assert {found.key for found in before.objects() if not found.key.startswith(".")} == keys
    assert run.names() == set()


async def test_a_replaced_image_replaces_its_object(run: BucketRun) -> None:
    """The new bytes have the same name."""
    await run()
    photo_id = run.stream.ids[0]
    key = str(run.path(photo_id).relative_to(run.root / run.stream.username))
    before = run.bucket.stat(key)
    run.stream.replace_image(photo_id)
    await run(full_scan=True)
    after = run.bucket.stat(key)
    assert before
    assert after
    assert before.sha256 != after.sha256
    assert len(run.names()) == 2 * COUNT


async def test_a_watch_saves_snapshots(run: BucketRun) -> None:
    """A long run can be continued elsewhere before it ends."""
    run.limits = replace(run.limits, timing=replace(FAST, snapshot_interval=0.01))
    mirror = run.mirror()

    async def stop_after_a_snapshot() -> None:
        with anyio.fail_after(30):
            while run.bucket.stat(".flickr_mirror/catalogue.sqlite.gz") is None:  # noqa: ASYNC110
                await anyio.sleep(0.02)
        mirror.stop()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop_after_a_snapshot)
        await mirror.watch(3600)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (("archive/", "missing-bucket/"), CacheError, "there is no such bucket"),
        (("127.0.0.1:", "127.0.0.1:1"), StoreUnavailableError, "does not answer"),
    ],
)
async def test_an_unusable_bucket_is_named(
    run: BucketRun,
    change: tuple[str, str],
    kind: type[Exception],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error is one sentence."""
    monkeypatch.setattr("flickr_mirror.storage.store_connection.PROBE_PATIENCE", 0.1)
    if kind is StoreUnavailableError:
        run.store = run.store.partition("&endpoint")[0] + "&endpoint=http://127.0.0.1:1"
    else:
        run.store = run.store.replace(*change)
    with pytest.raises(kind, match=words) as caught:
        await run()
    assert "\n" not in str(caught.value)
    assert not run.events_of(ImageCached)


async def test_a_corrupted_upload_is_refused(run: BucketRun, s3_server: str) -> None:
    """No damaged object is recorded, because the store compares the SHA-256. The next run uploads the file again."""
    flipped = 0

    async def forward(request: web.Request) -> web.Response:
        nonlocal flipped
        body = await request.read()
        if request.method == "PUT" and request.path.endswith(".jpg") and not flipped:
            flipped += 1
            body = body[:100] + bytes([body[100] ^ 1]) + body[101:]
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        url = f"{s3_server}{request.raw_path}"
        async with session.request(
            request.method, URL(url, encoded=True), data=body, headers=headers
        ) as answer:
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name.lower() in ("etag", "content-type", "last-modified")
                or name.lower().startswith("x-amz-")
            }
            if request.method == "HEAD" and "Content-Length" in answer.headers:
                kept["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    direct = run.store
    async with ClientSession() as session, TestServer(_proxy(forward)) as proxy:
        run.store = direct.replace(s3_server, f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(CacheError, match="BadDigest"):
            await run()
    assert flipped == 1
    run.store = direct
    await run()
    report = await check_mirror(run.stream.username, run.root, read=True)
    assert (report.files, report.broken) == (2 * COUNT, [])


def _proxy(forward: Any) -> web.Application:
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", forward)
    return application
