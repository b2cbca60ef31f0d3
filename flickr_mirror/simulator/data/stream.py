"""A photostream that can change, of which only the ids and upload times are stored."""

from __future__ import annotations

import time
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

from flickr_mirror.simulator.data.lists import SimulatedLists
from flickr_mirror.simulator.data.photo import Changes, SimulatedPhoto
from flickr_mirror.simulator.data.photo_table import PhotoTable
from flickr_mirror.simulator.data.sizes import Kind, Mix
from flickr_mirror.simulator.data.texts import LONGEST_CONVERSATION, comment_of_a_visitor
from flickr_mirror.simulator.data.upload_index import UploadIndex
from flickr_mirror.simulator.data.uploads import NEWEST_UPLOAD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flickr_mirror.simulator.data.albums import SimulatedAlbum, SimulatedCollection
    from flickr_mirror.simulator.data.sizes import Dims


class SimulatedPhotostream:
    """The photos of one account, generated from `seed` on demand.

    `newest` is the second of the last upload, `commented` the share of the `count` initial photos that have
    comments, `same_second` how many photos in the middle have the same second. `image_dims` are the
    pixels of the plain and large originals (`image_shapes`: several, in turn). `noise` makes the files as large as
    those of a camera; `original_file` returns the JPEG file of a photo instead of a generated one. Ids of two
    accounts differ as long as their last two digits (`id_suffix`) do. `contacts` are the NSIDs of the owner's contacts:
    each is one of the `friends`, of the `family`, or of the `friends and family`.

    `albums` and `collections` can be changed at any time, `lists` are the other lists of the account.
    `photos_built` counts the photos that were generated so far.
    `visits` is how often each photo was viewed besides its first views; every tenth visitor adds it to their
    favourites. (It has more than ten attributes because each is one parameter of the account, or one index of the
    photos.)
    """

    def __init__(
        self,
        count: int,
        *,
        nsid: str = "72157600@N07",
        username: str = "saigon_archive",
        path_alias: str | None = "saigon-archive",
        real_name: str = "",
        is_pro: bool = True,
        deleted: bool = False,
        newest: int | None = None,
        seed: int = 0,
        mix: Mix = Mix.PLAIN,
        commented: float = 0.25,
        same_second: int = 0,
        image_dims: Dims | None = None,
        noise: bool = False,
        original_file: Callable[[SimulatedPhoto], bytes] | None = None,
    ) -> None:
        self.nsid = nsid
        self.username = username
        self.path_alias = path_alias
        self.real_name = real_name
        self.is_pro = is_pro
        self.deleted = deleted
        self.seed = seed
        self.mix = mix
        self.image_shapes: Sequence[Dims] = (image_dims,) if image_dims else ()
        self.noise = noise
        self.original_file = original_file
        self.base_url = "https://live.staticflickr.com"
        self.clock: Callable[[], float] = time.time
        self.albums: list[SimulatedAlbum] = []
        self.collections: list[SimulatedCollection] = []
        self.lists = SimulatedLists()
        self.photos_built = 0
        self.visits = 0
        self._commented = commented
        self._initial_count = count
        self.contacts: dict[str, str] = {}
        self.id_suffix = crc32(nsid.encode()) % 100
        newest = NEWEST_UPLOAD if newest is None else newest
        self._table = PhotoTable(count, newest, same_second, seed, self.id_suffix)

    def __len__(self) -> int:
        return len(self._table.public)

    def __contains__(self, photo_id: object) -> bool:
        """Return whether this photo is public."""
        return isinstance(photo_id, str) and self.is_seen_by(photo_id, None)

    def exists(self, photo_id: str) -> bool:
        """Return whether there is such a photo, public or hidden."""
        return int(photo_id) in self._table

    @property
    def ids(self) -> list[str]:
        """The ids of the public photos, newest upload first."""
        return [str(photo_id) for photo_id in reversed(self._table.public.ids)]

    @property
    def first_upload(self) -> int | None:
        """The second of the oldest public photo; `None` if there is none."""
        return self._table.public.times[0] if len(self._table.public) else None

    def photo(self, photo_id: str) -> SimulatedPhoto:
        """Return the current state of a photo, public or hidden. Raises `KeyError` if it does not exist."""
        if not photo_id.isdecimal():
            raise KeyError(photo_id)
        number = int(photo_id)
        position = self._table.position(number)
        self.photos_built += 1
        changes = self._table.changes_of(number)
        return SimulatedPhoto(
            photo_id,
            position,
            self._table.uploaded(number),
            changes.kind or self.mix.kind(position),
            self.nsid,
            self.seed,
            self._has_first_comments(position),
            changes,
            self.base_url,
            self.image_shapes,
            self.mix.kind(position),
        )

    def page(
        self,
        *,
        page: int = 1,
        per_page: int = 100,
        min_upload_date: int | None = None,
        max_upload_date: int | None = None,
        viewer: str | None = None,
        only_safe: bool = False,
    ) -> tuple[list[SimulatedPhoto], int, int, int]:
        """Return a page of the photos between two seconds (both included), newest first, as in `UploadIndex.page`.

        `viewer` is the NSID of the account that is logged in, `None` for visitors, who only see safe photos.
        """
        index = self.seen_by(viewer, only_safe=only_safe)
        ids, page, pages, total = index.page(page, per_page, min_upload_date, max_upload_date)
        return [self.photo(str(number)) for number in ids], page, pages, total

    def seen_by(self, viewer: str | None, *, only_safe: bool = False) -> UploadIndex:
        """Return the index of the photos that an account, or a visitor, sees."""
        if viewer is None:
            return self._table.public
        if viewer == self.nsid and not only_safe:
            return self._table.all
        seen = [
            (number, time)
            for number, time in zip(self._table.all.ids, self._table.all.times, strict=True)
            if self._is_seen_by(number, viewer)
            and not (only_safe and self._table.changes_of(number).safety_level)
        ]
        return UploadIndex(*(array("q", [row[column] for row in seen]) for column in (0, 1)))

    def is_seen_by(self, photo_id: str, viewer: str | None) -> bool:
        """Return whether an account, or a visitor, sees a photo."""
        return photo_id.isdecimal() and self._is_seen_by(int(photo_id), viewer)

    def _is_seen_by(self, number: int, viewer: str | None) -> bool:
        if viewer is None:
            return self._table.is_public(number)
        if number not in self._table:
            return False
        changes = self._table.changes_of(number)
        words = set(changes.privacy.split()) & set(self.contacts.get(viewer, "").split()) - {"and"}
        return viewer == self.nsid or changes.privacy == "public" or bool(words)

    def updated_since(self, second: int) -> list[SimulatedPhoto]:
        """Return the photos that changed since a second, or were uploaded or got comments, latest change first."""
        numbers = self._table.updated_since(second, LONGEST_CONVERSATION)
        photos = [self.photo(str(number)) for number in numbers]
        found = [photo for photo in photos if photo.updated >= second]
        return sorted(found, key=lambda photo: (photo.updated, photo.id), reverse=True)

    def upload(self, count: int = 1, *, at: int | None = None, kind: Kind | None = None) -> list[str]:
        """Add photos without comments, uploaded in one second (now by default); return their ids."""
        uploaded = self._now(at)
        numbers = [self._table.add(uploaded, Changes(kind=kind)) for _ in range(count)]
        return [str(number) for number in numbers]

    def edit(
        self,
        photo_id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        tags: str | None = None,
        taken: str | None = None,
        kind: Kind | None = None,
        privacy: str | None = None,
        safety_level: int | None = None,
        at: int | None = None,
    ) -> None:
        """Change a photo's texts, its other attributes, or its kind (such as a video that becomes ready).

        Visitors only see it if its `privacy` is `public` and its `safety_level` 0.
        """
        now = self.photo(photo_id).changes
        self._change(
            photo_id,
            at,
            replace(
                now,
                title=now.title if title is None else title,
                description=now.description if description is None else description,
                tags=now.tags if tags is None else tags,
                taken=taken or now.taken,
                kind=kind or now.kind,
                privacy=privacy or now.privacy,
                safety_level=now.safety_level if safety_level is None else safety_level,
            ),
        )

    def add_comment(self, photo_id: str, text: str, *, at: int | None = None) -> None:
        """Add a visitor's comment to a photo."""
        now = self.photo(photo_id).changes
        comment = comment_of_a_visitor(text, self._now(at))
        self._change(photo_id, at, replace(now, comments=(*now.comments, comment)))

    def add_faves(self, photo_id: str, count: int) -> None:
        """Let more people mark a photo as a favourite, which is no change of the photo."""
        now = self.photo(photo_id).changes
        self._table.change(int(photo_id), replace(now, faves=now.faves + count))

    def replace_image(self, photo_id: str, *, at: int | None = None) -> None:
        """Replace the image of a photo: its secrets and its bytes change, its id does not."""
        now = self.photo(photo_id).changes
        self._change(photo_id, at, replace(now, revision=now.revision + 1))

    def redate(self, photo_id: str, uploaded: int) -> None:
        """Change the upload time of a photo."""
        self._table.redate(int(photo_id), uploaded)
        self._change(photo_id, None, self.photo(photo_id).changes)

    def hide(self, photo_id: str) -> None:
        """Make a public photo private, without an update."""
        if photo_id in self:
            self._table.change(int(photo_id), replace(self.photo(photo_id).changes, privacy="private"))

    def publish(self, photo_id: str) -> None:
        """Make a private photo public again, with its upload time unchanged, without an update."""
        if self.is_seen_by(photo_id, self.nsid):
            self._table.change(int(photo_id), replace(self.photo(photo_id).changes, privacy="public"))

    def delete(self, photo_id: str) -> None:
        """Delete a photo permanently."""
        self.hide(photo_id)
        self._table.remove(int(photo_id))

    def _now(self, at: int | None) -> int:
        return int(self.clock()) if at is None else at

    def _change(self, photo_id: str, at: int | None, changes: Changes) -> None:
        self._table.change(int(photo_id), replace(changes, updated=self._now(at)))

    def _has_first_comments(self, position: int) -> bool:
        """Return whether this initial photo has comments, so that the share of such photos is exact."""
        if position >= self._initial_count:
            return False
        before, after = (int(number * self._commented + 1e-9) for number in (position, position + 1))
        return after > before
