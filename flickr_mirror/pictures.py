"""Is this file one whole image, and of which kind and size?"""

from __future__ import annotations

import io
import os
import re
import struct
import threading
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import BadImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PIL.ImageFile import ImageFile

MAX_PIXELS = 1_000_000_000
"""An image that claims more pixels is refused unseen; the largest sensors of phones have a fifth of it."""

_DECODED_PIXELS = 250_000_000  # how much of one file is decoded, at up to 4 bytes each: the rest goes unseen
_MANY_SCANS = 50  # in a JPEG; ten are usual, and each of a few bytes can cost a walk over all pixels
_LARGE = 10_000_000  # pixels: from here on files are decoded one at a time, or their memory would add up
_LEAST_COST = 10_000  # pixels that a frame counts for at least, however small it is
_ONE_AT_A_TIME = threading.Lock()
_MANY_STEPS = 100_000  # where a walk through a file ends, because a hostile file could prolong it for hours
_PIECE = 64 * 1024
_NOT_TEXT = re.compile(rb"[^\t\r\n -~]")

_MAGIC = (  # what stands where in which kind of file; the first match counts
    (0, {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png", b"GIF87a": "gif", b"GIF89a": "gif"}),
    (0, {b"II*\0": "tif", b"MM\0*": "tif", b"OggS": "ogv", b"FLV\1": "flv", b"\x30\x26\xb2\x75": "wmv"}),
    (0, {b"\0\0\1\xba": "mpg", b"\0\0\1\xb3": "mpg"}),
    (8, {b"WEBP": "webp", b"AVI ": "avi"}),
    (4, {b"ftyphei": "", b"ftyphev": "", b"ftypmif1": "", b"ftypmsf1": "", b"ftypavi": ""}),  # still images
    (4, {b"ftypqt": "mov", b"ftyp3g2": "3g2", b"ftyp3g": "3gp", b"ftyp": "mp4"}),
    (4, dict.fromkeys((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"), "mov")),  # older than ftyp
)
_END_MARKERS = {"jpg": b"\xff\xd9", "png": b"IEND\xaeB`\x82", "gif": b"\0;", "mpg": b"\0\0\1\xb9"}
PHOTO_EXTENSIONS = ("jpg", "png", "gif", "webp", "tif", "bmp")
_MADE_OF_BOXES = ("mp4", "mov", "3gp", "3g2")
VIDEO_EXTENSIONS = (*_MADE_OF_BOXES, "avi", "mkv", "webm", "wmv", "mpg", "ogv", "flv", "ts", "m2ts")


@dataclass(frozen=True, slots=True)
class Picture:
    """What the bytes of a file say of the image or video in it.

    `media` is `photo` or `video`; `width` and `height` are in pixels, by the header, and 0 for videos. `ends`
    tells that the end marker is where it must be: cheap evidence that the file is whole. It is `False` where
    other data follow, and for kinds that have no such marker.
    """

    extension: str
    media: str
    width: int
    height: int
    ends: bool


def inspect(content: Path | bytes | bytearray) -> Picture:
    """Return what the header and the end of a file, or of its bytes, say.

    Raises `BadImageError` where this is no image, and where the header is cut, damaged or claims too much.
    """
    with _open_file(content) as file:
        return _inspect(file)


def decode(path: Path) -> None:
    """Read a file as a viewer would, to its end; raise `BadImageError` where it is not one whole image.

    Of MP4 and QuickTime videos the parts must add up; other videos, and TIFF and BMP too large to be decoded,
    tell too little of themselves.
    """
    with _open_file(path) as file:
        picture = _inspect(file)
        with _told_as_bad_image(picture.extension):
            if picture.extension == "png":
                _check_png(file, picture)
            elif picture.media == "photo":
                _decode(file, picture)
            elif picture.extension in _MADE_OF_BOXES and not picture.ends:
                raise BadImageError("This video is cut or damaged: its parts do not add up to a whole.")


class _File(io.BufferedReader):
    """A file that raises where more is wanted than it holds, so that no setting of Pillow forgives a cut.

    While it is `exact`, a part of what was wanted is too little as well.
    """

    exact = False

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if size and (not data or (self.exact and len(data) < size)):
            raise BadImageError("The file is cut: its end is missing.")
        return data

    def size(self) -> int:
        position = self.tell()
        size = self.seek(0, os.SEEK_END)
        self.seek(position)
        return size


def _open_file(content: Path | bytes | bytearray) -> _File:
    # what is in memory need not be raw, as typeshed has it, but readable in blocks
    raw: Any = io.BytesIO(content) if isinstance(content, bytes | bytearray) else io.FileIO(content)
    return _File(raw)


@contextmanager
def _told_as_bad_image(extension: str) -> Iterator[None]:
    try:
        yield
    except (BadImageError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk fails, not the image
            raise
        raise BadImageError(f"This {extension.upper()} is cut or damaged.") from error


def _inspect(file: _File) -> Picture:
    head = file.peek()[:1024]
    extension = _extension(head)
    if not extension:
        raise BadImageError(f"{_what_came(head)} came instead of an image.")
    with _told_as_bad_image(extension):
        ends = _ends(file, extension, head)
        if extension not in PHOTO_EXTENSIONS:
            return Picture(extension, "video", 0, 0, ends)
        width, height = _measure(file, extension, head)
    if min(width, height) <= 0 or width * height > MAX_PIXELS:
        raise BadImageError(f"The header claims {width} x {height} pixels, which cannot be true.")
    return Picture(extension, "photo", width, height, ends)


def _extension(head: bytes) -> str:
    if not _NOT_TEXT.search(head, 0, 64):  # "The free ..." would else begin a QuickTime video
        return ""
    for offset, kinds in _MAGIC:
        for magic, extension in kinds.items():
            if head.startswith(magic, offset):
                return extension
    if head.startswith(b"BM") and head[15:18] == b"\0\0\0":
        return "bmp"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    if head[0:565:188] == b"GGGG":
        return "ts"
    return "m2ts" if head[4:581:192] == b"GGGG" else ""


def _what_came(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "Zeros" if head else "Nothing"
    # without the marks of UTF-8 and UTF-16
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if text.startswith(b"<"):
        is_page = re.search(rb"<(html|!doctype html|head|body|title|script|h1|center|p)\b", text)
        return "An HTML page" if is_page else "An XML document"
    if text.startswith((b"{", b"[", b"jsonflickrapi(")):
        return "JSON"
    return f"Something that begins with {head[:8].hex()}" if _NOT_TEXT.search(text) else "Plain text"


def _measure(file: _File, extension: str, head: bytes) -> tuple[int, int]:
    """Return the width and height that the header claims.

    On its way there Pillow would read colour profiles and EXIF data, and refuse or warn where they are odd.
    """
    if extension == "jpg":
        return _measure_jpeg(file)
    if extension == "png":
        width, height, checksum = struct.unpack(">16xII5xI", head[:33])
        if zlib.crc32(head[12:29]) != checksum:
            raise BadImageError("The header of this PNG is damaged.")
    elif extension == "gif":
        width, height = struct.unpack("<6xHH", head[:10])
    else:
        width, height = _open(file, extension).size
    return width, height


def _measure_jpeg(file: _File) -> tuple[int, int]:
    file.seek(2)
    for _ in range(_MANY_STEPS):
        if file.read(1) != b"\xff":
            continue  # stray bytes between the segments: viewers skip them too
        marker = file.read(1)[0]
        if marker == 0xFF:
            file.seek(-1, os.SEEK_CUR)
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">3xHH", file.read(7))
            return width, height
        elif marker in (0xD9, 0xDA):
            break
        elif marker > 0x01 and not 0xD0 <= marker <= 0xD8:
            file.seek(max(int.from_bytes(file.read(2)), 2) - 2, os.SEEK_CUR)
    raise BadImageError("This JPG is damaged: its header is missing.")


def _ends(file: _File, extension: str, head: bytes) -> bool:
    if extension in _END_MARKERS:
        file.seek(max(0, file.size() - 4096))
        tail = file.read().rstrip(b"\0\r\n")  # a little padding does no harm
        return tail.endswith(_END_MARKERS[extension])
    if head.startswith(b"RIFF"):
        length = int.from_bytes(head[4:8], "little")
        return 8 + length + length % 2 == file.size()
    if extension in _MADE_OF_BOXES:
        return _boxes_end(file)
    return False


def _boxes_end(file: _File) -> bool:
    """Return whether a video's outermost boxes add up to its length; a last one of length 0 fills it."""
    has_index, position, size = False, 0, file.size()
    for _ in range(_MANY_STEPS):
        if position > size - 8:
            break
        file.seek(position)
        header = file.read(16)
        length, name = struct.unpack(">I4s", header[:8])
        if length == 1:  # the next 8 bytes hold it
            length = int.from_bytes(header[8:])
        elif length == 0:
            length = size - position
        if length < 8:
            break
        has_index = has_index or name == b"moov"
        position += length
    return has_index and position == size


def _check_png(file: _File, picture: Picture) -> None:
    """Check every checksum and unpack the pixels piece by piece: Pillow would hold gigabytes of them."""
    pixels = zlib.decompressobj()
    unpacked, most = (
        0,
        8 * picture.width * picture.height + 16 * picture.height,
    )  # 8 bytes are the most for a pixel
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


@cache
def _readers() -> dict[str, Callable[[Any], ImageFile]]:
    """Return Pillow's readers; `Image.open` refuses large photos, by a limit that is the host program's."""
    from PIL import BmpImagePlugin, GifImagePlugin, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin

    class JpegFile(JpegImagePlugin.JpegImageFile):
        # in many a whole photo the EXIF data are damaged, and Pillow would print warnings of them
        def _read_dpi_from_exif(self) -> None: ...

    return {
        "jpg": JpegFile,
        "gif": GifImagePlugin.GifImageFile,
        "bmp": BmpImagePlugin.BmpImageFile,
        "tif": TiffImagePlugin.TiffImageFile,
        "webp": WebPImagePlugin.WebPImageFile,
    }


def _open(file: _File, extension: str) -> ImageFile:
    file.seek(0)
    file.exact = True
    image = _readers()[extension](file)
    file.exact = False
    return image


def _decode_frames(file: _File, picture: Picture) -> bool:
    """Decode a file as far as its pixels are not too many; return whether it was read to its end."""
    from PIL import Image

    too_many_scans = picture.extension == "jpg" and _has_many_scans(file)
    image = _open(file, picture.extension)
    area = picture.width * picture.height
    cost = max(area, _LEAST_COST)
    left = _DECODED_PIXELS
    if picture.extension == "jpg":
        # an eighth of the width and height: every bit is read all the same, in less time and memory
        image.draft("L", (max(1, picture.width // 8), max(1, picture.height // 8)))
        cost = area if "progressive" in image.info else area // 64
    if too_many_scans or (picture.extension != "jpg" and area > (Image.MAX_IMAGE_PIXELS or area)):
        return False  # of the latter Pillow would warn, or refuse them
    frame = 0
    while left >= cost:
        image.load()
        left -= cost
        frame += 1
        try:
            image.seek(frame)
        except EOFError:
            return True
    return False


def _has_many_scans(file: _File) -> bool:
    file.seek(0)
    left, found, last = file.size(), 0, b""
    while left and found <= _MANY_SCANS:
        piece = file.read(min(left, _PIECE))
        left -= len(piece)
        found += (last + piece).count(b"\xff\xda")  # the mark of a scan; pixels cannot look like it
        last = piece[-1:]
    return found > _MANY_SCANS


def _decode(file: _File, picture: Picture) -> None:
    with _ONE_AT_A_TIME if picture.width * picture.height > _LARGE else nullcontext():
        is_read = _decode_frames(file, picture)
    if not is_read and not picture.ends and picture.extension not in ("tif", "bmp"):
        raise BadImageError(f"This {picture.extension.upper()} is cut: its end marker is missing.")
