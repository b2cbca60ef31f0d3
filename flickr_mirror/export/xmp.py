"""XMP packets: the texts and facts of a photo as XML, which photo managers read from `NAME.jpg.xmp` or from a JPEG.

Fields: Dublin Core, IPTC Core, Photoshop, EXIF (place) and XMP Rights, as in the XMP Specification Part 2 (Adobe, 2016)
and the IPTC Photo Metadata Standard 2023.1.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from flickr_mirror.reader.mirror_reader import ArchivedPhoto

_SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
}
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_IN_JPEG = 65_502
"""The most bytes of a packet in one segment of a JPEG file (XMP Specification Part 3)."""


def packet(photo: ArchivedPhoto, owner: str, albums: list[str]) -> bytes:
    """Return the XMP packet of a photo. `owner` is the name of its author, `albums` the titles of its albums."""
    facts = photo.facts
    simple = {
        "photoshop:Source": photo.url,
        "photoshop:Credit": f"{owner} / Flickr",
        "photoshop:DateCreated": _date(photo.taken),
        "xmpRights:WebStatement": photo.license.url,
        "exif:GPSLatitude": _degrees(facts.latitude, "NS"),
        "exif:GPSLongitude": _degrees(facts.longitude, "EW"),
    }
    rows = [f"   <{name}>{_text(value)}</{name}>" for name, value in simple.items() if value]
    rows += _alternative("dc:title", photo.title)
    rows += _alternative("dc:description", plain_text(photo.description or ""))
    rows += _alternative("dc:rights", photo.license.name if facts.license else "")
    rows += _list("dc:creator", "Seq", [owner])
    rows += _list("dc:subject", "Bag", photo.tags)
    rows += _list(
        "lr:hierarchicalSubject", "Bag", [f"Flickr albums|{title.replace('|', '/')}" for title in albums]
    )
    spaces = "".join(f"\n    xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in _SPACES.items())
    body = "\n".join(rows)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f'  <rdf:Description rdf:about=""{spaces}>\n{body}\n  </rdf:Description>\n'
        " </rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="w"?>\n'
    ).encode()


def plain_text(html: str) -> str:
    """Return a text of Flickr without its HTML tags.

    >>> plain_text('See <a href="https://x/">Hu&#7871;</a>')
    'See Huế'
    """
    return unescape(re.sub(r"<[^<>]*>", "", html))


def _date(taken: str | None) -> str:
    """Return the time taken in the format of XMP, as far as it is known: `1966`, `1966-03`, `1966-03-01T10:00:00`."""
    return (taken or "").replace(" ", "T")


def _degrees(value: float | None, names: str) -> str:
    """Return degrees as XMP writes them: `16,27.987600N`."""
    if value is None:
        return ""
    degrees, minutes = divmod(round(abs(value) * 60, 6), 60)
    return f"{degrees:.0f},{minutes:.6f}{names[value < 0]}"


def _alternative(name: str, value: str) -> list[str]:
    if not value:
        return []
    item = f'<rdf:li xml:lang="x-default">{_text(value)}</rdf:li>'
    return [f"   <{name}><rdf:Alt>{item}</rdf:Alt></{name}>"]


def _list(name: str, kind: str, values: list[str]) -> list[str]:
    if not any(values):
        return []
    items = "".join(f"<rdf:li>{_text(value)}</rdf:li>" for value in values if value)
    return [f"   <{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"]


def _text(value: str) -> str:
    # XML parsers make one line feed of these, and tools that are no XML parsers do not
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return escape(_FORBIDDEN.sub(" ", lines))


_MARKER = b"http://ns.adobe.com/xap/1.0/\0"


def embed(jpeg: bytes, xmp: bytes) -> bytes | None:
    """Return a JPEG file with the packet in a segment of its own; the pixels and all other segments stay as they are.

    Return `None` if it is not a JPEG, if it has XMP of its own, or if the packet is too long.
    """
    if jpeg[:2] != b"\xff\xd8" or len(xmp) > MOST_IN_JPEG:
        return None
    place = position = 2
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF and 0xE0 <= jpeg[position + 1] <= 0xEF:
        length = int.from_bytes(jpeg[position + 2 : position + 4], "big")
        segment = jpeg[position + 4 : position + 2 + length]
        if segment.startswith((_MARKER, b"http://ns.adobe.com/xmp/extension/\0")):
            return None
        position += 2 + length
        if jpeg[place + 1] == 0xE0 or segment.startswith(b"Exif\0"):
            place = position  # after JFIF and EXIF, which readers expect first
    data = _MARKER + xmp
    return jpeg[:place] + b"\xff\xe1" + (len(data) + 2).to_bytes(2, "big") + data + jpeg[place:]
