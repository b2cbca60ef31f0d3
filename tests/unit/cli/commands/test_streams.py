"""Tests of `flickr_mirror.cli.commands.streams`, with a script in place of the command that mirrors."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.cli.commands.streams import run_streams
from flickr_mirror.cli.options.streams_file import Stream
from flickr_mirror.cli.output.console import OutputOptions
from flickr_mirror.storage import filesystem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that sets the shell script that is run for each stream, and returns its folder."""

    def write(text: str) -> Path:
        program = tmp_path / "python"
        program.write_text(f'#!/bin/sh\nfor name; do :; done\ncd "{tmp_path}"\n{text}\n')
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        return tmp_path

    return write


def run(*streams: Stream, side_by_side: int = 1) -> int:
    """Run the command for some streams, and return its exit code."""
    return run_streams(streams, ("--info-only",), side_by_side, OutputOptions())


def test_the_worst_code_is_returned(
    script: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed stream does not stop the others."""
    folder = script('echo "$@" > "$name"; [ "$name" != b ] || exit 3')
    assert run(Stream("a"), Stream("b"), Stream("c")) == 3
    for name in "abc":
        assert (folder / name).read_text() == f"-m flickr_mirror --info-only --username {name}\n"
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == ["b"]


def test_a_process_has_the_options_and_the_keys_of_its_stream(
    script: Callable[[str], Path], tmp_path: Path
) -> None:
    """They are in its environment, which other users cannot read, not in its arguments."""
    (tmp_path / "flickr_keys").write_text('{"consumer_key": "canary", "consumer_secret": "of a stream"}')
    folder = script(
        'echo "$@" > "$name"; echo "$MIRROR_FLICKR_FIFO $FLICKR_CONSUMER_SECRET" > "$name.variables"'
    )
    assert run(Stream("a", {"MIRROR_FLICKR_FIFO": "true"}, tmp_path), Stream("b"), side_by_side=2) == 0
    assert (folder / "a.variables").read_text() == "true of a stream\n"
    assert (folder / "b.variables").read_text() == " \n"
    assert (folder / "a").read_text() == "-m flickr_mirror --info-only --no-progress --username a\n"


def test_a_stream_without_its_keys_is_skipped(
    script: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message states the folder, and what to do."""
    folder = script('touch "$name"')
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(Stream("a", {}, empty), Stream("b")) == 5
    assert f"keys set --cache-path {filesystem.home(empty)}" in capsys.readouterr().err
    assert ((folder / "a").exists(), (folder / "b").exists()) == (False, True)


def test_a_signal_is_passed_on_and_starts_no_further_stream(
    script: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The code is that of the signal, and streams that were not started are named."""
    folder = script('trap "touch ended; exit 143" TERM; touch "$name"; while :; do sleep 0.01; done')

    def send() -> None:
        while not (folder / "a").exists():
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=send).start()
    assert run(Stream("a"), Stream("b"), Stream("c")) == 143
    assert (folder / "ended").exists()
    assert not (folder / "b").exists()
    assert "Not started: b, c. Run the same command again to continue." in capsys.readouterr().err


def test_a_killed_process_has_the_exit_code_of_a_shell(script: Callable[[str], Path]) -> None:
    script("kill -9 $$")
    assert run(Stream("a")) == 137
