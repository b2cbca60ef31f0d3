"""A photostream that can change, of which only the ids and upload times are stored."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING
from zlib import crc32

from flickr_mirror.simulator.data.lists import SimulatedLists
from flickr_mirror.simulator.data.photo import Changes, SimulatedPhoto
from flickr_mirror.simulator.data.sizes import Kind, Mix
from flickr_mirror.simulator.data.texts import LONGEST_CONVERSATION, comment_of_a_visitor
from flickr_mirror.simulator.data.upload_index import UploadIndex
from flickr_mirror.simulator.data.uploads import NEWEST_ID, NEWEST_UPLOAD, generate_ids, generate_times

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

    `albums` and `collections` can be changed at any time, `lists` is what else the account has beside its photos.
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
        self._changes: dict[int, Changes] = {}
        self._deleted: set[int] = set()
        self.contacts: dict[str, str] = {}
        self.id_suffix = crc32(nsid.encode()) % 100
        self._fill(count, NEWEST_UPLOAD if newest is None else newest, same_second)

    def __len__(self) -> int:
        return len(self._public)

    def __contains__(self, photo_id: object) -> bool:
        """Return whether this photo is public."""
        number = int(photo_id) if isinstance(photo_id, str) and photo_id.isdecimal() else -1
        return self._is_seen_by(number, None)

    def exists(self, photo_id: str) -> bool:
        """Return whether there is such a photo, public or hidden."""
        return self._position(int(photo_id)) is not None and int(photo_id) not in self._deleted

    @property
    def ids(self) -> list[str]:
        """The ids of the public photos, newest upload first."""
        return [str(photo_id) for photo_id in reversed(self._public.ids)]

    @property
    def first_upload(self) -> int | None:
        """The second of the oldest public photo; `None` if there is none."""
        return self._public.times[0] if len(self._public) else None

    def photo(self, photo_id: str) -> SimulatedPhoto:
        """Return the current state of a photo, public or hidden. Raises `KeyError` if it does not exist."""
        number = int(photo_id) if photo_id.isdecimal() else -1
        position = self._position(number)
        if position is None or number in self._deleted:
            raise KeyError(photo_id)
        self.photos_built += 1
        changes = self._changes_of(number)
        return SimulatedPhoto(
            photo_id,
            position,
            self._born_times[position],
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
            return self._public
        if viewer == self.nsid and not only_safe:
            return self._all
        seen = [
            (number, time)
            for number, time in zip(self._all.ids, self._all.times, strict=True)
            if self._is_seen_by(number, viewer) and not (only_safe and self._changes_of(number).safety_level)
        ]
        return UploadIndex(*(array("q", [row[column] for row in seen]) for column in (0, 1)))

    def is_seen_by(self, photo_id: str, viewer: str | None) -> bool:
        """Return whether an account, or a visitor, sees a photo."""
        return photo_id.isdecimal() and self._is_seen_by(int(photo_id), viewer)

    def _is_seen_by(self, number: int, viewer: str | None) -> bool:
        if self._position(number) is None or number in self._deleted:
            return False
        changes = self._changes_of(number)
        if viewer is None:
            return changes.privacy == "public" and not changes.safety_level
        words = set(changes.privacy.split()) & set(self.contacts.get(viewer, "").split()) - {"and"}
        return viewer == self.nsid or changes.privacy == "public" or bool(words)

    def updated_since(self, second: int) -> list[SimulatedPhoto]:
        """Return the photos that changed since a second, or were uploaded or got comments, latest change first."""
        first = bisect_left(self._all.times, second - LONGEST_CONVERSATION)
        numbers = {number for number, changes in self._changes.items() if changes.updated >= second}
        numbers = (numbers - self._deleted) | set(self._all.ids[first:])
        photos = [self.photo(str(number)) for number in numbers]
        found = [photo for photo in photos if photo.updated >= second]
        return sorted(found, key=lambda photo: (photo.updated, photo.id), reverse=True)

    def upload(self, count: int = 1, *, at: int | None = None, kind: Kind | None = None) -> list[str]:
        """Add photos without comments, uploaded in one second (now by default); return their ids."""
        uploaded = self._now(at)
        numbers = []
        for _ in range(count):
            last = self._born_ids[-1] if self._born_ids else NEWEST_ID + self.id_suffix
            numbers.append(last + 100)
            self._born_ids.append(last + 100)
            self._born_times.append(uploaded)
            if kind is not None:
                self._changes[last + 100] = Changes(kind=kind)
            self._all.add(last + 100, uploaded)
            self._public.add(last + 100, uploaded)
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
        self._changes[int(photo_id)] = replace(now, faves=now.faves + count)

    def replace_image(self, photo_id: str, *, at: int | None = None) -> None:
        """Replace the image of a photo: its secrets and its bytes change, its id does not."""
        now = self.photo(photo_id).changes
        self._change(photo_id, at, replace(now, revision=now.revision + 1))

    def redate(self, photo_id: str, uploaded: int) -> None:
        """Change the upload time of a photo."""
        number = int(self.photo(photo_id).id)
        position = self._position(number)
        assert position is not None  # noqa: S101 - photo() found it
        for index in (self._all, *([self._public] if photo_id in self else [])):
            index.remove(number, self._born_times[position])
            index.add(number, uploaded)
        self._born_times[position] = uploaded
        self._change(photo_id, None, self.photo(photo_id).changes)

    def hide(self, photo_id: str) -> None:
        """Make a public photo private, without an update."""
        if photo_id in self:
            self._set(int(photo_id), replace(self._changes_of(int(photo_id)), privacy="private"))

    def publish(self, photo_id: str) -> None:
        """Make a private photo public again, with its upload time unchanged, without an update."""
        if self.is_seen_by(photo_id, self.nsid):
            self._set(int(photo_id), replace(self._changes_of(int(photo_id)), privacy="public"))

    def delete(self, photo_id: str) -> None:
        """Delete a photo permanently."""
        photo = self.photo(photo_id)
        self.hide(photo_id)
        self._all.remove(int(photo_id), photo.uploaded)
        self._deleted.add(int(photo_id))

    def _fill(self, count: int, newest: int, same_second: int) -> None:
        """Index all photos by id (`born`) and by upload time, and the public and safe ones by upload time."""
        self._born_ids = generate_ids(count, self.id_suffix, Random(self.seed))
        times = generate_times(count, newest, same_second, Random(self.seed + 1))
        ids, self._born_times = self._born_ids[:], times[:]
        for swapped in (ids, self._born_times):
            for index in range(7, count - 1, 53):  # a slow upload got its id before its neighbour did
                swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]
        self._all, self._public = UploadIndex(ids, times), UploadIndex(ids[:], times[:])

    def _now(self, at: int | None) -> int:
        return int(self.clock()) if at is None else at

    def _change(self, photo_id: str, at: int | None, changes: Changes) -> None:
        self._set(int(photo_id), replace(changes, updated=self._now(at)))

    def _changes_of(self, number: int) -> Changes:
        return self._changes.get(number, _NO_CHANGES)

    def _set(self, number: int, changes: Changes) -> None:
        """Set the changes of a photo, and let visitors see it or not."""
        was_public = self._is_seen_by(number, None)
        self._changes[number] = changes
        if was_public != self._is_seen_by(number, None):
            move = self._public.remove if was_public else self._public.add
            move(number, self._born_times[self._position(number) or 0])

    def _has_first_comments(self, position: int) -> bool:
        """Return whether this initial photo has comments, so that the share of such photos is exact."""
        if position >= self._initial_count:
            return False
        before, after = (int(number * self._commented + 1e-9) for number in (position, position + 1))
        return after > before

    def _position(self, number: int) -> int | None:
        position = bisect_left(self._born_ids, number)
        found = position < len(self._born_ids) and self._born_ids[position] == number
        return position if found else None


_NO_CHANGES = Changes()
