"""What a command costs: seconds, CPU time and memory, those of its child processes included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """The whole time and the CPU time in seconds, and the peak memory (of the largest process) in megabytes."""

    seconds: float
    cpu: float
    memory: float


def measure(line: list[str], home: Path, **environment: str) -> Cost:
    """Run a command to its end, and measure it. Raises `RuntimeError` where it fails."""
    begun = time.monotonic()
    settings = {**os.environ, "HOME": str(home), **environment}
    process = subprocess.Popen(line, env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{line[0]} ended with {process.returncode}.")
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Cost(time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


def product(api_url: str, username: str, cache: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return the command that mirrors a simulated user, and its environment."""
    line = [
        *(sys.executable, "-m", "flickr_mirror", "--username", username, "--debug", "1"),
        *("--api-url", api_url, "--cache-path", str(cache), *arguments),
    ]
    return line, {"FLICKR_CONSUMER_KEY": "key", "FLICKR_CONSUMER_SECRET": "secret"}
