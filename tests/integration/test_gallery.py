"""`gallery`: the files that it writes and keeps, and its output."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from PIL import Image

from flickr_mirror import CacheError, open_mirror
from flickr_mirror.simulator.data.sizes import Kind
from flickr_mirror.web.gallery.builder import GalleryBuilder
from flickr_mirror.web.gallery.options import GalleryOptions
from tests.support.command import start
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from flickr_mirror.web.gallery.options import GalleryReport
    from tests.support.command import Outcome
    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language")


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror 12 photos with comments."""
    async with mirroring(tmp_path / "cache", 12, commented=0.5) as run:
        await run(info_level=2)
        yield run


def folder(run: Run) -> Path:
    """Return the folder of the gallery in the mirror."""
    return run.root / run.stream.username / "gallery"


def build(run: Run, **options: Any) -> GalleryReport:
    """Build the gallery, by default without thumbnails."""
    with open_mirror(run.root) as reader:
        return GalleryBuilder(reader, GalleryOptions(**{"thumbnails": 0, **options})).build()


def data(path: Path, name: str) -> Any:
    """Return the data in a file of a gallery."""
    text = (path / f"data/{name}.js").read_text(encoding="utf-8")
    match = re.fullmatch(r"flickrMirror\.load\(\"[a-z/0-9]+\", '(.*)'\);\n", text)
    assert match, text[:100]
    return json.loads(re.sub(r"\\(u2028|u2029|.)", lambda found: found[1], match[1]))


async def command(*arguments: str) -> Outcome:
    """Run the command."""
    process = start([*arguments])
    try:
        return await process.wait()
    finally:
        await process.close()


def state_of(path: Path) -> dict[str, tuple[int, int]]:
    """Return the size and the modification time of each file in a folder."""
    return {
        str(file.relative_to(path)): (file.stat().st_size, file.stat().st_mtime_ns)
        for file in path.rglob("*")
        if file.is_file()
    }


async def test_the_pages_have_all_photos_with_their_texts(run: Run) -> None:
    """Titles, descriptions, tags and comments are in the data files, the oldest upload first."""
    report = build(run)
    first, titles, texts = (data(folder(run), name) for name in ("first", "titles", "text/0"))
    with open_mirror(run.root) as reader:
        photos = list(reader.photos())[::-1]
        comments = [[comment.content for comment, _ in reader.comments(photo.id)] for photo in photos]
    assert report.photos == first["total"] == 12
    assert first["columns"]["ids"].split() == [photo.id for photo in photos]
    assert titles == [photo.title for photo in photos]
    assert [entry.get("tags", []) for entry in texts] == [photo.tags for photo in photos]
    assert [len(entry.get("comments", [])) for entry in texts] == [len(found) for found in comments]
    assert sum(map(len, comments)) > 0


async def test_a_second_build_writes_nothing(run: Run) -> None:
    """Without changes in the mirror, no file of the gallery changes, not even its time."""
    build(run, thumbnails=100)
    before = state_of(folder(run))
    report = build(run, thumbnails=100)
    assert (report.written, report.removed, report.thumbnails, report.photos) == (0, 0, 0, 12)
    assert state_of(folder(run)) == before


async def test_a_new_photo_changes_few_files(run: Run) -> None:
    """The page of an earlier month stays the same, and only one thumbnail is made."""
    build(run, thumbnails=100)
    before = state_of(folder(run))
    run.stream.upload()
    await run(info_level=2)
    report = build(run, thumbnails=100)
    after = state_of(folder(run))
    changed = {name for name in after if after[name] != before.get(name)}
    assert (report.photos, report.thumbnails) == (13, 1)
    assert not {name for name in changed if name.startswith("js/") or name in ("index.html", "gallery.css")}
    assert len([name for name in changed if name.startswith("thumbs/")]) == 1
    assert "data/columns.js" in changed


async def test_a_forgotten_photo_is_removed_from_the_gallery(run: Run) -> None:
    """Its texts and its thumbnail are removed at once."""
    run.stream.edit(run.stream.ids[3], title="Quetzalcoatlus")
    await run(info_level=2)
    build(run, thumbnails=100)
    forgotten = run.stream.ids[3]
    result = await command(
        "forget",
        "--username",
        run.stream.username,
        forgotten,
        "--yes",
        "--cache-path",
        str(run.root),
    )
    assert result.code == 0, result.err
    texts = b"".join(
        path.read_bytes() for path in folder(run).rglob("*") if path.suffix in (".js", ".html")
    ).lower()
    assert b"quetzalcoatlus" not in texts
    assert forgotten.encode() not in texts
    assert not list(folder(run).glob(f"thumbs/*/{forgotten}.jpg"))


