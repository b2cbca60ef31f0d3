"""Whole runs with the workers of a cluster: their results, their calls, and their errors."""

from __future__ import annotations

import asyncio
import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import web

from flickr_mirror import Limits, PhotostreamMirror
from flickr_mirror.engine.check import check_mirror
from flickr_mirror.engine.cluster import dask_client, dask_worker, errand_queue
from flickr_mirror.errors import ClusterError, SettingsError, ThrottledError
from flickr_mirror.models.events import ClusterStatus
from tests.support import canary
from tests.support.bucket_runs import BucketRun
from tests.support.clusters import LocalCluster, local_cluster
from tests.support.mirroring import jpeg, mirroring
from tests.support.object_servers import set_credentials
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from flickr_mirror.models.errands import Errand

pytestmark = pytest.mark.usefixtures("one_language", "one_tls_context")
COUNT = 40
TIMING = replace(FAST, cluster_wait=20, cluster_poll=0.02, worker_patience=0.2)
IMPATIENT = Limits(attempts=2, image_workers=4, timing=replace(TIMING, cluster_wait=1))


class ClusterRun(BucketRun):
    """A mirror in a bucket, downloaded by the workers of `cluster`."""

    limits = Limits(attempts=2, image_workers=4, timing=TIMING)
    cluster = ""

    def mirror(self, observer: Any = None, **options: Any) -> PhotostreamMirror:
        """Return a mirror with these options."""
        return super().mirror(observer, **{"cluster": self.cluster, **options})

    def images(self) -> list[str]:
        """Return the keys of all images."""
        return [name for name in self.names() if name.endswith(".jpg")]


