"""Stores the albums of an account export that the mirror does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.catalogue.albums import AlbumState
from flickr_mirror.models.albums import FlickrAlbum
from flickr_mirror.models.identifiers import is_photo_id
from flickr_mirror.models.languages import Label
from flickr_mirror.storage.album_document import AlbumFile, album_document, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.engine.dispatcher import Dispatcher
    from flickr_mirror.engine.language_detector import LanguageDetector
    from flickr_mirror.models.account_export import ExportAlbum
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.store import Store


async def store_albums(
    albums: Sequence[ExportAlbum],
    user: FlickrUser,
    store: Store,
    dispatcher: Dispatcher,
    detector: LanguageDetector,
) -> int:
    """Store the albums that the mirror does not have, and return their number.

    An album that the API listed is newer than the export. The owner made the export, so only runs with the owner's
    login change what it brought. Raises `CacheError`.
    """
    table = dispatcher.catalogue.albums
    wanted = {album.id: album for album in albums if is_photo_id(album.id)}
    known = await dispatcher.call(table.find, list(wanted))
    count = 0
    for album in wanted.values():
        if album.id in known:
            continue
        photo_ids = list(dict.fromkeys(album.photos))
        title, description = (
            Label(text, locale)
            for text, locale in zip(
                (album.title, album.description),
                await detector.detect((album.title, album.description)),
                strict=True,
            )
        )
        found = FlickrAlbum(
            id=album.id,
            title=album.title,
            description=album.description,
            cover=album.cover if is_photo_id(album.cover) else "",
            created=album.created,
            updated=album.updated,
            photo_count=len(photo_ids),
            owner=user.user_id,
        )
        file = AlbumFile(album=found, photo_ids=photo_ids, comments=None, caller=user.user_id)
        document = album_document(file, user, title, description)
        await to_thread.run_sync(store.write_document, name_of(album.id), document)
        await dispatcher.call(table.store, found, photo_ids, AlbumState(caller=user.user_id))
        count += 1
    return count
