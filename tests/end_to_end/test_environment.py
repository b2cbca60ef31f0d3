"""The command in unusual environments: proxies, closed pipes, no home folder, `nohup`."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from flickr_mirror import __version__
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.command import KEYS, command, run, tree


@pytest.mark.slow
async def test_a_closed_pipe_does_not_stop_a_run(tmp_path: Path) -> None:
    """`mirror_flickr ... 2>&1 | head -1`: the log has no reader any more, and the mirror is completed."""
    async with SimulatedFlickr(SimulatedPhotostream(40), image_latency=0.01) as flickr:
        reader, writer = os.pipe()
        process = subprocess.Popen(  # noqa: ASYNC220
            command(flickr, tmp_path), stdin=subprocess.DEVNULL, stdout=writer, stderr=writer
        )
        os.close(writer)
        await anyio.to_thread.run_sync(os.read, reader, 100)
        os.close(reader)
        with anyio.fail_after(60):
            code = await anyio.to_thread.run_sync(process.wait)
    assert code == 0
    assert sum(name.endswith(".jpg") for name in tree(tmp_path)) == 40


@pytest.mark.slow
@pytest.mark.parametrize("place", ["2>&-", "2>/dev/full", "2>&1 >/dev/null | true"])
async def test_an_unwritable_log_does_not_stop_a_run(tmp_path: Path, place: str) -> None:
    """Row 73: if standard error is closed, full or without a reader, the mirror is completed."""
    async with SimulatedFlickr(SimulatedPhotostream(5)) as flickr:
        line = shlex.join(command(flickr, tmp_path, "--image-only"))
        script = f"set -o pipefail; {line} {place}"
        result = await anyio.run_process(["bash", "-c", script], check=False, stdin=subprocess.DEVNULL)
    assert result.returncode == 0
    assert b"Traceback" not in result.stdout + result.stderr
    assert len(tree(tmp_path)) == 5


@pytest.mark.slow
async def test_a_too_low_limit_of_open_files_is_reported(tmp_path: Path) -> None:
    """Row 28: `ulimit -n 64` is enough; with fewer a run may end with a reason, and its catalogue is correct."""
    scarce, enough = tmp_path / "scarce", tmp_path / "enough"
    async with SimulatedFlickr(SimulatedPhotostream(150, commented=0)) as flickr:

        async def run_with(limit: int, cache: Path) -> subprocess.CompletedProcess[bytes]:
            line = shlex.join(command(flickr, cache, "--min-image-workers", "16", "--info-level", "1"))
            script = f"ulimit -n {limit}; exec {line}"
            return await anyio.run_process(["bash", "-c", script], check=False, stdin=subprocess.DEVNULL)

        assert (await run_with(64, enough)).returncode == 0
        errors = b""
        for limit in (16, 22, 28):
            result = await run_with(limit, scarce)
            if result.returncode:
                errors += result.stderr
                assert b"ulimit -n" in result.stderr, result.stderr.decode()
        assert b"Too many open files" in errors
        assert b"Traceback" not in errors
        assert (await run_with(64, scarce)).returncode == 0
    assert tree(scarce) == tree(enough) != {}


@pytest.mark.parametrize("arguments", ["--help", "--version"])
async def test_a_closed_pipe_causes_no_error_message(arguments: str) -> None:
    """Row 73: `mirror_flickr --help | true` leaves no traceback."""
    line = f"{shlex.quote(sys.executable)} -m flickr_mirror {arguments} | true"
    result = await anyio.run_process(["bash", "-c", line], check=False)
    assert result.stderr == b""


@pytest.mark.slow
async def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    """Under `nohup` the run continues when the terminal is closed."""
    async with SimulatedFlickr(SimulatedPhotostream(100), image_latency=0.02) as flickr:
        line = ["nohup", *command(flickr, tmp_path, "--debug", "2")]
        async with await anyio.open_process(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            with anyio.fail_after(60):
                while flickr.requests.total() < 10:  # noqa: ASYNC110
                    await anyio.sleep(0.005)
                process.send_signal(signal.SIGHUP)
                assert await process.wait() == 0
    assert sum(name.endswith(".jpg") for name in tree(tmp_path)) == 100


@pytest.mark.slow
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "127.0.0.1:9", "socks5://127.0.0.1:9"])
async def test_a_local_address_uses_no_proxy(tmp_path: Path, proxy: str) -> None:
    """A proxy in the environment, even of an unsupported kind, is not used for the simulated Flickr."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        outcome = await run(flickr, tmp_path, http_proxy=proxy, https_proxy=proxy)
    assert outcome.code == 0, outcome.err


async def test_an_unusable_proxy_is_reported(tmp_path: Path) -> None:
    """A SOCKS proxy for Flickr itself: one sentence that names the kind, and no traceback."""
    line = ("--username", "x", *KEYS)
    outcome = await run(None, tmp_path, *line, https_proxy="socks5://127.0.0.1:9")
    assert outcome.code == 75
    assert "socks5://" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "127.0.0.1:9"])
