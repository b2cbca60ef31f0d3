"""Limits, dates and several users with the real command: messages and exit codes."""

from __future__ import annotations

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import jsonschema
import pytest
from typer.testing import CliRunner

from flickr_mirror.cli.app import app
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import infos, parts, run, running, tree
from tests.support.event_schema import FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flickr_mirror import Limits

COUNT = 30


def two_users(count: int = COUNT) -> tuple[SimulatedPhotostream, SimulatedPhotostream]:
    """Return the photostreams of two users."""
    return (
        SimulatedPhotostream(count),
        SimulatedPhotostream(5, nsid="2@N02", username="river light", path_alias="river"),
    )


@pytest.mark.slow
async def test_nightly_runs_complete_a_mirror(tmp_path: Path) -> None:
    """Exit code 8 until all is done, then 0; the mirror equals that of one run, and nothing is downloaded twice."""
    async with SimulatedFlickr(SimulatedPhotostream(COUNT)) as flickr:
        assert (await run(flickr, tmp_path / "at once")).code == 0
        flickr.reset_counters()
        nights = [await run(flickr, tmp_path / "by night", "--max-photos", "12") for _ in range(3)]
        assert set(flickr.requests.values()) == {1}
    assert [night.code for night in nights] == [8, 8, 0], nights[-1].err
    assert [night.summary["images"] for night in nights] == ["12", "12", "6"]
    assert [night.summary["exit"] for night in nights] == ["8", "8", "0"]
    for night in nights[:2]:
        assert night.err.count("--max-photos is reached: no new work is started") == 1
        assert "Run the same command again to continue." in night.err
    assert tree(tmp_path / "by night") == tree(tmp_path / "at once")


@pytest.mark.slow
async def test_limits_of_bytes_and_time_end_a_run(tmp_path: Path) -> None:
    """Each with code 8 and its own sentence, and nothing is downloaded twice."""
    async with SimulatedFlickr(SimulatedPhotostream(COUNT, image_dims=(48, 36)), image_latency=0.1) as flickr:
        outcome = await run(flickr, tmp_path, "--max-bytes", "1k", "--image-workers", "1")
        assert (outcome.code, outcome.summary["exit"]) == (8, "8"), outcome.err
        assert "--max-bytes is reached" in outcome.err
        outcome = await run(flickr, tmp_path, "--max-duration", "1s", "--image-workers", "1")
        assert outcome.code == 8, outcome.err
        assert "--max-duration is reached" in outcome.err
        assert parts(tmp_path) == []
        outcome = await run(flickr, tmp_path)
        assert outcome.code == 0, outcome.err
        assert len(infos(tmp_path)) == COUNT
        assert set(flickr.requests.values()) == {1}


@pytest.mark.slow
async def test_too_little_free_space_ends_the_run(tmp_path: Path) -> None:
    """If less than --min-free is free: code 8, one sentence with the figures, and no other user is begun."""
    async with SimulatedFlickr(*two_users(5)) as flickr:
        users = ("--username", "saigon_archive", "--username", "river light")
        outcome = await run(flickr, tmp_path, *users, "--min-free", "1000000T")
        assert outcome.code == 8, outcome.err
        assert flickr.requests.total() == 0
        (line,) = [line for line in outcome.err.splitlines() if "is reached" in line]
        folder = re.escape(str(tmp_path / "saigon_archive"))
        assert re.search(
            rf"--min-free \(\d+\.\d\d GB are free in {folder}, \d+\.\d\d GB are to stay free\) is reached: "
            "no new work is started",
            line,
        )
        assert 'Not started: "river light". Run the same command again to continue.' in outcome.err
        outcome = await run(flickr, tmp_path, "--min-free", "1k")
        assert outcome.code == 0, outcome.err
        assert "is reached" not in outcome.err


async def test_a_dry_run_reports_bytes_and_free_space(tmp_path: Path) -> None:
    """One line on standard output, sentences on standard error; --quiet warns only; no file is left."""
    stream = SimulatedPhotostream(COUNT, image_dims=(320, 240))
    async with SimulatedFlickr(stream) as flickr:
        outcome = await run(flickr, tmp_path, "--dry-run", "--image-only", "--bwlimit", "16k")
        total = sum(len(flickr.file(photo_id)) for photo_id in stream.ids)
        assert outcome.code == 0, outcome.err
        found = re.fullmatch(
            r"plan user=.* hours=0\.0\d+ bytes=(\d+) free=(\d+) image_hours=0\.0\d+\n", outcome.out
        )
        assert found
        assert int(found[1]) == pytest.approx(total, rel=0.15)
        assert "of images to download, which take about " in outcome.err
        assert f"Free disk space for {tmp_path / 'saigon_archive'}: " in outcome.err
        assert "will not fit" not in outcome.err
        assert flickr.requests.total() <= 8

        outcome = await run(flickr, tmp_path, "--dry-run", "--quiet", "--json", "--min-free", "1000000T")
        assert outcome.code == 0, outcome.err
        (line,) = outcome.err.splitlines()
        assert "Warning: the images will not fit: about " in line
        event = json.loads(outcome.out)
        jsonschema.validate(event, json.loads(FILE.read_text()))
        assert event["bytes"] == int(found[1])
        assert event["image_seconds"] is None
        assert event["basis"].startswith("An estimate from the announced sizes of ")
    assert list(tmp_path.iterdir()) == []


