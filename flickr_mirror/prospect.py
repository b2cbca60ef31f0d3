"""What a run would do, and what it would cost: looked up at the price of a few calls, and nothing is written."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.catalogue import Catalogue
from flickr_mirror.overview import WorkLeft
from flickr_mirror.price import calls_left
from flickr_mirror.progress import RunPlanned

if TYPE_CHECKING:
    from flickr_mirror.api import AsyncFlickrApi
    from flickr_mirror.cache import PhotoCache
    from flickr_mirror.models import FlickrUser
    from flickr_mirror.options import Limits, MirrorOptions

SAMPLE_PAGES = 5
"""The photos that are not listed yet are taken to be like those of at most so many pages."""


async def prospect(
    api: AsyncFlickrApi, user: FlickrUser, cache: PhotoCache, options: MirrorOptions, limits: Limits
) -> RunPlanned:
    """Return what a run with these options would do; the calls that led here are counted as its first ones."""
    lookups = sum(api.calls.values())
    work = await to_thread.run_sync(_work_left, cache, options)
    window = options.window
    ask = partial(
        api.get_page,
        user.id,
        per_page=limits.page_size,
        min_upload_date=window.low if window else None,
        max_upload_date=window.high if window else None,
    )
    page = await ask()
    unlisted = max(page.total - work.photos, 0)
    sample = list(page.photos)
    if unlisted > SAMPLE_PAGES * limits.page_size:  # what is old can be otherwise than what is new
        for part in range(1, SAMPLE_PAGES):
            number = 1 + part * page.pages // SAMPLE_PAGES
            sample += (await ask(page=number)).photos
    pages = max(ceil((page.total if options.full_scan else unlisted) / limits.page_size), 1)
    more = calls_left(
        work, options, pages=pages - 1, unlisted=unlisted, sample=sample, most=limits.max_photos
    )
    calls = lookups + 1 + more
    seconds = api.transport.budget.seconds_for(calls)
    return RunPlanned(work.photos + unlisted, work.mirrored, calls, seconds, exact=False)


def _work_left(cache: PhotoCache, options: MirrorOptions) -> WorkLeft:
    if not cache.catalogue.exists():
        return WorkLeft(0, 0, 0, 0, 0)
    with Catalogue(cache.catalogue, for_reading=True) as catalogue:
        catalogue.selection.restrict(options.window, None)
        return catalogue.overview.work_left(images=options.wants_images, info_level=options.wanted_level)
