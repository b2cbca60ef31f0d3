"""The feeders: every photo of the work list reaches one worker, and the streams are closed when no more can come."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio import create_memory_object_stream, create_task_group

from flickr_mirror import CachingStrategy, Limits, TransportError
from flickr_mirror.engine.failure_policy import FailurePolicy
from flickr_mirror.engine.feeders import Feeders
from flickr_mirror.engine.job_types import JOB_TYPES, JobType, Stage
from flickr_mirror.engine.workers.jobs import Job
from flickr_mirror.models.job_kinds import JobKind
from tests.unit.engine.fakes import FakeCatalogue, FakeContext, photo

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from flickr_mirror.catalogue.rows import StoredPhoto

IMAGE, INFO, *_ = JOB_TYPES


class FakeRun:
    """Feeders with a fake catalogue, and workers that finish or fail jobs."""

    def __init__(
        self, *, passes: int = 1, wanted: Collection[JobKind] = (*JobKind,), **left: list[int]
    ) -> None:
        self.catalogue = FakeCatalogue({JobKind(kind): numbers for kind, numbers in left.items()})
        self.context = FakeContext(self.catalogue, Limits(passes=passes))
        self.policy = FailurePolicy(self.context.as_context, JOB_TYPES)
        self.frontier: int | None = None
        self.feeders = Feeders(
            self.context.dispatcher, self.policy, wanted, CachingStrategy.LIFO, lambda: self.frontier
        )
        self.feeders.is_listed = True
        self.fails: Callable[[str], bool] = lambda photo_id: False
        self.seen: Counter[tuple[JobKind, str]] = Counter()
        self.first_seen = anyio.Event()
        self.ended: list[JobKind] = []

    async def work(self, job_type: JobType, *, batch: int = 3, delay: float = 0.0) -> None:
        """Feed one stage, and do its jobs until the stream is closed."""
        send, receive = create_memory_object_stream[Job](2)
        stage = Stage(
            query=partial(self.catalogue.query, job_type.kind),
            prepare=as_jobs,
            work=no_work,
            workers=1,
            batch=batch,
        )
        kind = job_type.kind
        with anyio.fail_after(10):
            async with create_task_group() as tasks:
                tasks.start_soon(self.feeders.feed, job_type, stage, send)
                with receive:
                    async for job in receive:
                        await anyio.sleep(delay)
                        self.seen[kind, job.photo_id] += 1
                        self.first_seen.set()
                        if self.fails(job.photo_id):
                            self.policy.record_failure(kind, job.stored, TransportError("No answer."))
                        else:
                            done = partial(self.catalogue.done, kind, job.stored)
                            self.context.dispatcher.finish(kind, job.photo_id, done)
                        await self.context.dispatcher.flush()
        self.ended.append(kind)


async def as_jobs(batch: list[StoredPhoto]) -> list[Job]:
    """Return the jobs of a stage."""
    return [Job(stored) for stored in batch]


async def no_work(_: Job) -> None:
    """A stub for the worker of a stage: `FakeRun.work` does its job."""


async def test_each_photo_is_fed_once() -> None:
    """Two feeders of one kind share the work list."""
    run = FakeRun(image=[*range(20)])
    async with create_task_group() as tasks:
        tasks.start_soon(run.work, IMAGE)
        tasks.start_soon(partial(run.work, IMAGE, batch=1))
    assert run.seen == {(JobKind.IMAGE, str(number)): 1 for number in range(20)}


async def test_a_feeder_waits_for_the_listing() -> None:
    """An empty work list does not end a feeder while photos can still be listed."""
    run = FakeRun()
    run.feeders.is_listed, run.frontier = False, 1_000
    async with create_task_group() as tasks:
        tasks.start_soon(run.work, IMAGE)
        await anyio.wait_all_tasks_blocked()
        run.catalogue.left[JobKind.IMAGE].append(photo(1))
        run.context.dispatcher.wake()
        with anyio.fail_after(10):
            await run.first_seen.wait()
        assert not run.ended
        run.feeders.is_listed, run.frontier = True, None
        run.context.dispatcher.wake()
    assert run.seen == {(JobKind.IMAGE, "1"): 1}
    assert run.ended == [JobKind.IMAGE]


@pytest.mark.parametrize("passes", [1, 2, 3])
async def test_failed_photos_are_fed_again_in_each_pass(passes: int) -> None:
    """Only after all others, so that failing photos do not delay them."""
    run = FakeRun(passes=passes, image=[1, 2, 3, 4])
    order: list[str] = []

    def fails(photo_id: str) -> bool:
        order.append(photo_id)
        return photo_id == "2"

    run.fails = fails
    await run.work(IMAGE)
    assert order == ["1", "2", "3", "4", *["2"] * (passes - 1)]


async def test_information_waits_for_images() -> None:
    """The actual size of an image can put its information on the work list again."""
    run = FakeRun(image=[1, 2, 3])
    async with create_task_group() as tasks:
        tasks.start_soon(partial(run.work, IMAGE, delay=0.01))
        tasks.start_soon(run.work, INFO)
        await run.first_seen.wait()
        run.catalogue.left[JobKind.INFO].append(photo(1))
    assert run.seen[JobKind.INFO, "1"] == 1


async def test_information_does_not_wait_for_images_that_are_not_requested() -> None:
    """The work list has them, but no feeder of this run takes them."""
    run = FakeRun(wanted={JobKind.INFO}, image=[1, 2], info=[1, 2])
    await run.work(INFO)
    assert run.ended == [JobKind.INFO]
    assert {kind for kind, _ in run.seen} == {JobKind.INFO}


@pytest.mark.parametrize("when", ["before", "while waiting"])
async def test_stopped_feeders_close_their_streams(when: str) -> None:
    """Otherwise the workers would not end."""
    run = FakeRun(image=[1] if when == "before" else [])
    run.feeders.is_listed = False
    if when == "before":
        run.feeders.stop()
    async with create_task_group() as tasks:
        tasks.start_soon(run.work, IMAGE)
        await anyio.wait_all_tasks_blocked()
        run.feeders.stop()
    assert run.ended == [JobKind.IMAGE]
    assert not run.seen
