"""`describe`: README, tables, manifest and metadata, up to date, and written only when something changed."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror import Include, MirrorOptions, forget_photos, open_mirror
from flickr_mirror.cli.commands.describe import check_manifest, describe_after_run
from flickr_mirror.cli.output.console import OutputOptions
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.cli.runner import run_mirror
from flickr_mirror.export.description.describe import NAMES, _write_changed, describe, has_new_documents
from flickr_mirror.export.description.texts import TEXTS
from flickr_mirror.simulator import SimulatedAlbum, SimulatedGroup
from tests.support.account_lists import mirroring_lists
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language")


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror 12 photos, the first with a difficult title, and describe the mirror."""
    async with mirroring(tmp_path, 12, commented=0.5) as run:
        run.stream.edit(run.stream.ids[0], title="a\tb\\c\n<script>Huế")
        await run(info_level=2)
        write(run)
        yield run


def write(run: Run) -> list[str]:
    """Describe the mirror; return the names of the files that were written."""
    with open_mirror(run.root) as reader:
        return describe(reader).written


def folder(run: Run) -> Path:
    """Return the folder of the mirror."""
    return run.root / run.stream.username


def stamps(run: Run) -> dict[str, int]:
    """Return the modification time of each file of the description."""
    return {name: (folder(run) / name).stat().st_mtime_ns for name in NAMES}


