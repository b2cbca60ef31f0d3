"""The jobs that workers take, and the context that all workers of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flickr_mirror.engine.workers.turns import Turns

if TYPE_CHECKING:
    from flickr_mirror.catalogue.catalogue import Catalogue
    from flickr_mirror.catalogue.rows import StoredPhoto
    from flickr_mirror.engine.dispatcher import Dispatcher
    from flickr_mirror.engine.language_detector import LanguageDetector
    from flickr_mirror.engine.workers.file_copies import FileCopies
    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.languages import Locale
    from flickr_mirror.models.options import Limits, MirrorOptions
    from flickr_mirror.models.reports import MirrorReport
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.models.sources import Source
    from flickr_mirror.models.users import FlickrUser
    from flickr_mirror.storage.free_space import FreeSpace
    from flickr_mirror.storage.store import Store


@dataclass(frozen=True, slots=True)
class Job:
    """A photo that a worker takes, as the catalogue knows it."""

    stored: StoredPhoto

    @property
    def photo_id(self) -> str:
        """The id of the photo."""
        return self.stored.photo.id


@dataclass(frozen=True, slots=True)
class ImageJob(Job):
    """A photo whose image is to be downloaded in this size.

    `films` are the files of a video and `sizes` its images, best first, if they were requested just before.
    """

    size: FlickrPhotoSize
    films: list[FlickrPhotoSize] = field(default_factory=list)
    sizes: list[FlickrPhotoSize] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InfoJob(Job):
    """A photo whose information is to be written; `locales` are those of its title and possibly its description."""

    locales: tuple[Locale, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """The objects that the page producer and all workers of a run share: the API, the mirror, the receivers of results.

    Its attributes are many because it is the only value that is passed to each of them.
    """

    user: FlickrUser
    api: AsyncFlickrApi
    copies: FileCopies
    detector: LanguageDetector
    store: Store
    dispatcher: Dispatcher
    report: MirrorReport
    emit: Observer
    options: MirrorOptions
    limits: Limits
    sidecar_turns: Turns = field(default_factory=Turns)
    """Held by photo while a sidecar file is read and written, because jobs of several kinds write to it."""
    space: FreeSpace | None = None
    """Keeps a part of the disk free, if that was requested."""
    source: Source | None = None
    """The list that is mirrored; `None` for the photostream of `user`."""

    @property
    def caller_id(self) -> str:
        """The NSID of the account that is logged in; empty without a login."""
        return self.api.caller.id if self.api.caller else ""

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of the mirror; call its methods through the dispatcher."""
        return self.dispatcher.catalogue
