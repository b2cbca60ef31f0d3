"""Unattended runs: notifications to a monitor and to the user's program, and the command under cron."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import to_thread

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support import canary
from tests.support.command import IMPATIENT, KEYS, command, run, running, tree
from tests.support.monitor import SECRET, monitoring, never

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

SOON = 3.0
"""The seconds that a process may take to end on a busy machine if it has nothing to wait for."""


def saving_command(path: Path) -> str:
    """Return a command that saves its input."""
    return shlex.join(["sh", "-c", 'cat > "$0"', str(path)])


def summary_in_file(path: Path) -> dict[str, Any]:
    """Return the summary that a command saved."""
    return summary_in(path.read_text())


def summary_in(text: str) -> dict[str, Any]:
    """Return the summary in this text."""
    found: dict[str, Any] = json.loads(text)
    return found


async def test_a_run_is_reported_to_a_monitor_and_a_program(tmp_path: Path) -> None:
    """Pings are in order, the program gets the JSON of --json and last-run.json, and the last line stays last."""
    kept = tmp_path / "summary.json"
    hook = shlex.join(["sh", "-c", 'cat > "$0"; echo I know', str(kept)])
    async with monitoring() as monitor, SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        outcome = await run(
            flickr, tmp_path / "cache", "--ping-url", monitor.url, "--hook", hook, "--json", "--debug", "4"
        )
    assert outcome.code == 0, outcome.err
    assert monitor.words == ["start", "0"]
    (last_run,) = (tmp_path / "cache").rglob("last-run.json")
    assert summary_in_file(kept) == summary_in_file(last_run)
    event = json.loads(outcome.out.splitlines()[-1])
    assert event.pop("event") == "summary"
    del event["time"]
    assert summary_in_file(kept) == event
    *_, before, last = outcome.err.splitlines()
    assert before == "I know"
    assert last.startswith("done ")
    assert not any(word in outcome.out + outcome.err for word in (SECRET, *canary.FORBIDDEN))


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        pytest.param(("--username", "x"), 5, "Flickr API keys are missing", id="no keys"),
        pytest.param(
            ("--username", "x", *KEYS, "--api-url", "http://127.0.0.1:9/"), 75, "127.0.0.1", id="no line"
        ),
        pytest.param(("--username", "x", *KEYS, "--cache-path", "/dev/null"), 7, "/dev/null", id="no folder"),
    ],
)
async def test_a_run_that_cannot_start_is_reported(
    arguments: tuple[str, ...], code: int, sentence: str, tmp_path: Path
) -> None:
    """The monitor and the program are notified of a run that cannot start."""
    kept = tmp_path / "summary.json"
    async with (
        monitoring() as monitor,
        running(
            None,
            tmp_path,
            *arguments,
            *("--quiet", "--ping-url", monitor.url, "--hook", saving_command(kept)),
            timing=IMPATIENT,
        ) as process,
    ):
        outcome = await process.wait()
    assert outcome.code == code, outcome.err
    assert monitor.words == ["start", str(code)]
    summary = summary_in_file(kept)
    assert (summary["user"], summary["exit"]) == ("x", code)
    assert sentence in summary["error"]
    assert len(outcome.err.splitlines()) == 1
    assert not any(word in kept.read_text() for word in canary.FORBIDDEN)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--fifo", "--lifo"),
        ("--hook", "notify 'me"),
        ("--ping-url", f"http://hc.example/{SECRET}"),
        ("--username", " "),
    ],
)
async def test_usage_errors_are_not_reported(wrong: tuple[str, ...], tmp_path: Path) -> None:
    """Usage errors cause no notification and show no secret."""
    kept = tmp_path / "summary.json"
    async with monitoring() as monitor:
        line = ("--username", "x", *KEYS, "--ping-url", monitor.url, "--hook", saving_command(kept), *wrong)
        outcome = await run(None, tmp_path, *line)
    assert outcome.code == 2, outcome.err
    assert monitor.words == []
    assert not kept.exists()
    assert SECRET not in outcome.err


@pytest.mark.slow
async def test_a_program_receives_the_time_of_the_last_success(tmp_path: Path) -> None:
    """The summary of a failed run contains the time of the last success."""
    kept = tmp_path / "summary.json"
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        line = (*KEYS, "--username", flickr.streams[0].username, "--hook", saving_command(kept))
        assert (await run(None, tmp_path / "cache", *line, "--api-url", flickr.api_url)).code == 0
    success = summary_in_file(kept)["last_success"]
    arguments = (*line, "--api-url", "http://127.0.0.1:9/")
    async with running(None, tmp_path / "cache", *arguments, timing=IMPATIENT) as process:
        outcome = await process.wait()
    assert outcome.code == 75, outcome.err
    assert success
    assert (summary_in_file(kept)["exit"], summary_in_file(kept)["last_success"]) == (75, success)


async def test_a_dry_run_is_not_reported(tmp_path: Path) -> None:
    """A dry run is not reported, even if it fails."""
    kept = tmp_path / "summary.json"
    async with monitoring() as monitor, SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        told_to = ("--dry-run", "--ping-url", monitor.url, "--hook", saving_command(kept))
        assert (await run(flickr, tmp_path, *told_to)).code == 0
        assert (await run(None, tmp_path, "--username", "x", *told_to)).code == 5
    assert monitor.words == []
    assert not kept.exists()


@pytest.mark.slow
async def test_failed_notifications_do_not_change_the_exit_code(tmp_path: Path) -> None:
    """A refused ping and a failed program are one line each; with --quiet only the program's is printed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/{SECRET}"
        async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
            outcome = await run(flickr, tmp_path, "--ping-url", url, "--hook", "false", "--debug", "4")
            assert outcome.code == 0, outcome.err
            assert outcome.err.count("[WARNING] The ping to the monitor of --ping-url failed: 127.0.0.1") == 1
            assert outcome.err.count("The --hook program false failed with exit code 1.") == 1
            assert outcome.summary["exit"] == "0"
            assert SECRET not in outcome.err
            outcome = await run(flickr, tmp_path, "--ping-url", url, "--hook", "false", "--quiet")
    assert (outcome.code, outcome.err) == (0, "The --hook program false failed with exit code 1.\n")


