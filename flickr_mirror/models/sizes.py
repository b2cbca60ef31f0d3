"""The sizes of a photo, the choice of the best one, and the evidence that it is the best."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from flickr_mirror.models.payloads import pixels_of, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from flickr_mirror.models.payloads import Payload

LISTED_SIZES: dict[str, tuple[str, int | None]] = {
    "o": ("Original", None),
    "6k": ("X-Large 6K", 6144),
    "5k": ("X-Large 5K", 5120),
    "f": ("X-Large 4K F", 4096),
    "4k": ("X-Large 4K", 4096),
    "3k": ("X-Large 3K", 3072),
    "k": ("Large 2048", 2048),
    "h": ("Large 1600", 1600),
    "l": ("Large", 1024),
    "c": ("Medium 800", 800),
    "z": ("Medium 640", 640),
    "m": ("Medium", 500),
}
"""The sizes that a listing can state, by the key of their `url_*` extra: the label in photos.getSizes, and the longest
side in pixels (`None`: as uploaded).

https://www.flickr.com/services/api/misc.urls.html; 3k to 6k are not documented as extras, but served.
"""
ORIGINAL = "Original"
CROPPED = {"Square", "Large Square"}
"""The sizes that show only a part of the picture. They can have more pixels than a tiny original."""

SAMPLE = 50
"""How many times getSizes must confirm the listing, without a contradiction, to prove it for a label."""

_LONGEST_SIDE = dict(LISTED_SIZES.values())

# The label of the next larger file. "X-Large 4K F" exists only for 2:1 panoramas.
_LADDER = [label for label, _ in reversed(LISTED_SIZES.values()) if label != "X-Large 4K F"]
_NEXT_LARGER = {**dict(itertools.pairwise(_LADDER)), "X-Large 4K F": "X-Large 5K"}

# The endings of the addresses of the sizes that share a secret.
_ENDINGS = {"Large": "_b", "Medium 800": "_c", "Medium 640": "_z", "Medium": ""}

# The playable files of a video, best first. "Video Player" is a page, not a file.
PLAYABLE = (
    "Video Original",
    "1080p",
    "720p",
    "HD MP4",
    "Site MP4",
    "appletv",
    "360p",
    "iphone_wifi",
    "288p",
    "Mobile MP4",
    "700",
    "300",
    "100",
)


class SizeEvidence(IntEnum):
    """The proof that the best known size of a photo is its best."""

    NONE = 0
    """Nothing yet."""
    LISTING = 1
    """The listing."""
    ASKED = 2
    """Flickr's answer to photos.getSizes for this photo."""
    ASSUMED = 3
    """Listings were right for all photos of this kind whose sizes were requested."""


@dataclass(frozen=True, slots=True)
class FlickrPhotoSize:
    """One file of a photo.

    `width` and `height` are in pixels, 0 if Flickr does not state them; `media` is `photo` or `video`.
    """

    label: str
    width: int
    height: int
    url: str
    media: str = "photo"

    @property
    def area(self) -> int:
        """The number of pixels."""
        return self.width * self.height

    @staticmethod
    def from_json(payload: Payload) -> FlickrPhotoSize:
        """Return the size that an entry of `photos.getSizes` describes.

        {"label": "Large Square", "width": "150", "height": "150", "media": "photo",
         "source": "https://live.staticflickr.com/65535/49499525286_e6f0b9d940_q.jpg", "url": "https://..."}
        """
        return FlickrPhotoSize(
            text_of(payload.get("label")),
            pixels_of(payload.get("width")),
            pixels_of(payload.get("height")),
            text_of(payload.get("source")),
            text_of(payload.get("media")) or "photo",
        )


@dataclass(frozen=True, slots=True)
class Reduced:
    """The size that is mirrored because Flickr refuses the best file, and the best size that it lists."""

    size: FlickrPhotoSize
    best: FlickrPhotoSize


def listed_sizes(payload: Payload) -> list[FlickrPhotoSize]:
    """Return the sizes in an entry of a listing, from its `url_*` keys, in the order of `LISTED_SIZES`."""
    return [
        FlickrPhotoSize(
            label,
            pixels_of(payload.get(f"width_{key}")),
            pixels_of(payload.get(f"height_{key}")),
            text_of(payload[f"url_{key}"]),
        )
        for key, (label, _) in LISTED_SIZES.items()
        if payload.get(f"url_{key}")
    ]


def best_picture(sizes: Iterable[FlickrPhotoSize]) -> FlickrPhotoSize | None:
    """Return the picture with the most pixels. Of several, prefer the original, which is not recompressed."""
    return next(iter(whole_pictures(sizes)), None)


def whole_pictures(sizes: Iterable[FlickrPhotoSize]) -> list[FlickrPhotoSize]:
    """Return the pictures that show the whole photo, best first, in the order of `best_picture`."""
    pictures = [
        size
        for size in sizes
        if size.media == "photo" and size.area and size.url and size.label not in CROPPED
    ]
    return sorted(pictures, key=lambda size: (size.area, size.label == ORIGINAL), reverse=True)


def longest_side(label: str) -> int | None:
    """Return the longest side of a size in pixels; `None` if the label does not define it."""
    return _LONGEST_SIDE.get(label)


def derived_size(label: str, photo_id: str, secret: str, best: FlickrPhotoSize) -> FlickrPhotoSize | None:
    """Return the size with this label, derived from the best size of a photo; `None` if it cannot be derived.

    Only sizes of up to 1,024 pixels share a secret: https://www.flickr.com/services/api/misc.urls.html
    """
    longest = _LONGEST_SIDE.get(label) or 0
    factor = longest / (max(best.width, best.height) or 1)
    if label not in _ENDINGS or not secret or not 0 < factor < 1 or "/" not in best.url:
        return None
    url = f"{best.url.rpartition('/')[0]}/{photo_id}_{secret}{_ENDINGS[label]}.jpg"
    return FlickrPhotoSize(label, round(best.width * factor), round(best.height * factor), url)


def playable_files(sizes: Iterable[FlickrPhotoSize]) -> list[FlickrPhotoSize]:
    """Return the playable files of a video, best first."""
    files = [size for size in sizes if size.label in PLAYABLE and size.url]
    return sorted(files, key=lambda size: PLAYABLE.index(size.label))


def listing_proves(best: FlickrPhotoSize | None, *, original_listed: bool, answered: Collection[str]) -> bool:
    """Return whether a listing alone proves that no larger file than `best` can exist.

    `answered` are the labels that this server has ever listed: a server that ignores the undocumented extras proves
    nothing by leaving them out. Flickr never enlarges a picture, so a file whose longest side is shorter than its label
    allows has all the pixels of the photo.
    """
    if best is None:
        return False
    if original_listed:
        return True
    longest = _LONGEST_SIDE.get(best.label)
    if longest is not None and max(best.width, best.height) < longest:
        return True
    return _NEXT_LARGER.get(best.label) in answered


def same_pixels(found: tuple[int, int], size: FlickrPhotoSize) -> bool:
    """Return whether a picture has the dimensions that Flickr lists, also if rotated or one pixel off.

    Originals "might not be rotated": https://www.flickr.com/services/api/misc.urls.html
    """
    pairs = zip(sorted(found), sorted((size.width, size.height)), strict=True)
    return all(abs(a - b) <= 1 for a, b in pairs)
