"""Makes the thumbnails in several processes, newest photo first. It may be interrupted."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.errors import BadImageError, CacheError
from flickr_mirror.storage.disk_errors import disk_errors
from flickr_mirror.storage.thumbnails import make_thumbnail
from flickr_mirror.subprocesses import outlive_signals
from flickr_mirror.web.gallery.month_pages import thumbnail_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from flickr_mirror.web.gallery.state import GalleryState

BATCH = 16
"""How many thumbnails a process makes before it reports."""
NICENESS = 5


class Picture(NamedTuple):
    """An image to make a thumbnail of; `version` changes with its bytes and with the height of thumbnails."""

    photo_id: int
    extension: str
    version: bytes


class Thumbnails:
    """The thumbnails of a gallery, `height` pixels high; `path(id, extension)` is where an image is."""

    def __init__(
        self, folder: Path, state: GalleryState, path: Callable[[str, str], Path], height: int
    ) -> None:
        self._path = path
        self._folder = folder
        self._state = state
        self._height = height

    def missing(self, pictures: Iterable[Picture]) -> list[Picture]:
        """Return the pictures without a thumbnail of this version, in their order."""
        made = self._state.thumbnails()
        there = self._there()
        return [
            picture
            for picture in pictures
            if made.get(picture.photo_id) != picture.version or picture.photo_id not in there
        ]

    def is_intact(self) -> bool:
        """Return whether all thumbnails that were made are there."""
        return self._state.thumbnails().keys() <= self._there()

    def _there(self) -> set[int]:
        """Return the ids of the photos with a thumbnail on disk."""
        found: set[int] = set()
        with suppress(FileNotFoundError), os.scandir(self._folder / "thumbs") as folders:
            for folder in folders:
                if folder.is_dir(follow_symlinks=False):
                    names = (entry.name.partition(".") for entry in os.scandir(folder.path))
                    found.update(int(stem) for stem, _, end in names if end == "jpg" and stem.isdecimal())
        return found

    def remove_others(self, photo_ids: set[int]) -> int:
        """Remove the thumbnails of other photos than these; return how many."""
        others = self._state.thumbnails().keys() - photo_ids
        if others:
            with self._state.transaction():
                for photo_id in others:
                    path = self._folder / thumbnail_name(str(photo_id))
                    with disk_errors(path):
                        path.unlink(missing_ok=True)
                self._state.forget_thumbnails(others)
        return len(others)

    def make(self, pictures: list[Picture], jobs: int, on_done: Callable[[int], None]) -> dict[str, str]:
        """Make thumbnails; return the failures by the id of the photo. Raises `CacheError` if the disk fails."""
        failures: dict[str, str] = {}
        done = 0
        with ProcessPoolExecutor(jobs, get_context("spawn"), _start) as pool:
            rest = iter(pictures)
            running: dict[Future[list[str]], list[Picture]] = {}
            try:
                while True:
                    while len(running) < 2 * jobs and (batch := list(islice(rest, BATCH))):
                        running[pool.submit(_make_all, self._tasks(batch))] = batch
                    if not running:
                        return failures
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        batch = running.pop(future)
                        failures |= self._record(batch, future.result())
                        done += len(batch)
                        on_done(done)
            except BrokenProcessPool as error:
                raise CacheError(
                    "A process that makes thumbnails was killed, perhaps for lack of memory. Run the command again "
                    "with --jobs 1: it continues where it stopped.",
                    self._folder,
                ) from error
            finally:
                pool.shutdown(cancel_futures=True)

    def _tasks(self, batch: list[Picture]) -> list[tuple[Path, Path, int]]:
        return [
            (self._path(name, picture.extension), self._folder / thumbnail_name(name), self._height)
            for picture in batch
            if (name := str(picture.photo_id))
        ]

    def _record(self, batch: list[Picture], reasons: list[str]) -> dict[str, str]:
        pairs = list(zip(batch, reasons, strict=True))
        with self._state.transaction():
            self._state.set_thumbnails(
                (picture.photo_id, picture.version) for picture, reason in pairs if not reason
            )
        return {str(picture.photo_id): reason for picture, reason in pairs if reason}


def _start() -> None:  # pragma: no cover - runs in a process
    outlive_signals()
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:  # pragma: no cover - runs in a process
    """End this process when its parent was killed: it would wait for work forever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _make_all(tasks: list[tuple[Path, Path, int]]) -> list[str]:  # pragma: no cover - runs in a process
    """Make thumbnails; return for each one why it was not made, empty if it was."""
    reasons = []
    for source, target, height in tasks:
        reason = ""
        try:
            if source.is_symlink():
                raise BadImageError("The file is a link.")
            target.parent.mkdir(parents=True, exist_ok=True)
            make_thumbnail(source, target, height)
        except BadImageError as error:
            reason = str(error)
        except FileNotFoundError:
            reason = "Its file is missing."
        except MemoryError:
            reason = "It needs too much memory."
        except OSError as error:
            with disk_errors(target):
                raise error from None
        reasons.append(reason)
    return reasons
