"""Mirrors the albums of an account with their photos in order, their comments, and the tree of collections."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.engine.album_update import MAX_WALKS, detect, mark_gone, update_album
from flickr_mirror.engine.failure_policy import ENDING
from flickr_mirror.errors import AlbumNotFoundError, FlickrApiError, LoginError, TransportError
from flickr_mirror.flickr.albums import get_album, get_album_page, get_collections
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.events import Notice
from flickr_mirror.models.list_result import ListResult
from flickr_mirror.storage.album_document import GROUP, TREE, name_of, texts_of_tree, tree_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flickr_mirror.catalogue.albums import Albums, StoredAlbum
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.albums import FlickrAlbum, FlickrCollection

MAX_VERIFIED = 100
"""The most albums that one run asks about because Flickr did not list them."""
_NAMED = 5  # ids in a notice


async def mirror_albums(context: JobContext, full: bool) -> ListResult:  # noqa: FBT001 - the type of `AccountList`
    """Mirror the albums that are new or have changed, and all of them after a `full` scan of the photostream.

    An album has a note of the last full scan before it was walked, so a later run continues after an interruption.
    """
    return await AlbumMirror(context, full=full).run()


class AlbumMirror:
    """Mirrors the albums of one account.

    What an account shows depends on the caller. An album that was mirrored with a login is updated only with the same
    login or the owner's: without it, the photos that only the login sees would be lost.
    """

    def __init__(self, context: JobContext, *, full: bool) -> None:
        self._context = context
        self._full = full
        self._client = context.api.http_client
        self._caller = context.caller_id
        self._scan: int | None = None
        self._changed = 0
        self._left = 0
        self._refused: list[FlickrApiError] = []

    @property
    def _albums(self) -> Albums:
        return self._context.catalogue.albums

    @property
    def _is_owner(self) -> bool:
        return self._caller == self._context.user.id

    async def run(self) -> ListResult:
        """Mirror albums that are new, changed or due. Raises what the calls raise; albums stored by then stay."""
        context = self._context
        call = context.dispatcher.call
        self._scan = await call(context.catalogue.listings.last_scan)
        known = await call(self._albums.ids, None if self._is_owner else ("", self._caller))
        documents = set(await to_thread.run_sync(context.store.list_documents, GROUP))
        ask = partial(get_album_page, self._client, context.user.id, context.limits.page_size)
        walk = ListWalk(ask, lambda album: album.id, expected=len(known))
        listed: list[str] = []
        async for albums in walk.pages():
            stored = await call(self._albums.find, [album.id for album in albums])
            for album in albums:
                await self._attempt(album, stored.get(album.id), is_there=name_of(album.id) in documents)
            listed += [album.id for album in albums]
        if walk.total is None:
            raise TransportError("flickr.photosets.getList: the answer has no list.")
        if walk.is_complete:
            # the order of a caller who sees only some of the albums would not fit that of the others
            if not self._left:
                await call(self._albums.place, listed, self._scan)
            await self._verify(set(known).difference(listed))
        else:
            context.emit(
                Notice(
                    f"Flickr counts {walk.total:,} albums, and listed {len(listed):,}. The next run asks again; no "
                    "album is marked as gone because of this list."
                )
            )
        await self._mirror_tree()
        await self._report()
        if self._refused:
            raise self._refused[0]
        count, gone = await call(self._albums.counts)
        return ListResult(count - gone, self._changed)

    async def _attempt(self, album: FlickrAlbum, stored: StoredAlbum | None, *, is_there: bool) -> None:
        """Mirror an album if that is due; one that Flickr refuses does not keep the others from being mirrored."""
        if stored and not self._may_update(stored):
            self._left += 1
            return
        try:
            self._changed += await update_album(
                self._context, album, stored, self._scan, full=self._full, is_there=is_there
            )
        except ENDING:
            raise
        except FlickrApiError as error:
            message = f"album {album.id} ({album.title!r}): {error} (Flickr's code {error.code})."
            self._refused.append(FlickrApiError(message, error.code, error.method))

    def _may_update(self, stored: StoredAlbum) -> bool:
        return self._is_owner or stored.state.caller in ("", self._caller)

    async def _verify(self, absent: set[str]) -> None:
        """Ask Flickr about known albums that its list does not have. Only its own answer marks one as gone."""
        context = self._context
        stored = await context.dispatcher.call(self._albums.find, sorted(absent)[:MAX_VERIFIED])
        for album_id, album in stored.items():
            try:
                await get_album(self._client, context.user.id, album_id)
            except AlbumNotFoundError:
                await mark_gone(context, album)
                self._changed += 1

    async def _mirror_tree(self) -> None:
        context = self._context
        call = context.dispatcher.call
        if self._left:  # this caller may see less of the tree than the one who listed these albums
            return
        if not self._full and await call(self._albums.is_tree_current, self._scan):
            return
        try:
            tree = await get_collections(self._client, context.user.id)
            if await call(self._albums.collection_ids) - _ids_of(tree):  # deleted, or left out of one answer
                tree = await get_collections(self._client, context.user.id)
        except LoginError as error:
            if self._caller:
                raise
            context.emit(Notice(f"The collections of albums were not mirrored: {error}"))
            return
        order = await call(self._albums.ids)
        locales = await detect(context, texts_of_tree(tree))
        document = tree_document(tree, order, context.user, locales)
        await to_thread.run_sync(context.store.write_document, TREE, document)
        await call(self._albums.store_tree, tree, self._scan)

    async def _report(self) -> None:
        context = self._context
        if self._left:
            context.emit(
                Notice(
                    f"{self._left:,} albums were mirrored with a login, and are left as they are: run again with that "
                    "login to update them."
                )
            )
        if not self._changed:
            return
        count, ids = await context.dispatcher.call(self._albums.unlisted, _NAMED)
        if count:
            context.emit(
                Notice(
                    f"{count:,} photos of albums are in no listing: they are private, or newer than the listing. The "
                    f"albums keep their ids: {', '.join(ids)}{', ...' if count > len(ids) else ''}."
                )
            )
        albums, photos = await context.dispatcher.call(self._albums.incomplete)
        if photos:
            context.emit(
                Notice(
                    f"Flickr counts {photos:,} more photos in {albums:,} albums than it lists there. They are requested"
                    f" in {MAX_WALKS} runs, and again when the albums change."
                )
            )


def _ids_of(tree: Iterable[FlickrCollection]) -> set[str]:
    return {collection.id for root in tree for collection in root.walk()}
