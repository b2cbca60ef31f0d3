"""`--streams`: the photostreams of a file, each in a process, with one exit code."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.cli.options.streams_file import Stream, read_streams
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support import canary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAMES = ("anna", "ben", "clara")


@pytest.fixture
async def flickr() -> AsyncIterator[SimulatedFlickr]:
    """Serve three photostreams."""
    streams = [
        SimulatedPhotostream(4 + number, username=name, nsid=f"700000{number}@N0{number}", path_alias=name)
        for number, name in enumerate(NAMES)
    ]
    async with SimulatedFlickr(*streams) as flickr:
        yield flickr


async def command(home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command; return the exit code and its output."""
    process = await start(home, *arguments)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def start(home: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start the command."""
    environment = {
        **{name: value for name, value in os.environ.items() if "FLICKR" not in name},
        "HOME": str(home),
        "FLICKR_CONSUMER_KEY": canary.KEY,
        "FLICKR_CONSUMER_SECRET": canary.SECRET,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "flickr_mirror",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def write(folder: Path, flickr: SimulatedFlickr, names: tuple[str, ...] = NAMES, more: str = "") -> Path:
    """Write a file of streams."""
    path = folder / "streams.toml"
    text = f'api-url = "{flickr.api_url}"\ncache-path = "{folder / "cache"}"\n'
    path.write_text(text + "".join(f'\n[[stream]]\nusername = "{name}"\n' for name in names) + more)
    return path


@pytest.mark.slow
async def test_all_streams_are_mirrored_with_their_own_options(
    flickr: SimulatedFlickr, tmp_path: Path
) -> None:
    path = write(tmp_path, flickr, NAMES[:2], '\n[[stream]]\nusername = "clara"\nimage-only = true\n')
    code, _, err = await command(tmp_path, "--streams", str(path), "--side-by-side", "2")
    assert code == 0, err
    assert len(re.findall("^done ", err, re.MULTILINE)) == 3
    for number, name in enumerate(NAMES):
        folder = tmp_path / "cache" / name
        assert len(list(folder.glob("?/*/*/*/*.jpg"))) == 4 + number
        assert len(list(folder.glob("?/*/*/*/*.json"))) == (0 if name == "clara" else 4 + number)
    code, out, _ = await command(tmp_path, "status", "--streams", str(path))
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()] == list(NAMES)
    code, out, _ = await command(tmp_path, "status", "--streams", str(path), "--prometheus")
    assert 'flickr_mirror_photos{user="ben",nsid="7000001@N01"} 5' in out.splitlines()
    other = ("--cache-path", str(tmp_path / "other"))
    code, out, err = await command(tmp_path, "status", "--streams", str(path), *other)
    assert (code, out, err.count("There is no mirror")) == (3, "", 3)
    code, out, _ = await command(tmp_path, "status", "--streams", str(path), "--json")
    assert [json.loads(line)["user"] for line in out.splitlines()] == list(NAMES)


@pytest.mark.slow
async def test_a_failing_stream_does_not_stop_the_others(flickr: SimulatedFlickr, tmp_path: Path) -> None:
    path = write(tmp_path, flickr, ("nobody", "ben"))
    code, _, err = await command(tmp_path, "--streams", str(path))
    assert code == 4
    assert re.search(r"^nobody: no such user .*\(exit 4\)$", err, re.MULTILINE)
    assert (tmp_path / "cache" / "ben").is_dir()
    code, out, err = await command(tmp_path, "status", "--streams", str(path))
    assert code == 3
    assert out.startswith("ben: 5 photos, complete")
    assert "nobody: There is no mirror" in err


@pytest.mark.slow
async def test_a_signal_ends_all_streams(flickr: SimulatedFlickr, tmp_path: Path) -> None:
    flickr.api_latency = 30
    path = write(tmp_path, flickr)
    process = await start(tmp_path, "--streams", str(path), "--side-by-side", "2")
    assert process.stderr is not None
    seen = b""
    while b"Mirroring the photostream of 'anna'" not in seen or b"'ben'" not in seen:
        seen += await process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 143
    assert "Not started: clara." in err.decode()


async def test_streams_side_by_side_need_their_file(tmp_path: Path) -> None:
    """Several accounts on the command line are mirrored in turn: the option would have no effect."""
    code, _, err = await command(tmp_path, "--username", "a", "--username", "b", "--side-by-side", "2")
    assert (code, "--side-by-side needs --streams" in err) == (2, True), err


class Context:
    """The context of the command, as far as the file needs it."""

    def __init__(self) -> None:
        import typer

        from flickr_mirror.cli.app import app

        self.command = typer.main.get_command(app)
        self.params = {"cache_path": "~/.flickr"}


def read(path: Path, text: str) -> list[Stream]:
    """Return the streams of a file with this text."""
    path.write_text(text)
    return read_streams(Context(), path)


def test_options_before_the_first_stream_apply_to_all(tmp_path: Path) -> None:
    text = 'info-level = 2\n[[stream]]\nusername = "a"\n[[stream]]\nusername = "b"\ninfo_level = 1\nfifo = true\n'
    first, second = read(tmp_path / "s.toml", text)
    assert (first.username, first.variables) == ("a", {"MIRROR_FLICKR_INFO_LEVEL": "2"})
    assert second.variables == {"MIRROR_FLICKR_INFO_LEVEL": "1", "MIRROR_FLICKR_FIFO": "true"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no streams"),
        ("[stream]\nusername = 'a'", "has no streams"),
        ("x =", "is not valid TOML"),
        ("[[stream]]", "a stream has no username"),
        ("[[stream]]\nusername = 'a'\nkeyz = 'x'", "unknown option 'keyz'"),
        (
            "[[stream]]\nusername = 'a'\ninfo-level = 9",
            "info-level: use a whole number|info-level: invalid value",
        ),
        ("[[stream]]\nusername = 'a'\ninfo-level = 'x'", "info-level takes a whole number"),
        ("[[stream]]\nusername = 'a'\nconsumer-key = 'x'", "cannot be set for a stream"),
        ("[[stream]]\nusername = 'a'\nwatch = '5m'", "cannot be set for a stream"),
        ("[[stream]]\nusername = 'a'\nkeys = 1", "keys takes a folder"),
        ("[[stream]]\nusername = 'a'\n[[stream]]\nusername = 'a'", "has the stream 'a' twice"),
        (
            "[[stream]]\nusername = 'a'\nfifo = true\nlifo = true",
            "toml: --fifo and --lifo exclude each other: 'a' can have one",
        ),
        (
            "[[stream]]\nusername = 'a'\nsource = 'https://www.flickr.com/photos/a/favorites'",
            "--source and --username exclude each other",
        ),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read(tmp_path / "s.toml", text)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist: use"):
        read_streams(Context(), tmp_path / "none.toml")
