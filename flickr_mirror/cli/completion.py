"""What a shell is told when Tab is pressed: Typer's scripts, and Typer's answers to them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

# The names that Typer had in all of its versions from 0.15 on; it re-exports them without saying so.
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]

from flickr_mirror.models.options import DEFAULT_CACHE_PATH

VARIABLE = "_MIRROR_FLICKR_COMPLETE"
"""The environment variable by which a script asks the command what can follow."""


class Shell(StrEnum):
    """The shells that there are scripts for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def mirror_names(ctx: Any, incomplete: str) -> list[str]:  # noqa: ANN401 - Typer's own copy of Click
    """Return the names of the mirrors in the cache path that begin with what is typed so far."""
    from flickr_mirror.storage.mirror_lookup import mirror_folders

    place = ctx.params.get("cache_path")
    if (source := ctx.get_parameter_source("cache_path")) is None or source.name == "DEFAULT":
        place = ctx.find_root().command.setting(ctx, "cache_path")
    with suppress(OSError, RuntimeError):  # a folder that cannot be read has no mirrors to offer
        names = mirror_folders(Path(place or DEFAULT_CACHE_PATH).expanduser())
        is_bash = (
            os.environ.get(VARIABLE) == "complete_bash"
        )  # which puts what it gets into the line as it is
        return [re.sub(r"([^\w@.,:+-])", r"\\\1", name) if is_bash else name for name in names]
    return []


def script(shell: Shell) -> str:
    """Return the script that makes a shell complete `mirror_flickr`."""
    return str(get_completion_script(prog_name="mirror_flickr", complete_var=VARIABLE, shell=shell.value))


def answer_in_typers_way() -> None:
    """Let the command answer the questions of these scripts, where one asks; it costs other runs nothing."""
    if VARIABLE in os.environ:
        completion_init()
