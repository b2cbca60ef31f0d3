"""Is this file one whole image, and of which kind and size?"""

from __future__ import annotations

import io
import os
import re
import struct
import zlib
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import BadImageError, NotAnImageError, NotUnderstoodError
from flickr_mirror.models.media import NOT_UNDERSTOOD, Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PIL.ImageFile import ImageFile

MAX_PIXELS = 1_000_000_000
"""A header that claims more pixels is believed only where the listing says the same."""

_MANY_STEPS = 100_000  # where a walk through a file ends, because a hostile file could prolong it for hours
_NOT_TEXT = re.compile(rb"[^\t\r\n -~]")

_MAGIC = (  # what stands where in which kind of file; the first match counts
    (0, {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png", b"GIF87a": "gif", b"GIF89a": "gif"}),
    (0, {b"II*\0": "tif", b"MM\0*": "tif", b"II+\0": "tif", b"MM\0+": "tif"}),  # the last two are BigTIFF
    (0, {b"OggS": "ogv", b"FLV\1": "flv", b"\x30\x26\xb2\x75": "wmv"}),
    (0, {b"\0\0\1\xba": "mpg", b"\0\0\1\xb3": "mpg"}),
    (8, {b"WEBP": "webp", b"AVI ": "avi"}),
    (
        4,
        {
            b"ftypavi": "avif",
            b"ftyphei": "heic",
            b"ftyphev": "heic",
            b"ftypmif1": "heic",
            b"ftypmsf1": "heic",
        },
    ),
    (4, {b"ftypqt": "mov", b"ftyp3g2": "3g2", b"ftyp3g": "3gp", b"ftyp": "mp4"}),
    (4, dict.fromkeys((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"), "mov")),  # older than ftyp
)
_END_MARKERS = {"jpg": b"\xff\xd9", "png": b"IEND\xaeB`\x82", "gif": b"\0;", "mpg": b"\0\0\1\xb9"}
_UNREADABLE = ("heic", "avif")
_UNKNOWN = {"photo": "bin", "video": "vid"}  # the extension of a file of no known format
PHOTO_EXTENSIONS = ("jpg", "png", "gif", "webp", "tif", "bmp", *_UNREADABLE, "bin")
MADE_OF_BOXES = ("mp4", "mov", "3gp", "3g2")
VIDEO_EXTENSIONS = (*MADE_OF_BOXES, "avi", "mkv", "webm", "wmv", "mpg", "ogv", "flv", "ts", "m2ts", "vid")
_EXTENSIONS = {"photo": PHOTO_EXTENSIONS, "video": VIDEO_EXTENSIONS}
_BLANK = b"\0 \t\r\n\xef\xbb\xbf"


def inspect(content: Path | bytes | bytearray, listed: tuple[int, int] | None = None) -> Picture:
    """Return what the header and the end of a file, or of its bytes, say.

    `listed` are the width and height in pixels that Flickr lists. Raises `NotAnImageError` for a page, a text or
    nothing, `NotUnderstoodError` for a format that is not known, and another `BadImageError` where the header is
    cut, damaged, or claims more than `MAX_PIXELS` pixels that are not those listed.
    """
    with open_file(content) as file:
        picture = measure(file)
    area = picture.width * picture.height
    if area > MAX_PIXELS and sorted((picture.width, picture.height)) != sorted(listed or ()):
        raise BadImageError(_impossible(picture.width, picture.height))
    return picture


def extension_of(content: Path | bytes | bytearray, media: str) -> str:
    """Return the extension for a `photo` or a `video` that `inspect` refuses: that of its format, or a general one."""
    with open_file(content) as file:
        head = file.peek()[:1024]
    extension = _extension(head) or _extension(head.lstrip(_BLANK))
    return extension if extension in _EXTENSIONS[media] else _UNKNOWN[media]


class File(io.BufferedReader):
    """A file that raises where more is wanted than it holds, so that no setting of Pillow forgives a cut.

    While it is `exact`, a part of what was wanted is too little as well.
    """

    exact = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, at least one of them. Raises `BadImageError` at the end of the file."""
        data = super().read(size)
        if size and (not data or (self.exact and len(data) < size)):
            raise BadImageError("The file is cut: its end is missing.")
        return data

    def size(self) -> int:
        """Return the length of the file in bytes."""
        position = self.tell()
        size = self.seek(0, os.SEEK_END)
        self.seek(position)
        return size


def open_file(content: Path | bytes | bytearray) -> File:
    """Open a file, or its bytes in memory, for reading. Raises `OSError`."""
    # what is in memory need not be raw, as typeshed has it, but readable in blocks
    raw: Any = io.BytesIO(content) if isinstance(content, bytes | bytearray) else io.FileIO(content)
    return File(raw)


@contextmanager
def raising_bad_image(extension: str) -> Iterator[None]:
    """Raise a `BadImageError` for whatever a reader of images raises about damaged bytes."""
    try:
        yield
    except (BadImageError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk fails, not the image
            raise
        raise BadImageError(f"This {extension.upper()} is cut or damaged.") from error


def measure(file: File) -> Picture:
    """Return what `inspect` does, whatever number of pixels the header claims."""
    head = file.peek()[:1024]
    extension = _extension(head)
    if extension in _UNREADABLE or head.startswith(
        b"MM\0+"
    ):  # Pillow reads BigTIFF in the other order of bytes only
        raise NotUnderstoodError(
            f"{NOT_UNDERSTOOD} files of the format {extension.upper()} cannot be checked."
        )
    if not extension:
        if what := _what_came(head):
            raise NotAnImageError(f"{what} came instead of an image.")
        raise NotUnderstoodError(f"{NOT_UNDERSTOOD} the file begins with {head[:8].hex()}.")
    with raising_bad_image(extension):
        ends = _ends(file, extension, head)
        if extension not in PHOTO_EXTENSIONS:
            return Picture(extension, "video", 0, 0, ends)
        width, height = _measure(file, extension, head)
    if min(width, height) <= 0:
        raise BadImageError(_impossible(width, height))
    return Picture(extension, "photo", width, height, ends)


def _impossible(width: int, height: int) -> str:
    return f"The header claims {width} x {height} pixels, which cannot be true."


def _extension(head: bytes) -> str:
    if not _NOT_TEXT.search(head, 0, 64):  # "The free ..." would else begin a QuickTime video
        return ""
    for offset, kinds in _MAGIC:
        for magic, extension in kinds.items():
            if head.startswith(magic, offset):
                return "avif" if extension == "heic" and b"avif" in head[8:64] else extension
    if head.startswith(b"BM") and head[15:18] == b"\0\0\0":
        return "bmp"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    if head[0:565:188] == b"GGGG":
        return "ts"
    return "m2ts" if head[4:581:192] == b"GGGG" else ""


def _what_came(head: bytes) -> str:
    """Return what came that is never an image; an empty text for bytes of an unknown format."""
    if not head.strip(b"\0"):
        return "Zeros" if head else "Nothing"
    # without the marks of UTF-8 and UTF-16
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if text.startswith(b"<"):
        is_page = re.search(rb"<(html|!doctype html|head|body|title|script|h1|center|p)\b", text)
        return "An HTML page" if is_page else "An XML document"
    if text.startswith((b"{", b"[", b"jsonflickrapi(")):
        return "JSON"
    if head.startswith(b"\x1f\x8b"):  # a server that packs what nobody asked it to, most likely a page
        return "Something packed by gzip"
    return "" if _NOT_TEXT.search(text) else "Plain text"


def _measure(file: File, extension: str, head: bytes) -> tuple[int, int]:
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
    elif extension == "webp":
        width, height = webp_dimensions(head[12:20], head[20:])
    else:
        width, height = read_header(file, extension).size
    return width, height


def webp_dimensions(header: bytes, content: bytes) -> tuple[int, int]:
    """Return the width and height that a chunk of a WebP claims, by its header and the bytes behind that.

    They are (0, 0) for a chunk that claims none. Raises `struct.error` where the chunk is cut.
    """
    if header.startswith(b"VP8X"):
        low_width, high_width, low_height, high_height = struct.unpack("<4xHBHB", content[:10])
        return 1 + low_width + (high_width << 16), 1 + low_height + (high_height << 16)
    if header.startswith(b"VP8L"):
        (bits,) = struct.unpack("<xI", content[:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if header.startswith(b"VP8 "):
        width, height = struct.unpack("<6xHH", content[:10])
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _measure_jpeg(file: File) -> tuple[int, int]:
    for marker in jpeg_markers(file):
        if is_jpeg_frame(marker):
            height, width = struct.unpack(">3xHH", file.read(7))
            return width, height
        if marker in (0xD9, 0xDA):
            break
    raise BadImageError("This JPG is damaged: its header is missing.")


def is_jpeg_frame(marker: int) -> bool:
    """Return whether a marker begins the header that tells the pixels of a JPEG."""
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)


def jpeg_markers(file: File) -> Iterator[int]:
    """Yield the markers of a JPEG, with the file at the segment of each. Raises `BadImageError` at the end."""
    position = 2
    for _ in range(_MANY_STEPS):
        file.seek(position)
        position += 1
        if file.read(1) != b"\xff":
            continue  # stray bytes between the segments: viewers skip them too
        marker = file.read(1)[0]
        if marker == 0xFF:
            continue
        position += 1
        if marker > 0x01 and not 0xD0 <= marker <= 0xD8:
            yield marker
            file.seek(position)
            position += max(int.from_bytes(file.read(2)), 2)


def _ends(file: File, extension: str, head: bytes) -> bool:
    if extension in _END_MARKERS:
        file.seek(max(0, file.size() - 4096))
        tail = file.read().rstrip(b"\0\r\n")  # a little padding does no harm
        return tail.endswith(_END_MARKERS[extension])
    if head.startswith(b"RIFF"):
        length = int.from_bytes(head[4:8], "little")
        return 8 + length + length % 2 == file.size()
    if extension in MADE_OF_BOXES:
        return _boxes_end(file)
    return False


def _boxes_end(file: File) -> bool:
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


def read_header(file: File, extension: str) -> ImageFile:
    file.seek(0)
    file.exact = True
    image = _readers()[extension](file)
    file.exact = False
    return image
