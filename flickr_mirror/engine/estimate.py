"""Estimates what a run would do and cost. Takes a few API calls, and writes nothing."""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from flickr_mirror.catalogue.statistics import Stock, WorkLeft
from flickr_mirror.engine.call_estimate import calls_left, details_of
from flickr_mirror.engine.download_volume import (
    IMAGE_RATE,
    DownloadVolume,
    estimate,
    rate_of,
    to_ask,
    with_unlisted,
)
from flickr_mirror.engine.rebuild import read_catalogue
from flickr_mirror.engine.workers.run_plan import work_left
from flickr_mirror.errors import ImageGoneError, TransportError
from flickr_mirror.flickr.albums import find_album, get_photo_page
from flickr_mirror.flickr.downloader import announced_length
from flickr_mirror.models.events import RunPlanned
from flickr_mirror.models.includes import LISTS
from flickr_mirror.models.photos import PhotoPage
from flickr_mirror.storage.free_space import free_space

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.flickr.http_client import HttpClient
    from flickr_mirror.models.options import Limits, MirrorOptions
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.mirror_folder import MirrorFolder

LISTS_NOT_COUNTED = (
    "The API calls for the lists of --include are not counted: their lengths are not known yet."
)
SAMPLE_PAGES = 5
"""The most pages to list; all unlisted photos are assumed to be like those of the pages."""


async def estimate_run(
    api: AsyncFlickrApi, user: FlickrUser, cache: MirrorFolder, options: MirrorOptions, limits: Limits
) -> RunPlanned:
    """Return what a run with these options would do. The calls that were sent before are counted as its first ones."""
    if options.album_id:
        await find_album(api.http_client, user, options.album_id)
    lookups = sum(api.calls.values())
    ask = _pages_of(api, user, options, limits)
    page = await ask(1)
    album_ids = [photo.id for photo in page.photos] if options.album_id else None
    work, is_covered, scanned, stock = await to_thread.run_sync(
        _read_mirror, cache, options, api.caller, user, album_ids
    )
    unlisted = max(page.total - work.photos, 0)
    sample = list(page.photos)
    if unlisted > SAMPLE_PAGES * limits.page_size:  # old photos can differ from new ones
        for part in range(1, SAMPLE_PAGES):
            number = 1 + part * page.pages // SAMPLE_PAGES
            sample += (await ask(number)).photos
    every = options.full_scan_every
    is_due = every is not None and scanned is not None and options.is_whole and time.time() - scanned >= every
    is_full = options.full_scan or is_due
    # a caller that has not listed anything yet lists all photos, also those that are known; an album is listed whole
    is_all = is_full or not is_covered or options.album_id is not None
    pages = max(ceil((page.total if is_all else unlisted) / limits.page_size), 1)
    more = calls_left(
        work, options, pages=pages - 1, unlisted=unlisted, sample=sample, most=limits.max_photos
    )
    calls = lookups + 1 + more + is_full  # a full scan counts once more at its end
    if options.wants_images:
        volume = await _volume(api.http_client, with_unlisted(stock, sample, unlisted), sample, limits)
    else:
        volume = DownloadVolume(0, 0.0, "")
    return RunPlanned(
        work.photos + unlisted,
        work.mirrored,
        calls,
        api.http_client.budget.seconds_for(calls),
        exact=False,
        images=work.images + unlisted * options.wants_images,
        infos=work.infos + unlisted * options.wants_info,
        bytes=volume.bytes,
        free=await to_thread.run_sync(free_space, cache.folder),
        image_seconds=volume.seconds,
        basis=f"{volume.basis} {LISTS_NOT_COUNTED if options.include & LISTS else ''}".strip(),
        details=work.details + details_of(options, sample, unlisted),
    )


def _pages_of(
    api: AsyncFlickrApi, user: FlickrUser, options: MirrorOptions, limits: Limits
) -> Callable[[int], Awaitable[PhotoPage]]:
    """Return a function that lists the page with a number, of the photostream, the window or the album."""
    window, album_id, size = options.window, options.album_id, limits.page_size

    async def ask(number: int) -> PhotoPage:
        if album_id is None:
            return await api.get_page(
                user.id,
                page=number,
                per_page=size,
                min_upload_date=window.low if window else None,
                max_upload_date=window.high if window else None,
            )
        listed = await get_photo_page(api.http_client, user.id, album_id, size, number)
        total = listed.total or 0
        return PhotoPage(listed.entries, number, ceil(total / size), total)

    return ask


async def _volume(
    http_client: HttpClient, stock: Stock, sample: list[FlickrPhoto], limits: Limits
) -> DownloadVolume:
    """Return how many bytes are left to download; ask the image servers if the mirror has too few files for that."""
    asked: list[tuple[FlickrPhotoSize, int]] = []
    with anyio.move_on_after(limits.timing.estimate_wait):
        for size in to_ask(stock, sample):
            try:
                async with http_client.stream(size.url) as (response, _):  # whose body is not read
                    if length := announced_length(response):
                        asked.append((size, length))
            except ImageGoneError:
                continue
            except TransportError:  # the server does not answer, or demands a pause
                break
    return estimate(stock, asked, limits)


def _read_mirror(
    cache: MirrorFolder,
    options: MirrorOptions,
    caller: FlickrUser | None,
    user: FlickrUser,
    album_ids: list[str] | None,
) -> tuple[WorkLeft, bool, int | None, Stock]:
    """Return what is left to do in the mirror of `user` as `caller` sees it.

    With it come whether the caller has listed anything, the time of its last full scan, and the images of the mirror.
    `album_ids` are photos of the album that the run is limited to.
    """
    if not cache.catalogue.exists():
        return WorkLeft(0, 0, 0, 0, 0), False, None, Stock({}, 0, {}, 0, 0)
    with read_catalogue(cache.catalogue) as catalogue:
        catalogue.callers.begin(caller, user.id)
        catalogue.scope.restrict(options.window, None)
        if options.album_id:
            catalogue.scope.restrict_to_album(options.album_id)
            catalogue.scope.add(album_ids or ())
        work = work_left(catalogue, options)
        stock = catalogue.statistics.stock()._replace(rate=rate_of(catalogue.get_note(IMAGE_RATE)))
        is_covered = bool(catalogue.coverage.listed().intervals)
        return work, is_covered, catalogue.listings.last_scan(), stock
