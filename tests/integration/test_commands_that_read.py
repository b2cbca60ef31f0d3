"""The commands that only read a mirror, called with their flags in this process."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from anyio import to_thread

from flickr_mirror import Include
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.simulator import SimulatedAlbum
from tests.support.calling import call
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language")


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror 8 photos with comments and an album."""
    async with mirroring(tmp_path / "cache", 8, commented=1.0) as run:
        run.stream.edit(run.stream.ids[0], title="HUẾ - Cầu Trường Tiền", description="<b>old</b> & new")
        run.stream.edit(run.stream.ids[1], title="=1+1")
        run.stream.albums.append(SimulatedAlbum("7215771", "Trip", photo_ids=list(run.stream.ids[:2])))
        await run(info_level=2, include=frozenset({Include.ALBUMS}))
        yield run


async def command(run: Run, *arguments: str) -> int:
    """Run a command on the mirror, and return its exit code."""
    return await to_thread.run_sync(lambda: call(*arguments, "--cache-path", str(run.root)))


async def test_search_prints_rows_in_each_style(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        await command(
            run, "search", 'title:"truong tien"', "--fields", "id,title,comments,gone,tags", "--sort", "rank"
        )
        == 0
    )
    header, row = capsys.readouterr().out.splitlines()
    assert header.split("\t") == ["id", "title", "comments", "gone", "tags"]
    assert row.split("\t")[:2] == [run.stream.ids[0], "HUẾ - Cầu Trường Tiền"]
    assert row.split("\t")[3] == "no"
    assert await command(run, "search", 'title:"truong tien"', "--json") == 0
    assert json.loads(capsys.readouterr().out)["user"] == run.stream.username
    assert await command(run, "search", 'title:"truong tien"', "--paths") == 0
    assert capsys.readouterr().out.strip() == str(run.path(run.stream.ids[0]))


async def test_list_takes_the_filters(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command(run, "list", "--album", "trip", "--csv", "--fields", "id,title") == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert [row[0] for row in rows[1:]] == list(run.stream.ids[:2])
    assert rows[2][1] == "'=1+1"  # a spreadsheet must not take a title for a formula
    flags = (
        "--since",
        "2000-01-01",
        "--until",
        "2100-01-01",
        "--media",
        "photo",
        "--commented",
        "--limit",
        "3",
    )
    assert await command(run, "list", *flags, "--licence", "4", "--licence", "CC BY 2.0") == 0
    assert (
        await command(run, "list", "--near", "16.46,107.59,20000km", "--language", "en", "--taken", "1966")
        == 0
    )
    with pytest.raises(ConfigError, match="--json and --csv exclude each other"):
        await command(run, "list", "--json", "--csv")


@pytest.mark.parametrize(
    ("flag", "value", "sentence"),
    [
        ("--taken", "1966-3", "use a year, month or day"),
        ("--licence", "x", "use a number or a name"),
        ("--media", "x", "use photo or video"),
        ("--language", "xx", "use a code of ISO 639"),
        ("--near", "91,0", "use latitude, longitude"),
        ("--fields", "x", "use some of id"),
        ("--fields", ",", "no field given"),
    ],
)
async def test_a_bad_filter_is_refused_in_a_sentence(run: Run, flag: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        await command(run, "list", flag, value)


async def test_status_prints_lines_and_metrics(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command(run, "status", "--prometheus") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f'flickr_mirror_photos{{user="{run.stream.username}",nsid="{run.stream.nsid}"}} 8' in lines
    streams = run.root.parent / "streams.toml"
    text = f'cache-path = "{run.root}"\n[[stream]]\nusername = "{run.stream.username}"\n[[stream]]\nusername = "x"\n'
    streams.write_text(text)
    assert await command(run, "status", "--streams", str(streams)) == 3
    captured = capsys.readouterr()
    assert captured.out.startswith(f"{run.stream.username}: 8 photos, complete")
    assert "x: There is no mirror" in captured.err


async def test_describe_and_the_check_of_the_manifest(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command(run, "describe") == 0
    assert "wrote people.tsv, photos.tsv, albums.tsv" in capsys.readouterr().out
    assert await command(run, "describe") == 0
    assert "nothing, because all files are up to date" in capsys.readouterr().out
    (run.root / run.stream.username / "README.txt").write_text("mine")
    assert await command(run, "describe") == 0
    assert "Not written, because you have changed them: README.txt" in capsys.readouterr().err


async def test_export_prints_what_was_written(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "export"
    assert await command(run, "export", "--to", str(target), "--names", "{title} {id}", "--xmp") == 0
    assert "8 photos exported" in capsys.readouterr().out
    assert len(list(target.glob("*.xmp"))) == 8
    assert await command(run, "export", "--to", str(tmp_path / "bag"), "--as", "bag", "--copy", "--json") == 0
    assert json.loads(capsys.readouterr().out)["copied"] > 8
    with pytest.raises(ConfigError, match="--xmp needs --as folders"):
        await command(run, "export", "--to", str(target), "--as", "bag", "--xmp")
    with pytest.raises(ConfigError, match="--names: unknown field"):
        await command(run, "export", "--to", str(target), "--names", "{x}")


async def test_stats_prints_figures(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command(run, "stats", "--zone", "Asia/Ho_Chi_Minh") == 0
    assert "8 photos" in capsys.readouterr().out
    assert await command(run, "stats", "--json", "--album", "Trip") == 0
    assert json.loads(capsys.readouterr().out)["photos"] == 2
    with pytest.raises(ConfigError, match="use a name such as"):
        await command(run, "stats", "--zone", "Nowhere")


async def test_the_gallery_states_what_it_writes(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command(run, "gallery", "--dry-run") == 0
    assert capsys.readouterr().out
    assert await command(run, "gallery", "--thumbnails", "0") == 0
    assert (run.root / run.stream.username / "gallery" / "index.html").is_file()
    capsys.readouterr()
    assert await command(run, "gallery", "--thumbnails", "0", "--json") == 0
    assert json.loads(capsys.readouterr().out)["photos"] == 8
