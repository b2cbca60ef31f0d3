"""`keys set` on a terminal: early input is neither shown nor read, and the echo is restored."""

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
"""The command, which waits before its imports while a file exists."""


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
def test_the_echo_is_off_for_keys_set_only(words: str, asks: bool) -> None:
    """The echo is turned off for `keys set` only."""
    assert asks_for_keys(words.split()) is asks


@pytest.mark.usefixtures("unmeasured")
def test_a_key_pasted_early_is_neither_shown_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is pasted during the imports is not on the screen, and the prompt does not read it."""
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
            terminal.type(f"{KEY}\nhunter3\n")  # two lines at once: the second must not answer a later prompt
            terminal.wait(lambda: "API secret: " in terminal.text)
            terminal.type(f"{SECRET}\n")
            assert terminal.leave() == 0, terminal.text
            assert terminal.echoes
    assert read_keys(tmp_path / "cache") == ApiKeys(KEY, SECRET)
    for secret in ("hunter", KEY, SECRET):
        assert secret not in terminal.text


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_imports_restores_the_echo(tmp_path: Path, number: signal.Signals) -> None:
    """After Ctrl-C in the first second, the terminal echoes typed keys."""
    flag = tmp_path / "waits"
    with closing(Typist("keys", "set", start=SLOW.format(flag=str(flag)))) as terminal:
        terminal.wait(flag.exists)
        assert not terminal.echoes
        terminal.process.send_signal(number)
        assert terminal.leave() == 128 + number
        assert terminal.echoes
        assert "Traceback" not in terminal.text
