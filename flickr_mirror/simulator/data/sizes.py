"""Which sizes a photo has, depending on its camera, its owner's settings and account."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from math import gcd
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Dims = tuple[int, int]


class SizeName(NamedTuple):
    """The names of a size (in getSizes, in the `url_*` extras, in addresses) and its longest side."""

    label: str
    key: str
    ending: str
    longest: int


# https://www.flickr.com/services/api/misc.urls.html
NAMES = (
    SizeName("Square", "sq", "_s.jpg", 75),
    SizeName("Large Square", "q", "_q.jpg", 150),
    SizeName("Thumbnail", "t", "_t.jpg", 100),
    SizeName("Small", "s", "_m.jpg", 240),
    SizeName("Small 320", "n", "_n.jpg", 320),
    SizeName("Small 400", "w", "_w.jpg", 400),
    SizeName("Medium", "m", ".jpg", 500),
    SizeName("Medium 640", "z", "_z.jpg", 640),
    SizeName("Medium 800", "c", "_c.jpg", 800),
    SizeName("Large", "l", "_b.jpg", 1024),
    SizeName("Large 1600", "h", "_h.jpg", 1600),
    SizeName("Large 2048", "k", "_k.jpg", 2048),
    SizeName("X-Large 3K", "3k", "_3k.jpg", 3072),
    SizeName("X-Large 4K", "4k", "_4k.jpg", 4096),
    SizeName("X-Large 4K F", "f", "_f.jpg", 4096),
    SizeName("X-Large 5K", "5k", "_5k.jpg", 5120),
    SizeName("X-Large 6K", "6k", "_6k.jpg", 6144),
)
OWN_SECRETS = ("o", "h", "k", "3k", "4k", "f", "5k", "6k")
"""The keys of the sizes with their own secret in the address: those of 1600 pixels and more."""
UNDOCUMENTED_KEYS = frozenset(("w", "h", "k", "3k", "4k", "f", "5k", "6k"))


class Kind(StrEnum):
    """The peculiarity of a photo."""

    PLAIN = "plain"
    """A small public original."""
    LARGE = "large"
    """A large public original, and every size below it."""
    SMALL = "small"
    """An original that is smaller than most sizes."""
    NO_ORIGINAL = "no original"
    """The owner forbids the original; the largest other size has from 800 to 6144 pixels."""
    LIMITED = "limited"
    """The owner has a free account: the largest public size has 1024 pixels."""
    ROTATED = "rotated"
    """The original is rotated; the other sizes are upright."""
    PNG = "png"
    """The original is a PNG."""
    GIF = "gif"
    """The original is a GIF."""
    PANORAMA = "panorama"
    """Twice as wide as high, without an original: "X-Large 4K F" is the best size."""
    TIED = "tied"
    """Large 1600 has as many pixels as the original."""
    VIDEO = "video"
    """A video: a listing shows only its posters."""
    NOT_READY = "not ready"
    """A video that Flickr is still converting."""


class Shape(NamedTuple):
    """The pixels of an original, and the key of the largest size that is shown beside it."""

    width: int
    height: int
    largest: str = "6k"


# Few and flat shapes, because each one is drawn and cached: a file of 6144 x 1536 pixels has 100 kB.
_SHAPES: dict[Kind, tuple[Shape, ...]] = {
    Kind.PLAIN: (Shape(640, 480), Shape(480, 640), Shape(600, 400), Shape(512, 512)),
    Kind.LARGE: (Shape(1800, 1200), Shape(1200, 1800), Shape(2400, 1600), Shape(3500, 1000)),
    Kind.SMALL: (Shape(900, 675), Shape(320, 240), Shape(240, 180)),
    Kind.NO_ORIGINAL: (
        Shape(900, 675),
        Shape(1900, 1267),
        Shape(6000, 1500, "k"),
        Shape(3000, 1000),
        Shape(3600, 900, "3k"),
        Shape(4500, 1125, "4k"),
        Shape(5000, 1250),
        Shape(7000, 1750),
    ),
    Kind.LIMITED: (Shape(2400, 1600, "l"), Shape(1600, 2400, "l")),
    Kind.ROTATED: (Shape(1600, 1200), Shape(2000, 1500)),
    Kind.PNG: (Shape(1200, 800), Shape(640, 480)),
    Kind.GIF: (Shape(700, 500), Shape(320, 240)),
    Kind.PANORAMA: (Shape(4096, 2048),),
    Kind.TIED: (Shape(1600, 1067), Shape(1000, 1500)),
    Kind.VIDEO: (Shape(1280, 720, "l"), Shape(720, 1280, "l")),
    Kind.NOT_READY: (Shape(1280, 720, "l"),),
}
_WITHOUT_ORIGINAL = (Kind.NO_ORIGINAL, Kind.LIMITED, Kind.PANORAMA)


class Mix:
    """The shares of the kinds in a photostream: `Mix({Kind.PLAIN: 9, Kind.VIDEO: 1})`.

    Any sequence of as many photos as the shares add up to has exactly these counts of each kind.
    """

    PLAIN: ClassVar[Mix]
    """Small originals only: fast."""
    MIXED: ClassVar[Mix]
    """All kinds."""
    FREE: ClassVar[Mix]
    """A free account: no size above 1024 pixels."""
    NO_ORIGINALS: ClassVar[Mix]
    """An owner who forbids the originals."""

    def __init__(self, shares: Mapping[Kind, int]) -> None:
        self._kinds = tuple(kind for kind, share in shares.items() for _ in range(share))
        count = len(self._kinds)
        # a step that is coprime to the count visits every position before it repeats one
        self._step = next(step for step in range(count * 5 // 8 + 1, 2 * count + 2) if gcd(step, count) == 1)

    def kind(self, index: int) -> Kind:
        """Return the kind of the upload number `index`."""
        return self._kinds[index * self._step % len(self._kinds)]


Mix.PLAIN = Mix({Kind.PLAIN: 1})
Mix.MIXED = Mix(
    {
        Kind.LARGE: 30,
        Kind.SMALL: 8,
        Kind.NO_ORIGINAL: 20,
        Kind.LIMITED: 10,
        Kind.ROTATED: 6,
        Kind.PNG: 5,
        Kind.GIF: 4,
        Kind.PANORAMA: 4,
        Kind.TIED: 5,
        Kind.VIDEO: 7,
        Kind.NOT_READY: 1,
    }
)
Mix.FREE = Mix({Kind.LIMITED: 1})
Mix.NO_ORIGINALS = Mix({Kind.NO_ORIGINAL: 1})


class SimulatedSize(NamedTuple):
    """One file of a photo: its label and key, its pixels, and its path on the server.

    `refusal` is the HTTP status of the response if only the owner may download the video.
    """

    label: str
    key: str
    width: int
    height: int
    path: str
    media: str = "photo"
    refusal: int = 0


def shape_of(kind: Kind, index: int, dims: Sequence[Dims]) -> Shape:
    """Return the shape of a photo's original; `dims` replace those of plain and large ones."""
    if dims and kind in (Kind.PLAIN, Kind.LARGE):
        return Shape(*dims[index % len(dims)])
    shapes = _SHAPES[kind]
    return shapes[index % len(shapes)]


