"""Signals end a run at any moment: soon, with the exit code of the signal, and a consistent mirror."""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
from aiohttp import web

from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import KEYS, command, is_there, parts, run, running, tree
from tests.support.parameters import with_slow_rest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
SOON = 3.0
"""The seconds that a process may take to end on a busy machine if it has nothing to wait for."""
GRACE = {"stop_grace": 0.3}


def hanging(
    match: str, started: anyio.Event
) -> Callable[[web.Request], Awaitable[web.StreamResponse | None]]:
    """Return an interceptor that never answers requests with `match` in their address."""

    async def intercept(request: web.Request) -> web.StreamResponse | None:
        if match in str(request.url):
            started.set()
            await anyio.sleep(60)
        return None

    return intercept


async def refuse(request: web.Request) -> web.StreamResponse | None:
    """Answer every image with 429."""
    return web.Response(status=429) if request.path.endswith(".jpg") else None


PHASES = {
    "before the first answer": ("findByUsername", (), signal.SIGINT),
    "while it lists": ("getPhotos", (), signal.SIGTERM),
    "while downloads hang": (".jpg", ("--image-only",), signal.SIGHUP),
    "while comments hang": ("comments.getList", ("--info-only", "--info-level", "2"), signal.SIGINT),
}


@pytest.mark.slow
@pytest.mark.parametrize(("address", "options", "number"), PHASES.values(), ids=PHASES)
async def test_a_signal_ends_a_run_that_waits_for_an_answer(
    tmp_path: Path, address: str, options: tuple[str, ...], number: signal.Signals
) -> None:
    """Rows 71, 72: during any request, a signal is acknowledged at once, and ends the run within the grace period."""
    started = anyio.Event()
    async with SimulatedFlickr(SimulatedPhotostream(20)) as flickr:
        flickr.intercept = hanging(address, started)
        async with running(flickr, tmp_path, *options, settings={}, timing=GRACE) as process:
            with anyio.fail_after(30):
                await started.wait()
            begun = time.monotonic()
            process.signal(number)
            await process.wait_for("Stopping", 1)
            outcome = await process.wait()
    assert time.monotonic() - begun < SOON
    assert outcome.code == CODES[number], outcome.err
    assert "Traceback" not in outcome.err
    assert parts(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words", "number"),
    [
        pytest.param(("--calls-per-hour", "3"), "calls to Flickr are used up", signal.SIGTERM, id="the hour"),
        pytest.param(("--image-only",), "image servers ask for a pause", signal.SIGINT, id="throttled"),
        pytest.param((), "Caching information", signal.SIGTERM, id="the languages"),
        pytest.param(("--watch", "1h", "--debug", "4"), "Watching(", signal.SIGHUP, id="the next look"),
    ],
)
async def test_a_signal_ends_a_run_that_waits_for_something_else(
    tmp_path: Path, options: tuple[str, ...], words: str, number: signal.Signals
) -> None:
    """Rows 71, 72: a run that waits for its budget, a pause, its worker process or the next poll ends as soon."""
    async with SimulatedFlickr(SimulatedPhotostream(12, commented=1.0)) as flickr:
        flickr.intercept = refuse if "--image-only" in options else None
        level = () if "--image-only" in options else ("--info-level", "2")
        async with running(flickr, tmp_path, *level, *options, settings={}, timing=GRACE) as process:
            await process.wait_for(words)
            begun = time.monotonic()
            process.signal(number)
            outcome = await process.wait()
    assert time.monotonic() - begun < SOON
    assert outcome.code == CODES[number], outcome.err
    assert outcome.err.count("Stopping") == 1
    assert ("Run the same command again" in outcome.err) is ("--watch" not in options)
    assert parts(tmp_path) == []
    assert not is_there(process.pid)


async def refuse_comments(request: web.Request) -> web.StreamResponse | None:
    """Answer every call for comments with 429."""
    return web.Response(status=429) if request.query.get("method", "").endswith("getList") else None


