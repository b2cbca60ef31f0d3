"""Group commit: files that are ready at the same time are made durable together."""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import anyio.to_thread

from flickr_mirror.storage.durable_write import FileCommit, commit_all
from flickr_mirror.storage.writer_process import ProcessLostError, WriterProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flickr_mirror.storage.durable_write import TemporaryFile

logger = logging.getLogger("flickr_mirror")

MAX_GROUPS = 2
"""The number of groups that are committed at the same time."""
MIN_PROCESS_GROUP = 4
"""The number of small files in a group that justifies a process: with fewer, threads do not delay the event loop."""


class GroupCommitter:
    """Commits the files of one mirror in groups: files that become ready during a commit form the next group.

    Databases do the same with transactions. Each folder is synced once for all of its files, and the event loop
    waits for fewer threads.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._groups = 0
        self._idle: list[WriterProcess] = []

    @contextmanager
    def processes(self) -> Iterator[None]:
        """Commit groups of many small files in processes for the duration of the context.

        A process starts with the first such group; everything else is done in threads. No commit may be under way
        at the end, which blocks for a moment.
        """
        processes = [WriterProcess() for _ in range(MAX_GROUPS)]
        self._idle = [*processes]
        try:
            yield
        finally:
            self._idle = []
            for process in processes:
                process.close()

    async def commit(self, file: TemporaryFile, final: Path, check: Callable[[], object] | None) -> bytes:
        """Commit a file; see `PartialFile.commit`."""
        waiting = _Waiting(file, final, check)
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._waiting.append(waiting)
        with anyio.CancelScope(shield=True):  # another task may have this file in its group
            while not waiting.is_done:
                if waiting in self._waiting and self._groups < MAX_GROUPS:
                    await self._commit_waiting()
                else:
                    await waiting.changed.wait()
                    waiting.changed = anyio.Event()
        if waiting.error is not None:
            raise waiting.error
        return waiting.sha256

    async def _commit_waiting(self) -> None:
        """Commit all files that wait now, then wake a task whose file came meanwhile to commit the next group."""
        group, self._waiting = self._waiting, []
        self._groups += 1
        try:
            await anyio.to_thread.run_sync(self._commit_group, group)
        except BaseException as error:  # no thread could be started
            for waiting in group:
                waiting.error = waiting.error or error
            raise
        finally:
            self._groups -= 1
            for waiting in group:
                waiting.is_done = True
            for waiting in group + self._waiting[:1]:
                waiting.changed.set()

    def _commit_group(self, group: list[_Waiting]) -> None:
        with ExitStack() as locks:
            for waiting in group:
                locks.enter_context(waiting.file.lock)
            large: list[FileCommit] = [waiting for waiting in group if waiting.file.descriptor is not None]
            small: list[FileCommit] = [waiting for waiting in group if waiting.file.descriptor is None]
            if len(small) >= MIN_PROCESS_GROUP and self._idle:
                small = self._commit_in_process(small, self._idle.pop())
            commit_all(large + small)

    def _commit_in_process(self, group: list[FileCommit], process: WriterProcess) -> list[FileCommit]:
        """Commit files in a process; return those that it could not commit. A lost process is not used again."""
        try:
            left = process.commit_all(group)
        except ProcessLostError as error:
            logger.warning("A process that writes files was lost (%s): a thread writes them.", error)
            return group
        self._idle.append(process)
        return left


class _Waiting(FileCommit):
    """A file whose task waits until it is committed, or until it is this task's turn to commit the next group.

    `changed` is set when either may be true.
    """

    def __init__(self, file: TemporaryFile, final: Path, check: Callable[[], object] | None) -> None:
        super().__init__(file, final, check)
        self.changed = anyio.Event()
        self.is_done = False
