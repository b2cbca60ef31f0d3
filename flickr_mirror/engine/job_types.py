"""The registry of the kinds of jobs. A new kind is one more entry of `JOB_TYPES`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flickr_mirror.engine.workers.detail_fetcher import DetailFetcher
from flickr_mirror.engine.workers.image_downloader import ImageDownloader
from flickr_mirror.engine.workers.info_fetcher import InfoFetcher
from flickr_mirror.engine.workers.jobs import ImageJob, Job
from flickr_mirror.engine.workers.size_resolver import SizeResolver
from flickr_mirror.models.job_kinds import JobKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.options import Limits, MirrorOptions

BATCH = 100
"""The number of photos that are taken from the work list at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A pool of workers and the query that feeds it. What its workers return goes to the next stage of the job type.

    `query` takes `listed` (whether the listing is complete) and the parameters of a page of the work list. `prepare`
    turns the photos that it returns into jobs for `work`. A limit that is reached cuts stages that call the API
    (`calls_api`) short; downloads are finished, because their bytes would have to be received again.
    """

    query: Callable[..., list[StoredPhoto]]
    prepare: Callable[[list[StoredPhoto]], Awaitable[Sequence[Job]]]
    work: Callable[[Any], Awaitable[Job | None]]
    workers: int
    batch: int = BATCH
    buffer: int = BATCH
    calls_api: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobType:
    """How a run does one kind of job: the options that request it, its concurrency, and its stages in order.

    `asks_server` returns whether the job of a photo needs an answer of a server; such a success proves that the
    connection works. `waits_for` are the kinds whose results can make new jobs of this kind. API calls of jobs
    with `has_priority` go before calls for comments.
    """

    kind: JobKind
    is_wanted: Callable[[MirrorOptions], bool]
    concurrency: Callable[[Limits], int]
    stages: Callable[[JobContext], tuple[Stage, ...]]
    asks_server: Callable[[MirrorOptions, StoredPhoto], bool]
    waits_for: frozenset[JobKind] = frozenset()
    has_priority: bool = False


def open_stages(context: JobContext) -> Mapping[JobType, tuple[Stage, ...]]:
    """Return the stages of each job type that the options request."""
    return {
        job_type: job_type.stages(context) for job_type in JOB_TYPES if job_type.is_wanted(context.options)
    }


def _image_stages(context: JobContext) -> tuple[Stage, ...]:
    catalogue, limits = context.catalogue, context.limits
    resolver = SizeResolver(context)
    downloader = ImageDownloader(context, resolver)

    def photos_to_ask(*, listed: bool, **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        # Listings never include the files of videos. Photos wait until the whole listing shows what it proves.
        return catalogue.work_list.sizes_to_resolve(videos_only=not listed, **page)

    async def as_image_jobs(batch: list[StoredPhoto]) -> list[ImageJob]:
        return [ImageJob(stored, stored.size) for stored in batch if stored.size is not None]

    resolving = Stage(
        query=photos_to_ask,
        prepare=_as_jobs,
        work=resolver.resolve,
        workers=limits.size_workers,
        batch=limits.size_workers,  # small, because each answer can settle other photos
        buffer=2 * limits.size_workers,
        calls_api=True,
    )
    downloading = Stage(
        query=_at_any_time(catalogue.work_list.images_to_fetch),
        prepare=as_image_jobs,
        work=downloader.download,
        workers=context.copies.parallel,
        # each query also reads the rows of the photos that are being downloaded
        batch=max(BATCH, context.copies.parallel // 4),
    )
    return resolving, downloading


def _info_stages(context: JobContext) -> tuple[Stage, ...]:
    fetcher = InfoFetcher(context)
    return (
        Stage(
            query=_at_any_time(context.catalogue.work_list.infos_to_write),
            prepare=fetcher.detect_languages,
            work=fetcher.fetch,
            workers=context.limits.info_workers,
            calls_api=True,
        ),
    )


def _detail_stages(kind: JobKind, context: JobContext) -> tuple[Stage, ...]:
    catalogue, images = context.catalogue, context.options.wants_images

    is_planned = False

    def photos_to_ask(*, listed: bool, **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        nonlocal is_planned
        if not listed:  # the plan needs the whole listing
            return []
        batch = catalogue.details.to_fetch(kind, images=images, **page)
        # once more when all else is done, because images show what a listing does not: which originals are refused
        if not batch and not (is_planned and others_have_work()):
            is_planned = True
            catalogue.details.plan([kind], images=images)
            batch = catalogue.details.to_fetch(kind, images=images, **page)
        return batch

    def others_have_work() -> bool:
        others = [JobKind.IMAGE, JobKind.INFO] if images else [JobKind.INFO]
        return any(catalogue.work_list.has_work(other) for other in others)

    return (
        Stage(
            query=photos_to_ask,
            prepare=_as_jobs,
            work=DetailFetcher(context, kind).fetch,
            workers=context.limits.info_workers,
            calls_api=True,
        ),
    )


async def _as_jobs(batch: list[StoredPhoto]) -> list[Job]:
    return [Job(stored) for stored in batch]


def _detail_type(kind: JobKind, waits_for: frozenset[JobKind]) -> JobType:
    return JobType(
        kind=kind,
        is_wanted=lambda options: kind in options.wanted_details,
        concurrency=lambda limits: limits.info_workers,
        stages=partial(_detail_stages, kind),
        asks_server=lambda options, stored: True,
        waits_for=waits_for,
    )


def _at_any_time(query: Callable[..., list[StoredPhoto]]) -> Callable[..., list[StoredPhoto]]:
    """Return the query for a stage that need not wait for the listing."""
    return lambda *, listed, **page: query(**page)


JOB_TYPES = (
    JobType(
        kind=JobKind.IMAGE,
        is_wanted=lambda options: options.wants_images,
        concurrency=lambda limits: limits.image_workers,
        stages=_image_stages,
        asks_server=lambda options, stored: True,
        has_priority=True,
    ),
    JobType(
        kind=JobKind.INFO,
        is_wanted=lambda options: options.wants_info,
        concurrency=lambda limits: limits.info_workers,
        stages=_info_stages,
        asks_server=lambda options, stored: options.wants_comments and stored.photo.facts.comment_count != 0,
        waits_for=frozenset(
            {JobKind.IMAGE}
        ),  # information is written again if the best size was not as listed
    ),
    _detail_type(JobKind.NOTES, frozenset({JobKind.INFO})),
    _detail_type(JobKind.FAVES, frozenset({JobKind.INFO})),
    _detail_type(JobKind.EXIF, frozenset({JobKind.IMAGE, JobKind.INFO})),
)
"""The kinds of jobs of a run, in the order in which they start."""
