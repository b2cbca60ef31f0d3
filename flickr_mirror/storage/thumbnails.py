"""Small JPEG files of images, for pages with many photos."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from flickr_mirror.errors import BadImageError
from flickr_mirror.storage.media_file import open_media, raising_bad_image
from flickr_mirror.storage.media_inspection import measure, read_header

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

MOST_PIXELS = 250_000_000
"""Larger images have no thumbnail, because they could take all memory."""
WIDEST = 2
"""How many times as wide as high a thumbnail is at most."""


def make_thumbnail(source: Path, target: Path, height: int) -> None:
    """Write a JPEG of an image, `height` pixels high at most and turned as its camera states.

    Raises `BadImageError` if the file is not an image that can be read, and `OSError` if the disk fails.
    """
    from PIL import Image, ImageOps
    from PIL.PngImagePlugin import PngImageFile

    with open_media(source) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        picture = measure(file)
        if picture.width * picture.height > MOST_PIXELS:
            raise BadImageError(f"The image is too large: {picture.width} x {picture.height} pixels.")
        with raising_bad_image(picture.extension):
            # Pillow looks for more parts after the end of a PNG, which a `MediaFile` does not allow
            is_png = picture.extension == "png"
            with PngImageFile(source) if is_png else read_header(file, picture.extension) as image:
                box = (WIDEST * height, height)
                image.draft("RGB", box)  # reads a JPEG at a half, a quarter or an eighth of its size
                image.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=2)
                small = _flat(ImageOps.exif_transpose(image))
            small.thumbnail(box)
    part = target.with_suffix(".part")
    small.save(part, "JPEG", quality=78, optimize=True, progressive=True)
    part.replace(target)


def _flat(image: Image.Image) -> Image.Image:
    """Return an image without transparency, on white, in RGB."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")