async def break_down(request: web.Request) -> web.StreamResponse | None:
    """Answer every image with an error."""
    return web.Response(status=503) if request.path.endswith(".jpg") else None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "intercept", "words", "number"),
    [
        pytest.param(
            ("--calls-per-hour", "3", "--info-only"), None, "are used up", signal.SIGINT, id="the hour"
        ),
        pytest.param(
            ("--image-only",), refuse, "image servers ask for a pause", signal.SIGINT, id="the images"
        ),
        pytest.param(
            ("--info-only",), refuse_comments, "Flickr asks for a pause", signal.SIGTERM, id="the API"
        ),
        pytest.param(
            ("--image-only",),
            break_down,
            "image servers for ",
            signal.SIGTERM,
            id="another try",
        ),
    ],
)
async def test_a_signal_ends_a_run_with_nothing_in_flight_at_once(
    tmp_path: Path, options: tuple[str, ...], intercept: Any, words: str, number: signal.Signals
) -> None:
    """With nothing in flight, the ten seconds of grace are not used, and the message states that."""
    timing = {"stop_grace": 8, "first_pause": 600, "outage_after": 0.2, "longest_retry_wait": 600}
    level = () if "--image-only" in options else ("--info-level", "2")
    async with SimulatedFlickr(SimulatedPhotostream(12, commented=1.0)) as flickr:
        flickr.intercept = intercept
        async with running(flickr, tmp_path, *level, *options, timing=timing) as process:
            await process.wait_for(words)
            await anyio.sleep(1.5)  # for requests in flight at that moment, on a busy machine
            begun = time.monotonic()
            process.signal(number)
            outcome = await process.wait()
    assert time.monotonic() - begun < SOON
    assert outcome.code == CODES[number], outcome.err
    assert outcome.err.count("Stopping: nothing is in flight. Nothing is lost.") == 1
    assert "s to finish" not in outcome.err
    assert outcome.summary["exit"] == str(CODES[number])


