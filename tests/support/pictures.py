"""Makes the pictures in the docs: `python -m tests.support.pictures`.

`tests/docs/test_pictures.py` fails if one of them differs from the program.
"""

from __future__ import annotations

import re
import sys
from html import unescape
from typing import TYPE_CHECKING

import anyio
from PIL import Image, ImageChops, ImageStat

from tests.support import gallery_picture, live_view_picture
from tests.support.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _take_live_view(path: Path) -> None:
    anyio.run(live_view_picture.take, path)


PICTURES: dict[str, Callable[[Path], None]] = {
    "gallery.jpg": gallery_picture.take,
    "live_view.svg": _take_live_view,
}
"""The function that makes each file of `docs/images`."""
SMALL = (110, 62)
"""The size of compared pictures, at which fonts and the noise of JPEG do not count."""


def difference(first: Path, second: Path) -> float:
    """Return the largest difference of two pictures in an eighth of their height, on average per pixel: 0 to 255."""
    images = [Image.open(path).convert("L").resize(SMALL, Image.Resampling.BOX) for path in (first, second)]
    found = ImageChops.difference(*images)
    height = SMALL[1] / 8
    bands = [found.crop((0, round(part * height), SMALL[0], round((part + 1) * height))) for part in range(8)]
    return max(ImageStat.Stat(band).mean[0] for band in bands)


def words_of(path: Path) -> set[str]:
    """Return the words in an SVG picture, without numbers and words that depend on the speed of a run."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))
    words = re.findall(r"[A-Za-z_-]{2,}", unescape(" ".join(texts)))
    return {word for word in words if not re.fullmatch(r"[kMG]?B|ETA|\w+-bound", word)}


if __name__ == "__main__":
    for name, make in PICTURES.items():
        make(ROOT / "docs" / "images" / name)
        sys.stdout.write(f"docs/images/{name}\n")
