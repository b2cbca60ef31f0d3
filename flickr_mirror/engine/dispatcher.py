"""The catalogue as tasks see it: takes work from it, notes results in batches, off the event loop."""

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
"""So many notes are written at once."""
LATEST = 0.2
"""No note waits longer than this, in seconds: a killed run loses no more of its book-keeping."""


class Dispatcher:
    """Gives out each photo to one task at a time, and keeps it from the others until its result is stored.

    Notes are written in one transaction for many. A note that is lost with the process costs nothing but a
    look at the file, because a file is durable before it is noted.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._turn = anyio.CapacityLimiter(1)
        self._busy: defaultdict[str, set[str]] = defaultdict(set)
        self._notes: list[Callable[[], object]] = []
        self._finished: list[tuple[str, str]] = []
        self._noted = anyio.Event()
        self._changed = anyio.Event()

    def is_busy(self, job: str) -> bool:
        """Return whether photos are out for this job."""
        return bool(self._busy[job])

    async def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:  # noqa: ANN401
        """Run a method of the catalogue in a thread, one at a time; a call that began is not abandoned."""
        await self._turn.acquire()
        try:
            # a thread is not abandoned by default: a cancelled caller waits for it
            return await anyio.to_thread.run_sync(partial(function, *arguments, **named))
        finally:
            self._turn.release()

    async def take(self, job: str, query: Callable[..., list[StoredPhoto]], **page: Any) -> list[StoredPhoto]:  # noqa: ANN401
        """Return photos to work on, which are this task's until `finish`."""
        busy = self._busy[job]
        photos = await self.call(query, busy=frozenset(busy), **page)
        photos = [stored for stored in photos if stored.photo.id not in busy]
        busy.update(stored.photo.id for stored in photos)
        return photos

    def note(self, change: Callable[[], object]) -> None:
        """Have a change written soon."""
        self._notes.append(change)
        if len(self._notes) >= BATCH:
            self._noted.set()

    def finish(self, job: str, photo_id: str, change: Callable[[], object] | None = None) -> None:
        """Have the result of a photo written soon, and the photo given free after that."""
        if change is not None:
            self._notes.append(change)
        self._finished.append((job, photo_id))
        if len(self._finished) >= BATCH:
            self._noted.set()

    async def flush(self) -> None:
        """Write all notes now."""
        notes, self._notes = self._notes, []
        finished, self._finished = self._finished, []
        if notes:
            with anyio.CancelScope(shield=True):  # what was taken from the list must be written
                await self.call(self._write, notes)
        for job, photo_id in finished:
            self._busy[job].discard(photo_id)
        if notes or finished:
            self.wake()

    def _write(self, notes: list[Callable[[], object]]) -> None:
        with self.catalogue.transaction():
            for change in notes:
                change()

    async def keep_flushing(self) -> None:
        """Write notes as they come, until cancelled."""
        while True:
            with anyio.move_on_after(LATEST):
                await self._noted.wait()
            self._noted = anyio.Event()
            await self.flush()

    def wake(self) -> None:
        """Tell those who wait for work that there may be some."""
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def changed(self) -> anyio.Event:
        """The event that is set when there may be more work than now."""
        return self._changed