@pytest.fixture
async def run(
    tmp_path: Path, s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[ClusterRun]:
    """Return a mirror in its own bucket."""
    set_credentials(monkeypatch)
    async with mirroring(tmp_path, COUNT) as plain:
        run = ClusterRun(plain.flickr, tmp_path)
        run.store = f"s3://archive/{abs(hash(request.node.nodeid))}?region=us-east-1&endpoint={s3_server}"
        yield run


@pytest.fixture
async def cluster(run: ClusterRun) -> AsyncIterator[LocalCluster]:
    """Return a cluster of two workers, which the run uses."""
    async with local_cluster(2) as cluster:
        run.cluster = cluster.address
        yield cluster


@pytest.mark.usefixtures("canary", "cluster")
async def test_workers_store_the_same_as_a_run_without_them(run: ClusterRun) -> None:
    """The bucket has every image once, `check` reads all of them, and the next run downloads nothing."""
    first = await run()
    assert (first.images, first.infos, first.complete) == (COUNT, COUNT, True)
    assert sorted(run.images()) == sorted(
        str(run.path(photo_id).relative_to(run.root / run.stream.username)) for photo_id in run.stream.ids
    )
    assert first.cluster is not None
    assert (first.cluster.workers, first.cluster.lost, first.cluster.repeated) == (2, 0, 0)
    assert run.events_of(ClusterStatus)[0].workers == 2
    assert "are on one machine, and share its address" in run.notices
    report = await check_mirror(run.stream.username, run.root, read=True)
    assert (report.files, report.broken) == (2 * COUNT, [])

    second = await run()
    assert (second.images, second.bytes, second.skipped) == (0, 0, COUNT)


@pytest.mark.parametrize("workers", [0, 1, 4])
async def test_the_number_of_calls_does_not_depend_on_the_workers(run: ClusterRun, workers: int) -> None:
    """Only the coordinator calls the API."""
    if not workers:
        report = await run(cluster="")
    else:
        async with local_cluster(workers) as cluster:
            report = await run(cluster=cluster.address)
    assert (report.images, report.calls) == (
        COUNT,
        {"flickr.people.findByUsername": 1, "flickr.people.getInfo": 1, "flickr.people.getPhotos": 1},
    )


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("has_login", [True, False], ids=["login", "endpoint"])
async def test_the_secrets_of_a_run_are_not_sent_to_workers(
    run: ClusterRun, monkeypatch: pytest.MonkeyPatch, has_login: bool
) -> None:
    """No errand holds the key, its secret, the token, or the credentials of the store or of the endpoint."""
    errands: list[bytes] = []
    fetch = dask_client.DaskCluster.fetch

    async def recorded(self: Any, errand: Errand, workers: Any) -> Any:
        errands.append(pickle.dumps(errand))
        return await fetch(self, errand, workers)

    monkeypatch.setattr(dask_client.DaskCluster, "fetch", recorded)
    endpoint = run.flickr.api_url
    if has_login:
        run.log_in()
    else:  # an endpoint that has a password itself takes no login
        endpoint = endpoint.replace("://", f"://user:{canary.SECRET}@")
    report = await run(api_url=endpoint)
    assert (report.images, bool(errands)) == (COUNT, True)
    sent = b"".join(errands)
    secrets = [
        canary.KEY,
        canary.SECRET,
        canary.TOKEN,
        canary.TOKEN_SECRET,
        canary.STORE_KEY,
        canary.STORE_SECRET,
    ]
    assert not [secret for secret in secrets if secret.encode() in sent]


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_a_refused_image_is_mirrored_in_a_smaller_size(run: ClusterRun) -> None:
    """After a few refusals that workers report, downloads begin with the smaller size."""

    async def refuse_originals(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=403) if "_o." in request.path else None

    run.flickr.intercept = refuse_originals
    report = await run()
    assert (report.images, report.reduced, report.failures) == (COUNT, COUNT, [])


@pytest.mark.usefixtures("cluster")
async def test_a_gone_photo_fails_alone(run: ClusterRun) -> None:
    """The reason is that of the image server, as without a cluster."""
    gone = run.stream.ids[3]

    async def forget(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=404) if f"/{gone}_" in request.path else None

    run.flickr.intercept = forget
    report = await run()
    assert [failure.photo_id for failure in report.failures] == [gone]
    assert "404" in report.failures[0].reason
    assert report.images == COUNT - 1


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_suspicious_bytes_are_downloaded_twice_and_then_kept(run: ClusterRun) -> None:
    """The second errand has the SHA-256 of the first bytes, and the address that Flickr lists now."""
    odd = run.stream.ids[5]

    async def answer(request: web.Request) -> web.StreamResponse | None:
        if f"/{odd}_" not in request.path:
            return None
        return web.Response(body=jpeg(31, 17), content_type="image/jpeg")

    run.flickr.intercept = answer
    report = await run()
    assert (report.images, report.damaged) == (COUNT, 1)
    assert f"The image of photo {odd} is kept as Flickr serves it" in run.notices
    assert report.calls["flickr.photos.getSizes"] == 1


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_a_replaced_image_is_downloaded_by_the_coordinator(run: ClusterRun) -> None:
    """Its new file is announced in the catalogue first, which workers do not have."""
    await run()
    run.stream.replace_image(run.stream.ids[2])
    report = await run(full_scan=True)
    assert (report.updated, report.images) == (1, 1)
    assert report.cluster is not None
    assert report.cluster.errands == 0


@pytest.mark.slow
async def test_a_run_ends_when_the_scheduler_is_lost(run: ClusterRun, cluster: LocalCluster) -> None:
    """No photo is marked failed, and the next run, with another cluster, continues."""

    async def lose(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith(".jpg") and sum(run.flickr.requests.values()) >= 5:
            await cluster.lose_scheduler()
        return None

    run.flickr.intercept = lose
    with pytest.raises(ClusterError, match="is lost"):
        await run()
    run.flickr.intercept = None
    async with local_cluster(1) as other:
        report = await run(cluster=other.address)
    assert (report.failures, report.complete, len(run.images())) == ([], True, COUNT)
    assert sum(run.flickr.requests.values()) <= 2 * COUNT


async def test_a_cluster_without_workers_is_reported(run: ClusterRun) -> None:
    """The message names the command that starts a worker."""
    run.limits = IMPATIENT
    async with local_cluster(0) as cluster:
        with pytest.raises(ClusterError, match="run `mirror_flickr worker`"):
            await run(cluster=cluster.address)


async def test_the_file_of_a_scheduler_may_be_written_later(run: ClusterRun, tmp_path: Path) -> None:
    """A job of Slurm starts the scheduler and the coordinator at the same time."""
    path = anyio.Path(tmp_path / "scheduler.json")
    async with local_cluster(1) as cluster, anyio.create_task_group() as tasks:
        await path.write_text("{")

        async def write() -> None:
            await anyio.sleep(0.2)
            await path.write_text(json.dumps({"address": cluster.address}))

        tasks.start_soon(write)
        assert (await run(cluster=str(path))).images == COUNT


async def test_a_missing_file_of_a_scheduler_is_reported(run: ClusterRun) -> None:
    """By the coordinator and by a worker."""
    run.limits = IMPATIENT
    message = r"/no/scheduler\.json is not the file of a scheduler: check the path"
    with anyio.fail_after(20), pytest.raises(ClusterError, match=message):
        await run(cluster="/no/scheduler.json")
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with pytest.raises(ClusterError, match=message):
        await dask_worker.run_worker("/no/scheduler.json", 0.2, lambda *_: None, stopped)


async def test_a_silent_scheduler_is_reported(run: ClusterRun) -> None:
    """Nothing was downloaded."""
    run.limits = IMPATIENT
    with pytest.raises(ClusterError, match=r"The scheduler at 127\.0\.0\.1:9 does not answer"):
        await run(cluster="127.0.0.1:9")
    assert not run.images()


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_a_worker_of_another_version_is_refused(
    run: ClusterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has both versions."""
    monkeypatch.setattr(dask_worker, "__version__", "0.0.1")
    with pytest.raises(SettingsError, match=r"it has version 0\.0\.1 of flickr_mirror"):
        await run()


@pytest.mark.usefixtures("cluster")
async def test_a_mirror_in_a_folder_is_refused(run: ClusterRun) -> None:
    """Workers on other machines could not reach it."""
    with pytest.raises(SettingsError, match="add --store"):
        await run(store="")


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_a_store_without_conditions_is_refused(run: ClusterRun, simple_server: str) -> None:
    """It cannot separate two workers that store the same photo."""
    with pytest.raises(SettingsError, match="ignores conditions"):
        await run(store=f"s3://archive/simple?region=us-east-1&endpoint={simple_server}")


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_throttled_workers_pause_and_then_the_run_ends(run: ClusterRun) -> None:
    """If all workers are refused for longer than they wait, Flickr throttles this run."""

    async def refuse(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=429) if request.path.endswith(".jpg") else None

    run.flickr.intercept = refuse
    run.limits = replace(run.limits, max_wait=0.5)
    with pytest.raises(ThrottledError):
        await run()
    run.flickr.intercept = None
    report = await run()
    # a worker that still had an errand when the run ended may have done it since
    assert (report.images + report.adopted, report.failures) == (COUNT, [])


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_a_stopped_run_leaves_the_rest_to_the_next_one(
    run: ClusterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errands in flight are finished; files that wait for one are not failures."""
    monkeypatch.setattr(errand_queue, "SMALLEST", 2)
    monkeypatch.setattr(errand_queue, "LARGEST", 4)
    run.limits = replace(run.limits, max_bytes=1)
    report = await run()
    assert (report.stopped_by, report.failures, report.images < COUNT) == ("max_bytes", [], True)
    run.limits = ClusterRun.limits
    report = await run()
    assert (report.complete, len(run.images())) == (True, COUNT)


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_images_per_second_is_one_limit_for_all_workers(run: ClusterRun) -> None:
    """40 images at 20 per second take two seconds."""
    run.limits = replace(run.limits, images_per_second=20)
    started = anyio.current_time()
    report = await run()
    assert (report.images, anyio.current_time() - started >= COUNT / 20) == (COUNT, True)


@pytest.mark.usefixtures("cluster")
@pytest.mark.slow
async def test_images_per_second_is_one_limit_for_the_workers_and_the_coordinator(run: ClusterRun) -> None:
    """20 new images, which workers download, and 20 replaced ones, which they do not: 20 per second in total."""
    await run()
    for photo_id in run.stream.ids[:20]:
        run.stream.replace_image(photo_id)
    run.stream.upload(20)
    started: list[float] = []

    async def note(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith(".jpg"):
            started.append(anyio.current_time())
        return None

    run.flickr.intercept = note
    run.limits = replace(run.limits, images_per_second=20)
    report = await run(full_scan=True)
    assert (report.images, report.updated, len(started)) == (40, 20, 40)
    assert started[-1] - started[0] >= 39 / 20
