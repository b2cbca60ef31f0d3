"""A photostream that can change, of which only the ids and upload times are stored."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING
from zlib import crc32

from flickr_mirror.simulator.data.lists import SimulatedLists
from flickr_mirror.simulator.data.photo import Changes, SimulatedPhoto
from flickr_mirror.simulator.data.sizes import Kind, Mix
from flickr_mirror.simulator.data.texts import comment_of_a_visitor
from flickr_mirror.simulator.data.uploads import NEWEST_ID, NEWEST_UPLOAD, generate_ids, generate_times

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flickr_mirror.simulator.data.sizes import Dims

MAX_PAGE = 10_000
"""The page that Flickr returns for every larger page number."""


class SimulatedPhotostream:
    """The photos of one account, generated from `seed` on demand.

    `newest` is the second of the last upload, `commented` the share of the `count` initial photos that have
    comments, `same_second` how many photos in the middle have the same second. `image_dims` are the
    pixels of the plain and large originals (`image_shapes`: several, in turn). `noise` makes the files as large as
    those of a camera; `original_file` returns the JPEG file of a photo instead of a generated one. Ids of two
    accounts differ as long as their last two digits (`id_suffix`) do.

    `lists` is what the account has beside its photos, `photos_built` the number of photos that were generated so far.
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
        self.lists = SimulatedLists()
        self.photos_built = 0
        self.visits = 0
        self._commented = commented
        self._initial_count = count
        self._changes: dict[int, Changes] = {}
        self._deleted: set[int] = set()
        self._hidden: set[int] = set()
        self.id_suffix = crc32(nsid.encode()) % 100
        self._fill(count, NEWEST_UPLOAD if newest is None else newest, same_second)

    def __len__(self) -> int:
        return len(self._public_ids)

    def __contains__(self, photo_id: object) -> bool:
        """Return whether this photo is public."""
        number = int(photo_id) if isinstance(photo_id, str) and photo_id.isdecimal() else -1
        return (
            self._position(number) is not None and number not in self._hidden and number not in self._deleted
        )

    @property
    def ids(self) -> list[str]:
        """The ids of the public photos, newest upload first."""
        return [str(photo_id) for photo_id in reversed(self._public_ids)]

    @property
    def first_upload(self) -> int | None:
        """The second of the oldest public photo; `None` if there is none."""
        return self._public_times[0] if self._public_times else None

    def photo(self, photo_id: str) -> SimulatedPhoto:
        """Return the current state of a photo, public or hidden. Raises `KeyError` if it does not exist."""
        number = int(photo_id) if photo_id.isdecimal() else -1
        position = self._position(number)
        if position is None or number in self._deleted:
            raise KeyError(photo_id)
        self.photos_built += 1
        changes = self._changes.get(number, _NO_CHANGES)
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
    ) -> tuple[list[SimulatedPhoto], int, int, int]:
        """Return a page of the photos between two seconds (both included), newest first.

        With it come the number of the page, which never exceeds `MAX_PAGE`, and the totals of pages and
        photos. A page after the last one is empty.
        """
        times = self._public_times
        low = 0 if min_upload_date is None else bisect_left(times, min_upload_date)
        high = len(times) if max_upload_date is None else bisect_right(times, max_upload_date)
        total = max(0, high - low)
        page = min(page, MAX_PAGE)
        end = high - (page - 1) * per_page
        ids = self._public_ids[max(low, end - per_page) : end] if end > low else array("q")
        return [self.photo(str(number)) for number in reversed(ids)], page, -(-total // per_page), total

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
            self._list(last + 100, uploaded)
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

        `privacy` and `safety_level` are only stated: who sees the photo does not change.
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

    def replace_image(self, photo_id: str, *, at: int | None = None) -> None:
        """Replace the image of a photo: its secrets and its bytes change, its id does not."""
        now = self.photo(photo_id).changes
        self._change(photo_id, at, replace(now, revision=now.revision + 1))

    def redate(self, photo_id: str, uploaded: int) -> None:
        """Change the upload time of a photo."""
        number = int(self.photo(photo_id).id)
        is_public = photo_id in self
        if is_public:
            self._unlist(number)
        position = self._position(number)
        assert position is not None  # noqa: S101 - photo() found it
        self._born_times[position] = uploaded
        if is_public:
            self._list(number, uploaded)
        self._change(photo_id, None, self.photo(photo_id).changes)

    def hide(self, photo_id: str) -> None:
        """Make a photo private."""
        if photo_id in self:
            self._unlist(int(photo_id))
            self._hidden.add(int(photo_id))

    def publish(self, photo_id: str) -> None:
        """Make a private photo public again, with its upload time unchanged."""
        if int(photo_id) in self._hidden:
            self._hidden.remove(int(photo_id))
            self._list(int(photo_id), self.photo(photo_id).uploaded)

    def delete(self, photo_id: str) -> None:
        """Delete a photo permanently."""
        number = int(self.photo(photo_id).id)
        self.hide(photo_id)
        self._hidden.discard(number)
        self._deleted.add(number)

    def _fill(self, count: int, newest: int, same_second: int) -> None:
        """Index all photos by id (`born`), and the public ones by upload time."""
        self._born_ids = generate_ids(count, self.id_suffix, Random(self.seed))
        self._public_times = generate_times(count, newest, same_second, Random(self.seed + 1))
        self._public_ids, self._born_times = self._born_ids[:], self._public_times[:]
        for swapped in (self._public_ids, self._born_times):
            for index in range(7, count - 1, 53):  # a slow upload got its id before its neighbour did
                swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]

    def _now(self, at: int | None) -> int:
        return int(self.clock()) if at is None else at

    def _change(self, photo_id: str, at: int | None, changes: Changes) -> None:
        self._changes[int(photo_id)] = replace(changes, updated=self._now(at))

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

    def _list(self, number: int, uploaded: int) -> None:
        place = bisect_right(self._public_times, uploaded)
        self._public_times.insert(place, uploaded)
        self._public_ids.insert(place, number)

    def _unlist(self, number: int) -> None:
        position = self._position(number)
        place = self._public_ids.index(
            number, bisect_left(self._public_times, self._born_times[position or 0])
        )
        del self._public_times[place], self._public_ids[place]


_NO_CHANGES = Changes()
