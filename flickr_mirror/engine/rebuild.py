"""Opens the catalogue of a mirror, and rebuilds it from the files if it is lost or damaged."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from anyio import to_thread

from flickr_mirror.catalogue.albums import AlbumState
from flickr_mirror.catalogue.catalogue import Catalogue
from flickr_mirror.catalogue.rows import RestoredPhoto, StateRow, Status, StoredFile
from flickr_mirror.catalogue.value_checks import can_be_stored
from flickr_mirror.engine.erasure import finish_erasing
from flickr_mirror.errors import BadImageError, CacheError, CatalogueDamagedError
from flickr_mirror.models.events import Notice
from flickr_mirror.models.sizes import SizeEvidence, same_pixels
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.album_document import GROUP, TREE, name_of, read_album, read_tree
from flickr_mirror.storage.media_decoding import decode
from flickr_mirror.storage.media_formats import PHOTO_EXTENSIONS, VIDEO_EXTENSIONS
from flickr_mirror.storage.media_inspection import inspect
from flickr_mirror.storage.owner import owner_of
from flickr_mirror.storage.sidecar import info_level_of, photo_from_sidecar, stored_details
from flickr_mirror.storage.store import sha256_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.mirror_folder import MirrorFolder
    from flickr_mirror.storage.store import Store

BATCH = 200
_EXTENSIONS = {
    **dict.fromkeys(PHOTO_EXTENSIONS, "image"),
    **dict.fromkeys(VIDEO_EXTENSIONS, "video"),
}


@asynccontextmanager
async def open_catalogue(
    cache: MirrorFolder, emit: Observer, *, anew: bool = False
) -> AsyncIterator[Catalogue]:
    """Open the catalogue of a mirror; rebuild it if it is missing or damaged, or if `anew`.

    A damaged file is kept beside the new one. If the damage shows only in use, the file is moved there at the end, and
    the next run rebuilds the catalogue. The caller holds the mirror's lock. Raises `CacheError`.
    """
    if anew:
        await to_thread.run_sync(_quarantine, cache)
    try:
        catalogue = await to_thread.run_sync(_open, cache.catalogue)
    except CatalogueDamagedError as error:
        kept = await to_thread.run_sync(_quarantine, cache)
        fault = str(error).partition(" The next run ")[0]
        emit(Notice(f"{fault} It is kept as {kept}, and rebuilt from the files."))
        catalogue = await to_thread.run_sync(_open, cache.catalogue)
    try:
        await to_thread.run_sync(
            finish_erasing, cache, catalogue
        )  # first, because a rebuild would find the files
        if not cache.is_new and await to_thread.run_sync(catalogue.listings.is_untouched):
            owner = await to_thread.run_sync(owner_of, cache.folder)
            await _rebuild(cache.files, catalogue, owner, emit, has_owner=cache.source is not None)
        yield catalogue
    finally:
        catalogue.close()
        if catalogue.is_damaged:  # otherwise, each run could end like this one
            with suppress(CacheError):
                emit(Notice(f"The damaged catalogue is kept as {_quarantine(cache)}."))


def read_catalogue(path: Path) -> Catalogue:
    """Open a catalogue for reading, and check it. A run may be in progress. Raises `CacheError`."""
    try:
        return _open(path, for_reading=True)
    except CatalogueDamagedError:
        # it also seems damaged if a run began while the file was opened as immutable
        return _open(path, for_reading=True)


def _open(path: Path, *, for_reading: bool = False) -> Catalogue:
    catalogue = Catalogue(path, for_reading=for_reading)
    try:
        catalogue.check()
    except BaseException:
        catalogue.close()
        raise
    return catalogue


def _quarantine(cache: MirrorFolder) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    kept = cache.catalogue.with_name(f"{cache.catalogue.name}.{stamp}")
    for ending in ("-shm", "-wal", ""):  # the file itself last, because the others are useless without it
        filesystem.move(
            cache.catalogue.with_name(cache.catalogue.name + ending), kept.with_name(kept.name + ending)
        )
    return kept


async def _rebuild(
    store: Store, catalogue: Catalogue, owner: FlickrUser, emit: Observer, *, has_owner: bool
) -> None:
    restore = partial(_restored, store, has_owner=has_owner)
    restored = unnamed = 0
    files = store.list_files()
    while batch := await to_thread.run_sync(lambda: list(islice(files, BATCH))):
        if not restored and not unnamed:
            emit(Notice("Rebuilding the catalogue from the files of the mirror: this reads all of them."))
        photos = await to_thread.run_sync(lambda: [restore(found) for found in batch])
        known = [photo for photo in photos if photo is not None]
        await to_thread.run_sync(catalogue.photos.restore, known)
        restored += len(known)
        unnamed += len(batch) - len(known)
    await to_thread.run_sync(catalogue.photos.end_restoring, owner)
    if unnamed:
        emit(
            Notice(
                f"{unnamed:,} photos cannot be restored from their files alone: the next listing identifies them."
            )
        )
    await to_thread.run_sync(_restore_albums, store, catalogue)
    if restored:
        emit(Notice(f"{restored:,} photos were restored to the catalogue from the files of the mirror."))


def _restore_albums(store: Store, catalogue: Catalogue) -> None:
    for name in store.list_documents(GROUP):
        file = read_album(store.read_document(name))
        if file is not None and name == name_of(file.album.id):
            comments = None if file.comments is None else file.album.comment_count
            state = AlbumState(
                comments_stored=comments, missing=file.missing, caller=file.caller, gone=file.gone
            )
            catalogue.albums.store(file.album, file.photo_ids, state)
    if tree := read_tree(store.read_document(TREE)):
        album_ids, collections = tree
        catalogue.albums.place(album_ids, None)
        catalogue.albums.store_tree(collections, None)


def _restored(store: Store, paths: Mapping[str, Path], *, has_owner: bool) -> RestoredPhoto | None:
    """Return the photo that an information file and the files beside it describe, `None` if they do not suffice."""
    try:
        with store.open_file(paths["json"]) as file:
            data = file.readall()
        info = json.loads(data)
    except (KeyError, OSError, ValueError, RecursionError):
        return None
    sidecar = photo_from_sidecar(info, has_owner=has_owner) if isinstance(info, dict) else None
    if sidecar is None or store.path(sidecar.photo.id, "json") != paths["json"]:
        return None
    photo, reduced = sidecar.photo, sidecar.reduced
    size = reduced["image"].size if "image" in reduced else sidecar.size
    if not can_be_stored(photo, _row(photo, size, set())):
        return None
    files = [StoredFile("info", "json", len(data), hashlib.sha256(data).digest())]
    for extension, path in paths.items():
        if kind := _EXTENSIONS.get(extension):
            files += _whole(store, path, kind, size)
    # before the catalogue has them: they may be a fresh copy, or those of a run that was killed
    store.make_durable([paths[file.extension] for file in files])
    row = _row(photo, sidecar.size, {file.kind for file in files})
    return RestoredPhoto(
        photo,
        row,
        info_level_of(info),
        files,
        reduced if row.image_status is Status.DONE else {},
        stored_details(info),
    )


def _whole(store: Store, path: Path, kind: str, size: FlickrPhotoSize | None) -> list[StoredFile]:
    """Return the row of an image or a film, if it is whole and of this size; at most one."""
    try:
        length = store.size(path)
        with store.open_file(path) as content:
            picture = inspect(content, (size.width, size.height) if size else None)
            if not picture.ends:
                decode(content)
            digest = sha256_of(content)
    except (BadImageError, OSError):
        return []
    if kind == "image" and (size is None or not same_pixels((picture.width, picture.height), size)):
        return []
    return [StoredFile(kind, path.suffix[1:], length, digest)]


def _row(photo: FlickrPhoto, size: FlickrPhotoSize | None, kinds: set[str]) -> StateRow:
    video = photo.facts.media == "video"
    is_there = kinds >= ({"image", "video"} if video else {"image"})
    # the listing settles what is missing; whole files are recognized then
    return StateRow(
        int(photo.id),
        photo.facts.uploaded or 0,
        video,
        size.label if size else None,
        size.width if size else None,
        size.height if size else None,
        "",
        SizeEvidence.ASKED if size and is_there else SizeEvidence.NONE,
        Status.DONE if is_there else Status.UNSETTLED,
        Status.DONE,
    )
