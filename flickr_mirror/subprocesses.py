"""Command line, environment and signals of the processes that this program starts."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def command(module: str) -> list[str]:
    """Return the command that runs a module of this package. Raises `RuntimeError` if there is no interpreter."""
    if getattr(sys, "frozen", False) or not sys.executable:
        raise RuntimeError(
            "A frozen program would start itself, and an embedded Python has no executable to start."
        )
    return [sys.executable, "-P", "-W", "ignore", "-m", module]


def without_secrets() -> dict[str, str]:
    """Return this process's environment without the API keys, the token and the secret URLs of this program."""
    secret = (
        *("CONSUMER_KEY", "CONSUMER_SECRET", "OAUTH_TOKEN", "OAUTH_TOKEN_SECRET"),
        *("FLICKR_API_URL", "FLICKR_PING_URL"),
    )
    return {name: value for name, value in os.environ.items() if not name.upper().endswith(secret)}


def environment() -> dict[str, str]:
    """Return this process's environment and module path, without API keys, tokens, secret URLs and proxies."""
    variables = {
        name: value for name, value in without_secrets().items() if not name.upper().endswith("_PROXY")
    }
    places = [place for place in sys.path if place] + [str(Path(__file__).resolve().parents[1])]
    variables["PYTHONPATH"] = os.pathsep.join(places)
    return variables


def outlive_signals() -> None:  # pragma: no cover - runs in the process
    """Ignore the signals that end a program, because the parent process decides when its children end.

    A terminal and systemd send these signals to the whole process group.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
