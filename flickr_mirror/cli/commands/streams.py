"""`mirror_flickr --streams`: mirrors the photostreams of a file, each in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from flickr_mirror.cli.exit_codes import SIGNALLED, code_text, worst
from flickr_mirror.cli.failure_messages import echo_failure
from flickr_mirror.cli.keys.key_file import read_keys
from flickr_mirror.cli.output.console import OutputOptions, echo, set_up
from flickr_mirror.cli.output.text import name_text
from flickr_mirror.errors import FlickrMirrorError, KeysError
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.cli.options.streams_file import Stream


def run_streams(
    streams: Sequence[Stream], arguments: Sequence[str], side_by_side: int, output: OutputOptions
) -> int:
    """Mirror the streams, `side_by_side` at a time, and return the worst exit code.

    `arguments` are those of the command line, for all streams. API calls with one key share its hour, because all
    processes of a user count them in one file. A signal is passed on, and no further stream is started.
    """
    set_up(output)
    return asyncio.run(_Streams(streams, arguments, side_by_side).run())


class _Streams:
    """The processes of the streams."""

    def __init__(self, streams: Sequence[Stream], arguments: Sequence[str], side_by_side: int) -> None:
        self._waiting = list(streams)
        self._arguments = [*arguments, *(["--no-progress"] if side_by_side > 1 else [])]
        self._side_by_side = side_by_side
        self._running: set[asyncio.subprocess.Process] = set()
        self._codes: dict[str, int] = {}
        self._signal = 0

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._pass_on, number)
        workers = [self._work() for _ in range(min(self._side_by_side, len(self._waiting)))]
        await asyncio.gather(*workers)
        if self._waiting:
            names = ", ".join(name_text(stream.username) for stream in self._waiting)
            echo(f"Not started: {names}. Run the same command again to continue.")
        for name, code in self._codes.items():
            if code:
                echo(f"{name_text(name)}: {code_text(code)}")
        return SIGNALLED + self._signal if self._signal else worst(self._codes.values())

    def _pass_on(self, number: int) -> None:
        is_first = not self._signal
        self._signal = number
        for process in self._running:
            # a terminal sends Ctrl-C to all processes of the group by itself
            if not (number == signal.SIGINT and sys.stdin.isatty() and is_first):
                process.send_signal(number)

    async def _work(self) -> None:
        while self._waiting and not self._signal:
            stream = self._waiting.pop(0)
            try:
                variables = {**os.environ, **stream.variables, **_keys(stream)}
            except FlickrMirrorError as error:
                self._codes[stream.username] = echo_failure(error)
                continue
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "flickr_mirror",
                *self._arguments,
                "--username",
                stream.username,
                env=variables,
            )
            self._running.add(process)
            try:
                code = await process.wait()
            finally:
                self._running.discard(process)
            self._codes[stream.username] = SIGNALLED - code if code < 0 else code


def _keys(stream: Stream) -> dict[str, str]:
    """Return the keys of a stream as environment variables, which other users cannot read. Raises `KeysError`."""
    if stream.keys is None:
        return {}
    folder = filesystem.home(stream.keys)
    keys = read_keys(folder)
    if keys is None:
        raise KeysError(
            f"{folder} has no file flickr_keys: save keys there with `keys set --cache-path {folder}`."
        )
    return {"FLICKR_CONSUMER_KEY": keys.consumer_key, "FLICKR_CONSUMER_SECRET": keys.consumer_secret}
