"""Can this file be read to its end, as a viewer would? Memory and time are bounded, whatever the file claims."""

from __future__ import annotations

import struct
import threading
import zlib
from contextlib import nullcontext
from typing import TYPE_CHECKING

from flickr_mirror.errors import BadImageError
from flickr_mirror.storage.animation_frames import TooManyPartsError, gif_frames, webp_frames
from flickr_mirror.storage.media_inspection import (
    MADE_OF_BOXES,
    is_jpeg_frame,
    jpeg_markers,
    measure,
    open_file,
    raising_bad_image,
    read_header,
)

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.models.media import Picture
    from flickr_mirror.storage.media_inspection import File

_DECODED_PIXELS = 250_000_000  # of one file; the rest goes unseen
_MOST_MEMORY = 400_000_000  # bytes that a decode may take, about; what needs more is judged by its end
_MOST_UNPACKED = 8 << 30  # bytes of a PNG's pixels, in pieces: seconds of work, and no memory
_MANY_SCANS = 50  # in a JPEG; ten are usual, and each of a few bytes can cost a walk over all pixels
_LARGE = 10_000_000  # pixels: from here on files are decoded one at a time, or their memory would add up
_LEAST_COST = 10_000  # pixels that a frame counts for at least, however small it is
_ONE_AT_A_TIME = threading.Lock()
_PIECE = 64 * 1024
_MEMORY = {"gif": 3, "webp": 20, "tif": 8, "bmp": 8}  # bytes for a pixel that Pillow holds at once, measured


def decode(path: Path) -> None:
    """Read a file as a viewer would, to its end; raise `BadImageError` where it is not one whole image.

    An image that would take more memory than is allowed is judged by its end. Of MP4 and QuickTime videos the parts
    must add up; other videos, and TIFF and BMP too large to be decoded, tell too little of themselves.
    """
    with open_file(path) as file:
        picture = measure(file)
        with raising_bad_image(picture.extension):
            if picture.extension == "png":
                _check_png(file, picture)
            elif picture.media == "photo":
                _decode(file, picture)
            elif picture.extension in MADE_OF_BOXES and not picture.ends:
                raise BadImageError("This video is cut or damaged: its parts do not add up to a whole.")


def _check_png(file: File, picture: Picture) -> None:
    """Check every checksum and unpack the pixels piece by piece: Pillow would hold gigabytes of them."""
    pixels = zlib.decompressobj()
    # 8 bytes are the most for a pixel
    most = min(8 * picture.width * picture.height + 16 * picture.height, _MOST_UNPACKED)
    unpacked = 0
    name = b""
    file.seek(8)
    while name != b"IEND":
        length, name = struct.unpack(">I4s", file.read(8))
        checksum = zlib.crc32(name)
        while length:
            piece = file.read(min(length, _PIECE))
            length -= len(piece)
            checksum = zlib.crc32(piece, checksum)
            while name == b"IDAT" and piece and not pixels.eof and unpacked <= most:
                unpacked += len(pixels.decompress(piece, _PIECE))
                piece = pixels.unconsumed_tail
        if file.read(4) != checksum.to_bytes(4):
            raise BadImageError("This PNG is damaged: a checksum is wrong.")
    if not pixels.eof and unpacked <= most:
        raise BadImageError("This PNG is damaged: pixels are missing.")


def _decode(file: File, picture: Picture) -> None:
    with _ONE_AT_A_TIME if picture.width * picture.height > _LARGE else nullcontext():
        if picture.extension == "jpg":
            is_read = _decode_jpeg(file, picture)
        elif picture.extension in ("gif", "webp"):
            is_read = _decode_frames(file, picture.extension)
        else:
            is_read = _decode_pages(file, picture.extension)
    if not is_read and not picture.ends and picture.extension not in ("tif", "bmp"):
        raise BadImageError(f"This {picture.extension.upper()} is cut: its end marker is missing.")


def _decode_jpeg(file: File, picture: Picture) -> bool:
    """Decode a JPEG unless that costs too much; return whether it was decoded."""
    width, height = picture.width, picture.height
    is_cheap = _coefficients(file) <= _MOST_MEMORY and not _has_many_scans(file)
    image = read_header(file, "jpg")
    # an eighth of the width and height: every bit is read all the same, in less time and memory
    image.draft("L", (max(1, width // 8), max(1, height // 8)))
    is_cheap = is_cheap and (width * height if "progressive" in image.info else width * height // 64) <= (
        _DECODED_PIXELS
    )
    if is_cheap:
        image.load()
    return is_cheap


def _coefficients(file: File) -> float:
    """Return how many bytes the coefficients of a JPEG take that a decoder holds all at once.

    Those of one scan are never held. In a progressive JPEG, and in one whose colours come one after the other, each
    takes two bytes.
    """
    needed, colours, is_progressive = 0.0, 0, False
    for marker in jpeg_markers(file):
        if is_jpeg_frame(marker):
            height, width, colours = struct.unpack(">3xHHB", file.read(8))
            samples = file.read(3 * colours)[1::3]
            shares = [(sample >> 4) * (sample & 15) for sample in samples]
            needed = 2 * width * height * sum(shares) / max(1, *shares)
            is_progressive = marker not in (0xC0, 0xC1)
        elif marker == 0xDA:
            return needed if is_progressive or file.read(3)[2] < colours else 0
    return 0


def _has_many_scans(file: File) -> bool:
    file.seek(0)
    left, found, last = file.size(), 0, b""
    while left and found <= _MANY_SCANS:
        piece = file.read(min(left, _PIECE))
        left -= len(piece)
        found += (last + piece).count(b"\xff\xda")  # the mark of a scan; pixels cannot look like it
        last = piece[-1:]
    return found > _MANY_SCANS


def _decode_frames(file: File, extension: str) -> bool:
    """Decode the frames of a file one by one, as far as they cost too much; return whether that was its end."""
    frames = gif_frames(file) if extension == "gif" else webp_frames(file)
    left, is_whole = _DECODED_PIXELS, True
    try:
        for frame in frames:
            area = frame.width * frame.height
            left -= max(area, _LEAST_COST)
            if left < 0:
                return False
            if area * _MEMORY[extension] + 3 * frame.length > _MOST_MEMORY:
                is_whole = False
            elif area:
                with open_file(frame.still(file)) as still:
                    read_header(still, extension).load()
    except TooManyPartsError:
        return False
    return is_whole


def _decode_pages(file: File, extension: str) -> bool:
    """Decode the pages of a TIFF, or a BMP, as far as they do not cost too much; return whether that was its end."""
    from PIL import Image

    image = read_header(file, extension)
    left, page = _DECODED_PIXELS, 0
    while True:
        area = image.width * image.height
        left -= max(area, _LEAST_COST)
        # of more than the limit Pillow would warn, or refuse them
        is_large = area * _MEMORY[extension] > _MOST_MEMORY or area > (Image.MAX_IMAGE_PIXELS or area)
        if left < 0 or is_large:
            return False
        image.load()
        page += 1
        try:
            image.seek(page)
        except EOFError:
            return True
