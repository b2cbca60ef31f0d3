"""The plan of a run: how many photos, files and API calls are left."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from flickr_mirror.engine.call_estimate import calls_left, details_of
from flickr_mirror.models.events import RunPlanned

if TYPE_CHECKING:
    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.catalogue.statistics import WorkLeft
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.flickr.walk_state import ListedPage
    from flickr_mirror.models.options import MirrorOptions


def work_left(catalogue: Catalogue, options: MirrorOptions) -> WorkLeft:
    """Return what is left to do for a run with these options, as the catalogue knows it."""
    return catalogue.statistics.work_left(
        images=options.wants_images, info_level=options.wanted_level, details=options.wanted_details
    )


async def plan_run(context: JobContext, page: ListedPage | None = None) -> RunPlanned:
    """Return what is left to do and how many calls it needs: an estimate after the first `page`.

    Without a `page`, everything is listed, and the plan is exact.
    """
    options, limits = context.options, context.limits
    work = await context.dispatcher.call(work_left, context.catalogue, options)
    unlisted = 0 if page is None else max(page.total - work.photos, 0)
    calls = calls_left(
        work,
        options,
        pages=ceil(unlisted / limits.page_size),
        unlisted=unlisted,
        sample=page.photos if page else (),
        most=limits.max_photos,
    )
    return RunPlanned(
        work.photos + unlisted,
        work.mirrored,
        calls,
        context.api.http_client.budget.seconds_for(calls),
        exact=not page,
        images=work.images + unlisted * options.wants_images,
        infos=work.infos + unlisted * options.wants_info,
        details=work.details + details_of(options, page.photos if page else (), unlisted),
    )
