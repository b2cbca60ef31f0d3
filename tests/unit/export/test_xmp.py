"""XMP packets, and XMP in JPEG files."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from flickr_mirror.export.xmp import MOST_IN_JPEG, embed, packet, plain_text
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.reader.mirror_reader import ArchivedPhoto

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
EXIF = "{http://ns.adobe.com/exif/1.0/}"


def photo(title: str = "Huế", description: str | None = None, **facts: object) -> ArchivedPhoto:
    """Return a photo without files."""
    metadata = PhotoMetadata(**facts)  # type: ignore[arg-type]
    return ArchivedPhoto("1", title, description, 0, metadata, None, None, None, None, (), "https://x/1/")


def parsed(data: bytes) -> ET.Element:
    """Return the description of a packet."""
    found = ET.fromstring(data.decode()).find(f"{RDF}RDF/{RDF}Description")  # noqa: S314 - our own
    assert found is not None
    return found


def texts(element: ET.Element, name: str) -> list[str | None]:
    """Return the values of a list."""
    return [item.text for item in element.iterfind(f"{name}//{RDF}li")]


def test_a_packet_has_the_texts_and_facts_of_a_photo() -> None:
    found = parsed(
        packet(
            photo(
                'A "b" <c> & d',
                "See <b>Hu&#7871;</b>",
                license="4",
                tags="sea vietnam",
                taken="1966-03-01 10:20:30",
                taken_granularity=4,
                latitude=16.46757,
                longitude=-107.5,
            ),
            "anna",
            ["Trip|1"],
        )
    )
    assert texts(found, f"{DC}title") == ['A "b" <c> & d']
    assert texts(found, f"{DC}description") == ["See Huế"]
    assert texts(found, f"{DC}subject") == ["sea", "vietnam"]
    assert texts(found, f"{DC}rights") == ["CC BY 2.0"]
    assert found.findtext(f"{PHOTOSHOP}DateCreated") == "1966-03"
    assert found.findtext(f"{EXIF}GPSLatitude") == "16,28.054200N"
    assert found.findtext(f"{EXIF}GPSLongitude") == "107,30.000000W"
    assert texts(found, "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject") == ["Flickr albums|Trip/1"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("\x00\x01", "  "),
        ("\ufffe", " "),
        ("a\x0bb", "a b"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("]]>", "]]>"),
        ("<!--", "<!--"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_every_title_is_xml(title: str, expected: str) -> None:
    """Characters that XML forbids become spaces; all others stay."""
    assert texts(parsed(packet(photo(title), "a", [])), f"{DC}title") == [expected]


@pytest.mark.parametrize(
    ("degrees", "expected"), [(-107.9999999999, "108,0.000000W"), (0.5, "0,30.000000E"), (0.0, "0,0.000000E")]
)
def test_sixty_minutes_are_a_degree(degrees: float, expected: str) -> None:
    found = parsed(packet(photo(longitude=degrees), "a", []))
    assert found.findtext(f"{EXIF}GPSLongitude") == expected


def test_unknown_facts_are_left_out() -> None:
    found = parsed(packet(photo("", taken="0000-00-00 00:00:00"), "a", []))
    assert {element.tag for element in found} == {f"{PHOTOSHOP}Source", f"{PHOTOSHOP}Credit", f"{DC}creator"}


def picture(**save: object) -> bytes:
    """Return a JPEG file."""
    file = io.BytesIO()
    Image.effect_noise((64, 48), 50).save(file, "JPEG", **save)
    return file.getvalue()


def test_a_jpeg_with_a_packet_has_the_same_pixels_and_the_packet() -> None:
    exif = Image.Exif()
    exif[0x010E] = "old"
    for data in (picture(), picture(exif=exif)):
        xmp = packet(photo(), "a", [])
        result = embed(data, xmp)
        assert result is not None
        before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(result))
        assert before.tobytes() == after.tobytes()
        assert after.info["xmp"] == xmp
        assert after.getexif() == before.getexif()
        assert len(result) == len(data) + len(xmp) + 33


def test_an_unsuitable_file_gets_no_packet() -> None:
    xmp = packet(photo(), "a", [])
    with_xmp = embed(picture(), xmp)
    assert with_xmp is not None
    assert embed(with_xmp, xmp) is None
    assert embed(b"\x89PNG", xmp) is None
    assert embed(picture(), b"x" * (MOST_IN_JPEG + 1)) is None
    assert embed(b"", xmp) is None


def test_html_becomes_text() -> None:
    assert plain_text("a<br>b &amp; c <i>d</i> 1 < 2") == "ab & c d 1 < 2"
