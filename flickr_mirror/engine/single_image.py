"""Downloads the image of a single photo into a mirror, without a run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flickr_mirror.engine.mirror_store import open_store
from flickr_mirror.errors import ImageGoneError, NoSizeError, PhotoForgottenError
from flickr_mirror.flickr.bandwidth import BandwidthLimiter
from flickr_mirror.flickr.concurrency import DownloadSlots
from flickr_mirror.flickr.downloader import ImageFetcher
from flickr_mirror.flickr.image_servers import REFUSALS
from flickr_mirror.models.sizes import whole_pictures
from flickr_mirror.models.visibility import is_public
from flickr_mirror.storage.locks import locked
from flickr_mirror.storage.tombstones import read_tombstones

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.flickr.downloader import Fetched, ImageFile
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.options import Limits
    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.mirror_folder import MirrorFolder


async def download_image(
    api: AsyncFlickrApi,
    cache: MirrorFolder,
    user: FlickrUser,
    name: str,
    photo: FlickrPhoto,
    limits: Limits,
    emit: Observer,
    store: str,
) -> Path:
    """Return the path of the photo's image, downloaded in the largest size that is served; fill in its sizes.

    `name` is how the caller names the user, `store` the address of the bucket if one was requested. Raises like
    `PhotostreamMirror.cache_photo_image`.
    """
    opened = open_store(cache, user, emit, asked_for=name, wanted=store, timing=limits.timing)
    with locked(cache.lock, cache.folder):
        async with opened:
            return await _download(api, cache, user, name, photo, limits)


async def _download(
    api: AsyncFlickrApi, cache: MirrorFolder, user: FlickrUser, name: str, photo: FlickrPhoto, limits: Limits
) -> Path:
    cache.prepare(user, name)
    if not is_public(photo):
        cache.files.keep_private()
    if photo.id in read_tombstones(cache.state):
        raise PhotoForgottenError(f"Photo {photo.id} was forgotten: undo that to mirror it.")
    photo.sizes = await api.get_photo_sizes(photo.id)
    slots = DownloadSlots(1, timing=limits.timing)
    fetcher = ImageFetcher(api.http_client, slots, BandwidthLimiter(limits.bwlimit))
    async with cache.files.new_file() as part:
        fetched = await _fetch_largest(fetcher, whole_pictures(photo.sizes), part)
        photo.extension = fetched.picture.extension
        path = cache.files.path(photo.id, photo.extension)
        await part.commit(path, partial(cache.files.check_name, photo.id))
    return path


async def _fetch_largest(fetcher: ImageFetcher, sizes: list[FlickrPhotoSize], file: ImageFile) -> Fetched:
    refusal: Exception = NoSizeError("Flickr lists no image of this photo.")
    for size in sizes:
        try:
            return await fetcher.fetch_verified(size, file, partial(_same, size))
        except ImageGoneError as error:
            if error.status not in REFUSALS:
                raise
            refusal = refusal if isinstance(refusal, ImageGoneError) else error
    raise refusal


async def _same(size: FlickrPhotoSize) -> FlickrPhotoSize:
    return size  # Flickr returned it a moment ago
