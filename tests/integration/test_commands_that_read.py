"""The commands that only read a mirror, called with their flags in this process."""

from __future__ import annotations

import csv
import io
import json
import shutil
import socket
import unicodedata
from typing import TYPE_CHECKING

import pytest
from anyio import to_thread

from flickr_mirror import Include
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.simulator import SimulatedAlbum
from tests.support.calling import call
from tests.support.command import start
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
    with pytest.raises(ConfigError, match="--since is after --until"):
        await command(run, "list", "--since", "2020-02-01", "--until", "2020-01-31")
    with pytest.raises(ConfigError, match="--json and --csv exclude each other"):
        await command(run, "list", "--json", "--csv")
    with pytest.raises(ConfigError, match="--json and --prometheus exclude each other"):
        await command(run, "status", "--json", "--prometheus")
    with pytest.raises(ConfigError, match="--streams and --username exclude each other"):
        await command(run, "status", "--streams", "s.toml", "--username", "x")


@pytest.mark.parametrize(
    ("flag", "value", "sentence"),
    [
        ("--taken", "1966-3", "use a year, month or day"),
        ("--taken", "1966-13", "use a year, month or day"),
        ("--taken", "1966-02-30", "use a year, month or day"),
        ("--taken", "1945..1900", "write the earlier one first, as in 1900..1945"),
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


@pytest.mark.parametrize("words", ['"', "(", " ", "*", "^"])
async def test_a_search_without_a_word_is_refused(run: Run, words: str) -> None:
    with pytest.raises(ConfigError, match="no word to search for: give a word, or use `mirror_flickr list`"):
        await command(run, "search", words)


@pytest.mark.parametrize(
    "words",
    ["a AND", "OR", "a:b", "{title}", "NEAR(a b)", "a + b", '"not closed', "' OR 1=1 --", "a" * 65_000],
)
async def test_every_other_text_is_a_query(run: Run, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """FTS5's operators are words."""
    assert await command(run, "search", words, "--json") == 0
    assert "mirror_flickr:" not in capsys.readouterr().err


async def test_two_mirrors_of_one_name_are_distinguished_by_their_folders(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    name = run.stream.username
    shutil.copytree(run.root / name, run.root / "copy")
    where = ("--username", run.stream.nsid)
    for arguments in (("status",), ("list",), ("search", "x"), ("describe",), ("serve",)):
        assert await command(run, *arguments, *where) == 4
        message = capsys.readouterr().err
        assert f"has 2 mirrors of '{run.stream.nsid}', in the folders 'copy' and '{name}'" in message
        assert "--username copy" in message
    assert await command(run, "status", "--username", "copy") == 0
    assert await command(run, "serve") == 4
    assert f"'copy' and '{name}' are mirrors of one account" in capsys.readouterr().err


async def test_a_photo_is_found_by_its_id_and_its_address(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    photo_id = run.stream.ids[3]
    for words in (photo_id, f"https://www.flickr.com/photos/{run.stream.nsid}/{photo_id}/in/album-1/"):
        assert await command(run, "search", words, "--paths") == 0
        assert capsys.readouterr().out.splitlines()[0] == str(run.path(photo_id))
    assert await command(run, "search", photo_id, "--media", "video") == 0
    assert "No photo matches." in capsys.readouterr().err


async def test_forget_uses_the_only_mirror(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command(run, "forget", "--yes", run.stream.ids[0]) == 0
    assert "is erased: 2 files" in capsys.readouterr().err
    shutil.copytree(run.root / run.stream.username, run.root / "copy")
    assert await command(run, "forget", "--yes", run.stream.ids[1]) == 4
    assert "has several mirrors: choose one of" in capsys.readouterr().err


@pytest.mark.parametrize("style", ["--csv", "--json", "--paths", ""])
async def test_control_characters_of_titles_do_not_reach_a_terminal(
    run: Run, capsys: pytest.CaptureFixture[str], style: str
) -> None:
    run.stream.edit(run.stream.ids[0], title="\x1b[31mred\x07 \x9b2J </script>" + "a" * 65_536)
    await run()
    assert await command(run, "list", *filter(None, [style])) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) in (8, 9)
    assert [char for char in shown if unicodedata.category(char) == "Cc" and char not in "\n\t\r"] == []


async def test_albums_with_one_title_are_listed_together(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.stream.albums.append(SimulatedAlbum("7215772", "TRIP", photo_ids=list(run.stream.ids[1:4])))
    await run(info_level=2, include=frozenset({Include.ALBUMS}))
    for name, count in (("trip", 4), ("7215772", 3)):
        assert await command(run, "list", "--album", name, "--csv", "--fields", "id") == 0
        assert capsys.readouterr().out.splitlines() == ["id", *run.stream.ids[4 - count : 4]]


async def test_csv_has_its_heading_also_if_the_first_mirror_has_no_such_album(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with mirroring(tmp_path / "other", 1, nsid="8800001@N03", username="another") as other:
        other.root = run.root
        await other()
    capsys.readouterr()
    assert await command(run, "list", "--album", "trip", "--csv", "--fields", "id") == 4
    captured = capsys.readouterr()
    assert captured.out.splitlines() == ["id", *run.stream.ids[:2]]
    assert "There is no album 'trip' in the mirror 'another'." in captured.err


async def test_csv_of_several_mirrors_has_one_heading(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(run.root / run.stream.username, run.root / "copy")
    assert await command(run, "list", "--csv", "--fields", "id,title") == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert (rows.count(["id", "title"]), len(rows)) == (1, 17)


async def test_a_port_in_use_is_reported_in_one_sentence(run: Run) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = "{}:{}".format(*other.getsockname())
        for options, flag in (
            (("--listen", address), "--listen"),
            (("--listen", "127.0.0.1:0", "--proxy", address), "--proxy"),
        ):
            process = start(["serve", "--cache-path", str(run.root), *options])
            outcome = await process.wait()
            await process.close()
            message = outcome.err
            assert outcome.code == 7
            assert f"Cannot listen on {address}: Address already in use. Choose another" in message
            assert f"address with {flag}" in message
            assert "Serving" not in message


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


async def test_export_prints_a_summary(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


async def test_gallery_prints_its_plan_and_its_summary(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert await command(run, "gallery", "--dry-run") == 0
    assert capsys.readouterr().out
    assert await command(run, "gallery", "--thumbnails", "0") == 0
    assert (run.root / run.stream.username / "gallery" / "index.html").is_file()
    capsys.readouterr()
    assert await command(run, "gallery", "--thumbnails", "0", "--json") == 0
    assert json.loads(capsys.readouterr().out)["photos"] == 8
