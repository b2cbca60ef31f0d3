"""What a shell is told when Tab is pressed: Typer's scripts, and Typer's answers to them."""

from __future__ import annotations

import os
from enum import StrEnum

# The names that Typer had in all of its versions from 0.15 on; it re-exports them without saying so.
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]

VARIABLE = "_MIRROR_FLICKR_COMPLETE"
"""The environment variable by which a script asks the command what can follow."""


class Shell(StrEnum):
    """The shells that there are scripts for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def script(shell: Shell) -> str:
    """Return the script that makes a shell complete `mirror_flickr`."""
    return str(get_completion_script(prog_name="mirror_flickr", complete_var=VARIABLE, shell=shell.value))


def answer_in_typers_way() -> None:
    """Let the command answer the questions of these scripts, where one asks; it costs other runs nothing."""
    if VARIABLE in os.environ:
        completion_init()
