"""Albums with the real command: messages, exit codes, and runs that are killed at any moment."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, fill_albums
from tests.support.albums import check_albums
from tests.support.command import THREAD, infos, is_there, parts, run, running, tree
from tests.support.mirroring import Run

if TYPE_CHECKING:
    from pathlib import Path

ALBUMS = 24
PAGE = "https://www.flickr.com/photos/{}/albums/{}"


def stream_of(count: int = 40) -> SimulatedPhotostream:
    """Return an account with albums."""
    stream = SimulatedPhotostream(count, commented=0)
    fill_albums(stream, ALBUMS)
    return stream


async def test_the_address_of_an_album_is_enough(tmp_path: Path) -> None:
    """No --username is needed; with one, the id of the album is enough."""
    stream = stream_of()
    album = stream.albums[0]
    async with SimulatedFlickr(stream) as flickr:
        outcome = await run(flickr, tmp_path, "--album", PAGE.format("saigon-archive", album.id))
        assert outcome.code == 0, outcome.err
        assert f"Mirroring album {album.id} of " in outcome.err
        assert set(infos(tmp_path)) == set(album.photo_ids)
        assert (outcome.summary["new"], outcome.summary["exit"]) == ("12", "0")
        outcome = await run(flickr, tmp_path, "--album", album.id, "--username", stream.username)
        assert (outcome.code, outcome.summary["skipped"]) == (0, "12"), outcome.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--album", "72157600000000007"], "--username is missing: add it, or use the whole address"),
        (
            ["--album", "https://www.flickr.com/photos/x/5400/"],
            "is not the address of an album: use one such as",
        ),
        (["--album", "the best"], "is not the address of an album: use one such as"),
        (["--album", PAGE.format("x", 7), "--full-scan"], "--album and --full-scan exclude each other"),
        (["--album", PAGE.format("x", 7), "--since", "2020-01-01"], "--album and --since exclude each other"),
        (["--album", PAGE.format("x", 7), "--until", "2020-01-01"], "--album and --until exclude each other"),
        (["--album", PAGE.format("x", 7), "--watch", "1h"], "--album and --watch exclude each other"),
        (
            ["--album", PAGE.format("1@N01", 7), "--username", "2@N02"],
            "--album is an album of 1@N01, not of 2@N02: leave out --username",
        ),
        (["--album", PAGE.format("x", 7), "--streams", "x.toml"], "--streams and --album exclude each other"),
        (["--album", "7", "--username", "a", "--username", "b"], "--album takes one --username"),
        (
            ["--album", PAGE.format("x", 7), "--album=" + PAGE.format("x", 8)],
            "--album is given twice: start a command for each album.",
        ),
        (
            ["--include", "albums", "--include", "notes"],
            "--include is given twice: write all names after one",
        ),
        (
            [f"--source=https://www.flickr.com/photos/{name}/favorites" for name in "xy"],
            "--source is given twice: start a command for each list.",
        ),
        (["--side-by-side", "2"], "--side-by-side needs --streams"),
        (["--username", PAGE.format("x", 7)], "use --album https://www.flickr.com/photos/x/albums/7."),
    ],
)
async def test_usage_errors_are_explained(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    async with SimulatedFlickr(stream_of(1)) as flickr:
        outcome = await run(flickr, tmp_path, *arguments)
        assert (outcome.code, sentence in outcome.err) == (2, True), outcome.err
        assert flickr.calls.total() == 0


async def test_a_missing_album_exits_with_4(tmp_path: Path) -> None:
    stream = stream_of(5)
    hidden = next(album for album in stream.albums if album.hidden)
    async with SimulatedFlickr(stream) as flickr:
        for more in ((), ("--dry-run",)):
            outcome = await run(flickr, tmp_path, "--album", PAGE.format(stream.nsid, hidden.id), *more)
            assert (outcome.code, outcome.err.count("shows no album")) == (4, 1), outcome.err
            assert (
                "check the address. The album may be deleted, private, or of another account" in outcome.err
            )


async def test_a_dry_run_states_that_lists_are_not_counted(tmp_path: Path) -> None:
    async with SimulatedFlickr(stream_of()) as flickr:
        for line in ((), ("--info-only",)):
            outcome = await run(flickr, tmp_path, "--include", "albums", "--dry-run", *line)
            assert outcome.code == 0, outcome.err
            assert outcome.err.count("The API calls for the lists of --include are not counted") == 1
        assert "not counted" not in (await run(flickr, tmp_path, "--dry-run")).err
        assert not any("photosets" in method for method in flickr.calls)


@pytest.mark.slow
async def test_runs_killed_while_mirroring_albums_are_completed(tmp_path: Path) -> None:
    """Kill -9 at twelve moments, during the calls about albums: the final mirror is the same as without kills."""
    stream = stream_of()
    line = ("--include", "albums", "--info-level", "2", "--info-only")
    async with SimulatedFlickr(stream) as flickr:
        await run(flickr, tmp_path / "undisturbed", *line)
        killed = 0
        for number in range(40):
            async with running(flickr, tmp_path / "killed", *line, settings=THREAD) as process:
                calls = _calls(flickr) + 1 + number % 4
                while _calls(flickr) < calls and is_there(process.pid):  # noqa: ASYNC110
                    await anyio.sleep(0.001)
                await anyio.sleep(0.01 * (number % 5))
                process.signal(signal.SIGKILL)
                killed += (await process.wait()).code == -signal.SIGKILL
        assert killed >= 12
        flickr.reset_counters()
        outcome = await run(flickr, tmp_path / "killed", *line)
        assert outcome.code == 0, outcome.err
        check_albums(Run(flickr, tmp_path / "killed"))
        assert tree(tmp_path / "killed") == tree(tmp_path / "undisturbed")
    assert parts(tmp_path) == []


def _calls(flickr: SimulatedFlickr) -> int:
    return sum(count for name, count in flickr.calls.items() if "photosets" in name or "collections" in name)


async def test_a_run_that_changes_only_albums_brings_their_table_up_to_date(tmp_path: Path) -> None:
    """The table of albums is part of the description, as the photos are; a run without news writes nothing."""
    stream = stream_of(4)
    stream.albums = stream.albums[:1]
    album = stream.albums[0]
    table = tmp_path / stream.username / "albums.tsv"

    def members() -> list[str]:
        return [line.split("\t")[4] for line in table.read_text().splitlines()[1:]]

    async with SimulatedFlickr(stream) as flickr:
        for photo_ids in (stream.ids[:2], stream.ids[1:]):
            album.edit(photo_ids=photo_ids)
            assert (await run(flickr, tmp_path, "--include", "albums")).code == 0
            assert members() == photo_ids
        before = table.stat().st_mtime_ns
        assert (await run(flickr, tmp_path, "--include", "albums")).code == 0
        assert table.stat().st_mtime_ns == before
