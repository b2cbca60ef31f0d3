"""Gives tasks work from the catalogue, and writes their results to it in batches, off the event loop."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.catalogue.rows import StoredPhoto

T = TypeVar("T")

BATCH = 100
"""The number of changes after which they are written at once."""


class Dispatcher:
    """Gives each photo to one task at a time, and not to another one until its result is in the catalogue.

    Changes are collected and written in one transaction. If a change is lost with the process, the next run finds the
    file, because files are durable before they are noted. A change waits at most `flush_interval` seconds.
    """

    def __init__(self, catalogue: Catalogue, flush_interval: float) -> None:
        self.catalogue = catalogue
        self._flush_interval = flush_interval
        self._connection = anyio.Lock()
        self._busy: defaultdict[str, set[str]] = defaultdict(set)
        self._changes: list[Callable[[], object]] = []
        self._finished: list[tuple[str, str]] = []
        self._is_full = anyio.Event()
        self._changed = anyio.Event()

    def is_busy(self, job: str) -> bool:
        """Return whether tasks have photos for this job."""
        return bool(self._busy[job])

    async def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:  # noqa: ANN401
        """Call a method of the catalogue in a thread, one at a time. A call that began is always finished."""
        async with self._connection:
            # by default, threads are not abandoned: a cancelled caller waits
            return await anyio.to_thread.run_sync(partial(function, *arguments, **named))

    async def take(self, job: str, query: Callable[..., list[StoredPhoto]], **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        """Return the photos that `query` finds and no task has. They belong to the caller until `finish`."""
        busy = self._busy[job]
        photos = await self.call(query, busy=frozenset(busy), **page)
        photos = [stored for stored in photos if stored.photo.id not in busy]
        busy.update(stored.photo.id for stored in photos)
        return photos

    def note(self, change: Callable[[], object]) -> None:
        """Write a change soon."""
        self._changes.append(change)
        if len(self._changes) >= BATCH:
            self._is_full.set()

    def finish(self, job: str, photo_id: str, change: Callable[[], object] | None = None) -> None:
        """Write the result of a photo soon, and release the photo after that."""
        if change is not None:
            self._changes.append(change)
        self._finished.append((job, photo_id))
        if len(self._finished) >= BATCH:
            self._is_full.set()

    async def flush(self) -> None:
        """Write all changes now."""
        changes, self._changes = self._changes, []
        finished, self._finished = self._finished, []
        if changes:
            with anyio.CancelScope(shield=True):  # what was taken from the lists must be written
                await self.call(self._write, changes)
        for job, photo_id in finished:
            self._busy[job].discard(photo_id)
        if changes or finished:
            self.wake()

    def _write(self, changes: list[Callable[[], object]]) -> None:
        with self.catalogue.transaction():
            for change in changes:
                change()

    async def keep_flushing(self) -> None:
        """Write changes as they come, until cancelled."""
        while True:
            with anyio.move_on_after(self._flush_interval):
                await self._is_full.wait()
            self._is_full = anyio.Event()
            await self.flush()

    def wake(self) -> None:
        """Wake the tasks that wait for work."""
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def changed(self) -> anyio.Event:
        """The event that is set when there may be new work."""
        return self._changed
