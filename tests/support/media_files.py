"""Images and videos of all formats, complete and small, for tests of the inspection of files."""

from __future__ import annotations

import io
import random
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (160, 120)


@cache
def picture(width: int = SIZE[0], height: int = SIZE[1]) -> Image.Image:
    """Return an image whose content does not compress well, the same in every run."""
    return Image.frombytes("L", (width, height), random.Random(4).randbytes(width * height)).convert("RGB")


@cache
def image(pillow_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture().save(file, pillow_format, **options)
    return file.getvalue()


@cache
def animation(pillow_format: str, frames: int = 5) -> bytes:
    file = io.BytesIO()
    first, *others = (picture(*SIZE).rotate(7 * frame) for frame in range(frames))
    first.save(file, pillow_format, save_all=True, append_images=others, duration=50)
    return file.getvalue()


def png(
    width: int,
    height: int,
    *,
    depth: int = 1,
    rows: int | None = None,
    extra: tuple[bytes, bytes] = (b"", b""),
) -> bytes:
    """Return a grey PNG of one colour and any size, without holding its pixels in memory."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width * depth + 7) // 8)
    pixels = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)), extra]
    chunks += [(b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
        if name
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    """Return a JPEG whose header claims another size than its pixels have."""
    data = bytearray(image("JPEG"))
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def box(name: bytes, content: bytes = b"", *, length: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(content) if length is None else length, name) + content


def long_box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, name, 16 + len(content)) + content


FTYP = box(b"ftyp", b"mp42\0\0\0\0mp42isom")
MOOV = box(b"moov", box(b"mvhd", bytes(100)))
MP4 = FTYP + MOOV + box(b"free") + box(b"mdat", bytes(range(256)) * 8)
RIFF_VIDEO = b"RIFF" + struct.pack("<I", 4 + 8 + 400) + b"AVI LIST" + struct.pack("<I", 400) + bytes(400)

THUMBNAIL = image("JPEG", quality=5).replace(struct.pack(">HH", *reversed(SIZE)), struct.pack(">HH", 60, 80))

STILLS = {
    "jpg": image("JPEG", quality=90),
    "jpg, progressive": image("JPEG", progressive=True),
    "jpg, grey": image("JPEG", optimize=True, subsampling=0),
    "png": image("PNG"),
    "gif": image("GIF"),
    "gif, animated": animation("GIF"),
    "webp": image("WEBP"),
    "webp, lossless": image("WEBP", lossless=True),
    "webp, animated": animation("WEBP"),
    "tif": image("TIFF"),
    "tif, packed": image("TIFF", compression="tiff_lzw"),
    "bmp": image("BMP"),
}
ENDLESS = ("tif", "bmp")

VIDEOS = {
    "mp4": MP4,
    "mp4, index last": FTYP + box(b"mdat", bytes(2000)) + MOOV,
    "mp4, 64-bit length": FTYP + MOOV + long_box(b"mdat", bytes(2000)),
    "mp4, open-ended": FTYP + MOOV + box(b"mdat", bytes(2000), length=0),
    "mov": box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"wide") + box(b"mdat", bytes(2000)) + MOOV,
    "mov, of the nineties": box(b"mdat", bytes(2000)) + MOOV,
    "3gp": box(b"ftyp", b"3gp5\0\0\0\0") + MOOV + box(b"mdat", bytes(2000)),
    "3g2": box(b"ftyp", b"3g2a\0\0\0\0") + MOOV + box(b"mdat", bytes(2000)),
    "avi": RIFF_VIDEO,
    "mpg": b"\0\0\1\xba" + b"D\0\4\0" * 600 + b"\0\0\1\xb9",
}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