@pytest.mark.slow
async def test_downloads_in_flight_are_finished(tmp_path: Path) -> None:
    """Row 71: Ctrl-C ends the run with code 130 and loses no file; the same command completes the mirror."""
    async with SimulatedFlickr(SimulatedPhotostream(200), image_latency=0.05) as flickr:
        async with running(flickr, tmp_path, "--info-level", "1") as process:
            with anyio.fail_after(60):
                while flickr.requests.total() < 30:  # noqa: ASYNC110
                    await anyio.sleep(0.005)
            process.signal(signal.SIGINT)
            outcome = await process.wait()
        assert outcome.code == 130
        assert "Stopping" in outcome.err
        assert "Run the same command again" in outcome.err
        assert parts(tmp_path) == []
        images = sum(name.endswith(".jpg") for name in tree(tmp_path))
        assert 30 <= images < 200
        outcome = await run(flickr, tmp_path)
        assert outcome.code == 0
        assert outcome.summary["images"] == str(200 - images)
        assert flickr.requests.total() == 200


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_stops_the_run_at_once(tmp_path: Path, second: signal.Signals) -> None:
    """Row 71: a second Ctrl-C ends the wait; the exit code is that of the first signal."""
    started = anyio.Event()
    async with SimulatedFlickr(SimulatedPhotostream(20)) as flickr:
        flickr.intercept = hanging(".jpg", started)
        async with running(flickr, tmp_path, timing={"stop_grace": 60}) as process:
            with anyio.fail_after(30):
                await started.wait()
            process.signal(signal.SIGINT)
            await process.wait_for("Stopping", 1)
            begun = time.monotonic()
            process.signal(second)
            outcome = await process.wait()
    assert time.monotonic() - begun < SOON
    assert outcome.code == 130, outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.summary["exit"] == "130"
    assert parts(tmp_path) == []


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.slow
async def test_a_hanging_call_does_not_delay_the_exit(tmp_path: Path, count: int) -> None:
    """Row 71: a name lookup that hangs in a thread does not delay the exit."""
    start = (
        "import socket, time\n"
        "socket.getaddrinfo = lambda *_, **__: (print('asked', flush=True), time.sleep(60))\n"
        "from flickr_mirror.cli.main import main\n"
        "from flickr_mirror.models.timing import Timing\n"
        "main(Timing(stop_grace=0.4, close_wait=0.4))"
    )
    line = [
        sys.executable,
        "-c",
        start,
        *command(None, tmp_path, "--username", "x", *KEYS, "--debug", "0")[3:],
    ]
    with subprocess.Popen(  # noqa: ASYNC220
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert await anyio.to_thread.run_sync(process.stdout.readline) == "asked\n"
        begun = time.monotonic()
        for _ in range(count):
            process.send_signal(signal.SIGTERM)
            await anyio.sleep(0.05)
        with anyio.fail_after(20):
            text = await anyio.to_thread.run_sync(process.stderr.read)
            code = await anyio.to_thread.run_sync(process.wait)
    assert time.monotonic() - begun < SOON
    assert code == 143
    assert text.startswith("Stopping")
    assert text.splitlines()[-1].endswith("exit=143")


@pytest.mark.parametrize("number", with_slow_rest(CODES, signal.SIGINT))
async def test_a_signal_before_the_command_is_loaded(number: signal.Signals) -> None:
    """Row 71: a signal during the imports ends the command with its code and without a message."""
    start = f"""
import os, runpy, sys
class Finder:
    def find_spec(self, name, *_):
        if name == 'typer':
            try:
                os.kill(os.getpid(), {number:d})
            except BaseException:  # as CPython before 3.12 does in `__set_name__`
                raise RuntimeError from None
sys.meta_path.insert(0, Finder())
sys.argv = ['mirror_flickr', '--version']
runpy.run_module('flickr_mirror', run_name='__main__')
"""
    result = await anyio.run_process([sys.executable, "-c", start], check=False)
    assert result.returncode == CODES[number]
    assert result.stdout + result.stderr == b""


LOST_EXITS = {
    "replaced": "raise RuntimeError('Error calling __set_name__') from error",  # by CPython before 3.12
    "dropped": "pass",
}


@pytest.mark.parametrize("handling", with_slow_rest(LOST_EXITS, "replaced"))
async def test_a_signal_during_an_import_that_loses_its_exit(tmp_path: Path, handling: str) -> None:
    """Row 71: a library that replaces or drops the `SystemExit` of a signal does not hide the signal."""
    start = f"""
import os, runpy, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == 'anyio._backends._asyncio':
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except SystemExit as error:
                {LOST_EXITS[handling]}
sys.meta_path.insert(0, Finder())
runpy.run_module('flickr_mirror', run_name='__main__', alter_sys=True)
"""
    async with SimulatedFlickr(SimulatedPhotostream(20)) as flickr:
        line = command(flickr, tmp_path)
        result = await anyio.run_process([line[0], "-c", start, *line[3:]], check=False)
    assert result.returncode == 143
    assert b"unexpected" not in result.stderr
    assert [path for path in tree(tmp_path) if path.endswith(".jpg")] == []


@pytest.mark.slow
async def test_signals_at_random_moments(tmp_path: Path) -> None:
    """Row 72: SIGTERM at any moment, from the first to the last, ends the run without an error."""
    chance = random.Random(72)
    codes: list[int] = []
    async with SimulatedFlickr(SimulatedPhotostream(20)) as flickr:
        for number in range(8):
            async with running(flickr, tmp_path / str(number)) as process:
                await anyio.sleep(chance.uniform(0, 1.0))
                process.signal(signal.SIGTERM)
                outcome = await process.wait()
            # before its handlers are set, the signal itself ends a process, which shells report as 143 too
            assert outcome.code in (0, 143, -signal.SIGTERM), outcome.err
            assert "Traceback" not in outcome.err
            assert "Exception ignored" not in outcome.err
            codes.append(outcome.code)
    assert 143 in codes
    assert parts(tmp_path) == []


@pytest.mark.parametrize("number", with_slow_rest(CODES, signal.SIGINT))
async def test_a_signal_at_a_prompt_restores_the_terminal(tmp_path: Path, number: signal.Signals) -> None:
    """Row 71: a signal at the prompt for a key turns the echo of the terminal on again."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: ASYNC220
        [*command(None, tmp_path), "--username", "x"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    try:
        text = b""
        while b"key: " not in text:
            text += await anyio.to_thread.run_sync(os.read, ours, 1000)
        assert not termios.tcgetattr(theirs)[3] & termios.ECHO
        process.send_signal(number)
        with anyio.fail_after(20):
            code = await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
        assert code == CODES[number]
        assert termios.tcgetattr(theirs)[3] & termios.ECHO
    finally:
        process.kill()
        process.wait()
        os.close(theirs)
        os.close(ours)
    assert list(tmp_path.iterdir()) == []
