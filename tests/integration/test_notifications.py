"""Pings and the user's program: in order, within their time, without secrets, and without effect on a run."""

from __future__ import annotations

import base64
import json
import logging
import os
import shlex
import socket
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import web
from anyio import to_thread

from flickr_mirror import MirrorOptions, MirrorReport, PhotostreamMirror
from flickr_mirror.cli.notifications import Notifier
from flickr_mirror.cli.options.argument_checks import checked_ping_url, hook_command
from flickr_mirror.cli.output.summary import summary_of
from flickr_mirror.cli.run_view import RunView
from flickr_mirror.models.events import Watching
from flickr_mirror.models.reports import FailedPhoto
from flickr_mirror.models.timing import Timing
from tests.support.monitor import SECRET, Monitor, monitoring, never

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@asynccontextmanager
async def run_of(notifier: Notifier, *, is_watch: bool = False) -> AsyncIterator[None]:
    """Report the start of a run."""
    async with anyio.create_task_group() as tasks:
        notifier.notify_start(tasks, is_watch=is_watch)
        yield
        tasks.cancel_scope.cancel()


def summary(code: int = 0, failures: int = 0) -> dict[str, Any]:
    """Return the summary of a run."""
    report = MirrorReport(username="river light", user_id="19210714@N05")
    report.failures = [FailedPhoto(str(number), "image", "gone", True, False) for number in range(failures)]
    return summary_of(report, code)


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Collect the lines that this package logs."""
    handler, logger = _Lines(), logging.getLogger("flickr_mirror")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.lines
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.parametrize("ending", ["", "/", "?create=1"])
async def test_a_monitor_is_pinged_at_the_start_and_the_end(ending: str) -> None:
    """The address gets `/start`, then `/` and the exit code, with or without a slash at its end."""
    async with monitoring() as monitor:
        notifier = Notifier(monitor.url + ending)
        async with run_of(notifier):
            await notifier.notify_end(summary(3))
    assert monitor.words == ["start", "3"]
    assert [request.path_qs.partition("?")[2] for request in monitor.requests] == [
        ending.partition("?")[2]
    ] * 2


async def test_an_end_is_reported_after_the_start() -> None:
    """A monitor that is slow at the start still receives the end after the start."""
    async with monitoring() as monitor:
        may_answer = anyio.Event()

        async def answer(_: str) -> web.StreamResponse:
            await may_answer.wait()
            assert monitor.words == ["start"]
            monitor.answer = ok
            return web.Response()

        async def ok(_: str) -> web.StreamResponse:
            return web.Response()

        monitor.answer = answer
        notifier = Notifier(monitor.url)
        async with run_of(notifier), anyio.create_task_group() as tasks:
            tasks.start_soon(notifier.notify_end, summary())
            await monitor.wait_for("start")
            may_answer.set()
    assert monitor.words == ["start", "0"]


async def test_a_login_in_the_address_is_sent_in_a_header() -> None:
    """The user's own monitor may need a password."""
    async with monitoring() as monitor:
        notifier = Notifier(monitor.url.replace("://", "://me:pass%2Fword@"))
        async with run_of(notifier):
            await notifier.notify_end(summary())
    expected = "Basic " + base64.b64encode(b"me:pass/word").decode()
    assert [request.headers["Authorization"] for request in monitor.requests] == [expected] * 2


async def test_a_monitor_that_does_not_answer_delays_a_run_only_briefly(log: list[str]) -> None:
    """An unanswered ping is abandoned after its time, and reported once."""
    async with monitoring() as monitor:
        monitor.answer = never
        notifier = Notifier(monitor.url, timing=Timing(ping_wait=0.2))
        begun = time.monotonic()
        async with run_of(notifier):
            assert time.monotonic() - begun < 0.1
            await notifier.notify_end(summary())
        assert 0.35 < time.monotonic() - begun < 2
    assert monitor.words == ["start", "0"]
    (warning,) = log
    assert "127.0.0.1 was silent" in warning
    assert SECRET not in warning


