"""The index of one mirror: a facade for the parts that share one SQLite file.

All parts block. Event loops call them in a thread, one call at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from flickr_mirror.catalogue.albums import Albums
from flickr_mirror.catalogue.archive import Archive
from flickr_mirror.catalogue.callers import Callers
from flickr_mirror.catalogue.coverage import CoverageStore
from flickr_mirror.catalogue.database import Database
from flickr_mirror.catalogue.details import Details
from flickr_mirror.catalogue.files import Files
from flickr_mirror.catalogue.forgotten import Forgotten
from flickr_mirror.catalogue.gone_photos import GonePhotos
from flickr_mirror.catalogue.imports import Imports
from flickr_mirror.catalogue.listings import ListingStore
from flickr_mirror.catalogue.outcomes import Outcomes
from flickr_mirror.catalogue.photo_rows import PhotoRows
from flickr_mirror.catalogue.photo_totals import PhotoTotals
from flickr_mirror.catalogue.refetches import Refetches
from flickr_mirror.catalogue.scope import Scope
from flickr_mirror.catalogue.size_evidence import SizeEvidenceStore
from flickr_mirror.catalogue.statistics import Statistics
from flickr_mirror.catalogue.update_times import UpdateTimes
from flickr_mirror.catalogue.value_checks import check
from flickr_mirror.catalogue.work_list import WorkList

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager
    from pathlib import Path

    from flickr_mirror.catalogue.walk_result import PageChanges
    from flickr_mirror.models.photos import FlickrPhoto


class Catalogue:
    """The index of one mirror. Every method, also of its parts, raises `CatalogueError` or `CacheFullError`
    where SQLite fails.

    A catalogue opened `for_reading` is not changed, and can be read while a run writes to it.

    It has more than 10 attributes because each one is a part of it, with methods of its own:

    - `callers`: who a run lists as, and for whom each photo was listed
    - `work_list`: the photos that a run has left to mirror
    - `outcomes`: the outcome of each photo on the work list
    - `listings`: stores the pages of a walk through the photostream
    - `photos`: the rows of photos, written by listings and by a rebuild
    - `imports`: the photos of account exports
    - `coverage`: the upload times that are listed
    - `updates`: the time from which changes of the caller's own photos must be listed
    - `totals`: how many photos are known, to compare with Flickr's counts
    - `files`: the files on disk
    - `details`: the details that need a call for each photo
    - `gone_photos`: photos that are no longer at Flickr, or may not be
    - `forgotten`: photos that were erased on request
    - `albums`: the albums with their photos, and the collections
    - `statistics`: counts of the whole mirror
    - `archive`: the photos with files, for programs that use a mirror
    - `scope`: which photos a run works on
    """

    def __init__(self, path: Path, *, for_reading: bool = False) -> None:
        database = self._database = Database(path, for_reading=for_reading)
        refetches = Refetches(database)
        sizes = SizeEvidenceStore(database)
        try:
            self.callers = Callers(database)  # which reads who the caller is
        except BaseException:
            database.close()
            raise
        self.scope = Scope(database, self.callers)
        self.files = Files(database, self.scope)
        self.albums = Albums(database)
        self.coverage = CoverageStore(database, self.callers)
        self.updates = UpdateTimes(database, self.callers, self.coverage)
        self.details = Details(database, self.scope)
        self.gone_photos = GonePhotos(database, self.callers, self.files, self.details)
        self.forgotten = Forgotten(database, self.coverage, self.files, self.details)
        self.photos = PhotoRows(database, self.callers, self.files, self.details)
        self.imports = Imports(database, self.callers, self.photos)
        self.totals = PhotoTotals(database, self.callers, self.coverage, self.gone_photos)
        self.listings = ListingStore(
            database,
            callers=self.callers,
            photos=self.photos,
            coverage=self.coverage,
            totals=self.totals,
            gone_photos=self.gone_photos,
            forgotten=self.forgotten,
            imports=self.imports,
            refetches=refetches,
            sizes=sizes,
        )
        self.archive = Archive(database)
        self.statistics = Statistics(database, self.scope, self.callers, self.details)
        self.work_list = WorkList(database, self.scope, refetches, sizes, self.details)
        self.outcomes = Outcomes(database, self.files, refetches, sizes, self.details)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @property
    def is_damaged(self) -> bool:
        """Whether a `CatalogueDamagedError` was raised."""
        return self._database.is_damaged

    @property
    def is_snapshot(self) -> bool:
        """Whether the file is read as it was when it was opened, without what is written later."""
        return self._database.is_snapshot

    def check(self) -> None:
        """Read every value, and raise `CatalogueDamagedError` if one cannot be read."""
        check(self._database)

    def store_page_of_album(
        self, photos: Collection[FlickrPhoto], *, info_waits: bool, comments: bool
    ) -> PageChanges:
        """Store photos of the album that the run is limited to, like `ListingStore.add_page`. They cover no time."""
        self.scope.add(photo.id for photo in photos)
        return self.listings.add_page(photos, None, settled_until=0, info_waits=info_waits, comments=comments)

    def transaction(self) -> AbstractContextManager[None]:
        """Return a context whose changes are all committed at its end, or none of them."""
        return self._database.transaction()

    def sync_commits(self) -> None:
        """Sync each commit from now on, so that a power loss undoes none: for work that moves files away."""
        self._database.sync_commits()

    def copy_to(self, path: Path) -> None:
        """Write a copy of the file as it is now to `path`, which must not exist."""
        self._database.copy_to(path)

    def set_note(self, name: str, value: object) -> None:
        """Store a value under a name; `None` deletes it."""
        self._database.set_note(name, value)

    def get_note(self, name: str) -> str | None:
        """Return the value stored under a name, as text; `None` if there is none."""
        return self._database.get_note(name)
