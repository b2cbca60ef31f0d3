"""XMP of `export`, read back field by field by exiftool and by exiv2: sidecar files, and copies with embedded XMP."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from flickr_mirror import PhotoFilter, open_mirror
from flickr_mirror.cli.commands.export import ExportPlan, run_export
from flickr_mirror.export.names import NameTemplate
from flickr_mirror.export.xmp import embed, packet
from flickr_mirror.models.includes import Include
from flickr_mirror.models.licenses import LICENSES
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.reader.mirror_reader import ArchivedPhoto
from flickr_mirror.simulator.data.album_filling import fill_albums
from tests.support.mirroring import mirroring
from tests.support.parameters import with_slow_rest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_language")

TEXTS: tuple[tuple[str, str, str | None], ...] = (
    (
        "Đường Lê Lợi, Huế",
        'Ảnh của <a href="https://x.example/">ông Phạm</a> &amp; bạn',
        "Ảnh của ông Phạm & bạn",
    ),
    ("舊街 <1908> & \"more\" 'too'", "第一行\n第二行\t№ 5", "第一行\n第二行\t№ 5"),
    ("Старая улица — 1910", "Открытка\r\nиз <b>Сайгона</b>", "Открытка\nиз Сайгона"),
    ("نهر الضوء 🏞", "صورة قديمة", "صورة قديمة"),
    ("]]> <!-- -- ?>", "1 &lt; 2 \x0b\x01 3", "1 < 2    3"),
    ("1908", "", None),
)
"""Titles, descriptions, and the texts that tools read: four scripts, markup, and characters that XML forbids."""

KEYS = {
    "title": ("XMP-dc:Title", "Xmp.dc.title"),
    "description": ("XMP-dc:Description", "Xmp.dc.description"),
    "rights": ("XMP-dc:Rights", "Xmp.dc.rights"),
    "creator": ("XMP-dc:Creator", "Xmp.dc.creator"),
    "tags": ("XMP-dc:Subject", "Xmp.dc.subject"),
    "albums": ("XMP-lr:HierarchicalSubject", "Xmp.lr.hierarchicalSubject"),
    "taken": ("XMP-photoshop:DateCreated", "Xmp.photoshop.DateCreated"),
    "source": ("XMP-photoshop:Source", "Xmp.photoshop.Source"),
    "credit": ("XMP-photoshop:Credit", "Xmp.photoshop.Credit"),
    "license": ("XMP-xmpRights:WebStatement", "Xmp.xmpRights.WebStatement"),
    "latitude": ("XMP-exif:GPSLatitude", "Xmp.exif.GPSLatitude"),
    "longitude": ("XMP-exif:GPSLongitude", "Xmp.exif.GPSLongitude"),
}
"""The fields, as exiftool and as exiv2 name them."""

Fields = dict[str, str]
"""The values of the fields that a file has, by the names in `KEYS`; those of lists with commas between them."""


def by_exiftool(path: Path) -> Fields:
    """Return the fields of a file as exiftool reads them."""
    output = run("exiftool", "-json", "-groupNames1", "-n", "-XMP:all", str(path))
    # JSON has numbers for texts that look like numbers
    [found] = json.loads(output, parse_int=str, parse_float=str)
    fields = {}
    for name, (key, _) in KEYS.items():
        value = found.pop(key, None)
        if value is not None:
            fields[name] = ", ".join(value) if isinstance(value, list) else str(value)
    assert set(found) <= {"SourceFile", "XMP-x:XMPToolkit"}
    if "taken" in fields:
        day, _, time = fields["taken"].partition(" ")
        fields["taken"] = day.replace(":", "-") + (time and f"T{time}")
    return fields


def by_exiv2(path: Path) -> Fields:
    """Return the fields of a file as exiv2 reads them."""
    lines = run("exiv2", "-q", "-PXkv", str(path))
    found = dict(re.findall(r"^(Xmp\.\S+) +(.*(?:\n(?!Xmp\.).*)*)", lines.removesuffix("\n"), re.MULTILINE))
    fields = {}
    for name, (_, key) in KEYS.items():
        if key in found:
            fields[name] = found.pop(key).removeprefix('lang="x-default" ')
    assert not found
    for name in {"latitude", "longitude"} & set(fields):
        degrees, minutes, side = re.findall(r"(\d+),([\d.]+)([NESW])", fields[name])[0]
        fields[name] = str((int(degrees) + float(minutes) / 60) * (-1 if side in "SW" else 1))
    return fields


def run(*line: str) -> str:
    """Return the output of a tool; skip the test with a reason if it is not installed."""
    if shutil.which(line[0]) is None:
        packages = {"exiftool": "libimage-exiftool-perl"}
        pytest.skip(f"{line[0]} is not installed: apt-get install {packages.get(line[0], line[0])}")
    return subprocess.run(line, check=True, capture_output=True).stdout.decode()


def expected(photo: ArchivedPhoto, owner: str, albums: list[str]) -> Fields:
    """Return the fields that a photo must have, without title and description."""
    facts = photo.facts
    fields = {
        "rights": photo.license.name if facts.license else "",
        "license": photo.license.url,
        "creator": owner,
        "credit": f"{owner} / Flickr",
        "source": photo.url,
        "tags": ", ".join(photo.tags),
        "albums": ", ".join(f"Flickr albums|{album}" for album in albums),
        "taken": (photo.taken or "").replace(" ", "T"),
    }
    return {name: value for name, value in fields.items() if value}


def check(read: Callable[[Path], Fields], path: Path, photo: ArchivedPhoto, wanted: Fields) -> None:
    """Compare the fields of a file with those that it must have."""
    found = read(path)
    for name, degrees in (("latitude", photo.facts.latitude), ("longitude", photo.facts.longitude)):
        value = found.pop(name, None)
        assert (value is None) == (degrees is None)
        if degrees is not None:
            assert float(str(value)) == pytest.approx(degrees, abs=1e-7)
    assert found == wanted


@pytest.mark.parametrize("read", [by_exiftool, by_exiv2])
async def test_exported_fields_are_read_back(tmp_path: Path, read: Callable[[Path], Fields]) -> None:
    """Sidecar files and copies have the texts, dates, places, licences and albums of each photo, and its pixels."""
    async with mirroring(tmp_path / "cache", len(TEXTS)) as mirror:
        stream = mirror.stream
        for photo_id, (title, description, _) in zip(stream.ids, TEXTS, strict=True):
            stream.edit(photo_id, title=title, description=description, tags="huế 舊街 boat")
        fill_albums(stream, 3, 20)
        stream.albums[0].edit(title="Chợ, bến & 舊街")
        await mirror(info_level=1, include=frozenset({Include.ALBUMS}))
        sidecars, copies = tmp_path / "sidecars", tmp_path / "copies"
        for target, xmp, embeds in ((sidecars, True, False), (copies, False, True)):
            plan = ExportPlan(
                target=target,
                style="folders",
                template=NameTemplate("{id}"),
                xmp=xmp,
                embeds=embeds,
                copies=False,
                includes_private=False,
                photo_filter=PhotoFilter(),
                as_json=True,
            )
            assert run_export(mirror.root, None, plan) == 0
        texts = dict(zip(stream.ids, TEXTS, strict=True))
        with open_mirror(mirror.root) as reader:
            shown = [album for album in reader.albums() if not album.gone]
            for photo in reader.photos():
                albums = [album.title for album in shown if photo.id in album.photo_ids]
                wanted = expected(photo, photo.facts.owner_name or reader.username, albums)
                title, _, read_description = texts[photo.id]
                wanted["title"] = title
                if read_description:
                    wanted["description"] = read_description
                original, copy = mirror.path(photo.id), copies / f"{photo.id}.jpg"
                check(read, sidecars / f"{photo.id}.jpg.xmp", photo, wanted)
                check(read, copy, photo, wanted)
                with Image.open(original) as before, Image.open(copy) as after:
                    assert before.tobytes() == after.tobytes()
                assert original.samefile(sidecars / f"{photo.id}.jpg")


FACTS = (
    {"taken": "1966-03-01 10:20:30", "latitude": 16.46757, "longitude": 107.59},
    {"taken": "1966-03-01 00:00:00", "taken_granularity": 4, "latitude": -33.8688, "longitude": -70.5},
    {"taken": "1966-01-01 00:00:00", "taken_granularity": 6, "latitude": 0.0, "longitude": -107.9999999999},
    {"taken": "1908-01-01 00:00:00", "taken_granularity": 8, "latitude": 89.999999, "longitude": 180.0},
    {"taken": "2026-01-01 00:00:00", "taken_unknown": True},
    {"taken": "0000-00-00 00:00:00"},
)
"""Dates of all of Flickr's granularities, and places in all quadrants."""


