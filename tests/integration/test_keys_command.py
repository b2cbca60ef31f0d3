"""`mirror_flickr keys`: saving, checking and removing keys, also those of keyrings and services."""

from __future__ import annotations

import io
import json
import logging
import stat
import sys
from typing import TYPE_CHECKING

import keyring
import pytest
from aiohttp import web

from flickr_mirror.cli.commands import keys
from flickr_mirror.cli.keys.key_file import ApiKeys, read_keys, save_keys
from flickr_mirror.cli.keys.keyring_store import ORIGIN, read_keyring, save_in_keyring
from flickr_mirror.cli.keys.lookup import find_keys
from flickr_mirror.errors import KeysError
from flickr_mirror.models.options import Limits
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from tests.support.calling import call
from tests.support.canary import KEY, SECRET
from tests.support.keyrings import FileKeyring, ForgetfulKeyring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = ApiKeys(KEY, SECRET)


@pytest.fixture(autouse=True)
def log_is_restored() -> Iterator[None]:
    """Restore the log, which the command sets up."""
    logger = logging.getLogger("flickr_mirror")
    before = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = before


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up soon."""
    monkeypatch.setattr(keys, "LIMITS", Limits(attempts=1, timeout=5, max_wait=0.001))


@pytest.fixture(scope="module")
def flickr() -> Iterator[SimulatedFlickr]:
    """Return a Flickr that accepts one key."""
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(3), api_key=KEY)) as running:
        yield running


@pytest.fixture
def keys_command(
    flickr: SimulatedFlickr, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[KeysCommand]:
    """Run `keys` against that Flickr; its output never contains a key."""
    monkeypatch.setenv("FLICKR_API_URL", flickr.api_url)
    flickr.reset_counters()
    keys_command = KeysCommand(capsys)
    yield keys_command
    assert KEY not in keys_command.all
    assert SECRET not in keys_command.all


class KeysCommand:
    """Runs `keys` and captures its output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.all = ""

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code and the output."""
        code = call("keys", *arguments)
        captured = self._capsys.readouterr()
        self.all += captured.out + captured.err
        assert len(captured.out.splitlines()) == (code == 0)
        return code, captured.err if code else captured.out


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[None]:
    """Install a keyring in this process."""
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def typed(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Simulate a terminal with these answers."""
    left = list(answers)
    monkeypatch.setattr("getpass.getpass", lambda _: left.pop(0))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)


