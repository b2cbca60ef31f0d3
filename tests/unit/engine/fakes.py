"""Fakes for unit tests of the engine: a catalogue without a database, and the context of its jobs."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from flickr_mirror import FlickrPhoto, Limits, MirrorOptions
from flickr_mirror.catalogue.rows import StoredPhoto
from flickr_mirror.engine.dispatcher import Dispatcher
from flickr_mirror.models.job_kinds import JobKind
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.sizes import SizeEvidence

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager

    from flickr_mirror import Event
    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.engine.workers.jobs import JobContext


def photo(number: int, *, comments: int | None = None) -> StoredPhoto:
    """Return a photo as the catalogue knows it."""
    facts = PhotoMetadata(comment_count=comments)
    return StoredPhoto(FlickrPhoto(str(number), "A title", facts=facts), None, SizeEvidence.NONE, -1)


class FakeCatalogue:
    """A work list in memory: the pending photos of each kind of job, and the outcomes of the others."""

    def __init__(self, left: dict[JobKind, list[int]] | None = None) -> None:
        self.left = {kind: [photo(number) for number in (left or {}).get(kind, [])] for kind in JobKind}
        self.failed: dict[JobKind, list[StoredPhoto]] = {kind: [] for kind in JobKind}
        self.recorded: list[tuple[str, str, str, str]] = []
        self.work_list = self.outcomes = self

    def query(
        self,
        kind: JobKind,
        *,
        busy: Collection[str],
        limit: int,
        newest_first: bool,
        frontier: int | None,
        listed: bool,
    ) -> list[StoredPhoto]:
        """Return pending photos of a kind of job."""
        assert newest_first
        assert frontier is None or not listed
        return [stored for stored in self.left[kind] if stored.photo.id not in busy][:limit]

    def done(self, kind: JobKind, stored: StoredPhoto) -> None:
        """Note a success."""
        self.left[kind].remove(stored)

    def mark_failed(self, stored: StoredPhoto, kind: JobKind, reason: str) -> None:
        """Record a failure that is tried again."""
        self.recorded.append(("mark_failed", stored.photo.id, kind, reason))
        if stored in self.left[kind]:
            self.left[kind].remove(stored)
            self.failed[kind].append(stored)

    def mark_refused(self, stored: StoredPhoto, kind: JobKind, reason: str) -> None:
        """Note a refusal."""
        self.recorded.append(("mark_refused", stored.photo.id, kind, reason))

    def mark_unavailable(self, stored: StoredPhoto, kind: JobKind, reason: str) -> None:
        """Record a lasting failure."""
        self.recorded.append(("mark_unavailable", stored.photo.id, kind, reason))

    def requeue(self, kind: JobKind) -> int:
        """Put failed photos back on the list."""
        count = len(self.failed[kind])
        self.left[kind] += self.failed[kind]
        self.failed[kind] = []
        return count

    def has_work(self, kind: JobKind) -> bool:
        """Return whether photos are pending."""
        return bool(self.left[kind])

    def transaction(self) -> AbstractContextManager[None]:
        """Do nothing: changes are in memory."""
        return nullcontext()


class FakeContext:
    """The parts of a `JobContext` that decide about jobs. It needs no network, disk or database."""

    def __init__(
        self, catalogue: FakeCatalogue, limits: Limits | None = None, options: MirrorOptions | None = None
    ) -> None:
        self.catalogue = catalogue
        self.limits = limits or Limits()
        self.dispatcher = Dispatcher(cast("Catalogue", catalogue), self.limits.timing.catalogue_flush)
        self.options = options or MirrorOptions()
        self.copies = SimpleNamespace(adopting=False)
        self.events: list[Event] = []
        self.emit: Any = self.events.append

    @property
    def as_context(self) -> JobContext:
        """The same, for functions that take a context."""
        return cast("JobContext", self)
