"""The failure policy: which failures are retried, and how many in a row end a run."""

from __future__ import annotations

import pytest

from flickr_mirror import FlickrApiError, Limits, MirrorOptions
from flickr_mirror.engine.failure_policy import MISSES_IN_A_ROW, MISSES_PER_WORKER, FailurePolicy
from flickr_mirror.engine.job_types import JOB_TYPES
from flickr_mirror.errors import (
    BadImageError,
    ImageGoneError,
    NoSizeError,
    PhotoNotFoundError,
    TransportError,
)
from flickr_mirror.models.events import PhotoFailed
from flickr_mirror.models.job_kinds import JobKind
from tests.unit.engine.fakes import FakeCatalogue, FakeContext, photo

IMAGE, INFO, *_ = JOB_TYPES
LOST = TransportError("No answer.")


def policy_of(
    *, passes: int = 2, workers: int = 2, options: MirrorOptions | None = None
) -> tuple[FailurePolicy, FakeContext]:
    """Return a policy, and its context."""
    limits = Limits(passes=passes, image_workers=workers, min_image_workers=1, info_workers=workers)
    context = FakeContext(FakeCatalogue(), limits, options)
    return FailurePolicy(context.as_context, JOB_TYPES), context


async def outcomes(context: FakeContext) -> list[str]:
    """Return the names of the catalogue's methods that were called."""
    await context.dispatcher.flush()
    return [name for name, *_ in context.catalogue.recorded]


@pytest.mark.parametrize(
    ("error", "first_pass", "last_pass"),
    [
        (TransportError("No answer."), "mark_failed", "mark_failed"),
        (BadImageError("Half a file."), "mark_failed", "mark_failed"),
        (FlickrApiError("Sorry", 105), "mark_failed", "mark_failed"),
        (ImageGoneError("Forbidden", 403), "mark_failed", "mark_refused"),
        (ImageGoneError("Gone", 410), "mark_unavailable", "mark_unavailable"),
        (NoSizeError("No size."), "mark_unavailable", "mark_unavailable"),
        (PhotoNotFoundError("Photo not found", 1), "mark_unavailable", "mark_unavailable"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else "",
)
@pytest.mark.parametrize("passes", [1, 2])
async def test_the_error_and_the_passes_left_decide_the_outcome(
    error: Exception, first_pass: str, last_pass: str, passes: int
) -> None:
    """An event announces another try if and only if there is one."""
    policy, context = policy_of(passes=passes)
    policy.record_failure(JobKind.IMAGE, photo(7), error)
    expected = last_pass if passes == 1 else first_pass
    assert await outcomes(context) == [expected]
    (event,) = context.events
    assert isinstance(event, PhotoFailed)
    assert (event.photo_id, event.job) == ("7", "image")
    assert event.again == (passes == 2 and expected == "mark_failed")


async def test_an_unknown_code_of_flickr_is_in_the_reason() -> None:
    """Known codes have their own texts."""
    policy, context = policy_of()
    policy.record_failure(JobKind.INFO, photo(1), FlickrApiError("Service unavailable", 105))
    policy.record_failure(JobKind.INFO, photo(2), PhotoNotFoundError("Photo not found", 1))
    await context.dispatcher.flush()
    assert [reason for *_, reason in context.catalogue.recorded] == [
        "Service unavailable (Flickr's code 105)",
        "Photo not found",
    ]


@pytest.mark.parametrize("workers", [1, 10])
@pytest.mark.parametrize(
    "error", [LOST, BadImageError("Half a file."), ImageGoneError("Forbidden", 403)], ids=repr
)
def test_misses_in_a_row_end_the_run(workers: int, error: Exception) -> None:
    """Many workers fail at once, so more misses are needed then."""
    policy, _ = policy_of(workers=workers)
    most = max(MISSES_IN_A_ROW, MISSES_PER_WORKER * workers)
    for number in range(most - 1):
        policy.record_failure(JobKind.IMAGE, photo(number), error)
    with pytest.raises(TransportError, match=f"{most} photos in a row got no usable answer"):
        policy.record_failure(JobKind.IMAGE, photo(most), error)


def test_misses_are_counted_for_each_kind() -> None:
    """Images and comments come from different servers."""
    policy, _ = policy_of()
    for number in range(MISSES_IN_A_ROW - 1):
        policy.record_failure(JobKind.IMAGE, photo(number), LOST)
        policy.record_failure(JobKind.INFO, photo(number), LOST)
    with pytest.raises(TransportError):
        policy.record_failure(JobKind.INFO, photo(100), LOST)


def test_lasting_errors_are_no_misses() -> None:
    """A server has answered."""
    policy, context = policy_of()
    for number in range(3 * MISSES_IN_A_ROW):
        policy.record_failure(JobKind.IMAGE, photo(number), ImageGoneError("Gone", 410))
    assert len(context.events) == 3 * MISSES_IN_A_ROW


@pytest.mark.parametrize(
    ("info_level", "comments", "resets"),
    [(2, 3, True), (2, None, True), (2, 0, False), (1, 3, False)],
)
def test_information_resets_the_count_only_if_a_server_was_asked(
    info_level: int, comments: int | None, resets: bool
) -> None:
    """Information without comments needs no call, so it proves nothing about the connection."""
    policy, _ = policy_of(options=MirrorOptions(info_level=info_level))
    for number in range(MISSES_IN_A_ROW - 1):
        policy.record_failure(JobKind.INFO, photo(number), LOST)
    policy.record_success(INFO, photo(50, comments=comments))
    if resets:
        policy.record_failure(JobKind.INFO, photo(51), LOST)
    else:
        with pytest.raises(TransportError):
            policy.record_failure(JobKind.INFO, photo(51), LOST)


def test_an_image_resets_the_count() -> None:
    """One success among failures means that the connection works."""
    policy, context = policy_of()
    for number in range(3 * MISSES_IN_A_ROW):
        policy.record_failure(JobKind.IMAGE, photo(number), LOST)
        policy.record_success(IMAGE, photo(number))
    assert len(context.events) == 3 * MISSES_IN_A_ROW


async def test_retries_are_no_misses_and_are_limited() -> None:
    """Photos that failed before are no evidence about the connection."""
    policy, context = policy_of(passes=3)
    stored = photo(1)
    for is_left in (True, True, False):
        context.catalogue.failed[JobKind.IMAGE] = [stored]
        assert await policy.requeue(JobKind.IMAGE) == is_left
    assert context.copies.adopting
    for number in range(3 * MISSES_IN_A_ROW):
        policy.record_failure(JobKind.IMAGE, photo(number), LOST)
    assert not any(event.again for event in context.events if isinstance(event, PhotoFailed))


async def test_an_empty_requeue_uses_no_pass() -> None:
    """A pass without failures leaves the passes for later failures."""
    policy, context = policy_of(passes=2)
    assert not await policy.requeue(JobKind.IMAGE)
    context.catalogue.failed[JobKind.IMAGE] = [photo(1)]
    assert await policy.requeue(JobKind.IMAGE)


def test_a_stopped_run_is_not_ended_by_misses() -> None:
    """Failures caused by the end of the run do not count as a lost connection."""
    policy, context = policy_of()
    policy.stop()
    for number in range(3 * MISSES_IN_A_ROW):
        policy.record_failure(JobKind.IMAGE, photo(number), LOST)
    assert len(context.events) == 3 * MISSES_IN_A_ROW