async def test_the_table_has_every_photo_with_its_file(run: Run) -> None:
    with (folder(run) / "photos.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [row["id"] for row in rows] == list(run.stream.ids)
    assert rows[0]["title"] == r"a\tb\\c\n<script>Huế"
    for row in rows:
        data = (folder(run) / row["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        assert len(data) == int(row["bytes"])


async def test_the_manifest_is_verified_by_standard_tools(run: Run) -> None:
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("sha256sum is not installed")
    line = [tool, "--quiet", "--check", "manifest-sha256.txt"]
    assert (await anyio.run_process(line, cwd=folder(run), check=False)).returncode == 0
    image = run.path(run.stream.ids[1])
    image.write_bytes(image.read_bytes() + b"x")
    found = await anyio.run_process(line, cwd=folder(run), check=False)
    assert found.stdout.decode().splitlines() == [f"{image.relative_to(folder(run))}: FAILED"]


async def test_the_readme_explains_the_file_names_in_six_languages(run: Run) -> None:
    page = (folder(run) / "README.html").read_text(encoding="utf-8")
    text = (folder(run) / "README.txt").read_text(encoding="utf-8")
    example = str(run.path(run.stream.ids[0], "json").relative_to(folder(run)))
    assert page.count(example) == text.count(example) == len(TEXTS) == 6
    assert page.count("MD5") == 6
    assert "<script" not in page
    assert len(page.encode()) < 40_000


async def test_the_example_in_the_readme_is_a_file_that_is_there(tmp_path: Path) -> None:
    async with mirroring(tmp_path, 2) as run:
        await run(image_only=True)
        write(run)
        example = run.path(run.stream.ids[0]).relative_to(folder(run))
        assert f"Photo {run.stream.ids[0]} is {example}." in (folder(run) / "README.txt").read_text("utf-8")


def test_all_languages_have_the_same_sentences_with_the_same_fields() -> None:
    english = TEXTS["en"]
    for texts in TEXTS.values():
        assert list(texts) == list(english)
        for key, text in texts.items():
            fields = {part.partition("}")[0] for part in text.split("{")[1:]}
            assert fields == {part.partition("}")[0] for part in english[key].split("{")[1:]}


async def test_the_metadata_are_a_research_object(run: Run) -> None:
    crate = json.loads((folder(run) / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert crate["@context"].startswith("https://w3id.org/ro/crate/")
    root = next(entity for entity in crate["@graph"] if entity["@id"] == "./")
    assert all((folder(run) / part["@id"]).is_file() for part in root["hasPart"])


async def test_an_unchanged_mirror_writes_nothing(run: Run) -> None:
    before = stamps(run)
    assert write(run) == []
    assert stamps(run) == before


async def test_a_new_photo_is_added(run: Run) -> None:
    [photo_id] = run.stream.upload(1)
    await run(info_level=2)
    assert {"photos.tsv", "manifest-sha256.txt", "README.txt", "README.html"} <= set(write(run))
    assert photo_id in (folder(run) / "photos.tsv").read_text(encoding="utf-8")


async def test_a_file_that_a_user_has_changed_is_kept(run: Run) -> None:
    (folder(run) / "README.txt").write_text("mine")
    (folder(run) / "ABOUT.md").write_text("about us")
    run.stream.upload(1)
    await run(info_level=2)
    with open_mirror(run.root) as reader:
        report = describe(reader)
    assert report.kept == ["README.txt"]
    assert (folder(run) / "README.txt").read_text() == "mine"
    assert (folder(run) / "ABOUT.md").read_text() == "about us"


async def test_a_file_of_a_user_is_never_replaced(tmp_path: Path) -> None:
    async with mirroring(tmp_path, 2) as run:
        await run()
        (folder(run) / "README.html").write_text("<p>mine</p>")
        write(run)
        assert (folder(run) / "README.html").read_text() == "<p>mine</p>"


async def test_forgetting_a_photo_removes_it_from_the_description(run: Run) -> None:
    await forget_photos(run.stream.username, [run.stream.ids[0]], run.root)
    found = [path for path in folder(run).rglob("*") if path.is_file() and b"<script>Hu" in path.read_bytes()]
    assert found == []
    write(run)
    assert run.stream.ids[0] not in (folder(run) / "photos.tsv").read_text(encoding="utf-8")


async def test_the_check_of_the_manifest_states_which_copies_agree(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_manifest(run.root, run.stream.username) == 0
    path = folder(run) / "manifest-sha256.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{'0' * 64}{lines[0][64:]}", *lines[2:], f"{'1' * 64}  other.jpg"]) + "\n")
    capsys.readouterr()
    assert check_manifest(run.root, run.stream.username) == 3
    text = capsys.readouterr().err
    assert "and the catalogue agree, but the manifest differs" in text
    assert "is not in the manifest, which is older" in text
    assert "other.jpg is in the manifest, but neither in the catalogue nor on the disk." in text
    (folder(run) / "other.jpg").touch()
    check_manifest(run.root, run.stream.username)
    assert "other.jpg is in the manifest, but not in the catalogue." in capsys.readouterr().err


async def test_the_manifest_has_the_documents_about_the_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with mirroring_lists(tmp_path) as run:
        run.stream.albums = [SimulatedAlbum("7215702", "Boats", run.stream.ids[:3])]
        await run.lists("albums", "profile")
        write(run)
        lines = (folder(run) / "manifest-sha256.txt").read_text().splitlines()
        hashes = {name: digest for digest, name in (line.split("  ") for line in lines)}
        names = {f"account/{name}.json" for name in ("albums/7215702", "collections", "profile")}
        assert {name for name in hashes if name.startswith("account/")} == names
        for name in names:
            assert hashlib.sha256((folder(run) / name).read_bytes()).hexdigest() == hashes[name]
        assert check_manifest(run.root, run.stream.username) == 0
        (folder(run) / "account/profile.json").write_text("{}")
        (folder(run) / "account/albums/7215702.json").unlink()
        (folder(run) / "account/tags.json").write_text("{}")
        assert check_manifest(run.root, run.stream.username) == 3
        printed = capsys.readouterr().err
    assert "account/profile.json and the manifest differ" in printed
    assert "account/tags.json is not in the manifest, which is older" in printed
    assert "account/albums/7215702.json is in the manifest, but neither in the catalogue nor on" in printed


async def test_a_document_with_new_values_that_are_no_change_is_in_the_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The number of members of a group changes every day, which is not reported. Its document changes with it."""
    async with mirroring_lists(tmp_path) as run:
        run.stream.lists.groups = [SimulatedGroup("900@N01", "Boats", members=5)]

        async def mirror() -> None:
            include = frozenset({Include.GROUPS})
            view = RunView(MirrorOptions(cache_path=run.root, include=include), OutputOptions())
            view.on_end = describe_after_run
            assert await run_mirror(run.mirror(observer=view, include=include), view) == 0
            assert check_manifest(run.root, run.stream.username) == 0

        await mirror()
        run.stream.lists.groups[0].members = 6
        await mirror()
        assert not has_new_documents(folder(run))


async def test_a_folder_that_cannot_be_written_does_not_fail_the_run(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder(run) / "photos.tsv").unlink()
    (folder(run) / "photos.tsv").mkdir()
    (folder(run) / "photos.tsv" / "x").write_text("mine")
    describe_after_run(folder(run), True)
    assert "not up to date" in capsys.readouterr().err


@pytest.mark.parametrize(
    "new", ["ab\ncd\n", "ab\ncd\nef\n", "ab\n", "", "ab\nxd\nef\n", "xb\ncd\n", "ab\ncde\n"]
)
@pytest.mark.parametrize("old", ["ab\ncd\n", None])
def test_a_file_is_written_only_if_its_lines_differ(tmp_path: Path, new: str, old: str | None) -> None:
    path, part = tmp_path / "file", tmp_path / "part"
    if old is not None:
        path.write_text(old)
    assert _write_changed(path, part, iter(new.splitlines(keepends=True))) == (new != old)
    assert part.exists() == (new != old)
    if part.exists():
        assert part.read_text() == new
