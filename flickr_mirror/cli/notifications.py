"""Notifications about unattended runs: pings to a monitor, and a hook program that reads the summary."""

from __future__ import annotations

import base64
import logging
import math
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import httpx

from flickr_mirror import subprocesses
from flickr_mirror.cli.exit_codes import SIGNALLED
from flickr_mirror.cli.output.console import echo
from flickr_mirror.cli.output.summary import as_json
from flickr_mirror.errors import TransportError
from flickr_mirror.flickr import transports
from flickr_mirror.flickr.network_errors import failure
from flickr_mirror.flickr.redaction import Redactor
from flickr_mirror.models.timing import Timing
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import TaskGroup

    from flickr_mirror.cli.output.summary import Summary

logger = logging.getLogger("flickr_mirror")


class Notifier:
    """Pings a monitor when a run starts and ends, and runs a hook program with the summary.

    `ping_url` may hold a secret and is never printed. `hook` is a program with its arguments. A failed notification
    is a warning, and does not change the run or its exit code. Raises `ValueError` if `ping_url` is invalid.
    """

    def __init__(
        self, ping_url: str | None = None, hook: Sequence[str] = (), *, timing: Timing = Timing()
    ) -> None:
        self._timing = timing
        try:
            self._url = httpx.URL(ping_url) if ping_url else None
            self._host = self._url.host if self._url else ""
        except (httpx.InvalidURL, UnicodeError):  # from None: the error may quote the URL
            raise ValueError(
                "--ping-url is invalid: use a URL such as https://hc-ping.com/ and your check's UUID."
            ) from None
        self._redact = Redactor(*_secrets_of(self._url) if self._url else ())
        self._redact.guard_logs()
        self._hook = [os.path.expanduser(word) for word in hook[:1]] + [*hook[1:]]  # noqa: PTH111 - Path.expanduser may raise
        self._has_failed = False
        self._is_watch = False
        self.is_wanted = bool(self._url or self._hook)
        """Whether any notification is set up."""
        self.hangs = False
        """Whether a ping timed out, which may still hang in a thread, for example in a name lookup."""

    def notify_start(self, tasks: TaskGroup, *, is_watch: bool) -> None:
        """Ping the start of a run in `tasks`, where later pings are sent too. A signal is the normal end of a watch."""
        self._tasks = tasks
        self._lock = anyio.Lock()
        self._is_watch = is_watch
        if self._url:
            tasks.start_soon(self._ping, self._url, "start")

    def notify_poll(self, code: int) -> None:
        """Ping the exit code of one poll of a watch."""
        # skipped if another ping is waiting: the monitor is slow, and that ping says the same
        if self._url and not self._lock.statistics().tasks_waiting:
            self._tasks.start_soon(self._ping, self._url, str(code))

    async def notify_end(self, summary: Summary, seconds: float = math.inf) -> None:
        """Ping the exit code and run the hook, within `seconds`. No ping if a signal ended a watch."""
        code = summary["exit"]
        with anyio.move_on_after(seconds) as time_left:
            async with anyio.create_task_group() as tasks:
                if self._url and not (self._is_watch and code > SIGNALLED):
                    tasks.start_soon(self._ping, self._url, str(code))
                if self._hook:
                    tasks.start_soon(self._run_hook, summary)
        if time_left.cancelled_caught:
            self.hangs = True
            echo("No time was left for the notifications of --ping-url and --hook.", force=True)

    async def _ping(self, url: httpx.URL, word: str) -> None:
        async with self._lock:  # so that the end is sent after the start
            try:
                with anyio.fail_after(self._timing.ping_wait):
                    await _get(url, word)
            except Exception as error:  # noqa: BLE001 - no failed ping ends a run
                self.hangs |= isinstance(error, TimeoutError)
                if not self._has_failed:
                    logger.warning("The ping to the monitor of --ping-url failed: %s", self._reason(error))
                self._has_failed = True
            else:
                self._has_failed = False

    def _reason(self, error: Exception) -> str:
        if isinstance(error, (httpx.HTTPError, OSError)):
            error = failure(self._host, error)
        # the text of an unexpected error may hold the URL
        known = isinstance(error, TransportError)
        return self._redact.text(str(error)) if known else f"{self._host}: {type(error).__name__}."

    async def _run_hook(self, summary: Summary) -> None:
        name = self._hook[0]
        try:
            with anyio.fail_after(self._timing.hook_wait):
                code = await _run(self._hook, as_json(summary))
        except TimeoutError:
            echo(
                f"The --hook program {name} took longer than {self._timing.hook_wait:.0f} s and was killed.",
                force=True,
            )
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or "invalid program name"
            echo(f"Cannot start the --hook program {name}: {reason}.", force=True)
        else:
            if code:
                how = f"failed with exit code {code}" if code > 0 else f"was killed by signal {-code}"
                echo(f"The --hook program {name} {how}.", force=True)


def _secrets_of(url: httpx.URL) -> list[str]:
    """Return the secret parts of a monitor's URL, which its error messages may repeat."""
    parts = [*url.path.split("/"), *url.params.values(), url.password]
    login = f"{url.username}:{url.password}".encode()
    return [url.path, url.query.decode(), *parts, base64.b64encode(login).decode()]


async def _get(url: httpx.URL, word: str) -> None:
    """Request `url/word`. Raises the errors of httpx, and `TransportError` unless the answer is a success."""
    path, _, query = url.raw_path.partition(b"?")
    target = path.rstrip(b"/") + f"/{word}".encode() + (b"?" + query if query else b"")
    # without httpx's client, which logs URLs, and without following redirects
    request = httpx.Request(
        "GET",
        url.copy_with(raw_path=target, username="", password=""),
        headers={"User-Agent": f"flickr_mirror/{__version__}"},
    )
    if url.userinfo:
        next(httpx.BasicAuth(url.username, url.password).auth_flow(request))
    async with transports.ping_transport(url) as transport:
        response = await transport.handle_async_request(request)
        await response.aclose()
    if response.has_redirect_location:
        raise TransportError(
            f"{url.host} redirects (HTTP {response.status_code}): use the URL that it redirects to."
        )
    if not response.is_success:
        raise TransportError(f"{url.host} answered HTTP {response.status_code}.")


async def _run(command: Sequence[str], text: bytes) -> int:
    """Run a program with `text` as its input, and return its exit code. Its output goes to standard error.

    On cancellation its whole process group is killed. Raises `OSError` or `ValueError` if it cannot be started.
    """
    try:
        output = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # standard error is closed
        output = subprocess.DEVNULL
    async with await anyio.open_process(
        command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        env=subprocesses.without_secrets(),
        start_new_session=True,
    ) as process:
        try:
            if process.stdin:
                with suppress(anyio.BrokenResourceError, OSError):  # the program does not read its input
                    await process.stdin.send(text)
                await process.stdin.aclose()
            return await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):  # it has just exited
                    os.killpg(process.pid, signal.SIGKILL)
