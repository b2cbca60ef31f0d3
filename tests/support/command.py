"""Runs the real command as a process, and reads its files."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import anyio

from flickr_mirror.export.description.describe import NAMES
from tests.support import canary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from flickr_mirror.simulator import SimulatedFlickr


KEYS = ("--consumer-key", canary.KEY, "--consumer-secret", canary.SECRET)
IMPATIENT = {"longest_retry_wait": 0.1}
"""Failures are retried at once."""
THREAD = {"engine.language_detector._FAILURES": 0, "storage.group_committer.MIN_PROCESS_GROUP": 1_000_000}
"""Languages are detected and files written in the process itself, because worker processes take longer to start than a
small run. This is the default of `running` and `run`; `start`, and `running` with `settings={}`, run the command
unchanged."""


@dataclass(frozen=True)
class Outcome:
    """The result of a run of the command: its exit code and its two outputs."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, str]:
        """The fields of the last line."""
        line = next(line for line in reversed(self.err.splitlines()) if line.startswith("done "))
        return dict(re.findall(r"(\w+)=(\"[^\"]*\"|\S+)", line))


class Process:
    """A run of the command, in its own session; `code` is negative if a signal killed it."""

    def __init__(self, pid: int, pipe: int, out: IO[bytes], err: IO[bytes]) -> None:
        self.pid = pid
        self.code: int | None = None
        self._pipe = pipe
        self._outputs = (out, err)

    async def wait(self, seconds: float = 120) -> Outcome:
        """Wait for the end of the run, and return its result."""
        if self.code is None:
            with anyio.fail_after(seconds):
                await anyio.wait_readable(self._pipe)
            self.code = os.waitstatus_to_exitcode(int(os.read(self._pipe, 100)))
        return Outcome(self.code, self._read(0), self._read(1))

    @property
    def err(self) -> str:
        """The text on standard error so far."""
        return self._read(1)

    async def wait_for(self, text: str, seconds: float = 30) -> None:
        """Wait until it prints this text."""
        with anyio.fail_after(seconds):
            while text not in self.err:  # noqa: ASYNC110
                await anyio.sleep(0.005)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still running."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def close(self) -> None:
        """Kill it, if it is still running, and discard its output."""
        if self.code is None:
            self.signal(signal.SIGKILL)
            await self.wait()
        os.close(self._pipe)
        for file in self._outputs:
            file.close()

    def _read(self, number: int) -> str:
        file = self._outputs[number].fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()


def arguments_for(flickr: SimulatedFlickr | None, cache: Path, *arguments: str) -> list[str]:
    """Return the arguments of a run against a simulated Flickr."""
    line = ["--cache-path", str(cache)]
    if flickr is not None:
        stream = flickr.streams[0]
        line += ["--api-url", flickr.api_url, *KEYS]
        if not {"--username", "--album", "--source"} & {*arguments}:
            line += ["--username", stream.username]
    return [*line, *arguments]


def command(flickr: SimulatedFlickr | None, cache: Path, *arguments: str) -> list[str]:
    """Return the command line of a run against a simulated Flickr, for a process that starts with Python."""
    return [sys.executable, "-m", "flickr_mirror", *arguments_for(flickr, cache, *arguments)]


@lru_cache(maxsize=1)
def zygote() -> socket.socket:
    """Return the socket of a process that forks runs of the command; see `tests.support.zygote`."""
    ours, theirs = socket.socketpair()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    process = subprocess.Popen(
        (sys.executable, "-m", "tests.support.zygote"),
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        env=environment,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def start(
    line: list[str],
    environment: dict[str, str] | None = None,
    *,
    settings: Mapping[str, float] | None = None,
    timing: Mapping[str, float] | None = None,
    ignored: tuple[signal.Signals, ...] = (),
    files: tuple[int | None, int | None] = (None, None),
    closed: tuple[int, ...] = (),
) -> Process:
    """Start the command without a terminal, forked from a process that has loaded its libraries.

    `environment` is added to this process's. `timing` are fields of `Timing`. `settings` are other constants of the
    package that differ in this run: `{"engine.check.BATCH": 1}`. `ignored` are signals that the parent ignores, `files`
    other files for standard output and standard error, `closed` numbers of standard streams.
    """
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
    reader, writer = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    request = {
        "arguments": line,
        "environment": {**os.environ, **(environment or {})},
        "folder": str(Path.cwd()),
        "settings": dict(settings or {}),
        "timing": dict(timing or {}),
        "ignored": list(ignored),
        "closed": list(closed),
    }
    targets = [
        given if given is not None else own.fileno() for given, own in zip(files, (out, err), strict=True)
    ]
    socket.send_fds(zygote(), [json.dumps(request).encode()], [nothing, *targets, writer])
    os.close(nothing)
    os.close(writer)
    pid = b""
    while not pid.endswith(b"\n"):
        byte = os.read(reader, 1)
        if not byte:
            raise RuntimeError("The process that starts the command is gone.")
        pid += byte
    return Process(int(pid), reader, out, err)


@asynccontextmanager
async def running(
    flickr: SimulatedFlickr | None,
    cache: Path,
    *arguments: str,
    environment: dict[str, str] | None = None,
    settings: Mapping[str, float] | None = None,
    timing: Mapping[str, float] | None = None,
) -> AsyncIterator[Process]:
    """Run the command in the background; at the end it is killed if it is still running."""
    line = arguments_for(flickr, cache, *arguments)
    process = start(line, environment, settings=THREAD if settings is None else settings, timing=timing)
    try:
        yield process
    finally:
        with anyio.CancelScope(shield=True):
            await process.close()


async def run(flickr: SimulatedFlickr | None, cache: Path, *arguments: str, **environment: str) -> Outcome:
    """Run the command to its end, without a terminal."""
    async with running(flickr, cache, *arguments, environment=environment) as process:
        return await process.wait()


def is_there(session: int) -> bool:
    """Return whether a process of this session is running."""
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def tree(cache: Path) -> dict[str, str]:
    """Return the files of the mirrors below `cache` with hashes; state folder and description are left out."""
    return {
        str(path.relative_to(cache)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(cache.rglob("*"))
        if path.is_file() and ".flickr_mirror" not in path.parts and path.name not in NAMES
    }


def parts(cache: Path) -> list[Path]:
    """Return the files with temporary names."""
    return list(cache.rglob("*.part"))


def infos(cache: Path) -> dict[str, dict[str, Any]]:
    """Return the information files by photo id."""
    documents = [
        json.loads(path.read_bytes())
        for path in cache.rglob("*.json")
        if not {".flickr_mirror", "account"} & {*path.parts} and path.name not in NAMES
    ]
    return {document["flickr"]["id"]: document for document in documents}