@pytest.mark.parametrize("read", with_slow_rest([by_exiftool, by_exiv2], by_exiv2))
@pytest.mark.parametrize("facts", FACTS)
def test_dates_and_places_are_read_back(
    tmp_path: Path, read: Callable[[Path], Fields], facts: dict[str, object]
) -> None:
    photo = photo_with(**facts)
    wanted = expected(photo, "anna", []) | {"title": "title"}
    for path in files(tmp_path, photo):
        check(read, path, photo, wanted)


@pytest.mark.parametrize("read", with_slow_rest([by_exiftool, by_exiv2], by_exiv2))
def test_every_licence_is_read_back(tmp_path: Path, read: Callable[[Path], Fields]) -> None:
    for number in LICENSES:
        photo = photo_with(license=number)
        sidecar, _ = files(tmp_path, photo)
        check(read, sidecar, photo, expected(photo, "anna", []) | {"title": "title"})


def photo_with(**facts: object) -> ArchivedPhoto:
    """Return a photo without files."""
    metadata = PhotoMetadata(**facts)  # type: ignore[arg-type]
    return ArchivedPhoto("1", "title", None, 0, metadata, None, None, None, None, (), "https://x.example/1/")


def files(folder: Path, photo: ArchivedPhoto) -> list[Path]:
    """Write the packet of a photo to a sidecar file and into a JPEG file."""
    xmp, data = packet(photo, "anna", []), io.BytesIO()
    Image.effect_noise((64, 48), 50).save(data, "JPEG")
    copy = embed(data.getvalue(), xmp)
    assert copy is not None
    sidecar, image = folder / "1.jpg.xmp", folder / "1.jpg"
    sidecar.write_bytes(xmp)
    image.write_bytes(copy)
    return [sidecar, image]
