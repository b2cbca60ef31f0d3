"""The cost of a command: seconds, CPU time and memory, including its child processes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# from a small process, because Linux counts the memory of the starting process for the started one, too
_RUN = """
import os, subprocess, sys, time
begun = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, process.returncode)
"""


@dataclass(frozen=True)
class Cost:
    """The whole time and the CPU time in seconds, and the peak memory (of the largest process) in megabytes."""

    seconds: float
    cpu: float
    memory: float


def measure(line: list[str], home: Path, **environment: str) -> Cost:
    """Run a command to its end, and measure it. Raises `RuntimeError` if it fails."""
    settings = {**os.environ, "HOME": str(home), **environment}
    measured = subprocess.run(
        [sys.executable, "-c", _RUN, *line],
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    seconds, cpu, memory, code = map(float, measured.stdout.split())
    if code:
        raise RuntimeError(f"{line[0]} ended with {code:.0f}: {measured.stderr.decode()}")
    return Cost(seconds, cpu, memory / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def product(api_url: str, username: str, cache: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return the command that mirrors a simulated user, and its environment."""
    line = [
        *(sys.executable, "-m", "flickr_mirror", "--username", username, "--debug", "1"),
        *("--api-url", api_url, "--cache-path", str(cache), *arguments),
    ]
    return line, {"FLICKR_CONSUMER_KEY": "key", "FLICKR_CONSUMER_SECRET": "secret"}