@pytest.mark.parametrize("count", [1, 2])
async def test_a_stopped_run_is_reported(count: int, tmp_path: Path) -> None:
    """After Ctrl-C, also after a second one, the monitor and the program get the report if time permits."""
    kept, started = tmp_path / "summary.json", anyio.Event()

    async def hang(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith(".jpg"):
            started.set()
            await anyio.sleep_forever()
        return None

    async with monitoring() as monitor, SimulatedFlickr(SimulatedPhotostream(5)) as flickr:
        flickr.intercept = hang
        arguments = ("--ping-url", monitor.url, "--hook", saving_command(kept))
        grace = {"stop_grace": 0.3 if count == 1 else 60.0}
        async with running(flickr, tmp_path / "cache", *arguments, timing=grace) as process:
            with anyio.fail_after(30):
                await started.wait()
            begun = time.monotonic()
            process.signal(signal.SIGINT)
            await process.wait_for("Stopping")
            if count == 2:
                process.signal(signal.SIGINT)
            outcome = await process.wait()
    assert time.monotonic() - begun < SOON
    assert outcome.code == 130, outcome.err
    assert monitor.words == ["start", "130"]
    assert summary_in_file(kept)["exit"] == 130
    assert outcome.summary["exit"] == "130"


async def test_a_hanging_program_does_not_delay_a_stop(tmp_path: Path) -> None:
    """A signal while the run waits for the user's program ends that wait; the exit code does not change."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    hook = shlex.join(["sh", "-c", 'exec 3> "$0"; echo here >&3; sleep 60', str(pipe)])
    async with (
        SimulatedFlickr(SimulatedPhotostream(3)) as flickr,
        running(flickr, tmp_path / "cache", "--hook", hook) as process,
    ):
        with await to_thread.run_sync(pipe.open) as file:
            assert await to_thread.run_sync(file.readline) == "here\n"
            begun = time.monotonic()
            process.signal(signal.SIGTERM)
            assert await to_thread.run_sync(file.read) == ""
        outcome = await process.wait()
    assert time.monotonic() - begun < SOON
    assert outcome.code == 0, outcome.err
    assert outcome.summary["exit"] == "0"


async def test_a_program_that_hangs_after_a_stop_is_killed(tmp_path: Path) -> None:
    """A stopped run does not wait for the user's program, and its summary is printed."""
    started = anyio.Event()

    async def hang(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith(".jpg"):
            started.set()
            await anyio.sleep_forever()
        return None

    timing = {"stop_grace": 0.3, "close_wait": 1.0, "report_wait": 0.5}
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        flickr.intercept = hang
        async with running(flickr, tmp_path, "--hook", "sleep 60", timing=timing) as process:
            with anyio.fail_after(30):
                await started.wait()
            begun = time.monotonic()
            process.signal(signal.SIGINT)
            outcome = await process.wait()
    assert time.monotonic() - begun < SOON
    assert outcome.code == 130, outcome.err
    assert "No time was left" in outcome.err
    assert outcome.summary["exit"] == "130"


@pytest.mark.slow
async def test_a_hanging_lookup_of_the_monitor_does_not_delay_the_exit(tmp_path: Path) -> None:
    """A lookup of the monitor's name that hangs in a thread is abandoned; the exit code is that of the run."""
    start = (
        "import socket, time\n"
        "resolve = socket.getaddrinfo\n"
        "def hang(host, *a, **o):\n"
        "    if host in ('hc.example', b'hc.example'): time.sleep(60)\n"
        "    return resolve(host, *a, **o)\n"
        "socket.getaddrinfo = hang\n"
        "from flickr_mirror.cli.main import main\n"
        "from flickr_mirror.models.timing import Timing\n"
        "main(Timing(ping_wait=0.3, report_wait=0.2))"
    )
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        line = command(flickr, tmp_path, "--ping-url", f"https://hc.example/{SECRET}")[3:]
        begun = time.monotonic()
        result = await anyio.run_process([sys.executable, "-c", start, *line], check=False)
    assert time.monotonic() - begun < 30
    assert result.returncode == 0, result.stderr
    assert b"hc.example was silent" in result.stderr
    assert result.stderr.splitlines()[-1].endswith(b"exit=0")
    assert SECRET.encode() not in result.stderr


async def test_an_unexpected_exception_is_reported(tmp_path: Path) -> None:
    """The monitor is notified of a failure; the text of the exception is not sent."""
    start = (
        "from flickr_mirror.engine.workers.image_downloader import ImageDownloader\n"
        "async def fail(*_): raise ZeroDivisionError('boom')\n"
        "ImageDownloader.download = fail\nfrom flickr_mirror.cli.main import main\nmain()"
    )
    kept = tmp_path / "summary.json"
    async with monitoring() as monitor, SimulatedFlickr(SimulatedPhotostream(5)) as flickr:
        line = command(flickr, tmp_path, "--ping-url", monitor.url, "--hook", saving_command(kept))[3:]
        result = await anyio.run_process([sys.executable, "-c", start, *line], check=False)
    assert result.returncode == 1
    assert monitor.words == ["start", "1"]
    assert summary_in_file(kept)["error"] == "Unexpected ZeroDivisionError."


@pytest.mark.slow
async def test_each_poll_of_a_watch_is_reported(tmp_path: Path) -> None:
    """The start and each poll of a watch ping the monitor, and `status` shows them; a stop is no failure."""
    async with monitoring() as monitor, SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        arguments = ("--watch", "1s", "--ping-url", monitor.url)
        async with running(flickr, tmp_path, *arguments) as process:
            await monitor.wait_for("start", "0", "0")
            line = ("status", "--username", flickr.streams[0].username, "--cache-path", str(tmp_path))
            status = await anyio.run_process(
                [sys.executable, "-m", "flickr_mirror", *line, "--max-age", "1h"], check=False
            )
            process.signal(signal.SIGTERM)
            outcome = await process.wait()
    assert status.returncode == 0, status.stdout + status.stderr
    assert b"(exit 0), 3 new" in status.stdout
    assert outcome.code == 143, outcome.err
    assert monitor.words[:3] == ["start", "0", "0"]
    assert not {"143"} & {*monitor.words}


@pytest.mark.slow
async def test_a_silent_monitor_does_not_delay_a_run(tmp_path: Path) -> None:
    """The ping of the start is sent concurrently, and the run ends before the ping to a silent monitor times out."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with monitoring() as monitor, SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        monitor.answer = never
        arguments = ("--ping-url", monitor.url, "--hook", saving_command(pipe))
        timing = {"ping_wait": 60.0}
        async with running(flickr, tmp_path / "cache", *arguments, timing=timing) as process:
            assert summary_in(await to_thread.run_sync(pipe.read_text))["images"] == 3
            assert monitor.words == ["start"]
            assert "was silent" not in process.err
            process.signal(signal.SIGTERM)
            outcome = await process.wait()
    assert outcome.code == 0, outcome.err


@pytest.mark.slow
async def test_cron_runs_the_line_of_the_guide(home: Path, tmp_path: Path) -> None:
    """Without a terminal and with cron's bare environment, a successful run prints nothing, a failed one a line."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        line = shlex.join([*command(flickr, tmp_path), "--quiet"])

        async def cron(line: str) -> tuple[int, bytes]:
            bare = {"HOME": str(home), "LOGNAME": "me", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
            result = await anyio.run_process(["/bin/sh", "-c", line], env=bare, check=False, cwd=str(home))
            return result.returncode, result.stdout + result.stderr

        assert await cron(line) == (0, b"")
        assert await cron(line) == (0, b"")
        assert len(tree(tmp_path)) == 6
        code, said = await cron(line.replace(flickr.streams[0].username, "nobody"))
    assert code == 4
    assert len(said.splitlines()) == 1
