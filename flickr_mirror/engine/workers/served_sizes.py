"""Which sizes the image servers serve of a photostream, as a run finds out photo by photo. Pure.

Flickr lists sizes that it refuses: since 2025 those of more than 1,024 pixels of free accounts. Once it has done so for
some photos in a row, the others begin with the size that was served for those.
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
"""After so many photos in a row whose better sizes were refused, a run begins with the size that was served."""
PROBE = 50
"""Every so many photos, the best size is tried all the same."""


@dataclass(slots=True)
class _Ceiling:
    """The largest size that was served of the latest photos, and of how many in a row; `used` is for how many more."""

    label: str = ""
    count: int = 0
    used: int = 0


class ServedSizes:
    """What was served, for each licence by itself: free photos of a free account are served in all sizes."""

    def __init__(self) -> None:
        self._ceilings: dict[str, _Ceiling] = {}

    def label_for(self, photo: FlickrPhoto, best: FlickrPhotoSize) -> str:
        """Return the label of the size to begin with, "" for the best one; each answer counts as one photo."""
        ceiling = self._ceilings.get(photo.facts.license)
        if ceiling is None or ceiling.count < IN_A_ROW or not _is_above(best, ceiling.label):
            return ""
        ceiling.used += 1
        return "" if ceiling.used % PROBE == 0 else ceiling.label

    def note(self, photo: FlickrPhoto, best: FlickrPhotoSize, served: FlickrPhotoSize) -> None:
        """Take note of which size came of a photo whose best one was tried first."""
        ceiling = self._ceilings.setdefault(photo.facts.license, _Ceiling())
        if served.label == best.label:
            if _is_above(best, ceiling.label):
                ceiling.count = 0
        elif served.label == ceiling.label:
            ceiling.count += 1
        else:
            self._ceilings[photo.facts.license] = _Ceiling(served.label, 1)


def _is_above(size: FlickrPhotoSize, label: str) -> bool:
    return max(size.width, size.height) > (longest_side(label) or 0)


def size_of(
    label: str, photo: FlickrPhoto, best: FlickrPhotoSize, asked: Sequence[FlickrPhotoSize]
) -> FlickrPhotoSize | None:
    """Return the size of a photo with this label: out of those that Flickr was `asked` for, or else made up from the
    address of the best one; `None` where that cannot be."""
    listed = next((size for size in asked if size.label == label), None)
    return listed or derived_size(label, photo.id, photo.facts.secret, best)
