"""`keys set` on a terminal: what is typed early is neither shown nor taken, and the echo comes back."""

from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.cli.keys.key_file import ApiKeys, read_keys
from flickr_mirror.cli.output.terminal_echo import asks_for_keys
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from tests.support.canary import KEY, SECRET
from tests.support.terminals import Typist

if TYPE_CHECKING:
    from pathlib import Path

SLOW = """
import os, sys, time
class Slow:
    def find_spec(self, name, *_):
        if name == 'typer':
            open({flag!r}, 'w').close()
            while os.path.exists({flag!r}):
                time.sleep(0.01)
sys.meta_path.insert(0, Slow())
import runpy
runpy.run_module('flickr_mirror', run_name='__main__')
"""
"""The command, which waits before its libraries are read as long as a file is there."""


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("keys set", True),
        ("--config x keys set --cache-path y", True),
        ("keys set --keyring", True),
        ("keys set --stdin", False),
        ("keys check", False),
        ("keys", False),
        ("status", False),
        ("--username set", False),
    ],
)
def test_which_command_lines_ask_for_keys(words: str, asks: bool) -> None:
    """The echo is switched off for `keys set` on a terminal alone."""
    assert asks_for_keys(words.split()) is asks


@pytest.mark.usefixtures("unmeasured")
def test_what_is_pasted_early_is_neither_shown_nor_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is pasted while the libraries are read is not on the screen, and the prompt comes without it."""
    flag = tmp_path / "waits"
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(1), api_key=KEY)) as flickr:
        monkeypatch.setenv("FLICKR_API_URL", flickr.api_url)
        words = ("keys", "set", "--cache-path", str(tmp_path / "cache"))
        with closing(Typist(*words, start=SLOW.format(flag=str(flag)))) as terminal:
            terminal.wait(flag.exists)
            assert not terminal.echoes
            terminal.type("hunter2\n")
            flag.unlink()
            terminal.wait(lambda: "API key: " in terminal.text)
            assert not terminal.echoes
            terminal.type(
                f"{KEY}\nhunter3\n"
            )  # two lines at once: the second must not answer a later question
            terminal.wait(lambda: "API secret: " in terminal.text)
            terminal.type(f"{SECRET}\n")
            assert terminal.leave() == 0, terminal.text
            assert terminal.echoes
    assert read_keys(tmp_path / "cache") == ApiKeys(KEY, SECRET)
    for secret in ("hunter", KEY, SECRET):
        assert secret not in terminal.text


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_libraries_are_read_gives_the_echo_back(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C in the first second leaves a terminal that shows what is typed."""
    flag = tmp_path / "waits"
    with closing(Typist("keys", "set", start=SLOW.format(flag=str(flag)))) as terminal:
        terminal.wait(flag.exists)
        assert not terminal.echoes
        terminal.process.send_signal(number)
        assert terminal.leave() == 128 + number
        assert terminal.echoes
        assert "Traceback" not in terminal.text
