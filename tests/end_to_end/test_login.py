"""A login from `login` to `logout`: through a pipe as with ssh, and on a terminal."""

from __future__ import annotations

import json
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from flickr_mirror.cli.keys.key_file import ApiKeys, save_keys
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from tests.support import canary
from tests.support.command import THREAD, infos, start
from tests.support.parameters import with_slow_rest
from tests.support.terminals import Typist

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def flickr(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedFlickr]:
    """Serve an account for a key that is saved."""
    save_keys(home / ".flickr", ApiKeys(canary.KEY, canary.SECRET))
    stream = SimulatedPhotostream(3, username="anna", commented=1)
    with run_in_thread(SimulatedFlickr(stream, api_key=canary.KEY, api_secret=canary.SECRET)) as running:
        monkeypatch.setenv("FLICKR_API_URL", running.api_url)
        yield running


def code_at(address: str) -> str:
    """Return the code that the page at an address shows."""
    (code,) = re.findall(r"<b>([-0-9]+)</b>", httpx.get(address).text)
    return str(code)


def address_in(text: str) -> str:
    """Return the address of the page that the command shows."""
    (address,) = re.findall(r"^(http\S+)\s*$", text, re.MULTILINE)
    return str(address)


async def finish(*line: str) -> tuple[int, str, str]:
    """Run the command to its end; return its exit code and both outputs."""
    process = start([*line], settings=THREAD)
    try:
        outcome = await process.wait()
    finally:
        await process.close()
    return outcome.code, outcome.out, outcome.err


async def login_by_pipe() -> tuple[int, str, str]:
    """Run `login` without a terminal, read the address from standard error, and send the code to its input."""
    line = [sys.executable, "-m", "flickr_mirror", "login"]
    async with await anyio.open_process(line) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        err = ""
        with anyio.fail_after(60):
            while "oauth_token=" not in err or not err.endswith("\n"):
                err += (await process.stderr.receive()).decode()
            code = await anyio.to_thread.run_sync(code_at, address_in(err))
            await process.stdin.send(f"{code.replace('-', '')}\n".encode())
            out = b"".join([part async for part in process.stdout]).decode()
            err += b"".join([part async for part in process.stderr]).decode()
            await process.wait()
        assert process.returncode is not None
        assert code not in out + err
        return process.returncode, out, err


def seen_by_others(pid: int) -> str:
    """Return the command lines of a process and its descendants, and the environments of its descendants."""
    found = Path(f"/proc/{pid}/cmdline").read_text()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            with suppress(OSError):  # it has ended
                found += seen_by_others(int(child)) + Path(f"/proc/{child}/environ").read_text()
    return found


async def test_log_in_mirror_and_log_out(tmp_path: Path, home: Path, flickr: SimulatedFlickr) -> None:
    """The commands of the guide: only `flickr_tokens` contains the login, at any level of the log."""
    code, out, err = await login_by_pipe()
    assert code == 0, err
    file = home / ".flickr" / "flickr_tokens"
    assert out.startswith("Logged in as 'anna' (")
    assert str(file) in out
    login = json.loads(file.read_bytes())["logins"][0]
    secrets = [login["token"], login["token_secret"]]

    line = ("--username", "anna", "--cache-path", str(tmp_path), "--info-level", "2")
    code, out, log = await finish(*line, "--debug", "4", "--json")
    assert code == 0, log
    assert len(infos(tmp_path)) == 3
    assert len(flickr.oauth.seen) == flickr.calls.total() + 2  # the two steps of the login
    code, checked, _ = await finish("keys", "check")
    assert (code, "The login of 'anna'" in checked) == (0, True)
    code, status, _ = await finish("status", "--cache-path", str(tmp_path), "--json")
    assert code == 0
    shown = out + err + log + checked + status
    assert "oauthlib" not in log
    for secret in (*secrets, canary.KEY, canary.SECRET, "oauth_signature", "oauth_verifier"):
        assert secret not in shown
    for path in (*tmp_path.rglob("*"), *home.rglob("*")):
        if path.is_file() and path.name not in ("flickr_tokens", "flickr_keys"):
            assert not [secret for secret in secrets if secret.encode() in path.read_bytes()], path

    code, out, _ = await finish("logout")
    assert (code, "services/auth/list.gne" in out) == (0, True)
    assert not file.exists()
    before = len(flickr.oauth.seen)
    code, _, log = await finish(*line)
    assert code == 0, log
    assert len(flickr.oauth.seen) == before


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc")
async def test_no_list_of_processes_shows_the_login(
    tmp_path: Path, flickr: SimulatedFlickr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the command line of the run, nor those of its processes and their environments."""
    issued = flickr.oauth.issue(flickr.streams[0].nsid)
    for name, value in (("", issued.token), ("_SECRET", issued.secret)):
        monkeypatch.setenv(f"FLICKR_OAUTH_TOKEN{name}", value)
        monkeypatch.setenv(f"MIRROR_FLICKR_OAUTH_TOKEN{name}", value)
    shown: list[str] = []
    process: Any = None

    async def look(_: object) -> None:
        if process:
            shown.append(seen_by_others(process.pid))

    monkeypatch.setattr(flickr, "intercept", look)
    process = start(["--username", "anna", "--cache-path", str(tmp_path), "--info-level", "2"])
    try:
        outcome = await process.wait()
    finally:
        await process.close()
    assert outcome.code == 0, outcome.err
    assert any("flickr_mirror.engine.language_detector" in text for text in shown), shown
    assert not [text for text in shown if issued.token in text or issued.secret in text]


@pytest.mark.parametrize("ending", with_slow_rest(["code", "ctrl-c", "ctrl-d"], "code"))
def test_a_login_on_a_terminal(
    tmp_path: Path, home: Path, flickr: SimulatedFlickr, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """The browser opens the address, a wrong code can be corrected; Ctrl-C and Ctrl-D save nothing."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.setenv("DISPLAY", ":0")
    folder = home / ".flickr"
    typist = Typist("login")
    try:
        typist.wait(lambda: "Code: " in typist.text)
        address = address_in(typist.text.replace("\r", ""))
        assert (tmp_path / "opened").read_text() == f"{address}\n"
        typist.type("111-111-111\n")
        typist.wait(lambda: typist.text.count("Code: ") == 2)
        assert "Flickr does not accept the code" in typist.text
        if ending == "ctrl-c":
            typist.process.send_signal(signal.SIGINT)
        else:
            typist.type(f"{code_at(address)}\n" if ending == "code" else "\x04")
        code = typist.leave()
    finally:
        typist.close()
    saved = {path.name for path in folder.iterdir()} - {"api_calls"}
    if ending == "code":
        assert code == 0
        assert "Logged in as 'anna'" in typist.text
        assert saved == {"flickr_keys", "flickr_tokens"}
    else:
        assert code == {"ctrl-c": 128 + signal.SIGINT, "ctrl-d": 5}[ending]
        assert "Traceback" not in typist.text
        assert saved == {"flickr_keys"}
    assert not [secret for secret in (canary.KEY, canary.SECRET) if secret in typist.text]
