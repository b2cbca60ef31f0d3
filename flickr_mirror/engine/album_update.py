"""Mirrors one album: its document and its rows, if it is new, has changed or is due."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.catalogue.albums import AlbumState
from flickr_mirror.engine.failure_policy import ENDING
from flickr_mirror.errors import AlbumNotFoundError, FlickrApiError, TransportError
from flickr_mirror.flickr.albums import get_album_comments, get_member_page
from flickr_mirror.flickr.list_walk import ListWalk
from flickr_mirror.models.events import Notice
from flickr_mirror.models.languages import Label
from flickr_mirror.storage.album_document import AlbumFile, album_document, name_of, read_album

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.catalogue.albums import StoredAlbum
    from flickr_mirror.engine.workers.jobs import JobContext
    from flickr_mirror.models.albums import FlickrAlbum
    from flickr_mirror.models.languages import Locale
    from flickr_mirror.models.photos import FlickrComment

MAX_WALKS = 3
"""In how many runs in a row an album is walked whose photos do not add up to Flickr's count."""
_SLICE = 1000  # texts whose languages are detected in one call


async def update_album(
    context: JobContext,
    album: FlickrAlbum,
    stored: StoredAlbum | None,
    scan: int | None,
    *,
    full: bool,
    is_there: bool,
) -> bool:
    """Mirror an album if it is new, has changed or is due; return whether anything was new.

    `scan` is the time of the last full scan of the photostream, after which all albums are due, `full` whether this run
    made it. `is_there` is whether the document of the album exists.
    """
    state = stored.state if stored else AlbumState()
    has_changed = stored is None or not is_there or _essentials(stored.album) != _essentials(album)
    is_due = full or (scan is not None and state.scan is not None and state.scan < scan)
    is_unfinished = bool(state.missing or state.gone) and state.walks < MAX_WALKS
    if has_changed or is_due or is_unfinished:
        walks = 1 if has_changed or is_due else state.walks + 1
        state = replace(state, walks=walks, scan=scan, caller=context.caller_id)
        try:
            members, missing = await _list_members(context, album, walks)
        except (
            AlbumNotFoundError
        ):  # listed, but deleted since then, or without a photo that the caller may see
            state = replace(state, gone=state.gone or int(time.time()))
            return await write_album(context, album, None, state)
        return await write_album(context, album, members, replace(state, missing=missing, gone=None))
    if context.options.wants_comments and album.comment_count != state.comments_stored:
        return await write_album(context, album, None, state)
    return False


async def mark_gone(context: JobContext, stored: StoredAlbum) -> None:
    """Record that Flickr no longer has an album. Everything that is mirrored of it is kept."""
    album = stored.album
    await write_album(context, album, None, replace(stored.state, gone=int(time.time()), walks=0))
    context.emit(
        Notice(f"Album {album.id} ({album.title!r}) is no longer on Flickr. It is kept in the mirror.")
    )


async def write_album(
    context: JobContext, album: FlickrAlbum, members: Sequence[str] | None, state: AlbumState
) -> bool:
    """Write the document of an album, store it with the ids of its photos, and return whether the document is new.

    `None` as `members` keeps those that are stored. The comments are mirrored if the options request them and their
    number has changed. The document is durable before the catalogue has the album: an interruption between the two
    repeats the work.
    """
    call, store, albums = context.dispatcher.call, context.store, context.catalogue.albums
    known = read_album(await to_thread.run_sync(store.read_document, name_of(album.id)))
    comments = known.comments if known else None
    if comments is None:
        state = replace(state, comments_stored=None)
    is_asked = context.options.wants_comments and state.gone is None
    if is_asked and album.comment_count != state.comments_stored:
        try:
            comments = await _comments(context, album)
            state = replace(state, comments_stored=album.comment_count)
        except ENDING:
            raise
        except FlickrApiError as error:
            text = f"The comments on album {album.id} were not mirrored: {error}. The next run tries again."
            context.emit(Notice(text))
    locales = await detect(context, [album.title, album.description])
    file = AlbumFile(
        album=album,
        photo_ids=await call(albums.members, album.id) if members is None else members,
        comments=comments,
        missing=state.missing,
        caller=state.caller,
        gone=state.gone,
    )
    title, description = (Label(text, locales[text]) for text in (album.title, album.description))
    document = album_document(file, context.user, title, description)
    is_new = await to_thread.run_sync(store.write_document, name_of(album.id), document)
    await call(albums.store, album, members, state)
    return is_new


async def detect(context: JobContext, texts: Sequence[str]) -> dict[str, Locale]:
    """Return the locale of each text."""
    different = list(dict.fromkeys(texts))
    locales: dict[str, Locale] = {}
    for start in range(0, len(different), _SLICE):
        part = different[start : start + _SLICE]
        locales.update(zip(part, await context.detector.detect(part), strict=True))
    return locales


async def _list_members(context: JobContext, album: FlickrAlbum, walks: int) -> tuple[list[str], int]:
    """Return the ids of an album's photos in order, and how many more Flickr counts.

    Photos that an earlier walk found stay, after the others, until `MAX_WALKS` walks in a row did not find them.
    """
    client, size = context.api.http_client, context.limits.page_size
    walk = ListWalk(
        partial(get_member_page, client, context.user.id, album.id, size), str, expected=album.count
    )
    members: dict[str, None] = {}
    async for page in walk.pages():
        members |= dict.fromkeys(page)
    if walk.total is None:
        raise TransportError(f"flickr.photosets.getPhotos: the answer about album {album.id} has no list.")
    missing = max(walk.total, album.count, len(members)) - len(members)
    if missing and walks < MAX_WALKS:
        members |= dict.fromkeys(await context.dispatcher.call(context.catalogue.albums.members, album.id))
    return list(members), missing


async def _comments(context: JobContext, album: FlickrAlbum) -> list[tuple[FlickrComment, Label]]:
    if not album.comment_count:
        return []
    comments = await get_album_comments(context.api.http_client, album.id)
    locales = await detect(context, [comment.content for comment in comments])
    return [(comment, Label(comment.content, locales[comment.content])) for comment in comments]


def _essentials(album: FlickrAlbum) -> tuple[object, ...]:
    """Return the values that change only with the photos of an album."""
    return album.updated, album.photo_count, album.video_count, album.cover, album.title, album.description
