"""Tests of `flickr_mirror.storage.media_inspection`: the evidence in the bytes of an image or video."""

from __future__ import annotations

import errno
import random
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageFile
from PIL.GifImagePlugin import GifImageFile

from flickr_mirror.errors import BadImageError, NotAnImageError, NotUnderstoodError
from flickr_mirror.models.media import Picture
from flickr_mirror.storage import media_decoding, media_inspection
from flickr_mirror.storage.media_decoding import decode
from flickr_mirror.storage.media_inspection import MAX_PIXELS, extension_of, inspect
from tests.support.media_files import (
    ENDLESS,
    MP4,
    SIZE,
    STILLS,
    THUMBNAIL,
    VIDEOS,
    box,
    image,
    jpeg_claiming,
    png,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def is_accepted(path: Path) -> bool:
    """Return whether the file passes both the cheap and the thorough check."""
    try:
        ends = inspect(path).ends
        decode(path)
    except BadImageError:
        return False
    return ends


@pytest.mark.parametrize("kind", STILLS)
def test_a_complete_image_is_recognised_under_any_name(file: Path, kind: str) -> None:
    """The bytes of a complete image show its format, its size in pixels and its completeness."""
    written(file, STILLS[kind])
    extension = kind[:4].rstrip(",")

    found = inspect(file)

    assert found == Picture(extension, "photo", *SIZE, ends=extension not in ENDLESS)
    decode(file)


@pytest.mark.parametrize("kind", [kind for kind in STILLS if not kind.startswith(ENDLESS)])
def test_a_cut_image_is_never_complete(file: Path, kind: str) -> None:
    """Both checks together detect a transfer cut at any position."""
    data = STILLS[kind]
    cuts = {len(data) * step // 50 for step in range(50)} | {len(data) - lost for lost in range(1, 14)}

    taken = [cut for cut in sorted(cuts) if is_accepted(written(file, data[:cut]))]

    assert taken == []


@pytest.mark.parametrize("kind", [kind for kind in STILLS if kind != "bmp"])
@pytest.mark.parametrize("lenient", [False, True])
def test_decoding_alone_detects_a_cut(
    file: Path, kind: str, lenient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut image does not decode, even if the host program lets Pillow accept truncated images."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    data = STILLS[kind]

    for step in range(50):
        written(file, data[: len(data) * step // 50])
        with pytest.raises(BadImageError):
            decode(file)


def test_a_cut_bitmap_does_not_decode(file: Path) -> None:
    """A bitmap without its last rows is incomplete."""
    with pytest.raises(BadImageError):
        decode(written(file, STILLS["bmp"][:-300]))


def test_a_cut_jpeg_has_a_size_but_no_end(file: Path) -> None:
    """A JPEG without its last third still has a size, and is detected as cut."""
    written(file, STILLS["jpg"][: len(STILLS["jpg"]) * 2 // 3])

    assert inspect(file) == Picture("jpg", "photo", *SIZE, ends=False)
    with pytest.raises(BadImageError, match="cut"):
        decode(file)


def test_a_jpeg_filled_up_with_zeros_is_incomplete(file: Path) -> None:
    """A preallocated file that is only half filled is incomplete."""
    data = STILLS["jpg"]

    assert not is_accepted(written(file, data[: len(data) // 2] + bytes(len(data) // 2)))


@pytest.mark.parametrize("kind", ["jpg", "png", "gif"])
@pytest.mark.parametrize("padding", [b"\0", b"\n", b"\r\n", bytes(512)])
def test_a_little_padding_is_accepted(file: Path, kind: str, padding: bytes) -> None:
    """Zeros or a line end after the image, as some cameras and programs write them, are not suspicious."""
    assert is_accepted(written(file, STILLS[kind] + padding))


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "webp"])
@pytest.mark.parametrize("other", [b"<!-- served by cdn7 -->", MP4, bytes(8192)])
def test_an_image_with_other_data_after_it_is_decoded(file: Path, kind: str, other: bytes) -> None:
    """A photo followed by a video, as phones write it, is suspicious, but decoded and not rejected."""
    written(file, STILLS[kind] + other)

    assert inspect(file) == Picture(kind, "photo", *SIZE, ends=False)
    decode(file)


def test_a_jpeg_size_is_found_after_large_metadata_and_stray_bytes(file: Path) -> None:
    """Colour profiles, thumbnails, fill bytes and stray bytes before the header do not hide the size."""
    # the thumbnail has another size, and ends with the same marker
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + 60_000) + (b"Exif\0\0" + THUMBNAIL).ljust(60_000, b"\xff")
    tables = b"\xff\xc4\0\x13" + bytes(17)
    written(file, b"\xff\xd8\xff" + thumbnail * 12 + b"\xff\xff\xff" + tables + STILLS["jpg"][2:])

    assert inspect(file) == Picture("jpg", "photo", *SIZE, ends=True)

    written(file, b"\xff\xd8" + thumbnail + b"\0\0" + STILLS["jpg"][2:])
    assert inspect(file) == Picture("jpg", "photo", *SIZE, ends=True)
    decode(file)

    written(file, b"\xff\xd8\xff\x01\xff\xd0" + STILLS["jpg"][2:])
    assert inspect(file) == Picture("jpg", "photo", *SIZE, ends=True)


def test_a_jpeg_cut_after_its_thumbnail_is_refused(file: Path) -> None:
    """The end marker of the thumbnail is not the end of the photo."""
    segment = b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(STILLS["jpg"])) + b"Exif\0\0" + STILLS["jpg"]

    with pytest.raises(BadImageError, match="cut"):
        inspect(written(file, b"\xff\xd8" + segment))


def test_a_gif_cut_at_a_semicolon_is_detected(file: Path) -> None:
    """A semicolon within a GIF is not its end."""
    data = STILLS["gif"]
    cuts = [end for end in range(1000, len(data)) if data[end - 1 : end] == b";"]

    taken = [cut for cut in cuts if inspect(written(file, data[:cut])).ends]

    # the byte before is checked as well, and any remaining false end does not decode
    assert len(taken) < len(cuts) / 10
    assert not any(is_accepted(written(file, data[:cut])) for cut in taken)


@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xd9" + b"\0" * 20, b"\xff\xd8\xff\xda\0\x08" + bytes(20)])
def test_a_jpeg_without_header_is_refused(file: Path, data: bytes) -> None:
    """A JPEG that ends or begins its pixels before its size is invalid."""
    with pytest.raises(BadImageError, match="header"):
        inspect(written(file, data))


def test_a_jpeg_of_endless_stray_bytes_is_refused_soon(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile photo cannot keep a thread busy for hours."""
    monkeypatch.setattr(media_inspection, "_MANY_STEPS", 50)

    with pytest.raises(BadImageError, match="header"):
        inspect(written(file, b"\xff\xd8\xff" + bytes(100) + STILLS["jpg"][2:]))


@pytest.mark.parametrize("kind", STILLS)
def test_damage_causes_no_other_error(file: Path, kind: str) -> None:
    """After any change of bytes, a file is either an image or a `BadImageError`."""
    chance = random.Random(kind)
    refused = 0
    for _ in range(60):
        data = bytearray(STILLS[kind])
        for _ in range(chance.randint(1, 6)):
            data[min(int(chance.expovariate(1 / 200)), len(data) - 1)] = chance.choice(
                (0, 255, chance.randrange(256))
            )
        written(file, bytes(data))
        for look in (inspect, decode):
            try:
                look(file)
            except BadImageError:
                refused += 1
    assert 0 < refused <= 120


def test_damaged_exif_data_do_not_matter(file: Path) -> None:
    """A photo with broken camera data is complete, and no warning is printed."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x03" + b"\x01\x1a\0\x05\0\0\0\x01\xff\xff\xff\0" * 3
    written(file, image("JPEG", exif=exif))

    assert inspect(file).ends
    decode(file)


def test_a_png_with_an_enormous_colour_profile_is_accepted(file: Path) -> None:
    """A PNG is not refused for its metadata, as Pillow would do."""
    profile = b"profile\0\0" + zlib.compress(bytes(5_000_000))
    written(file, png(64, 48, extra=(b"iCCP", profile)))

    assert is_accepted(file)


@pytest.mark.parametrize("where", ["IHDR", "IDAT", "IEND"])
def test_a_flipped_bit_in_a_png_is_detected(file: Path, where: str) -> None:
    """A PNG's checksums reveal every changed bit."""
    data = bytearray(STILLS["png"])
    data[data.index(where.encode()) + 5] ^= 0x10

    assert not is_accepted(written(file, bytes(data)))


def test_a_damaged_png_header_is_refused_at_once(file: Path) -> None:
    """A PNG with a changed width is refused without being decoded."""
    with pytest.raises(BadImageError, match="header"):
        inspect(written(file, STILLS["png"].replace(struct.pack(">I", SIZE[0]), struct.pack(">I", 161), 1)))


def test_a_flipped_bit_in_the_text_of_a_png_is_detected(file: Path) -> None:
    """Not only the pixels of a PNG are checked."""
    data = png(64, 48, extra=(b"tEXt", b"Title\0Hue"))
    decode(written(file, data))

    with pytest.raises(BadImageError, match="checksum"):
        decode(written(file, data.replace(b"Hue", b"Hui")))


def test_a_png_whose_pixels_end_early_is_refused(file: Path) -> None:
    """A PNG with correct checksums, but only a part of its compressed pixels, is incomplete."""
    whole = png(64, 48)
    start = whole.index(b"IDAT")
    half = whole[start + 4 : start + 10]
    chunk = struct.pack(">I", len(half)) + b"IDAT" + half + struct.pack(">I", zlib.crc32(b"IDAT" + half))

    with pytest.raises(BadImageError, match="pixels"):
        decode(written(file, whole[: start - 4] + chunk + whole[-12:]))


def test_a_large_original_is_accepted_without_a_warning(file: Path) -> None:
    """A picture of 200 megapixels is accepted, although it exceeds Pillow's own limit."""
    written(file, png(20_000, 10_000))

    assert inspect(file) == Picture("png", "photo", 20_000, 10_000, ends=True)
    decode(file)


@pytest.mark.parametrize("kind", STILLS)
@pytest.mark.parametrize("limit", [15_000, SIZE[0] * SIZE[1], None])
def test_the_limit_of_the_host_program_has_no_effect(
    file: Path, kind: str, limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host program that changes Pillow's limit on pixels gets no warning and keeps its limit."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    written(file, STILLS[kind])

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert (inspect(file).width, inspect(file).height) == SIZE
        decode(file)

    assert warned == []
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_cut_tiff_header_causes_no_warnings(file: Path) -> None:
    """A cut TIFF raises an error; Pillow prints nothing to the terminal."""
    data = image("TIFF", compression="tiff_lzw")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for cut in range(len(data) - 200, len(data)):
            with suppress(BadImageError):
                inspect(written(file, data[:cut]))

    assert warned == []


def test_an_image_too_large_to_decode_is_checked_by_its_end(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end marker is checked for pictures that would take gigabytes of memory."""
    monkeypatch.setattr(media_decoding, "_DECODED_PIXELS", 1000)
    data = STILLS["jpg, progressive"]

    decode(written(file, data))
    with pytest.raises(BadImageError, match="end marker"):
        decode(written(file, data[:-2]))


def test_a_long_animation_is_checked_by_its_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first frames of a long animation are decoded; for the rest the end marker is checked."""
    monkeypatch.setattr(media_decoding, "_DECODED_PIXELS", 2 * SIZE[0] * SIZE[1])
    data = STILLS["gif, animated"]

    frames: list[tuple[int, int]] = []
    load = GifImageFile.load

    def counting(self: GifImageFile) -> Any:
        frames.append(self.size)
        return load(self)

    monkeypatch.setattr(GifImageFile, "load", counting)
    decode(written(file, data))

    assert len(frames) == 2
    with pytest.raises(BadImageError, match="end marker"):
        decode(written(file, data[:-100]))


@pytest.mark.parametrize(
    "data",
    [
        png(50_000, 50_000, rows=10),
        jpeg_claiming(65_500, 65_500),
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + STILLS["gif"][10:],
        STILLS["bmp"][:18] + struct.pack("<ii", 1_000_000, -1_000_000) + STILLS["bmp"][26:],
        jpeg_claiming(0, 120),
    ],
)
def test_a_pixel_bomb_is_refused_before_it_is_unpacked(file: Path, data: bytes) -> None:
    """A small file that claims gigapixels, or none at all, is refused because of its header."""
    written(file, data)

    with pytest.raises(BadImageError, match=r"claims \d+ x \d+ pixels|cut or damaged"):
        inspect(file)


def test_a_gigapixel_image_is_accepted_if_the_listing_agrees(file: Path) -> None:
    """A scan of 41,000 x 25,000 pixels is accepted if Flickr lists these pixels, rotated or not."""
    written(file, jpeg_claiming(41_000, 25_000))

    assert inspect(file, (41_000, 25_000)) == Picture("jpg", "photo", 41_000, 25_000, ends=True)
    assert inspect(file, (25_000, 41_000)).width == 41_000
    with pytest.raises(BadImageError, match="claims 41000 x 25000 pixels"):
        inspect(file, (4_100, 2_500))


def test_the_limit_is_far_above_real_photos() -> None:
    """The largest photos that cameras take are far below the limit."""
    assert MAX_PIXELS >= 4 * 200_000_000


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "Nothing"),
        (bytes(5000), "Zeros"),
        (b"<!DOCTYPE html><title>429</title>", "An HTML page"),
        (b"\xef\xbb\xbf\r\n <HTML><body>", "An HTML page"),
        (b"<!-- edge --><html lang='en'>", "An HTML page"),
        ("\ufeff<html>".encode("utf-16"), "An HTML page"),
        (b'<?xml version="1.0"?><!DOCTYPE html>', "An HTML page"),
        (b'<?xml version="1.0" encoding="utf-8" ?>\n<rsp stat="fail">', "An XML document"),
        (b'{"stat":"fail","code":1}', "JSON"),
        (b'jsonFlickrApi({"stat":"ok"})', "JSON"),
        (b"Too Many Requests\n", "Plain text"),
        (b"\x1f\x8b\x08\0" + bytes(20), "Something packed by gzip"),
        (b"The free lunch is over", "Plain text"),
        (b"BMW has moved", "Plain text"),
    ],
)
def test_a_file_that_is_not_an_image_is_named_in_one_sentence(file: Path, data: bytes, kind: str) -> None:
    """The message names the content: a page, an answer of the API, an empty file."""
    written(file, data)

    with pytest.raises(NotAnImageError, match=rf"^{kind} came instead of an image\.$"):
        inspect(file)
    with pytest.raises(BadImageError):
        decode(file)


@pytest.mark.parametrize(
    ("data", "media", "extension"),
    [
        (box(b"ftyp", b"heic\0\0\0\0mif1heic"), "photo", "heic"),
        (box(b"ftyp", b"mif1\0\0\0\0mif1heic"), "photo", "heic"),
        (box(b"ftyp", b"mif1\0\0\0\0mif1avif"), "photo", "avif"),
        (box(b"ftyp", b"avif\0\0\0\0avifmif1"), "photo", "avif"),
        (b"MM\0+\0\x08\0\0" + bytes(40), "photo", "tif"),
        (b"\n" + STILLS["jpg"], "photo", "jpg"),
        (b"\x93XYZ" + bytes(20), "photo", "bin"),
        (b"BM\xff\xff" + bytes([200]) * 60, "photo", "bin"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "photo", "bin"),
        (STILLS["jpg"][:2], "photo", "bin"),
        (STILLS["jpg"][1:], "photo", "bin"),
        (b"\x93XYZ" + bytes(20), "video", "vid"),
    ],
)
def test_an_unknown_format_is_recognised_by_its_bytes(
    file: Path, data: bytes, media: str, extension: str
) -> None:
    """A file of an unknown format is not reported as a page, and gets an extension."""
    written(file, data)

    with pytest.raises(NotUnderstoodError, match=r"^Not understood: (the file begins|files of the format) "):
        inspect(file)
    with pytest.raises(NotUnderstoodError):
        decode(file)
    assert extension_of(file, media) == extension
    assert extension_of(data, media) == extension


def test_a_bigtiff_is_a_tiff(file: Path) -> None:
    """A TIFF in the format for files above 4 GB is measured and decoded."""
    tags = {256: 8, 257: 4, 258: 8, 259: 1, 262: 1, 273: 216, 277: 1, 278: 4, 279: 32}
    entries = b"".join(struct.pack("<HHQQ", tag, 16, 1, value) for tag, value in tags.items())
    head = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(tags))
    written(file, (head + entries + bytes(8)).ljust(216, b"\0") + bytes(32))

    assert inspect(file) == Picture("tif", "photo", 8, 4, ends=False)
    decode(file)


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "webp", "bmp"])
def test_a_cut_header_is_refused(file: Path, kind: str) -> None:
    """A file that ends within its header is refused at once."""
    with pytest.raises(BadImageError, match=r"cut|damaged|Not understood|came instead"):
        inspect(written(file, STILLS[kind][:9]))


def test_eight_threads_inspect_and_decode_at_once(tmp_path: Path) -> None:
    """Parallel downloads are checked in parallel, with independent results."""
    paths = []
    for number, (kind, data) in enumerate({**STILLS, **VIDEOS}.items()):
        paths.append((written(tmp_path / str(number), data), kind[:4].rstrip(",")))

    def check(path: Path, extension: str) -> bool:
        decode(path)
        return inspect(path).extension == extension

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda job: check(*job), paths * 8))


@pytest.mark.parametrize("look", [inspect, decode])
def test_a_missing_file_is_reported_as_missing(file: Path, look: Any) -> None:
    """An unreadable file is an error of the disk, not of the image."""
    with pytest.raises(FileNotFoundError):
        look(file)


def test_a_failing_disk_is_not_a_bad_image(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk fails while an image is read, the image is not reported as damaged."""

    def fail(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load_read", fail)

    with pytest.raises(OSError, match="Input/output error"):
        decode(written(file, STILLS["jpg"]))


def test_pillow_is_loaded_only_for_decoding(file: Path) -> None:
    """The start and the check of every photo do not load Pillow."""
    written(file, STILLS["jpg"])
    program = (
        "import sys, pathlib\nfrom flickr_mirror.storage.media_inspection import inspect\n"
        "from flickr_mirror.storage.media_decoding import decode\npath = pathlib.Path(sys.argv[1])\n"
        "inspect(path); assert 'PIL' not in sys.modules; decode(path); assert 'PIL' in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program, file], check=True, timeout=60)
