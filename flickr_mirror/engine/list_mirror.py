"""The mirror of a list of photos: favourites, a gallery, the pool of a group, or the photos of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.engine.mirror import PhotostreamMirror
from flickr_mirror.engine.mirror_run import MirrorRun, Target
from flickr_mirror.flickr.sources import find_source
from flickr_mirror.models.events import Notice
from flickr_mirror.models.sources import source_address
from flickr_mirror.models.users import FlickrUser
from flickr_mirror.storage.list_folders import list_folder

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.events import RunPlanned
    from flickr_mirror.models.options import MirrorOptions
    from flickr_mirror.models.photos import FlickrPhoto

# https://www.flickr.com/help/terms/api
DUTY = (
    "These are photos of others, and their licences apply: each JSON file names the owner and the licence. Flickr's "
    "terms require removing a photo within 24 hours if its owner asks for that, or removes it from Flickr: use "
    "`mirror_flickr forget`, or --full-scan with --prune, which moves away what is not in the list any more."
)


class ListRun(MirrorRun):
    """One run for the list whose address is `name`."""

    async def _find(self, api: AsyncFlickrApi) -> Target:
        """Return the list that is mirrored. Raises `UserNotFoundError` or `PhotostreamError`."""
        source = await find_source(api, source_address(self._name))
        cache = list_folder(self._root, source, self._options.cache_directory_depth)
        self._emit(Notice(DUTY))
        return Target(FlickrUser(source.user.id, source.title), cache, source=source)


class ListMirror(PhotostreamMirror):
    """The mirror of a list of photos at Flickr, which are mostly photos of others, in a folder of its own.

    `username` is the address of favourites, of a gallery, of the pool of a group, or of the photos of a person. The
    other arguments are those of `PhotostreamMirror`. Flickr does not promise that such a list is complete, so a run
    mirrors what it shows.

    Raises `ValueError` for another address, and for options that are for a photostream: a window of upload time, and
    `include`.
    """

    _run_class = ListRun

    @staticmethod
    def _check(name: str, options: MirrorOptions) -> None:
        source_address(name)
        if options.window is not None or options.include:
            raise ValueError("since, until and include are for photostreams, and not for a list.")

    async def find_user(self) -> FlickrUser:
        """Return the account or the group of the list. Raises `UserNotFoundError` or `PhotostreamError`."""
        async with self._open() as api:
            return (await find_source(api, source_address(self.name))).user

    async def estimate(self) -> RunPlanned:
        """Raise `ValueError`: the cost of a list is not known before it is listed."""
        raise ValueError("A run for a list cannot be estimated: use max_photos to try a part of it.")

    async def cache_photo_image(self, photo: FlickrPhoto) -> Path:
        """Raise `ValueError`: only a run mirrors the photos of a list."""
        raise ValueError(f"Photo {photo.id} cannot be mirrored alone into the mirror of a list.")
