"""What the processes that this program starts have in common: what runs in them, and what they may know."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def command(module: str) -> list[str]:
    """Return the command that runs a module of this package. Raises `RuntimeError` where there is none."""
    if getattr(sys, "frozen", False) or not sys.executable:
        raise RuntimeError("A packed program would start itself, and an embedded Python has none to start.")
    return [sys.executable, "-P", "-W", "ignore", "-m", module]


def without_secrets() -> dict[str, str]:
    """Return this process's environment without the keys and the addresses of this program that it may hold."""
    secret = ("CONSUMER_KEY", "CONSUMER_SECRET", "FLICKR_API_URL", "FLICKR_PING_URL")
    return {name: value for name, value in os.environ.items() if not name.upper().endswith(secret)}


def environment() -> dict[str, str]:
    """Return this process's environment and module path, without the keys and passwords that it may hold."""
    variables = {
        name: value for name, value in without_secrets().items() if not name.upper().endswith("_PROXY")
    }
    places = [place for place in sys.path if place] + [str(Path(__file__).resolve().parents[1])]
    variables["PYTHONPATH"] = os.pathsep.join(places)
    return variables


def outlive_signals() -> None:  # pragma: no cover - runs in the process
    """Ignore the signals that end a program: when its children end is up to the program.

    A terminal and systemd send them to the whole group.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
