"""Inspection of media files: format, pixels and completeness, from the header and the end of a file."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

from flickr_mirror.errors import BadImageError, NotAnImageError, NotUnderstoodError
from flickr_mirror.models.media import NOT_UNDERSTOOD, Picture
from flickr_mirror.storage.media_file import open_media, raising_bad_image
from flickr_mirror.storage.media_formats import (
    EXTENSIONS,
    MADE_OF_BOXES,
    PHOTO_EXTENSIONS,
    UNKNOWN,
    UNREADABLE,
    describe_text,
    extension_of_head,
)

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PIL.ImageFile import ImageFile

    from flickr_mirror.storage.media_file import MediaFile

MAX_PIXELS = 1_000_000_000
"""The largest number of pixels that a header may claim, unless Flickr lists the same size."""

_MANY_STEPS = 100_000  # the limit of a walk through a file, which in a hostile file could take hours
_END_MARKERS = {"jpg": b"\xff\xd9", "png": b"IEND\xaeB`\x82", "gif": b"\0;", "mpg": b"\0\0\1\xb9"}
_BLANK = b"\0 \t\r\n\xef\xbb\xbf"


def inspect(
    content: Path | bytes | bytearray | io.RawIOBase, listed: tuple[int, int] | None = None
) -> Picture:
    """Return the format, pixels and completeness of a media file, as its header and its end show them.

    An open file stays open. `listed` are the width and height in pixels that Flickr lists. Raises `NotAnImageError`
    for a page, a text or an empty file, `NotUnderstoodError` for an unknown format, and another `BadImageError` if
    the header is cut, damaged, or claims more than `MAX_PIXELS` pixels, unless they are those listed.
    """
    with open_media(content) as file:
        picture = measure(file)
    area = picture.width * picture.height
    if area > MAX_PIXELS and sorted((picture.width, picture.height)) != sorted(listed or ()):
        raise BadImageError(_impossible(picture.width, picture.height))
    return picture


def extension_of(content: Path | bytes | bytearray | io.RawIOBase, media: str) -> str:
    """Return the extension for a `photo` or a `video` that `inspect` rejects: that of its format, or a general one."""
    with open_media(content) as file:
        head = file.peek()[:1024]
    extension = extension_of_head(head) or extension_of_head(head.lstrip(_BLANK))
    return extension if extension in EXTENSIONS[media] else UNKNOWN[media]


def measure(file: MediaFile) -> Picture:
    """Return the same as `inspect`, for any number of pixels."""
    head = file.peek()[:1024]
    extension = extension_of_head(head)
    if extension in UNREADABLE or head.startswith(b"MM\0+"):  # Pillow reads only little-endian BigTIFF
        raise NotUnderstoodError(
            f"{NOT_UNDERSTOOD} files of the format {extension.upper()} cannot be checked."
        )
    if not extension:
        if what := describe_text(head):
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


def _measure(file: MediaFile, extension: str, head: bytes) -> tuple[int, int]:
    """Return the width and height that the header claims.

    Most formats are parsed here, because Pillow also parses colour profiles and EXIF data, and rejects odd ones.
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
    """Return the width and height in a chunk of a WebP, given its header and the bytes that follow.

    They are (0, 0) for a chunk without a size. Raises `struct.error` if the chunk is cut.
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


def _measure_jpeg(file: MediaFile) -> tuple[int, int]:
    for marker in jpeg_markers(file):
        if is_jpeg_frame(marker):
            height, width = struct.unpack(">3xHH", file.read(7))
            return width, height
        if marker in (0xD9, 0xDA):
            break
    raise BadImageError("This JPG is damaged: its header is missing.")


def is_jpeg_frame(marker: int) -> bool:
    """Return whether a marker begins the header with the width and height of a JPEG."""
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)


def jpeg_markers(file: MediaFile) -> Iterator[int]:
    """Yield the markers of a JPEG, with the file positioned at the segment. Raises `BadImageError` at the end."""
    position = 2
    for _ in range(_MANY_STEPS):
        file.seek(position)
        position += 1
        if file.read(1) != b"\xff":
            continue  # viewers skip stray bytes between segments too
        marker = file.read(1)[0]
        if marker == 0xFF:
            continue
        position += 1
        if marker > 0x01 and not 0xD0 <= marker <= 0xD8:
            yield marker
            file.seek(position)
            position += max(int.from_bytes(file.read(2)), 2)


def _ends(file: MediaFile, extension: str, head: bytes) -> bool:
    if extension in _END_MARKERS:
        file.seek(max(0, file.size() - 4096))
        tail = file.read().rstrip(b"\0\r\n")  # padding is harmless
        return tail.endswith(_END_MARKERS[extension])
    if head.startswith(b"RIFF"):
        length = int.from_bytes(head[4:8], "little")
        return 8 + length + length % 2 == file.size()
    if extension in MADE_OF_BOXES:
        return _boxes_end(file)
    return False


def _boxes_end(file: MediaFile) -> bool:
    """Return whether the lengths of a video's top-level boxes add up to that of the file; 0 means up to its end."""
    has_index, position, size = False, 0, file.size()
    for _ in range(_MANY_STEPS):
        if position > size - 8:
            break
        file.seek(position)
        header = file.read(16)
        length, name = struct.unpack(">I4s", header[:8])
        if length == 1:  # the length is in the next 8 bytes
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
    """Return Pillow's readers. `Image.open` rejects large photos by a limit that the host program may set."""
    from PIL import BmpImagePlugin, GifImagePlugin, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin

    class JpegFile(JpegImagePlugin.JpegImageFile):
        # many intact photos have damaged EXIF data, for which Pillow prints warnings
        def _read_dpi_from_exif(self) -> None: ...

    return {
        "jpg": JpegFile,
        "gif": GifImagePlugin.GifImageFile,
        "bmp": BmpImagePlugin.BmpImageFile,
        "tif": TiffImagePlugin.TiffImageFile,
        "webp": WebPImagePlugin.WebPImageFile,
    }


def read_header(file: MediaFile, extension: str) -> ImageFile:
    """Return the image that Pillow opens from a file, with its pixels not decoded yet."""
    file.seek(0)
    file.exact = True
    image = _readers()[extension](file)
    file.exact = False
    return image
