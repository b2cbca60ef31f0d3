"""The photos of an account as they are stored: ids, upload times, and what changed since the upload."""

from __future__ import annotations

from bisect import bisect_left
from random import Random
from typing import TYPE_CHECKING

from flickr_mirror.simulator.data.photo import Changes
from flickr_mirror.simulator.data.upload_index import UploadIndex
from flickr_mirror.simulator.data.uploads import NEWEST_ID, generate_ids, generate_times

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_CHANGES = Changes()


class PhotoTable:
    """The photos of an account, by id and by upload time; `public` has those that visitors see.

    A photo has a number, which is its id, and a position, which is its place among all numbers that were ever given.
    """

    def __init__(self, count: int, newest: int, same_second: int, seed: int, id_suffix: int) -> None:
        self._id_suffix = id_suffix
        self._ids = generate_ids(count, id_suffix, Random(seed))
        times = generate_times(count, newest, same_second, Random(seed + 1))
        ids, self._times = self._ids[:], times[:]
        for swapped in (ids, self._times):
            for index in range(7, count - 1, 53):  # a slow upload got its id before its neighbour did
                swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]
        self.all, self.public = UploadIndex(ids, times), UploadIndex(ids[:], times[:])
        self._changes: dict[int, Changes] = {}
        self._deleted: set[int] = set()

    def __contains__(self, number: int) -> bool:
        """Return whether there is such a photo, public or hidden."""
        return self._place(number) is not None and number not in self._deleted

    def position(self, number: int) -> int:
        """Return the position of a photo. Raises `KeyError` if it does not exist."""
        place = self._place(number)
        if place is None or number in self._deleted:
            raise KeyError(str(number))
        return place

    def uploaded(self, number: int) -> int:
        """Return when a photo was uploaded."""
        return self._times[self.position(number)]

    def changes_of(self, number: int) -> Changes:
        """Return how a photo changed since its upload."""
        return self._changes.get(number, _NO_CHANGES)

    def is_public(self, number: int) -> bool:
        """Return whether visitors see a photo."""
        changes = self.changes_of(number)
        return number in self and changes.privacy == "public" and not changes.safety_level

    def updated_since(self, second: int, margin: int) -> Iterator[int]:
        """Yield the photos that changed since a second, and those uploaded since `margin` seconds before it."""
        first = bisect_left(self.all.times, second - margin)
        numbers = {number for number, changes in self._changes.items() if changes.updated >= second}
        yield from (numbers - self._deleted) | set(self.all.ids[first:])

    def add(self, uploaded: int, changes: Changes = _NO_CHANGES) -> int:
        """Add a photo, and return its number."""
        number = (self._ids[-1] if self._ids else NEWEST_ID + self._id_suffix) + 100
        self._ids.append(number)
        self._times.append(uploaded)
        self._changes[number] = changes
        for index in (self.all, self.public):
            index.add(number, uploaded)
        return number

    def change(self, number: int, changes: Changes) -> None:
        """Set the changes of a photo, and let visitors see it or not."""
        was_public = self.is_public(number)
        self._changes[number] = changes
        if was_public != self.is_public(number):
            (self.public.remove if was_public else self.public.add)(number, self.uploaded(number))

    def redate(self, number: int, uploaded: int) -> None:
        """Change the upload time of a photo."""
        position = self.position(number)
        for index in (self.all, *([self.public] if self.is_public(number) else [])):
            index.remove(number, self._times[position])
            index.add(number, uploaded)
        self._times[position] = uploaded

    def remove(self, number: int) -> None:
        """Remove a photo that visitors do not see."""
        self.all.remove(number, self.uploaded(number))
        self._deleted.add(number)

    def _place(self, number: int) -> int | None:
        place = bisect_left(self._ids, number)
        found = place < len(self._ids) and self._ids[place] == number
        return place if found else None
