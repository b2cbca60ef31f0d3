"""Checks the files of a mirror. Broken ones are moved aside, and put on the work list again."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from flickr_mirror.catalogue.files import KINDS
from flickr_mirror.engine.check_documents import check_documents
from flickr_mirror.engine.mirror_store import open_store
from flickr_mirror.engine.rebuild import open_catalogue
from flickr_mirror.errors import BadImageError
from flickr_mirror.models.event_log import log_events
from flickr_mirror.models.events import Checked, FileBroken
from flickr_mirror.models.options import DEFAULT_CACHE_PATH
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.media_decoding import decode
from flickr_mirror.storage.mirror_lookup import get_mirror
from flickr_mirror.storage.store import MISSING, sha256_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.catalogue.rows import StoredFile
    from flickr_mirror.models.events import Observer
    from flickr_mirror.storage.store import QuickCheck, Store

BATCH = 200
PATIENCE = 30 * 86_400
"""Seconds after which an interrupted check starts over instead of continuing."""
SIDE_BY_SIDE = min(os.cpu_count() or 1, 4)
"""The number of files that are read at once: decoding an image can take hundreds of megabytes."""


@dataclass(slots=True)
class CheckReport:
    """The result of a check.

    `files` and `bytes` count what was checked. `broken` are the files that are missing or differ from what was
    written. `waiting` counts the files of the whole mirror that the next run makes again, including those of earlier
    checks. `rebuilt` is whether the catalogue was rebuilt and, until the next run, knows only what the files contain.
    `resumed` counts the files that were checked by an earlier, interrupted check. `complete` is whether the check
    was finished. It has one attribute for each figure that is reported.
    """

    username: str = ""
    user_id: str = ""
    folder: Path | None = None
    part: tuple[int, int] = (1, 1)
    files: int = 0
    bytes: int = 0
    resumed: int = 0
    waiting: int = 0
    rebuilt: bool = False
    broken: list[FileBroken] = field(default_factory=list)
    seconds: float = 0.0
    complete: bool = False
    place: Path | None = None
    """The folder or the bucket of the files."""


async def check_mirror(
    username: str,
    cache_path: Path = DEFAULT_CACHE_PATH,
    *,
    part: tuple[int, int] = (1, 1),
    rebuild: bool = False,
    read: bool = False,
    observer: Observer = log_events,
    report: CheckReport | None = None,
) -> CheckReport:
    """Check that the files of a mirror are what was written and can be decoded. Flickr is not asked.

    `username` is the username, the NSID or the folder of the mirror below `cache_path`. `part` is (i, n) for the
    i-th of n shares. `rebuild` first makes the catalogue anew from the files. Files in a bucket are only compared with
    a listing of it, by size and version mark, unless `read`. `report` is filled in as the check proceeds. Broken files
    are moved aside, and the next run makes them again. An interrupted check continues where it stopped. Raises
    `PhotostreamError` if there is no such mirror, `CacheError` if it cannot be used, and `ValueError`
    for an invalid part.
    """
    if not 1 <= part[0] <= part[1]:
        raise ValueError(f"The part is 1/n to n/n, not {part[0]}/{part[1]}.")
    report = report or CheckReport()
    report.part = part
    started = time.monotonic()
    cache, owner = await to_thread.run_sync(get_mirror, filesystem.home(cache_path), username.strip())
    report.username, report.user_id, report.folder = owner["username"], owner["nsid"], cache.folder
    report.place = cache.place
    user = FlickrUser(owner["nsid"], owner["username"])
    with locked(cache.lock, cache.folder):
        try:
            async with open_store(cache, user, observer) as store:
                if not rebuild:
                    await store.restore()
                async with open_catalogue(cache, observer, anew=rebuild) as catalogue:
                    await check_files(cache.files, catalogue, observer, report, read=read)
                    if part[0] == 1 and (read or not cache.address):
                        await _check_documents(cache.files, catalogue, observer, report)
                await store.save()
        finally:
            report.seconds = time.monotonic() - started
    return report


async def check_files(
    store: Store,
    catalogue: Catalogue,
    emit: Observer,
    report: CheckReport,
    *,
    kinds: Collection[str] = KINDS,
    resumable: bool = True,
    read: bool = True,
) -> None:
    """Check the files of `report.part`: their sizes, their bytes, and that images can be decoded.

    Unless `read`, files in a bucket are only compared with a listing, which is fast: such a check is not resumed.

    A broken file is moved aside, and the next run makes it again. The file of a photo that is gone from Flickr is
    only reported, because it is the only one. The caller holds the mirror's lock. Raises `CacheError`.
    """
    place = "check {}/{}".format(*report.part)
    quick = None if read else await to_thread.run_sync(store.quick_check)
    resumable = resumable and quick is None
    await to_thread.run_sync(catalogue.sync_commits)  # otherwise, a row could name a file that was moved away
    after, begun = ("", 0), int(time.time())
    if resumable and (earlier := await to_thread.run_sync(catalogue.get_note, place)):
        begun, after = _resume(earlier, begun, report)
    total = await to_thread.run_sync(partial(catalogue.files.count, kinds=kinds, part=report.part))
    select = partial(catalogue.files.page, kinds=kinds, part=report.part)
    while files := await to_thread.run_sync(select, after, BATCH):
        broken = await _check_batch(store, files, quick)
        after = (files[-1][2].kind, files[-1][0])
        report.files += len(files)
        report.bytes += sum(file.size for _, _, file in files)
        report.broken += [found for found, _ in broken]
        position = _position(begun, after, report) if resumable else None
        await to_thread.run_sync(_record, store, catalogue, broken, place, position)
        for found, _ in broken:
            emit(found)
        emit(Checked(report.resumed + report.files, total))
    if resumable:
        await to_thread.run_sync(catalogue.set_note, place, None)
    report.waiting = await to_thread.run_sync(catalogue.files.count_requeued)
    # a mirror that an import began is not listed either
    is_restored = await to_thread.run_sync(catalogue.get_note, "restored") == "1"
    report.rebuilt = is_restored and await to_thread.run_sync(catalogue.listings.is_unlisted)
    report.complete = True


async def _check_documents(store: Store, catalogue: Catalogue, emit: Observer, report: CheckReport) -> None:
    """Check the documents about the account, and add them to the report."""
    number, broken = await to_thread.run_sync(check_documents, store, catalogue)
    report.files += number
    report.broken += broken
    for found in broken:
        emit(found)


def _position(begun: int, after: tuple[str, int], report: CheckReport) -> str:
    """Return the position of a check as JSON: when it began, the last file, the number of files, the broken ones."""
    broken = [[one.photo_id, one.kind, str(one.path), one.reason, one.comes_again] for one in report.broken]
    return json.dumps([begun, *after, report.resumed + report.files, broken])


def _resume(position: str, now: int, report: CheckReport) -> tuple[int, tuple[str, int]]:
    """Continue an interrupted check in `report`; return when it began, and its last file. Old ones begin anew."""
    begun, kind, photo_id, seen, broken = json.loads(position)
    if not 0 <= now - begun <= PATIENCE:
        return now, ("", 0)
    report.resumed = seen
    report.broken = [
        FileBroken(photo_id, kind, Path(path), reason, comes_again)
        for photo_id, kind, path, reason, comes_again in broken
    ]
    return begun, (kind, photo_id)


Broken = tuple[FileBroken, "tuple[bytes, str] | None"]


async def _check_batch(
    store: Store, files: list[tuple[int, bool, StoredFile]], quick: QuickCheck | None
) -> list[Broken]:
    found: dict[int, Broken] = {}
    threads = anyio.CapacityLimiter(SIDE_BY_SIDE)

    async def check_file(number: int, photo_id: str, file: StoredFile, *, is_gone: bool) -> None:
        path = store.path(photo_id, file.extension)
        link = None if quick else await to_thread.run_sync(store.find_link, path, limiter=threads)
        if link not in (None, path):
            reason = f"{link} is a link, which is not followed: move it away."
            found[number] = FileBroken(photo_id, file.kind, path, reason, comes_again=False), None
            return
        if quick:
            reason, is_as_received = quick(photo_id, file.extension, file.size, file.e_tag), False
        elif link:
            reason, is_as_received = "It is a link, and not the file that was written.", False
        else:
            reason, is_as_received = await to_thread.run_sync(_fault_of, store, path, file, limiter=threads)
        if reason:
            reason += " Flickr does not have it any more." if is_gone else ""
            seen = (file.sha256, reason) if is_as_received else None
            found[number] = FileBroken(photo_id, file.kind, path, reason, comes_again=not is_gone), seen

    async with anyio.create_task_group() as tasks:
        for number, (photo_id, is_gone, file) in enumerate(files):
            tasks.start_soon(partial(check_file, number, str(photo_id), file, is_gone=is_gone))
    return [found[number] for number in sorted(found)]


def _record(
    store: Store, catalogue: Catalogue, broken: list[Broken], place: str, position: str | None
) -> None:
    """Move broken files aside, put their photos on the work list, and note the position of the check."""
    for found, _ in broken:
        if found.comes_again:
            store.quarantine(found.path)
    with catalogue.transaction():
        for found, seen in broken:
            if found.comes_again:
                catalogue.files.requeue(found.photo_id, found.kind, seen=seen)
        if position is not None:
            catalogue.set_note(place, position)


def _fault_of(store: Store, path: Path, file: StoredFile) -> tuple[str, bool]:
    """Return what is wrong with a file ("" if nothing is), and whether it was received like this."""
    try:
        size = store.size(path)
        if size != file.size:
            return f"It has {size:,} bytes, and had {file.size:,} when it was written.", False
        with store.open_file(path) as content:
            if sha256_of(content) != file.sha256:
                return "Its bytes are not those that were written.", False
            # films were checked to their end when they were downloaded
            if file.kind == "image" and not file.note_is_odd:
                decode(content)
    except FileNotFoundError:
        return MISSING, False
    except OSError as error:
        return f"It cannot be read: {error.strerror}.", False
    except BadImageError as error:
        return str(error), True
    return "", False
