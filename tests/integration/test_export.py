"""`export`: folders with readable names, bags, XMP files; repeated, interrupted, and to unusable targets."""

from __future__ import annotations

import hashlib
import json
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING

import bagit  # type: ignore[import-untyped]
import pytest

from flickr_mirror import PhotoFilter, open_mirror
from flickr_mirror.cli.commands.export import ExportPlan, run_export
from flickr_mirror.export import folders
from flickr_mirror.export.names import DEFAULT_TEMPLATE, NameTemplate
from flickr_mirror.simulator import SimulatedAlbum, SimulatedCollection
from tests.support.account_lists import mirroring_lists
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = [
    pytest.mark.usefixtures("one_language"),
    # bagit 1.9 makes calls of which Python 3.13 and 3.14 warn
    pytest.mark.filterwarnings("ignore:'count' is passed as positional argument:DeprecationWarning"),
    pytest.mark.filterwarnings(r"ignore:codecs\.open\(\) is deprecated:DeprecationWarning"),
]


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror 12 photos."""
    async with mirroring(tmp_path / "cache", 12) as run:
        await run(info_level=1)
        yield run


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the folder of the export."""
    return tmp_path / "export"


def export(run: Run, target: Path, template: str = DEFAULT_TEMPLATE, **options: object) -> int:
    """Run the command, and return its exit code."""
    defaults = {
        "target": target,
        "style": "folders",
        "template": NameTemplate(template),
        "xmp": False,
        "embeds": False,
        "copies": False,
        "includes_private": False,
        "photo_filter": PhotoFilter(),
        "as_json": True,
    }
    return run_export(run.root, None, ExportPlan(**{**defaults, **options}))  # type: ignore[arg-type]


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """Return the printed summary."""
    return dict(json.loads(capsys.readouterr().out))


def files(folder: Path) -> list[Path]:
    """Return the files of an export."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".flickr_export.json")


def tree(run: Run) -> dict[str, tuple[int, int, bytes]]:
    """Return the names, sizes, times and bytes of the mirror's files, which must not change."""
    mirror = run.root / run.stream.username
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns, path.read_bytes())
        for path in files(mirror)
        if ".flickr_mirror" not in path.parts
    }


