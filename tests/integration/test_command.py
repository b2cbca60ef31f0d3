"""The command's keys, its help, and its terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror import KeysError, __version__
from flickr_mirror.cli.commands.demo import program
from flickr_mirror.cli.keys.key_file import ApiKeys
from flickr_mirror.cli.keys.lookup import find_keys
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from tests.support.command import command, run, tree

if TYPE_CHECKING:
    from pathlib import Path


def test_keys_come_from_the_command_line_before_the_file(tmp_path: Path) -> None:
    """Given values count; only missing ones are read from the file."""
    saved = {"consumer_key": "file key", "consumer_secret": "file secret"}
    (tmp_path / "flickr_keys").write_text(json.dumps(saved))
    assert find_keys(tmp_path, "a", "b") == ApiKeys("a", "b")
    assert find_keys(tmp_path, "a", None) == ApiKeys("a", "file secret")
    assert find_keys(tmp_path, None, None) == ApiKeys("file key", "file secret")


def test_only_missing_keys_are_prompted_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the missing half is prompted for without echo; an empty answer is refused."""
    prompts: list[str] = []
    answers = iter(["typed", "", ""])

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return next(answers)

    monkeypatch.setattr("getpass.getpass", ask)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert find_keys(tmp_path, "a", None) == ApiKeys("a", "typed")
    assert prompts == ["Enter your Flickr API secret: "]
    with pytest.raises(KeysError, match="must not be empty"):
        find_keys(tmp_path, None, None)


async def test_the_version_is_shown(tmp_path: Path) -> None:
    """--version prints the version on standard output, and nothing else."""
    outcome = await run(None, tmp_path, "--version")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"mirror_flickr {__version__}\n", "")


async def test_the_help_lists_options_and_exit_codes(tmp_path: Path) -> None:
    """--help names every option and every exit code."""
    outcome = await run(None, tmp_path, "--help", COLUMNS="200")
    assert outcome.code == 0
    for option in ("--username", "--cache-path", "--fifo", "--info-level", "--api-url", "--image-workers"):
        assert option in outcome.out
    for code in (0, 1, 2, 3, 4, 5, 7, 8, 11, 75, 129, 130, 143):
        assert re.search(rf"\b{code}\b", outcome.out)
    assert "demo" in outcome.out


async def test_a_missing_user_is_explained() -> None:
    """The bare command states the missing option, and suggests the demo."""
    result = await anyio.run_process([sys.executable, "-m", "flickr_mirror"], check=False)
    assert result.returncode == 2
    assert b"--username" in result.stderr
    assert b"demo" in result.stderr


async def test_without_a_terminal_the_output_is_plain_lines(tmp_path: Path) -> None:
    """The output to a pipe or a log has the specification's lines and no control characters."""
    async with SimulatedFlickr(SimulatedPhotostream(3)) as flickr:
        outcome = await run(flickr, tmp_path)
    assert "\x1b" not in outcome.err
    assert "\r" not in outcome.err
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[INFO\] "
    assert len(re.findall(rf"^{stamp}Scanning page 1/1\.\.\.$", outcome.err, re.MULTILINE)) == 1
    assert (
        len(re.findall(rf"^{stamp}Caching image of photo [0-9a-f]{{32}}\.\.\.$", outcome.err, re.MULTILINE))
        == 3
    )
    assert re.search(
        rf"^{stamp}Caching information of photo [0-9a-f]{{32}}\.\.\.$", outcome.err, re.MULTILINE
    )
    assert outcome.summary["exit"] == "0"


def read_terminal(line: list[str]) -> tuple[int, str]:
    """Run a command on its own terminal; return its exit code and its output."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        line, stdin=child, stdout=child, stderr=child, env={**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    )
    os.close(child)
    chunks = []
    while True:
        try:
            chunk = os.read(parent, 65536)
        except OSError:  # Linux reports a closed other end like this
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(parent)
    return process.wait(), b"".join(chunks).decode()


@pytest.mark.slow
def test_on_a_terminal_there_is_a_live_view(tmp_path: Path) -> None:
    """On a terminal a bar moves, no line per photo is printed, and the cursor is restored."""
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(30), image_latency=0.02)) as flickr:
        code, text = read_terminal(command(flickr, tmp_path))
    assert code == 0
    assert "30/30" in text
    assert "Caching image" not in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l") >= 0
    assert "done user=" in text


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
async def test_the_demo_mirrors_everything(tmp_path: Path) -> None:
    """`mirror_flickr demo` needs no key and no network, states the folder of the photos, and takes seconds."""
    folder = tmp_path / "demo"
    line = [sys.executable, "-m", "flickr_mirror", "demo", "--cache-path", str(folder)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = await anyio.run_process(line, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert result.returncode == 0, result.stderr
    # 1.8 s on an idle machine, 2.9 s without stored bytecode; the elapsed time depends on other processes
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 6
    files = list(tree(folder))
    assert sum(name.endswith(".jpg") for name in files) == 60
    assert sum(name.endswith(".json") for name in files) == 60
    assert sum(name.endswith(".mp4") for name in files) == 2
    assert str(folder).encode() in result.stdout
    program = f"{shlex.quote(sys.executable)} -m flickr_mirror"
    shown = re.findall(rf"^  ({re.escape(program)} .*?)  ", result.stdout.decode(), re.MULTILINE)
    assert shown == [
        f"{program} gallery --cache-path {folder} --open",
        f"{program} list --cache-path {folder}",
        f"{program} check --cache-path {folder}",
        f"{program} keys set",
    ]
    for next_command in shown[1:3]:
        report = await anyio.run_process(shlex.split(next_command))
        assert b"54000000001" in report.stdout or b"broken=0" in report.stderr
    again = await anyio.run_process(line, check=False)
    assert b"images=0 infos=0" in again.stderr
    assert list(tree(folder)) == files


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_large_libraries_are_imported_only_when_needed(flag: str) -> None:
    """Flags about the command itself load no libraries for network, images, languages and settings."""
    program = (
        "import sys\n"
        f"sys.argv = ['mirror_flickr', {flag!r}]\n"
        "from flickr_mirror.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "large = {'aiohttp', 'anyio', 'httpx', 'keyring', 'langdetect', 'PIL', 'platformdirs', 'pycountry', "
        "'rich', 'sqlite3', 'tomllib'}\n"
        "sys.stderr.write(' '.join(sorted(large & set(sys.modules))))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "mirror_flickr" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("name", ["mirror_flickr", "other"])
def test_the_next_commands_start_as_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """If the shell does not find the command by its name alone, its path is shown, quoted."""
    folder = tmp_path / "my venv"
    folder.mkdir()
    (folder / name).touch(0o755)
    monkeypatch.setattr(sys, "argv", [str(folder / name)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert program() == f"'{folder}/{name}'"
    monkeypatch.setenv("PATH", str(folder))
    assert program() == name
