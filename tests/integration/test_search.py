"""The reader and the search index over a mirror of a simulated photostream."""

from __future__ import annotations

import os
import sqlite3
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror import PhotoFilter, SearchIndex, forget_photos, open_mirror
from flickr_mirror.cli.commands.list_photos import Listing
from flickr_mirror.cli.commands.reports import list_mirror
from flickr_mirror.errors import CatalogueError, PhotostreamError
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language")

TITLES = ("HUẾ - Cầu Trường Tiền", "Đà Nẵng: đường biển", "Duong the man", "順化 1931 香江", "hạ long án an")


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror photos with these titles, and with comments."""
    async with mirroring(tmp_path, len(TITLES), commented=1.0) as run:
        for photo_id, title in zip(run.stream.ids, TITLES, strict=True):
            run.stream.edit(photo_id, title=title, description="")
        await run(info_level=2)
        yield run


def found(run: Run, text: str, **filters: object) -> list[str]:
    """Return the titles that a search finds."""
    with open_mirror(run.root) as reader, SearchIndex(reader) as index:
        index.update()
        ids = index.search(text, PhotoFilter(**filters)).photo_ids  # type: ignore[arg-type]
        return [photo.title for photo in reader.photos(ids)]


async def test_a_word_without_marks_finds_all_spellings(run: Run) -> None:
    assert found(run, "title:duong") == [TITLES[1], TITLES[2]]
    assert found(run, "title:đường") == [TITLES[1]]
    assert found(run, "title:an") == [TITLES[4]]
    assert found(run, "da nang") == [TITLES[1]]
    assert found(run, '"ha long"') == [TITLES[4]]
    assert found(run, '"long ha"') == []


async def test_cjk_texts_are_found_by_a_part(run: Run) -> None:
    assert found(run, "順化") == found(run, "化") == [TITLES[3]]
    assert found(run, "江香") == []


async def test_a_search_excludes_words_and_completes_them(run: Run) -> None:
    assert found(run, "title:duon*") == [TITLES[1], TITLES[2]]
    assert found(run, "title:duong -title:man") == [TITLES[1]]
    assert len(found(run, "-title:duong")) == 3


async def test_comments_are_found(run: Run) -> None:
    with open_mirror(run.root) as reader:
        comments = reader.comments(run.stream.ids[0])
    assert comments
    word = max(comments[0][1].content.split(), key=len)
    assert TITLES[0] in found(run, f"comment:{word}")


async def test_filters_choose_photos(run: Run) -> None:
    with open_mirror(run.root) as reader:
        photo = next(reader.photos())
    assert found(run, "", since=photo.uploaded) == [photo.title]
    assert len(found(run, "", until=photo.uploaded - 1)) == len(TITLES) - 1
    assert photo.title in found(run, "", licenses=(photo.facts.license,))
    assert photo.title in found(run, "", tags=tuple(photo.tags))
    assert found(run, "", media="video") == []
    assert len(found(run, "", commented=True)) == len(TITLES)
    if photo.facts.latitude is not None and photo.facts.longitude is not None:
        assert photo.title in found(run, "", near=(photo.facts.latitude, photo.facts.longitude, 0.1))
    assert found(run, "", near=(-80.0, 0.0, 10.0)) == []


async def test_an_edit_is_found_and_the_old_text_is_not(run: Run) -> None:
    found(run, "")
    run.stream.edit(run.stream.ids[0], title="Chùa Thiên Mụ")
    await run(info_level=2, full_scan=True)
    assert found(run, "title:thien") == ["Chùa Thiên Mụ"]
    assert found(run, "title:truong") == []


async def test_a_run_keeps_an_index_up_to_date(run: Run) -> None:
    found(run, "")
    run.stream.edit(run.stream.ids[0], title="Chùa Thiên Mụ")
    await run(info_level=2, full_scan=True)
    with sqlite3.connect(run.root / run.stream.username / ".flickr_mirror" / "search.sqlite") as database:
        query = "SELECT count(*) FROM words WHERE words MATCH 'title: \"mụ\"'"
        assert database.execute(query).fetchone() == (1,)
    database.close()


async def test_words_of_an_interrupted_update_are_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next update reads all words of the index, not only its own."""
    run.stream.edit(run.stream.ids[0], title="Tắm biển")
    await run(info_level=2, full_scan=True)
    with open_mirror(run.root) as reader, SearchIndex(reader) as index:
        index.update()
        database = index._database  # as it was before the photo was written
        database.execute("UPDATE photos SET version = x'00' WHERE id = ?", (int(run.stream.ids[0]),))
        database.execute("UPDATE notes SET value = 'old' WHERE name = 'stamp'")
        database.execute("DELETE FROM spellings WHERE folded = 'tam'")
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(index, "_add_spellings", interrupt)
            index.update()
        assert index.search("title:tam", PhotoFilter()).total == 0
    assert found(run, "title:tam") == ["Tắm biển"]