async def test_photos_are_linked_under_readable_names(
    run: Run, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.stream.edit(run.stream.ids[0], title="Cầu: Trường/Tiền?")
    await run(info_level=1)
    before = tree(run)
    assert export(run, target, "{title}") == 0
    assert report(capsys)["linked"] == 12
    [linked] = [path for path in files(target) if path.stem == "Cầu- Trường-Tiền-"]
    assert linked.samefile(run.path(run.stream.ids[0]))
    assert tree(run) == before


async def test_a_second_export_writes_nothing_and_a_changed_photo_once(
    run: Run, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(run, target, "{title} {id}")
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in (target, *target.rglob("*"))}
    export(run, target, "{title} {id}")
    again = report(capsys)
    assert (again["linked"], again["unchanged"], again["removed"]) == (0, 12, 0)
    assert {path: path.stat().st_mtime_ns for path in (target, *target.rglob("*"))} == before
    old = run.stream.photo(run.stream.ids[0]).title
    run.stream.edit(run.stream.ids[0], title="New title")
    await run(info_level=1)
    export(run, target, "{title} {id}")
    changed = report(capsys)
    assert (changed["linked"], changed["unchanged"], changed["removed"]) == (1, 11, 1)
    names = {path.stem for path in files(target)}
    assert f"New title {run.stream.ids[0]}" in names
    assert not any(name.startswith(old) and name.endswith(run.stream.ids[0]) for name in names if old)


async def test_two_photos_never_get_one_name(run: Run, target: Path) -> None:
    for photo_id in run.stream.ids:
        run.stream.edit(photo_id, title="same")
    await run(info_level=1)
    export(run, target, "{title}")
    assert len(files(target)) == 12
    assert {path.stem for path in files(target)} == {f"same {photo_id}" for photo_id in run.stream.ids}


async def test_copies_have_the_time_of_the_photo(run: Run, target: Path) -> None:
    export(run, target, "{id}", copies=True)
    with open_mirror(run.root) as reader:
        photo = next(photo for photo in reader.photos() if photo.taken)
    [path] = [path for path in files(target) if path.stem == photo.id]
    assert not path.samefile(run.path(photo.id))
    assert path.read_bytes() == run.path(photo.id).read_bytes()
    year = str(1970 + int(path.stat().st_mtime // 31_556_952))
    assert abs(int(year) - int(str(photo.taken)[:4])) <= 1


async def test_a_bag_is_valid_for_the_tool_of_the_library_of_congress(
    run: Run, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(run, target, style="bag") == 0
    bag = bagit.Bag(str(target))
    assert bag.validate()
    assert len(bag.payload_entries()) == 24
    before = {path: path.stat().st_mtime_ns for path in files(target)}
    capsys.readouterr()
    export(run, target, style="bag")
    assert report(capsys)["unchanged"] == 24
    assert {path: path.stat().st_mtime_ns for path in files(target)} == before
    photo = next(path for path in files(target) if path.suffix == ".jpg")
    data = photo.read_bytes()
    photo.unlink()
    photo.write_bytes(data + b"x")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(target)).validate()


async def test_embedded_copies_have_the_pixels_of_the_mirror(run: Run, target: Path) -> None:
    from PIL import Image

    before = tree(run)
    assert export(run, target, "{id}", embeds=True) == 0
    with open_mirror(run.root) as reader:
        for photo in reader.photos():
            with Image.open(run.path(photo.id)) as original, Image.open(target / f"{photo.id}.jpg") as copy:
                assert original.tobytes() == copy.tobytes()
                assert photo.title.encode() in copy.info["xmp"] or "&" in photo.title
    assert tree(run) == before


async def test_xmp_files_have_the_names_of_the_mirror(run: Run, target: Path) -> None:
    assert export(run, target, style="xmp") == 0
    mirror = run.root / run.stream.username
    expected = {f"{run.path(photo_id).relative_to(mirror)}.xmp" for photo_id in run.stream.ids}
    assert {str(path.relative_to(target)) for path in files(target)} == expected


async def test_filters_choose_photos(run: Run, target: Path) -> None:
    with open_mirror(run.root) as reader:
        newest = next(reader.photos())
    assert export(run, target, "{id}", photo_filter=PhotoFilter(since=newest.uploaded)) == 0
    assert [path.stem for path in files(target)] == [newest.id]


async def test_an_interrupted_export_is_completed(run: Run, target: Path) -> None:
    export(run, target, "{id}")
    removed = files(target)[::2]
    for path in removed:
        path.unlink()
    (target / "other.txt").write_text("mine")
    assert export(run, target, "{id}") == 0
    assert len(files(target)) == 13
    assert (target / "other.txt").read_text() == "mine"


async def test_a_missing_file_is_named_and_the_others_are_exported(
    run: Run, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.path(run.stream.ids[3]).unlink()
    assert export(run, target, "{id}") == 3
    captured = capsys.readouterr()
    assert f"Photo {run.stream.ids[3]} was not exported" in captured.err
    assert len(files(target)) == 11


@pytest.mark.parametrize("place", ["mirror", "inside", "above", "other", "file"])
async def test_an_unusable_target_is_refused(
    run: Run, target: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = run.root / run.stream.username
    chosen = {"mirror": mirror, "inside": mirror / "x", "above": run.root, "other": target, "file": target}[
        place
    ]
    if place == "other":
        target.mkdir()
        (target / "x").write_text("mine")
    elif place == "file":
        target.write_text("mine")
    before = tree(run)
    assert export(run, chosen) == 7
    assert " use " in capsys.readouterr().err
    assert tree(run) == before


async def test_a_copy_that_does_not_fit_is_refused_before_it_begins(
    run: Run, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    assert export(run, target, copies=True) == 7
    assert "free" in capsys.readouterr().err
    assert not target.exists()


async def test_an_existing_export_needs_no_space(
    run: Run, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert export(run, target, copies=True) == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    assert export(run, target, copies=True) == 0


async def test_links_to_another_disk_are_copies_and_need_space(
    run: Run, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(folders, "is_other_disk", lambda *_: True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    assert export(run, target) == 7
    assert "MB free: use another disk" in capsys.readouterr().err
    assert not target.exists()


async def test_the_hash_in_a_bag_is_that_of_the_original_file(run: Run, target: Path) -> None:
    export(run, target, style="bag")
    lines = (target / "manifest-sha256.txt").read_text().splitlines()
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((target / name).read_bytes()).hexdigest() == digest


async def test_photos_that_are_not_public_are_left_out(
    run: Run, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = run.stream.ids[2]
    run.stream.edit(hidden, privacy="family")
    run.log_in()
    await run(info_level=1, full_scan=True)
    assert export(run, target, "{id}") == 0
    assert "1 photo left out, not public" in capsys.readouterr().err
    assert hidden not in {path.stem for path in files(target)}
    assert export(run, target, "{id}", includes_private=True) == 0
    assert hidden in {path.stem for path in files(target)}


async def test_a_lost_photo_stays_in_an_earlier_export(run: Run, target: Path) -> None:
    for style in ("folders", "bag"):
        assert export(run, target / style, style=style) == 0
    before = {path.relative_to(target): path.read_bytes() for path in files(target)}
    lost = run.path(run.stream.ids[3])
    data = lost.read_bytes()
    for broken in (b"", None):
        lost.unlink()
        if broken is not None:
            lost.write_bytes(broken)
        for style in ("folders", "bag"):
            assert export(run, target / style, style=style) == 3
        assert {path.relative_to(target): path.read_bytes() for path in files(target)} == before
    assert data in before.values()
    assert bagit.Bag(str(target / "bag")).validate()


async def test_a_broken_file_is_named_and_not_exported(
    run: Run, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run.path(run.stream.ids[3])
    path.write_bytes(path.read_bytes()[:10])
    for style in ("folders", "bag"):
        assert export(run, target / style, style=style) == 3
        assert f"{path}: It has 10 bytes, and had " in capsys.readouterr().err
    assert bagit.Bag(str(target / "bag")).validate()


async def test_photos_without_an_image_are_counted_as_left_out(
    tmp_path: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with mirroring(tmp_path / "cache", 3) as run:
        await run(info_only=True)
        assert export(run, target, as_json=False) == 0
    captured = capsys.readouterr()
    assert captured.out == f"0 photos exported to {target}. Files: none.\n"
    assert captured.err.startswith("3 photos left out, without an image in the mirror.")


@pytest.mark.parametrize("style", ["folders", "bag", "xmp"])
async def test_an_export_of_another_mirror_is_left_alone(
    run: Run, tmp_path: Path, target: Path, style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(run, target, style=style) == 0
    before = files(target)
    async with mirroring(tmp_path / "other", 2, nsid="8800001@N03") as other:
        await other()
        capsys.readouterr()
        assert export(other, target, style=style) == 7
    assert "is an export of another mirror: use another folder" in capsys.readouterr().err
    assert files(target) == before


async def test_an_export_of_an_earlier_version_is_brought_up_to_date(run: Run, target: Path) -> None:
    assert export(run, target) == 0
    marker = target / ".flickr_export.json"
    earlier = json.loads(marker.read_bytes())
    assert earlier.pop("mirror") == run.stream.nsid
    marker.write_text(json.dumps(earlier))
    assert export(run, target) == 0
    assert json.loads(marker.read_bytes())["mirror"] == run.stream.nsid


async def test_a_bag_has_no_documents_that_the_public_does_not_see(
    tmp_path: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with mirroring_lists(tmp_path / "cache") as run:
        ids = run.stream.ids
        run.stream.edit(ids[0], privacy="private")
        run.stream.albums = [
            SimulatedAlbum("7215701", "Secret album", ids[:1], hidden=True),
            SimulatedAlbum("7215702", "Boats", ids[:3]),
        ]
        run.stream.collections = [SimulatedCollection("1-1", "Secret collection", album_ids=["7215701"])]
        run.stream.lists.favorites = {run.other.ids[0]: 1_400_000_000}
        run.log_in()
        await run.lists("albums", "favorites", "profile")
        assert export(run, target, style="bag") == 0
        printed = capsys.readouterr().err
    shown = {path.name for path in (target / "data" / "account").rglob("*.json")}
    assert shown == {"7215702.json", "profile.json"}
    assert not [path for path in files(target) if b"Secret" in path.read_bytes()]
    assert "4 documents about the account left out" in printed
    assert bagit.Bag(str(target)).validate()
    assert export(run, target, style="bag", includes_private=True) == 0
    assert {path.name for path in (target / "data" / "account").rglob("*.json")} == {
        *shown,
        *("7215701.json", "collections.json", "favorites.json", "2014-05.json"),
    }


async def test_a_bag_has_all_documents_that_the_public_sees(tmp_path: Path, target: Path) -> None:
    async with mirroring_lists(tmp_path / "cache") as run:
        run.stream.albums = [SimulatedAlbum("7215702", "Boats", run.stream.ids[:3])]
        run.stream.lists.favorites = {run.other.ids[0]: 1_400_000_000}
        await run.lists("albums", "favorites", "profile")
        assert export(run, target, style="bag") == 0
    shown = {path.name for path in (target / "data" / "account").rglob("*.json")}
    assert shown == {"7215702.json", "collections.json", "favorites.json", "2014-05.json", "profile.json"}


@pytest.mark.parametrize("header", [{"listed_as": "export"}, None])
async def test_a_bag_has_no_lists_of_an_export_or_of_an_interrupted_login(
    run: Run, target: Path, header: dict[str, str] | None
) -> None:
    """The header of a list is written last, so that a run with a login can end before it."""
    account = run.root / run.stream.username / "account"
    (account / "favorites").mkdir(parents=True)
    (account / "favorites/2014-05.json").write_text('{"favorites": []}')
    (account / "notes of mine.json").write_text("{}")
    (account / "favorites/lost.json").symlink_to(account / "missing")
    if header:
        (account / "favorites.json").write_text(json.dumps(header))
    assert export(run, target, style="bag") == 0
    assert not [*target.rglob("2014-05.json"), *target.rglob("favorites.json")]
    assert export(run, target, style="bag", includes_private=True) == 0
    assert [*target.rglob("2014-05.json")]