def original_format(kind: Kind) -> str:
    """Return the extension of a photo's original."""
    return kind.value if kind in (Kind.PNG, Kind.GIF) else "jpg"


@cache
def visible_dims(kind: Kind, shape: Shape) -> tuple[tuple[SizeName, int, int], ...]:
    """Return the public sizes, smallest first, each with its width and height.

    Flickr never enlarges: an original of 6000 x 4000 pixels has an "X-Large 6K" of 6000 x 4000 (recorded).
    """
    width, height = shape.width, shape.height
    upright = (height, width) if kind is Kind.ROTATED else (width, height)
    sizes: list[tuple[SizeName, int, int]] = []
    previous = 0
    for name in NAMES:
        if name.key == ("4k" if kind is Kind.PANORAMA else "f"):
            continue
        needed = previous if name.longest > 1024 else name.longest
        if max(upright) > needed:
            sizes.append((name, *_scaled(name, upright)))
        previous = name.longest
        if name.key == shape.largest:
            break
    if kind not in _WITHOUT_ORIGINAL:
        original = SizeName("Original", "o", f"_o.{original_format(kind)}", 0)
        sizes.append((original, width, height))
    return tuple(sizes)


def _scaled(name: SizeName, dims: Dims) -> Dims:
    if name.key in ("sq", "q"):
        return name.longest, name.longest
    factor = min(1.0, name.longest / max(dims))
    return max(1, round(dims[0] * factor)), max(1, round(dims[1] * factor))
