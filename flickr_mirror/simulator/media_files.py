"""Image and video files that the simulator serves: whole files, unique to each address and reproducible."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageOps

if TYPE_CHECKING:
    from flickr_mirror.simulator.data.photo import SimulatedPhoto
    from flickr_mirror.simulator.data.sizes import Dims, SimulatedSize

CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "mp4": "video/mp4"}

_BLANKS = 128  # cached files, without their mark; about 20 kB each, at most 100 kB
_COLOURS = (
    ("#14213d", "#8d99ae", "#edf2f4"),
    ("#3d2b1f", "#b08d57", "#f5ead6"),
    ("#1b4332", "#74a892", "#f1faee"),
    ("#432818", "#bb9457", "#ffe6a7"),
)


def picture(photo: SimulatedPhoto, size: SimulatedSize, *, noise: bool = False) -> bytes:
    """Return the image file of one size: a gradient; with `noise`, as many bytes as a camera's photo has."""
    extension = _extension(size)
    blank = _blank(extension, size.width, size.height, noise=noise)
    return _marked(blank, extension, _mark(photo, size))


def reduced_picture(photo: SimulatedPhoto, size: SimulatedSize, original: bytes) -> bytes:
    """Return the file of one size of `original`, a JPEG, cropped to the proportions of the size."""
    with Image.open(io.BytesIO(original)) as image:
        if image.size != (size.width, size.height):
            original = _encoded(ImageOps.fit(image, (size.width, size.height)), "jpg")
    return _marked(original, "jpg", _mark(photo, size))


def video(photo: SimulatedPhoto, size: SimulatedSize) -> bytes:
    """Return the file of a video: complete MP4 boxes, with a header and some data, but without a track."""
    mark = _mark(photo, size)
    milliseconds = 1000 * (5 + photo.index % 55)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">5I", 0, 0, 0, 1000, milliseconds) + struct.pack(">IH10x", 0x10000, 0x100)
    movie = _box(b"mvhd", header + matrix + bytes(24) + struct.pack(">I", 2))
    data = hashlib.shake_128(mark).digest(4000 + 1000 * len(size.key))
    return _box(b"ftyp", b"mp42\0\0\0\0mp42isom") + _box(b"moov", movie) + _box(b"mdat", mark + data)


def _extension(size: SimulatedSize) -> str:
    return size.path.rpartition(".")[2]


def _mark(photo: SimulatedPhoto, size: SimulatedSize) -> bytes:
    return f"{photo.id} {size.path}".encode()


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


@lru_cache(_BLANKS)
def _blank(extension: str, width: int, height: int, *, noise: bool) -> bytes:
    return _encoded(_gradient((width, height), noise=noise), extension)


def _gradient(dims: Dims, *, noise: bool) -> Image.Image:
    shades = Image.linear_gradient("L").resize((dims[0] // 8 + 1, dims[1] // 8 + 1))
    shades = shades.rotate(90 * (sum(dims) % 4)).resize(dims, Image.Resampling.BILINEAR)
    if noise:
        # grain of two pixels: a JPEG of it has about a quarter of a byte per pixel, as a camera's has
        half = (dims[0] // 2 + 1, dims[1] // 2 + 1)
        grain = Image.frombytes("L", half, Random(dims[0]).randbytes(half[0] * half[1]))
        shades = ImageChops.add(shades, grain.resize(dims).point(lambda shade: shade // 6))
    dark, middle, light = _COLOURS[dims[0] % len(_COLOURS)]
    return ImageOps.colorize(shades, black=dark, mid=middle, white=light)


def _encoded(image: Image.Image, extension: str) -> bytes:
    file = io.BytesIO()
    if extension == "jpg":
        image.convert("RGB").save(file, "JPEG", quality=85, optimize=True)
    elif extension == "png":
        image.quantize(64).save(file, "PNG", optimize=False)
    else:
        image.quantize(64).save(file, "GIF")
    return file.getvalue()


def _marked(blank: bytes, extension: str, mark: bytes) -> bytes:
    """Return the file `blank` with the comment `mark`."""
    if extension == "jpg":  # a COM segment after SOI and the APP0 segment of JFIF
        end = 4 + int.from_bytes(blank[4:6])
        return b"".join((blank[:end], b"\xff\xfe", struct.pack(">H", len(mark) + 2), mark, blank[end:]))
    if extension == "png":  # a tEXt chunk after the signature and IHDR
        chunk = b"tEXtComment\0" + mark
        text = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return b"".join((blank[:33], text, blank[33:]))
    # a comment extension before the trailer of the GIF
    return b"".join((blank[:-1], b"\x21\xfe", bytes([len(mark)]), mark, b"\0;"))
