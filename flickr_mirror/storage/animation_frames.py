"""The frames of GIF and WebP files, each as a still image.

An animation reader holds several copies of the whole canvas in memory, and a file of a few bytes can claim a canvas of
a gigabyte with frames of a few pixels. A frame that is read as a still image needs memory for its own pixels only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flickr_mirror.errors import BadImageError
from flickr_mirror.storage.media_inspection import webp_dimensions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flickr_mirror.storage.media_file import MediaFile

MANY_PARTS = 1_000_000
"""The largest number of parts of one file that are walked through. A hostile file could have enough for hours."""


class TooManyPartsError(Exception):
    """A file has more than `MANY_PARTS` parts."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of `width` x `height` pixels, whose `length` bytes begin at `start` in the file.

    `head` and `tail` complete them to a file.
    """

    width: int
    height: int
    start: int
    length: int
    head: bytes
    tail: bytes = b""

    def still(self, file: MediaFile) -> bytes:
        """Return the frame as the bytes of a still image."""
        file.seek(self.start)
        return self.head + file.read(self.length) + self.tail


def gif_frames(file: MediaFile) -> Iterator[Frame]:
    """Yield the frames of a GIF. Raises `BadImageError` if it is cut, and `TooManyPartsError`."""
    file.seek(10)
    position = 13 + _colours(file.read(1)[0])
    left = MANY_PARTS
    while left:
        left -= 1
        file.seek(position)
        mark = file.read(1)
        if mark == b";":
            return
        if mark == b",":
            width, height, flags = struct.unpack("<4xHHB", file.read(9))
            start = position
            position, left = _end_of_blocks(file, position + 11 + _colours(flags), left)
            head = b"GIF89a" + struct.pack("<HH3x", width, height)
            # move the frame to the corner of a canvas of its size
            descriptor = b"," + struct.pack("<4xHHB", width, height, flags)
            yield Frame(width, height, start + 10, position - start - 10, head + descriptor, b";")
        elif mark == b"!":
            position, left = _end_of_blocks(file, position + 2, left)
        else:
            position += 1  # viewers skip stray bytes too
    raise TooManyPartsError


def _colours(flags: int) -> int:
    """Return the length in bytes of the colour table that the flags of a GIF announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(file: MediaFile, position: int, left: int) -> tuple[int, int]:
    """Return the end of the blocks that begin at `position`, and the remaining number of parts."""
    while left:
        left -= 1
        file.seek(position)
        length = file.read(1)[0]
        position += 1 + length
        if not length:
            return position, left
    raise TooManyPartsError


def webp_frames(file: MediaFile) -> Iterator[Frame]:
    """Yield the frames of a WebP, or the file itself if it is a still image.

    Raises `BadImageError` if it is cut, and `TooManyPartsError`.
    """
    size = file.size()
    file.seek(4)
    end = 8 + int.from_bytes(file.read(4), "little")
    if end > size:
        raise BadImageError("This WEBP is cut: its end is missing.")
    is_animated = False
    width = height = 0
    for name, start, length in _chunks(file, 12, end):
        if name == b"ANMF":
            is_animated = True
            yield _animation_frame(file, start, length)
        claimed = _claimed(file, name, start)
        width, height = max(width, claimed[0]), max(height, claimed[1])
    if not is_animated:
        yield Frame(width, height, 0, size, b"")


def _animation_frame(file: MediaFile, start: int, length: int) -> Frame:
    file.seek(start)
    low_width, high_width, low_height, high_height = struct.unpack("<6xHBHB", file.read(12))
    width, height = 1 + low_width + (high_width << 16), 1 + low_height + (high_height << 16)
    screen = struct.pack("<BHBHB", 0, low_width, high_width, low_height, high_height)
    has_alpha = False
    content = start + 16
    for name, inner, _ in _chunks(file, content, start + length):
        has_alpha = has_alpha or name == b"ALPH"
        claimed = _claimed(file, name, inner)
        width, height = max(width, claimed[0]), max(height, claimed[1])
    # a separate chunk for transparency requires the extended format
    extended = b"VP8X" + struct.pack("<IB2x", 10, 0x10) + screen if has_alpha else b""
    riff = b"RIFF" + struct.pack("<I", 4 + len(extended) + length - 16) + b"WEBP"
    return Frame(width, height, content, length - 16, riff + extended)


def _claimed(file: MediaFile, name: bytes, start: int) -> tuple[int, int]:
    """Return the width and height in a chunk of a WebP, or (0, 0) for a chunk without a size."""
    if name not in (b"VP8X", b"VP8 ", b"VP8L"):
        return 0, 0
    file.seek(start)
    return webp_dimensions(name, file.read(10))


def _chunks(file: MediaFile, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, start and length in bytes of the chunks of a WebP between two positions."""
    for _ in range(MANY_PARTS):
        if position + 8 > end:
            return
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        if position + 8 + length > end:
            raise BadImageError("This WEBP is damaged: its parts do not add up to a whole.")
        yield name, position + 8, length
        position += 8 + length + length % 2
    raise TooManyPartsError