async def refuse(monitor: Monitor) -> str:
    """Return an address without a server."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/{SECRET}"


async def not_found(monitor: Monitor) -> str:
    """Answer 404."""

    async def answer(_: str) -> web.StreamResponse:
        return web.Response(status=404)

    monitor.answer = answer
    return monitor.url


async def redirect(monitor: Monitor) -> str:
    """Redirect to another address of the same server, by another name."""

    async def answer(word: str) -> web.StreamResponse:
        raise web.HTTPFound(monitor.url.replace("127.0.0.1", "localhost") + f"/elsewhere/{word}")

    monitor.answer = answer
    return monitor.url


async def nowhere(monitor: Monitor) -> str:
    """Return an address whose host does not exist."""
    return f"https://no-such-host.invalid/{SECRET}"


async def bad_proxy(monitor: Monitor) -> str:
    """Return an address for which the environment names an unusable proxy."""
    return f"https://socks.invalid/{SECRET}"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refuse, "127.0.0.1: ConnectError"),
        (not_found, "127.0.0.1 answered HTTP 404"),
        (redirect, "127.0.0.1 redirects (HTTP 302)"),
        (nowhere, "no-such-host.invalid cannot be found"),
        (bad_proxy, "a socks5:// one"),
    ],
)
async def test_a_ping_that_fails_is_one_warning_without_the_address(
    fault: Any, words: str, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    """A failure of a monitor is reported once, with its host only; a redirect is not followed."""

    def getaddrinfo(host: str | bytes, *arguments: Any, **options: Any) -> Any:
        if host in ("no-such-host.invalid", b"no-such-host.invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *arguments, **options)

    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    if fault is bad_proxy:
        monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    async with monitoring() as monitor:
        notifier = Notifier(await fault(monitor))
        async with run_of(notifier):
            await notifier.notify_end(summary())
    assert [word for word in monitor.words if "elsewhere" in word] == []
    (warning,) = log
    assert words in warning
    assert SECRET not in warning


async def test_a_connection_that_fails_is_tried_once_more(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    """A single failed DNS lookup causes no warning."""

    def getaddrinfo(*arguments: Any, **options: Any) -> Any:
        monkeypatch.undo()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async with monitoring() as monitor:
        notifier = Notifier(monitor.url.replace("127.0.0.1", "localhost"))
        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        async with run_of(notifier):
            await notifier.notify_end(summary())
    assert monitor.words == ["start", "0"]
    assert log == []


async def test_an_unexpected_error_of_a_ping_does_not_end_the_run(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    """It is a warning, without the text that may contain the address."""

    def fail(url: object) -> None:
        raise RuntimeError(str(url))

    monkeypatch.setattr("flickr_mirror.flickr.transports.ping_transport", fail)
    notifier = Notifier(f"https://monitor.example/{SECRET}")
    async with run_of(notifier):
        await notifier.notify_end(summary())
    assert log == ["The ping to the monitor of --ping-url failed: monitor.example: RuntimeError."]


async def test_a_ping_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy gets the host, not the secret."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    received: list[bytes] = []

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            received.append(await stream.receive())
            await stream.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        notifier = Notifier(f"https://monitor.example/{SECRET}")
        async with run_of(notifier):
            await notifier.notify_end(summary())
        tasks.cancel_scope.cancel()
    assert received
    assert all(request.startswith(b"CONNECT monitor.example:443") for request in received)
    assert not any(SECRET.encode() in request for request in received)


async def test_a_watch_reports_the_result_of_each_poll() -> None:
    """After a poll: 0, 3 if a photo failed, 75 if Flickr did not answer. A signal causes no ping."""
    async with monitoring() as monitor:
        notifier = Notifier(monitor.url)
        async with run_of(notifier, is_watch=True):
            await monitor.wait_for("start")
            view = RunView(MirrorOptions(), notifier=notifier)
            view.mirror = PhotostreamMirror("x", "k", "s")
            view(Watching(600.0))
            await monitor.wait_for("start", "0")
            view.mirror.report.failures = [FailedPhoto("2", "image", "gone", lasting=False, known=False)]
            view(Watching(600.0))
            await monitor.wait_for("start", "0", "3")
            view(Watching(600.0, answered=False))
            await monitor.wait_for("start", "0", "3", "75")
            await notifier.notify_end(summary(143))
            assert monitor.words == ["start", "0", "3", "75"]
            await notifier.notify_end(summary(7))
    assert monitor.words == ["start", "0", "3", "75", "7"]


async def test_polls_do_not_queue_up_behind_a_slow_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A monitor that hangs for days uses no memory: at most one ping waits."""
    async with monitoring() as monitor:
        monitor.answer = never
        notifier = Notifier(monitor.url)
        async with run_of(notifier, is_watch=True):
            await monitor.wait_for("start")
            for _ in range(5):
                notifier.notify_poll(0)
                await anyio.wait_all_tasks_blocked()
            assert notifier._lock.statistics().tasks_waiting == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hc-ping.com/uuid",
        "http://hc-ping.com/uuid",
        "http://127.0.0.1.example/uuid",
        "ftp://127.0.0.1/uuid",
        "https:///uuid",
        "https://hc-ping.com:0/uuid",
        "https://hc-ping.com:99999/uuid",
        "https://[/uuid",
        "https://hc-ping.com/uu\nid",
    ],
)
def test_an_unsuitable_address_is_refused_and_not_shown(address: str) -> None:
    """Pings use HTTPS, except on this machine; anything else is a usage error that shows no secret."""
    with pytest.raises(
        ValueError, match=r"^--ping-url is invalid: use a URL that begins with https://"
    ) as caught:
        checked_ping_url(address)
    assert "uuid" not in str(caught.value).lower().replace("check's uuid", "")


@pytest.mark.parametrize(
    "address",
    ["https://hc-ping.com/uuid", "http://localhost/a", "http://127.0.0.1:8000/a", "http://[::1]:80/a", None],
)
def test_a_suitable_address_is_accepted(address: str | None) -> None:
    """HTTPS for any host, HTTP on this machine."""
    assert checked_ping_url(address) == address


