"""Decides the consequences of a failed job: for its photo, and for the run if many fail in a row."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.errors import (
    BadImageError,
    CertificateError,
    ClusterError,
    FlickrApiError,
    ImageGoneError,
    InvalidCallError,
    InvalidKeyError,
    LoginError,
    NoSizeError,
    PermissionDeniedError,
    PhotoNotFoundError,
    ProxyLoginError,
    ThrottledError,
    TransportError,
)
from flickr_mirror.models.events import PhotoFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.engine.job_types import JobType
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.job_kinds import JobKind

MISSES_IN_A_ROW = 20
"""The least number of photos in a row without an answer that ends a run."""
MISSES_PER_WORKER = 3
"""The same for each worker: all of them fail at once when the connection is lost."""
ENDING = (
    InvalidKeyError,
    LoginError,
    InvalidCallError,
    CertificateError,
    ProxyLoginError,
    ThrottledError,
    ClusterError,
)
"""Errors that concern every photo, and so end a run."""
LASTING = (ImageGoneError, NoSizeError, PermissionDeniedError, PhotoNotFoundError)
"""Errors that another try does not change."""


class FailurePolicy:
    """Records failures in the catalogue, counts retries, and ends the run when the connection seems lost."""

    def __init__(self, context: JobContext, job_types: Iterable[JobType]) -> None:
        self._context = context
        limits = context.limits
        self._passes = limits.passes - 1
        self._passes_left: dict[JobKind, int] = {}
        self._misses: dict[JobKind, int] = {}
        self._most_misses: dict[JobKind, int] = {}
        for job_type in job_types:
            self._passes_left[job_type.kind] = self._passes
            self._misses[job_type.kind] = 0
            self._most_misses[job_type.kind] = max(
                MISSES_IN_A_ROW, MISSES_PER_WORKER * job_type.concurrency(limits)
            )
        self._is_stopping = False

    def stop(self) -> None:
        """Let failures no longer end the run, because it is ending already."""
        self._is_stopping = True

    async def requeue(self, kind: JobKind) -> bool:
        """Put failed jobs back on the work list if a pass is left; return whether there were any."""
        if not self._passes_left[kind]:
            return False
        if not await self._context.dispatcher.call(self._context.catalogue.work_list.requeue, kind):
            return False
        self._passes_left[kind] -= 1
        self._context.copies.adopting = True  # the poster of a video may be on disk already
        return True

    def record_success(self, job_type: JobType, stored: StoredPhoto) -> None:
        """Reset the count of misses if the job needed an answer of a server."""
        if job_type.asks_server(self._context.options, stored):
            self._misses[job_type.kind] = 0

    def record_failure(self, kind: JobKind, stored: StoredPhoto, error: Exception) -> None:
        """Record that the job of a photo failed, and whether it is tried again.

        Raises `TransportError` if the connection seems lost, because too many photos in a row got no answer.
        """
        self._count_miss(kind, error)
        outcomes = self._context.catalogue.outcomes
        is_lasting = isinstance(error, LASTING) and not _is_refusal(error)
        again = self._passes_left[kind] > 0 and not is_lasting
        if is_lasting:
            change = outcomes.mark_unavailable
        elif _is_refusal(error) and not again:
            change = outcomes.mark_refused
        else:
            change = outcomes.mark_failed
        reason = _reason(error)
        self._context.dispatcher.finish(kind, stored.photo.id, partial(change, stored, kind, reason))
        self._context.emit(PhotoFailed(stored.photo.id, kind.value, reason, again))

    def _count_miss(self, kind: JobKind, error: Exception) -> None:
        is_miss = isinstance(error, BadImageError | TransportError) or _is_refusal(error)
        # only first tries are evidence about the connection: photos that failed before can fail for their own reasons
        if not is_miss or self._passes_left[kind] < self._passes:
            return
        self._misses[kind] += 1
        if self._misses[kind] >= self._most_misses[kind] and not self._is_stopping:
            raise TransportError(
                f"{self._misses[kind]} photos in a row got no usable answer (the last: {error}). Check the network "
                "connection, and run the same command again: it continues where it stopped."
            ) from error


def _is_refusal(error: Exception) -> bool:
    # servers refuse single files for a while, and all files to a network that they block
    return isinstance(error, ImageGoneError) and error.status in (401, 403)


def _reason(error: Exception) -> str:
    if isinstance(error, FlickrApiError) and not isinstance(error, LASTING):
        return f"{error} (Flickr's code {error.code})"
    return str(error)
