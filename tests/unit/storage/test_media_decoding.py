"""Tests of `flickr_mirror.storage.media_decoding`: bounded memory and time. See also `test_pictures`."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from flickr_mirror.errors import BadImageError
from flickr_mirror.storage import animation_frames, media_decoding, media_file
from flickr_mirror.storage.media_decoding import decode
from tests.support.media_files import animation, jpeg_claiming, written
from tests.support.parameters import with_slow_rest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCREEN = 9450
"""The largest screen that Pillow opens without a warning."""
PROGRAM = """
import pathlib, resource, sys
import PIL.BmpImagePlugin, PIL.GifImagePlugin, PIL.JpegImagePlugin, PIL.TiffImagePlugin, PIL.WebPImagePlugin
from flickr_mirror.storage.media_decoding import decode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
decode(pathlib.Path(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a RIFF file."""
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def webp(screen: int, side: int = 64, frames: int = 20, **options: object) -> bytes:
    """Return an animated WebP whose frames are far smaller than its screen."""
    file = io.BytesIO()
    channels = 4 if options.pop("alpha", False) else 3
    noise = random.Random(1).randbytes(side * side * channels)
    image = Image.frombytes("RGBA" if channels == 4 else "RGB", (side, side), noise)
    image.save(file, "WEBP", quality=10, **options)
    pixels = file.getvalue()[12:]
    if pixels.startswith(b"VP8X"):
        pixels = pixels[18:]
    edge, small = (struct.pack("<I", length - 1)[:3] for length in (screen, side))
    frame = chunk(b"ANMF", bytes(6) + small * 2 + b"\x32\0\0\0" + pixels)
    body = chunk(b"VP8X", struct.pack("<I", 0x12) + edge * 2) + chunk(b"ANIM", bytes(6)) + frame * frames
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def gif(screen: tuple[int, int], frame: tuple[int, int] = (1, 1), frames: int = 2) -> bytes:
    """Return a GIF of a few bytes whose frames are far smaller than its screen."""
    pixels = b"," + struct.pack("<4xHHB", *frame, 0) + b"\2\2\x44\1\0"
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6) + pixels * frames + b";"


def encoded(mode: str, side: int, pillow_format: str, **options: object) -> bytes:
    """Return an image of one colour."""
    file = io.BytesIO()
    Image.new(mode, (side, side)).save(file, pillow_format, **options)
    return file.getvalue()


def progressive(side: int) -> bytes:
    """Return a progressive JPEG of a few bytes that claims this number of pixels."""
    data = bytearray(encoded("RGB", 64, "JPEG", progressive=True))
    start = data.index(b"\xff\xc2") + 5
    data[start : start + 4] = struct.pack(">HH", side, side)
    return bytes(data)


CHEAP: dict[str, Callable[[], bytes]] = {
    "animated WebP with a large screen": lambda: webp(SCREEN),
    "GIF of 50 bytes with a large screen": lambda: gif((SCREEN, SCREEN)),
    "GIF with the largest screen": lambda: gif((65_535, 65_535)),
    "progressive JPEG": lambda: progressive(15_000),
    "baseline JPEG": lambda: jpeg_claiming(60_000, 60_000),
    "TIFF": lambda: encoded("RGBA", 9400, "TIFF", compression="tiff_deflate"),
    "lossless WebP": lambda: encoded("RGB", 5000, "WEBP", lossless=True),
}
"""Functions that make small files with large claims, because files made on import would stay in each test process."""


@pytest.mark.parametrize("kind", with_slow_rest(CHEAP, "progressive JPEG", "TIFF"))
def test_a_small_file_takes_little_memory(tmp_path: Path, kind: str) -> None:
    """A file of some kilobytes cannot take a gigabyte of memory."""
    path = written(tmp_path / "file", CHEAP[kind]())
    command = [sys.executable, "-c", PROGRAM, str(path)]
    finished = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
    kilobytes = int(finished.stdout) // (1024 if sys.platform == "darwin" else 1)
    assert kilobytes < 150_000


@pytest.mark.parametrize("data", [webp(300), webp(300, alpha=True), webp(300, alpha=True, lossless=True)])
def test_frames_of_a_webp_are_decoded_one_by_one(tmp_path: Path, data: bytes) -> None:
    """Each frame is read to its end, with or without transparency; damage in any of them is detected."""
    path = tmp_path / "file"
    decode(written(path, data))
    frames = [place for place in range(len(data)) if data.startswith(b"ANMF", place)]
    assert len(frames) == 20
    for frame in (frames[0], frames[-1]):
        damaged = bytearray(data)
        start = data.index(b"VP8", frame) + 8
        damaged[start : start + 28] = bytes(28)
        with pytest.raises(BadImageError):
            decode(written(path, bytes(damaged)))


def test_the_cost_of_a_frame_is_that_of_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size in the data of a frame counts, not that in the header before them."""
    monkeypatch.setattr(media_decoding, "_MOST_MEMORY", 1_000_000)
    data = webp(300, 256, frames=1).replace(struct.pack("<I", 255)[:3] * 2, struct.pack("<I", 3)[:3] * 2)
    with media_file.open_media(data) as file:
        (frame,) = animation_frames.webp_frames(file)
    assert (frame.width, frame.height) == (256, 256)
    decode(written(tmp_path / "file", data))  # not decoded, because the two sizes contradict each other


def test_a_file_of_endless_parts_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile animation cannot keep a thread busy for hours; its end decides whether it is complete."""
    monkeypatch.setattr(animation_frames, "MANY_PARTS", 100)
    path = tmp_path / "file"
    for data in (gif((9, 9), frames=200), webp(99, frames=200), animation("GIF")):
        decode(written(path, data))
    with pytest.raises(BadImageError, match="end marker"):
        decode(written(path, gif((9, 9), frames=200)[:-20]))


def test_a_jpeg_with_a_scan_per_colour_costs_as_much_as_a_progressive_one(tmp_path: Path) -> None:
    """A decoder holds all coefficients of a JPEG with more than one scan."""
    data = jpeg_claiming(30_000, 30_000)
    start = data.index(b"\xff\xda")
    with media_file.open_media(data) as file:
        assert media_decoding._coefficients(file) == 0
    with media_file.open_media(data[: start + 4] + b"\1" + data[start + 5 :]) as file:
        assert media_decoding._coefficients(file) > 900_000_000
