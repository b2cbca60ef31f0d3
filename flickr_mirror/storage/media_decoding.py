"""Decoding of media files to their end, with bounded memory and time for hostile files."""

from __future__ import annotations

import struct
import threading
import zlib
from contextlib import nullcontext
from typing import TYPE_CHECKING

from flickr_mirror.errors import BadImageError
from flickr_mirror.storage.animation_frames import TooManyPartsError, gif_frames, webp_frames
from flickr_mirror.storage.media_file import open_media, raising_bad_image
from flickr_mirror.storage.media_formats import MADE_OF_BOXES
from flickr_mirror.storage.media_inspection import is_jpeg_frame, jpeg_markers, measure, read_header

if TYPE_CHECKING:
    import io
    from pathlib import Path

    from flickr_mirror.models.media import Picture
    from flickr_mirror.storage.media_file import MediaFile

_DECODED_PIXELS = 250_000_000  # of one file; further pixels are not decoded
_MOST_MEMORY = 400_000_000  # bytes, roughly; of a file that needs more, only the end is checked
_MOST_UNPACKED = (
    8 << 30
)  # bytes of a PNG's pixels: they are unpacked in pieces, so this limits time, not memory
_MANY_SCANS = 50  # in a JPEG; ten are usual, and a scan of a few bytes can cost a pass over all pixels
_LARGE = 10_000_000  # pixels; larger files are decoded one at a time to limit memory
_LEAST_COST = 10_000  # pixels; the minimum that a frame counts for
_ONE_AT_A_TIME = threading.Lock()
_PIECE = 64 * 1024
_MEMORY = {"gif": 3, "webp": 20, "tif": 8, "bmp": 8}  # bytes per pixel that Pillow holds at once, measured


def decode(content: Path | io.RawIOBase) -> None:
    """Decode a media file to its end. Raises `BadImageError` if it is not one whole image.

    An open file stays open. Of an image that needs too much memory, only the end is checked, and of an MP4 or
    QuickTime video the lengths of its boxes. Other videos, and TIFF and BMP files that are too large to decode, show
    no damage.
    """
    with open_media(content) as file:
        picture = measure(file)
        with raising_bad_image(picture.extension):
            if picture.extension == "png":
                _check_png(file, picture)
            elif picture.media == "photo":
                _decode(file, picture)
            elif picture.extension in MADE_OF_BOXES and not picture.ends:
                raise BadImageError("This video is cut or damaged: its parts do not add up to a whole.")


def _check_png(file: MediaFile, picture: Picture) -> None:
    """Check every checksum and unpack the pixels in pieces, because Pillow would hold gigabytes of them."""
    pixels = zlib.decompressobj()
    # a pixel has 8 bytes at most
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


def _decode(file: MediaFile, picture: Picture) -> None:
    with _ONE_AT_A_TIME if picture.width * picture.height > _LARGE else nullcontext():
        if picture.extension == "jpg":
            is_read = _decode_jpeg(file, picture)
        elif picture.extension in ("gif", "webp"):
            is_read = _decode_frames(file, picture.extension)
        else:
            is_read = _decode_pages(file, picture.extension)
    if not is_read and not picture.ends and picture.extension not in ("tif", "bmp"):
        raise BadImageError(f"This {picture.extension.upper()} is cut: its end marker is missing.")


def _decode_jpeg(file: MediaFile, picture: Picture) -> bool:
    """Decode a JPEG unless it exceeds the limits; return whether it was decoded."""
    width, height = picture.width, picture.height
    is_cheap = _coefficients(file) <= _MOST_MEMORY and not _has_many_scans(file)
    image = read_header(file, "jpg")
    # an eighth of the width and height saves time and memory, and still reads every bit
    image.draft("L", (max(1, width // 8), max(1, height // 8)))
    is_cheap = is_cheap and (width * height if "progressive" in image.info else width * height // 64) <= (
        _DECODED_PIXELS
    )
    if is_cheap:
        image.load()
    return is_cheap


def _coefficients(file: MediaFile) -> float:
    """Return the bytes of coefficients that a decoder of this JPEG must hold at once.

    A single scan with all colours needs none. In a progressive JPEG, and in one with a scan per colour, each
    coefficient takes two bytes.
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


def _has_many_scans(file: MediaFile) -> bool:
    file.seek(0)
    left, found, last = file.size(), 0, b""
    while left and found <= _MANY_SCANS:
        piece = file.read(min(left, _PIECE))
        left -= len(piece)
        found += (last + piece).count(b"\xff\xda")  # the marker of a scan, which cannot occur within pixels
        last = piece[-1:]
    return found > _MANY_SCANS


def _decode_frames(file: MediaFile, extension: str) -> bool:
    """Decode the frames of a file one by one within the limits; return whether all were decoded."""
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
                with open_media(frame.still(file)) as still:
                    read_header(still, extension).load()
    except TooManyPartsError:
        return False
    return is_whole


def _decode_pages(file: MediaFile, extension: str) -> bool:
    """Decode the pages of a TIFF, or a BMP, within the limits; return whether all were decoded."""
    from PIL import Image

    image = read_header(file, extension)
    left, page = _DECODED_PIXELS, 0
    while True:
        area = image.width * image.height
        left -= max(area, _LEAST_COST)
        # above its own limit Pillow warns or raises
        is_large = area * _MEMORY[extension] > _MOST_MEMORY or area > (Image.MAX_IMAGE_PIXELS or area)
        if left < 0 or is_large:
            return False
        image.load()
        page += 1
        try:
            image.seek(page)
        except EOFError:
            return True