async def test_a_missing_file_is_written_again(run: Run) -> None:
    """A deleted file of the gallery is restored, also a thumbnail."""
    build(run, thumbnails=100)
    lost = [folder(run) / "data/text/0.js", next(folder(run).glob("thumbs/*/*.jpg"))]
    before = [path.read_bytes() for path in lost]
    for path in lost:
        path.unlink()
    build(run, thumbnails=100)
    assert [path.read_bytes() for path in lost] == before


async def test_thumbnails_are_small_upright_and_named_by_id(run: Run) -> None:
    """Each picture has a thumbnail of the requested height; another height makes all of them again."""
    new = [run.stream.upload(kind=kind)[0] for kind in (Kind.PNG, Kind.ROTATED, Kind.VIDEO)]
    await run(info_level=2)
    assert build(run, thumbnails=120).failures == {}
    names = {path.stem: path for path in folder(run).glob("thumbs/*/*.jpg")}
    assert set(names) == {*run.stream.ids, *new}
    for path in names.values():
        with Image.open(path) as image:
            assert (image.format, image.height <= 120, image.width <= 240) == ("JPEG", True, True)
    assert build(run, thumbnails=160).thumbnails == 15


async def test_a_broken_image_is_named_and_the_rest_is_built(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 3, and the next build tries again."""
    run.path(run.stream.ids[2]).write_bytes(b"\xff\xd8\xff\xe0 no image")
    result = await command("gallery", "--cache-path", str(run.root), "--jobs", "1")
    assert result.code == 3
    assert f"Photo {run.stream.ids[2]} has no thumbnail" in result.err
    assert "11 thumbnails made" in result.out
    assert (await command("gallery", "--cache-path", str(run.root), "--jobs", "1")).code == 3


async def test_private_photos_are_left_out_by_default(run: Run) -> None:
    """A photo for the family only is in no file; with `--private`, the pages mark it."""
    run.stream.edit(run.stream.ids[1], title="Xylophonist", privacy="family")
    run.log_in()
    await run(info_level=2, full_scan=True)
    assert build(run).photos == 11
    assert not [path for path in folder(run).rglob("*.js") if b"xylophonist" in path.read_bytes().lower()]
    report = build(run, private=True)
    assert (report.photos, report.private) == (12, 1)
    assert data(folder(run), "first")["private"] is True


async def test_the_mirror_ignores_its_gallery(run: Run) -> None:
    """`check` reports no error, and the next run neither removes nor adopts files of the gallery."""
    build(run, thumbnails=100)
    before = state_of(folder(run))
    result = await command("check", "--cache-path", str(run.root))
    assert result.code == 0, result.out
    report = await run(info_level=2, full_scan=True, prune=True)
    assert (report.new, report.pruned) == (0, 0)
    assert state_of(folder(run)) == before
    rebuilt = await command("check", "--rebuild", "--cache-path", str(run.root))
    assert "files=24 broken=0" in rebuilt.err
    with open_mirror(run.root) as reader:
        assert len(reader) == 12


async def test_a_gallery_elsewhere_has_the_photos(run: Run, tmp_path: Path) -> None:
    """The files are hard links in the same folders, and the pages point to them."""
    target = tmp_path / "usb"
    report = build(run, target=target)
    source = run.path(run.stream.ids[0])
    link = target / "photos" / source.relative_to(run.root / run.stream.username)
    assert report.placed == 12
    assert link.samefile(source)
    assert data(target, "first")["base"] == "photos/"
    assert build(run, target=target).placed == 0
    assert not folder(run).exists()


@pytest.mark.parametrize("left", [None, 10])
async def test_a_lost_photo_stays_in_a_gallery_elsewhere(run: Run, tmp_path: Path, left: int | None) -> None:
    """A photo whose file the mirror has lost, or only has a part of, may have its last copy in a gallery."""
    target = tmp_path / "usb"
    build(run, target=target)
    lost = run.path(run.stream.ids[0])
    copy = target / "photos" / lost.relative_to(run.root / run.stream.username)
    data = lost.read_bytes()
    lost.unlink()
    if left:
        lost.write_bytes(data[:left])
    run.stream.upload()
    await run(info_level=2)
    assert build(run, target=target).photos == 13
    assert copy.read_bytes() == data


async def test_the_gallery_of_another_mirror_is_left_alone(run: Run, tmp_path: Path) -> None:
    """A build removes what it does not want, which would be all of the other gallery."""
    target = tmp_path / "usb"
    build(run, target=target)
    before = state_of(target)
    async with mirroring(tmp_path / "other", 2, nsid="8800001@N03") as other:
        await other()
        with pytest.raises(CacheError, match="is the gallery of another mirror: use another folder"):
            build(other, target=target)
    assert state_of(target) == before


async def test_a_gallery_for_others_does_not_state_where_it_was_made(run: Run, tmp_path: Path) -> None:
    """The files can be copied to a web server, also the one that starts with a dot."""
    target = tmp_path / "usb"
    build(run, target=target)
    for path in target.rglob("*"):
        assert not path.is_file() or str(tmp_path).encode() not in path.read_bytes()


async def test_other_folders_are_refused(run: Run, tmp_path: Path) -> None:
    """A folder with other files, one in the mirror and a link are refused, and nothing is written there."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other/letter.txt").write_text("Dear", encoding="utf-8")
    mirror = run.root / run.stream.username
    folder(run).symlink_to(tmp_path / "other")
    for target in (tmp_path / "other", mirror / "pages", run.root, None):
        with pytest.raises(CacheError):
            build(run, target=target)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["letter.txt"]


