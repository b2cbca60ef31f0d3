"""Who is told how a run went that nobody watches: a monitor, by pings, and a program of the user's, by JSON."""

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
from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import TaskGroup

    from flickr_mirror.cli.output.summary import Summary

PATIENCE = 5.0
"""Seconds that a ping may take."""
LONGEST = 60.0
"""Seconds that the user's program may take."""

logger = logging.getLogger("flickr_mirror")


class Notifier:
    """Tells a monitor that a run begins and how it ends, and the user's program what it did.

    `ping_url` is the monitor's address: it may hold a secret, and is shown nowhere. `hook` is the program with its
    arguments. What fails here is a warning, and changes no run. Raises `ValueError` where `ping_url` is no address.
    """

    def __init__(self, ping_url: str | None = None, hook: Sequence[str] = ()) -> None:
        try:
            self._url = httpx.URL(ping_url) if ping_url else None
            self._host = self._url.host if self._url else ""
        except (httpx.InvalidURL, UnicodeError):  # which may quote the address
            raise ValueError("--ping-url is no address.") from None
        self._redact = Redactor(*_secrets_of(self._url) if self._url else ())
        self._redact.guard_logs()
        self._hook = [os.path.expanduser(word) for word in hook[:1]] + [*hook[1:]]  # noqa: PTH111 - it never fails
        self._is_lost = False
        self._is_watch = False
        self.is_wanted = bool(self._url or self._hook)
        """Whether there is anybody to tell."""
        self.hangs = False
        """Whether a ping was given up, of which something, such as the look-up of a name, may still hang."""

    def begin(self, tasks: TaskGroup, *, is_watch: bool) -> None:
        """Tell, beside the run, that it begins; looks are told in `tasks` too. With `is_watch` a signal is its end."""
        self._tasks = tasks
        self._turn = anyio.Lock()
        self._is_watch = is_watch
        if self._url:
            tasks.start_soon(self._ping, self._url, "start")

    def looked(self, code: int) -> None:
        """Tell the monitor how a look of a watch went."""
        # where another ping waits already, the monitor is slow, and that one tells as much
        if self._url and not self._turn.statistics().tasks_waiting:
            self._tasks.start_soon(self._ping, self._url, str(code))

    async def end(self, summary: Summary, seconds: float = math.inf) -> None:
        """Tell how the run ended, in so many seconds at most. A watch that a signal ends is no news to a monitor."""
        code = summary["exit"]
        with anyio.move_on_after(seconds) as time_left:
            async with anyio.create_task_group() as tasks:
                if self._url and not (self._is_watch and code > SIGNALLED):
                    tasks.start_soon(self._ping, self._url, str(code))
                if self._hook:
                    tasks.start_soon(self._call, summary)
        if time_left.cancelled_caught:
            self.hangs = True
            echo("There was no time left to tell of this run by --ping-url and --hook.", force=True)

    async def _ping(self, url: httpx.URL, word: str) -> None:
        async with self._turn:  # so that the monitor hears of an end after its beginning
            try:
                with anyio.fail_after(PATIENCE):
                    await _get(url, word)
            except Exception as error:  # noqa: BLE001 - whatever it is, no run ends for a ping
                self.hangs |= isinstance(error, TimeoutError)
                if not self._is_lost:
                    logger.warning("The monitor of --ping-url was not told: %s", self._reason(error))
                self._is_lost = True
            else:
                self._is_lost = False

    def _reason(self, error: Exception) -> str:
        if isinstance(error, (httpx.HTTPError, OSError)):
            error = failure(self._host, error)
        # the words of what nobody thought of may hold the address
        known = isinstance(error, TransportError)
        return self._redact.text(str(error)) if known else f"{self._host}: {type(error).__name__}."

    async def _call(self, summary: Summary) -> None:
        name = self._hook[0]
        try:
            with anyio.fail_after(LONGEST):
                code = await _run(self._hook, as_json(summary))
        except TimeoutError:
            echo(
                f"The program of --hook, {name}, took longer than {LONGEST:.0f} s, and was ended.", force=True
            )
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or "no program can be called that"
            echo(f"The program of --hook, {name}, could not be started: {reason}.", force=True)
        else:
            if code:
                how = f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"
                echo(f"The program of --hook, {name}, {how}.", force=True)


def _secrets_of(url: httpx.URL) -> list[str]:
    """Return the parts of a monitor's address that it may echo, and that are for nobody else."""
    parts = [*url.path.split("/"), *url.params.values(), url.password]
    login = f"{url.username}:{url.password}".encode()
    return [url.path, url.query.decode(), *parts, base64.b64encode(login).decode()]


async def _get(url: httpx.URL, word: str) -> None:
    """Ask for `url/word`. Raises what httpx raises, and `TransportError` for any answer but a good one."""
    path, _, query = url.raw_path.partition(b"?")
    target = path.rstrip(b"/") + f"/{word}".encode() + (b"?" + query if query else b"")
    # Without httpx's client, which logs addresses, and without following wherever one is sent.
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
            f"{url.host} redirects (HTTP {response.status_code}): give the address that it leads to."
        )
    if not response.is_success:
        raise TransportError(f"{url.host} answered HTTP {response.status_code}.")


async def _run(command: Sequence[str], text: bytes) -> int:
    """Run a program that reads `text`, and return its exit code; whatever it says goes to standard error.

    What it has started ends with it where it is not waited for. Raises `OSError` or `ValueError` where it cannot be
    started.
    """
    try:
        says = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # closed, before the start or since
        says = subprocess.DEVNULL
    async with await anyio.open_process(
        command,
        stdin=subprocess.PIPE,
        stdout=says,
        stderr=says,
        env=subprocesses.without_secrets(),
        start_new_session=True,
    ) as process:
        try:
            if process.stdin:
                with suppress(anyio.BrokenResourceError, OSError):  # it does not want to know
                    await process.stdin.send(text)
                await process.stdin.aclose()
            return await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):  # it has just ended
                    os.killpg(process.pid, signal.SIGKILL)
