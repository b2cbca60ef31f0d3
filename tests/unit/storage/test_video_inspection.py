"""Tests of `flickr_mirror.storage.media_inspection`: the evidence in the bytes of a video."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import BadImageError
from flickr_mirror.models.media import Picture
from flickr_mirror.storage import media_inspection
from flickr_mirror.storage.media_decoding import decode
from flickr_mirror.storage.media_inspection import inspect
from tests.support.media_files import FTYP, MOOV, MP4, VIDEOS, box, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.mark.parametrize("kind", VIDEOS)
def test_a_complete_video_is_recognised(file: Path, kind: str) -> None:
    """The bytes of a complete video show its format and its completeness."""
    written(file, VIDEOS[kind])

    assert inspect(file) == Picture(kind[:3], "video", 0, 0, ends=True)
    decode(file)


@pytest.mark.parametrize("kind", [kind for kind in VIDEOS if kind != "mp4, open-ended"])
def test_a_cut_video_is_incomplete(file: Path, kind: str) -> None:
    """A video cut at any position is incomplete; for MP4 and QuickTime decoding detects it."""
    data = VIDEOS[kind]

    for cut in sorted({16 + (len(data) - 16) * step // 50 for step in range(50)} | {len(data) - 1}):
        written(file, data[:cut])
        assert not inspect(file).ends
        if kind[:3] not in ("avi", "mpg"):
            with pytest.raises(BadImageError, match="video is cut"):
                decode(file)


@pytest.mark.parametrize(
    "data",
    [
        FTYP + box(b"mdat", bytes(2000)),
        FTYP + MOOV + box(b"mdat", bytes(2000), length=7),
        FTYP + MOOV + box(b"mdat", length=1),
        FTYP + MOOV + b"\0\0\0\4" + box(b"free"),
        FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 3),
        MP4 + b"tail",
        FTYP + MOOV + box(b"mdat", length=2**32 - 1),
    ],
)
def test_a_broken_video_is_refused(file: Path, data: bytes) -> None:
    """A video without a table of contents, or with parts that overlap or exceed it, is incomplete."""
    written(file, data)

    assert not inspect(file).ends
    with pytest.raises(BadImageError, match="video is cut"):
        decode(file)


def test_a_video_of_endlessly_many_parts_is_refused_soon(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile video cannot keep a thread busy for hours."""
    monkeypatch.setattr(media_inspection, "_MANY_STEPS", 50)

    assert not inspect(written(file, FTYP + MOOV + box(b"free") * 100)).ends


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webmB\x87", "webm"),
        (b"\x1a\x45\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroskaB\x87", "mkv"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa", "wmv"),
        (b"\0\0\1\xb3\x14\0\xf0\x14", "mpg"),
        (b"OggS\0\x02" + bytes(30), "ogv"),
        (b"FLV\1\x05\0\0\0\x09", "flv"),
        ((b"G" + bytes(187)) * 5, "ts"),
        ((bytes(4) + b"G\x40" + bytes(186)) * 5, "m2ts"),
    ],
)
def test_other_videos_are_recognised_but_never_proved(file: Path, data: bytes, extension: str) -> None:
    """Videos of formats without an end marker are accepted, with unknown completeness."""
    written(file, data)

    assert inspect(file) == Picture(extension, "video", 0, 0, ends=False)
    decode(file)
