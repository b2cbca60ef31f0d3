"""`list`: a table on a terminal, columns between tabs in a pipe, and JSON in which titles can be searched."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio import to_thread
from rich.cells import cell_len

from flickr_mirror.cli.commands.list_photos import Listing
from flickr_mirror.cli.commands.reports import list_mirror
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import run as run_command
from tests.support.mirroring import mirroring
from tests.support.terminals import Typist

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language", "unmeasured")

TITLES = ("順化 1931 - 香江與古塔", "HUẾ 2006 - Chùa bên sông Hương", "x" * 300, "a\ttab\x9b2Jb")


async def begin(run: Run) -> None:
    """Mirror photos with titles of all widths."""
    for photo_id, title in zip(run.stream.ids, TITLES, strict=True):
        run.stream.edit(photo_id, title=title)
    await run(info_only=True)


def shown(root: Path, *words: str, columns: int) -> list[str]:
    """Return the lines that `list` shows on a terminal."""
    with closing(Typist("list", "--cache-path", str(root), *words, columns=columns)) as terminal:
        assert terminal.leave() == 0, terminal.text
        return terminal.text.splitlines()


@pytest.mark.parametrize(
    ("columns", "has_file"),
    [
        (93, False),
        (94, True),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in ((40, False), (200, True))),
    ],
)
async def test_a_table_on_a_terminal(tmp_path: Path, columns: int, has_file: bool) -> None:
    """Each photo is one line, cut to the terminal; titles of wide letters keep the columns in line."""
    async with mirroring(tmp_path, 4) as run:
        await begin(run)
        name, nsid = run.stream.username, run.stream.nsid
    lines = await to_thread.run_sync(lambda: shown(tmp_path, columns=columns))
    heading, columns_line, *rows = lines
    note = "" if has_file else " (files: in 94 columns or a pipe)"
    assert heading == f"{name} ({nsid}) in {tmp_path}/{name}{note}"
    assert columns_line.split()[:3] == ["id", "uploaded", "title"]
    assert [row.split()[0] for row in rows] == list(run.stream.ids)
    assert all(cell_len(row) < columns for row in rows)
    assert [row[14:24].count("-") for row in rows] == [2] * 4
    assert "\x9b" not in "".join(lines)
    if has_file:
        files = [row.rpartition("  ")[2] for row in rows]
        assert files == [str(run.path(one, "json").relative_to(tmp_path / name)) for one in run.stream.ids]
        assert len({cell_len(row[: -len(files[0])]) for row in rows}) == 1
        assert cell_len(columns_line.removesuffix("path")) == cell_len(rows[0][: -len(files[0])])
    else:
        assert ".json" not in "".join(lines)


async def test_a_pipe_gets_columns_between_tabs(tmp_path: Path) -> None:
    """The format for scripts does not change."""
    async with mirroring(tmp_path, 4) as run:
        await begin(run)
    line = [sys.executable, "-m", "flickr_mirror", "list", "--cache-path", str(tmp_path)]
    out = (await anyio.run_process(line)).stdout.decode()
    header, *rows = [row.split("\t") for row in out.splitlines()]
    assert header == ["id", "uploaded", "path", "url", "title"]
    assert [row[0] for row in rows] == list(run.stream.ids)
    assert rows[1][4] == TITLES[1]
    assert rows[3][4] == "a\ufffdtab\ufffd2Jb"


async def test_titles_in_json_can_be_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`list --json | grep HUẾ` works; control characters are escaped."""
    async with mirroring(tmp_path, 4) as run:
        await begin(run)
    assert list_mirror(run.stream.username, cache_path=tmp_path, listing=Listing(style="json")) == 0
    text = capsys.readouterr().out
    for title in TITLES[:2]:
        assert title in text
    assert "\x9b" not in text
    assert [json.loads(line)["title"] for line in text.splitlines()] == list(TITLES)


async def test_json_is_complete_in_any_encoding(tmp_path: Path) -> None:
    """If the output is not UTF-8, letters that it lacks are escaped, and none is lost."""
    async with mirroring(tmp_path, 4) as run:
        await begin(run)
    result = await anyio.run_process(
        [sys.executable, "-m", "flickr_mirror", "list", "--json", "--cache-path", str(tmp_path)],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    lines = result.stdout.decode("latin-1").splitlines()
    assert [json.loads(line)["title"] for line in lines] == list(TITLES)
    assert "bên sông" in lines[1]


@pytest.mark.slow
async def test_the_heading_cannot_be_forged(tmp_path: Path) -> None:
    """A username that resembles a line of a run is quoted, as in `status`."""
    stream = SimulatedPhotostream(1, username='done user="x" exit=0', path_alias=None)
    async with SimulatedFlickr(stream) as flickr:
        await run_command(flickr, tmp_path, "--info-only", "--quiet")
    heading, *_ = await to_thread.run_sync(lambda: shown(tmp_path, columns=200))
    assert heading.startswith(r'"done user=\"x\" exit=0" (')
