"""What the processes that the engine starts have in common: what runs in them, and what they may know."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def command(module: str) -> list[str]:
    """Return the command that runs a module of this package. Raises `RuntimeError` where there is none."""
    if getattr(sys, "frozen", False):
        raise RuntimeError("A packed program would start itself.")
    return [sys.executable, "-P", "-W", "ignore", "-m", module]


def environment() -> dict[str, str]:
    """Return this process's environment and module path, without the keys and passwords that it may hold."""
    secret = ("CONSUMER_KEY", "CONSUMER_SECRET", "FLICKR_API_URL", "_PROXY")
    variables = {name: value for name, value in os.environ.items() if not name.upper().endswith(secret)}
    places = [place for place in sys.path if place] + [str(Path(__file__).resolve().parents[1])]
    variables["PYTHONPATH"] = os.pathsep.join(places)
    return variables


def outlive_signals() -> None:  # pragma: no cover - runs in the process
    """Ignore the signals that end a program: when its children end is up to the program.

    A terminal and systemd send them to the whole group.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