def test_a_time_of_day_and_free_space_are_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command passes them to the run, from flags and from the environment."""
    handed: list[Limits] = []

    def mirror(_: object, __: object, limits: Limits, *___: object, **____: object) -> Callable[[], int]:
        handed.append(limits)
        return lambda: 0

    monkeypatch.setattr("flickr_mirror.cli.commands.mirror.mirror", mirror)
    line = ["--config", "", "--username", "x", "--cache-path", str(tmp_path)]
    flags = ["--until-time", "07:00", "--min-free", "5G"]
    for more, environment in (
        (flags, {}),
        ([], {"MIRROR_FLICKR_UNTIL_TIME": "07:00", "MIRROR_FLICKR_MIN_FREE": "5G"}),
    ):
        outcome = CliRunner().invoke(app, [*line, *more], env=environment)
        assert outcome.exit_code == 0, outcome.output
    for limits in handed:
        assert limits.min_free == 5 << 30
        assert limits.until_time
        assert limits.until_time.astimezone().strftime("%H:%M") == "07:00"
        assert datetime.now(UTC) < limits.until_time < datetime.now(UTC) + timedelta(hours=25)
    assert len(handed) == 2


@pytest.mark.slow
async def test_dates_select_photos(tmp_path: Path) -> None:
    """Days in UTC, both included: photos uploaded on them are mirrored, the rest by a later run."""
    stream = SimulatedPhotostream(0)
    days = [datetime(2020, 3, day, hour, tzinfo=UTC) for day in (22, 23, 24, 25) for hour in (0, 23)]
    ids = [stream.upload(1, at=int(day.timestamp()))[0] for day in days]
    async with SimulatedFlickr(stream) as flickr:
        outcome = await run(flickr, tmp_path, "--since", "2020-03-23", "--until", "2020-03-24")
        assert outcome.code == 0, outcome.err
        assert set(infos(tmp_path)) == set(ids[2:6])
        outcome = await run(flickr, tmp_path)
        assert (outcome.code, outcome.summary["new"]) == (0, "4"), outcome.err
        assert set(infos(tmp_path)) == set(ids)


@pytest.mark.slow
async def test_several_users_in_one_run(tmp_path: Path) -> None:
    """A last line for each user that was found; a missing one changes only the exit code."""
    streams = two_users()
    async with SimulatedFlickr(*streams) as flickr:
        users = [part for name in ("nobody", "saigon_archive", "2@N02") for part in ("--username", name)]
        outcome = await run(flickr, tmp_path, *users, "--save-api-keys")
        assert outcome.code == 4, outcome.err
        assert outcome.err.count("The API keys are saved in") == 1
        assert set(infos(tmp_path)) == {photo_id for stream in streams for photo_id in stream.ids}
        outcome = await run(flickr, tmp_path, *users[2:])
    assert outcome.code == 0
    ends = [line.partition(" new=")[0] for line in outcome.err.splitlines() if line.startswith("done ")]
    assert ends == ['done user="saigon_archive" nsid=72157600@N07', 'done user="river light" nsid=2@N02']


async def test_one_signal_ends_all_users(tmp_path: Path) -> None:
    """Ctrl-C while the first is mirrored: the second is not begun, and the code is 130."""
    async with SimulatedFlickr(*two_users(200), image_latency=0.05) as flickr:
        users = ("--username", "saigon_archive", "--username", "river light")
        async with running(flickr, tmp_path, *users) as process:
            with anyio.fail_after(60):
                while flickr.requests.total() < 10:  # noqa: ASYNC110
                    await anyio.sleep(0.005)
            process.signal(signal.SIGINT)
            outcome = await process.wait()
    assert outcome.code == 130, outcome.err
    assert outcome.err.count("done user=") == 1
    assert not (tmp_path / "river light").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--since", "2020-03-24", "--until", "2020-03-23"),
            "--since (2020-03-24 00:00:00) is after --until",
        ),
        (("--since", "2020-03-23", "--full-scan"), "--full-scan applies to all photos"),
        (("--until", "2020-03-23", "--full-scan-every", "9d", "--prune"), "--prune applies to all photos"),
        (("--since", "soon"), "invalid date 'soon'"),
        (("--max-bytes", "20"), "invalid size '20'"),
        (("--max-duration", "5"), "invalid duration '5'"),
        (("--min-free", "20"), "invalid size '20'"),
        (("--until-time", "7am"), "invalid time '7am': use hours and minutes, such as 07:00."),
        (("--max-photos", "0"), "--max-photos"),
        (("--username", "a", "--username", "b", "--watch", "1m"), "--watch takes one --username"),
        (("--username", "a", "--username", " "), "The username is empty"),
    ],
)
async def test_invalid_limits_are_reported(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """Contradictory or invalid dates and limits: exit 2 with a sentence, and no call."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        outcome = await run(flickr, tmp_path, *arguments)
        assert flickr.calls.total() == 0
    assert outcome.code == 2, outcome.err
    assert words in " ".join(outcome.err.split())
    assert tree(tmp_path) == {}