def test_an_address_that_only_httpx_refuses_is_not_shown() -> None:
    """An invalid host name is refused without being quoted."""
    with pytest.raises(ValueError, match=r"^--ping-url is invalid: use a URL such as"):
        Notifier(f"https://xn--/{SECRET}")


def test_a_command_is_split_as_in_a_shell() -> None:
    """Quotes join words; nothing is expanded; an invalid command is refused."""
    assert hook_command("notify --to 'me and you' $(id) `id` ~/x *") == [
        *("notify", "--to", "me and you", "$(id)", "`id`", "~/x", "*")
    ]
    assert hook_command(None) == []
    for wrong in ("", "  ", "''", "notify 'me"):
        with pytest.raises(ValueError, match=r"^--hook "):
            hook_command(wrong)


WRITE_DOWN = """
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
folder.joinpath("summary.json").write_bytes(sys.stdin.buffer.read())
folder.joinpath("arguments.json").write_text(json.dumps(sys.argv[2:]))
folder.joinpath("environment.json").write_text(json.dumps(dict(os.environ)))
"""


async def test_a_program_reads_the_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's program gets the JSON of the summary, its own arguments unchanged, and no key."""
    secrets = {
        "FLICKR_CONSUMER_KEY": "s",
        "MIRROR_FLICKR_CONSUMER_SECRET": "s",
        "FLICKR_API_URL": "s",
        "MIRROR_FLICKR_PING_URL": "s",
    }
    kept = {"https_proxy": "http://127.0.0.1:9", "NTFY_TOPIC": "photos"}
    for name, value in (secrets | kept).items():
        monkeypatch.setenv(name, value)
    notifier = Notifier(None, [sys.executable, "-c", WRITE_DOWN, str(tmp_path), "$(id)", "a b", "~"])
    async with run_of(notifier):
        await notifier.notify_end(summary(3, 2))
    assert json.loads((tmp_path / "summary.json").read_text()) == summary(3, 2)
    assert json.loads((tmp_path / "arguments.json").read_text()) == ["$(id)", "a b", "~"]
    environment = json.loads((tmp_path / "environment.json").read_text())
    assert not secrets.keys() & environment.keys()
    assert kept.items() <= environment.items()
    assert environment.get("PYTHONPATH") == os.environ.get("PYTHONPATH")


async def test_a_program_in_the_home_folder_is_found(
    home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """`~` before a program's name means the home folder, although no shell is used."""
    program = home / "notify"
    program.write_text(f"#!/bin/sh\ncat > {shlex.quote(str(tmp_path))}/summary.json\n")
    program.chmod(0o755)
    notifier = Notifier(None, ["~/notify"])
    async with run_of(notifier):
        await notifier.notify_end(summary())
    assert json.loads((tmp_path / "summary.json").read_text())["exit"] == 0
    assert capfd.readouterr() == ("", "")


async def test_a_program_need_not_read_its_input(capfd: pytest.CaptureFixture[str]) -> None:
    """A program that does not read a large summary does not count as failed."""
    notifier = Notifier(None, ["true"])
    async with run_of(notifier):
        await notifier.notify_end(summary(3, 20_000))
    assert capfd.readouterr() == ("", "")


async def test_the_output_of_a_program_goes_to_standard_error(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard output is for --json."""
    monkeypatch.setattr("sys.stderr", os.fdopen(os.dup(2), "w"))
    notifier = Notifier(None, ["sh", "-c", "echo to output; echo to errors >&2"])
    async with run_of(notifier):
        await notifier.notify_end(summary())
    sys.stderr.close()
    assert capfd.readouterr() == ("", "to output\nto errors\n")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sh", "-c", "exit 9"], "program sh failed with exit code 9"),
        (["sh", "-c", "kill -9 $$"], "program sh was killed by signal 9"),
        (["/no/such/program"], "Cannot start the --hook program /no/such/program: No such file"),
        (["/"], "Cannot start the --hook program /: Permission denied"),
        (["a\0b"], "invalid program name"),
    ],
)
async def test_a_failing_program_is_reported_in_one_line(
    command: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A failure of the user's program is reported once."""
    notifier = Notifier(None, command)
    async with run_of(notifier):
        await notifier.notify_end(summary())
    (line,) = capfd.readouterr().err.splitlines()
    assert words in line


@pytest.mark.parametrize("limit", ["its own", "a signal's"])
async def test_a_hanging_program_is_killed_with_its_children(
    limit: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A program has a minute, less after Ctrl-C; then it and its children are killed."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    hook = ["sh", "-c", 'exec 3> "$0"; echo here >&3; sleep 60 & wait', str(pipe)]
    notifier = Notifier(None, hook, timing=Timing(hook_wait=0.5 if limit == "its own" else 60.0))
    begun = time.monotonic()
    async with run_of(notifier), anyio.create_task_group() as tasks:
        tasks.start_soon(notifier.notify_end, summary(), 60.0 if limit == "its own" else 0.5)
        # the pipe ends when all processes have closed it
        assert await to_thread.run_sync(pipe.read_text) == "here\n"
    assert time.monotonic() - begun < 10
    (line,) = capfd.readouterr().err.splitlines()
    assert ("took longer" if limit == "its own" else "No time was left") in line
