"""The album producer: lists the photos of one album, and stores each page in the catalogue."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.catalogue.albums import AlbumState
from flickr_mirror.engine.album_update import mark_gone, write_album
from flickr_mirror.engine.workers.logins import keep_private
from flickr_mirror.engine.workers.page_producer import END_OF_TIME, report_found
from flickr_mirror.engine.workers.run_plan import plan_run, work_left
from flickr_mirror.errors import AlbumNotFoundError, TransportError
from flickr_mirror.flickr.albums import find_album, get_photo_page
from flickr_mirror.flickr.api import EXTRAS
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.events import PageScanned
from flickr_mirror.models.options import CachingStrategy
from flickr_mirror.models.visibility import is_public

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.albums import FlickrAlbum
    from flickr_mirror.models.photos import FlickrPhoto

UNVERIFIED = (
    "The photos of this album are not known yet, so no image is verified: run the same command again."
)
"""The notice of a run with `verify_image` that is the first one for its album."""


class AlbumProducer:
    """Lists the photos of the album with the id `album_id`. It can take the place of a `PageProducer`.

    An album is a part of the photostream in the owner's own order, so it covers no upload time, and the images are
    begun when all of it is listed.
    """

    is_full_scan = False
    """Whether this round lists the whole photostream."""

    def __init__(self, context: JobContext, album_id: str, *, again: bool) -> None:
        self._context = context
        self._album_id = album_id
        self._is_again = again
        self._is_stopping = False
        self._is_private = False
        self.is_cut = False
        is_ascending = context.options.strategy is CachingStrategy.FIFO
        self.frontier: int | None = 0 if is_ascending else END_OF_TIME

    def stop(self) -> None:
        """End the listing after the current page."""
        self._is_stopping = True

    async def run(self) -> None:
        """List the album, or the part that `max_photos` allows, and store it with its order.

        Raises `AlbumNotFoundError` if the account does not show such an album.
        """
        context, call = self._context, self._context.dispatcher.call
        client, size = context.api.http_client, context.limits.page_size
        album = await self._find()
        now = int(context.api.server_time or time.time())
        fields = frozenset(EXTRAS.split(","))
        await call(context.catalogue.listings.begin, now, fields=fields, full=False)
        ask = partial(get_photo_page, client, context.user.id, album.id, size)
        walk = ListWalk(ask, lambda photo: photo.id, expected=album.count)
        listed: list[str] = []
        async for photos in walk.pages():
            listed += [photo.id for photo in photos]
            await self._store(photos, -(-len(listed) // size), album.count)
            if self._is_stopping or context.catalogue.scope.is_full:
                self.is_cut, self.frontier = True, None
                return
        if walk.total is None:
            raise TransportError(
                f"flickr.photosets.getPhotos: the answer about album {album.id} has no list."
            )
        self.frontier = None
        await self._store_album(album, listed, max(walk.total, album.count, len(listed)) - len(listed))

    async def emit_plan(self) -> None:
        """Emit what is left to do."""
        if not self._is_again:
            self._context.emit(await plan_run(self._context))

    async def _find(self) -> FlickrAlbum:
        context = self._context
        try:
            return await find_album(context.api.http_client, context.user, self._album_id)
        except AlbumNotFoundError:
            albums = context.catalogue.albums
            stored = (await context.dispatcher.call(albums.find, [self._album_id])).get(self._album_id)
            if stored and stored.state.gone is None and stored.state.caller in ("", context.caller_id):
                await mark_gone(context, stored)
            raise

    async def _store(self, photos: Sequence[FlickrPhoto], number: int, total: int) -> None:
        context, options = self._context, self._context.options
        if not self._is_private and not all(map(is_public, photos)):
            await keep_private(context)
            self._is_private = True
        context.report.skipped += await context.dispatcher.call(self._add_to_run, photos)
        found = await context.dispatcher.call(
            context.catalogue.store_page_of_album,
            photos,
            info_waits=options.wants_images,
            comments=options.wants_comments,
        )
        report_found(context, found)
        pages = -(-total // context.limits.page_size)
        context.emit(PageScanned(number, max(pages, number), total, len(found.new)))
        context.dispatcher.wake()

    def _add_to_run(self, photos: Sequence[FlickrPhoto]) -> int:
        """Add photos to the run; return how many of those that were not in it are complete."""
        catalogue, options = self._context.catalogue, self._context.options
        before = work_left(catalogue, options).mirrored
        catalogue.scope.add(photo.id for photo in photos)
        return work_left(catalogue, options).mirrored - before

    async def _store_album(self, album: FlickrAlbum, listed: list[str], missing: int) -> None:
        """Store the album, unless it was mirrored by a login that may see more of it."""
        context = self._context
        call, albums = context.dispatcher.call, context.catalogue.albums
        stored = (await call(albums.find, [album.id])).get(album.id)
        state = stored.state if stored else AlbumState(scan=await call(context.catalogue.listings.last_scan))
        account = context.caller_id
        if account == context.user.id or state.caller in ("", account):
            members = dict.fromkeys(listed)
            if missing and stored:
                members |= dict.fromkeys(await call(albums.members, album.id))
            state = AlbumState(
                position=state.position,
                comments_stored=state.comments_stored,
                missing=missing,
                scan=state.scan,
                caller=account,
            )
            await write_album(context, album, list(members), state)
