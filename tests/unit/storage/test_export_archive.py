"""The files of an account export: zips and folders as one set, and refusals."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import BadImageError, ExportError
from flickr_mirror.storage import export_archive
from flickr_mirror.storage.export_archive import ExportEntry, open_export

if TYPE_CHECKING:
    from pathlib import Path

PHOTO = ("photo_5690422700.json", b'{"id": "5690422700"}')


def write_zip(path: Path, *files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip with these files."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def content(entry: ExportEntry) -> bytes:
    """Return the bytes of an entry."""
    with entry.content() as file:
        return file.read()


def test_zips_and_folders_are_one_set(tmp_path: Path) -> None:
    """JSON files, media and zips are found in any depth; the names have no folder."""
    write_zip(tmp_path / "a.zip", PHOTO, ("albums.json", b"{}"))
    (tmp_path / "unpacked" / "deep").mkdir(parents=True)
    write_zip(tmp_path / "unpacked" / "b.ZIP", ("x_5690422700_o.jpg", b"one"))
    (tmp_path / "unpacked" / "deep" / "photo_7.json").write_bytes(b"[7]")
    (tmp_path / "unpacked" / "deep" / "7_o.jpg").write_bytes(b"seven")
    archive = open_export([tmp_path])
    assert set(archive.photos) == {"5690422700", "7"}
    assert set(archive.others) == {"albums.json"}
    assert {entry.name: content(entry) for entry in archive.media} == {
        "x_5690422700_o.jpg": b"one",
        "7_o.jpg": b"seven",
    }
    assert archive.photos["7"].read_json() == [7]
    assert archive.photos["5690422700"].read_json() == {"id": "5690422700"}
    archive.close()


def test_files_of_the_system_and_links_are_left_out(tmp_path: Path) -> None:
    """Files that macOS and Windows add to a folder are not media, and links are not followed."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "photo_1.json").write_bytes(b"{}")
    (folder / "secret_1_o.jpg").symlink_to(tmp_path / "secret_1_o.jpg")
    (tmp_path / "secret_1_o.jpg").write_bytes(b"secret")
    link = zipfile.ZipInfo("link_1_o.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("__MACOSX/._x_1_o.jpg", b"x")
        archive.writestr("folder/", b"")
        archive.writestr(link, "/etc/passwd")
    assert open_export([folder]).media == []


def test_zips_inside_of_zips_are_named_and_ignored(tmp_path: Path) -> None:
    """They are not opened."""
    path = write_zip(tmp_path / "a.zip", PHOTO, ("inner.zip", b"PK"))
    archive = open_export([path])
    assert archive.ignored == [f"inner.zip in {path}"]
    assert archive.media == []


@pytest.mark.parametrize(
    "name", ["../x_1.jpg", "a/../../x_1.jpg", "/etc/x_1.jpg", "..\\x_1.jpg", "C:\\x_1.jpg", "C:/x_1.jpg"]
)
def test_names_outside_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    """No export of Flickr has them, although they are never used as paths."""
    path = write_zip(tmp_path / "a.zip", PHOTO, (name, b"x"))
    with pytest.raises(
        ExportError, match=r"a\.zip has the entry .* leads out of a folder.* Nothing was imported"
    ):
        open_export([path])


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    """An entry that unpacks to more than 200 times its size is not read."""
    path = write_zip(tmp_path / "a.zip", PHOTO, ("x_5690422700_o.jpg", bytes(30 << 20)))
    with pytest.raises(ExportError, match="zip bomb"):
        open_export([path])


def test_a_bomb_of_overlapping_entries_is_refused(tmp_path: Path) -> None:
    """Many entries that share the same bytes have more compressed bytes than the zip."""
    path = write_zip(tmp_path / "a.zip", PHOTO, ("x_1_o.jpg", os.urandom(5000)), method=zipfile.ZIP_STORED)
    data = path.read_bytes()
    (start,) = struct.unpack("<I", data[-6:-2])
    directory, end = data[start:-22], data[-22:]
    count = 40
    end = end[:8] + struct.pack("<HHI", 2 * count, 2 * count, len(directory) * count) + end[16:]
    path.write_bytes(data[:start] + directory * count + end)
    with pytest.raises(ExportError, match="overlap"):
        open_export([path])


def test_an_entry_has_no_more_bytes_than_its_directory_states(tmp_path: Path) -> None:
    """A wrong size in a zip is detected by the CRC-32, and the entry is not unpacked beyond that size."""
    path = write_zip(tmp_path / "a.zip", PHOTO, ("x_1_o.jpg", bytes(100_000)))
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\1\2")
    data[place + 24 : place + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    (entry,) = open_export([path]).media
    with pytest.raises(BadImageError, match=r"x_1_o\.jpg in .*a\.zip cannot be read"):
        content(entry)


def test_large_json_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JSON file is read as a whole, so its size is limited, in zips and in folders."""
    monkeypatch.setattr(export_archive, "MAX_JSON", 100)
    path = write_zip(tmp_path / "a.zip", ("photo_1.json", b" " * 101))
    with pytest.raises(ExportError, match="too large"):
        open_export([path])
    path.unlink()
    (tmp_path / "photo_1.json").write_bytes(b" " * 101)
    with pytest.raises(BadImageError, match="too long"):
        open_export([tmp_path]).photos["1"].read_json()


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_cut_zip_is_refused(tmp_path: Path, share: float) -> None:
    """An interrupted download has no directory; the message states the remedy."""
    path = write_zip(tmp_path / "a.zip", PHOTO, ("x_1_o.jpg", os.urandom(5000)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ExportError, match=r"a\.zip is cut or damaged .* download it from Flickr again"):
        open_export([path])


def test_damaged_bytes_of_an_entry_are_detected(tmp_path: Path) -> None:
    """Only that entry cannot be read."""
    path = write_zip(
        tmp_path / "a.zip",
        PHOTO,
        ("x_1_o.jpg", b"abcdefgh" * 100),
        ("y_1_o.jpg", b"y"),
        method=zipfile.ZIP_STORED,
    )
    data = bytearray(path.read_bytes())
    data[data.index(b"abcdefgh")] ^= 1
    path.write_bytes(data)
    damaged, whole = open_export([path]).media
    assert content(whole) == b"y"
    with pytest.raises(BadImageError, match="CRC-32"):
        content(damaged)


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b""])
def test_unreadable_json_is_named(tmp_path: Path, data: bytes) -> None:
    """Also with deep nesting."""
    path = write_zip(tmp_path / "a.zip", ("photo_1.json", data))
    with pytest.raises(BadImageError, match=r"photo_1\.json in .* is not a JSON file"):
        open_export([path]).photos["1"].read_json()


def test_other_files_than_exports_are_refused(tmp_path: Path) -> None:
    """A missing path, a file that is not a zip, and zips without the JSON files: each is one sentence."""
    with pytest.raises(ExportError, match="does not exist"):
        open_export([tmp_path / "none"])
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(ExportError, match="cut or damaged"):
        open_export([tmp_path / "text.txt"])
    media = write_zip(tmp_path / "data-download-1.zip", ("x_1_o.jpg", b"x"))
    with pytest.raises(ExportError, match=r"no photo_\*\.json .* give all parts"):
        open_export([media])


def test_other_bytes_have_another_mark(tmp_path: Path) -> None:
    """So a second import detects a changed file."""
    first = open_export([write_zip(tmp_path / "a.zip", PHOTO)]).photos["5690422700"].mark
    same = open_export([write_zip(tmp_path / "b.zip", PHOTO)]).photos["5690422700"].mark
    other = open_export([write_zip(tmp_path / "c.zip", (PHOTO[0], b"{}"))]).photos["5690422700"].mark
    assert first == same != other


def test_the_later_file_of_a_photo_is_used(tmp_path: Path) -> None:
    """Of two exports, the one that is given last."""
    one = write_zip(tmp_path / "1.zip", ("photo_1.json", json.dumps({"n": 1}).encode()))
    two = write_zip(tmp_path / "2.zip", ("photo_1.json", json.dumps({"n": 2}).encode()))
    assert open_export([one, two]).photos["1"].read_json() == {"n": 2}
    assert open_export([two, one]).photos["1"].read_json() == {"n": 1}


def test_an_encrypted_entry_cannot_be_read(tmp_path: Path) -> None:
    """It is reported, without a prompt for a password."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("photo_1.json", b"{}")
    data = bytearray(buffer.getvalue())
    for head, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(head) + place] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(BadImageError, match="encrypted"):
        open_export([tmp_path / "a.zip"]).photos["1"].read_json()
