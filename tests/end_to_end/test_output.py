"""The output of the real command: immediate, short, correct in any terminal, and a reply to `kill -USR1`."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import pyte
import pytest

from flickr_mirror.cli.app import EXIT_HELP
from flickr_mirror.cli.exit_codes import EXIT_CODES, EXIT_PHOTOS_FAILED
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream, run_in_thread
from tests.support.command import KEYS, Outcome, command, run, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAVY = {"aiohttp", "anyio", "httpx", "rich", "sqlite3", "asyncio"}


@pytest.mark.usefixtures("unmeasured")
def test_the_first_message_is_printed_at_once(tmp_path: Path) -> None:
    """The command states what it will do before slow imports and before any request."""
    code = (
        "import sys\n"
        "class Stream:\n"
        "    def isatty(self): return False\n"
        "    def write(self, text):\n"
        "        print(text.split('] ')[-1].strip(), *(name for name in sys.modules if '.' not in name))\n"
        "        raise SystemExit\n"
        "sys.stderr = Stream()\n"
        f"sys.argv = ['mirror_flickr', '--username', 'manhhai', '--cache-path', {str(tmp_path)!r}]\n"
        "from flickr_mirror.cli.main import main\n"
        "main()\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    assert said.startswith("Mirroring the photostream of 'manhhai'.")
    assert not HEAVY & set(said.split())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--username", "x"), 5),
        (("--username", "x", "--cache-path", "/dev/null/x", *KEYS), 7),
        (("--username", "x", "--api-url", "http://127.0.0.1:9/services/rest/", *KEYS), 75),
    ],
    ids=["no keys", "no folder", "no network"],
)
async def test_cron_gets_one_line(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """--quiet: exactly one line if a run is impossible, without a terminal and without input."""
    async with running(None, tmp_path, "--quiet", *arguments, timing={"longest_retry_wait": 0.01}) as process:
        outcome = await process.wait(20)
    assert outcome.code == code
    (line,) = outcome.err.splitlines()
    assert line.startswith("mirror_flickr: ")
    assert outcome.out == ""


async def test_a_run_reports_its_progress_on_request(tmp_path: Path) -> None:
    """`kill -USR1` makes a run, also a quiet one, print one line, and changes nothing else."""
    async with (
        SimulatedFlickr(SimulatedPhotostream(6), image_latency=0.4) as flickr,
        running(flickr, tmp_path, "--quiet", "--image-workers", "2") as process,
    ):
        with anyio.fail_after(20):
            while not list(tmp_path.rglob("*.jpg")):  # noqa: ASYNC110
                await anyio.sleep(0.01)
        process.signal(signal.SIGUSR1)
        await process.wait_for("this hour")
        outcome = await process.wait()
    assert outcome.code == 0
    (line,) = outcome.err.splitlines()
    assert re.match(r"saigon_archive: \d/6 images \(\d+%\), .*API \d/3,600 this hour", line)


def test_the_help_lists_every_exit_code() -> None:
    """--help names the codes that a run can end with, and no others."""
    documented = {int(number) for number in re.findall(r"\b\d{1,3}\b", EXIT_HELP)}
    ours = {code for _, code in EXIT_CODES} | {0, 1, 2, EXIT_PHOTOS_FAILED}
    assert ours <= documented
    assert documented - ours <= {8, 129, 130, 143}


class Terminal:
    """A terminal of a given width that runs a command."""

    def __init__(self, line: list[str], columns: int, **environment: str) -> None:
        self.screen = pyte.HistoryScreen(columns, 24, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self._end, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.text = b""
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            line,
            stdin=child,
            stdout=child,
            stderr=child,
            env={**inherited, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        os.close(child)

    def read(self) -> bool:
        """Read the pending output; return whether more can follow."""
        with suppress(OSError):  # Linux reports a closed other end like this
            if chunk := os.read(self._end, 65536):
                self.text += chunk
                self._stream.feed(chunk)
                return True
        os.close(self._end)
        return False

    @property
    def lines(self) -> list[str]:
        """The visible lines, and those that have scrolled away."""
        rows = [*self.screen.history.top, *(self.screen.buffer[row] for row in range(self.screen.lines))]
        texts = ["".join(row[column].data for column in range(self.screen.columns)) for row in rows]
        return [text.rstrip() for text in texts if text.strip()]

    def show(self) -> int:
        """Read all output; return the exit code."""
        while self.read():
            pass
        return self.process.wait()


@pytest.fixture(scope="module")
def flickr() -> Iterator[SimulatedFlickr]:
    """Return a Flickr of 60 photos."""
    with run_in_thread(SimulatedFlickr(SimulatedPhotostream(60), image_latency=0.02)) as flickr:
        yield flickr


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 80])
def test_a_run_on_a_terminal(tmp_path: Path, flickr: SimulatedFlickr, columns: int) -> None:
    """60 photos fit on a screen: no line of the live view remains or wraps, and the cursor is visible again."""
    terminal = Terminal([*command(flickr, tmp_path), "--image-workers", "4"], columns)
    assert terminal.show() == 0
    text = "".join(terminal.lines)
    assert not terminal.screen.cursor.hidden
    assert b"\x1b[?25l" in terminal.text
    assert 'done user="saigon_archive"' in text
    assert len([row for row in terminal.lines if re.search(r"(?<!information )60/60", row)]) == 1
    assert len(terminal.lines) <= (24 if columns == 80 else 34)  # the paths in it vary in length
    if columns == 80:  # the bar has colours, if they are enabled
        assert re.search(rb"\x1b\[[\d;]*3\d", terminal.text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "environment", "forbidden"),
    [
        ([], {"NO_COLOR": "1"}, rb"\x1b\[[\d;]*[34]\d"),
        ([], {"TERM": "dumb"}, rb"\x1b"),
        (["--no-progress"], {}, rb"\x1b\[\?25l"),
    ],
    ids=["no colour", "dumb", "no progress"],
)
def test_a_plain_terminal(
    tmp_path: Path,
    flickr: SimulatedFlickr,
    arguments: list[str],
    environment: dict[str, str],
    forbidden: bytes,
) -> None:
    """NO_COLOR is honoured; TERM=dumb and --no-progress have no live view."""
    terminal = Terminal([*command(flickr, tmp_path), *arguments], 80, **environment)
    assert terminal.show() == 0
    assert not re.search(forbidden, terminal.text)
    assert "done user=" in "".join(terminal.lines)


def test_a_stopped_run_restores_the_cursor(tmp_path: Path, flickr: SimulatedFlickr) -> None:
    """Ctrl-C, which goes to all processes of the run: the view ends, the messages stay, and the cursor is visible."""
    terminal = Terminal([*command(flickr, tmp_path), "--image-workers", "1"], 80)
    while not re.search(r" [1-9]\d*/60 images", "".join(terminal.lines)):
        assert terminal.read()
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.show() == 130
    assert not terminal.screen.cursor.hidden
    text = "".join(terminal.lines)
    assert "Stopping" in text
    assert "Run the same command again to continue." in text
    assert "exit=130" in text


@pytest.mark.slow
async def test_titles_are_listed_in_any_terminal(tmp_path: Path) -> None:
    """A terminal with ASCII only shows question marks, and no traceback."""
    async with SimulatedFlickr(SimulatedPhotostream(20)) as flickr:
        await run(flickr, tmp_path, "--info-only", "--quiet")
    result = subprocess.run(  # noqa: ASYNC221
        [
            sys.executable,
            "-m",
            "flickr_mirror",
            "list",
            "--username",
            "saigon_archive",
            "--cache-path",
            str(tmp_path),
        ],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert result.returncode == 0, result.stderr
    assert b"?" in result.stdout
    assert len(result.stdout.splitlines()) == 21


@pytest.mark.slow
async def test_reports_of_several_mirrors(tmp_path: Path) -> None:
    """`status`, `list` and `check` take several users, and the worst exit code counts; `check -q` is for cron."""
    streams = [
        SimulatedPhotostream(2, nsid=f"{number}@N01", username=name, path_alias=None)
        for number, name in ((1, "one"), (2, "two"))
    ]
    both = ("--username", "one", "--username", "two")
    async with SimulatedFlickr(*streams) as flickr:
        assert (await run(flickr, tmp_path, *both, "--quiet", "--info-only")).code == 0

    async def report(*line: str) -> Outcome:
        place = ("--cache-path", str(tmp_path))
        result = await anyio.run_process(
            [sys.executable, "-m", "flickr_mirror", *line, *both, *place], check=False
        )
        return Outcome(result.returncode, result.stdout.decode(), result.stderr.decode())

    status = await report("status")
    assert status.code == 0
    assert status.out.startswith("one (1@N01)")
    assert "\ntwo (2@N01)" in status.out
    assert len((await report("list", "--json")).out.splitlines()) == 4
    assert await report("check", "--quiet") == Outcome(0, "", "")
    next(tmp_path.glob("two/?/*/*/*/*.json")).write_text("{}")
    broken = await report("check", "--quiet")
    assert broken.code == 3
    (line,) = broken.err.splitlines()
    assert line.startswith('checked user="two"')
    missing = await report("status", "--username", "nobody")
    assert missing.code == 4
    assert "two (2@N01)" in missing.out


@pytest.mark.slow
async def test_a_list_into_a_closed_pipe(tmp_path: Path) -> None:
    """`mirror_flickr list | head -1` ends without an error."""
    async with SimulatedFlickr(SimulatedPhotostream(1000, commented=0)) as flickr:
        await run(flickr, tmp_path, "--info-only", "--quiet")
    line = (
        f"{sys.executable} -m flickr_mirror list --username saigon_archive --cache-path {tmp_path} | head -1"
    )
    program = f"set -o pipefail; {line}"
    result = await anyio.run_process(["/usr/bin/env", "bash", "-c", program], check=False)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.startswith(b"id\t")


@pytest.mark.slow
async def test_the_advice_is_given_once_and_is_correct(tmp_path: Path) -> None:
    """The advice to run the same command again is given for a lost connection only, not for a bad folder or name."""
    async with SimulatedFlickr(SimulatedPhotostream(1)) as flickr:
        assert (await run(flickr, tmp_path)).code == 0
        other = await run(flickr, tmp_path, "--cache-directory-depth", "2")
    assert other.code == 7
    assert "Run the same command again" not in other.err
    dead = await run(
        None, tmp_path, "--username", "x", *KEYS, "--api-url", "http://127.0.0.1:9/services/rest/"
    )
    assert dead.code == 75
    assert dead.err.lower().count("run the same command again") == 1
    named = await run(None, tmp_path, "saigon_archive")
    assert named.code == 2
    assert "--username saigon_archive" in named.err
