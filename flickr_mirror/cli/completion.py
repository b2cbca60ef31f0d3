"""Completion in a shell: the scripts to install, and the answers to them when Tab is pressed."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

# in all versions of Typer from 0.15 on, though not listed as exports
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]

from flickr_mirror.models.options import DEFAULT_CACHE_PATH

VARIABLE = "_MIRROR_FLICKR_COMPLETE"
"""The environment variable with which a completion script calls the command."""


class Shell(StrEnum):
    """The shells with a completion script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def mirror_names(ctx: Any, incomplete: str) -> list[str]:  # noqa: ANN401 - Typer's own copy of Click
    """Return the names of the mirrors in the cache path that start with the typed text."""
    from flickr_mirror.storage.mirror_lookup import mirror_folders

    path = ctx.params.get("cache_path")
    if (source := ctx.get_parameter_source("cache_path")) is None or source.name == "DEFAULT":
        path = ctx.find_root().command.setting(ctx, "cache_path")
    with suppress(OSError, RuntimeError):  # an unreadable folder offers no mirrors
        names = mirror_folders(Path(path or DEFAULT_CACHE_PATH).expanduser())
        # bash inserts the answer without quoting it
        is_bash = os.environ.get(VARIABLE) == "complete_bash"
        return [re.sub(r"([^\w@.,:+-])", r"\\\1", name) if is_bash else name for name in names]
    return []


def completion_script(shell: Shell) -> str:
    """Return the script that completes `mirror_flickr` in a shell."""
    return str(get_completion_script(prog_name="mirror_flickr", complete_var=VARIABLE, shell=shell.value))


def enable_completion() -> None:
    """Answer a completion script if one calls; other runs pay nothing for it."""
    if VARIABLE in os.environ:
        completion_init()
