"""Learns from the answers of the image servers which sizes they serve. Pure.

Flickr lists sizes that it then refuses: since 2025, those of free accounts above 1,024 pixels. After a few such photos
in a row, the downloads of the others begin with the size that was served.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.models.sizes import derived_size, longest_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.models.photos import FlickrPhoto
    from flickr_mirror.models.sizes import FlickrPhotoSize

IN_A_ROW = 5
"""The number of photos in a row with refused sizes after which a run begins with the size that was served."""
PROBE = 50
"""The best size is still tried for one photo out of this number."""


@dataclass(slots=True)
class _Ceiling:
    """The largest size served, for `count` photos in a row. `used` counts the photos that began with it since."""

    label: str = ""
    count: int = 0
    used: int = 0


class ServedSizes:
    """The sizes that were served, by owner and licence.

    Freely licensed photos of a free account are served in all sizes. A mirror of a list has photos of many owners.
    """

    def __init__(self) -> None:
        self._ceilings: dict[tuple[str, str], _Ceiling] = {}

    def label_for(self, photo: FlickrPhoto, best: FlickrPhotoSize) -> str:
        """Return the label of the size to begin with, "" for the best one. Each call counts as one photo."""
        ceiling = self._ceilings.get(_key(photo))
        if ceiling is None or ceiling.count < IN_A_ROW or not _is_above(best, ceiling.label):
            return ""
        ceiling.used += 1
        return "" if ceiling.used % PROBE == 0 else ceiling.label

    def note(self, photo: FlickrPhoto, best: FlickrPhotoSize, served: FlickrPhotoSize) -> None:
        """Record which size was served for a photo whose best size was tried first."""
        ceiling = self._ceilings.setdefault(_key(photo), _Ceiling())
        if served.label == best.label:
            if _is_above(best, ceiling.label):
                ceiling.count = 0
        elif served.label == ceiling.label:
            ceiling.count += 1
        else:
            self._ceilings[_key(photo)] = _Ceiling(served.label, 1)


def _key(photo: FlickrPhoto) -> tuple[str, str]:
    return photo.facts.owner, photo.facts.license


def _is_above(size: FlickrPhotoSize, label: str) -> bool:
    return max(size.width, size.height) > (longest_side(label) or 0)


def size_of(
    label: str, photo: FlickrPhoto, best: FlickrPhotoSize, asked: Sequence[FlickrPhotoSize]
) -> FlickrPhotoSize | None:
    """Return the size of a photo with this label; `None` if its address cannot be known.

    It is one of the sizes that Flickr returned when it was `asked`, or derived from the address of the best one.
    """
    listed = next((size for size in asked if size.label == label), None)
    return listed or derived_size(label, photo.id, photo.facts.secret, best)
