"""Runs the real command as a process, and reads what it left on disk."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from tests import canary

if TYPE_CHECKING:
    from pathlib import Path

    from flickr_mirror.simulator import SimulatedFlickr

KEYS = ("--consumer-key", canary.KEY, "--consumer-secret", canary.SECRET)


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left: its exit code and its two outputs."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, str]:
        """The fields of the last line."""
        line = next(line for line in reversed(self.err.splitlines()) if line.startswith("done "))
        return dict(re.findall(r"(\w+)=(\"[^\"]*\"|\S+)", line))


def command(flickr: SimulatedFlickr | None, cache: Path, *arguments: str) -> list[str]:
    """Return the command line of a run against a simulated Flickr."""
    line = [sys.executable, "-m", "flickr_mirror", "--cache-path", str(cache)]
    if flickr is not None:
        stream = flickr.streams[0]
        line += ["--api-url", flickr.api_url, *KEYS]
        if "--username" not in arguments:
            line += ["--username", stream.username]
    return [*line, *arguments]


async def run(flickr: SimulatedFlickr | None, cache: Path, *arguments: str, **environment: str) -> Outcome:
    """Run the command to its end, off a terminal."""
    result = await anyio.run_process(
        command(flickr, cache, *arguments),
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    return Outcome(result.returncode, result.stdout.decode(), result.stderr.decode())


def tree(cache: Path) -> dict[str, str]:
    """Return the files of the mirrors below `cache` with hashes; the state folder is left out."""
    return {
        str(path.relative_to(cache)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(cache.rglob("*"))
        if path.is_file() and ".flickr_mirror" not in path.parts
    }


def parts(cache: Path) -> list[Path]:
    """Return what has a temporary name."""
    return list(cache.rglob("*.part"))


def infos(cache: Path) -> dict[str, dict[str, Any]]:
    """Return the information files by photo id."""
    documents = [
        json.loads(path.read_bytes()) for path in cache.rglob("*.json") if ".flickr_mirror" not in path.parts
    ]
    return {document["flickr"]["id"]: document for document in documents}