def interrupt() -> None:
    """Raise what Ctrl-C raises."""
    raise KeyboardInterrupt


async def test_a_damaged_index_is_built_again(run: Run) -> None:
    found(run, "")
    path = run.root / run.stream.username / ".flickr_mirror" / "search.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    assert found(run, "title:man") == [TITLES[2]]


async def test_the_index_has_no_word_of_a_forgotten_photo(run: Run) -> None:
    found(run, "")
    await forget_photos(run.stream.username, [run.stream.ids[2]], run.root)
    state = run.root / run.stream.username / ".flickr_mirror"
    assert not [path for path in state.rglob("*") if path.is_file() and b"Duong the man" in path.read_bytes()]
    assert found(run, "man") == []


async def test_an_unchanged_index_is_not_rebuilt(run: Run) -> None:
    with open_mirror(run.root) as reader, SearchIndex(reader) as index:
        assert index.update() == len(TITLES)
        assert index.update() == 0
    await run(info_level=2)
    with open_mirror(run.root) as reader, SearchIndex(reader) as index:
        assert index.update() == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
async def test_a_read_only_mirror_is_searched_in_memory(run: Run) -> None:
    state = run.root / run.stream.username / ".flickr_mirror"
    state.chmod(0o555)
    try:
        assert found(run, "man") == [TITLES[2]]
    finally:
        state.chmod(0o755)


async def test_the_reader_returns_the_contents_of_the_mirror(run: Run) -> None:
    with open_mirror(run.root / run.stream.username) as reader:
        photos = list(reader.photos())
        assert [photo.id for photo in photos] == list(run.stream.ids)
        assert len(reader) == len(TITLES)
        image = photos[0].file("image")
        assert image is not None
        assert image.path == run.path(photos[0].id, image.path.suffix[1:])
        assert image.bytes == image.path.stat().st_size
        assert reader.photo("1") is reader.photo("../x") is None


async def test_a_missing_mirror_is_reported(run: Run, tmp_path: Path) -> None:
    with pytest.raises(PhotostreamError, match="There is no mirror of 'x'"):
        open_mirror(run.root, "x")
    (run.root / run.stream.username / ".flickr_mirror" / "catalogue.sqlite").unlink()
    with pytest.raises(CatalogueError, match="check --rebuild"):
        open_mirror(run.root)


async def test_search_prints_its_results(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    name = run.stream.username
    listing = Listing(words="title:duong", style="csv", fields=("id", "title"))
    assert list_mirror(name, cache_path=run.root, listing=listing) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{run.stream.ids[1]},{TITLES[1]}",
        f"{run.stream.ids[2]},{TITLES[2]}",
    ]
    assert list_mirror(name, cache_path=run.root, listing=Listing(words="nowhere")) == 0
    assert "No photo matches." in capsys.readouterr().err


@pytest.mark.usefixtures("unmeasured")
async def test_a_search_loads_neither_the_engine_nor_the_network(run: Run) -> None:
    """Loading them would take longer than the search."""
    program = (
        "import sys\n"
        f"sys.argv = ['mirror_flickr', 'search', 'duong', '--cache-path', {str(run.root)!r}]\n"
        "from flickr_mirror.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    line = [sys.executable, "-c", program]
    shown, loaded = (await anyio.run_process(line)).stdout.decode().rsplit("\n", 2)[:2]
    assert "Duong the man" in shown
    assert not {"aiohttp", "httpx", "PIL", "langdetect", "flickr_mirror.engine.mirror_run"} & set(
        loaded.split()
    )