async def test_two_builds_at_once_are_refused(run: Run) -> None:
    """The second build ends with a sentence, and the first continues."""
    with open_mirror(run.root) as reader:
        found: list[str] = []

        def build_again(_what: str, _done: int, _total: int) -> None:
            with pytest.raises(CacheError) as caught:
                build(run)
            found.append(str(caught.value))

        assert GalleryBuilder(reader, GalleryOptions(thumbnails=0), build_again).build().photos == 12
    assert "Another build" in found[0]


async def test_the_command_prints_its_plan_and_its_summary(run: Run, tmp_path: Path) -> None:
    """A dry run writes nothing; a build prints the page to open; JSON has the same figures."""
    arguments = ["gallery", "--cache-path", str(run.root), "--thumbnails", "0"]
    planned = await command(*arguments, "--dry-run")
    assert planned.code == 0
    assert re.match(
        r"12 photos: about \d+ files of .*; about 1 minute\. Nothing was written\.\n", planned.out
    )
    assert not folder(run).exists()
    built = await command(*arguments)
    planned = await command(*arguments, "--dry-run")
    assert planned.out == "12 photos: nothing new. Nothing was written.\n"
    assert built.out.endswith(f"Open {folder(run) / 'index.html'}\n")
    again = await command(*arguments, "--json")
    assert json.loads(again.out)["written"] == 0
    elsewhere = await command(*arguments, "--to", str(tmp_path / "copy"))
    assert "all rights reserved: keep this folder to yourself" in elsewhere.err


async def test_the_exit_codes_are_those_of_the_other_commands(run: Run, tmp_path: Path) -> None:
    """2 for an invalid height, 4 for a missing mirror, 7 for an unusable folder."""
    assert (await command("gallery", "--cache-path", str(run.root), "--thumbnails", "5")).code == 2
    assert (await command("gallery", "--cache-path", str(tmp_path / "none"))).code == 4
    target = str(run.root / run.stream.username / "x")
    assert (await command("gallery", "--cache-path", str(run.root), "--to", target)).code == 7


async def test_the_pages_without_scripts_have_every_photo(run: Run) -> None:
    """The pages of the months link each file, and contain no script and no markup of a title."""
    run.stream.edit(run.stream.ids[0], title='<img src=x onerror="alert(1)"></a></script>')
    await run(info_level=2)
    build(run)
    pages = [path.read_text(encoding="utf-8") for path in (folder(run) / "list").glob("2*.html")]
    links = {link for page in pages for link in re.findall(r'<li><a href="([^"]+)"', page)}
    assert len(links) == 12
    assert all((folder(run) / link).is_file() for link in links)
    assert not [page for page in pages if "<script" in page or 'onerror="' in page or "<img src=x" in page]


@pytest.mark.slow
async def test_a_killed_build_leaves_no_process_and_continues(run: Run) -> None:
    """The processes that make thumbnails end with the command, and the next build makes the missing ones."""
    settings = {"web.gallery.thumbnails.BATCH": 1}
    process = start(["gallery", "--cache-path", str(run.root), "--jobs", "1"], settings=settings)
    with anyio.fail_after(60):
        while not (children := children_of(process.pid)):  # noqa: ASYNC110 - by another process
            await anyio.sleep(0.01)
    process.signal(signal.SIGKILL)
    assert (await process.wait()).code == -signal.SIGKILL
    await process.close()
    with anyio.fail_after(30):
        while any(is_running(child) for child in children):  # noqa: ASYNC110
            await anyio.sleep(0.05)
    build(run, thumbnails=320)
    assert len(list(folder(run).glob("thumbs/*/*.jpg"))) == 12


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    line = ["ps", "-eo", "pid,ppid"]
    found = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in found.splitlines()[1:]]
    return [int(child) for child, parent in pairs if parent == str(pid)]


def is_running(pid: int) -> bool:
    """Return whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