async def test_a_proxy_is_used_with_and_without_its_scheme(tmp_path: Path, proxy: str) -> None:
    """The connection goes to the proxy of the environment, in every usual form."""
    server = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = server.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
    lines: list[bytes] = []

    async def refuse(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            lines.append(await stream.receive())
            await stream.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    async with server, anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, refuse)
        address = proxy.replace(":9", f":{port}")
        process = subprocess.Popen(  # noqa: ASYNC220
            [*command(None, tmp_path), "--username", "x", *KEYS],
            env={**os.environ, "https_proxy": address},
            stderr=subprocess.DEVNULL,
        )
        with anyio.fail_after(30):
            while not lines:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        process.kill()
        await anyio.to_thread.run_sync(process.wait)
        tasks.cancel_scope.cancel()
    assert lines[0].startswith(b"CONNECT api.flickr.com:443")


@pytest.mark.slow
async def test_an_unexpected_exception_is_one_sentence(tmp_path: Path) -> None:
    """Row 82: a worker with an unexpected exception ends the run with exit 1, one sentence and no traceback."""
    start = (
        "from flickr_mirror.engine.workers.image_downloader import ImageDownloader\n"
        "async def fail(*_): raise ZeroDivisionError('boom')\n"
        "ImageDownloader.download = fail\nfrom flickr_mirror.cli.main import main\nmain()"
    )
    async with SimulatedFlickr(SimulatedPhotostream(5)) as flickr:
        line = [sys.executable, "-c", start, *command(flickr, tmp_path, "--debug", "0")[3:]]
        with anyio.fail_after(30):
            result = await anyio.run_process(line, check=False)
        assert result.returncode == 1
        plan, sentence = result.stderr.splitlines()
        assert plan.startswith(b"plan user=")
        assert sentence.startswith(b"mirror_flickr: unexpected ZeroDivisionError: boom.")
        assert (await run(flickr, tmp_path)).code == 0


async def test_the_installed_command_is_this_program(tmp_path: Path) -> None:
    """`pip install` installs a command `mirror_flickr`, which equals `python -m flickr_mirror`."""
    script = Path(sys.executable).with_name("mirror_flickr")
    if not script.exists():
        pytest.skip("flickr_mirror is not installed here")
    result = await anyio.run_process([str(script), "--version"], cwd=tmp_path)
    assert result.stdout == f"mirror_flickr {__version__}\n".encode()


@pytest.mark.slow
async def test_without_a_home_the_calls_are_counted_in_memory(tmp_path: Path) -> None:
    """A container without a home folder mirrors into a given folder; without one it explains what to do."""
    no_user = "import os, pwd\npwd.getpwuid = lambda _: (_ for _ in ()).throw(KeyError('uid'))\n"
    start = f"{no_user}os.environ.pop('HOME')\nfrom flickr_mirror.cli.main import main\nmain()"
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        line = [sys.executable, "-c", start, *command(flickr, tmp_path)[3:]]
        result = await anyio.run_process(line, check=False)
        assert result.returncode == 0, result.stderr
        assert b"cannot count the calls of this run" in result.stderr
        del line[line.index("--cache-path") : line.index("--cache-path") + 2]
        result = await anyio.run_process(line, check=False)
        assert result.returncode == 7
        assert b"--cache-path" in result.stderr
        assert b"Traceback" not in result.stderr


async def test_unsaved_keys_are_reported_and_do_not_stop_a_run(tmp_path: Path) -> None:
    """A keys file that cannot be written is reported, and the photos are mirrored."""
    (tmp_path / "flickr_keys").mkdir()
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        outcome = await run(flickr, tmp_path, "--save-api-keys")
    assert outcome.code == 7
    assert "flickr_keys" in outcome.err
    assert outcome.summary["exit"] == "7"
    assert "Traceback" not in outcome.err
    assert outcome.summary["images"] == "3"
    assert KEYS[3] not in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--api-url", "https://a:b/"),
        ("--api-url", "http://"),
        ("--api-url", "https://[/"),
        ("--username", os.fsdecode(b"x\xff")),
        ("--info-only", "demo"),
    ],
)
async def test_implausible_values_are_usage_errors(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Invalid addresses, bytes that are not text, misplaced options: exit 2 and one sentence."""
    line = arguments if "--username" in arguments else ("--username", "x", *arguments)
    outcome = await run(None, tmp_path, *KEYS, *line)
    assert outcome.code == 2, outcome.err
    assert outcome.err.startswith("mirror_flickr: --")
    assert len(outcome.err.splitlines()) == 1


async def test_an_incomplete_owner_file_is_reported(tmp_path: Path) -> None:
    """An owner.json that lacks a key: exit 7 with the file and the remedy."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        assert (await run(flickr, tmp_path)).code == 0
        (owner,) = tmp_path.rglob("owner.json")
        owner.write_text('{"format": 1, "nsid": "72157600@N07", "depth": 4}')
        outcome = await run(flickr, tmp_path)
    assert outcome.code == 7, outcome.err
    assert "owner.json" in outcome.err
    assert "Traceback" not in outcome.err
