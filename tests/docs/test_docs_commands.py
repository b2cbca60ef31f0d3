"""The commands and programs of the documentation run against a simulated Flickr."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.simulator import (
    SimulatedFlickr,
    SimulatedPhotostream,
    fill_albums,
    fill_lists,
    run_in_thread,
    write_export,
)
from tests.support.forked_program import forked_program
from tests.support.pages import PAGES, ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_RUN = {
    r"-m pytest": "runs these tests",
    r"^just( |$)": "needs just, and runs what .ci/run runs",
    r"^pipx |hc-ping": "needs the network",
    r"keys set|_flickr login": "asks on a terminal",
    r"--as manhhai|logout manhhai": "needs a login",
    r"_flickr serve|127\.0\.0\.1:80": "needs a server that runs until Ctrl-C",
    r"--streams ": "needs a file of streams",
    r"--open": "opens a browser",
    r"flickr-mirror\[": "needs the network",
    r"--store |^export AWS_| --read ": "needs a bucket",
    r"ssh |^dask ": "needs a cluster",
    r"/srv/flickr": "needs that folder",
    r"flic\.kr/p/": "is the address of a real photo",
    r"^(gallery-dl|flickr_download) ": "is a program of others, which the tests do not install",
    r"^(sudo|systemctl|loginctl|journalctl) ": "needs root or systemd",
    r"^docker |docker run|^mirror ": "needs Docker",
    r"^man ": "needs man, and shows what test_docs.py checks",
}
"""Patterns of commands that are not run here, with the reasons."""

ENDS_WITH = {
    "--rebuild": 3,
    '--username "river light"': 4,  # the simulated Flickr of these tests has one user
}
"""Commands whose exit code is not 0, as their page states."""

SERVES = "flickr_mirror.simulator"
"""The server that runs until Ctrl-C, while commands run in another terminal."""

NEWCOMERS = {
    "README.md",
    "docs/contributing.md",
    "docs/how-to/embed.md",
    "docs/how-to/keys.md",
    "docs/how-to/simulator.md",
    "docs/tutorial.md",
}
"""Pages for readers who have no mirror yet."""

SAYS = {
    "docs/how-to/embed.md": ("to be continued", "cancelled:", "complete: True", "requests"),
    "docs/how-to/photo_facts.md": ("77 views, 2 favourites: ",),
    "docs/reference/catalogue.md": ("12 images are on disk.",),
}
"""The output that proves that the programs of a page worked."""

SHELL = r"""
set -euo pipefail
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
servers=
python3() {  # an environment has this package already: the network is not asked
    if [ "${1-} ${2-}" != "-m venv" ]; then command python3 "$@"; return; fi
    mkdir -p "$3/bin"
    ln -s "$PROGRAMS"/* "$3/bin/"
    echo "PATH='$PWD/$3/bin':\$PATH" > "$3/bin/activate"
}
unset() {  # without the simulated Flickr of a page, use the one that replaces the real Flickr
    if [ "$1" = FLICKR_API_URL ]; then FLICKR_API_URL=$FLICKR; else builtin unset "$@"; fi
}
serve() {
    mkfifo address.$#; command "$@" > address.$# & servers="$servers $!"
    exec 9< address.$#; read -r _ <&9
}
ends_with() {
    local code=0; "${@:2}" || code=$?
    [ $code = "$1" ] || { echo "ended with $code instead of $1: ${*:2}" >&2; exit 1; }
}
finish_jobs() {
    for job in $(jobs -p); do case "$servers " in *" $job "*) ;; *) wait $job || true ;; esac; done
}
"""

DEFAULT_ADDRESSES = """
import builtins, os, re, sys, urllib.request
from flickr_mirror import (
    AsyncFlickrApi, FlickrApi, FlickrUserPhotostreamMirroringAgent, MirrorOptions, OAuthHandshake
)
for kind in (AsyncFlickrApi, FlickrApi, FlickrUserPhotostreamMirroringAgent, MirrorOptions, OAuthHandshake):
    assert kind.__init__.__kwdefaults__["api_url"].startswith("https://api.flickr.com/")
    kind.__init__.__kwdefaults__["api_url"] = os.environ["FLICKR_API_URL"]


def code_of_login(prompt):
    with urllib.request.urlopen(re.search("http[^ ]*", prompt)[0]) as page:
        return re.search("<b>(.*)</b>", page.read().decode())[1]


builtins.input = code_of_login
"""
"""Makes unchanged programs use the simulated Flickr by default, and answers for the user who opens its page."""


@pytest.fixture(scope="module")
def flickr() -> Iterator[SimulatedFlickr]:
    """Serve the photostream that the examples mirror."""
    stream = SimulatedPhotostream(12, username="manhhai", nsid="13476480@N07", path_alias="manhhai")
    fill_albums(stream, 2)
    other = SimulatedPhotostream(30, username="other", nsid="8800001@N03", path_alias="other")
    fill_lists(stream, [other], favorites=8)
    example = SimulatedPhotostream(1, username="example", nsid="8800103@N08", path_alias="example")
    assert example.ids == ["54000000001"]  # the photo that pages use as an example
    with run_in_thread(SimulatedFlickr(stream, other, example)) as running:
        yield running


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with the command, and with replacements of Python and pip."""
    programs = tmp_path_factory.mktemp("programs")
    for name in ("python", "python3"):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        program.chmod(0o755)
    pip = programs / "pip"
    pip.write_text(f"#!{sys.executable}\n{PIP}")
    pip.chmod(0o755)
    with forked_program(programs):
        yield programs


@pytest.fixture(scope="module")
def account_export(flickr: SimulatedFlickr, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the account export that a reader has downloaded."""
    folder = tmp_path_factory.mktemp("downloads") / "flickr-export"
    write_export(flickr.streams[0], folder)
    return folder


@pytest.fixture
def environment(flickr: SimulatedFlickr, home: Path, programs: Path, account_export: Path) -> dict[str, str]:
    """Return the environment of a user who has a key and an account export, with the simulated Flickr as Flickr."""
    (home / "Downloads").mkdir()
    (home / "Downloads" / account_export.name).symlink_to(account_export)
    return {
        **os.environ,
        "HOME": str(home),
        "PROGRAMS": str(programs),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "FLICKR_CONSUMER_KEY": "key",
        "FLICKR_CONSUMER_SECRET": "secret",
        "FLICKR_API_URL": flickr.api_url,
        "FLICKR": flickr.api_url,
    }


@pytest.fixture(scope="module")
def mirror(flickr: SimulatedFlickr, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the mirror that a reader of a guide already has."""
    folder = tmp_path_factory.mktemp("mirrored") / ".flickr"
    options = ("--username", "manhhai", "--cache-path", str(folder), "--api-url", flickr.api_url)
    keys = ("--consumer-key", "key", "--consumer-secret", "secret", "--save-api-keys")
    subprocess.run([sys.executable, "-m", "flickr_mirror", *options, *keys], check=True, capture_output=True)
    return folder


PIP = f"""
import pathlib, sys, tomllib
project = tomllib.loads(pathlib.Path({str(ROOT / "pyproject.toml")!r}).read_text())["project"]
extras = project["optional-dependencies"]
wanted = [word for word in sys.argv[2:] if not word.startswith("--")]
assert wanted and set(wanted) <= {{"."}} | {{f".[{{extra}}]" for extra in extras}}, wanted
"""
"""Replaces an installation: checks that the requested extras exist."""


def lines(text: str) -> list[str]:
    """Return the lines of a shell script, with continued lines joined."""
    return text.replace("\\\n", " ").splitlines()


def reason_not_to_run(line: str) -> str | None:
    """Return why a command is not run here, or `None` if it is."""
    return next((why for pattern, why in NOT_RUN.items() if re.search(pattern, line)), None)


def script(path: Path) -> str:
    """Return the shell script of all commands on a page."""
    parts = []
    for block in blocks(path, "sh"):
        parts.append(f"# line {block.line}")
        for line in lines(block.text):
            wanted = next((code for word, code in ENDS_WITH.items() if word in line), None)
            if reason_not_to_run(line):
                parts.append(f": {shlex.quote(line)}")
            elif SERVES in line:
                parts.append(f"serve {line}")
            elif wanted is not None:
                parts.append(f"ends_with {wanted} {line}")
            else:
                parts.append(line)
        parts.append("finish_jobs")
    # the port that a page names may be in use here
    ports = {port: str(free_port()) for port in re.findall(r"--port (\d+)", "\n".join(parts))}
    return re.sub(r"\d{4,5}", lambda match: ports.get(match[0], match[0]), "\n".join(parts))


def free_port() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def work_in(folder: Path) -> Path:
    """Create a folder that contains the parts of a clone that the commands use."""
    folder.mkdir()
    shutil.copytree(ROOT / "docs", folder / "docs")
    return folder


def pages_with(language: str) -> list[str]:
    """Return the names of the pages that have blocks of this language."""
    return [name for name, path in PAGES.items() if f"```{language}\n" in path.read_text(encoding="utf-8")]


@pytest.mark.slow
@pytest.mark.parametrize("name", pages_with("sh"))
def test_commands_work(
    name: str, environment: dict[str, str], mirror: Path, home: Path, tmp_path: Path
) -> None:
    """The commands of a page succeed in the order shown."""
    folder = work_in(tmp_path / "clone")
    if name not in NEWCOMERS:
        shutil.copytree(mirror, home / ".flickr")
    program = f"{SHELL}set -x\n{script(PAGES[name])}\n"
    result = subprocess.run(
        ["/usr/bin/env", "bash", "-c", program],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("pattern", NOT_RUN)
def test_each_pattern_of_commands_not_run_is_needed(pattern: str) -> None:
    """The list of commands that are not run has no unused entries."""
    shown = [line for path in PAGES.values() for block in blocks(path, "sh") for line in lines(block.text)]
    assert [line for line in shown if re.search(pattern, line)]


def test_no_command_hides_in_a_block_of_another_kind() -> None:
    """Commands are in blocks that are run, unless they have placeholders in capitals."""
    hidden = [
        f"{name}: {line}"
        for name, path in PAGES.items()
        for kind in ("", "bash", "shell", "console")
        for block in blocks(path, kind)
        for line in block.text.splitlines()
        if re.match(r"(\$ )?(\.venv/bin/)?(mirror_flickr|python3?|pip) ", line)
        and not re.search(r"[A-Z]{4}", line)
    ]
    assert hidden == []


@pytest.mark.slow
@pytest.mark.parametrize("name", pages_with("python"))
def test_programs_work(
    name: str, environment: dict[str, str], mirror: Path, home: Path, tmp_path: Path
) -> None:
    """The programs of a page run; one that begins with a file name is a test file."""
    folder = tmp_path / "programs of a page"
    folder.mkdir()
    if name not in NEWCOMERS:
        shutil.copytree(mirror, home / ".flickr")
    parts = [DEFAULT_ADDRESSES]
    for number, block in enumerate(blocks(PAGES[name], "python")):
        if file := re.match(r"# (\w+\.py)\n", block.text):
            (folder / file[1]).write_text(block.text)
            continue
        if name in NEWCOMERS:  # its programs are independent of each other
            parts.append(f"os.environ['HOME'] = {str(tmp_path / str(number))!r}")
        parts.append(f"exec(compile({block.text!r}, '{name}, line {block.line}', 'exec'), {{}})")
    result = python(environment, folder, "-W", "error", "-c", "\n".join(parts))
    assert (result.returncode, result.stderr) == (0, "")
    assert [text for text in SAYS.get(name, ()) if text not in result.stdout] == []
    if list(folder.glob("test_*.py")):
        result = python(
            environment, folder, "-m", "pytest", "-q", "-p", "no:asyncio", "--rootdir", str(folder)
        )
        assert result.returncode == 0, result.stdout
        assert "2 passed" in result.stdout


def python(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
