"""`mirror_flickr status`: the state of a mirror and the result of its last run, read from the disk."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flickr_mirror.catalogue.walk_result import shortfall_text, unlisted
from flickr_mirror.cli.exit_codes import code_text
from flickr_mirror.cli.output.summary import counted, failure_of, read_summary, time_text
from flickr_mirror.cli.output.text import json_text, name_text, size_text, time_left
from flickr_mirror.engine.rebuild import read_catalogue
from flickr_mirror.errors import CacheError
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.locks import holder_of
from flickr_mirror.storage.mirror_lookup import get_mirror
from flickr_mirror.storage.tombstones import read_tombstones
from flickr_mirror.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.cli.output.summary import Summary
    from flickr_mirror.storage.mirror_folder import MirrorFolder

EXIT_OLD = 3
"""The exit code if the last success is older than --max-age."""
MAX_CLOCK_SKEW = 86_400
"""Seconds that a success may be in the future. A later one is ignored: it would never be too old."""


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """The state of a mirror, one attribute for each field of `status --json`.

    Times are UTC. `gaps` are intervals of upload time that no run has listed. `shortfalls` are sentences about
    photos that Flickr counts but has not listed, `unlisted` is the least number of them. All three are for the caller
    of the last run: the account `listed_as`, or `null` without a login. `login_only` counts the photos that are not
    public, or not safe. `not_ready` counts photos that Flickr was still processing, `albums` the albums at Flickr,
    `albums_gone` those that are gone from it, `album_photos_unlisted` photos of albums that are in no listing,
    `forgotten` those erased on request; `reduced` and `damaged` count as in `MirrorReport`. `missing` are the ids of
    photos with a file that was mirrored and is not there. `source` is the address of the list that is mirrored, `None`
    for a photostream. `age` is the seconds since a run ended with code 0,
    `running` the process that uses the mirror.
    """

    user: str
    nsid: str
    source: str | None
    folder: str
    store: str | None
    photos: int
    images: int
    infos: int
    images_left: int
    infos_left: int
    gone: int
    forgotten: int
    unavailable: int
    unlisted: int
    login_only: int
    listed_as: str | None
    not_ready: int
    albums: int
    albums_gone: int
    album_photos_unlisted: int
    shortfalls: list[str]
    reduced: int
    damaged: int
    missing: list[str]
    failures: list[dict[str, Any]]
    listed_until: str | None
    gaps: list[tuple[str, str]]
    bytes: int
    free: int
    last_run: Summary | None
    last_success: str | None
    age: float | None
    running: dict[str, Any] | None


def status_of(root: Path, name: str) -> MirrorStatus:
    """Return the state of a user's mirror below `root`. It writes nothing, and works during a run.

    Raises `PhotostreamError` if there is no such mirror, `CacheError` if it cannot be read.
    """
    cache, owner = get_mirror(filesystem.home(root), name.strip())
    last = read_summary(cache.state)
    success, age = _last_success(last)
    with open_catalogue(cache) as catalogue:
        overview = catalogue.statistics
        counts = overview.counts()
        images_left, infos_left = overview.pending()
        covered = catalogue.coverage.listed().intervals
        short = catalogue.coverage.shortfalls()
        albums, albums_gone = catalogue.albums.counts()
        gaps = catalogue.coverage.listed().gaps(covered[-1].high) if covered else []
        return MirrorStatus(
            user=owner["username"],
            nsid=owner["nsid"],
            source=cache.source["url"] if cache.source else None,
            folder=str(cache.folder),
            store=str(cache.place) if cache.address else None,
            photos=counts.known,
            images=counts.images,
            infos=counts.infos,
            images_left=images_left,
            infos_left=infos_left,
            gone=counts.gone,
            forgotten=len(read_tombstones(cache.state)),
            unavailable=counts.unavailable,
            unlisted=unlisted(short),
            login_only=catalogue.callers.count_login_only(),
            listed_as=catalogue.callers.nsid,
            not_ready=counts.not_ready,
            albums=albums - albums_gone,
            albums_gone=albums_gone,
            album_photos_unlisted=catalogue.albums.unlisted(0)[0],
            shortfalls=[shortfall_text(*stretch) for stretch in short],
            reduced=counts.reduced,
            damaged=counts.damaged,
            missing=_missing(cache, catalogue),
            failures=[failure_of(failure) for failure in overview.failures()],
            listed_until=time_text(covered[-1].high) if covered else None,
            gaps=[(time_text(gap.low), time_text(gap.high)) for gap in gaps],
            bytes=overview.size(),
            free=shutil.disk_usage(cache.folder).free,
            last_run=last,
            last_success=success,
            age=age,
            running=holder_of(cache.lock),
        )


def _last_success(last: Summary | None) -> tuple[str | None, float | None]:
    """Return when a run last ended with code 0, and how many seconds ago."""
    success = last.get("last_success") if last else None
    if not success:
        return None, None
    age = time.time() - datetime.fromisoformat(success).timestamp()
    if age < -MAX_CLOCK_SKEW:  # the clock was wrong, or the file is damaged
        return None, None
    return success, round(max(age, 0.0), 1)


def _missing(cache: MirrorFolder, catalogue: Catalogue) -> list[str]:
    """Return the ids of photos of which a file that was mirrored is not there any more; a bucket is not asked."""
    if cache.address:
        return []
    found = {
        photo_id
        for photo_id, kind, extension in catalogue.files.names()
        if not os.path.lexists(cache.path(photo_id, "json" if kind == "info" else extension))
    }
    return sorted(found, key=int)


def open_catalogue(cache: MirrorFolder) -> Catalogue:
    """Open the catalogue of a mirror for reading. Raises `CacheError` if it is missing or cannot be read."""
    if not cache.catalogue.exists():
        raise CacheError(
            f"{cache.catalogue} is missing: run the mirror again, which rebuilds it from the files.",
            cache.catalogue,
        )
    return read_catalogue(cache.catalogue)


def show_status(root: Path, name: str, *, max_age: float | None, as_json: bool) -> int:
    """Print the state of a mirror; return 3 if its last success is more than `max_age` seconds ago, else 0."""
    status = status_of(root, name)
    lines = [json_text(asdict(status), 2)] if as_json else _lines(status)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return EXIT_OLD if max_age is not None and (status.age is None or status.age > max_age) else 0


def local_time(text: object) -> str:
    """Return a time such as `2026-11-21T20:22:33Z` in the local time zone, with its offset from UTC."""
    try:
        return datetime.fromisoformat(str(text)).astimezone().isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):  # the file may hold anything
        return plain(str(text))


def _listed(status: MirrorStatus) -> str:
    if status.source:
        return f"as Flickr shows {plain(status.source)}, which need not be complete"
    gaps = f"{len(status.gaps)} gaps" if status.gaps else "no gaps"
    caller = f", as the account {status.listed_as}" if status.listed_as else ""
    return (
        f"up to {local_time(status.listed_until)}, {gaps}{caller}" if status.listed_until else "nothing yet"
    )


def _missing_lines(status: MirrorStatus) -> Iterator[str]:
    if count := len(status.missing):
        ids = f"{', '.join(status.missing[:3])}{', ...' if count > 3 else ''}"
        yield (
            f"missing   files of {counted(count, 'photo')} ({ids}), perhaps deleted by hand: `mirror_flickr check` "
            "lets the next run download them again, `mirror_flickr forget` keeps them away"
        )


def _place(status: MirrorStatus) -> str:
    if status.store:
        return f"store     {size_text(status.bytes)} mirrored in {plain(status.store)}"
    return f"disk      {size_text(status.bytes)} mirrored, {size_text(status.free)} free"


def _lines(status: MirrorStatus) -> Iterator[str]:
    yield f"{name_text(status.user)} ({status.nsid}) in {plain(status.folder)}"
    yield (
        f"photos    {status.photos:,}: {status.images:,} images, {status.infos:,} with information, "
        f"{len(status.failures):,} failed, {status.gone:,} gone from Flickr"
    )
    if status.login_only:
        yield f"logins    {status.login_only:,} photos are listed only with a login: not public, or not safe"
    if status.forgotten:
        yield f"forgotten {status.forgotten:,}: erased or in the trash on request, and never mirrored again"
    if status.reduced or status.damaged:
        yield (
            f"quality   {status.reduced:,} in a smaller size because Flickr refuses a better one, "
            f"{status.damaged:,} damaged at Flickr"
        )
    yield from _missing_lines(status)
    yield f"to do     {status.images_left:,} images, information of {status.infos_left:,}"
    yield f"listed    {_listed(status)}"
    for text in status.shortfalls:
        yield f"unlisted  {text}"
    if status.not_ready:
        yield f"waiting   for Flickr to process {status.not_ready:,} photos"
    yield from _albums(status)
    yield _place(status)
    if last := status.last_run:
        error = f": {last.get('error')}" if last.get("error") else ""
        figures = ", ".join(f"{last.get(name)} {name}" for name in ("new", "images", "failed"))
        ended = f"{local_time(last.get('ended'))}, {code_text(last.get('exit'))}"
        yield plain(f"last run  {ended}, {figures}{error}")
    else:
        yield "last run  none has ended yet"
    age = "never" if status.age is None else f"{local_time(status.last_success)}, {time_left(status.age)} ago"
    yield f"last complete run: {age}"
    if (running := status.running) and running["pid"] is None:
        yield "running   an unknown process"
    elif running:
        since = local_time(time_text(running["since"]))
        yield f"running   process {running['pid']} on {plain(running['host'])}, since {since}"
    for failure in status.failures:
        due = f" Next try: {local_time(failure['due'])}." if failure["due"] else ""
        yield f"failed    photo {failure['id']}, {failure['job']}: {plain(failure['reason'])}{due}"


def _albums(status: MirrorStatus) -> Iterator[str]:
    if status.albums or status.albums_gone:
        gone = f", {status.albums_gone:,} gone from Flickr" if status.albums_gone else ""
        hidden = f"; {status.album_photos_unlisted:,} of their photos are in no listing"
        yield f"albums    {status.albums:,}{gone}{hidden if status.album_photos_unlisted else ''}"
