"""Formats of media files: their extensions, and the format that the first bytes of a file show."""

from __future__ import annotations

import re

_NOT_TEXT = re.compile(rb"[^\t\r\n -~]")

_MAGIC = (  # offset: {signature: extension}; the first match counts
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
    (4, dict.fromkeys((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"), "mov")),  # files without ftyp
)
UNREADABLE = ("heic", "avif")
"""Formats of photos that Pillow cannot read."""
UNKNOWN = {"photo": "bin", "video": "vid"}
"""The extensions of files of an unknown format, by kind of media."""
PHOTO_EXTENSIONS = ("jpg", "png", "gif", "webp", "tif", "bmp", *UNREADABLE, "bin")
MADE_OF_BOXES = ("mp4", "mov", "3gp", "3g2")
"""Formats of videos that are a sequence of boxes, as ISO 14496-12 has it."""
VIDEO_EXTENSIONS = (*MADE_OF_BOXES, "avi", "mkv", "webm", "wmv", "mpg", "ogv", "flv", "ts", "m2ts", "vid")
EXTENSIONS = {"photo": PHOTO_EXTENSIONS, "video": VIDEO_EXTENSIONS}


def extension_of_head(head: bytes) -> str:
    """Return the extension for a file that begins with `head`, or "" for an unknown format."""
    if not _NOT_TEXT.search(head, 0, 64):  # otherwise "The free ..." would be a QuickTime video
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


def describe_text(head: bytes) -> str:
    """Return a description of a file without media, such as "An HTML page"; "" for bytes of an unknown format."""
    if not head.strip(b"\0"):
        return "Zeros" if head else "Nothing"
    # without the byte order marks of UTF-8 and UTF-16
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if text.startswith(b"<"):
        is_page = re.search(rb"<(html|!doctype html|head|body|title|script|h1|center|p)\b", text)
        return "An HTML page" if is_page else "An XML document"
    if text.startswith((b"{", b"[", b"jsonflickrapi(")):
        return "JSON"
    if head.startswith(b"\x1f\x8b"):  # an unrequested Content-Encoding, most likely of a page
        return "Something packed by gzip"
    return "" if _NOT_TEXT.search(text) else "Plain text"
