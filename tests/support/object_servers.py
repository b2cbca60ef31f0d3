"""Object stores for tests: `ministack`, a server of S3, and `rclone serve s3`, a store without conditions.

Both are programs of the `dev` extra. Tests that need a program that is not installed are skipped.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

START = 60.0
"""How long a server may take to start on a busy machine."""


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def program(name: str) -> Path:
    """Return a program beside this Python; skip the test if it is not installed."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        pytest.skip(f"{name} is not installed (the dev extra has it)")
    return path


@contextmanager
def running(command: list[str | Path], url: str, folder: Path, **environment: str) -> Iterator[None]:
    """Run a server until the end of the context, and wait until it answers."""
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env={**os.environ, **environment}
        )
    try:
        end = time.monotonic() + START
        while not answers(url):
            assert process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < end, (folder / "server.log").read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    """Return whether a server answers, with an error or not."""
    try:
        httpx.get(url, timeout=5)
    except httpx.TransportError:
        return False
    return True


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """Run an S3 server with a bucket named `archive`, and return the address of the server."""
    command, port = program("ministack"), free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }
    with running([command], url, folder, **settings):
        httpx.put(f"{url}/archive", timeout=30).raise_for_status()
        yield url


@contextmanager
def rclone(folder: Path) -> Iterator[str]:
    """Run `rclone serve s3` over a folder with a bucket named `archive`, and return the address of the server."""
    command, port = program("rclone"), free_port()
    url = f"http://127.0.0.1:{port}"
    (folder / "served" / "archive").mkdir(parents=True)
    keys = f"{canary.STORE_KEY},{canary.STORE_SECRET}"
    arguments = ["serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", keys, "--config", "/dev/null"]
    with running([command, *arguments, folder / "served"], url, folder):
        yield url


@contextmanager
def shared(server: Callable[[Path], AbstractContextManager[str]], root: Path) -> Iterator[str]:
    """Return the address of a server that all test processes share.

    The first process that needs it starts it, in the folder `root`, and stops it when no other process uses it.
    """
    address = root / f"{server.__name__}.address"
    with ExitStack() as stack:
        starting, users = (
            stack.enter_context((root / f"{server.__name__}.{kind}").open("w"))
            for kind in ("starting", "users")
        )
        folder = root / f"{server.__name__}-{os.getpid()}"
        fcntl.flock(starting, fcntl.LOCK_EX)
        if is_ours := not address.exists():
            folder.mkdir()
            address.write_text(stack.enter_context(server(folder)))
        fcntl.flock(users, fcntl.LOCK_SH)
        url = address.read_text()
        fcntl.flock(starting, fcntl.LOCK_UN)
        yield url
        if is_ours:
            fcntl.flock(starting, fcntl.LOCK_EX)
            address.unlink()  # a process that needs the server from now on starts another one
            fcntl.flock(starting, fcntl.LOCK_UN)
            fcntl.flock(users, fcntl.LOCK_EX)


def set_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the credentials that the servers accept into the environment, and remove other variables of the stores."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", canary.STORE_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", canary.STORE_SECRET)
