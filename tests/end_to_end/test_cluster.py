"""The command with `--cluster`, a scheduler and workers, each in its own process."""

from __future__ import annotations

import json
import signal
import uuid
from typing import TYPE_CHECKING

import anyio
import pytest
import trustme

from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.storage.bucket import Bucket
from tests.support import canary
from tests.support.clusters import cluster_processes
from tests.support.command import Outcome, arguments_for, start
from tests.support.object_servers import set_credentials

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.support.clusters import ClusterProcesses

COUNT = 120


@pytest.fixture
async def flickr() -> AsyncIterator[SimulatedFlickr]:
    """Open a simulated Flickr."""
    async with SimulatedFlickr(SimulatedPhotostream(COUNT), image_latency=0.05) as flickr:
        yield flickr


@pytest.fixture
def store(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty store."""
    set_credentials(monkeypatch)
    return f"s3://archive/{uuid.uuid4().hex}?region=us-east-1&endpoint={s3_server}"


def images(store: str, flickr: SimulatedFlickr) -> int:
    """Return how many images the store has."""
    bucket = Bucket.open(parse_store_address(store), 5).below(flickr.streams[0].username)
    return sum(found.key.endswith(".jpg") for found in bucket.objects())


async def mirror(
    flickr: SimulatedFlickr,
    cache: Path,
    store: str,
    cluster: ClusterProcesses,
    *arguments: str,
    in_the_middle: Callable[[], object] = lambda: None,
    cluster_wait: float = 60,
) -> Outcome:
    """Run the command with a cluster, and call `in_the_middle` after twenty images were requested."""

    async def interfere() -> None:
        while flickr.requests.total() < 20:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        in_the_middle()

    line = arguments_for(flickr, cache, "--store", store, "--cluster", cluster.address, *arguments)
    process = start(line, cluster.environment, timing={"cluster_wait": cluster_wait})
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(interfere)
            outcome = await process.wait()
            tasks.cancel_scope.cancel()
        return outcome
    finally:
        await process.close()


@pytest.mark.slow
async def test_a_killed_worker_loses_no_photo(tmp_path: Path, flickr: SimulatedFlickr, store: str) -> None:
    """All photos are stored once, by two workers, one of which is killed midway. No output shows a secret."""
    with cluster_processes(tmp_path, 2) as cluster:
        kill = cluster.workers[0].kill
        outcome = await mirror(flickr, tmp_path / "mirror", store, cluster, "--json", in_the_middle=kill)
    assert outcome.code == 0, outcome.err
    assert (outcome.summary["images"], images(store, flickr)) == (str(COUNT), COUNT)
    summary = json.loads(outcome.out.splitlines()[-1])
    assert summary["cluster"]["lost"] == 1
    assert flickr.requests.total() <= COUNT + 3 * 100
    output = "".join(map(cluster.output, range(2))) + outcome.out + outcome.err
    assert not [secret for secret in (canary.KEY, canary.SECRET, canary.STORE_SECRET) if secret in output]


@pytest.mark.slow
async def test_a_stopped_worker_returns_its_photos(
    tmp_path: Path, flickr: SimulatedFlickr, store: str
) -> None:
    """A service manager ends it with SIGTERM. The other worker downloads the rest, and no photo fails."""
    with cluster_processes(tmp_path, 2) as cluster:
        stop = cluster.workers[0].terminate
        outcome = await mirror(flickr, tmp_path / "mirror", store, cluster, in_the_middle=stop)
        assert await anyio.to_thread.run_sync(cluster.workers[0].wait, 30) == 128 + signal.SIGTERM
    assert (outcome.code, images(store, flickr)) == (0, COUNT), outcome.err
    assert (outcome.summary["images"], outcome.summary["failed"]) == (str(COUNT), "0")


@pytest.mark.slow
async def test_a_run_ends_when_all_workers_are_lost(
    tmp_path: Path, flickr: SimulatedFlickr, store: str
) -> None:
    """It waits for new workers for a while, and no photo is marked as failed."""
    with cluster_processes(tmp_path, 2) as cluster:

        def kill() -> None:
            for worker in cluster.workers:
                worker.kill()

        outcome = await mirror(
            flickr, tmp_path / "mirror", store, cluster, in_the_middle=kill, cluster_wait=8
        )
    assert (outcome.code, "has no workers any more" in outcome.err) == (75, True), outcome.err
    assert outcome.summary["failed"] == "0"


@pytest.mark.slow
async def test_the_loss_of_the_scheduler_ends_the_run_and_the_workers(
    tmp_path: Path, flickr: SimulatedFlickr, store: str
) -> None:
    """All of them exit with 75, "no answer", and the next run downloads what is missing."""
    with cluster_processes(tmp_path, 1) as cluster:
        assert cluster.scheduler is not None
        kill = cluster.scheduler.kill
        outcome = await mirror(flickr, tmp_path / "mirror", store, cluster, in_the_middle=kill)
        assert (outcome.code, "The connection to the scheduler" in outcome.err) == (75, True), outcome.err
        assert (outcome.summary["failed"], "Traceback" in outcome.err) == ("0", False)
        assert await anyio.to_thread.run_sync(cluster.workers[0].wait, 60) == 75
        assert "is lost. Start this worker again" in cluster.output(0)
    with cluster_processes(tmp_path, 1) as cluster:
        outcome = await mirror(flickr, tmp_path / "mirror", store, cluster)
    assert (outcome.code, images(store, flickr)) == (0, COUNT), outcome.err
    assert flickr.requests.total() <= COUNT + 200


@pytest.mark.slow
async def test_the_connections_between_machines_can_be_encrypted(
    tmp_path: Path, flickr: SimulatedFlickr, store: str
) -> None:
    """Dask reads the certificate and its key from the environment, as docs/how-to/cluster.md shows."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "node.pem"))
    tls = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(tmp_path / "ca.pem")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        for part in ("CERT", "KEY"):
            tls[f"DASK_DISTRIBUTED__COMM__TLS__{role}__{part}"] = str(tmp_path / "node.pem")
    with cluster_processes(tmp_path, 1, tls) as cluster:
        outcome = await mirror(flickr, tmp_path / "mirror", store, cluster)
        assert (outcome.code, images(store, flickr)) == (0, COUNT), outcome.err
        assert "tls://" in cluster.output(0)
        cluster.environment = {**cluster.environment, **dict.fromkeys(tls, "")}
        elsewhere = store.replace("?", "/other?")
        outcome = await mirror(flickr, tmp_path / "other", elsewhere, cluster)
        assert (outcome.code, "needs TLS: set DASK_" in outcome.err) == (2, True), outcome.err


async def test_a_signal_ends_a_worker(tmp_path: Path) -> None:
    """Its exit code is that of the signal."""
    with cluster_processes(tmp_path, 1) as cluster:
        while "downloads for the scheduler" not in cluster.output(0):  # noqa: ASYNC110
            await anyio.sleep(0.05)
        cluster.workers[0].send_signal(signal.SIGTERM)
        assert await anyio.to_thread.run_sync(cluster.workers[0].wait, 30) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["worker", "nowhere"], "invalid scheduler 'nowhere': use an address such as tcp://10.0.0.1:8786"),
        (["--username", "x", "--cluster", "nowhere"], "invalid scheduler 'nowhere'"),
        (["worker"], "SCHEDULER: a value is missing"),
    ],
)
async def test_a_wrong_address_is_a_usage_error(arguments: list[str], message: str) -> None:
    """The message shows an example."""
    process = start(arguments)
    try:
        outcome = await process.wait()
    finally:
        await process.close()
    assert (outcome.code, message in outcome.err) == (2, True), outcome.err


@pytest.mark.parametrize("scheduler", ["/no/scheduler.json", "tcp://127.0.0.1:9"])
async def test_a_worker_that_waits_for_its_scheduler_is_stopped_by_a_signal(scheduler: str) -> None:
    """It would wait for a minute."""
    process = start(["worker", scheduler])
    try:
        await anyio.sleep(2)  # the imports take a second, and a signal among them ends the process too
        process.signal(signal.SIGTERM)
        outcome = await process.wait(20)
    finally:
        await process.close()
    assert (outcome.code, outcome.err) == (128 + signal.SIGTERM, "")
