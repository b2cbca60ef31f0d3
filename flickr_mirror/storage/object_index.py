"""An index of the objects of photos in a bucket, from one listing: 25 bytes for each object."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from flickr_mirror.storage.object_names import number_and_extension

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flickr_mirror.storage.bucket import ObjectInfo


class ObjectIndex:
    """The sizes and version marks of the objects of photos, by inventory number and extension.

    A listing of S3, Google Cloud Storage or Azure is in the order of keys, which is that of numbers. An inventory
    number is represented by its first 64 bits: with 10 million objects and as many lookups of absent ones, the
    probability that any of them seems present is below 10⁻⁵. `ObjectStore.find` asks the bucket for what it finds here.
    """

    def __init__(self, objects: Iterable[ObjectInfo], depth: int) -> None:
        self._numbers = array("Q")
        self._sizes = array("Q")
        self._e_tags = array("Q")
        self._extensions = bytearray()
        self._names: list[str] = []
        for found in objects:
            if name := number_and_extension(found.key, depth):
                self._add(*name, found)
        if any(later < number for number, later in zip(self._numbers, self._numbers[1:], strict=False)):
            self._sort()

    def __len__(self) -> int:
        return len(self._numbers)

    def _add(self, number: str, extension: str, found: ObjectInfo) -> None:
        if extension not in self._names:
            self._names.append(extension)
        self._numbers.append(int(number[:16], 16))
        self._sizes.append(found.size)
        self._e_tags.append(_short(found.e_tag))
        self._extensions.append(self._names.index(extension))

    def _sort(self) -> None:
        order = sorted(range(len(self._numbers)), key=self._numbers.__getitem__)
        for name in ("_numbers", "_sizes", "_e_tags"):
            values = getattr(self, name)
            setattr(self, name, array("Q", (values[place] for place in order)))
        self._extensions = bytearray(self._extensions[place] for place in order)

    def _places(self, number: str) -> Iterator[int]:
        wanted = int(number[:16], 16)
        place = bisect_left(self._numbers, wanted)
        while place < len(self._numbers) and self._numbers[place] == wanted:
            yield place
            place += 1

    def extensions(self, number: str) -> set[str]:
        """Return the extensions of a photo's objects."""
        return {self._names[self._extensions[place]] for place in self._places(number)}

    def size(self, number: str, extension: str) -> int | None:
        """Return the size of an object, `None` if it is not in the listing."""
        place = self._find(number, extension)
        return None if place is None else self._sizes[place]

    def has_e_tag(self, number: str, extension: str, e_tag: str) -> bool:
        """Return whether an object has this version mark."""
        place = self._find(number, extension)
        return place is not None and self._e_tags[place] == _short(e_tag)

    def _find(self, number: str, extension: str) -> int | None:
        for place in self._places(number):
            if self._names[self._extensions[place]] == extension:
                return place
        return None


def _short(e_tag: str) -> int:
    return int.from_bytes(hashlib.blake2b(e_tag.encode(), digest_size=8).digest(), "big")
