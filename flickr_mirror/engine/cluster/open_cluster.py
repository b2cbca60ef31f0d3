"""Opens the cluster of a run."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flickr_mirror.engine.cluster.errand_queue import ErrandQueue, open_queue
from flickr_mirror.errors import SettingsError
from flickr_mirror.models.errands import WorkerSettings
from flickr_mirror.models.reports import ClusterFigures
from flickr_mirror.storage.object_store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.options import Limits, MirrorOptions
    from flickr_mirror.models.reports import MirrorReport
    from flickr_mirror.storage.mirror_folder import MirrorFolder


@asynccontextmanager
async def open_cluster(
    mirror: MirrorFolder, options: MirrorOptions, limits: Limits, report: MirrorReport, emit: Observer
) -> AsyncIterator[ErrandQueue]:
    """Yield the queue of errands for the cluster of a run. Sends nothing.

    `mirror` is connected with its bucket. Raises `SettingsError` if it has none, if the bucket cannot keep several
    writers apart, or if Dask is not installed.
    """
    settings = _settings(mirror, options, limits)
    try:
        from flickr_mirror.engine.cluster.dask_client import DaskCluster
    except ImportError as error:
        raise SettingsError(
            "Clusters need the library Dask: install it with `pip install 'flickr-mirror[s3,cluster]'`."
        ) from error
    report.cluster = ClusterFigures()
    cluster = DaskCluster(options.cluster, settings, limits.timing.cluster_wait)
    queue = ErrandQueue(cluster, settings, limits, emit, report.cluster)
    async with open_queue(queue, cluster.close):
        yield queue


def _settings(mirror: MirrorFolder, options: MirrorOptions, limits: Limits) -> WorkerSettings:
    store = mirror.files
    if not isinstance(store, ObjectStore):
        raise SettingsError(
            "A cluster needs a mirror in a bucket, which all of its workers can reach: add --store, or leave out "
            "--cluster."
        )
    if not store.bucket.has_conditions:
        raise SettingsError(
            f"{store.bucket.place}: this store ignores conditions of writes, so it cannot keep the workers of a "
            "cluster apart. Leave out --cluster, or use another store."
        )
    return WorkerSettings(
        store=mirror.address,
        depth=store.depth,
        has_md5=store.bucket.has_md5,
        api_url=_server_of(options.api_url),
        image_workers=limits.image_workers,
        min_image_workers=limits.min_image_workers,
        timeout=limits.timeout,
        attempts=limits.attempts,
        max_wait=limits.max_wait,
        timing=limits.timing,
    )


def _server_of(url: str) -> str:
    """Return the scheme, the host and the port of an address, without a password that it may have."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
