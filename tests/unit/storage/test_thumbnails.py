"""Thumbnails of all formats, upright, opaque and small; damaged and huge files are refused."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from flickr_mirror.errors import BadImageError
from flickr_mirror.storage.thumbnails import make_thumbnail

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_every_format_has_a_thumbnail(tmp_path: Path, kind: str, mode: str) -> None:
    """It is a JPEG of at most the height, in the proportions of the image."""
    if (kind, mode) == ("JPEG", "P"):
        pytest.skip("JPEG has no palettes.")
    Image.new("RGB", (900, 600), "orange").convert(mode).save(tmp_path / "image", kind)
    make_thumbnail(tmp_path / "image", tmp_path / "thumb.jpg", 120)
    with Image.open(tmp_path / "thumb.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (180, 120))
    assert not list(tmp_path.glob("*.part"))


def test_a_rotated_photo_is_upright(tmp_path: Path) -> None:
    """The orientation in the EXIF data is applied."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200), "orange").save(tmp_path / "image", "JPEG", exif=exif)
    make_thumbnail(tmp_path / "image", tmp_path / "thumb.jpg", 100)
    with Image.open(tmp_path / "thumb.jpg") as image:
        assert image.height == 2 * image.width == 100


def test_a_transparent_image_is_on_white(tmp_path: Path) -> None:
    """Not black, as the colour below transparent pixels often is."""
    Image.new("RGBA", (200, 200), (0, 0, 0, 0)).save(tmp_path / "image", "PNG")
    make_thumbnail(tmp_path / "image", tmp_path / "thumb.jpg", 100)
    with Image.open(tmp_path / "thumb.jpg") as image:
        assert image.getpixel((50, 50)) == (255, 255, 255)


def test_a_panorama_is_not_wider_than_twice_its_height(tmp_path: Path) -> None:
    """So a thumbnail stays small."""
    Image.new("RGB", (3000, 300)).save(tmp_path / "image", "JPEG")
    make_thumbnail(tmp_path / "image", tmp_path / "thumb.jpg", 100)
    with Image.open(tmp_path / "thumb.jpg") as image:
        assert image.size == (200, 20)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xd8\xff\xe0", b"GIF89a"])
def test_other_files_than_images_are_refused(tmp_path: Path, content: bytes) -> None:
    """No thumbnail and no partial file is left."""
    (tmp_path / "image").write_bytes(content)
    with pytest.raises(BadImageError):
        make_thumbnail(tmp_path / "image", tmp_path / "thumb.jpg", 100)
    assert [path.name for path in tmp_path.iterdir()] == ["image"]


def test_a_huge_image_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """A PNG of 20,000 x 20,000 pixels would take 1.2 GB."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    content = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    (tmp_path / "image").write_bytes(content)
    with pytest.raises(BadImageError, match="too large"):
        make_thumbnail(tmp_path / "image", tmp_path / "thumb.jpg", 100)
