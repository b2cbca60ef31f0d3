"""The command, called in this process with arguments as from a shell."""

from __future__ import annotations

from functools import cache
from typing import Any

import typer

from flickr_mirror.cli.app import app
from tests.support.timing import FAST


@cache
def _command() -> Any:
    return typer.main.get_command(app)


def call(*arguments: str) -> int:
    """Run the command, and return its exit code. Raises `ConfigError` and what Typer does for bad values."""
    outcome = _command().main(list(arguments), "mirror_flickr", standalone_mode=False, obj=FAST)
    assert isinstance(outcome, int)
    return outcome