def piped(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Pass a text on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_keys_are_saved_after_flickr_has_accepted_them(
    keys_command: KeysCommand, home: Path, flickr: SimulatedFlickr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed keys are verified with one call, and saved in a private file."""
    typed(monkeypatch, f" {KEY} ", SECRET)
    code, text = keys_command("set")
    path = home / ".flickr" / "flickr_keys"
    assert code == 0
    assert str(path) in text
    assert read_keys(path.parent) == KEYS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert flickr.calls == {"flickr.test.echo": 1}
    assert "Pro members" in keys_command.all or "Pro members" in text


def test_keys_that_flickr_refuses_are_not_saved(
    keys_command: KeysCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong key does not replace the saved ones; exit 5."""
    save_keys(tmp_path, KEYS)
    typed(monkeypatch, "wrong", "wrong")
    code, text = keys_command("set", "--cache-path", str(tmp_path))
    assert code == 5
    assert "not saved" in text
    assert "Invalid API Key" in text
    assert read_keys(tmp_path) == KEYS


@pytest.mark.usefixtures("no_pauses")
def test_keys_are_not_saved_without_an_answer(
    keys_command: KeysCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an answer nothing is saved: exit 75."""
    typed(monkeypatch, KEY, SECRET)
    code, text = keys_command("set", "--cache-path", str(tmp_path), "--api-url", "http://127.0.0.1:9/")
    assert code == 75
    assert "not saved" in text
    assert list(tmp_path.iterdir()) == []


def test_keys_are_read_from_standard_input(
    keys_command: KeysCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal, --stdin reads JSON; a missing --stdin and invalid JSON are explained."""
    piped(monkeypatch, "")
    code, text = keys_command("set", "--cache-path", str(tmp_path))
    assert (code, "--stdin" in text, "Pro members" in text) == (5, True, True)
    for nonsense in ("", KEY, f'{{"consumer_key": "{KEY}"}}'):
        piped(monkeypatch, nonsense)
        code, text = keys_command("set", "--stdin", "--cache-path", str(tmp_path))
        assert (code, "standard input is not JSON" in text) == (5, True)
    assert read_keys(tmp_path) is None
    piped(monkeypatch, json.dumps({"consumer_key": KEY, "consumer_secret": SECRET}))
    assert keys_command("set", "--stdin", "--cache-path", str(tmp_path))[0] == 0
    assert read_keys(tmp_path) == KEYS


def test_a_check_costs_one_call_and_names_the_source_of_the_keys(
    keys_command: KeysCommand, home: Path, flickr: SimulatedFlickr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check uses the same keys as a run, in the same order, and names their origins."""
    assert keys_command("check") == (5, keys_command.all)
    assert "keys set" in keys_command.all
    assert not flickr.calls

    saved = save_keys(home / ".flickr", ApiKeys("wrong", SECRET))
    code, text = keys_command("check")
    assert (code, flickr.calls.total()) == (5, 1)
    assert f"the key and its secret from {saved}" in text

    service = home / "service"
    service.mkdir()
    (service / "flickr_keys").write_text(json.dumps({"consumer_key": KEY, "consumer_secret": SECRET}))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(service))
    assert keys_command("check") == (
        0,
        f"Flickr accepts the API key. A run uses the key and its secret from {service}/flickr_keys.\n",
    )

    monkeypatch.setenv("MIRROR_FLICKR_CONSUMER_KEY", "wrong")
    code, text = keys_command("check")
    assert code == 5
    assert (
        "the key from the environment variable MIRROR_FLICKR_CONSUMER_KEY and its secret "
        f"from {service}/flickr_keys" in text
    )

    (home / "c.toml").write_text(f'consumer-key = "{KEY}"\nconsumer-secret = "x"')
    (home / "c.toml").chmod(0o600)
    monkeypatch.delenv("MIRROR_FLICKR_CONSUMER_KEY")
    monkeypatch.setenv("MIRROR_FLICKR_CONFIG", str(home / "c.toml"))
    code, text = keys_command("check")
    assert (code, f"the key and its secret from the file {home}/c.toml" in text) == (0, True)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("trouble", ["no answer", "throttled", "used up"])
def test_a_check_without_an_answer_reports_no_result(
    keys_command: KeysCommand,
    home: Path,
    flickr: SimulatedFlickr,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    """No answer, a 429, and no calls left in the hour: exit 75 at once, without waiting."""
    save_keys(home / ".flickr", KEYS)
    if trouble == "no answer":
        monkeypatch.setenv("FLICKR_API_URL", "http://127.0.0.1:9/")
    elif trouble == "used up":
        monkeypatch.setattr("flickr_mirror.storage.call_ledger.CallLedgerFile.take", lambda *_: 1800.0)
    else:

        async def throttle(_: web.Request) -> web.StreamResponse:
            return web.Response(status=429)

        monkeypatch.setattr(flickr, "intercept", throttle)
    code, text = keys_command("check")
    assert code == 75
    assert {"no answer": "127.0.0.1", "throttled": "429", "used up": "again in 30 minutes"}[trouble] in text


def test_a_warning_names_what_overrides_saved_keys(
    keys_command: KeysCommand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After saving or removing keys, other keys in the environment are named as those of a run."""
    monkeypatch.setenv("FLICKR_CONSUMER_KEY", "other")
    monkeypatch.setenv("FLICKR_CONSUMER_SECRET", "other")
    typed(monkeypatch, KEY, SECRET)
    code, text = keys_command("set")
    assert (code, "But a run uses the key from the environment variable FLICKR_CONSUMER_KEY" in text) == (
        0,
        True,
    )
    code, text = keys_command("forget")
    assert (code, "A run still uses the key from the environment variable FLICKR_CONSUMER_KEY" in text) == (
        0,
        True,
    )


@pytest.mark.usefixtures("ring")
def test_the_keyring_stores_keys(
    keys_command: KeysCommand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys can be saved in the keyring; the file takes precedence over it, and both can be removed."""
    typed(monkeypatch, KEY, SECRET)
    code, text = keys_command("set", "--keyring")
    assert (code, ORIGIN in text, read_keys(home / ".flickr")) == (0, True, None)
    assert find_keys(home / ".flickr", None, "given") == ApiKeys(KEY, "given")
    assert keys_command("check") == (
        0,
        f"Flickr accepts the API key. A run uses the key and its secret from {ORIGIN}.\n",
    )

    path = save_keys(home / ".flickr", ApiKeys("file", "file"))
    assert find_keys(home / ".flickr", None, None) == ApiKeys("file", "file")
    path.with_name("flickr_key").write_text("an old one")
    assert keys_command("forget") == (0, f"Removed: {path}, {path.parent}/flickr_key, {ORIGIN}.\n")
    assert read_keyring() is None
    assert keys_command("forget") == (0, f"There are no saved API keys in {path.parent}.\n")


@pytest.mark.usefixtures("ring")
def test_a_locked_keyring_is_reported(
    keys_command: KeysCommand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without keys states why the keyring cannot be read; so do saving and removing."""
    save_in_keyring(KEYS)
    (home / "locked").touch()
    code, text = keys_command("check")
    assert (code, "KeyringLocked" in text) == (5, True)
    typed(monkeypatch, KEY, SECRET)
    for arguments in (("set", "--keyring"), ("forget",)):
        code, text = keys_command(*arguments)
        assert (code, "KeyringLocked" in text) == (5, True)
    (home / "locked").unlink()
    assert read_keyring() == KEYS


@pytest.mark.usefixtures("ring")
def test_an_invalid_keyring_entry_is_reported(home: Path) -> None:
    """An entry that does not contain keys is reported with a remedy, and not shown."""
    keyring.set_password("mirror_flickr", "flickr_keys", "hunter2")
    with pytest.raises(KeysError, match="keys set --keyring") as caught:
        find_keys(home, None, None)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("reason", ["no package", "no keyring", "forgetful"])
def test_a_missing_keyring_is_reported(
    keys_command: KeysCommand, home: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """`--keyring` without a working keyring is an error with exit 5; other commands do not need it."""
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    if reason == "no package":
        monkeypatch.setitem(sys.modules, "keyring", None)
    elif reason == "forgetful":
        keyring.set_keyring(ForgetfulKeyring())  # type: ignore[no-untyped-call]
    typed(monkeypatch, KEY, SECRET)
    code, text = keys_command("set", "--keyring")
    assert code == 5
    assert {
        "no package": "flickr-mirror[keyring]",
        "no keyring": "This machine has no keyring",
        "forgetful": "did not save the keys",
    }[reason] in text
    assert keys_command("check")[0] == 5
    assert keys_command("forget")[0] == 0


@pytest.mark.parametrize("content", ["", "hunter2", '{"consumer_key": "hunter2"}'])
def test_a_credential_without_keys_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """A service with a damaged credential does not use other keys; its file is named and not shown."""
    (tmp_path / "flickr_keys").write_text(content)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(
        KeysError, match=f"{tmp_path}/flickr_keys is not JSON.* Correct this credential"
    ) as caught:
        find_keys(tmp_path / "cache", None, None)
    assert "hunter2" not in str(caught.value)


def test_a_credential_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service manager's keys are used, also if their file is read-only, readable by a group, or a link."""
    save_keys(tmp_path / "cache", ApiKeys("file", "file"))
    real = tmp_path / "real"
    real.write_text(json.dumps({"consumer_key": KEY, "consumer_secret": SECRET}))
    real.chmod(0o440)  # as with systemd's access control list
    (tmp_path / "flickr_keys").symlink_to(real)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert find_keys(tmp_path / "cache", None, None) == KEYS
    assert stat.S_IMODE(real.stat().st_mode) == 0o440
    (tmp_path / "flickr_keys").unlink()
    assert find_keys(tmp_path / "cache", None, None) == ApiKeys("file", "file")
    (tmp_path / "flickr_keys").mkdir()
    with pytest.raises(KeysError, match=r"flickr_keys cannot be read: .* Correct this credential"):
        find_keys(tmp_path / "cache", None, None)


def test_saved_keys_are_used_for_any_cache_path(
    keys_command: KeysCommand, home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Keys in `~/.flickr` are used for any cache path without its own; the log names the file."""
    logging.getLogger("flickr_mirror").propagate = True
    saved = save_keys(home / ".flickr", KEYS)
    with caplog.at_level(logging.INFO, "flickr_mirror"):
        assert find_keys(tmp_path, None, None) == KEYS
    assert f"Using the API keys from {saved}." in caplog.text
    code, text = keys_command("check", "--cache-path", str(tmp_path))
    assert (code, f"A run uses the key and its secret from {saved}." in text) == (0, True)

    own = save_keys(tmp_path, ApiKeys("own", "own"))
    assert find_keys(tmp_path, None, None) == ApiKeys("own", "own")
    code, text = keys_command("forget", "--cache-path", str(tmp_path))
    assert (code, text) == (0, f"Removed: {own}. A run still uses the key and its secret from {saved}.\n")
    assert read_keys(home / ".flickr") == KEYS


@pytest.mark.usefixtures("ring")
def test_keys_in_the_home_folder_override_the_keyring(home: Path, tmp_path: Path) -> None:
    """The order of the sources is: files, then the keyring."""
    save_in_keyring(KEYS)
    assert find_keys(tmp_path, None, None) == KEYS
    save_keys(home / ".flickr", ApiKeys("file", "file"))
    assert find_keys(tmp_path, None, None) == ApiKeys("file", "file")


def test_a_run_without_keys_names_the_places_searched(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error for missing keys names the places searched; without a home folder, only the cache path."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(KeysError) as caught:
        find_keys(tmp_path, "key", None)
    assert f"{tmp_path}/flickr_keys, {home}/.flickr/flickr_keys or the keyring. Save them" in str(
        caught.value
    )
    with pytest.raises(KeysError) as caught:
        find_keys(home / ".flickr", None, None)
    assert f"saved in {home}/.flickr/flickr_keys or the keyring. Save them" in str(caught.value)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(KeysError, match=f"saved in {tmp_path}/flickr_keys or the keyring"):
        find_keys(tmp_path, None, None)


def test_the_configuration_shows_where_keys_are_saved(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--print-config` names the file of the keys, or the places searched, and shows no key."""
    place = ("--cache-path", str(tmp_path), "--print-config")

    def shown(*arguments: str) -> list[str]:
        assert call(*arguments, *place) == 0
        text = capsys.readouterr().out
        assert KEY not in text
        return [" ".join(line.split()) for line in text.splitlines() if line.startswith("# consumer")]

    looked = f"not saved in {tmp_path}/flickr_keys, {home}/.flickr/flickr_keys or the keyring"
    assert shown() == [f"# consumer-key # {looked}", f"# consumer-secret # {looked}"]
    saved = save_keys(home / ".flickr", KEYS)
    assert shown() == [
        f'# consumer-key = "***" # saved in {saved}',
        f'# consumer-secret = "***" # saved in {saved}',
    ]
    assert shown("--consumer-key", "x")[0] == '# consumer-key = "***" # flag --consumer-key'
    saved.write_text("broken")
    assert all(str(saved) in line and "is not JSON" in line for line in shown())


def test_complete_keys_are_not_searched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a given key and secret, a damaged file is not read; blanks around keys are removed."""
    (tmp_path / "flickr_keys").write_text("broken")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert find_keys(tmp_path, f"{KEY}\n", f" {SECRET}") == KEYS
