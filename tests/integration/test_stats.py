"""`stats`: the figures agree with the mirror, as text, JSON and charts."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from flickr_mirror import CacheError, open_mirror
from flickr_mirror.cli.commands import stats
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.reader.filters import PhotoFilter
from tests.support.calling import call
from tests.support.mirroring import mirroring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("one_language")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Mirror 30 photos with comments."""
    async with mirroring(tmp_path, 30, commented=0.5) as run:
        await run(info_level=2)
        yield run


def show(run: Run, **options: object) -> None:
    """Run the command on the mirror."""
    defaults = {
        "photo_filter": PhotoFilter(),
        "zone": None,
        "as_json": False,
        "outliers": False,
        "plots": None,
    }
    assert stats.show_stats(run.root, run.stream.username, **{**defaults, **options}) == 0  # type: ignore[arg-type]


async def test_the_json_agrees_with_the_mirror(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    show(run, as_json=True)
    found = json.loads(capsys.readouterr().out)
    with open_mirror(run.root) as reader:
        photos = list(reader.photos())
        comments = [comment for photo in photos for comment, _ in reader.comments(photo.id)]
    assert found["photos"] == sum(found["by_upload_month"].values()) == len(photos)
    assert sum(map(sum, found["by_weekday_and_hour"])) == len(photos)
    assert sum(found["by_taken_year"].values()) + found["undated"] == len(photos)
    assert found["bytes"] == sum(file.path.stat().st_size for photo in photos for file in photo.files)
    assert found["comments"] == len(comments) > 0
    assert found["by_tag"] == Counter(tag for photo in photos for tag in photo.tags)
    assert found["measures"]["comments"]["total"] == len(comments)


async def test_filters_limit_the_figures(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    show(run, as_json=True, photo_filter=PhotoFilter(commented=True))
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["photos"] == found["with_comments"] < 30


async def test_the_text_has_bars_that_every_output_can_print(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    show(run)
    assert "█" in capsys.readouterr().out
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    monkeypatch.setattr("sys.stdout", ascii_only)
    show(run)
    ascii_only.flush()
    text = ascii_only.buffer.getvalue().decode()
    assert "###" in text
    assert "█" not in text


async def test_charts_are_svg_with_a_title_and_their_numbers(run: Run, tmp_path: Path) -> None:
    show(run, plots=tmp_path / "plots")
    charts = sorted((tmp_path / "plots" / run.stream.username).glob("*.svg"))
    assert {"taken", "tags", "licences", "hours"} <= {chart.stem for chart in charts}
    for chart in charts:
        root = ET.fromstring(chart.read_text())  # noqa: S314 - our own
        title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert title is not None
        assert description is not None
        assert ":" in (description.text or "")
        assert chart.stat().st_size < 40_000


async def test_outliers_are_named_with_their_photo(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.stream.edit(run.stream.ids[4], title="x" * 250)
    await run(info_level=2, full_scan=True)
    show(run, outliers=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "measure,id,value"
    assert f"title,{run.stream.ids[4]},250" in lines


@pytest.mark.parametrize("text", ["x", "1\n2,5", "nan", "inf", "1 2"])
def test_a_line_that_is_not_a_number_is_reported(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(ConfigError, match=r"Line \d is not a number: .* Use one number on each line."):
        stats.pipe_stats(as_json=False, outliers=False)


def test_numbers_from_a_pipe_have_the_same_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n2\n\n3\n100\n4\n5\n6\n"))
    assert stats.pipe_stats(as_json=False, outliers=True) == 0
    assert capsys.readouterr().out == "100\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n2\n\n3\n100\n4\n5\n6\n"))
    assert stats.pipe_stats(as_json=True, outliers=False) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["count"], found["total"], found["median"], found["outliers"]) == (7, 121, 4, [100])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--pipe", "--tag", "hue"),
        ("--pipe", "--plots", "charts"),
        ("--pipe", "--zone", "UTC"),
        ("--json", "--outliers"),
        ("--json", "--plots", "charts"),
        ("--outliers", "--plots", "charts"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n"))
    with pytest.raises(ConfigError) as caught:
        call("stats", *arguments)
    first, second = (name for name in arguments if name.startswith("--"))
    assert str(caught.value) == f"{first} and {second} exclude each other: use only one of them."


async def test_a_folder_of_charts_that_is_a_file_is_named_with_its_option(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CacheError, match="use another --plots"):
        show(run, plots=tmp_path / "file" / "charts")


async def test_a_year_of_zeros_is_no_date(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.stream.edit(run.stream.ids[0], taken="0000-00-00 00:00:00")
    await run(info_level=2, full_scan=True)
    show(run, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["undated"] == 1
    assert "0000" not in found["by_taken_year"]
